"""Compensation events (BPMN 2.0.2, 10.6): thrown by intermediate and end events; caught by a boundary event with its
handler or by an event subprocess. What runs when is in `interpreter.compensation`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from interpreter import compensation
from interpreter.definition import FlowNode, Spec
from interpreter.features import COMPENSATION_ALWAYS_WAITS
from interpreter.triggers.trigger import Trigger

if TYPE_CHECKING:
    from interpreter.bpmn.document import Node
    from interpreter.elements.reading import Reader
    from interpreter.machine import Machine
    from interpreter.state import Element


@dataclass(frozen=True, slots=True)
class CompensationSpec(Spec):
    """`activity`: only this one (None: everything in the scope). `wait`: the thrower goes on when all is undone."""

    activity: str | None = None
    wait: bool = True


def read(definition: Node, reader: Reader) -> CompensationSpec:
    activity = definition.ref("activityRef")
    return CompensationSpec(
        None if activity is None else activity.id, definition.boolean("waitForCompletion", default=True)
    )


class CompensationTrigger(Trigger):
    def throw(self, m: Machine, element: Element, node: FlowNode, spec: Spec) -> bool:
        assert isinstance(spec, CompensationSpec)
        if not spec.wait and not m.state.has(COMPENSATION_ALWAYS_WAITS):
            compensation.start_all(m, element, compensation.records_for(m, element, spec.activity))
            return True
        compensation.throw(m, element, spec.activity)
        return False
