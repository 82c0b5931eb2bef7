"""The semantics that BPMN engines get wrong, 30 to 38: compensation and transactions.

Each test bears the number of its line in the list.
"""

from __future__ import annotations

import pytest

from interpreter.bpmn.builder import Builder, bpmn
from interpreter.bpmn.parts import multi
from interpreter.state import dump_state, load_state
from interpreter.waits import JobWait
from ostinato.testing.world import Run, run

BOTH = pytest.mark.parametrize("profile", ["c7", "spec"])


def undoable(b: Builder, id: str, **options: object) -> Builder:
    return (
        b.service_task(id, type="job", **options)
        .boundary(f"c_{id}", compensation=True)
        .handler("service_task", f"undo_{id}", type="undo")
    )


def jobs(r: Run, type: str) -> list[str]:
    return [w.node for w in r.waits(type, JobWait)]


# -- compensation and transactions


@BOTH
def test_30_each_completion_can_be_compensated(profile: str) -> None:
    model = undoable(bpmn("p").start().exclusive("head"), "a").exclusive("again").when("= n < 2").to("head")
    model = model.otherwise(at="again").throw("undo", compensation=True).end()
    twice = run(model, profile=profile, n=0)
    twice.complete("a", n=1).complete("a", n=2)
    handled = 0
    while jobs(twice, "undo"):
        twice.complete("undo")
        handled += 1
    assert handled == 2
    assert twice.ended


def test_31_reverse_order_and_the_thrower_waits() -> None:
    def model() -> Builder:
        b = undoable(undoable(bpmn("p").start(), "a"), "b")
        return b.throw("undo", compensation=True).user_task("after").end()

    strict = run(model(), profile="spec").complete("a").complete("b")
    assert jobs(strict, "undo") == ["undo_b"]
    assert "after" not in strict.active
    assert jobs(strict.complete("undo_b"), "undo") == ["undo_a"]
    assert strict.complete("undo_a").active == ["after"]
    concurrent = run(model(), profile="c7").complete("a").complete("b")
    assert jobs(concurrent, "undo") == ["undo_b", "undo_a"]


@BOTH
def test_32_only_completed_subprocesses_are_compensated(profile: str) -> None:
    model = bpmn("p").start().parallel("f").subprocess("sub").start("in")
    model = undoable(model, "a").user_task("u").end("out").up().end("e1")
    model = model.branch(at="f").user_task("go").throw("undo", compensation=True).end("e2")
    unfinished = run(model, profile=profile).complete("a").complete("go")
    assert jobs(unfinished, "undo") == []


@BOTH
def test_33_handlers_of_a_subprocess_see_its_variables_as_they_were(profile: str) -> None:
    model = bpmn("p").start().subprocess("sub", inputs={"inner": "${outer}"}).start("in")
    model = undoable(model, "a").end("out").up().user_task("u").throw("undo", compensation=True).end()
    snapshot = run(model, profile=profile, outer=1).complete("a").complete("u", outer=2)
    snapshot.state = load_state(dump_state(snapshot.state))
    handler = snapshot.wait("undo_a")
    from interpreter.queries import job_input

    seen = job_input(snapshot.definition, snapshot.state, handler)
    assert (seen["inner"], seen["outer"]) == (1, 2)


@BOTH
def test_34_a_compensation_event_subprocess_consumes_the_throw(profile: str) -> None:
    model = bpmn("p").start().subprocess("sub").start("in")
    model = undoable(model, "a").end("out")
    model = (
        model.event_subprocess("es").start("s", compensation=True).service_task("instead", type="instead").end("e").up()
    )
    model = model.up().throw("undo", compensation=True).end("done")
    handled = run(model, profile=profile).complete("a")
    assert jobs(handled, "undo") == []
    assert jobs(handled, "instead") == ["instead"]
    assert handled.complete("instead").ended


@BOTH
def test_35_a_multi_instance_is_compensated_once_per_instance_when_all_have_ended(profile: str) -> None:
    model = undoable(bpmn("p").start().parallel("f"), "many", mi=multi(cardinality="2"))
    model = (
        model.user_task("after").end("e1").branch(at="f").user_task("early").throw("undo", compensation=True).end("e2")
    )
    early = run(model, profile=profile).complete("many").complete("early")
    assert jobs(early, "undo") == []
    late = run(model, profile=profile).complete("many").complete("many").complete("early")
    seen = []
    while jobs(late, "undo"):
        wait = late.wait("undo")
        seen.append(late.state.elements[wait.element].variables["loopCounter"])
        late.complete("undo")
    assert len(set(seen)) == 2


@BOTH
def test_36_what_is_compensated_is_not_compensated_again(profile: str) -> None:
    model = undoable(bpmn("p").start(), "a").throw("u1", compensation=True).throw("u2", compensation=True).end()
    assert run(model, profile=profile).complete("a").complete("undo_a").ended


@BOTH
def test_37_an_error_in_a_handler_comes_from_the_throwing_event(profile: str) -> None:
    model = bpmn("p").start().subprocess("tx").start("in")
    model = undoable(model, "a").throw("undo", compensation=True).end("out").up()
    model = model.boundary("edge", error="E").end("outside").at("tx").end("done")
    failing = run(model, profile=profile).complete("a").throw_error("undo_a", "E")
    assert failing.trace("+").endswith("+edge +outside")


@BOTH
def test_38_cancel_interrupts_compensates_then_leaves(profile: str) -> None:
    model = bpmn("p").start().transaction("tx").start("in").parallel("f")
    model = (
        undoable(model, "a").user_task("go").end("stop", cancel=True).branch(at="f").user_task("other").end("o").up()
    )
    model = (
        model.boundary("cancelled", cancel=True).end("undone").boundary("hazard", on="tx", error=True).end("hazarded")
    )
    model = model.at("tx").end("done")
    tx = run(model, profile=profile).complete("a").complete("go")
    assert tx.active == ["stop", "tx", "undo_a"]
    assert tx.complete("undo_a").trace("+").endswith("+cancelled +undone")
    hazard = run(model, profile=profile).complete("a")
    hazard.throw_error("go", "X")
    assert jobs(hazard, "undo") == []
    assert hazard.trace("+").endswith("+hazard +hazarded")
