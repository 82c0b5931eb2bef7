"""BPMN errors of called instances that nobody catches, and signals thrown asynchronously: what reaches others."""

from __future__ import annotations

import pytest

from interpreter import commands as c
from interpreter import features as f
from interpreter.bpmn.builder import Builder, bpmn, el
from interpreter.bpmn.parts import signal
from interpreter.state import dump_state, load_state
from ostinato.testing.world import Run, World


def called(b: Builder) -> Builder:
    b = b.process("q").start().parallel("fork").user_task("ask").end("broken", error="E")
    return b.branch(at="fork").user_task("other").end("q_end")


def caller(code: str | None = None) -> Builder:
    b = bpmn("p").start().call_activity("call", "q", outs={"*": "*"})
    if code is not None:
        b = b.boundary("caught", error=code).user_task("handled").end().back()
    return called(b.user_task("after").end())


def both(world: World) -> tuple[Run, Run]:
    parent = world.start("p")
    return parent, next(r for r in world.runs.values() if r.definition.process_id == "q")


def test_c7_an_error_that_no_caller_catches_ends_its_path_in_the_called_instance() -> None:
    parent, child = both(World(caller()))
    child.complete("ask")
    assert (child.ended, child.active, parent.active) == (False, ["other"], ["call"])
    child.complete("other", x=1)
    assert (child.ended, child.state.outcome) == (True, "completed")
    assert (parent.active, parent.variables["x"]) == (["after"], 1), "for the caller nothing was wrong"


def test_c7_an_error_of_another_code_is_not_caught() -> None:
    parent, child = both(World(caller("F")))
    child.complete("ask").complete("other")
    assert parent.active == ["after"]


@pytest.mark.parametrize("profile", ["c7", "spec"])
def test_an_error_that_the_caller_catches_ends_the_called_instance(profile: str) -> None:
    for code in ("E", None):
        b = bpmn("p").start().call_activity("call", "q")
        b = b.boundary("caught", error=True if code is None else code).user_task("handled").end().back().end()
        parent, child = both(World(called(b), profile=profile))
        child.state = load_state(dump_state(child.state))
        child.complete("ask")
        assert (child.ended, parent.active) == (True, ["handled"])


def test_c7_a_caller_of_the_caller_may_catch() -> None:
    b = bpmn("top").start().call_activity("outer", "p").boundary("caught", error="E").user_task("handled").end()
    b = b.back().end().process("p").start().subprocess("s").start().call_activity("call", "q").end().up().end()
    world = World(called(b))
    top = world.start("top")
    child = next(r for r in world.runs.values() if r.definition.process_id == "q")
    child.complete("ask")
    assert top.active == ["handled"]
    assert all(r.ended for r in world.runs.values() if r is not top)


def test_c7_an_event_subprocess_around_the_call_catches() -> None:
    b = bpmn("p").start().call_activity("call", "q").end()
    b = b.event_subprocess("es").start(error="E").user_task("handled").end().up()
    parent, child = both(World(called(b)))
    child.complete("ask")
    assert "handled" in parent.active


def test_c7_an_error_of_a_job_that_no_caller_catches() -> None:
    b = bpmn("p").start().call_activity("call", "q").user_task("after").end()
    b = b.process("q").start().service_task("work", type="w").user_task("never").end()
    parent, child = both(World(b))
    child.throw_error("work", "E")
    assert (child.state.outcome, parent.active) == ("completed", ["after"])


def test_spec_an_error_that_no_caller_catches_is_an_incident_at_the_call() -> None:
    parent, child = both(World(caller(), profile="spec"))
    child.complete("ask")
    assert child.ended
    assert [i.node for i in parent.state.incidents.values()] == ["call"]


def test_without_the_rule_the_called_instance_ends_with_any_error() -> None:
    parent, child = both(World(caller(), features=f.features_of("c7", rules=1)))
    child.complete("ask")
    assert (child.ended, parent.ended) == (True, True)


# -- signals


def thrown(asynchronous: bool) -> Builder:
    b = bpmn("p").start().parallel("fork").user_task("go")
    b = b.throw("t", signal=signal("S", camunda__async=asynchronous)).user_task("after").end()
    return b.branch(at="fork").catch("c", signal="S").script_task("f", "= boom(", format="feel").end()


def test_an_asynchronous_signal_is_delivered_after_the_step() -> None:
    r = World(thrown(True)).start().complete("go")
    at = [mark + name for mark, name in r.steps()]
    assert at.index("+after") < at.index("-c"), "the thrower goes on first"
    (effect,) = r.signals
    assert len(effect.own) == 1
    sync = World(thrown(False)).start().complete("go")
    at = [mark + name for mark, name in sync.steps()]
    assert at.index("-c") < at.index("+after")


def test_an_asynchronous_signal_reaches_those_who_listened_when_it_was_thrown() -> None:
    b = bpmn("p").start().throw("t", signal=signal("S", camunda__async=True)).catch("c", signal="S").end()
    r = World(b).start()
    assert r.active == ["c"]
    b = b.process("q").start(signal="S").user_task("started").end()
    world = World(b)
    world.start("p")
    assert [x.active for x in world.runs.values() if x.definition.process_id == "q"] == [["started"]]


def test_without_the_rule_async_is_passed_over() -> None:
    r = World(thrown(True), features=f.features_of("c7", rules=1)).start().complete("go")
    assert r.signals[0].own == ()


# -- what an uncaught error ends, in c7


def ending(**options: object) -> Builder:
    return bpmn("p").start().service_task("work", type="w", **options).user_task("never").end()


def test_c7_what_an_uncaught_error_ends_runs_its_end_listeners_and_outputs() -> None:
    note = el("camunda:executionListener", event="end", expression="${execution.setVariable('ended', true)}")
    model = ending(ext=[note], outputs={"out": "${x + 1}"})
    r = World(model).start(None, {"x": 1}).throw_error("work", "E")
    assert (r.ended, r.variables["ended"], r.variables["out"]) == (True, True, 2)
    assert "+never" not in r.trace("+")
    old = World(model, features=f.features_of("c7", rules=1)).start(None, {"x": 1}).throw_error("work", "E")
    assert (old.ended, "ended" in old.variables) == (True, False)


def test_c7_an_output_of_what_an_uncaught_error_ends_may_fail() -> None:
    r = World(ending(outputs={"out": "${missing}"})).start().throw_error("work", "E")
    assert [i.node for i in r.state.incidents.values()] == ["work"]


def test_c7_an_end_listener_that_throws_what_nobody_catches() -> None:
    thrower = el("camunda:executionListener", event="end", expression="${execution.throwBpmnError('E')}")
    r = World(bpmn("p").start().task("t", ext=[thrower]).user_task("never").end()).start()
    assert (r.ended, "+never" in r.trace("+")) == (True, False)


def test_c7_an_inner_instance_that_an_uncaught_error_ends_counts_as_completed() -> None:
    from interpreter.bpmn.parts import multi

    model = bpmn("p").start().service_task("work", type="w", mi=multi(cardinality=2, sequential=True))
    r = World(model.user_task("after").end()).start().throw_error("work", "E")
    assert r.active.count("work") == 2, "the next one is begun"
    assert r.complete("work").active == ["after"]


@pytest.mark.parametrize("interrupting", [True, False])
def test_a_suspended_caller_keeps_what_is_escalated_until_it_is_resumed(interrupting: bool) -> None:
    b = bpmn("p").start().call_activity("call", "q")
    b = b.boundary("raised", escalation="ONE", interrupting=interrupting)
    b = b.user_task("look").end().back().user_task("after").end()
    b = b.process("q").start().user_task("first").throw("one", escalation="ONE").throw("two", escalation="ONE")
    parent, child = both(World(b.user_task("second").end()))
    parent.do(c.SuspendInstance(0))
    child.complete("first")
    parent.do(c.SetVariables(0, {"x": 1}))
    assert (parent.active, child.active) == (["call"], ["second"])
    parent.state = load_state(dump_state(parent.state))
    parent.do(c.ResumeInstance(0))
    if interrupting:
        assert (parent.active, child.ended) == (["look"], True)
    else:
        assert (parent.active, child.active) == (["call", "look", "look"], ["second"])
    before = len(parent.events)
    parent.do(c.SuspendInstance(0))
    parent.do(c.ResumeInstance(0))
    assert len(parent.events) == before + 2, "said once"


def test_what_was_escalated_to_a_call_that_was_moved_away_is_forgotten() -> None:
    b = bpmn("p").start().call_activity("call", "q").boundary("raised", escalation="ONE", interrupting=False)
    b = b.user_task("look").end().back().user_task("after").end()
    parent, child = both(
        World(b.process("q").start().user_task("first").throw("one", escalation="ONE").user_task("second").end())
    )
    parent.do(c.SuspendInstance(0))
    child.complete("first")
    (call,) = [element.key for element in parent.state.elements.values() if element.node == "call"]
    away = (
        c.ModificationInstruction("cancel", element=call),
        c.ModificationInstruction("startBeforeActivity", "after"),
    )
    parent.do(c.ModifyInstance(0, away))
    parent.do(c.ResumeInstance(0))
    assert parent.active == ["after"]
