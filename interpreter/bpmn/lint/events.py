"""Layer 3, part 2: events: triggers by position, boundary events, links, compensation, timers (BPMN 10.5, 10.7)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from interpreter.bpmn.document import Node
from interpreter.bpmn.lint.graph import ACTIVITIES, EVENT_DEFINITIONS, EVENTS, SUBPROCESSES, Graph, Scope, described
from interpreter.bpmn.lint.rules import Report
from interpreter.bpmn.lint.timers import timer_violation

_START: Final = frozenset({"message", "timer", "signal", "conditional"})
_EVENT_SUBPROCESS: Final = _START | {"error", "escalation", "compensate"}
_CATCH: Final = _START | {"link"}
_BOUNDARY: Final = _EVENT_SUBPROCESS | {"cancel"}
_THROW: Final = frozenset({"message", "escalation", "compensate", "link", "signal"})
_END: Final = frozenset({"message", "escalation", "error", "cancel", "compensate", "signal", "terminate"})
_INTERRUPTING_ONLY: Final = frozenset({"error", "cancel", "compensate"})


def check_events(graph: Graph, report: Report) -> None:
    """Findings on events."""
    for scope in graph.scopes:
        _starts(graph, report, scope)
        _links(graph, report, scope)
        for node in scope.nodes:
            if node.tag not in EVENTS:
                continue
            _reusable(report, node)
            _parallel(graph, report, node)
            _compensated(graph, report, scope, node)
            if node.tag == "intermediateCatchEvent":
                _allowed(graph, report, node, _CATCH, "event-trigger", none=False)
            elif node.tag == "intermediateThrowEvent":
                _allowed(graph, report, node, _THROW, "event-trigger", none=True)
            elif node.tag == "endEvent":
                _allowed(graph, report, node, _END, "event-trigger", none=True)
                if "cancel" in graph.triggers(node):
                    _cancel_end(report, scope, node)
            elif node.tag == "boundaryEvent":
                _boundary(graph, report, scope, node)
        for node in scope.nodes:
            if node.tag in ACTIVITIES:
                _boundaries_of(graph, report, scope, node)
    for definition in graph.document.nodes(*sorted(EVENT_DEFINITIONS)):
        if definition.tag == "timerEventDefinition":
            _timer(report, definition)
        elif definition.tag == "conditionalEventDefinition":
            _condition(report, definition)


def _allowed(graph: Graph, report: Report, event: Node, allowed: Iterable[str], rule: str, *, none: bool) -> None:
    triggers = graph.triggers(event)
    if not triggers and not none and event.child("eventDefinitionRef") is None:
        report(
            rule,
            event,
            f"Expected a trigger on {described(event)} but there is none.",
            "Allowed here are " + ", ".join(sorted(allowed)) + ".",
        )
    for trigger in triggers:
        if trigger not in allowed:
            permitted = ", ".join(sorted(allowed))
            report(
                rule,
                event,
                f"Expected no {trigger} trigger on {described(event)} but there is one.",
                f"Allowed here are {permitted}." if permitted else "",
            )


def _starts(graph: Graph, report: Report, scope: Scope) -> None:
    starts = scope.of("startEvent")
    if scope.is_event_subprocess:
        if len(starts) != 1:
            report(
                "event-subprocess-start",
                scope.node,
                f"Expected exactly one start event in event subprocess {scope.node.id!r} but there are {len(starts)}.",
                "",
                starts,
            )
        for start in starts:
            _allowed(graph, report, start, _EVENT_SUBPROCESS, "event-subprocess-trigger", none=False)
            if not start.boolean("isInterrupting", True):
                _interrupting(graph, report, start, "isInterrupting")
            if "compensate" in graph.triggers(start):
                outer = scope.outer
                if outer is None or outer.is_process or outer.is_event_subprocess:
                    report(
                        "compensation-start",
                        start,
                        f"Expected compensation start event {start.id!r} inside an embedded subprocess "
                        "but its event subprocess is not in one.",
                        "A whole process is not compensated; put the activities into a subprocess.",
                    )
        return
    if scope.is_process:
        for start in starts:
            _allowed(graph, report, start, _START, "event-trigger", none=True)
        return
    for start in starts:
        triggers = graph.triggers(start)
        if triggers or start.child("eventDefinitionRef") is not None:
            report(
                "subprocess-start-trigger",
                start,
                f"Expected no trigger on the start event {start.id!r} of {described(scope.node)} "
                f"but there is {' and '.join(triggers) or 'one'}.",
                "A subprocess begins when the flow reaches it; use an event subprocess for events.",
            )
    if len(starts) > 1:
        report(
            "subprocess-start-several",
            scope.node,
            f"Expected one start event at most in {described(scope.node)} but there are {len(starts)}.",
            "",
            starts,
        )


def _reusable(report: Report, event: Node) -> None:
    for definition in event.refs("eventDefinitionRef"):
        parent = definition.parent
        if definition.tag in EVENT_DEFINITIONS and parent is not None and parent.tag != "definitions":
            report(
                "event-definition-reusable",
                event,
                f"Expected {described(event)} to refer to a definition at the top of the file "
                f"but {definition.id!r} is that of {described(parent)}.",
                "",
                [definition],
            )


def _parallel(graph: Graph, report: Report, event: Node) -> None:
    if event.boolean("parallelMultiple") and len(graph.definitions(event)) < 2:
        report(
            "event-parallel",
            event,
            f"Expected several triggers on parallel multiple {described(event)} but there are "
            f"{len(graph.definitions(event))}.",
        )


def _compensated(graph: Graph, report: Report, scope: Scope, event: Node) -> None:
    if event.tag not in ("endEvent", "intermediateThrowEvent"):
        return
    for definition in graph.definitions(event):
        target = definition.ref("activityRef") if definition.tag == "compensateEventDefinition" else None
        if target is None:
            continue
        reachable = [scope]
        while reachable[-1].is_event_subprocess and reachable[-1].outer is not None:
            reachable.append(reachable[-1].outer)
        if graph.scope_of.get(target) not in reachable:
            report(
                "compensation-target",
                event,
                f"Expected {described(event)} to compensate an activity of its own scope "
                f"but {target.id!r} is elsewhere.",
                "",
                [target],
            )


def _interrupting(graph: Graph, report: Report, event: Node, attribute: str) -> None:
    for trigger in graph.triggers(event):
        if trigger in _INTERRUPTING_ONLY:
            report(
                "event-non-interrupting",
                event,
                f"Expected {described(event)} with a {trigger} trigger to interrupt but {attribute} is false.",
            )


# -- boundary events


def _boundary(graph: Graph, report: Report, scope: Scope, event: Node) -> None:
    _allowed(graph, report, event, _BOUNDARY, "event-trigger", none=False)
    triggers = graph.triggers(event)
    host = graph.host.get(event)
    if host is None or host.tag not in ACTIVITIES or graph.scope_of.get(host) is not scope:
        attached = event.attr("attachedToRef")
        told = "it has no attachedToRef" if attached is None else f"{attached!r} is none"
        report(
            "boundary-host",
            event,
            f"Expected {described(event)} to be attached to an activity of its scope but {told}.",
        )
    if not event.boolean("cancelActivity", True):
        _interrupting(graph, report, event, "cancelActivity")
    if "cancel" in triggers and host is not None and host.tag != "transaction":
        report(
            "cancel-boundary",
            event,
            f"Expected cancel boundary event {event.id!r} on a transaction but it is on {described(host)}.",
            "",
            [host],
        )
    outflows = graph.outflows(event)
    if "compensate" in triggers:
        if outflows:
            report(
                "boundary-connected",
                event,
                f"Expected no flow out of compensation boundary event {event.id!r} but there is one.",
                "Connect the compensation activity by an association.",
                outflows,
            )
        _handler(graph, report, event)
    elif not outflows:
        report("boundary-connected", event, f"Expected a flow out of {described(event)} but there is none.")


def _handler(graph: Graph, report: Report, event: Node) -> None:
    handlers = graph.handlers.get(event, [])
    if len(handlers) != 1:
        report(
            "compensation-handler",
            event,
            f"Expected one association from compensation boundary event {event.id!r} to an activity "
            f"but there are {len(handlers)}.",
        )
    for handler in handlers:
        if handler.tag not in ACTIVITIES:
            report(
                "compensation-handler",
                event,
                f"Expected compensation boundary event {event.id!r} to be associated with an activity "
                f"but {handler.id!r} is a {handler.tag!r}.",
                "",
                [handler],
            )
        elif not graph.is_compensation_handler(handler):
            report(
                "compensation-flag",
                handler,
                f"Expected isForCompensation on {described(handler)}, which {event.id!r} is associated with, "
                "but it is not set.",
                "",
                [event],
            )


def _boundaries_of(graph: Graph, report: Report, scope: Scope, node: Node) -> None:
    boundaries = graph.boundaries.get(node, [])
    compensating = [event for event in boundaries if "compensate" in graph.triggers(event)]
    cancelling = [event for event in boundaries if "cancel" in graph.triggers(event)]
    if len(cancelling) > 1:
        report(
            "cancel-boundary",
            cancelling[1],
            f"Expected one cancel boundary event at most on {described(node)} but there are {len(cancelling)}.",
            "",
            [node, *cancelling],
        )
    if len(compensating) > 1:
        report(
            "compensation-duplicate",
            compensating[1],
            f"Expected one compensation boundary event at most on {described(node)} but there are {len(compensating)}.",
            "",
            [node, *compensating],
        )
    if compensating and node.tag in SUBPROCESSES:
        own = next((inner for inner in scope.inner if inner.node == node), None)
        starts = own.event_subprocess_starts if own is not None else []
        if any("compensate" in graph.triggers(start) for start in starts):
            report(
                "compensation-duplicate",
                compensating[0],
                f"Expected compensation of {described(node)} by a boundary event or an event subprocess "
                "but there are both.",
                "",
                [node, *starts],
            )


def _cancel_end(report: Report, scope: Scope, event: Node) -> None:
    current: Scope | None = scope
    while current is not None:
        if current.node.tag == "transaction":
            return
        current = current.outer
    report("cancel-end", event, f"Expected cancel end event {event.id!r} inside a transaction but it is in none.")


# -- links


def _links(graph: Graph, report: Report, scope: Scope) -> None:
    catches: dict[Node, Node] = {}
    throws: dict[Node, Node] = {}
    for event in scope.of("intermediateCatchEvent", "intermediateThrowEvent"):
        for definition in graph.definitions(event):
            if definition.tag == "linkEventDefinition":
                (catches if event.tag == "intermediateCatchEvent" else throws)[definition] = event
    names: dict[str, Node] = {}
    for definition, event in catches.items():
        name = definition.name or ""
        if name and name in names and names[name] != event:
            report(
                "link-duplicate",
                event,
                f"Expected different names of link catch events but {names[name].id!r} is called {name!r} too.",
                "",
                [names[name]],
            )
        names.setdefault(name, event)
    caught = {definition.name for definition in catches if definition.name}
    thrown = {definition.name for definition in throws if definition.name}
    pointed = {target for definition in throws for target in definition.refs("target")}
    for definition, event in throws.items():
        targets = definition.refs("target")
        named = definition.name in caught
        if definition.child("target") is not None:
            matched = [t for t in targets if t in catches and (not t.child("source") or definition in t.refs("source"))]
            if not matched and not (named and not targets):
                _unpaired(report, event, definition)
        elif not named:
            _unpaired(report, event, definition)
    for definition, event in catches.items():
        sources = definition.refs("source")
        named = definition.name in thrown
        matched = [s for s in sources if s in throws and (not s.child("target") or definition in s.refs("target"))]
        if not named and not matched and definition not in pointed:
            report(
                "link-source",
                event,
                f"Expected a link throw event for link catch event {event.id!r} ({definition.name!r}) "
                f"in {described(scope.node)} but there is none.",
                "Nothing leads here.",
            )
        elif sources and not matched and not named:
            _unpaired(report, event, definition)


def _unpaired(report: Report, event: Node, definition: Node) -> None:
    report(
        "link-pair",
        event,
        f"Expected a matching link event for {described(event)} (link {definition.name!r}) in its scope "
        "but there is none.",
        "Links lead from a throw event to the catch event of the same name in the same process or subprocess.",
    )


# -- definitions


def _timer(report: Report, definition: Node) -> None:
    found = [child for child in definition.children() if child.tag in ("timeDate", "timeDuration", "timeCycle")]
    parent = definition.parent
    owner = parent if parent is not None and parent.tag in EVENTS else definition
    filled = [child for child in found if child.text.strip()]
    if not filled or len(found) > 1:
        report(
            "timer-definition",
            owner,
            f"Expected one of timeDate, timeDuration and timeCycle in the timer of {described(owner)} "
            f"but there are {len(filled)}.",
        )
    for child in filled:
        expected = timer_violation(child.tag, child.text.strip())
        if expected is not None:
            report(
                "timer-format",
                owner,
                f"Expected {expected} in {child.tag} of {described(owner)} but was {child.text.strip()!r}.",
                "An expression begins with = or ${.",
            )


def _condition(report: Report, definition: Node) -> None:
    condition = definition.child("condition")
    parent = definition.parent
    owner = parent if parent is not None and parent.tag in EVENTS else definition
    if condition is None or (not condition.text.strip() and condition.ext("resource") is None):
        report("condition-empty", owner, f"Expected a condition in {described(owner)} but there is none.")
    elif condition.type is None:
        report(
            "condition-formal",
            owner,
            f"Expected a formal expression as condition of {described(owner)} but it is plain text.",
            'Add xsi:type="tFormalExpression".',
        )
