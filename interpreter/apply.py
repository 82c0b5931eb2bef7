"""`apply(state, event)`: the only writer of `State`. fold(apply, events) == state is a law of the engine, so nothing
here may look at anything but the state and the event, decide anything, or fail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from interpreter import events as ev
from interpreter.state import CompensationRecord, Element, Incident, State
from interpreter.waits import ConditionWait, holds_token


def apply(state: State, event: Any) -> None:
    """Bring `event` into `state`."""
    state.sequence += 1
    APPLIERS[type(event)](state, event)


def fold(state: State, events: Iterable[Any]) -> State:
    """Apply `events` in order; returns `state`."""
    for event in events:
        state.sequence += 1
        APPLIERS[type(event)](state, event)
    return state


def _instance_started(state: State, event: ev.InstanceStarted) -> None:
    state.instance_id = event.instance_id
    state.process_id = event.process_id
    state.definition_hash = event.definition_hash
    state.business_key = event.business_key
    state.tenant = event.tenant
    state.parent_id = event.parent_id
    state.root_id = event.root_id
    state.elements[1] = Element(1, event.process_id, 1)
    state.counter = 2


def _instance_ended(state: State, event: ev.InstanceEnded) -> None:
    state.ended = True
    state.outcome = event.outcome
    state.elements.clear()
    state.pending = []


def _instance_suspended(state: State, event: ev.InstanceSuspended) -> None:
    state.suspended = True


def _instance_resumed(state: State, event: ev.InstanceResumed) -> None:
    state.suspended = False


def _instance_migrated(state: State, event: ev.InstanceMigrated) -> None:
    state.definition_hash = event.definition_hash
    nodes = event.nodes
    state.process_id = event.process_id
    for element in state.elements.values():
        element.node = nodes.get(element.node, element.node)
    for key, record in state.records.items():
        state.records[key] = CompensationRecord(
            key, nodes.get(record.node, record.node), record.scope, _renamed(record.record, nodes)
        )


def _renamed(record: dict[str, Any], nodes: dict[str, str]) -> dict[str, Any]:
    """A compensation record with the ids of another definition."""
    found = dict(record)
    for name in ("handler", "event_subprocess"):
        if found.get(name) is not None:
            found[name] = nodes.get(found[name], found[name])
    if "inner" in found:
        found["inner"] = [[nodes.get(node, node), _renamed(inner, nodes)] for node, inner in found["inner"]]
    return found


def _element_activated(state: State, event: ev.ElementActivated) -> None:
    key = event.key
    scope = event.scope
    element = Element(key, event.node, scope, event.flow, event.multi, event.loop_counter)
    elements = state.elements
    elements[key] = element
    parent = elements[scope]
    parent.children[key] = None
    if event.flow is not None:
        tokens = parent.tokens
        left = tokens[event.flow] - 1
        if left:
            tokens[event.flow] = left
        else:
            del tokens[event.flow]
        for flow in event.joined:
            left = tokens[flow] - 1
            if left:
                tokens[flow] = left
            else:
                del tokens[flow]
    if event.multi == "inner":
        parent.started += 1
    state.counter = key + 1


def _element_completed(state: State, event: ev.ElementCompleted) -> None:
    element = state.elements.pop(event.key)
    parent = state.elements[element.scope]
    parent.children.pop(event.key, None)
    if element.multi == "inner":
        parent.completed += 1
    if event.key in state.records_by_scope:
        _forget_records(state, event.key)


def _element_terminated(state: State, event: ev.ElementTerminated) -> None:
    element = state.elements.pop(event.key)
    parent = state.elements.get(element.scope)
    if parent is not None:
        parent.children.pop(event.key, None)
    if event.key in state.records_by_scope:
        _forget_records(state, event.key)


def _forget_records(state: State, scope: int) -> None:
    for key in state.records_by_scope.pop(scope):
        del state.records[key]


def _sequence_flow_taken(state: State, event: ev.SequenceFlowTaken) -> None:
    tokens = state.elements[event.scope].tokens
    tokens[event.flow] = tokens.get(event.flow, 0) + 1


def _variable_set(state: State, event: ev.VariableSet) -> None:
    state.elements[event.scope].variables[event.name] = event.value


def _variable_removed(state: State, event: ev.VariableRemoved) -> None:
    state.elements[event.scope].variables.pop(event.name, None)


def _wait_opened(state: State, event: ev.WaitOpened) -> None:
    wait = event.wait
    state.waits[wait.key] = wait
    element = state.elements[wait.element]
    element.waits[wait.key] = None
    if type(wait) is ConditionWait:
        state.conditions[wait.key] = None
    elif holds_token(wait):
        element.holds += 1
        if wait.flow is not None and wait.kind != "async_after":
            tokens = element.tokens
            left = tokens[wait.flow] - 1
            if left:
                tokens[wait.flow] = left
            else:
                del tokens[wait.flow]
    state.counter = wait.key + 1


def _wait_changed(state: State, event: ev.WaitChanged) -> None:
    state.waits[event.wait.key] = event.wait


def _wait_closed(state: State, event: ev.WaitClosed) -> None:
    wait = state.waits.pop(event.key)
    element = state.elements.get(wait.element)
    if element is not None:
        element.waits.pop(event.key, None)
        if holds_token(wait):
            element.holds -= 1
    if type(wait) is ConditionWait:
        state.conditions.pop(event.key, None)


def _incident_raised(state: State, event: ev.IncidentRaised) -> None:
    state.incidents[event.key] = Incident(
        event.key, event.type, event.message, event.element, event.node, event.wait, event.resume
    )
    state.incidents_by_element.setdefault(event.element, {})[event.key] = None
    state.counter = event.key + 1


def _incident_resolved(state: State, event: ev.IncidentResolved) -> None:
    incident = state.incidents.pop(event.key)
    keys = state.incidents_by_element[incident.element]
    del keys[event.key]
    if not keys:
        del state.incidents_by_element[incident.element]


def _decision_evaluated(state: State, event: ev.DecisionEvaluated) -> None:
    pass


def _compensation_subscribed(state: State, event: ev.CompensationSubscribed) -> None:
    state.records[event.key] = CompensationRecord(event.key, event.node, event.scope, event.record)
    state.records_by_scope.setdefault(event.scope, {})[event.key] = None
    state.counter = event.key + 1


def _compensation_consumed(state: State, event: ev.CompensationConsumed) -> None:
    record = state.records.pop(event.key, None)
    if record is not None:
        keys = state.records_by_scope[record.scope]
        del keys[event.key]
        if not keys:
            del state.records_by_scope[record.scope]


def _engine_noted(state: State, event: ev.EngineNoted) -> None:
    NOTES[event.what](state, event.data)


def _note_parked(state: State, data: dict[str, Any]) -> None:
    state.pending = [tuple(t) for t in data["transitions"]]
    state.visits = [(flow, scope, times) for flow, scope, times in data["visits"]]


def _note_unparked(state: State, data: dict[str, Any]) -> None:
    state.pending = []
    state.visits = []


def _note_data(state: State, data: dict[str, Any]) -> None:
    """Set entries of an element's own data."""
    element = state.elements[data["element"]]
    if element.data is None:
        element.data = {}
    element.data.update(data["set"])


def _note_item(state: State, data: dict[str, Any]) -> None:
    """Set one entry of a map in an element's own data (linear where `data` would copy the whole)."""
    element = state.elements[data["element"]]
    if element.data is None:
        element.data = {}
    element.data.setdefault(data["name"], {})[data["key"]] = data["value"]


def _note_tokens(state: State, data: dict[str, Any]) -> None:
    """Add to (or with negative numbers take from) the tokens on flows of a scope."""
    tokens = state.elements[data["scope"]].tokens
    for flow, change in data["flows"].items():
        left = tokens.get(flow, 0) + change
        if left:
            tokens[flow] = left
        else:
            tokens.pop(flow, None)


def _note_moved(state: State, data: dict[str, Any]) -> None:
    """An element instance got another parent (migration)."""
    element = state.elements[data["element"]]
    state.elements[element.scope].children.pop(element.key, None)
    element.scope = data["scope"]
    state.elements[element.scope].children[element.key] = None


NOTES: dict[str, Callable[[State, dict[str, Any]], None]] = {
    "parked": _note_parked,
    "unparked": _note_unparked,
    "data": _note_data,
    "item": _note_item,
    "tokens": _note_tokens,
    "moved": _note_moved,
}

APPLIERS: dict[type, Callable[[State, Any], None]] = {
    ev.InstanceStarted: _instance_started,
    ev.InstanceEnded: _instance_ended,
    ev.InstanceSuspended: _instance_suspended,
    ev.InstanceResumed: _instance_resumed,
    ev.InstanceMigrated: _instance_migrated,
    ev.ElementActivated: _element_activated,
    ev.ElementCompleted: _element_completed,
    ev.ElementTerminated: _element_terminated,
    ev.SequenceFlowTaken: _sequence_flow_taken,
    ev.VariableSet: _variable_set,
    ev.VariableRemoved: _variable_removed,
    ev.WaitOpened: _wait_opened,
    ev.WaitChanged: _wait_changed,
    ev.WaitClosed: _wait_closed,
    ev.IncidentRaised: _incident_raised,
    ev.IncidentResolved: _incident_resolved,
    ev.DecisionEvaluated: _decision_evaluated,
    ev.CompensationSubscribed: _compensation_subscribed,
    ev.CompensationConsumed: _compensation_consumed,
    ev.EngineNoted: _engine_noted,
}
