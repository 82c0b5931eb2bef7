"""What a model says in a vendor's extensions and the engine does not read: told, so that nothing is silently lost.

The tables are the engine's own vocabulary: which extension attribute is read on which BPMN elements, and which
element in whose `extensionElements`. Whatever of Camunda's family or of Zeebe is not there is a finding, misspelled
names too. What only concerns a drawing or a modeler is left alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from interpreter.bpmn.document import Node
from interpreter.bpmn.lint.graph import Graph, described
from interpreter.bpmn.lint.rules import Report
from interpreter.bpmn.namespaces import CAMUNDA_FAMILY, ZEEBE, split

_TASKS: Final = (
    "task manualTask userTask scriptTask serviceTask sendTask receiveTask businessRuleTask callActivity "
    "globalTask globalManualTask globalUserTask globalScriptTask globalBusinessRuleTask"
)
_SCOPES: Final = "subProcess transaction adHocSubProcess"
_EVENTS: Final = "startEvent endEvent intermediateThrowEvent intermediateCatchEvent boundaryEvent"
_GATEWAYS: Final = "exclusiveGateway parallelGateway inclusiveGateway complexGateway eventBasedGateway"
_NODES: Final = f"{_TASKS} {_SCOPES} {_EVENTS} {_GATEWAYS}"
_WORK: Final = (
    "serviceTask sendTask businessRuleTask globalBusinessRuleTask messageEventDefinition "
    "intermediateThrowEvent endEvent"
)
_USER: Final = "userTask globalUserTask"
_FORM: Final = f"{_USER} startEvent"
_EXPRESSIONS: Final = (
    "conditionExpression condition completionCondition loopCardinality loopCondition activationCondition"
)


def _table(text: str) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for line in text.strip().splitlines():
        names, _, tags = line.partition(":")
        for name in names.split():
            found[name] = found.get(name, frozenset()) | frozenset(tags.split())
    return found


_ATTRIBUTES: Final = _table(
    f"""
    candidateStarterGroups candidateStarterUsers historyTimeToLive isStartableInTasklist versionTag: process
    jobPriority taskPriority: process
    asyncBefore asyncAfter async exclusive jobPriority: {_NODES}
    asyncBefore asyncAfter async exclusive collection elementVariable: multiInstanceLoopCharacteristics
    initiator: startEvent
    formKey formRef formRefBinding formRefVersion: {_FORM}
    assignee owner candidateUsers candidateGroups dueDate followUpDate priority: {_USER}
    class delegateExpression expression type topic taskPriority: {_WORK}
    resultVariable: {_WORK} scriptTask globalScriptTask
    resource: scriptTask globalScriptTask {_EXPRESSIONS}
    decisionRef decisionRefBinding decisionRefVersion decisionRefVersionTag: businessRuleTask globalBusinessRuleTask
    mapDecisionResult: businessRuleTask globalBusinessRuleTask
    calledElementBinding calledElementVersion calledElementVersionTag calledElementTenantId: callActivity
    errorMessage: error
    errorCodeVariable errorMessageVariable: errorEventDefinition
    escalationCodeVariable: escalationEventDefinition
    variableName variableEvents: conditionalEventDefinition
    async: signalEventDefinition
    """
)
"""Attributes of Camunda's family that the engine reads, and where. `exclusive` asks for what holds anyway: an instance
never does two things at once."""

_TOLD_ELSEWHERE: Final = frozenset(
    {"caseRef", "formHandlerClass", "variableMappingClass", "variableMappingDelegateExpression"}
)
"""Attributes that other rules speak of (exec-case, exec-code)."""

_ELEMENTS: Final = _table(
    f"""
    executionListener: {_NODES} process sequenceFlow
    taskListener: {_USER}
    inputOutput: {_NODES}
    in: callActivity signalEventDefinition messageEventDefinition sendTask
    out: callActivity
    failedJobRetryTimeCycle: {_NODES} multiInstanceLoopCharacteristics
    connector field errorEventDefinition: {_WORK}
    properties: {_NODES} process sequenceFlow participant lane laneSet dataObjectReference dataStoreReference
    formData: {_FORM}
    """
)
"""Likewise elements. Properties are handed to workers; anywhere else they are notes."""

_ZEEBE: Final = _table(
    f"""
    taskDefinition: {_TASKS} {_SCOPES} messageEventDefinition intermediateThrowEvent endEvent
    taskHeaders: {_NODES}
    ioMapping: {_NODES}
    subscription: message
    publishMessage: sendTask intermediateThrowEvent endEvent
    loopCharacteristics: multiInstanceLoopCharacteristics
    calledElement: callActivity
    calledDecision: businessRuleTask globalBusinessRuleTask
    script: scriptTask globalScriptTask
    assignmentDefinition taskSchedule priorityDefinition userTask taskListeners: {_USER}
    formDefinition: {_FORM}
    executionListeners: {_NODES} process
    jobPriorityDefinition: {_NODES} process
    versionTag: process
    adHoc: adHocSubProcess
    conditionalFilter: conditionalEventDefinition
    properties: {_NODES} process sequenceFlow participant lane laneSet message dataObjectReference
    """
)

_DRAWING: Final = frozenset(
    {
        *("modelerTemplate", "modelerTemplateVersion", "modelerTemplateIcon", "diagramRelationId", "link", "category"),
        *("rotation", "sourceDockerX", "sourceDockerY", "targetDockerX", "targetDockerY"),
    }
)
"""For people and modelers: nothing to execute."""


def check_ignored(graph: Graph, report: Report) -> None:
    """Extensions without effect, of what is executed: executable processes, global tasks, messages, errors."""
    for node in _executed(graph):
        for name in _attributes(node):
            if name not in _DRAWING and name not in _TOLD_ELSEWHERE and node.tag not in _ATTRIBUTES.get(name, ()):
                _tell(report, node, name)
        for namespace, name in _elements(node):
            table = _ZEEBE if namespace == ZEEBE else _ELEMENTS
            if name not in _DRAWING and node.tag not in table.get(name, ()):
                _tell(report, node, name)


def _tell(report: Report, node: Node, name: str) -> None:
    report(
        "exec-ignored-extension",
        node,
        f"Expected extensions of {described(node)} that have an effect but {name!r} is ignored.",
    )


def _executed(graph: Graph) -> Iterator[Node]:
    document = graph.document
    for root in document.root.children():
        if root.tag == "process" and not root.boolean("isExecutable"):
            continue
        if root.tag in ("process", "message", "error", "signal", "escalation") or root.tag.startswith("global"):
            for element in root.element.iter("{*}*"):
                node = Node(document, element)
                if node.is_bpmn:
                    yield node


def _attributes(node: Node) -> Iterator[str]:
    seen: dict[str, None] = {}
    for key in node.element.attrib:
        namespace, name = split(str(key))
        if namespace in CAMUNDA_FAMILY or namespace == ZEEBE:
            seen[name] = None
    yield from seen


def _elements(node: Node) -> Iterator[tuple[str, str]]:
    seen: dict[tuple[str, str], None] = {}
    for holder in node.children("extensionElements"):
        for child in holder.element.iterchildren("{*}*"):
            namespace, name = split(str(child.tag))
            if namespace in CAMUNDA_FAMILY or namespace == ZEEBE:
                seen[namespace, name] = None
    yield from seen
