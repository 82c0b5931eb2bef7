"""Service task (BPMN 2.0.2, 10.3.3): work for somebody outside, or an expression. See `interpreter.jobs`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from interpreter import jobs, lifecycle
from interpreter.definition import FlowNode, Spec
from interpreter.elements.behavior import Behavior

if TYPE_CHECKING:
    from interpreter.bpmn.document import Node
    from interpreter.elements.reading import Reader
    from interpreter.machine import Machine
    from interpreter.state import Element
    from interpreter.waits import Wait


@dataclass(frozen=True, slots=True)
class ServiceTask(Spec):
    work: jobs.Work


def read(node: Node, reader: Reader) -> ServiceTask:
    return ServiceTask(jobs.read_work(node, reader) or jobs.default_work(node))


class WorkBehavior(Behavior):
    """An activity whose work is a `jobs.Work`."""

    def work_of(self, node: FlowNode) -> jobs.Work:
        assert isinstance(node.spec, ServiceTask)
        return node.spec.work

    def execute(self, m: Machine, element: Element, node: FlowNode) -> None:
        if jobs.begin(m, element, node, self.work_of(node)):
            lifecycle.complete(m, element, node)

    def wait_done(self, m: Machine, element: Element, node: FlowNode, wait: Wait, command: Any) -> None:
        m.push("complete", element.key)
        jobs.done(m, element, node, self.work_of(node), command)
