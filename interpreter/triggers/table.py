"""The event definitions that there are. Adding one = one file, one row here, one row in `docs/elements.md`, its
tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from interpreter.codec import register
from interpreter.definition import Spec
from interpreter.triggers import (
    cancel,
    compensation,
    conditional,
    error,
    escalation,
    link,
    message,
    signal,
    terminate,
    timer,
)
from interpreter.triggers.trigger import Trigger

if TYPE_CHECKING:
    from interpreter.bpmn.document import Node
    from interpreter.elements.reading import Reader

READERS: Final[dict[str, Callable[[Node, Reader], Spec]]] = {
    "messageEventDefinition": message.read,
    "timerEventDefinition": timer.read,
    "signalEventDefinition": signal.read,
    "conditionalEventDefinition": conditional.read,
    "errorEventDefinition": error.read,
    "escalationEventDefinition": escalation.read,
    "compensateEventDefinition": compensation.read,
    "linkEventDefinition": link.read,
    "terminateEventDefinition": terminate.read,
    "cancelEventDefinition": cancel.read,
}

TRIGGERS: Final[dict[type[Spec], Trigger]] = {
    message.MessageSpec: message.MessageTrigger(),
    timer.TimerSpec: timer.TimerTrigger(),
    signal.SignalSpec: signal.SignalTrigger(),
    conditional.ConditionSpec: conditional.ConditionTrigger(),
    error.ErrorSpec: error.ErrorTrigger(),
    escalation.EscalationSpec: escalation.EscalationTrigger(),
    compensation.CompensationSpec: compensation.CompensationTrigger(),
    link.LinkSpec: link.LinkTrigger(),
    terminate.TerminateSpec: terminate.TerminateTrigger(),
    cancel.CancelSpec: cancel.CancelTrigger(),
}


def trigger_of(spec: Spec) -> Trigger:
    """The behaviour of an event definition."""
    return TRIGGERS[type(spec)]


register(*TRIGGERS)
