"""Intermediate throw event and end event (BPMN 2.0.2, 10.5.3, 10.5.4): throw their event definitions in document
order, then complete.

An event definition may take over (an error goes to its catcher, a compensation waits); with several, the rest is
thrown when it comes back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from interpreter import catching, jobs, lifecycle
from interpreter.definition import FlowNode
from interpreter.elements.behavior import Behavior
from interpreter.triggers import cancel, message
from interpreter.triggers import table as triggers

if TYPE_CHECKING:
    from interpreter.machine import Machine
    from interpreter.state import Element
    from interpreter.waits import Wait


class ThrowEventBehavior(Behavior):
    def execute(self, m: Machine, element: Element, node: FlowNode) -> None:
        self._throw_from(m, element, node, 0)

    def _throw_from(self, m: Machine, element: Element, node: FlowNode, index: int) -> None:
        depth = len(m.stack)
        for position in range(index, len(node.triggers)):
            spec = node.triggers[position]
            if len(node.triggers) > 1:
                m.note(element.key, thrown=position)
            if not triggers.trigger_of(spec).throw(m, element, node, spec):
                return
        if m.changes or len(m.stack) > depth:
            # Whoever listens inside the instance goes first.
            m.stack.insert(depth, ("complete", element.key))
        else:
            lifecycle.complete(m, element, node)

    def wait_done(self, m: Machine, element: Element, node: FlowNode, wait: Wait, command: Any) -> None:
        self._go_on(m, element, node)
        for spec in node.triggers:
            if isinstance(spec, message.MessageSpec) and spec.work is not None:
                jobs.done(m, element, node, spec.work, command)

    def compensated(self, m: Machine, element: Element, node: FlowNode) -> None:
        """What this event threw compensation for is undone."""
        if any(isinstance(t, cancel.CancelSpec) for t in node.triggers):
            _leave_transaction(m, element)
        else:
            self._go_on(m, element, node)

    def _go_on(self, m: Machine, element: Element, node: FlowNode) -> None:
        """An event definition is done with: throw those after it."""
        position: int = (element.data or {}).get("thrown", len(node.triggers) - 1)
        if position + 1 < len(node.triggers):
            m.push("throw", element.key, position + 1)
        else:
            m.push("complete", element.key)

    def throw_rest(self, m: Machine, element: Element, node: FlowNode, index: int) -> None:
        """Throw the event definitions from `index` on."""
        self._throw_from(m, element, node, index)


def _leave_transaction(m: Machine, element: Element) -> None:
    transaction = m.state.elements[element.scope]
    if transaction.multi == "inner":
        transaction = m.state.elements[transaction.scope]
    node = m.nodes[transaction.node]
    scope = transaction.scope
    lifecycle.terminate(m, transaction, "cancelled")
    for boundary in node.boundary:
        event = m.nodes[boundary]
        if any(isinstance(t, cancel.CancelSpec) for t in event.triggers):
            catching.start_handler(m, event, scope)
            return
    lifecycle.look_at_scope(m, m.state.elements[scope])
