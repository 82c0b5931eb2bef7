"""Events of every kind at every kind of activity and in every kind of scope, interrupting and not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from interpreter import commands as c
from interpreter.bpmn.builder import Builder, bpmn
from interpreter.bpmn.parts import loop, multi, timer
from ostinato.testing.world import Run, World

BOTH = pytest.mark.parametrize("profile", ["c7", "spec"])

Host = Callable[[Builder], Builder]
HOSTS: dict[str, Host] = {
    "user task": lambda b: b.user_task("h"),
    "service task": lambda b: b.service_task("h", type="w"),
    "external task": lambda b: b.service_task("h", topic="w"),
    "send task": lambda b: b.send_task("h", type="w"),
    "receive task": lambda b: b.receive_task("h", message="never"),
    "script task": lambda b: b.script_task("h", "x", format="groovy"),
    "business rule task": lambda b: b.business_rule_task("h", decision="d"),
    "call activity": lambda b: b.call_activity("h", "called"),
    "subprocess": lambda b: b.subprocess("h").start().user_task("in").end().up(),
    "nested subprocess": lambda b: (
        b.subprocess("h").start().subprocess("h2").start().user_task("in").end().up().end().up()
    ),
    "transaction": lambda b: b.transaction("h").start().user_task("in").end().up(),
    "ad-hoc subprocess": lambda b: b.adhoc("h").user_task("in").up(),
    "parallel multi-instance": lambda b: b.user_task("h", mi=multi(cardinality=2)),
    "sequential multi-instance": lambda b: b.user_task("h", mi=multi(cardinality=2, sequential=True)),
    "multi-instance subprocess": lambda b: (
        b.subprocess("h", mi=multi(cardinality=2)).start().user_task("in").end().up()
    ),
    "multi-instance call": lambda b: b.call_activity("h", "called", mi=multi(cardinality=2)),
    "loop": lambda b: b.user_task("h", loop=loop("= true", maximum=2)),
}
EVENTS: dict[str, dict[str, object]] = {
    "timer": {"timer": timer(duration="PT1H")},
    "message": {"message": "m"},
    "signal": {"signal": "s"},
    "condition": {"condition": "= go"},
}


def model(host: str, event: str, interrupting: bool) -> Builder:
    b = HOSTS[host](bpmn("p").start())
    b = b.user_task("after").end().boundary("b", on="h", interrupting=interrupting, **EVENTS[event])
    b = b.user_task("handled").end()
    return b.process("called").start().user_task("child").end()


def happen(r: Run, event: str) -> None:
    if event == "timer":
        r.advance("PT1H")
    elif event == "message":
        r.message("m")
    elif event == "signal":
        r.signal("s")
    else:
        r.do(c.SetVariables(r.world.now, {"go": True}))


@BOTH
@pytest.mark.parametrize("interrupting", [True, False])
@pytest.mark.parametrize("event", list(EVENTS))
@pytest.mark.parametrize("host", list(HOSTS))
def test_every_event_at_every_host(host: str, event: str, interrupting: bool, profile: str) -> None:
    world = World(model(host, event, interrupting), profile=profile)
    r = world.start("p", {"go": False})
    before = r.active
    assert "h" in before
    happen(r, event)
    if interrupting:
        assert r.active == ["handled"]
        assert all(w.node == "handled" for w in r.state.waits.values()), "nothing is left of the host"
        assert all(child.ended for child in world.runs.values() if child is not r)
        assert r.complete("handled").ended
    else:
        assert r.active == sorted([*before, "handled"])
        r.complete("handled")
        assert r.active == before
        if event in ("message", "signal"):
            happen(r, event)
            assert r.active == sorted([*before, "handled"]), "it may happen again"


@BOTH
@pytest.mark.parametrize("code", ["E", None])
@pytest.mark.parametrize("host", [h for h in HOSTS if h not in ("receive task",)])
def test_errors_from_inside_every_host(host: str, code: str | None, profile: str) -> None:
    b = HOSTS[host](bpmn("p").start()).user_task("after").end()
    b = b.boundary("b", on="h", error=True if code is None else code).user_task("handled").end()
    world = World(b.process("called").start().user_task("child").end(), profile=profile)
    r = world.start("p")
    child = next((x for x in world.runs.values() if x is not r), None)
    if child is not None:
        child.throw_error("child", "E")
    else:
        r.throw_error("in" if "in" in r.active else "h", "E")
    assert r.active == ["handled"]
    assert all(x.ended for x in world.runs.values() if x is not r)


@BOTH
@pytest.mark.parametrize("interrupting", [True, False])
@pytest.mark.parametrize("host", list(HOSTS))
def test_escalations_from_inside_every_host(host: str, interrupting: bool, profile: str) -> None:
    if host == "receive task":
        return  # nobody works on it who could escalate
    b = HOSTS[host](bpmn("p").start()).user_task("after").end()
    b = b.boundary("b", on="h", escalation="X", interrupting=interrupting).user_task("handled").end()
    world = World(b.process("called").start().user_task("child").end(), profile=profile)
    r = world.start("p")
    before = r.active
    child = next((x for x in world.runs.values() if x is not r), None)
    if child is not None:
        child.escalate("child", "X")
    else:
        r.escalate("in" if "in" in r.active else "h", "X")
    assert r.active == (["handled"] if interrupting else sorted([*before, "handled"]))


SCOPES: dict[str, Host] = {
    "process": lambda b: b,
    "subprocess": lambda b: b.subprocess("h"),
    "transaction": lambda b: b.transaction("h"),
    "ad-hoc subprocess": lambda b: b.adhoc("h"),
    "sequential multi-instance": lambda b: b.subprocess("h", mi=multi(cardinality=2, sequential=True)),
    "loop": lambda b: b.subprocess("h", loop=loop("= true", maximum=1)),
}


def inside(scope: str, interrupting: bool, **event: object) -> Builder:
    """A scope with a user task and an event subprocess, and a user task after the scope."""
    b = SCOPES[scope](bpmn("p") if scope == "process" else bpmn("p").start("p_in"))
    b = b.user_task("in") if scope == "ad-hoc subprocess" else b.start("h_in").user_task("in").end("h_out")
    b = b.event_subprocess("es").start("es_in", interrupting=interrupting, **event).user_task("handled").end("es_out")
    b = b.up()
    return b if scope == "process" else b.up().user_task("after").end("p_out")


@BOTH
@pytest.mark.parametrize("interrupting", [True, False])
@pytest.mark.parametrize("event", [*EVENTS, "error", "escalation"])
@pytest.mark.parametrize("scope", list(SCOPES))
def test_event_subprocesses_in_every_scope(scope: str, event: str, interrupting: bool, profile: str) -> None:
    if event == "error" and not interrupting:
        return  # an error always interrupts
    starts: dict[str, object] = EVENTS.get(event) or ({"error": "E"} if event == "error" else {"escalation": "X"})
    r = World(inside(scope, interrupting, **starts), profile=profile).start("p", {"go": False})
    before = r.active
    if event == "error":
        r.throw_error("in", "E")
    elif event == "escalation":
        r.escalate("in", "X")
    else:
        happen(r, event)
    if event == "condition":
        r.do(c.SetVariables(r.world.now, {"go": False}))
    around = [node for node in before if node != "in"]
    assert r.active == sorted([*(around if interrupting else before), "es", "handled"])
    if not interrupting:
        r.complete("in")
        assert "handled" in r.active, "the scope waits for what it started"
    r.complete("handled")
    if scope == "process":
        assert r.ended
    elif scope == "sequential multi-instance":
        assert r.active == before, "the next instance has its own"
        assert r.complete("in").active == ["after"]
    else:
        assert r.active == ["after"]
