"""What people do with open tasks. Each action is one UPDATE whose WHERE says what must hold, so races have one winner.

`user_id` is who acts, for the operation log. Raises `NotFound` when there is no such open task.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, LiteralString, cast

from store.database import Connection, Database
from store.errors import AlreadyClaimed, Conflict, InvalidQuery, NotFound
from store.operations import Entry, record

_COLUMNS: Mapping[str, str] = {
    "name": "name",
    "description": "description",
    "priority": "priority",
    "assignee": "assignee",
    "owner": "owner",
    "delegationState": "delegation",
    "due": "due_at",
    "followUp": "follow_up_at",
    "parentTaskId": "parent_id",
    "tenantId": "tenant_id",
}
_OPERATIONS: Mapping[str, str] = {
    "assignee": "Assign",
    "owner": "SetOwner",
    "delegation": "Delegate",
    "priority": "SetPriority",
    "name": "SetName",
    "description": "SetDescription",
    "due_at": "SetDueDate",
    "follow_up_at": "SetFollowUpDate",
}


async def claim(database: Database, task_id: str, user: str | None, *, user_id: str | None = None) -> None:
    """Take the task, unless it is someone else's: then `AlreadyClaimed`. No user: as `unclaim`."""
    if user is None:
        await unclaim(database, task_id, user_id=user_id)
        return
    changed = await _change(
        database,
        task_id,
        {"assignee": user},
        operation="Claim",
        user_id=user_id,
        condition="(assignee IS NULL OR assignee = %s)",
        condition_params=(user,),
    )
    if not changed:
        row = await database.fetch_one("SELECT assignee FROM task WHERE id = %s AND ended_at IS NULL", (task_id,))
        if row is None:
            raise _missing(task_id)
        raise AlreadyClaimed(f"Task '{task_id}' is already claimed by someone else.")


async def unclaim(database: Database, task_id: str, *, user_id: str | None = None) -> None:
    """Give the task back to its candidates."""
    await _must_change(database, task_id, {"assignee": None}, "Claim", user_id)


async def assign(database: Database, task_id: str, user: str | None, *, user_id: str | None = None) -> None:
    """Set the assignee, whoever had the task."""
    await _must_change(database, task_id, {"assignee": user}, "Assign", user_id)


async def set_owner(database: Database, task_id: str, user: str | None, *, user_id: str | None = None) -> None:
    """Set the owner."""
    await _must_change(database, task_id, {"owner": user}, "SetOwner", user_id)


async def delegate(database: Database, task_id: str, user: str | None, *, user_id: str | None = None) -> None:
    """Hand the task to `user`, to be given back by `resolve`. Who had it becomes the owner, unless there is one."""
    await _statement(
        database,
        task_id,
        "UPDATE task SET owner = coalesce(owner, assignee), assignee = %s, delegation = 'PENDING', "
        "updated_at = clock_timestamp(), touched = true WHERE id = %s AND ended_at IS NULL",
        (user, task_id),
        "Delegate",
        {"assignee": user, "delegation": "PENDING"},
        user_id,
    )


async def resolve(database: Database, task_id: str, *, user_id: str | None = None) -> None:
    """The delegated work is done: the task goes back to its owner."""
    await _statement(
        database,
        task_id,
        "UPDATE task SET assignee = owner, delegation = 'RESOLVED', updated_at = clock_timestamp(), touched = true "
        "WHERE id = %s AND ended_at IS NULL",
        (task_id,),
        "Resolve",
        {"delegation": "RESOLVED"},
        user_id,
    )


async def update(database: Database, task_id: str, changes: Mapping[str, Any], *, user_id: str | None = None) -> None:
    """Set the given properties (Camunda's names: name, description, priority, assignee, owner, delegationState, due,
    followUp, parentTaskId). Raises `InvalidQuery` for another name."""
    await _must_change(database, task_id, _translated(changes), "Update", user_id)


async def state_of(database: Database, task_id: str) -> Mapping[str, Any]:
    """The properties of an open task, for `note_change`; empty when there is none."""
    async with database.transaction() as connection:
        return await _state(connection, task_id)


async def note_change(
    database: Database,
    task_id: str,
    before: Mapping[str, Any],
    changes: Mapping[str, Any],
    operation: str,
    *,
    user_id: str | None = None,
) -> None:
    """The engine has taken these changes (names as for `update`) of a task with listeners: enter them into the
    operation log, and keep what the engine does not tell: delegation state and parent. The task may have ended."""
    values = _translated(changes)
    own = {column: value for column, value in values.items() if column in ("delegation", "parent_id")}
    async with database.transaction() as connection:
        if own:
            assignments = ", ".join(f"{column} = %s" for column in own)
            await connection.execute(
                cast(LiteralString, f"UPDATE task SET {assignments} WHERE id = %s"), (*own.values(), task_id)
            )
        await _log(connection, task_id, before, values, operation, user_id)


async def create(database: Database, values: Mapping[str, Any], *, user_id: str | None = None) -> str:
    """A task of no process, with the properties of `update` besides "id" and "tenantId"; its id. Raises `Conflict` when
    the id is taken."""
    given = dict(values)
    task_id = given.pop("id", None) or str(uuid.uuid4())
    columns = {name: value for name, value in _translated(given).items() if value is not None}
    names = ["id", "created_at", "touched", *columns]
    statement = (
        f"INSERT INTO task ({', '.join(names)}) VALUES ({', '.join(['%s'] * len(names))}) ON CONFLICT (id) DO NOTHING"
    )
    async with database.transaction() as connection:
        cursor = await connection.execute(
            cast(LiteralString, statement), (task_id, datetime.now(UTC), True, *columns.values())
        )
        if cursor.rowcount == 0:
            raise Conflict(f"Expected a new id for the task but '{task_id}' is taken.")
        await record(connection, Entry("Create", "Task", user_id=user_id, task_id=task_id))
    return task_id


async def delete(database: Database, task_id: str, *, reason: str = "deleted", user_id: str | None = None) -> None:
    """End a task of no process without completing it. Raises `Conflict` when it belongs to a process."""
    await _end(database, task_id, reason, "Delete", user_id)


async def complete_standalone(database: Database, task_id: str, *, user_id: str | None = None) -> None:
    """Complete a task of no process. Raises `Conflict` when it belongs to one: that is the engine's affair."""
    await _end(database, task_id, "completed", "Complete", user_id)


async def _end(database: Database, task_id: str, reason: str, operation: str, user_id: str | None) -> None:
    async with database.transaction() as connection:
        cursor = await connection.execute(
            "UPDATE task SET ended_at = clock_timestamp(), end_reason = %s "
            "WHERE id = %s AND ended_at IS NULL AND instance_id IS NULL",
            (reason, task_id),
        )
        if cursor.rowcount == 0:
            cursor = await connection.execute("SELECT 1 FROM task WHERE id = %s AND ended_at IS NULL", (task_id,))
            if await cursor.fetchone() is None:
                raise _missing(task_id)
            raise Conflict(f"The task '{task_id}' cannot be ended here: it is part of a running process.")
        await record(
            connection, Entry(operation, "Task", user_id=user_id, task_id=task_id, property="delete", new_value="true")
        )


def _translated(changes: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in changes.items():
        column = _COLUMNS.get(name)
        if column is None:
            raise InvalidQuery(f"Expected a property of a task but it was '{name}'.")
        if column == "delegation" and value not in (None, "PENDING", "RESOLVED"):
            raise InvalidQuery(f"Expected PENDING or RESOLVED as 'delegationState' but it was {value!r:.80}.")
        found[column] = 50 if column == "priority" and value is None else value
    return found


async def _must_change(
    database: Database, task_id: str, values: Mapping[str, Any], operation: str, user_id: str | None
) -> None:
    if not await _change(database, task_id, values, operation=operation, user_id=user_id):
        raise _missing(task_id)


async def _change(
    database: Database,
    task_id: str,
    values: Mapping[str, Any],
    *,
    operation: str,
    user_id: str | None,
    condition: str = "true",
    condition_params: tuple[Any, ...] = (),
) -> bool:
    assignments = ", ".join(f"{column} = %s" for column in values)
    comma = ", " if assignments else ""
    statement = (
        f"UPDATE task SET {assignments}{comma}updated_at = clock_timestamp(), touched = true "
        f"WHERE id = %s AND ended_at IS NULL AND {condition}"
    )
    async with database.transaction() as connection:
        before = await _state(connection, task_id)
        cursor = await connection.execute(
            cast(LiteralString, statement), (*values.values(), task_id, *condition_params)
        )
        if cursor.rowcount == 0:
            return False
        await _log(connection, task_id, before, values, operation, user_id)
    return True


async def _statement(
    database: Database,
    task_id: str,
    statement: LiteralString,
    params: tuple[Any, ...],
    operation: str,
    values: Mapping[str, Any],
    user_id: str | None,
) -> None:
    async with database.transaction() as connection:
        before = await _state(connection, task_id)
        cursor = await connection.execute(statement, params)
        if cursor.rowcount == 0:
            raise _missing(task_id)
        await _log(connection, task_id, before, values, operation, user_id)


async def _state(connection: Connection, task_id: str) -> Mapping[str, Any]:
    cursor = await connection.execute(
        "SELECT t.*, p.definition_id, p.definition_key "
        "FROM task t LEFT JOIN process_instance p ON p.id = t.instance_id "
        "WHERE t.id = %s AND t.ended_at IS NULL FOR UPDATE OF t",
        (task_id,),
    )
    return await cursor.fetchone() or {}


async def _log(
    connection: Connection,
    task_id: str,
    before: Mapping[str, Any],
    values: Mapping[str, Any],
    operation: str,
    user_id: str | None,
) -> None:
    """The operation log, and the log of identity links when assignee or owner changed."""
    identifier = str(uuid.uuid4())
    for column, value in values.items():
        old = before.get(column)
        if old == value:
            continue
        await record(
            connection,
            Entry(
                _OPERATIONS.get(column, operation) if operation == "Update" else operation,
                "Task",
                user_id=user_id,
                operation_id=identifier,
                property=column.removesuffix("_at").removesuffix("_id"),
                old_value=_text(old),
                new_value=_text(value),
                task_id=task_id,
                instance_id=before.get("instance_id"),
                definition_id=before.get("definition_id"),
                definition_key=before.get("definition_key"),
            ),
        )
        if column in ("assignee", "owner"):
            for user, word in ((old, "delete"), (value, "add")):
                if user is not None:
                    await connection.execute(
                        "INSERT INTO identity_link_log (task_id, type, user_id, operation, assigner_id) "
                        "VALUES (%s, %s, %s, %s, %s)",
                        (task_id, column, user, word, user_id),
                    )


def _text(value: Any) -> str | None:
    if value is None:
        return None
    return str(round(value.timestamp() * 1000)) if isinstance(value, datetime) else str(value)


def _missing(task_id: str) -> NotFound:
    return NotFound(f"Expected an open task with id '{task_id}' but there is none.")
