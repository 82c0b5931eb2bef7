"""What an event definition can do, whatever the position it stands in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interpreter.definition import Expression, FlowNode, Spec

if TYPE_CHECKING:
    from interpreter.machine import Machine
    from interpreter.state import Element
    from interpreter.waits import ConditionWait, TimerWait, Wait


class Trigger:
    """Base of the behaviours in `triggers.table`."""

    def subscription(self, m: Machine, element: int, node: FlowNode, spec: Spec) -> Wait | None:
        """The wait (with key 0) that catches the event at `element` for `node`; None when it is caught by other
        means."""
        return None

    def throw(self, m: Machine, element: Element, node: FlowNode, spec: Spec) -> bool:
        """Throw the event. False when the thrower must not complete now: it was ended, or goes on later."""
        raise AssertionError(f"{type(self).__name__} cannot be thrown")

    def following(self, m: Machine, wait: TimerWait) -> TimerWait | None:
        """The next wait of a repeating timer."""
        raise AssertionError(f"{type(self).__name__} does not repeat")

    def condition_of(self, node: FlowNode, wait: ConditionWait) -> Expression:
        """The condition that `wait` is about."""
        raise AssertionError(f"{type(self).__name__} has no condition")
