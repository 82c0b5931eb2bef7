"""Scenes that need an operator (moved, modified, deleted, corrected), long ones, and one with large values."""

from __future__ import annotations

from typing import Final

from interpreter.bpmn.builder import Builder, bpmn
from tests.e2e.chaos.stage import Scene, put, work

MOVING: Final = "chaos_moving"
MOVED: Final = "chaos_moved"
BIG: Final = "chaos_big"
SLEEPER: Final = "chaos_sleeper"


def _moving() -> Builder:
    """Waits at a task that nobody completes, until it is migrated."""
    b = work(bpmn(MOVING).start("start"), "before").subprocess("area").start("in").user_task("moving").end("out").up()
    return b.end("done")


def moved() -> Builder:
    """Where the moving ones go: another task, a boundary timer that may come, and more to do."""
    b = work(bpmn(MOVED).start("start"), "before").subprocess("place").start("in").user_task("moved").end("out").up()
    b = b.boundary("late", on="place", timer="PT10H").end("too_late").at("place")
    return work(b, "after").end("done")


def _modified() -> Builder:
    b = (
        work(bpmn("chaos_modified").start("start"), "before")
        .exclusive("which")
        .when("= n > 100")
        .user_task("right_way")
    )
    return b.end("done").otherwise(at="which").user_task("wrong_way").end("unreached")


def _doomed() -> Builder:
    """Waits, with an instance that it has called, until it is deleted."""
    b = work(bpmn("chaos_doomed").start("start"), "before").call_activity("call", SLEEPER, ins={"token": "token"})
    b = b.end("unreached").boundary("asleep", on="call", escalation="ASLEEP", interrupting=False)
    return b.user_task("doomed").end("neither")


def sleeper() -> Builder:
    """Called, says that it is there, and waits for ever."""
    b = bpmn(SLEEPER).start("start").throw("say", escalation="ASLEEP")
    return b.receive_task("sleep", message="nobody-${token}").end("unreached")


def _wrong() -> Builder:
    """A condition that cannot be evaluated: somebody has to set the variable and to say: again."""
    b = work(bpmn("chaos_wrong").start("start"), "before").exclusive("wrong").when("${corrected > 1}").end("done")
    return b.otherwise(at="wrong").end("unreached")


def _big() -> Builder:
    """A value that Temporal does not carry itself, and one that a partner gets with a message."""
    b = bpmn(BIG).start("start").user_task("look")
    b = work(put(b, "longer", "bigger", 'big + "!"'), "carry").exclusive("right")
    return (
        b.when("= string length(bigger) = string length(big) + 1").end("done").otherwise(at="right").end("wrong_size")
    )


def _long() -> Builder:
    """Many rounds of everything that waits."""
    b = put(bpmn("chaos_long").start("start"), "zero", "round", "0").exclusive("back")
    b = work(put(b, "count", "round", "round + 1"), "step").service_task("parcel", topic="chaos_ship")
    b = b.catch("breath", timer="PT0.1S").exclusive("again").when("= round < 8").to("back")
    return b.otherwise(at="again").end("done")


OPERATED: Final = (
    Scene(MOVING, _moving(), weight=2),
    Scene("chaos_modified", _modified()),
    Scene("chaos_doomed", _doomed()),
    Scene("chaos_wrong", _wrong()),
    Scene(BIG, _big()),
    Scene("chaos_long", _long(), weight=2),
)
