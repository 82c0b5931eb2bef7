"""Terminate end event (BPMN 2.0.2, 13.5.6): ends the scope it stands in and everything inside it, nothing outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from interpreter import catching
from interpreter.definition import FlowNode, Spec
from interpreter.triggers.trigger import Trigger

if TYPE_CHECKING:
    from interpreter.bpmn.document import Node
    from interpreter.elements.reading import Reader
    from interpreter.machine import Machine
    from interpreter.state import Element


@dataclass(frozen=True, slots=True)
class TerminateSpec(Spec):
    pass


def read(definition: Node, reader: Reader) -> TerminateSpec:
    return TerminateSpec()


class TerminateTrigger(Trigger):
    def throw(self, m: Machine, element: Element, node: FlowNode, spec: Spec) -> bool:
        scope = m.state.elements[element.scope]
        catching.interrupt_scope(m, scope, keep=element.key, reason="terminated")
        return True
