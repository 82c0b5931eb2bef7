"""The trace grammar of engine tests: `+` activated, `-` completed, `x` terminated, `>` flow taken, `?` wait opened,
`!` wait closed, `#` incident."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from interpreter import events as ev


def marks(events: Iterable[Any]) -> list[tuple[str, str]]:
    """What happened as (mark, name)."""
    found: list[tuple[str, str]] = []
    waits: dict[int, str] = {}
    for event in events:
        match event:
            case ev.ElementActivated():
                suffix = "#body" if event.multi == "body" else "#undo" if event.multi == "compensation" else ""
                found.append(("+", event.node + suffix))
            case ev.ElementCompleted():
                found.append(("-", event.node))
            case ev.ElementTerminated():
                found.append(("x", event.node))
            case ev.SequenceFlowTaken():
                found.append((">", event.flow))
            case ev.WaitOpened():
                waits[event.wait.key] = event.wait.node
                found.append(("?", event.wait.node))
            case ev.WaitClosed():
                found.append(("!", waits[event.key]))
            case ev.IncidentRaised():
                found.append(("#", event.node))
            case _:
                pass
    return found
