"""Parallel gateway (BPMN 2.0.2, 13.4.1): waits for one token on each incoming flow, consumes exactly these, takes all
outgoing flows.

Camunda 7 (feature join_counts_tokens): as many tokens as incoming flows are enough, whichever flows they came by.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from interpreter import lifecycle
from interpreter.definition import FlowNode, SequenceFlow
from interpreter.elements.behavior import Behavior
from interpreter.features import JOIN_COUNTS_TOKENS

if TYPE_CHECKING:
    from interpreter.machine import Machine
    from interpreter.state import Element


class ParallelGatewayBehavior(Behavior):
    joins = True

    def arrive(self, m: Machine, node: FlowNode, scope: Element, flow: str) -> None:
        tokens = scope.tokens
        incoming = node.incoming
        if len(incoming) == 1:
            lifecycle.start(m, node.id, scope.key, flow)
            return
        if all(f in tokens for f in incoming):
            consumed = incoming
        elif m.state.has(JOIN_COUNTS_TOKENS) and sum(tokens.get(f, 0) for f in incoming) >= len(incoming):
            consumed = tuple([f for f in incoming for _ in range(tokens.get(f, 0))])[: len(incoming)]
        else:
            m.touch(scope)
            return
        lifecycle.activate(m, node, scope.key, consumed[0], consumed[1:])

    def choose(self, m: Machine, element: Element, node: FlowNode) -> tuple[SequenceFlow, ...]:
        """All flows, whatever their conditions say."""
        return node.out
