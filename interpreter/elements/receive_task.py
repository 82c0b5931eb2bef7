"""Receive task (BPMN 2.0.2, 10.3.3): waits for its message; without one, for somebody to say that it is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from interpreter import catching, jobs
from interpreter.definition import FlowNode, Spec
from interpreter.elements.behavior import Behavior
from interpreter.triggers.message import MessageSpec
from interpreter.waits import OpenWait

if TYPE_CHECKING:
    from interpreter.bpmn.document import Node
    from interpreter.elements.reading import Reader
    from interpreter.machine import Machine
    from interpreter.state import Element
    from interpreter.waits import Wait


@dataclass(frozen=True, slots=True)
class ReceiveTask(Spec):
    """The message is the node's trigger (none: waits for a command). `instantiating`: it may start the process."""

    instantiating: bool = False


def read(node: Node, reader: Reader) -> ReceiveTask:
    return ReceiveTask(node.boolean("instantiate"))


def read_trigger(node: Node, reader: Reader) -> MessageSpec | None:
    """The message of a receive task as an event definition."""
    message = node.ref("messageRef")
    if message is None:
        return None
    subscription = message.zeebe("subscription")
    key = None if subscription is None else reader.zeebe(subscription.attr("correlationKey"))
    return MessageSpec(reader.value(message.name or message.id), key)


class ReceiveTaskBehavior(Behavior):
    def execute(self, m: Machine, element: Element, node: FlowNode) -> None:
        if node.triggers:
            catching.subscribe(m, element, [node])
        else:
            m.open_wait(OpenWait(m.new_key(), element.key, node.id, "receive"))

    def wait_done(self, m: Machine, element: Element, node: FlowNode, wait: Wait, command: Any) -> None:
        m.push("complete", element.key)
        jobs.accept(m, element, node, command.variables, command.local_variables)
