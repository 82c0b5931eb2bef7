"""Execution listeners: expressions that the engine evaluates, and jobs (Zeebe's listeners, Camunda's classes and
delegates) that it waits for.

    start   Camunda: after the inputs and subscriptions        Zeebe: between the inputs and the subscriptions
    end     Camunda: before the outputs                        Zeebe: after the outputs
    beforeAll                                                  Zeebe: once, before a multi-instance looks at its input
    take    Camunda: on a sequence flow, whose token the job holds
    end of what is cancelled: an effect; nobody waits for it, since there is no way back

A job's variables go where its dialect says: Camunda's as from a delegate, Zeebe's into the element instance (start) or
out of it (end). A listener may throw a BPMN error, which then comes from the element instance that it listens to.
Task listeners are in `task_listeners`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

from interpreter import events as ev
from interpreter import expressions, variables
from interpreter.definition import FlowNode, Listener, SequenceFlow
from interpreter.effects import RunListener
from interpreter.failures import BpmnError, Failure
from interpreter.features import LISTENER_JOBS
from interpreter.machine import Machine
from interpreter.state import Element
from interpreter.values import JsonValue, VariableValue
from interpreter.waits import JobWait

ZEEBE = "zeebe"
DEFAULT_RETRIES = 3


def run_all(m: Machine, element: Element, node: FlowNode, event: str, first: int, *, zeebe: bool) -> int | None:
    """Run the listeners for `event`, Zeebe's or the others, from `first` on; the index of the one that is a job, for
    which the phase must wait, None when all have run. The caller says before where it stands (`Machine.at`)."""
    place = m.at
    for index in range(first, len(node.listeners)):
        listener = node.listeners[index]
        if listener.event != event or (listener.dialect == ZEEBE) is not zeebe:
            continue
        m.at = (*place, index)
        if listener.job_type is not None:
            open_job(m, element.key, node.id, listener, {"phase": event, "index": index})
            return index
        if listener.expression is not None:
            expressions.evaluate(m, listener.expression, element.key)
        if element.key not in m.state.elements:
            return index
    m.at = place
    return None


def open_job(
    m: Machine, element: int, node: str, listener: Listener, headers: Mapping[str, JsonValue], flow: str | None = None
) -> None:
    """Open the wait for a listener's job. `headers` say what it is about, beside those of the model."""
    assert listener.job_type is not None
    type_ = expressions.required_text(m, listener.job_type, element, "the type of a listener's job")
    retries = DEFAULT_RETRIES
    if listener.retries is not None:
        retries = expressions.whole(m, listener.retries, element, "a listener's retries")
    found: dict[str, JsonValue] = {**listener.headers, **headers}
    if listener.fields:
        found["fields"] = _fields(m, listener, element)
    m.open_wait(JobWait(m.new_key(), element, node, "listener", type_, retries, headers=found, flow=flow))


def _fields(m: Machine, listener: Listener, element: int) -> dict[str, JsonValue]:
    found: dict[str, JsonValue] = {}
    for name, expression in listener.fields.items():
        try:
            found[name] = expressions.plain(expressions.evaluate(m, expression, element))
        except Failure:
            found[name] = expression.text  # it names a bean: the delegate evaluates it, as `jobs` does for delegates
    return found


def run_take(m: Machine, flow: SequenceFlow, scope: int, first: int) -> bool:
    """Run the listeners of a sequence flow from `first` on; True when one is a job, which now holds the token."""
    for index in range(first, len(flow.listeners)):
        listener = flow.listeners[index]
        if listener.event != "take":
            continue
        if listener.expression is not None:
            expressions.evaluate(m, listener.expression, scope)
        elif listener.job_type is not None and m.state.has(LISTENER_JOBS):
            headers: dict[str, JsonValue] = {"phase": "take", "index": index, "flow": flow.id}
            open_job(m, scope, flow.target, listener, headers, flow.id)
            return True
    return False


def run_expressions(m: Machine, listeners: Iterable[Listener], event: str, element: int) -> None:
    """Evaluate the expression listeners for `event` at `element`."""
    for listener in listeners:
        if listener.event == event and listener.expression is not None:
            expressions.evaluate(m, listener.expression, element)


def run_on_cancel(m: Machine, element: Element, listeners: Iterable[Listener], event: str) -> None:
    """Listeners of an element instance that is being terminated. There is no way back, so a failing one is an
    incident of what is around it, with nothing to try again, and a job is an effect, for which nobody waits. Zeebe's
    end listeners do not run for what is cancelled."""
    for listener in listeners:
        if listener.event != event and not (listener.event == "all" and m.state.has(LISTENER_JOBS)):
            continue
        try:
            if listener.expression is not None:
                expressions.evaluate(m, listener.expression, element.key)
            elif (
                listener.job_type is not None
                and m.state.has(LISTENER_JOBS)
                and not (listener.dialect == ZEEBE and event == "end")
            ):
                _run_without_waiting(m, element, listener, event)
        except (Failure, BpmnError) as error:
            m.raise_incident("listener", str(error), element.scope, m.state.elements[element.scope].node)


def _run_without_waiting(m: Machine, element: Element, listener: Listener, event: str) -> None:
    assert listener.job_type is not None
    key = element.key
    type_ = expressions.required_text(m, listener.job_type, key, "the type of a listener's job")
    retries = DEFAULT_RETRIES
    if listener.retries is not None:
        retries = expressions.whole(m, listener.retries, key, "a listener's retries")
    headers: dict[str, JsonValue] = {**listener.headers, "phase": event}
    if listener.fields:
        headers["fields"] = _fields(m, listener, key)
    m.effects.append(RunListener(type_, element.node, key, retries, headers, dict(variables.visible(m.state, key))))


def take_values(m: Machine, wait: JobWait, values: Mapping[str, VariableValue]) -> None:
    """Set the variables that came with a listener's job."""
    listener = _listener_of(m, wait)
    element = m.state.elements[wait.element]
    if listener is None or listener.dialect != ZEEBE:
        variables.set_all(m, element.key, values)
    elif wait.headers["phase"] == "end":
        variables.set_all(m, element.scope, values)
    else:
        variables.set_all(m, element.key, values, local=True)


def job_done(m: Machine, wait: JobWait) -> None:
    """A listener's job is done, its wait is closed: what it held goes on after it."""
    from interpreter import lifecycle, loops

    phase = wait.headers["phase"]
    following = cast(int, wait.headers["index"]) + 1
    listener = _listener_of(m, wait)
    zeebe = listener is not None and listener.dialect == ZEEBE
    if phase == "take":
        assert wait.flow is not None
        m.emit(ev.EngineNoted("tokens", {"scope": wait.element, "flows": {wait.flow: 1}}))
        m.push("take", wait.flow, wait.element, False, following)
    elif phase == "beforeAll":
        m.push("body", wait.element, loops.BEFORE_ALL, following)
    elif phase == "start":
        m.push("enter", wait.element, lifecycle.EARLY_LISTENERS if zeebe else lifecycle.START_LISTENERS, following)
    else:
        m.push("leave", wait.element, lifecycle.LATE_LISTENERS if zeebe else lifecycle.END_LISTENERS, following)


def _listener_of(m: Machine, wait: JobWait) -> Listener | None:
    """The listener of a job; None when a migration has taken it away."""
    found = m.nodes[wait.node].listeners
    if wait.flow is not None:
        found = m.flows[wait.flow].listeners if wait.flow in m.flows else ()
    index = cast(int, wait.headers["index"])
    return found[index] if index < len(found) else None
