"""Complex gateway (BPMN 2.0.2, 13.4.5): joins by a condition of its own over the tokens that came.

Waiting for start: when the activation condition is true, one token of each incoming flow that has one is consumed,
and the outgoing flows whose condition is true are taken. Waiting for reset: the flows that had no token then are
waited for like at an inclusive join; then the outgoing conditions are looked at once more, and none need be true; a
flow without one is not taken again. `activationCount` is the number of tokens that wait, and the id of each incoming
flow stands for the tokens on it; `waitingForStart` tells outgoing conditions which phase it is. Without an activation
condition it joins like an inclusive gateway.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from interpreter import expressions, joins, lifecycle, variables
from interpreter.definition import Expression, FlowNode, SequenceFlow, Spec
from interpreter.elements.behavior import Behavior

if TYPE_CHECKING:
    from interpreter.bpmn.document import Node
    from interpreter.elements.reading import Reader
    from interpreter.machine import Machine
    from interpreter.state import Element


@dataclass(frozen=True, slots=True)
class ComplexGateway(Spec):
    activation: Expression | None = None


def read(node: Node, reader: Reader) -> ComplexGateway:
    return ComplexGateway(reader.formal(node.child("activationCondition")))


class ComplexGatewayBehavior(Behavior):
    joins = True
    always_chooses = True

    def arrive(self, m: Machine, node: FlowNode, scope: Element, flow: str) -> None:
        joins.arrived(m, node, scope)

    def try_join(self, m: Machine, node: FlowNode, scope: Element) -> bool:
        spec = node.spec
        assert isinstance(spec, ComplexGateway)
        place = f"complex:{node.id}"
        seen: list[str] | None = (scope.data or {}).get(place)
        marked = [f for f in node.incoming if f in scope.tokens]
        if seen is None:
            if not marked:
                return False
            if spec.activation is None:
                if joins.is_blocked(m, node, scope, marked):
                    return False
            elif not self._is_active(m, node, spec.activation, scope):
                return False
            rest = [f for f in node.incoming if f not in marked]
            if spec.activation is not None and rest:
                m.note(scope.key, **{place: marked})
            self._activate(m, node, scope, marked, True)
            return True
        late = [f for f in marked if f not in seen]
        if len(late) < len(node.incoming) - len(seen) and joins.is_blocked(m, node, scope, [*seen, *late]):
            return False
        m.note(scope.key, **{place: None})
        if not late:
            return False
        self._activate(m, node, scope, late, False)
        return True

    def _is_active(self, m: Machine, node: FlowNode, condition: Expression, scope: Element) -> bool:
        counts: dict[str, Any] = {f: scope.tokens.get(f, 0) for f in node.incoming}
        counts["activationCount"] = sum(counts.values())
        return expressions.condition(m, condition, scope.key, f"the activation of {node.id!r}", counts)

    def _activate(self, m: Machine, node: FlowNode, scope: Element, flows: list[str], starting: bool) -> None:
        element = m.state.counter
        # The gateway is entered in two moves, because its outgoing conditions see which phase it is in.
        from interpreter import events as ev

        m.emit(ev.ElementActivated(element, node.id, scope.key, flows[0], joined=tuple(flows[1:])))
        variables.set_local(m, element, "waitingForStart", starting)
        m.push("enter", element)

    def choose(self, m: Machine, element: Element, node: FlowNode) -> Sequence[SequenceFlow]:
        if not node.out:
            return ()
        if variables.lookup(m.state, element.key, "waitingForStart") is not False:
            return lifecycle.conditional_flows(m, element, node)
        # Reset: a flow without a condition has none that could be true again.
        return [
            flow
            for flow in node.out
            if flow.condition is not None
            and flow.id != node.default
            and expressions.condition(m, flow.condition, element.key, f"sequence flow {flow.id!r}")
        ]
