"""Intermediate catch event (BPMN 2.0.2, 10.5.4): subscribes to its event definitions and waits. A link is the target
of a goto."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interpreter import catching, lifecycle
from interpreter.definition import FlowNode
from interpreter.elements.behavior import Behavior
from interpreter.triggers import link

if TYPE_CHECKING:
    from interpreter.machine import Machine
    from interpreter.state import Element


class IntermediateCatchEventBehavior(Behavior):
    def execute(self, m: Machine, element: Element, node: FlowNode) -> None:
        if not node.triggers or isinstance(node.triggers[0], link.LinkSpec):
            lifecycle.complete(m, element, node)
        else:
            catching.subscribe(m, element, [node])
