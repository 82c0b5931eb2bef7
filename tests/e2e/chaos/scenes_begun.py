"""Scenes of events: multiple and parallel multiple ones, and every way in which an event begins an instance.

What begins an instance is named as its process; a second message that belongs to it is named `told-...` and is given
to the instance by the client.
"""

from __future__ import annotations

from typing import Final

from interpreter.bpmn.builder import Builder, bpmn
from interpreter.bpmn.parts import el, escalation, message, signal, timer
from tests.e2e.chaos.stage import Scene, work

TIMED: Final = "chaos_timed"
#: So often the clock begins an instance of a timed process.
RINGS: Final = 3
#: Messages whose name does not say for which instance they are.
SHARED: Final = frozenset({"told-pair", "told-double"})


def _multiple() -> Builder:
    """Multiple and parallel multiple events in every position but the start of the process."""
    b = bpmn("chaos_multiple").start("start")
    b = b.catch("both", events=[message("told-left-${token}"), message("told-right-${token}")], parallel_multiple=True)
    either = [message("told-either-${token}"), signal("heard-either-${token}"), timer("PT10H")]
    b = b.catch("either", events=either).subprocess("watched").start("in").user_task("forever").end("out").up()
    b = b.boundary("alarm", events=[message("told-alarm-${token}"), signal("heard-alarm-${token}")])
    b = b.throw("shout", events=[signal("nobody-listens"), escalation("NOTE")])
    b = b.subprocess("guarded").start("g_in").user_task("forever2").end("g_out")
    b = b.event_subprocess("both_bells").start(
        "bells", events=[message("told-bell-${token}"), message("told-gong-${token}")], parallel_multiple=True
    )
    b = work(b, "run").end("safe").up().up()
    b = b.user_task("forever3").end("unreached").at("watched").end("not_here")
    two = [message("told-one-${token}"), message("told-two-${token}")]
    b = b.boundary("twice", on="forever3", events=two, parallel_multiple=True)
    return b.end("done", events=[signal("nobody-listens"), escalation("NOTE")])


def _inbox() -> Builder:
    """A receive task begins it."""
    return work(bpmn("chaos_inbox").apart().receive_task("got", message="chaos_inbox", instantiate=True), "open").end(
        "done"
    )


def _choice() -> Builder:
    """An event-based gateway begins it."""
    b = bpmn("chaos_choice").apart().event_based("first", instantiate=True).catch("mail", message="chaos_choice")
    b = work(b, "read").end("done").branch(at="first").catch("other", message="chaos_never")
    return b.end("unreached")


def _pair() -> Builder:
    """A parallel event-based gateway begins it: the second message goes to the same instance."""
    b = bpmn("chaos_pair").apart().event_based("all", instantiate=True, all=True)
    b = b.catch("mail", message="chaos_pair").end("a").branch(at="all").catch("too", message="told-pair")
    return work(b, "both").end("b")


def _mail() -> Builder:
    """A message start event among others."""
    b = bpmn("chaos_mail").start("mail", events=[message("chaos_mail"), signal("chaos-mail")])
    return work(b, "sort").user_task("file").end("done")


def _double() -> Builder:
    """A parallel multiple start event: begun by the first message, goes on with the second."""
    events = [message("chaos_double"), message("told-double")]
    return work(bpmn("chaos_double").start("mails", events=events, parallel_multiple=True), "merge").end("done")


def _condition() -> Builder:
    """A conditional start event."""
    return work(bpmn("chaos_condition").start("when", condition='= wanted = "chaos"'), "react").end("done")


def _waker() -> Builder:
    """Its signal begins another process, which answers with a signal."""
    told = (el("camunda:in", source="token", target="token"), el("camunda:in", source="n", target="n"))
    b = bpmn("chaos_waker").start("start").parallel("fork").catch("awake", signal="awake-${token}").parallel("join")
    return (
        b.branch(at="fork")
        .throw("wake", signal=signal("chaos-wake", extensions=told))
        .to("join")
        .at("join")
        .end("done")
    )


def _woken() -> Builder:
    b = work(bpmn("chaos_woken").start("alarm", signal="chaos-wake"), "stretch")
    return b.end("up", signal="awake-${token}")


def timed(number: int) -> Builder:
    """Begun by the clock, so often as its cycle says."""
    b = bpmn(f"{TIMED}_{number}").start("tick", timer=f"R{RINGS}/PT2S")
    return work(b, "wind").end("done")


#: What the client begins.
BEGUN: Final = (
    Scene("chaos_multiple", _multiple(), weight=2),
    Scene("chaos_inbox", _inbox(), begin="message"),
    Scene("chaos_choice", _choice(), begin="message"),
    Scene("chaos_pair", _pair(), begin="message"),
    Scene("chaos_mail", _mail(), begin="message"),
    Scene("chaos_double", _double(), begin="message"),
    Scene("chaos_condition", _condition(), begin="condition"),
    Scene("chaos_waker", _waker(), steady=True),
)
#: What a signal begins.
WOKEN: Final = _woken()
