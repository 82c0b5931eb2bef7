"""Send task (BPMN 2.0.2, 10.3.3): a service task that says what it is for; without an implementation it publishes its
message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from interpreter import jobs, lifecycle
from interpreter.definition import FlowNode, Spec
from interpreter.elements.service_task import WorkBehavior
from interpreter.triggers.message import MessageSpec, MessageTrigger, read_message

if TYPE_CHECKING:
    from interpreter.bpmn.document import Node
    from interpreter.elements.reading import Reader
    from interpreter.machine import Machine
    from interpreter.state import Element


@dataclass(frozen=True, slots=True)
class SendTask(Spec):
    """Either `work` or `message`."""

    work: jobs.Work | None = None
    message: MessageSpec | None = None


def read(node: Node, reader: Reader) -> SendTask:
    work = jobs.read_work(node, reader)
    if work is not None:
        return SendTask(work)
    message = node.ref("messageRef")
    if message is None:
        return SendTask(jobs.default_work(node))
    return SendTask(None, read_message(node, node, message, None, reader))


class SendTaskBehavior(WorkBehavior):
    def work_of(self, node: FlowNode) -> jobs.Work:
        assert isinstance(node.spec, SendTask)
        assert node.spec.work is not None
        return node.spec.work

    def execute(self, m: Machine, element: Element, node: FlowNode) -> None:
        assert isinstance(node.spec, SendTask)
        if node.spec.message is not None:
            MessageTrigger().throw(m, element, node, node.spec.message)
            lifecycle.complete(m, element, node)
        else:
            super().execute(m, element, node)
