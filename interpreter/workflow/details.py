"""What people see of an instance in Temporal's own UI, and the answer of the `state` query."""

from __future__ import annotations

from typing import Any, Final

from interpreter import codec, queries
from interpreter.definition import Definition
from interpreter.state import State

SHOWN: Final = 20
"""Waits named in the current details; an instance may have thousands."""

_WORDS: Final = {
    "JobWait": "job",
    "TimerWait": "timer",
    "UserTaskWait": "user task",
    "ExternalTaskWait": "external task",
    "MessageWait": "message",
    "SignalWait": "signal",
    "ConditionWait": "condition",
    "ChildWait": "called process",
    "OpenWait": "command",
}


def text(definition: Definition, state: State) -> str:
    """Markdown: where the tokens are."""
    if state.ended:
        return f"ended: {state.outcome}"
    lines: list[str] = []
    if state.suspended:
        lines.append("**suspended**")
    for incident in list(state.incidents.values())[:SHOWN]:
        lines.append(f"- **incident** at {_name(definition, incident.node)}: {incident.message[:200]}")
    waits = list(state.waits.values())
    for wait in waits[:SHOWN]:
        lines.append(f"- {_name(definition, wait.node)}: waits for {_WORDS[type(wait).__name__]}")
    if len(waits) > SHOWN:
        lines.append(f"- and {len(waits) - SHOWN} more")
    return "\n".join(lines)


def describe_state(definition: Definition, state: State, confirmed: int) -> dict[str, Any]:
    """The answer of the query `state`."""
    return {
        "instance_id": state.instance_id,
        "process_id": state.process_id,
        "definition_hash": state.definition_hash,
        "business_key": state.business_key,
        "sequence": state.sequence,
        "confirmed": confirmed,
        "ended": state.ended,
        "outcome": state.outcome,
        "suspended": state.suspended,
        "elements": None if state.ended else queries.element_tree(definition, state),
        "waits": [codec.to_json(wait) for wait in state.waits.values()],
        "incidents": [
            {"key": i.key, "type": i.type, "message": i.message, "element": i.element, "node": i.node, "wait": i.wait}
            for i in state.incidents.values()
        ],
    }


def _name(definition: Definition, node: str) -> str:
    found = definition.nodes.get(node)
    return f"{found.name} (`{node}`)" if found is not None and found.name else f"`{node}`"
