"""What scenes are made of: the kinds of work that the task worker does, and pieces of models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from interpreter.bpmn.builder import Builder

VARIANTS: Final = 6

#: Job types and topics that the task worker serves.
WORK, DECLINE, FLAKY, MOODY = "chaos_work", "chaos_decline", "chaos_flaky", "chaos_moody"
SHIP, SHAKY, CLUMSY = "chaos_ship", "chaos_shaky", "chaos_clumsy"
#: A dead worker is noticed after so many seconds.
HEADERS: Final[Mapping[str, str]] = {"heartbeatTimeout": "PT4S", "startToCloseTimeout": "PT20S"}

#: User tasks, by the begin of their names, that nobody completes: what they stand in ends, or changes, otherwise.
UNTOUCHED: Final = ("park", "forever", "moving", "wrong_way", "doomed")


@dataclass(frozen=True, slots=True)
class Scene:
    """A process that the client starts. `loose`: nodes that time decides about.

    `begin`: how it is started: by its key, by the message, or by a condition, which are named as the process. `steady`:
    nobody suspends it, because a signal that is thrown at it passes by who is suspended.
    """

    key: str
    model: Builder
    weight: int = 1
    loose: frozenset[str] = field(default_factory=frozenset[str])
    begin: Literal["key", "message", "condition"] = "key"
    steady: bool = False


def work(b: Builder, id: str, type: str = WORK, **options: object) -> Builder:
    """A service task as a Temporal activity."""
    return b.service_task(id, type=type, headers=dict(HEADERS), **options)


def put(b: Builder, id: str, name: str, value: str) -> Builder:
    """A script task that gives the variable `name` a value (FEEL)."""
    return b.script_task(id, value, format="feel", result_variable=name)


def undoable(b: Builder, id: str) -> Builder:
    """A service task with its compensation handler."""
    b = work(b, id).boundary(f"{id}_undone", compensation=True)
    return b.handler("service_task", f"{id}_undo", type=WORK, headers=dict(HEADERS))
