"""Layer 3, part 6: what Camunda 7 refuses when it parses a deployment, beyond BPMN's own rules.

The rules were collected from Camunda's documentation and behaviour; each is one row of the table in
:mod:`interpreter.bpmn.lint.rules` with source "Camunda 7".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from interpreter.bpmn.document import Node
from interpreter.bpmn.lint.graph import EVENTS, GATEWAYS, THROW_EVENTS, Graph, Scope, described
from interpreter.bpmn.lint.rules import Report

_SERVICE_LIKE: Final = frozenset({"serviceTask", "sendTask", "businessRuleTask"})
_IMPLEMENTATIONS: Final = ("class", "delegateExpression", "expression", "type", "decisionRef", "operationRef")
_BINDINGS: Final = frozenset({"latest", "deployment", "version", "versionTag"})
_MAPPERS: Final = frozenset({"singleEntry", "singleResult", "collectEntries", "resultList"})
_TASK_EVENTS: Final = frozenset({"create", "assignment", "complete", "update", "delete", "timeout"})
_EXECUTION_EVENTS: Final = frozenset({"start", "end", "take"})
_LISTENER_CODE: Final = ("class", "delegateExpression", "expression")
_TIME_TO_LIVE: Final = re.compile(r"\d+|P\d+D")


def check_camunda(graph: Graph, report: Report) -> None:
    """Findings of Camunda's parser."""
    _signals(graph, report)
    for scope in graph.scopes:
        if scope.is_process:
            _process(report, scope.node)
        _subscriptions(graph, report, scope)
        _mappings(report, scope.node, scope)
        _listeners(report, scope.node)
        for flow in scope.flows:
            _listeners(report, flow)
        for node in scope.nodes:
            _mappings(report, node, scope)
            _listeners(report, node)
            _form(report, node)
            if node.tag in EVENTS:
                _event(graph, report, scope, node)
            elif node.tag == "callActivity":
                _call(report, node)
            elif node.tag == "userTask":
                _assignee(report, node)
            if node.tag in _SERVICE_LIKE:
                _service(report, node)
            if node.tag == "receiveTask" and node.attr("messageRef") is not None:
                _message(report, node, node, "messageRef", starts=False)


def _is_expression(text: str) -> bool:
    return "${" in text or "#{" in text or text.startswith("=")


def _process(report: Report, process: Node) -> None:
    value = process.ext("historyTimeToLive")
    if value is None or not value.strip() or _is_expression(value):
        return
    if _TIME_TO_LIVE.fullmatch(value.strip()) is None:
        report(
            "history-time-to-live",
            process,
            f"Expected historyTimeToLive of process {process.id!r} to be days or P<n>D but was {value!r}.",
        )


def _signals(graph: Graph, report: Report) -> None:
    names: dict[str, Node] = {}
    for signal in graph.document.signals:
        name = signal.name
        if name is None:
            continue
        if name in names:
            report(
                "signal-duplicate",
                signal,
                f"Expected different names of signals but {names[name].id!r} is called {name!r} too.",
                "Refer to one signal from several events.",
                [names[name]],
            )
        names.setdefault(name, signal)


# -- events


def _event(graph: Graph, report: Report, scope: Scope, event: Node) -> None:
    throws = event.tag in THROW_EVENTS
    for definition in graph.definitions(event):
        kind = definition.tag.removesuffix("EventDefinition")
        if kind == "message" and not throws:
            _message(report, event, definition, "messageRef", starts=event.tag == "startEvent" and scope.is_process)
        elif kind == "signal":
            signal = definition.ref("signalRef")
            told = "it names none" if signal is None else "it has no name"
            if signal is None or not signal.name:
                report("signal-missing", event, f"Expected {described(event)} to name a signal with a name but {told}.")
        elif kind == "error" and event.tag == "endEvent":
            error = definition.ref("errorRef")
            if definition.attr("errorRef") is None:
                report("error-code", event, f"Expected {described(event)} to name an error but it names none.")
            elif error is not None and not error.attr("errorCode"):
                report(
                    "error-code",
                    event,
                    f"Expected error {error.id!r}, which {described(event)} throws, to have a code but it has none.",
                    "",
                    [error],
                )
        elif kind == "escalation" and throws:
            escalation = definition.ref("escalationRef")
            if escalation is None or not escalation.attr("escalationCode"):
                report(
                    "escalation-code",
                    event,
                    f"Expected {described(event)} to throw an escalation with a code but it has none.",
                )
        elif kind == "escalation" and event.tag == "boundaryEvent":
            host = graph.host.get(event)
            allowed = ("subProcess", "transaction", "adHocSubProcess", "callActivity", "userTask")
            if host is not None and host.tag not in allowed:
                report(
                    "escalation-host",
                    event,
                    f"Expected escalation boundary event {event.id!r} on a subprocess, call activity or user task "
                    f"but it is on {described(host)}.",
                    "",
                    [host],
                )


def _message(report: Report, owner: Node, holder: Node, attribute: str, *, starts: bool) -> None:
    message = holder.ref(attribute)
    if message is None:
        told = repr(holder.attr(attribute)) + " does not exist" if holder.attr(attribute) else "it names none"
        report("message-missing", owner, f"Expected {described(owner)} to name a message but {told}.")
    elif not message.name:
        report(
            "message-name",
            owner,
            f"Expected message {message.id!r} of {described(owner)} to have a name but it has none.",
            "",
            [message],
        )
    elif starts and _is_expression(message.name):
        report(
            "message-start-expression",
            owner,
            f"Expected a fixed message name at start event {owner.id!r} but was {message.name!r}.",
            "Nothing is known before a process starts that an expression could use.",
            [message],
        )


def _subscriptions(graph: Graph, report: Report, scope: Scope) -> None:
    if scope.is_process:
        _distinct(graph, report, scope.of("startEvent"), scope.node)
    starts = scope.event_subprocess_starts
    _distinct(graph, report, starts, scope.node)
    _escalations(graph, report, starts, scope.node)
    for node in scope.nodes:
        boundaries = graph.boundaries.get(node)
        if boundaries:
            _distinct(graph, report, boundaries, node)
            _escalations(graph, report, boundaries, node)


def _distinct(graph: Graph, report: Report, events: Iterable[Node], owner: Node) -> None:
    seen: dict[tuple[str, str], Node] = {}
    for event in events:
        for definition in graph.definitions(event):
            key = _subscription(definition)
            if key is None:
                continue
            other = seen.get(key)
            if other is not None and other != event:
                report(
                    "message-duplicate",
                    event,
                    f"Expected one event at {described(owner)} for {key[0]} {key[1]!r} "
                    f"but {other.id!r} waits for it too.",
                    "",
                    [other],
                )
            seen.setdefault(key, event)


def _subscription(definition: Node) -> tuple[str, str] | None:
    if definition.tag == "messageEventDefinition":
        root = definition.ref("messageRef")
        return ("message", root.name) if root is not None and root.name else None
    if definition.tag == "signalEventDefinition":
        root = definition.ref("signalRef")
        return ("signal", root.name) if root is not None and root.name else None
    if definition.tag == "conditionalEventDefinition":
        condition = definition.child("condition")
        text = condition.text.strip() if condition is not None else ""
        return ("condition", text) if text else None
    return None


def _escalations(graph: Graph, report: Report, events: Iterable[Node], owner: Node) -> None:
    codes: dict[str, Node] = {}
    for event in events:
        for definition in graph.definitions(event):
            if definition.tag != "escalationEventDefinition":
                continue
            root = definition.ref("escalationRef")
            code = (root.attr("escalationCode") if root is not None else None) or ""
            clash = codes.get(code) or codes.get("") or (next(iter(codes.values())) if not code and codes else None)
            if clash is not None:
                told = f"{clash.id!r} catches {'it' if code else 'some of them'} already"
                what = f"escalation {code!r}" if code else "all escalations"
                report(
                    "escalation-duplicate",
                    event,
                    f"Expected one handler of {what} at {described(owner)} but {told}.",
                    "",
                    [clash],
                )
            codes.setdefault(code, event)


# -- activities


def _service(report: Report, node: Node) -> None:
    implemented = (
        any(node.ext(name) is not None for name in _IMPLEMENTATIONS)
        or node.attr("operationRef") is not None
        or node.ext_child("connector") is not None
        or any(node.zeebe(name) is not None for name in ("taskDefinition", "calledDecision", "script"))
    )
    if not implemented:
        report(
            "implementation-missing",
            node,
            f"Expected {described(node)} to say what it does but it does not.",
            "Give it a job type (zeebe:taskDefinition), a topic (camunda:type=external), an expression or a class.",
        )
    if node.ext("type") == "external" and not (node.ext("topic") or "").strip():
        report("external-topic", node, f"Expected a topic on external {described(node)} but there is none.")
    if node.ext("resultVariable") is not None and (node.ext("class") or node.ext("delegateExpression")):
        report(
            "result-variable",
            node,
            f"Expected no resultVariable on {described(node)}, which has a class or delegate, but there is one.",
            "A delegate sets variables itself.",
        )
    mapper = node.ext("mapDecisionResult")
    if mapper is not None and mapper not in _MAPPERS:
        report(
            "decision-mapping",
            node,
            f"Expected mapDecisionResult of {described(node)} to be one of {', '.join(sorted(_MAPPERS))} "
            f"but was {mapper!r}.",
        )
    _binding(report, node, "decisionRefBinding", "decisionRefVersion", "decisionRefVersionTag")
    connector = node.ext_child("connector")
    if connector is not None and connector.child("connectorId") is None:
        report("connector", node, f"Expected a connectorId in the connector of {described(node)} but there is none.")
    for definition in node.ext_children("errorEventDefinition"):
        if not definition.attr("errorRef") or not definition.attr("expression"):
            report(
                "external-error",
                node,
                f"Expected errorRef and expression in the error event definition of {described(node)} "
                "but one is missing.",
            )


def _binding(report: Report, node: Node, binding: str, version: str, tag: str) -> None:
    value = node.ext(binding)
    if value is None:
        return
    if value not in _BINDINGS:
        report(
            "binding",
            node,
            f"Expected {binding} of {described(node)} to be one of {', '.join(sorted(_BINDINGS))} but was {value!r}.",
        )
    needed = {"version": version, "versionTag": tag}.get(value)
    if needed is not None and not (node.ext(needed) or "").strip():
        report(
            "binding",
            node,
            f"Expected {needed} with {binding}={value!r} on {described(node)} but there is none.",
        )


def _form(report: Report, node: Node) -> None:
    if node.ext("formKey") is not None and node.ext("formRef") is not None:
        report("form", node, f"Expected formKey or formRef on {described(node)} but there are both.")
    binding = node.ext("formRefBinding")
    if node.ext("formRef") is not None and binding is not None:
        if binding not in ("latest", "deployment", "version"):
            report(
                "form",
                node,
                f"Expected formRefBinding of {described(node)} to be latest, deployment or version "
                f"but was {binding!r}.",
            )
        elif binding == "version" and not (node.ext("formRefVersion") or "").strip():
            report("form", node, f"Expected formRefVersion on {described(node)} but there is none.")
    data = node.ext_child("formData")
    for field in data.children("formField") if data is not None else []:
        if not (field.attr("id") or "").strip():
            report("form-field", node, f"Expected an id on each form field of {described(node)} but one has none.")


def _call(report: Report, node: Node) -> None:
    zeebe = node.zeebe("calledElement")
    named = [
        name
        for name, value in (
            ("calledElement", node.attr("calledElement")),
            ("caseRef", node.ext("caseRef")),
            ("zeebe:calledElement", zeebe.attr("processId") or zeebe.attr("processIdExpression") if zeebe else None),
        )
        if value is not None
    ]
    if not named:
        report(
            "call-element",
            node,
            f"Expected {described(node)} to name what it calls but it names nothing.",
            "Set calledElement to the id of a process.",
        )
    elif "calledElement" in named and "caseRef" in named:
        report("call-element", node, f"Expected {described(node)} to name one thing to call but it names two.")
    _binding(report, node, "calledElementBinding", "calledElementVersion", "calledElementVersionTag")
    for tag in ("in", "out"):
        for mapping in node.ext_children(tag):
            _mapping(report, node, mapping, tag)


def _mapping(report: Report, node: Node, mapping: Node, tag: str) -> None:
    if mapping.attr("businessKey") is not None or mapping.attr("variables") is not None:
        return
    source = mapping.attr("source") or mapping.attr("sourceExpression")
    if not source:
        report(
            "call-mapping",
            node,
            f"Expected a source, sourceExpression, variables or businessKey in an {tag!r} mapping of {described(node)} "
            "but there is none.",
        )
    elif not mapping.attr("target"):
        report("call-mapping", node, f"Expected a target in an {tag!r} mapping of {described(node)} but there is none.")


def _assignee(report: Report, node: Node) -> None:
    performers = node.children("humanPerformer")
    if (performers and node.ext("assignee") is not None) or len(performers) > 1:
        report(
            "assignee-duplicate",
            node,
            f"Expected one assignee of {described(node)} but there are several.",
            "Use either camunda:assignee or a humanPerformer.",
        )


# -- mappings and listeners


def _mappings(report: Report, node: Node, scope: Scope) -> None:
    mapping = node.ext_child("inputOutput")
    if mapping is None:
        return
    for parameter in (*mapping.children("inputParameter"), *mapping.children("outputParameter")):
        if not (parameter.attr("name") or "").strip():
            report(
                "mapping-name", node, f"Expected a name on each {parameter.tag} of {described(node)} but one has none."
            )
    if node.tag in GATEWAYS or (node.boolean("triggeredByEvent") and node.tag == "subProcess"):
        report(
            "mapping-place",
            node,
            f"Expected no input/output mapping on {described(node)} but there is one.",
            "Put it on an activity before or inside.",
        )
        return
    if not mapping.children("outputParameter"):
        return
    if node.tag == "endEvent":
        report("mapping-output", node, f"Expected no output mapping on {described(node)} but there is one.")
    elif node.child("multiInstanceLoopCharacteristics") is not None and scope.node != node:
        report(
            "mapping-output",
            node,
            f"Expected no output mapping on multi-instance {described(node)} but there is one.",
            "Each instance would overwrite the last one's result.",
        )


def _listeners(report: Report, node: Node) -> None:
    for listener in node.ext_children("executionListener"):
        event = listener.attr("event")
        if event is not None and event not in _EXECUTION_EVENTS:
            report(
                "listener",
                node,
                f"Expected the event of an execution listener of {described(node)} to be start, end or take "
                f"but was {event!r}.",
            )
        _listener_code(report, node, listener)
    if node.tag != "userTask":
        return
    for listener in node.ext_children("taskListener"):
        event = listener.attr("event")
        if event is not None and event not in _TASK_EVENTS and event != "all":
            report(
                "listener",
                node,
                f"Expected the event of a task listener of {described(node)} to be one of "
                f"{', '.join(sorted(_TASK_EVENTS))} but was {event!r}.",
            )
        _listener_code(report, node, listener)
        if event == "timeout":
            if not listener.attr("id"):
                report(
                    "listener", node, f"Expected an id on the timeout listener of {described(node)} but there is none."
                )
            if listener.child("timerEventDefinition") is None:
                report(
                    "listener",
                    node,
                    f"Expected a timer in the timeout listener of {described(node)} but there is none.",
                )


def _listener_code(report: Report, node: Node, listener: Node) -> None:
    if any(listener.attr(name) is not None for name in _LISTENER_CODE) or listener.child("script") is not None:
        return
    report(
        "listener",
        node,
        f"Expected a class, expression, delegateExpression or script on each listener of {described(node)} "
        "but one has none.",
    )
