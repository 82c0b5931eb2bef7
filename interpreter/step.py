"""The engine: `step(definition, state, command)` -> `Step` (events, already applied to `state`, and effects) or
`Rejection`.

Pure and synchronous: no clock, randomness, I/O; `now` comes with the command. Same state + same command = same events.

    new_state(definition)                    an instance before its StartInstance
    check(definition, state, command)        would it be rejected? (nothing changes: for validators)
    step(definition, state, command)         do it

How a step runs is in `machine`, what each command does in `handlers`, what happens in an instance in `lifecycle`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from interpreter import (
    catching,
    compensation,
    handlers,
    joins,
    lifecycle,
    loops,
    modification,
    propagation,
    reported,
    task_listeners,
)
from interpreter import (
    events as ev,
)
from interpreter import (
    transitions as moves,
)
from interpreter.commands import Command, Rejection
from interpreter.definition import Definition
from interpreter.effects import Effect
from interpreter.elements.table import bind
from interpreter.features import features_of
from interpreter.machine import Decide, Machine, TransitionTable
from interpreter.state import State
from interpreter.values import Millis

__all__ = ["Step", "check", "new_state", "step"]


@dataclass(frozen=True, slots=True)
class Step:
    """What a command did. Event i has number `first` + i (from 0 over the life of the instance); `at` is the
    command's `now`."""

    first: int
    at: Millis
    events: list[ev.Event]
    effects: list[Effect]


TRANSITIONS: TransitionTable = {
    "take": lifecycle.take,
    "start": lifecycle.start,
    "activate": lifecycle.activate_node,
    "enter": lifecycle.enter,
    "complete": lifecycle.complete_key,
    "leave": lifecycle.leave,
    "scope": lifecycle.scope_done,
    "body": loops.body,
    "inners": loops.inners,
    "inner": loops.inner,
    "body_leave": loops.body_leave,
    "loop_event": loops.throw_event,
    "conditions": catching.conditions_changed,
    "condition": catching.evaluate_condition,
    "signal": moves.deliver_signal,
    "escalate": moves.escalate,
    "compensate": compensation.advance,
    "ad_hoc": moves.ad_hoc,
    "recheck": joins.recheck,
    "resume": moves.resume,
    "modified": modification.modified,
    "throw": moves.throw_rest,
    "effect": reported.repeat_effect,
    "fire": moves.fire_by_node,
    "task": task_listeners.run,
}


def new_state(definition: Definition, features: Sequence[str] | None = None) -> State:
    """The state of an instance that does not exist yet, with the features of the definition's profile."""
    return State(tuple(features_of(definition.profile, definition.rules) if features is None else features))


def check(definition: Definition, state: State, command: Command) -> Rejection | None:
    """The Rejection that `command` would get now; None when it would be carried out. Changes nothing."""
    return handlers.check(definition, state, command)


def step(
    definition: Definition,
    state: State,
    command: Command,
    *,
    decide: Decide | None = None,
    target: Definition | None = None,
) -> Step | Rejection:
    """Carry out `command`: changes `state` and returns what happened, or rejects it and changes nothing.

    `decide(decision_id, binding, version, variables, now)` answers DMN decisions inside the step (None: as a job).
    `target` is the other definition of a `MigrateInstance`.
    """
    rejection = handlers.check(definition, state, command, target)
    if rejection is not None:
        return rejection
    if not definition.bound:
        bind(definition)
    if target is not None and not target.bound:
        bind(target)
    m = Machine(definition, state, command.now, decide)
    first = state.sequence
    handlers.carry_out(m, command, target)
    m.drain(TRANSITIONS, propagation.throw_error)
    state.transients.clear()
    return Step(first, command.now, m.events, m.effects)


def run_pending(definition: Definition, state: State, now: Millis, **ports: Any) -> list[Step]:
    """Continue parked work until there is none: as many steps as it takes."""
    from interpreter.commands import Continue

    steps: list[Step] = []
    while state.pending and not state.suspended:
        result = step(definition, state, Continue(now), **ports)
        assert isinstance(result, Step)
        steps.append(result)
    return steps
