"""Event-based gateway (BPMN 2.0.2, 10.6.6, 13.4.4): the first of the events behind it takes the token; the others are
withdrawn with it.

`parallel` (only where it starts the process): all events must happen, the first starts the instance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from interpreter import catching, variables
from interpreter import events as ev
from interpreter.definition import FlowNode, Spec
from interpreter.elements.behavior import Behavior
from interpreter.failures import Failure
from interpreter.values import VariableValue

if TYPE_CHECKING:
    from interpreter.bpmn.document import Node
    from interpreter.elements.reading import Reader
    from interpreter.machine import Machine
    from interpreter.state import Element
    from interpreter.waits import Wait


@dataclass(frozen=True, slots=True)
class EventBasedGateway(Spec):
    instantiating: bool = False
    parallel: bool = False


def read(node: Node, reader: Reader) -> EventBasedGateway:
    return EventBasedGateway(node.boolean("instantiate"), node.attr("eventGatewayType") == "Parallel")


class EventBasedGatewayBehavior(Behavior):
    def execute(self, m: Machine, element: Element, node: FlowNode) -> None:
        catching.subscribe(m, element, [m.nodes[f.target] for f in node.out])
        if not element.waits and element.key in m.state.elements:
            raise Failure(f"Expected events behind the gateway {node.id!r} but there were none.", "gateway")

    def triggered_at(
        self, m: Machine, element: Element, target: FlowNode, wait: Wait, values: Mapping[str, VariableValue]
    ) -> None:
        """The event `target` happened."""
        node = m.nodes[element.node]
        spec = node.spec
        if wait.key in m.state.waits:
            m.close_wait(wait.key, "triggered")
        parallel = isinstance(spec, EventBasedGateway) and spec.parallel
        flow = next(f for f in node.out if f.target == target.id)
        scope = m.state.elements[element.scope]
        if parallel:
            m.close_waits(element, "cancelled", node=target.id)
            last = not element.waits
        else:
            m.close_waits(element, "cancelled")
            last = True
        if last:
            m.emit(ev.ElementCompleted(element.key, node.id))
        start_target(m, scope, target, flow.id, values)


def start_target(m: Machine, scope: Element, target: FlowNode, flow: str, values: Mapping[str, VariableValue]) -> None:
    """Give the token to an event that has already happened: it is entered and completes without waiting."""
    m.emit(ev.SequenceFlowTaken(flow, scope.key))
    key = m.new_key()
    m.emit(ev.ElementActivated(key, target.id, scope.key, flow))
    m.note(key, happened=True)
    if values:
        variables.set_all(m, key, values, local=True)
    m.push("enter", key)
