"""Inclusive gateway (BPMN 2.0.2, 13.4.3): as a split, every flow whose condition is true; as a join, it waits for the
tokens that can still come.

The join is ready when some incoming flow has a token, and every token elsewhere in the scope that can reach an empty
incoming flow (without passing the gateway) can also reach one that has a token already. Tokens move and vanish in
many ways, so the join is looked at whenever something in its scope has moved and nothing more is to do
(`joins.recheck`). Camunda 7 looks only when a token arrives (feature inclusive_on_arrival).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from interpreter import joins, lifecycle
from interpreter.definition import FlowNode, SequenceFlow
from interpreter.elements.behavior import Behavior

if TYPE_CHECKING:
    from interpreter.machine import Machine
    from interpreter.state import Element


class InclusiveGatewayBehavior(Behavior):
    joins = True

    def arrive(self, m: Machine, node: FlowNode, scope: Element, flow: str) -> None:
        if len(node.incoming) == 1:
            lifecycle.start(m, node.id, scope.key, flow)
            return
        joins.arrived(m, node, scope)

    def try_join(self, m: Machine, node: FlowNode, scope: Element) -> bool:
        """Activate if the join is ready; True when it was."""
        return joins.try_inclusive(m, node, scope)

    def choose(self, m: Machine, element: Element, node: FlowNode) -> Sequence[SequenceFlow]:
        """Every flow whose condition is true; the default when there is none."""
        return lifecycle.conditional_flows(m, element, node)
