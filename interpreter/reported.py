"""Incidents that the outside reports: by an operator or a worker, or by the shell when an effect cannot be performed.

What threw the effect has gone on by then, so that its incident belongs to the process instance, with the thrower's flow
node. Resolving it asks for the effect again, under its old id: what it reached before is not reached twice. Until then
the instance does not complete, as the effect would be lost with it; an instance that had completed before has the
incident all the same.
"""

from __future__ import annotations

from typing import Any, Final

from interpreter import commands as c
from interpreter import events as ev
from interpreter.effects import RepeatEffect
from interpreter.ids import ROOT_KEY
from interpreter.machine import Machine
from interpreter.state import State

FAILED_EFFECT: Final = "failedEffect"
"""Type of the incident of an effect."""


def report(m: Machine, command: c.ReportIncident) -> None:
    """An incident of an element instance."""
    element = m.state.elements[command.element]
    m.raise_incident(command.type, command.message, element.key, element.node, details=command.configuration or "")


def fail_effect(m: Machine, command: c.FailEffect) -> None:
    """An effect that is given up for now."""
    node = command.node if command.node in m.nodes else m.definition.process_id
    m.raise_incident(
        FAILED_EFFECT,
        command.message,
        ROOT_KEY,
        node,
        details=command.details,
        resume=("effect", command.id, command.effect),
    )


def repeat_effect(m: Machine, id: str, effect: dict[str, Any]) -> None:
    """Ask for it again, as a transition; the instance may have waited for nothing else."""
    m.effects.append(RepeatEffect(id, effect))
    if not m.state.ended:
        m.push("scope", ROOT_KEY)


def is_for_one_that_ended(state: State, command: Any) -> bool:
    """Whether an instance that is over takes the command: to say that an effect failed, to ask for it again, or (a
    cancellation) to give it up."""
    return isinstance(command, c.FailEffect | c.ResolveIncident) or (
        isinstance(command, c.CancelInstance) and keeps_open(state)
    )


def give_up(m: Machine) -> None:
    """Forget the effects of an instance that is over."""
    for key in list(m.state.incidents):
        m.emit(ev.IncidentResolved(key))


def keeps_open(state: State) -> bool:
    """Whether the process instance must not complete yet."""
    return any(state.incidents[key].type == FAILED_EFFECT for key in state.incidents_by_element.get(ROOT_KEY, ()))
