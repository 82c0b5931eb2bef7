"""Process instance migration: what moves, what stays, and every reason against a plan."""

from __future__ import annotations

import pytest

from interpreter import commands as c
from interpreter.bpmn.builder import Builder, bpmn
from interpreter.bpmn.parts import multi
from interpreter.definition import Definition
from interpreter.waits import TimerWait
from ostinato.testing.world import definitions_of, run


def compiled(model: Builder) -> Definition:
    return definitions_of(model)[0]


def test_a_task_goes_on_where_the_plan_says() -> None:
    old = run(bpmn("p").start().user_task("a").end("old"), x=1)
    wait = old.wait("a").key
    new = compiled(bpmn("q").start().user_task("b").user_task("more").end("new"))
    old.migrate(new, {"a": "b"}, y=2)
    assert old.active == ["b"]
    assert old.wait("b").key == wait, "the task keeps its identity"
    assert old.complete("b").complete("more").trace("+").endswith("+new")
    assert old.variables == {"x": 1, "y": 2}


def test_subscriptions_follow_their_instructions() -> None:
    model = (
        bpmn("p")
        .start()
        .user_task("a")
        .boundary("keep", timer="PT1H")
        .end("k")
        .boundary("drop", on="a", message="m")
        .end("d")
    )
    old = run(model.at("a").end())
    due = old.wait("keep", TimerWait)
    assert isinstance(due, TimerWait)
    target = (
        bpmn("p")
        .start()
        .user_task("a")
        .boundary("kept", timer="PT9H")
        .end("k")
        .boundary("fresh", on="a", signal="s")
        .end("f")
    )
    old.migrate(compiled(target.at("a").end()), {"a": "a", "keep": "kept"})
    kept = old.wait("kept", TimerWait)
    assert isinstance(kept, TimerWait)
    assert (kept.key, kept.due) == (due.key, due.due)
    assert not old.waits("m")
    assert old.signal("s").trace("+").endswith("+fresh +f")


def test_scopes_are_added_and_dissolved() -> None:
    flat = bpmn("p").start().user_task("a").end()
    nested = bpmn("p").start().subprocess("sub").start("in").user_task("a").end("out").up().user_task("after").end()
    into = run(flat).migrate(compiled(nested), {"a": "a"})
    assert into.active == ["a", "sub"]
    assert into.complete("a").active == ["after"]
    out = run(nested).migrate(compiled(flat), {"a": "a"})
    assert out.active == ["a"]
    assert out.complete("a").ended


def test_multi_instances_children_and_incidents_move() -> None:
    model = bpmn("p").start().service_task("many", type="job", mi=multi(cardinality="3")).end()
    old = run(model).complete("many").fail("many")
    target = bpmn("p").start().service_task("lots", type="job", mi=multi(cardinality="3")).end()
    old.migrate(compiled(target), {"many": "lots"})
    assert old.incidents == ["failed"]
    assert old.resolve().complete("lots").complete("lots").ended
    caller = run(bpmn("p").start().call_activity("call", "child").end())
    caller.migrate(compiled(bpmn("p").start().call_activity("call2", "child").end()), {"call": "call2"})
    caller.do(c.CompleteChild(0, caller.wait("call2").key, "completed"))
    assert caller.ended


def test_what_may_be_compensated_moves() -> None:
    def model(task: str, undo: str) -> Builder:
        b = bpmn("p").start().service_task(task, type="job").boundary(f"c_{task}", compensation=True)
        return b.handler("service_task", undo, type="undo").user_task("u").throw("t", compensation=True).end()

    old = run(model("a", "undo_a")).complete("a")
    old.migrate(compiled(model("b", "undo_b")), {"a": "b", "undo_a": "undo_b", "u": "u"})
    assert old.complete("u").complete("undo_b").ended


def test_tokens_at_a_join_need_the_same_join() -> None:
    def model(join: str) -> Builder:
        b = bpmn("p").start().parallel("f").user_task("a").parallel(join, flow_id="one").end()
        return b.branch(at="f").user_task("b").to(join)

    old = run(model("join")).complete("a")
    moved = old.migrate(compiled(model("join2")), {"b": "b", "join": "join2"})
    assert moved.complete("b").ended


@pytest.mark.parametrize(
    ("target", "plan", "reason"),
    [
        (bpmn("p").start().user_task("b").end(), {}, "no instruction for the running 'a'"),
        (bpmn("p").start().user_task("b").end(), {"a": "zzz"}, "no flow node 'zzz' in the target"),
        (bpmn("p").start().user_task("b").end(), {"zzz": "b"}, "no flow node 'zzz' in the source"),
        (bpmn("p").start().task("b").end(), {"a": "b"}, "'a' is a userTask and 'b' a task"),
        (bpmn("p").start().user_task("b", mi=multi(cardinality="2")).end(), {"a": "b"}, "have different loops"),
    ],
)
def test_reasons_against_a_plan(target: Builder, plan: dict[str, str], reason: str) -> None:
    old = run(bpmn("p").start().user_task("a").end())
    with pytest.raises(AssertionError, match=reason):
        old.migrate(compiled(target), plan)
    assert old.complete("a").ended
