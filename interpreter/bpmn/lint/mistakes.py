"""Layer 5, part 2: likely mistakes and style, one element at a time (ideas of bpmnlint and of practice)."""

from __future__ import annotations

import re
from typing import Final

from interpreter.bpmn.document import Node
from interpreter.bpmn.lint.flows import condition_of, is_default
from interpreter.bpmn.lint.graph import ACTIVITIES, EVENTS, GATEWAYS, SUBPROCESSES, Graph, Scope, described
from interpreter.bpmn.lint.rules import Report
from interpreter.bpmn.namespaces import BPMNDI, qualified

_CONSTANT: Final = re.compile(r"(?:=|[$#]\{)?\s*(true|false)\s*\}?", re.IGNORECASE)
_NAMED: Final = ACTIVITIES | EVENTS
_ROOT_REFERENCES: Final = {
    "message": "messageRef",
    "signal": "signalRef",
    "error": "errorRef",
    "escalation": "escalationRef",
}


def check_mistakes(graph: Graph, report: Report) -> None:
    """Findings on single elements."""
    for scope in graph.scopes:
        _duplicates(graph, report, scope)
        for node in scope.nodes:
            _flows(graph, report, node)
            _names(graph, report, node)
            if node.tag in SUBPROCESSES and not node.children() and node.tag != "adHocSubProcess":
                report("mistake-subprocess-blank", node, f"Expected content in {described(node)} but it is empty.")
            if node.tag == "userTask":
                _people(report, node)
            elif node.tag == "serviceTask":
                _retries(report, node)
            elif node.tag in ("boundaryEvent", "intermediateCatchEvent"):
                _cycle(graph, report, node)
        if any(node.tag == "endEvent" for node in scope.nodes):
            _dead_ends(graph, report, scope)
    _unused(graph, report)
    _errors(graph, report)
    diagrams = list(graph.document.root.element.iterchildren(qualified(BPMNDI, "BPMNDiagram")))
    if not diagrams and graph.document.processes():
        process = graph.document.processes()[0]
        report(
            "mistake-no-diagram", process, "Expected a diagram in the file but there is none.", "ostinato fmt --layout"
        )


def _duplicates(graph: Graph, report: Report, scope: Scope) -> None:
    seen: dict[tuple[Node, Node, str], Node] = {}
    for flow in scope.flows:
        source, target = graph.source.get(flow), graph.target.get(flow)
        if source is None or target is None:
            continue
        key = (source, target, condition_of(flow) or "")
        other = seen.setdefault(key, flow)
        if other is not flow:
            report(
                "mistake-duplicate-flow",
                flow,
                f"Expected one flow from {described(source)} to {described(target)} but {other.id!r} does the same.",
                "",
                [other],
            )


def _flows(graph: Graph, report: Report, node: Node) -> None:
    incoming, outgoing = graph.inflows(node), graph.outflows(node)
    if node.tag in ("exclusiveGateway", "inclusiveGateway") and len(outgoing) > 1:
        conditional = [flow for flow in outgoing if condition_of(flow) is not None]
        if len(conditional) == len(outgoing) and node.attr("default") is None:
            report(
                "mistake-no-default",
                node,
                f"Expected a default flow at {described(node)} but there is none.",
                "When no condition is true the process stops with an incident.",
            )
    for flow in outgoing:
        text = condition_of(flow)
        if text and _CONSTANT.fullmatch(text) and not is_default(flow, node):
            report(
                "mistake-condition-constant",
                flow,
                f"Expected the condition of {described(flow)} to depend on data but it is always {text!r}.",
            )
    if node.tag in GATEWAYS:
        if len(incoming) == 1 and len(outgoing) == 1:
            report(
                "mistake-superfluous-gateway",
                node,
                f"Expected {described(node)} to split or join but it has one flow in and one out.",
            )
        elif len(incoming) > 1 and len(outgoing) > 1:
            report(
                "mistake-join-and-fork",
                node,
                f"Expected {described(node)} to split or join but it does both.",
                "Two gateways are easier to read.",
            )
    elif node.tag in ACTIVITIES:
        if len(incoming) > 1:
            report(
                "mistake-implicit-join",
                node,
                f"Expected one incoming flow at {described(node)} but there are {len(incoming)}.",
                "It runs once for each token; a gateway says what is meant.",
            )
        if len(outgoing) > 1 and all(condition_of(flow) is None for flow in outgoing):
            report(
                "mistake-implicit-split",
                node,
                f"Expected one outgoing flow at {described(node)} but there are {len(outgoing)}.",
                "All are taken; a parallel gateway says so.",
            )


def _names(graph: Graph, report: Report, node: Node) -> None:
    diverges = node.tag in ("exclusiveGateway", "inclusiveGateway") and len(graph.outflows(node)) > 1
    if (node.tag in _NAMED or diverges) and not (node.name or "").strip() and not graph.is_event_subprocess(node):
        report("mistake-no-name", node, f"Expected a name on {described(node)} but there is none.")


def _people(report: Report, node: Node) -> None:
    if any(node.ext(name) for name in ("assignee", "candidateUsers", "candidateGroups")):
        return
    if node.zeebe("assignmentDefinition") is not None:
        return
    if node.child("humanPerformer") is not None or node.child("potentialOwner") is not None:
        return
    if node.child("performer") is not None or node.child("resourceRole") is not None:
        return
    report(
        "mistake-no-assignee",
        node,
        f"Expected an assignee or candidates on {described(node)} but there are none.",
        "Nobody finds the task in a filtered list.",
    )


def _retries(report: Report, node: Node) -> None:
    job = node.zeebe("taskDefinition")
    calls = node.ext("class") or node.ext("delegateExpression") or node.ext("expression") or node.ext_child("connector")
    by_job = job is not None and job.attr("retries") is None
    by_call = bool(calls) and node.ext_child("failedJobRetryTimeCycle") is None
    if by_job or by_call:
        report(
            "mistake-no-retries",
            node,
            f"Expected {described(node)} to say how often it is tried again but it does not.",
            "The default is three tries at once.",
        )


def _cycle(graph: Graph, report: Report, node: Node) -> None:
    if node.tag == "boundaryEvent" and not node.boolean("cancelActivity", True):
        return
    for definition in graph.definitions(node):
        cycle = definition.child("timeCycle")
        if cycle is not None and cycle.text.strip():
            report(
                "mistake-boundary-cycle",
                node,
                f"Expected a date or duration at {described(node)}, which fires once, but there is a cycle.",
            )


def _dead_ends(graph: Graph, report: Report, scope: Scope) -> None:
    for node in scope.nodes:
        if (
            node.tag == "endEvent"
            or graph.outflows(node)
            or graph.is_event_subprocess(node)
            or graph.is_compensation_handler(node)
            or node.tag == "boundaryEvent"
            or graph.is_link(node)
        ):
            continue
        report(
            "mistake-dead-end",
            node,
            f"Expected {described(node)} to lead to an end event but nothing follows it.",
        )


def _unused(graph: Graph, report: Report) -> None:
    used: set[str] = set()
    for node in graph.document.nodes():
        for attribute in ("messageRef", "signalRef", "errorRef", "escalationRef"):
            for holder in (node.ref(attribute), *node.refs(attribute)):
                if holder is not None and holder.id:
                    used.add(holder.id)
        for reference in ("inMessageRef", "outMessageRef"):
            used.update(target.id for target in node.refs(reference) if target.id)
        for definition in node.ext_children("errorEventDefinition"):
            used.add(definition.attr("errorRef") or "")
    for kind, reference in _ROOT_REFERENCES.items():
        for root in graph.document.root.children(kind):
            if root.id and root.id not in used:
                report("mistake-unused", root, f"Expected {described(root)} to be used but no {reference} names it.")


def _errors(graph: Graph, report: Report) -> None:
    """Errors that an end event throws and nothing in the process catches."""
    known: dict[tuple[Node, str], bool] = {}
    for scope, event in graph.nodes("endEvent"):
        for definition in graph.definitions(event):
            if definition.tag != "errorEventDefinition":
                continue
            error = definition.ref("errorRef")
            code = error.attr("errorCode") if error is not None else definition.attr("errorRef")
            if not code:
                continue
            if not _caught(graph, scope, code, known):
                report(
                    "mistake-error-unhandled",
                    event,
                    f"Expected error {code!r} of {described(event)} to be caught but nothing around it catches it.",
                    "A caller may catch it; otherwise the path just ends there (profile c7) or there is an incident.",
                )


def _caught(graph: Graph, scope: Scope, code: str, known: dict[tuple[Node, str], bool]) -> bool:
    """Whether a scope or one around it catches a code; ``known`` holds the answers for scopes looked at before."""
    looked: list[Scope] = []
    found = False
    current: Scope | None = scope
    while current is not None and not found:
        before = known.get((current.node, code))
        if before is not None:
            found = before
            break
        looked.append(current)
        found = any(
            _catches(graph, event, code)
            for event in (*graph.boundaries.get(current.node, []), *current.event_subprocess_starts)
        )
        current = current.outer
    for inner in looked:
        known[inner.node, code] = found
    return found


def _catches(graph: Graph, event: Node, code: str) -> bool:
    for definition in graph.definitions(event):
        if definition.tag == "errorEventDefinition":
            error = definition.ref("errorRef")
            caught = error.attr("errorCode") if error is not None else definition.attr("errorRef")
            if not caught or caught == code:
                return True
    return False
