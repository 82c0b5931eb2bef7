"""The plays of the events: every event definition in every position, and multiple events."""

from __future__ import annotations

from typing import Final

from interpreter.bpmn.builder import Builder, bpmn
from interpreter.bpmn.parts import condition as when
from interpreter.bpmn.parts import error as failure
from interpreter.bpmn.parts import escalation as raised
from interpreter.bpmn.parts import message as mail
from interpreter.bpmn.parts import signal as sign
from interpreter.bpmn.parts import timer as clock
from tests.workflow.alive import Play, change, done, error, escalation, message, signal, timer


def inside(**caught: object) -> Builder:
    """A process with a user task `u` and an event subprocess that `caught` starts."""
    interrupting = bool(caught.pop("interrupting", True))
    return (
        bpmn("p")
        .start()
        .user_task("u")
        .end("done")
        .event_subprocess("handler")
        .start("heard", interrupting=interrupting, **caught)
        .task("handle")
        .end("handled")
        .up()
    )


def guarded(**caught: object) -> Builder:
    """A process with a user task `u` that bears a boundary event `caught`."""
    interrupting = bool(caught.pop("interrupting", True))
    return (
        bpmn("p")
        .start()
        .user_task("u")
        .end("done")
        .boundary("heard", on="u", interrupting=interrupting, **caught)
        .task("handle")
        .end("handled")
    )


def undoable(model: Builder, task: str) -> Builder:
    """A service task with a compensation handler `undo_<task>`."""
    return (
        model.service_task(task, type="work")
        .boundary(f"{task}_undone", compensation=True)
        .handler("service_task", f"undo_{task}", type="work")
    )


HANDLED: Final = ("heard", "handle", "handled")

START_EVENTS: Final[dict[str, Play]] = {
    "message start event": Play(bpmn("p").start("s", message="m").end("done"), [message("m", x=1)], begin=None),
    "signal start event": Play(bpmn("p").start("s", signal="g").end("done"), [signal("g", x=1)], begin=None),
    "timer start event": Play(
        bpmn("p").start("s", timer=clock(duration="PT0.2S")).end("done"), [timer("s")], begin=None
    ),
    "conditional start event": Play(
        bpmn("p").start("s", condition="= x > 1").end("done"), begin="s", variables={"x": 2}
    ),
    "multiple start event": Play(
        bpmn("p").start("s", events=[mail("m"), sign("g")]).end("done"), [signal("g")], begin=None
    ),
    "parallel multiple start event": Play(
        bpmn("p").start("s", events=[mail("m"), mail("l")], parallel_multiple=True).end("done"),
        [message("m"), message("l")],
        begin=None,
    ),
}

EVENT_SUBPROCESSES: Final[dict[str, Play]] = {
    "event subprocess by message": Play(inside(message="m"), [message("m")], HANDLED, ["done"]),
    "event subprocess by message beside": Play(
        inside(message="m", interrupting=False), [message("m"), message("m"), done("u")], ("done", *HANDLED)
    ),
    "event subprocess by timer": Play(inside(timer="PT0.3S"), [timer("heard")], HANDLED, ["done"]),
    "event subprocess by timer beside": Play(
        inside(timer="R2/PT0.2S", interrupting=False), [timer("heard"), timer("heard"), done("u")], ("done", *HANDLED)
    ),
    "event subprocess by signal": Play(inside(signal="g"), [signal("g")], HANDLED, ["done"]),
    "event subprocess by signal beside": Play(
        inside(signal="g", interrupting=False), [signal("g"), done("u")], ("done", *HANDLED)
    ),
    "event subprocess by condition": Play(
        inside(condition="= x > 1"), [change(x=2)], HANDLED, ["done"], variables={"x": 0}
    ),
    "event subprocess by condition beside": Play(
        inside(condition="= x > 1", interrupting=False),
        [change(x=2), done("u")],
        ("done", *HANDLED),
        variables={"x": 0},
    ),
    "event subprocess by error": Play(inside(error="E"), [error("u", "E")], HANDLED, ["done"]),
    "event subprocess by escalation": Play(inside(escalation="X"), [escalation("u", "X")], HANDLED, ["done"]),
    "event subprocess by escalation beside": Play(
        bpmn("p")
        .start()
        .throw("tell", escalation="X")
        .user_task("u")
        .end("done")
        .event_subprocess("handler")
        .start("heard", escalation="X", interrupting=False)
        .task("handle")
        .end("handled")
        .up(),
        [done("u")],
        ("done", *HANDLED),
    ),
    "event subprocess by compensation": Play(
        bpmn("p")
        .start()
        .subprocess("sub")
        .start("s_in")
        .task("t")
        .end("s_out")
        .event_subprocess("undo")
        .start("heard", compensation=True)
        .service_task("handle", type="work")
        .end("handled")
        .up()
        .up()
        .throw("back", compensation=True)
        .end("done"),
        reaches=("done", *HANDLED),
    ),
    "event subprocess by one of several": Play(inside(events=[mail("m"), sign("g")]), [signal("g")], HANDLED, ["done"]),
    "event subprocess by several": Play(
        inside(events=[mail("m"), sign("g")], parallel_multiple=True), [signal("g"), message("m")], HANDLED, ["done"]
    ),
}

CATCH_EVENTS: Final[dict[str, Play]] = {
    "message catch event": Play(
        bpmn("p").start().catch("c", message="m").end("done"), [message("m", x=1)], gives={"x": 1}
    ),
    "timer catch event": Play(bpmn("p").start().catch("c", timer="PT0.3S").end("done"), [timer("c")]),
    "timer catch event by expression": Play(
        bpmn("p").start().catch("c", timer=clock(duration='= duration("PT" + string(n) + "S")')).end("done"),
        [timer("c")],
        variables={"n": 0.2},
    ),
    "signal catch event": Play(bpmn("p").start().catch("c", signal="g").end("done"), [signal("g", x=1)]),
    "conditional catch event": Play(
        bpmn("p").start().catch("c", condition="= x > 1").end("done"), [change(x=1), change(x=2)], variables={"x": 0}
    ),
    "link events": Play(
        bpmn("p").start().user_task("u").throw("jump", link="A").catch("land", link="A").end("done"), [done("u")]
    ),
    "multiple catch event": Play(
        bpmn("p").start().catch("c", events=[mail("m"), clock("PT1H")]).end("done"), [message("m")]
    ),
    "parallel multiple catch event": Play(
        bpmn("p").start().catch("c", events=[mail("m"), clock("PT0.2S")], parallel_multiple=True).end("done"),
        [message("m"), timer("c")],
    ),
}

BOUNDARY_EVENTS: Final[dict[str, Play]] = {
    "message boundary event": Play(guarded(message="m"), [message("m")], HANDLED, ["done"]),
    "message boundary event beside": Play(
        guarded(message="m", interrupting=False), [message("m"), message("m"), done("u")], ("done", *HANDLED)
    ),
    "timer boundary event": Play(guarded(timer="PT0.3S"), [timer("heard")], HANDLED, ["done"]),
    "timer boundary event that is not needed": Play(guarded(timer="PT1H"), [done("u")], avoids=["heard"]),
    "timer boundary event beside": Play(
        guarded(timer="PT0.3S", interrupting=False), [timer("heard"), done("u")], ("done", *HANDLED)
    ),
    "signal boundary event": Play(guarded(signal="g"), [signal("g")], HANDLED, ["done"]),
    "signal boundary event beside": Play(
        guarded(signal="g", interrupting=False), [signal("g"), done("u")], ("done", *HANDLED)
    ),
    "conditional boundary event": Play(
        guarded(condition="= x > 1"), [change(x=2)], HANDLED, ["done"], variables={"x": 0}
    ),
    "conditional boundary event beside": Play(
        guarded(condition="= x > 1", interrupting=False),
        [change(x=2), done("u")],
        ("done", *HANDLED),
        variables={"x": 0},
    ),
    "error boundary event": Play(guarded(error="E"), [error("u", "E")], HANDLED, ["done"]),
    "error boundary event of a subprocess": Play(
        bpmn("p")
        .start()
        .subprocess("sub")
        .start("s_in")
        .parallel("f")
        .end("broken", error="E")
        .branch(at="f")
        .user_task("u")
        .end("s_out")
        .up()
        .end("done")
        .boundary("heard", on="sub", error="E")
        .end("handled"),
        reaches=("heard", "handled"),
        avoids=("done",),
    ),
    "escalation boundary event": Play(guarded(escalation="X"), [escalation("u", "X")], HANDLED, ["done"]),
    "escalation boundary event beside": Play(
        guarded(escalation="X", interrupting=False), [escalation("u", "X"), done("u")], ("done", *HANDLED)
    ),
    "cancel events": Play(
        undoable(bpmn("p").start().transaction("tx").start("t_in"), "a")
        .user_task("go")
        .end("stop", cancel=True)
        .up()
        .boundary("heard", cancel=True)
        .end("cancelled")
        .at("tx")
        .end("done"),
        [done("go")],
        reaches=("undo_a", "heard", "cancelled"),
        avoids=("done",),
    ),
    "multiple boundary event": Play(guarded(events=[mail("m"), sign("g")]), [signal("g")], HANDLED, ["done"]),
    "parallel multiple boundary event": Play(
        guarded(events=[mail("m"), sign("g")], parallel_multiple=True), [message("m"), signal("g")], HANDLED, ["done"]
    ),
    "multiple boundary event beside": Play(
        guarded(events=[failure("E"), raised("X")], interrupting=True), [error("u", "E")], HANDLED, ["done"]
    ),
    "conditional multiple boundary event beside": Play(
        guarded(events=[when("= x > 1"), mail("m")], interrupting=False),
        [change(x=2), message("m"), done("u")],
        ("done", *HANDLED),
        variables={"x": 0},
    ),
}

THROW_EVENTS: Final[dict[str, Play]] = {
    "none throw event": Play(bpmn("p").start().throw("t").end("done"), reaches=("t", "done")),
    "message throw event": Play(
        bpmn("p")
        .start()
        .throw("t", message="m")
        .user_task("u")
        .end("done")
        .process("q")
        .start("got", message="m")
        .end("heard"),
        [done("u")],
        reaches=("t", "done", "heard"),
    ),
    "signal throw event": Play(
        bpmn("p")
        .start()
        .parallel("f")
        .user_task("u")
        .throw("t", signal="g")
        .end("done")
        .branch(at="f")
        .catch("own", signal="g")
        .end("own_end")
        .process("q")
        .start("other", signal="g")
        .end("other_end"),
        [done("u")],
        reaches=("own_end", "other_end", "done"),
    ),
    "escalation throw event": Play(
        bpmn("p")
        .start()
        .subprocess("sub")
        .start("s_in")
        .throw("t", escalation="X")
        .user_task("u")
        .end("s_out")
        .up()
        .end("done")
        .boundary("heard", on="sub", escalation="X", interrupting=False)
        .end("handled"),
        [done("u")],
        reaches=("heard", "handled", "done"),
    ),
    "compensation throw event": Play(
        undoable(undoable(bpmn("p").start(), "a"), "b").throw("back", compensation=True).end("done"),
        reaches=("undo_a", "undo_b", "done"),
    ),
    "compensation throw event one after another": Play(
        undoable(undoable(bpmn("p").start(), "a"), "b").throw("back", compensation=True).end("done"),
        reaches=("undo_a", "undo_b", "done"),
        profile="spec",
    ),
    "compensation of one activity": Play(
        undoable(undoable(bpmn("p").start(), "a"), "b").throw("back", compensation="a").end("done"),
        reaches=("undo_a", "done"),
        avoids=("undo_b",),
    ),
    "compensation inside a called instance": Play(
        undoable(
            bpmn("p")
            .start()
            .call_activity("call", "called")
            .throw("back", compensation=True)
            .end("done")
            .process("called")
            .start("c_in"),
            "a",
        ).end("c_out"),
        reaches=("undo_a", "done"),
        profile="spec",
    ),
    "no compensation inside a called instance": Play(
        undoable(
            bpmn("p")
            .start()
            .call_activity("call", "called")
            .throw("back", compensation=True)
            .end("done")
            .process("called")
            .start("c_in"),
            "a",
        ).end("c_out"),
        reaches=("c_out", "done"),
        avoids=("undo_a",),
        profile="c7",
    ),
    "multiple throw event": Play(
        bpmn("p")
        .start()
        .throw("t", events=[mail("m"), sign("g")])
        .user_task("u")
        .end("done")
        .process("q")
        .start("by_mail", message="m")
        .end("q1")
        .process("r")
        .start("by_sign", signal="g")
        .end("r1"),
        [done("u")],
        reaches=("q1", "r1", "done"),
    ),
}

END_EVENTS: Final[dict[str, Play]] = {
    "message end event": Play(
        bpmn("p").start().end("e", message="m").process("q").start("got", message="m").end("heard"),
        reaches=("e", "heard"),
    ),
    "signal end event": Play(
        bpmn("p").start().end("e", signal="g").process("q").start("got", signal="g").end("heard"),
        reaches=("e", "heard"),
    ),
    "error end event": Play(
        bpmn("p")
        .start()
        .subprocess("sub")
        .start("s_in")
        .end("broken", error="E")
        .up()
        .end("done")
        .boundary("heard", on="sub", error="E")
        .end("handled"),
        reaches=("heard", "handled"),
        avoids=("done",),
    ),
    "error end event that nobody catches": Play(
        bpmn("p").start().end("broken", error="E"), reaches=("broken",), profile="c7"
    ),
    "error end event that nobody catches, an incident": Play(
        bpmn("p").start().end("broken", error="E"), reaches=("broken",), profile="spec"
    ),
    "escalation end event": Play(
        bpmn("p")
        .start()
        .subprocess("sub")
        .start("s_in")
        .end("up", escalation="X")
        .up()
        .end("done")
        .boundary("heard", on="sub", escalation="X", interrupting=False)
        .end("handled"),
        reaches=("heard", "handled", "done"),
    ),
    "compensation end event": Play(
        undoable(bpmn("p").start(), "a").end("back", compensation=True), reaches=("undo_a", "back")
    ),
    "terminate end event": Play(
        bpmn("p")
        .start()
        .parallel("f")
        .user_task("u")
        .end("all", terminate=True)
        .branch(at="f")
        .user_task("v")
        .end("never")
        .branch(at="f")
        .service_task("w", topic="t")
        .end("never_2"),
        [done("u")],
        reaches=("all",),
        avoids=("never", "never_2"),
    ),
    "multiple end event": Play(
        bpmn("p")
        .start()
        .end("e", events=[mail("m"), sign("g")])
        .process("q")
        .start("by_mail", message="m")
        .end("q1")
        .process("r")
        .start("by_sign", signal="g")
        .end("r1"),
        reaches=("e", "q1", "r1"),
    ),
}
