"""Timer events (BPMN 2.0.2, 10.5.1): a date, a duration or a cycle (ISO 8601 repeating interval, or cron with seconds).

The text is evaluated once, when the timer starts. A cycle repeats only where the event may happen more than once
(non-interrupting); repetitions are computed from the instant for which the last one was scheduled.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from interpreter import calendar, expressions
from interpreter.definition import Expression, FlowNode, Spec
from interpreter.failures import Failure
from interpreter.triggers.trigger import Trigger
from interpreter.values import Millis
from interpreter.waits import TimerWait, Wait

if TYPE_CHECKING:
    from interpreter.bpmn.document import Node
    from interpreter.elements.reading import Reader
    from interpreter.machine import Machine


@dataclass(frozen=True, slots=True)
class TimerSpec(Spec):
    """`kind`: timeDate, timeDuration or timeCycle."""

    kind: str = "timeDuration"
    value: Expression | None = None


def read(definition: Node, reader: Reader) -> TimerSpec:
    for kind in ("timeDate", "timeDuration", "timeCycle"):
        child = definition.child(kind)
        if child is not None:
            return TimerSpec(kind, reader.value(child.text.strip(), language=child.attr("language")))
    reader.problem(definition, "Expected a date, a duration or a cycle in the timer but there was none.")
    return TimerSpec()


class TimerTrigger(Trigger):
    def subscription(self, m: Machine, element: int, node: FlowNode, spec: Spec) -> Wait:
        assert isinstance(spec, TimerSpec)
        return schedule(m, element, node, spec)

    def following(self, m: Machine, wait: TimerWait) -> TimerWait | None:
        if wait.repeats_left == 0 or not wait.spec:
            return None
        due = calendar.following(wait.spec, wait.due)
        if due is None:
            return None
        return replace(wait, key=m.new_key(), due=due, repeats_left=max(-1, wait.repeats_left - 1))


def of_node(node: FlowNode) -> TimerSpec:
    """The timer of an event."""
    return next(t for t in node.triggers if isinstance(t, TimerSpec))


def schedule(m: Machine, element: int, node: FlowNode, spec: TimerSpec, since: Millis | None = None) -> TimerWait:
    """The first wait of a timer, with key 0. Durations and cycles count from `since`: now, unless it is given."""
    since = m.now if since is None else since
    what = f"the timer of {node.id!r}"
    value = None if spec.value is None else expressions.plain(expressions.evaluate(m, spec.value, element))
    if isinstance(value, int) and not isinstance(value, bool):
        return TimerWait(0, element, node.id, value)
    if not isinstance(value, str) or not value.strip():
        raise Failure(f"Expected {what} to be a date, a duration or a cycle but it was {value!r:.80}.", "timer")
    text = value.strip()
    try:
        if spec.kind == "timeCycle":
            cycle = calendar.first(text, since)
            if cycle is None:
                raise ValueError(f"{text!r} has no instant to come")
            due, repeats = cycle
            return TimerWait(0, element, node.id, due, text, repeats)
        return TimerWait(0, element, node.id, calendar.instant_or_period(text, since), text)
    except ValueError as error:
        raise Failure(f"Expected {what} to be a {spec.kind} but: {error}", "timer") from None
