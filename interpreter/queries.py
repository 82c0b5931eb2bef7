"""Read-only questions about an instance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from interpreter import expressions, ids, task_listeners, variables
from interpreter.apply import fold
from interpreter.definition import Definition
from interpreter.events import Event, InstanceStarted
from interpreter.failures import Failure
from interpreter.features import features_of
from interpreter.machine import Machine
from interpreter.state import State
from interpreter.triggers.conditional import ConditionSpec
from interpreter.values import VariableValue
from interpreter.waits import (
    ChildWait,
    ConditionWait,
    ExternalTaskWait,
    JobWait,
    MessageWait,
    OpenWait,
    SignalWait,
    TimerWait,
    UserTaskWait,
    Wait,
)


def job_input(definition: Definition, state: State, wait: Wait) -> dict[str, VariableValue]:
    """What whoever works on `wait` is given: the variables that its element instance sees; for a called instance,
    what it starts with."""
    if isinstance(wait, ChildWait):
        return dict(wait.variables)
    seen = variables.visible(state, wait.element)
    return {**seen, **task_listeners.seen_by(state, wait)} if isinstance(wait, JobWait) else seen


def variables_at(state: State, element: int, local: bool = False) -> dict[str, VariableValue]:
    """The variables that an element instance sees, or only its own."""
    if local:
        return dict(state.elements[element].variables)
    return variables.visible(state, element)


def state_at(
    definition: Definition, events: Iterable[Event], count: int, features: Sequence[str] | None = None
) -> State:
    """The state after the first `count` events of an instance."""
    state = State(tuple(features_of(definition.profile, definition.rules) if features is None else features))
    return fold(state, islice(events, count))


def compensation_of(state: State) -> dict[str, Any]:
    """What an ended instance left that its caller may have undone (`CompleteChild.compensation`); empty when there is
    nothing."""
    keys = state.records_by_scope.get(ids.ROOT_KEY, {}) if state.outcome == "completed" else {}
    inner = [[state.records[k].node, state.records[k].record] for k in keys]
    return {"inner": inner} if inner else {}


def diff(before: State, after: State) -> dict[str, Any]:
    """What is different: element instances, waits and incidents that came and went, variables that changed (element,
    name, before, after)."""
    changes: list[list[Any]] = []
    for key in before.elements.keys() | after.elements.keys():
        old = before.elements[key].variables if key in before.elements else {}
        new = after.elements[key].variables if key in after.elements else {}
        changes.extend(
            [key, name, old.get(name), new.get(name)]
            for name in old.keys() | new.keys()
            if old.get(name) != new.get(name) or (name in old) != (name in new)
        )
    return {
        "elements": _came_and_went(before.elements, after.elements),
        "waits": _came_and_went(before.waits, after.waits),
        "incidents": _came_and_went(before.incidents, after.incidents),
        "variables": sorted(changes, key=lambda change: (change[0], change[1])),
        "ended": [before.ended, after.ended],
        "suspended": [before.suspended, after.suspended],
    }


def _came_and_went(before: Mapping[int, object], after: Mapping[int, object]) -> dict[str, list[int]]:
    return {"came": [k for k in after if k not in before], "went": [k for k in before if k not in after]}


def conditional_starts(definition: Definition, given: Mapping[str, VariableValue], now: int) -> list[str]:
    """Ids of the conditional start events whose condition is true for these variables (Camunda's POST /condition)."""
    state = State(())
    fold(state, [InstanceStarted("?", definition.process_id, definition.hash)])
    state.elements[1].variables = dict(given)
    m = Machine(definition, state, now)
    found: list[str] = []
    for start in definition.starts:
        if start.type != "conditional" or (
            start.conditions.get("names") and not set(start.conditions["names"]) & set(given)
        ):
            continue
        spec = next(t for t in definition.nodes[start.node].triggers if isinstance(t, ConditionSpec))
        try:
            value = expressions.plain(expressions.evaluate(m, spec.condition, 1))
        except Failure as failure:
            if failure.type != "unresolved":
                raise
            value = False
        if value is True:
            found.append(start.node)
    return found


def element_tree(definition: Definition, state: State, key: int = ids.ROOT_KEY) -> dict[str, Any]:
    """The element instance `key` with all inside it: key, id, node, name, kind, activity_type, multi, waits,
    incidents, tokens, children."""
    element = state.elements[key]
    node = definition.nodes[element.node]
    return {
        "key": key,
        "id": ids.element_id(state.instance_id, key),
        "node": node.id,
        "name": node.name,
        "kind": node.kind,
        "activity_type": "multiInstanceBody" if element.multi == "body" else node.activity_type,
        "multi": element.multi,
        "loop_counter": element.loop_counter,
        "waits": [
            {"key": w, "kind": type(state.waits[w]).__name__, "node": state.waits[w].node} for w in element.waits
        ],
        "incidents": list(state.incidents_by_element.get(key, ())),
        "tokens": dict(element.tokens),
        "children": [element_tree(definition, state, child) for child in element.children],
    }


def explain(definition: Definition, state: State) -> list[dict[str, Any]]:
    """Why the instance does not move: for each place that holds a token, what it waits for and what would release
    it."""
    found: list[dict[str, Any]] = []
    if state.ended:
        return found
    if state.suspended:
        found.append(
            {"element": 1, "node": state.process_id, "why": "The instance is suspended.", "release": "resume it"}
        )
    if state.pending:
        found.append(
            {
                "element": 1,
                "node": state.process_id,
                "why": f"{len(state.pending)} transitions are parked by the step budget.",
                "release": "the engine continues by itself",
            }
        )
    for incident in state.incidents.values():
        found.append(
            {
                "element": incident.element,
                "node": incident.node,
                "why": f"Incident {incident.key} ({incident.type}): {incident.message}",
                "release": "put right what it says, then resolve the incident",
                "incident": incident.key,
            }
        )
    for wait in state.waits.values():
        why, release = _explain_wait(definition, state, wait)
        found.append({"element": wait.element, "node": wait.node, "wait": wait.key, "why": why, "release": release})
    for element in state.elements.values():
        for flow in element.tokens:
            target = definition.nodes[definition.flows[flow].target]
            missing = [f for f in target.incoming if f not in element.tokens]
            found.append(
                {
                    "element": element.key,
                    "node": target.id,
                    "why": f"A token on sequence flow {flow!r} waits at {target.kind} {target.id!r}.",
                    "release": f"tokens on {', '.join(map(repr, missing))}" if missing else "the rest of its scope",
                }
            )
    return found


def _explain_wait(definition: Definition, state: State, wait: Wait) -> tuple[str, str]:
    what = f"{definition.nodes[wait.node].kind} {wait.node!r}"
    match wait:
        case JobWait(kind="listener"):
            at = f"sequence flow {wait.flow!r}" if wait.flow is not None else what
            told = f"The {wait.headers['phase']} listener {wait.type!r} of {at} is at work ({wait.retries} retries)."
            return told, "complete the job"
        case JobWait():
            return (
                f"{what} waits for a job of kind {wait.kind!r}, type {wait.type!r} ({wait.retries} retries).",
                "complete the job",
            )
        case TimerWait():
            return f"{what} waits for its timer, due at {wait.due}.", "time, or firing the timer"
        case UserTaskWait() if task_listeners.is_busy(state, wait):
            return f"{what} waits for its listeners.", "complete their jobs"
        case UserTaskWait():
            return f"{what} waits for a person.", "complete the task"
        case ExternalTaskWait():
            return f"{what} waits for a worker on topic {wait.topic!r}.", "complete the external task"
        case MessageWait():
            return f"{what} waits for message {wait.name!r}.", "correlate the message"
        case SignalWait():
            return f"{what} waits for signal {wait.name!r}.", "throw the signal"
        case ConditionWait():
            return f"{what} waits for its condition.", "a change of a variable that makes it true"
        case ChildWait():
            return f"{what} waits for called process {wait.process_id!r}.", "the end of the called instance"
        case OpenWait():
            return f"{what} waits to be told ({wait.what}).", "complete it"
