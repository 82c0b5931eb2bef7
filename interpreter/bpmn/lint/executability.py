"""Layer 4: what the engine runs as it stands, what needs something from you, what it keeps but does not run."""

from __future__ import annotations

import re
from typing import Final

from interpreter.bpmn import namespaces
from interpreter.bpmn.document import Node
from interpreter.bpmn.lint.graph import SCOPES, Graph, described
from interpreter.bpmn.lint.rules import Report
from interpreter.bpmn.namespaces import CAMUNDA_FAMILY, split

_OWN_SCRIPTS: Final = frozenset({"feel", "juel", "feel-scala", "application/feel"})
_BEAN_CALL: Final = re.compile(r"[$#]\{\s*([A-Za-z_]\w*)\s*\.\s*\w+\s*\(")
_ENGINE_OBJECTS: Final = frozenset({"execution", "task", "externalTask"})
_KNOWN_NAMESPACES: Final = frozenset(
    {
        *CAMUNDA_FAMILY,
        *(namespaces.BPMN, namespaces.BPMNDI, namespaces.DI, namespaces.DC, namespaces.ZEEBE, namespaces.MODELER, ""),
        "http://bpmn.io/schema/bpmn/biocolor/1.0",
        "http://www.omg.org/spec/BPMN/non-normative/color/1.0",
        "http://flowable.org/design",
        "http://flowable.org/modeler",
        "http://activiti.com/modeler",
    }
)
_KEPT: Final = ("choreography", "globalChoreographyTask", "globalConversation")


def check_executability(graph: Graph, report: Report) -> None:
    """Findings on what will run."""
    document = graph.document
    processes = document.processes()
    if not any(process.boolean("isExecutable") for process in processes):
        told = f"none of the {len(processes)} is" if processes else "there is no process"
        report(
            "exec-nothing",
            processes[0] if processes else document.root,
            f"Expected a process with isExecutable=true but {told}.",
            "A deployment of this file starts nothing.",
        )
    for node in document.root.children():
        if node.tag in _KEPT:
            report("exec-kept", node, f"Expected something that runs but {described(node)} is kept only.")
    for collaboration in document.root.children("collaboration"):
        for conversation in collaboration.children():
            if conversation.tag in ("conversation", "subConversation", "callConversation"):
                report(
                    "exec-kept",
                    conversation,
                    f"Expected something that runs but {described(conversation)} is kept only.",
                )
    for scope in graph.scopes:
        if not scope.executable:
            continue
        _code(report, scope.node)
        for flow in scope.flows:
            _code(report, flow)
            _script_of(report, flow, flow.child("conditionExpression"), "language")
        for node in scope.nodes:
            _node(report, node)
            if node.tag not in SCOPES:
                _code(report, node)
    _foreign(graph, report)


def _node(report: Report, node: Node) -> None:
    if node.ext("caseRef") is not None and node.tag == "callActivity":
        report("exec-case", node, f"Expected {described(node)} to call a process but it calls a case.")
    kind = node.ext("type")
    if kind is not None and kind != "external":
        report(
            "exec-type",
            node,
            f"Expected {described(node)} to be served by a worker but its type is {kind!r}.",
            f"Register a handler for type {kind!r}, or make it an external task.",
        )
    for name in ("formHandlerClass", "variableMappingClass", "variableMappingDelegateExpression"):
        value = node.ext(name)
        if value is not None:
            report(
                "exec-code",
                node,
                f"Expected no Java code on {described(node)} but {name} is {value!r}.",
                "Register a handler under this name.",
            )
    if node.tag == "scriptTask" and node.zeebe("script") is None:
        language = node.attr("scriptFormat")
        script = node.child("script")
        if node.ext("resource") is not None or (script is not None and script.text.strip()):
            _script(report, node, language or "juel")
    if node.tag == "compensateEventDefinition" and node.attr("waitForCompletion") == "false":
        report("exec-ignored", node, f"Expected {described(node)} to wait but waitForCompletion is false.")
    for definition in node.children("compensateEventDefinition"):
        if definition.attr("waitForCompletion") == "false":
            report(
                "exec-ignored",
                node,
                f"Expected {described(node)} to wait for compensation but waitForCompletion is false.",
                "The throwing event waits in any case.",
            )
        if node.tag in ("boundaryEvent", "startEvent") and definition.attr("activityRef") is not None:
            report(
                "exec-ignored",
                node,
                f"Expected no activityRef on catching {described(node)} but there is one.",
                "It only has an effect where compensation is thrown.",
            )


def _code(report: Report, node: Node) -> None:
    """Java code and bean calls of a node, of its event definitions and of its listeners."""
    holders = [node]
    holders += [child for child in node.children() if child.tag.endswith("EventDefinition")]
    for holder in (*node.ext_children("executionListener"), *node.ext_children("taskListener")):
        holders.append(holder)
        for script in holder.children("script"):
            _script(report, node, script.attr("scriptFormat") or "juel")
    for holder in holders:
        get = holder.ext if holder.is_bpmn else holder.attr
        for name in ("class", "delegateExpression"):
            value = get(name)
            if value is not None:
                report(
                    "exec-delegate",
                    node,
                    f"Expected a job type or topic at {described(node)} but {name} is {value!r}.",
                    f"Register a handler named {_handler_name(value)!r}, or make it an external task.",
                )
        expression = get("expression")
        match = _BEAN_CALL.search(expression) if expression else None
        if match is not None and match[1] not in _ENGINE_OBJECTS:
            report(
                "exec-bean",
                node,
                f"Expected variables only in the expression of {described(node)} but it calls bean {match[1]!r}.",
                f"Register a function for {match[1]!r}, or make it an external task.",
            )
    mapping = node.ext_child("inputOutput")
    for parameter in mapping.children() if mapping is not None else []:
        script = parameter.child("script")
        if script is not None:
            _script(report, node, script.attr("scriptFormat") or "juel")


def _handler_name(value: str) -> str:
    return value.strip().removeprefix("${").removeprefix("#{").removesuffix("}").strip()


def _script_of(report: Report, owner: Node, expression: Node | None, attribute: str) -> None:
    if expression is None:
        return
    language = expression.attr(attribute)
    if language and "://" not in language:
        _script(report, owner, language)


def _script(report: Report, node: Node, language: str) -> None:
    if _is_expression_language(language):
        return
    report(
        "exec-script",
        node,
        f"Expected a script of {described(node)} in FEEL or JUEL but it is in {language!r}.",
        "Scripts in other languages are off until they are allowed; then they run in a sandbox.",
    )


def _is_expression_language(language: str) -> bool:
    return language.strip().lower() in _OWN_SCRIPTS or "feel" in language.lower()


def _foreign(graph: Graph, report: Report) -> None:
    seen: dict[str, Node] = {}
    for holder in graph.document.nodes("extensionElements"):
        for child in holder.element.iterchildren("*"):
            namespace = split(child.tag)[0]
            if namespace not in _KNOWN_NAMESPACES and namespace not in seen and holder.parent is not None:
                seen[namespace] = holder.parent
    for namespace, node in seen.items():
        report(
            "exec-unknown-extension",
            node,
            f"Expected extensions of a known vendor but {described(node)} has some of {namespace!r}.",
            "They are kept in the file and have no effect.",
        )
