"""Process instance migration (Camunda 7): go on with another definition, every running element instance at its new
place."""

from __future__ import annotations

from interpreter.commands import MigrateInstance, Rejection
from interpreter.definition import Definition
from interpreter.machine import Machine
from interpreter.state import State


def check(
    definition: Definition, state: State, command: MigrateInstance, target: Definition | None
) -> Rejection | None:
    """Whether the instance can be migrated by this plan."""
    if target is None or target.hash != command.target_hash:
        return Rejection("not_found", "Expected the target definition but it was not there.")
    return Rejection("invalid", "Expected a migration plan that this engine can carry out but it cannot yet.")


def migrate(m: Machine, command: MigrateInstance, target: Definition) -> None:
    """Carry out a checked migration."""
    raise AssertionError("no plan passes the check yet")
