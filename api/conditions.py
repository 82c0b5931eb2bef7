"""Which conditional start events of a process are true for given variables (POST /condition)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from interpreter import events, expressions
from interpreter.apply import apply
from interpreter.definition import Definition
from interpreter.failures import Failure
from interpreter.machine import Machine
from interpreter.step import new_state
from interpreter.triggers.conditional import ConditionSpec


def true_starts(definition: Definition, variables: Mapping[str, Any], now: int) -> list[str]:
    """Ids of the conditional start events whose condition is true. One that cannot be evaluated is not true.

    The conditions see `variables` as those of an instance that does not exist yet; `now` is ms since the epoch.
    """
    state = new_state(definition)
    apply(state, events.InstanceStarted("condition", definition.process_id, definition.hash))
    for name, value in variables.items():
        apply(state, events.VariableSet(1, name, value, created=True))
    found: list[str] = []
    for start in definition.start_events():
        node = definition.nodes[start.node]
        specs = [trigger for trigger in node.triggers if isinstance(trigger, ConditionSpec)]
        if start.type == "conditional" and any(_holds(definition, state, spec, now, node.id) for spec in specs):
            found.append(start.node)
    return found


def _holds(definition: Definition, state: Any, spec: ConditionSpec, now: int, node: str) -> bool:
    try:
        return expressions.condition(Machine(definition, state, now), spec.condition, 1, f"start event {node!r}")
    except Failure:
        return False
