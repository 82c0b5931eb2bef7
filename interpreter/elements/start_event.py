"""Start event (BPMN 2.0.2, 10.5.2): by the time it is activated, what it is about has happened; of a parallel multiple
start event of the process only one event definition, and the others are waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interpreter import catching, lifecycle
from interpreter.elements.behavior import Behavior

if TYPE_CHECKING:
    from interpreter.definition import FlowNode
    from interpreter.machine import Machine
    from interpreter.state import Element


class StartEventBehavior(Behavior):
    def execute(self, m: Machine, element: Element, node: FlowNode) -> None:
        if node.parallel_multiple and len(node.triggers) > 1 and element.scope == 1:
            happened: int = (m.state.elements[1].data or {}).get("trigger", 0)
            rest = [t for index, t in enumerate(node.triggers) if index != happened]
            catching.subscribe_to(m, element, node, rest)
        else:
            lifecycle.complete(m, element, node)
