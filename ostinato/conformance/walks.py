"""Random legal walks: run any model without expectations and see that it ends or waits explainably.

A walk starts the process (at any of its start events) and then, again and again, does one thing that is possible:
completes a job, a task or a called instance, fires a timer, delivers a message or signal. All laws of the engine are
checked after every step. What is not possible without the outside (unknown variables, Java) shows as an incident,
which explains.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from interpreter import commands as c
from interpreter.bpmn.document import BpmnDocument
from interpreter.definition import Definition
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
from ostinato.testing.models import definitions_of
from ostinato.testing.world import Run, World

ACTIONS: Final = 60
LARGEST: Final = 400
"""Open waits beyond which a walk ends: where tokens multiply, more of the same shows nothing new, and the laws look at
the whole state after every step."""


@dataclass(frozen=True, slots=True)
class Walk:
    """Where a walk came to: `end` is ended | waiting | incident | stuck; `reasons` explain the last three."""

    process_id: str
    end: str
    actions: int
    reasons: tuple[str, ...]


def walk_document(document: BpmnDocument, seed: int = 0, profile: str = "c7", actions: int = ACTIONS) -> list[Walk]:
    """Walk every executable process of a document; CompileError when it cannot be executed."""
    return [walk(d, seed, actions) for d in definitions_of(document, profile)]


def walk(
    definition: Definition,
    seed: int = 0,
    actions: int = ACTIONS,
    *,
    laws: bool = True,
    variables: dict[str, object] | None = None,
) -> Walk:
    """Walk one process."""
    return take_walk(definition, seed, actions, laws=laws, variables=variables)[0]


def take_walk(
    definition: Definition,
    seed: int = 0,
    actions: int = ACTIONS,
    *,
    laws: bool = True,
    variables: dict[str, object] | None = None,
    disturb: Callable[[Run, random.Random], None] | None = None,
) -> tuple[Walk, Run]:
    """Walk one process; `disturb` is called after every action (to suspend and resume, to modify ...)."""
    rng = random.Random(seed)
    world = World(definition, profile=definition.profile, laws=laws)
    starts = definition.start_events()
    start = rng.choice(starts).node if starts else None
    run = Run(world, definition, "walk")
    world.runs[run.instance_id] = run
    result = run.attempt(c.StartInstance(world.now, run.instance_id, dict(variables or {}), start_node=start))
    if isinstance(result, c.Rejection):
        return Walk(definition.process_id, "incident", 0, (result.message,)), run
    done = 0
    while done < actions and not run.state.ended and len(run.state.waits) <= LARGEST:
        moves = possible(run, rng)
        if not moves:
            break
        rng.choice(moves)()
        if disturb is not None and not run.state.ended:
            disturb(run, rng)
        done += 1
    return Walk(definition.process_id, *_standing(run, done)), run


def _standing(run: Run, done: int) -> tuple[str, int, tuple[str, ...]]:
    state = run.state
    if state.ended:
        return "ended", done, ()
    if state.incidents:
        return "incident", done, tuple(sorted({i.message for i in state.incidents.values()}))
    reasons = tuple(str(e["why"]) for e in run.explain())
    return ("waiting" if reasons else "stuck"), done, reasons


def possible(run: Run, rng: random.Random) -> list[Callable[[], object]]:
    """Everything that may happen to the instance now."""
    found: list[Callable[[], object]] = []
    for wait in list(run.state.waits.values()):
        move = _move(run, wait, rng)
        if move is not None and not _has_failed(run, wait):
            found.append(move)
    return found


def _has_failed(run: Run, wait: Wait) -> bool:
    return any(run.state.incidents[i].wait == wait.key for i in run.state.incidents_by_element.get(wait.element, ()))


def _move(run: Run, wait: Wait, rng: random.Random) -> Callable[[], object] | None:
    now, key = run.world.now, wait.key
    match wait:
        case JobWait() | ExternalTaskWait() | UserTaskWait() | OpenWait():
            if (
                rng.random() < 0.05
                and not isinstance(wait, OpenWait)
                and getattr(wait, "kind", "")
                not in (
                    "async_before",
                    "async_after",
                    "listener",
                )
            ):
                return lambda: run.attempt(c.ThrowBpmnError(now, key, rng.choice(["error", "code", "1"])))
            return lambda: run.attempt(c.CompleteWait(now, key, {"x": rng.randint(0, 3)}))
        case TimerWait():
            return lambda: run.attempt(c.FireTimer(max(now, wait.due), key))
        case MessageWait() | SignalWait():
            return lambda: run.attempt(c.TriggerEvent(now, key, {}))
        case ChildWait():
            return lambda: run.attempt(c.CompleteChild(now, key, "completed"))
        case ConditionWait():
            return None
