"""How operators steer open work: retries, due dates, priorities, and holding jobs back.

A suspended job is not begun (what a worker has begun it ends), a suspended timer does not fire, until they are
activated; an operator may still have either done at once. `SuspendJobs` holds back all jobs of flow nodes, also those
to come: the process instance remembers the names of their kinds.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any, Final

from interpreter import commands as c
from interpreter import events as ev
from interpreter import jobs
from interpreter.commands import Rejection
from interpreter.definition import Definition
from interpreter.elements import user_task
from interpreter.failures import Failure
from interpreter.ids import ROOT_KEY
from interpreter.machine import Machine
from interpreter.state import State
from interpreter.triggers import timer
from interpreter.values import Millis
from interpreter.waits import ExternalTaskWait, JobWait, TimerWait, UserTaskWait, Wait, job_name

HELD: Final = "suspended_jobs"
"""Under this name the root's own data has the names of the jobs that are held back."""


def check_change(definition: Definition, state: State, wait: Wait, command: c.ChangeWait) -> Rejection | None:
    """Whether this kind of wait has what is to be changed, and a timer that is to be read anew can be."""
    if command.retries is not None:
        if not isinstance(wait, JobWait | ExternalTaskWait | TimerWait):
            return Rejection(
                "invalid", f"Expected a job or external task but wait {wait.key} is {type(wait).__name__}."
            )
        if command.retries < 0:
            return Rejection("invalid", f"Expected retries of 0 or more but it was {command.retries}.")
    if command.due is not None and not isinstance(wait, JobWait | TimerWait | UserTaskWait):
        return Rejection("invalid", f"Expected a job, timer or user task but wait {wait.key} is {type(wait).__name__}.")
    if command.priority is not None and not isinstance(wait, JobWait | ExternalTaskWait | UserTaskWait):
        return Rejection("invalid", f"Expected a job or task but wait {wait.key} is {type(wait).__name__}.")
    if command.recalculate_from is not None:
        if not isinstance(wait, TimerWait):
            return Rejection("invalid", f"Expected a timer but wait {wait.key} is {type(wait).__name__}.")
        try:
            _read_anew(Machine(definition, state, command.now), wait, command.recalculate_from)
        except Failure as failure:
            return Rejection("invalid", failure.message)
    if command.suspended is not None and not isinstance(wait, JobWait | TimerWait):
        return Rejection("invalid", f"Expected a job or timer but wait {wait.key} is {type(wait).__name__}.")
    return None


def change(m: Machine, command: c.ChangeWait) -> None:
    """Change an open wait; with retries, its incidents come or go."""
    wait = m.state.waits[command.wait]
    changes: dict[str, Any] = {}
    if command.retries is not None and not isinstance(wait, TimerWait):
        changes["retries"] = command.retries
        if isinstance(wait, JobWait):
            changes["headers"] = jobs.headers_for_another_try(m, wait)
    if command.recalculate_from is not None and isinstance(wait, TimerWait):
        again = _read_anew(m, wait, command.recalculate_from)
        changes |= {"due": again.due, "spec": again.spec}
    if command.due is not None:
        changes["due"] = command.due
    if command.priority is not None:
        changes["priority"] = command.priority
    if command.suspended is not None:
        changes["suspended"] = command.suspended
    if changes:
        m.emit(ev.WaitChanged(replace(wait, **changes)))
    if command.retries is not None:
        incidents = [
            key for key in m.state.incidents_by_element.get(wait.element, ()) if m.state.incidents[key].wait == wait.key
        ]
        if command.retries > 0:
            for key in incidents:
                m.emit(ev.IncidentResolved(key))
        elif not incidents:
            kind = "failedExternalTask" if isinstance(wait, ExternalTaskWait) else "failedJob"
            m.raise_incident(kind, "The retries were set to 0.", wait.element, wait.node, wait=wait.key)


def _read_anew(m: Machine, wait: TimerWait, since: Millis) -> TimerWait:
    """What the timer's expression says now; raises `Failure`."""
    node = m.nodes[wait.node]
    spec = user_task.timer_of(node, wait) if user_task.is_timeout(wait) else timer.of_node(node)
    return timer.schedule(m, wait.element, node, spec, since)


def check_suspension(definition: Definition, state: State, command: c.SuspendJobs) -> Rejection | None:
    """Names of flow nodes that the definition does not have do no harm: nothing is held back by them."""
    return None


def suspend_jobs(m: Machine, command: c.SuspendJobs) -> None:
    """Hold back or let go the jobs of flow nodes: those to come, and with `include` the open ones."""
    root = m.state.elements[ROOT_KEY]
    held: list[str] = list((root.data or {}).get(HELD) or ())
    names = dict.fromkeys(command.names)
    wanted = list(dict.fromkeys([*held, *names])) if command.suspended else [n for n in held if n not in names]
    if wanted != held:
        m.note(ROOT_KEY, **{HELD: wanted})
    if command.include:
        for wait in list(m.state.waits.values()):
            if (
                isinstance(wait, JobWait | TimerWait)
                and job_name(wait) in names
                and wait.suspended != command.suspended
            ):
                m.emit(ev.WaitChanged(replace(wait, suspended=command.suspended)))


def begin_held(m: Machine, names: Collection[str]) -> None:
    """A new instance of a definition of which some jobs are held back."""
    if names:
        m.note(ROOT_KEY, **{HELD: list(names)})
