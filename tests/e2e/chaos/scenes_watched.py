"""Scenes of watching: boundary events and event subprocesses that do not interrupt, or do, in every position that the
other scenes leave out.

What does not interrupt stays open, so that somebody could come twice: what it does ends in the same step what it
watches. So each happens once, however often somebody tells.
"""

from __future__ import annotations

from typing import Any, Final

from interpreter.bpmn.builder import Builder, bpmn
from interpreter.bpmn.parts import message, signal
from tests.e2e.chaos.stage import Scene, put, undoable, work


def _beside(b: Builder, id: str, **caught: Any) -> Builder:
    """A boundary event beside a task that nobody completes; then another one takes the task away."""
    host = f"forever_{id}"
    b = put(b, f"{id}_not_yet", id, "false").user_task(host)
    b = put(b.boundary(f"{id}_heard", on=host, interrupting=False, **caught), f"{id}_note", id, "true")
    b = b.end(f"{id}_noted").at(host).end(f"{id}_unreached")
    return b.boundary(f"{id}_over", on=host, condition=f"= {id} = true")


def _taken_over(b: Builder, id: str, **caught: Any) -> Builder:
    """A subprocess that never ends by itself, and its event subprocess."""
    b = b.subprocess(id).start(f"{id}_in").user_task(f"forever_{id}").end(f"{id}_unreached")
    return b.event_subprocess(f"{id}_handler").start(f"{id}_heard", **caught).end(f"{id}_handled").up().up()


def _helped(b: Builder, id: str, **caught: Any) -> Builder:
    """A subprocess that waits for what its event subprocess does beside it."""
    b = put(b.subprocess(id).start(f"{id}_in"), f"{id}_not_yet", id, "false")
    if "escalation" in caught:
        b = b.throw(f"{id}_call", escalation=caught["escalation"])
    b = b.catch(f"{id}_helped", condition=f"= {id} = true").end(f"{id}_out").event_subprocess(f"{id}_handler")
    return (
        put(b.start(f"{id}_heard", interrupting=False, **caught), f"{id}_note", id, "true").end(f"{id}_done").up().up()
    )


def _boundaries() -> Builder:
    b = _beside(bpmn("chaos_boundaries").start("start"), "mail", message="told-beside-${token}")
    b = work(_beside(b, "bell", signal="heard-beside-${token}"), "between")
    b = put(b, "calm", "alarm", "false").subprocess("ring").start("r_in")
    b = put(b, "raise", "alarm", "true").catch("quiet", condition="= alarm = false").end("r_out").up()
    b = b.boundary("alarmed", on="ring", interrupting=False, condition="= alarm = true")
    return put(b, "stop", "alarm", "false").end("stopped").at("ring").end("done")


def _handlers() -> Builder:
    b = _taken_over(bpmn("chaos_handlers").start("start"), "clock", timer="PT0.5S")
    both = [message("told-either-${token}"), signal("heard-either-${token}")]
    b = _taken_over(b, "either", events=both)
    b = _helped(_helped(b, "shout", signal="heard-help-${token}"), "climb", escalation="HELP")
    b = b.subprocess("fall").start("f_in").throw("f_call", escalation="GIVE_UP").user_task("forever_fall").end("f_no")
    b = b.event_subprocess("f_handler").start("f_heard", escalation="GIVE_UP").end("f_handled").up().up()
    b = put(b, "cold", "heat", "0").subprocess("oven").start("o_in")
    b = put(b, "heat_up", "heat", "300").user_task("forever_oven").end("o_no")
    b = b.event_subprocess("o_handler").start("o_hot", condition="= heat > 200").end("o_handled").up().up()
    b = put(b, "cool", "heat", "0").subprocess("pan").start("p_in")
    b = put(b, "fry", "heat", "150").catch("fried", condition="= heat = 1").end("p_out")
    b = b.event_subprocess("p_handler").start("p_hot", condition="= heat > 100", interrupting=False)
    return put(b, "turn_down", "heat", "1").end("p_handled").up().up().end("done")


def _undone() -> Builder:
    """Compensation by an event subprocess, thrown by an end event."""
    b = bpmn("chaos_undone").start("start").subprocess("booking").start("b_in")
    b = undoable(b, "seat").end("b_out").event_subprocess("b_undo").start("b_regret", compensation=True)
    b = work(b, "note").throw("b_each", compensation=True).end("b_undone").up().up()
    return undoable(b, "meal").end("regret", compensation=True)


WATCHED: Final = (
    Scene("chaos_boundaries", _boundaries()),
    Scene("chaos_handlers", _handlers()),
    Scene("chaos_undone", _undone()),
)
