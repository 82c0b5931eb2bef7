"""Exclusive gateway (BPMN 2.0.2, 13.4.2): the first flow, in document order, whose condition is true; otherwise the
default."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interpreter import expressions, lifecycle
from interpreter.definition import FlowNode, SequenceFlow
from interpreter.elements.behavior import Behavior
from interpreter.failures import Failure

if TYPE_CHECKING:
    from interpreter.machine import Machine
    from interpreter.state import Element


class ExclusiveGatewayBehavior(Behavior):
    def execute(self, m: Machine, element: Element, node: FlowNode) -> None:
        lifecycle.complete(m, element, node)

    def choose(self, m: Machine, element: Element, node: FlowNode) -> tuple[SequenceFlow, ...]:
        """The one flow that is taken."""
        for flow in node.out:
            if flow.id == node.default:
                continue
            if flow.condition is None or expressions.condition(
                m, flow.condition, element.key, f"sequence flow {flow.id!r}"
            ):
                return (flow,)
        if node.default is not None:
            return (m.flows[node.default],)
        if not node.out:
            return ()
        raise Failure(
            f"Expected a sequence flow of {node.id!r} whose condition is true, or a default flow, but there was none.",
            "condition",
        )
