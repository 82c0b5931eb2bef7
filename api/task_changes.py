"""Changes of a user task whose model has task listeners: they go through the instance, so that the listeners run before
the change holds. A task without listeners is changed in the read model alone, which is quicker.

A listener that is a job may still be at work when the request is answered; the task shows the change when it is done,
or never, when the job denies it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from api.engine import CommandRejected, InstanceNotFound
from api.errors import engine_error
from api.operations import Call
from interpreter.commands import ChangeTask
from interpreter.definition import load_definition
from interpreter.elements.user_task import UserTask
from interpreter.values import JsonValue
from store import definitions, tasks
from store.definitions import PROCESS_DEFINITIONS

COMMAND_NAMES: Final[Mapping[str, str]] = {
    "name": "name",
    "description": "description",
    "priority": "priority",
    "assignee": "assignee",
    "owner": "owner",
    "delegationState": "delegation",
    "due": "due",
    "followUp": "follow_up",
}
"""Camunda's names of a task's properties, as the engine's. The parent task is the read model's alone."""

FIRST_RULES: Final = 2
"""The rule book since which tasks are changed by the instance. Tasks of older definitions may have been changed in the
read model already, of which their instances know nothing."""

MAX_KNOWN: Final = 1_000
_listening: dict[str, frozenset[str]] = {}


async def listens(call: Call, row: Any) -> bool:
    """Whether the model of an open task (a row of the task list) has listeners for what happens to it."""
    definition_id = row.process_definition_id
    if definition_id is None or row.wait_key is None:
        return False
    known = _listening.get(definition_id)
    if known is None:
        definition = await PROCESS_DEFINITIONS.get(call.services.database, definition_id)
        if definition is None:
            return False
        compiled = load_definition(await definitions.load(call.services.database, definition.hash))
        known = frozenset(
            node.id
            for node in compiled.nodes.values()
            if compiled.rules >= FIRST_RULES and isinstance(node.spec, UserTask) and node.spec.listeners
        )
        if len(_listening) >= MAX_KNOWN:
            _listening.clear()
        _listening[definition_id] = known
    return row.task_definition_key in known


async def change(
    call: Call,
    row: Any,
    operation: str,
    values: Mapping[str, Any],
    *,
    action: str = "",
    user: str | None = None,
    claimed: Callable[[str], Exception] | None = None,
) -> None:
    """Have the instance change the task. `values` by Camunda's names: what is asked for, and what the operation log
    says; with an `action` the engine knows what it means. `claimed` makes the error for somebody else's task."""
    database = call.services.database
    changes: dict[str, JsonValue] = {}
    if not action:
        for name, value in values.items():
            if name in COMMAND_NAMES:
                instant = isinstance(value, datetime)
                changes[COMMAND_NAMES[name]] = round(value.timestamp() * 1000) if instant else value
    before = await tasks.state_of(database, row.id)
    command = ChangeTask(now=0, wait=row.wait_key, changes=changes, action=action, user=user)
    await _execute(call, row, command, claimed)
    await tasks.note_change(database, row.id, before, values, operation, user_id=call.user)


async def link(call: Call, row: Any, type: str, user: str | None, group: str | None, *, add: bool) -> None:
    """Have the instance add or remove a candidate, or set or take away assignee or owner."""
    if type in ("assignee", "owner"):
        if not add and getattr(row, type) != user:
            return
        changes: dict[str, JsonValue] = {type: user if add else None}
    else:
        name, who = ("candidate_users", user) if user is not None else ("candidate_groups", group)
        links = await tasks.identity_links(call.services.database, row.id, "candidate")
        known = [found for found in ((x.user_id if user is not None else x.group_id) for x in links) if found]
        rest = [found for found in known if found != who]
        changes = {name: [*rest, who] if add and who is not None else [*rest]}
    await _execute(call, row, ChangeTask(now=0, wait=row.wait_key, changes=changes), None)
    await tasks.log_link(call.services.database, row.id, type, user_id=user, group_id=group, by=call.user, add=add)


async def _execute(call: Call, row: Any, command: ChangeTask, claimed: Callable[[str], Exception] | None) -> None:
    try:
        await call.services.engine.execute(row.process_instance_id, command)
    except CommandRejected as error:
        if error.code == "claimed" and claimed is not None:
            raise claimed(f"Task '{row.id}' is already claimed by someone else.") from error
        raise engine_error(f"Cannot change task {row.id}: {error}") from error
    except InstanceNotFound as error:
        raise engine_error(f"Cannot change task {row.id}: {error}") from error
