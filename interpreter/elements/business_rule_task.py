"""Business rule task (BPMN 2.0.2, 10.3.3): a DMN decision by reference, or the same implementations as a service
task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from interpreter import decisions, jobs, lifecycle
from interpreter.definition import Expression, FlowNode, Spec
from interpreter.elements.service_task import WorkBehavior

if TYPE_CHECKING:
    from interpreter.bpmn.document import Node
    from interpreter.elements.reading import Reader
    from interpreter.machine import Machine
    from interpreter.state import Element


@dataclass(frozen=True, slots=True)
class BusinessRuleTask(Spec):
    work: jobs.Work


def read(node: Node, reader: Reader) -> BusinessRuleTask:
    reference = node.ext("decisionRef")
    if reference is not None:
        binding = node.ext("decisionRefBinding") or "latest"
        version = node.ext("decisionRefVersionTag") if binding == "versionTag" else node.ext("decisionRefVersion")
        return BusinessRuleTask(
            jobs.Work(
                "decision",
                reader.value(reference),
                result_variable=node.ext("resultVariable"),
                binding=binding,
                version=None if version is None else reader.value(version),
                map=node.ext("mapDecisionResult") or "resultList",
            )
        )
    called = node.zeebe("calledDecision")
    if called is not None:
        tag = called.attr("versionTag")
        return BusinessRuleTask(
            jobs.Work(
                "decision",
                reader.zeebe(called.attr("decisionId")) or Expression("literal", node.id or ""),
                result_variable=called.attr("resultVariable"),
                binding=called.attr("bindingType") or "latest",
                version=reader.zeebe(tag),
                map="zeebe",
            )
        )
    return BusinessRuleTask(jobs.read_work(node, reader) or jobs.default_work(node))


class BusinessRuleTaskBehavior(WorkBehavior):
    def work_of(self, node: FlowNode) -> jobs.Work:
        assert isinstance(node.spec, BusinessRuleTask)
        return node.spec.work

    def execute(self, m: Machine, element: Element, node: FlowNode) -> None:
        work = self.work_of(node)
        if work.kind == "decision" and m.decide is not None and decisions.decide_now(m, element, node, work):
            m.push("complete", element.key)
        elif jobs.begin(m, element, node, work):
            lifecycle.complete(m, element, node)
