"""Cancel events (BPMN 2.0.2, 10.5.1, 13.5.4): the end event of a transaction interrupts it, compensates what it did,
and leaves by the cancel boundary event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from interpreter import catching, compensation
from interpreter.definition import FlowNode, Spec
from interpreter.failures import Failure
from interpreter.triggers.trigger import Trigger

if TYPE_CHECKING:
    from interpreter.bpmn.document import Node
    from interpreter.elements.reading import Reader
    from interpreter.machine import Machine
    from interpreter.state import Element


@dataclass(frozen=True, slots=True)
class CancelSpec(Spec):
    pass


def read(definition: Node, reader: Reader) -> CancelSpec:
    return CancelSpec()


class CancelTrigger(Trigger):
    def throw(self, m: Machine, element: Element, node: FlowNode, spec: Spec) -> bool:
        scope = m.state.elements[element.scope]
        if m.nodes[scope.node].kind != "transaction":
            raise Failure(
                f"Expected the cancel end event {node.id!r} directly in a transaction but it was not.", "cancel"
            )
        keys = compensation.records_for(m, element, None)
        catching.interrupt_scope(m, scope, keep=element.key)
        compensation.run(m, element, keys)
        return False
