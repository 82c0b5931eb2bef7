"""What `docs/elements.md` promises, as words that can be compared with what tests perform: `userTask`,
`messageEventDefinition ES I`, `parallel multiple B I`, `multi-instance` ..."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from interpreter.definition import Definition, FlowNode
from interpreter.elements import table
from interpreter.elements.loop import MultiInstance, StandardLoop
from interpreter.triggers.table import READERS

DOCS: Final = Path(__file__).resolve().parents[2] / "docs" / "elements.md"
POSITIONS: Final = ("S", "ES", "IC", "B", "IT", "E")
_TAGS: Final = {
    "MessageSpec": "messageEventDefinition",
    "TimerSpec": "timerEventDefinition",
    "SignalSpec": "signalEventDefinition",
    "ConditionSpec": "conditionalEventDefinition",
    "ErrorSpec": "errorEventDefinition",
    "EscalationSpec": "escalationEventDefinition",
    "CompensationSpec": "compensateEventDefinition",
    "LinkSpec": "linkEventDefinition",
    "TerminateSpec": "terminateEventDefinition",
    "CancelSpec": "cancelEventDefinition",
}


def promised() -> set[str]:
    """Every flow node, every event definition in every position, multiple events and loops."""
    return set(table.BEHAVIORS) | set(_events()) | {"multi-instance", "sequential multi-instance", "standard loop"}


def _events() -> Iterator[str]:
    rows = re.findall(r"^\| `(\w+EventDefinition)` \|([^\n]*)\|$", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    assert {name for name, _ in rows} == set(READERS)
    for name, cells in rows:
        for position, cell in zip(POSITIONS, cells.split("|"), strict=False):
            for mark in cell.split():
                if mark in ("I", "N"):
                    yield f"{name} {position} {mark}"
                elif mark == "yes":
                    yield f"{name} {position}"
    for kind in ("multiple", "parallel multiple"):
        for position in ("S", "ES I", "IC", "B I"):
            yield f"{kind} {position}"
    for position in ("IT", "E"):
        yield f"multiple {position}"


def cells_of(definition: Definition, node: FlowNode) -> Iterator[str]:
    """What a node performs."""
    yield node.kind
    if isinstance(node.loop, StandardLoop):
        yield "standard loop"
    elif isinstance(node.loop, MultiInstance):
        yield "sequential multi-instance" if node.loop.sequential else "multi-instance"
    if node.for_compensation:  # its boundary event is only the way to it
        yield "compensateEventDefinition B"
    position = _position(definition, node)
    for trigger in node.triggers:
        yield f"{_TAGS[type(trigger).__name__]} {position}"
        yield f"{_TAGS[type(trigger).__name__]} {position.split()[0]}"
    if len(node.triggers) > 1:
        yield f"{'parallel ' if node.parallel_multiple else ''}multiple {position}"


def _position(definition: Definition, node: FlowNode) -> str:
    match node.kind:
        case "startEvent":
            scope = definition.parent_scope(node.id)
            if scope is None or scope.kind != "eventSubProcess":
                return "S"
            return "ES I" if node.interrupting else "ES N"
        case "boundaryEvent":
            return "B I" if node.interrupting else "B N"
        case "intermediateCatchEvent":
            return "IC"
        case "intermediateThrowEvent":
            return "IT"
        case _:
            return "E"
