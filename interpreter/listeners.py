"""Execution listeners: expressions that the engine evaluates, and jobs (Zeebe's) that it waits for.

A listener may throw a BPMN error, which then comes from the element instance that it listens to (Camunda 7).
"""

from __future__ import annotations

from collections.abc import Iterable

from interpreter import expressions
from interpreter.definition import Listener
from interpreter.failures import BpmnError, Failure
from interpreter.machine import Machine
from interpreter.state import Element
from interpreter.waits import JobWait


def run(m: Machine, element: Element, listener: Listener, event: str, index: int) -> bool:
    """Run one listener if it is for `event`; True when it is a job, so that the phase goes on later."""
    if listener.event != event:
        return False
    if listener.job_type is not None:
        type_ = expressions.required_text(m, listener.job_type, element.key, "the type of a listener's job")
        retries = (
            3
            if listener.retries is None
            else expressions.whole(m, listener.retries, element.key, "a listener's retries")
        )
        m.open_wait(
            JobWait(
                m.new_key(),
                element.key,
                element.node,
                "listener",
                type_,
                retries,
                headers={"phase": event, "index": index},
            )
        )
        return True
    if listener.expression is not None:
        expressions.evaluate(m, listener.expression, element.key)
    return False


def run_expressions(m: Machine, listeners: Iterable[Listener], event: str, element: int) -> None:
    """Evaluate the expression listeners for `event` at `element`."""
    for listener in listeners:
        if listener.event == event and listener.expression is not None:
            expressions.evaluate(m, listener.expression, element)


def run_on_cancel(m: Machine, element: Element, listeners: Iterable[Listener], event: str) -> None:
    """Listeners of an element instance that is being terminated. There is no way back, so a failing one is an
    incident of what is around it, with nothing to try again; jobs of dying elements are not created."""
    for listener in listeners:
        if listener.event == event and listener.expression is not None:
            try:
                expressions.evaluate(m, listener.expression, element.key)
            except (Failure, BpmnError) as error:
                m.raise_incident("listener", str(error), element.scope, m.state.elements[element.scope].node)


def job_done(m: Machine, wait: JobWait) -> None:
    """A listener's job is done: its element goes on after it."""
    phase = wait.headers["phase"]
    index = wait.headers["index"]
    if phase == "start":
        m.push("enter", wait.element, 2, index + 1)
    else:
        m.push("leave", wait.element, 0, index + 1)
