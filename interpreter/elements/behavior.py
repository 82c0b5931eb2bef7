"""What a kind of flow node does. One subclass per kind, one object per subclass, in `elements.table`.

The machine calls, in this order:

    arrive(flow)      only when `joins`: a token came on `flow`; activate when enough have come
    execute           the element instance is active, its inputs are set, its boundary events are subscribed
    wait_done         a wait that it opened was completed by a command
    triggered         an event that it subscribed to happened
    scope_done        nothing is left inside it (scopes only)

and expects that execute or one of its successors either leaves a wait open, or calls `lifecycle.complete`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from interpreter import lifecycle
from interpreter.values import VariableValue

if TYPE_CHECKING:
    from interpreter.definition import FlowNode, SequenceFlow
    from interpreter.machine import Machine
    from interpreter.state import Element
    from interpreter.waits import Wait


class Behavior:
    """Pass through: what task, manual task and none events do."""

    joins = False
    always_chooses = False
    """Whether even a single unconditional outgoing flow may not be taken."""

    def execute(self, m: Machine, element: Element, node: FlowNode) -> None:
        lifecycle.complete(m, element, node)

    def arrive(self, m: Machine, node: FlowNode, scope: Element, flow: str) -> None:
        raise AssertionError(f"{node.kind} does not join")

    def wait_done(self, m: Machine, element: Element, node: FlowNode, wait: Wait, command: Any) -> None:
        raise AssertionError(f"{node.kind} has no wait that can be completed")

    def triggered(self, m: Machine, element: Element, node: FlowNode, wait: Wait) -> None:
        m.push("complete", element.key)

    def scope_done(self, m: Machine, element: Element, node: FlowNode) -> None:
        raise AssertionError(f"{node.kind} is not a scope")

    def choose(self, m: Machine, element: Element, node: FlowNode) -> Sequence[SequenceFlow]:
        """The outgoing flows that are taken."""
        return lifecycle.conditional_flows(m, element, node)

    def try_join(self, m: Machine, node: FlowNode, scope: Element) -> bool:
        """Activate a join whose readiness depends on the rest of the scope; True when it was."""
        return False

    def triggered_at(
        self, m: Machine, element: Element, target: FlowNode, wait: Wait, values: Mapping[str, VariableValue]
    ) -> None:
        raise AssertionError(f"{m.nodes[element.node].kind} has no events behind it")

    def compensated(self, m: Machine, element: Element, node: FlowNode) -> None:
        raise AssertionError(f"{node.kind} does not throw compensation")

    def throw_rest(self, m: Machine, element: Element, node: FlowNode, index: int) -> None:
        raise AssertionError(f"{node.kind} throws nothing")

    def ended(self, m: Machine, element: Element) -> None:
        raise AssertionError("only a process ends")

    def inner_completing(self, m: Machine, element: Element, node: FlowNode, inner: Element) -> None:
        """Something inside the scope `element` is about to complete."""

    def inner_completed(self, m: Machine, element: Element, node: FlowNode) -> None:
        raise AssertionError(f"{node.kind} does not look at what completes inside it")

    def child_completed(self, m: Machine, element: Element, node: FlowNode, values: dict[str, Any]) -> None:
        raise AssertionError(f"{node.kind} calls nothing")

    def bring_back(self, m: Machine, element: Element, node: FlowNode, values: dict[str, Any]) -> None:
        raise AssertionError(f"{node.kind} calls nothing")
