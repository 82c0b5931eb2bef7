"""BPMN errors and escalations on their way out to a catcher (BPMN 2.0.2, 10.5.7, 13.5.4; Camunda 7's order).

From the element instance that throws, outwards: in a scope first its event subprocesses (not the one that the throw
comes from, and none once the scope was interrupted), then the boundary events of the activity. A catcher for this
very code goes before one that catches all. An error ends what is caught; an escalation only if the catcher
interrupts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from interpreter import catching, compensation, lifecycle, variables
from interpreter import events as ev
from interpreter.definition import FlowNode
from interpreter.effects import EscalateToParent
from interpreter.failures import BpmnError
from interpreter.features import ENDED_PATHS_LEAVE, UNCAUGHT_ERROR_ENDS_PATH
from interpreter.machine import Machine
from interpreter.state import Element
from interpreter.triggers import error as error_trigger
from interpreter.triggers import escalation as escalation_trigger
from interpreter.values import VariableValue

Variables = Mapping[str, VariableValue]


@dataclass(frozen=True, slots=True)
class Catcher:
    """Who catches: `node` is a boundary event of `element` or the start event of an event subprocess in the scope
    `element`."""

    element: Element
    node: FlowNode
    spec: error_trigger.ErrorSpec | escalation_trigger.EscalationSpec


def find_catcher(
    m: Machine,
    thrower: int,
    kind: type[error_trigger.ErrorSpec] | type[escalation_trigger.EscalationSpec],
    code: str | None,
) -> Catcher | None:
    """The innermost catcher for an error or escalation thrown by element instance `thrower`."""
    for element, nodes in _catchers_around(m, thrower):
        found = _match(element, iter(nodes), kind, code)
        if found is not None:
            return found
    return None


def _catchers_around(m: Machine, thrower: int) -> Iterator[tuple[Element, list[FlowNode]]]:
    """From an element instance outwards: what may catch at each, start events of its event subprocesses before its
    boundary events."""
    elements = m.state.elements
    element = elements[thrower]
    inside: Element | None = None
    while True:
        if element.multi == "compensation":
            # A compensation handler throws from where the compensation was thrown.
            owner = elements.get((element.data or {}).get("for", 0))
            if owner is not None:
                inside, element = owner, elements[owner.scope]
                continue
        node = m.nodes[element.node]
        if (
            inside is not None
            and node.event_subprocesses
            and element.multi != "body"
            and not (element.data or {}).get("interrupted")
        ):
            yield (
                element,
                [m.nodes[s] for e in node.event_subprocesses if e != inside.node for s in m.nodes[e].start_events],
            )
        if node.boundary and element.multi != "inner":
            yield element, [m.nodes[b] for b in node.boundary]
        if element.key == 1:
            return
        inside, element = element, elements[element.scope]


def _match(
    element: Element,
    nodes: Iterator[FlowNode],
    kind: type[error_trigger.ErrorSpec] | type[escalation_trigger.EscalationSpec],
    code: str | None,
) -> Catcher | None:
    catch_all: Catcher | None = None
    for node in nodes:
        for spec in node.triggers:
            if isinstance(spec, kind):
                if spec.code is None:
                    catch_all = catch_all or Catcher(element, node, spec)
                elif spec.code == code:
                    return Catcher(element, node, spec)
    return catch_all


def throw_error(m: Machine, thrower: int, error: BpmnError, values: Variables | None = None) -> None:
    """Throw a BPMN error from an element instance; what happens when nobody catches it depends on the profile."""
    catcher = find_catcher(m, thrower, error_trigger.ErrorSpec, error.code)
    if catcher is None:
        uncaught_error(m, thrower, error)
    else:
        catch_error(m, catcher, error, values)


def catch_error(m: Machine, catcher: Catcher, error: BpmnError, values: Variables | None = None) -> None:
    """Let `catcher` catch: what it guards ends, and its handler starts."""
    element, node, spec = catcher.element, catcher.node, catcher.spec
    assert isinstance(spec, error_trigger.ErrorSpec)
    scope = _interrupt(m, catcher, "error")
    if values:
        if node.local_results:
            handler_values = dict(values)
        else:
            handler_values = {}
            variables.set_all(m, scope, values)
    else:
        handler_values = {}
    if spec.code_variable:
        variables.set_variable(m, scope, spec.code_variable, error.code)
    if spec.message_variable:
        variables.set_variable(m, scope, spec.message_variable, error.message or None)
    _start(m, element, node, scope, handler_values)


def uncaught_error(m: Machine, thrower: int, error: BpmnError) -> None:
    """Nobody in this instance catches: the caller may; otherwise as the profile says."""
    element = m.state.elements[thrower]
    if m.state.parent_id is not None and not (nobody_catches(m, error.code) and element.key != 1):
        end_instance(m, "terminated", error=error)
    elif m.state.has(UNCAUGHT_ERROR_ENDS_PATH) and element.key != 1:
        end_path(m, element)
    else:
        m.raise_incident(
            "unhandledError",
            f"Expected a catcher for BPMN error {error.code!r} but there was none"
            + (f": {error.message}" if error.message else "."),
            element.key,
            element.node,
            resume=m.at if m.at and m.at[0] in ("enter", "leave") else ("enter", element.key, lifecycle.EXECUTE),
        )


def nobody_catches(m: Machine, code: str) -> bool:
    """Whether it is known that no caller catches this error, and the profile has such an error end its path: then the
    called instance goes on without that path, and its callers never hear of it (Camunda 7)."""
    caught = _caught_by_callers(m)
    return "*" not in caught and code not in caught and m.state.has(UNCAUGHT_ERROR_ENDS_PATH)


def _caught_by_callers(m: Machine) -> list[str]:
    caught = (m.state.elements[1].data or {}).get("caught")
    return cast("list[str]", caught) if isinstance(caught, list) else ["*"]


def codes_caught(m: Machine, thrower: int) -> tuple[str, ...]:
    """Codes of the errors thrown by element instance `thrower` that this instance or one of its callers catches; "*"
    alone when it is any. What catches around a running element instance does not change while it runs."""
    found: dict[str, None] = {}
    for _, nodes in _catchers_around(m, thrower):
        for node in nodes:
            for spec in node.triggers:
                if isinstance(spec, error_trigger.ErrorSpec):
                    found[spec.code or "*"] = None
    if m.state.parent_id is not None:
        found.update(dict.fromkeys(_caught_by_callers(m)))
    return ("*",) if "*" in found else tuple(found)


def end_path(m: Machine, element: Element) -> None:
    """End an element instance without any token leaving it, like a none end event (Camunda 7)."""
    node = m.nodes[element.node]
    for child in reversed(list(element.children)):
        found = m.state.elements.get(child)
        if found is not None:
            lifecycle.terminate(m, found, "error")
    scope = m.state.elements[element.scope]
    m.close_waits(element, "cancelled")
    lifecycle.resolve_incidents(m, element.key)
    if (
        m.state.has(ENDED_PATHS_LEAVE)
        and element.multi != "body"
        and not node.for_compensation
        and not (element.data or {}).get("path_ends")  # an end listener has thrown the error
    ):
        m.note(element.key, path_ends=True)
        m.push("leave", element.key)
        return
    m.emit(ev.ElementCompleted(element.key, node.id))
    compensation.handler_gone(m, element)
    lifecycle.look_at_scope(m, scope)


def throw_escalation(m: Machine, thrower: int, code: str | None, values: Variables | None = None) -> bool:
    """Throw an escalation; True when the thrower itself was ended by an interrupting catcher."""
    catcher = find_catcher(m, thrower, escalation_trigger.EscalationSpec, code)
    if catcher is None:
        if m.state.parent_id is not None:
            m.effects.append(EscalateToParent(code or "", dict(values or {})))
        return False
    catch_escalation(m, catcher, code, values)
    return thrower not in m.state.elements


def catch_escalation(m: Machine, catcher: Catcher, code: str | None, values: Variables | None = None) -> None:
    """Let `catcher` catch an escalation."""
    element, node, spec = catcher.element, catcher.node, catcher.spec
    assert isinstance(spec, escalation_trigger.EscalationSpec)
    if node.interrupting:
        scope = _interrupt(m, catcher, "interrupted")
    else:
        scope = element.scope if node.kind == "boundaryEvent" else element.key
    handler_values: Variables = {}
    if values:
        if node.local_results:
            handler_values = values
        else:
            variables.set_all(m, scope, values)
    if spec.code_variable:
        variables.set_variable(m, scope, spec.code_variable, code)
    _start(m, element, node, scope, handler_values)


def _interrupt(m: Machine, catcher: Catcher, reason: str) -> int:
    """End what the catcher guards; the key of the scope in which its handler starts."""
    if catcher.node.kind == "boundaryEvent":
        scope = catcher.element.scope
        lifecycle.terminate(m, catcher.element, reason)
        return scope
    catching.interrupt_scope(m, catcher.element)
    return catcher.element.key


def _start(m: Machine, element: Element, node: FlowNode, scope: int, values: Variables) -> None:
    if node.kind != "boundaryEvent":
        assert node.scope is not None
        node = m.nodes[node.scope]
    catching.start_handler(m, node, scope, values)


def end_instance(m: Machine, outcome: str, *, reason: str = "", error: BpmnError | None = None) -> None:
    """End the whole instance now; whatever still runs in it is terminated."""
    root = m.state.elements[1]
    m.stack.clear()
    m.changes.clear()
    lifecycle.clear_scope(m, root, reason or outcome)
    m.close_waits(root, "cancelled")
    lifecycle.resolve_incidents(m, 1)
    m.emit(
        ev.InstanceEnded(outcome, reason, None if error is None else error.code, "" if error is None else error.message)
    )
