"""Comments of people on tasks and process instances."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from store.database import Database
from store.errors import InvalidQuery, NotFound

_SELECT = (
    "SELECT c.id, c.user_id, c.task_id, c.instance_id AS process_instance_id, c.at AS time, c.message, "
    "p.removal_at AS removal_time, p.root_id AS root_process_instance_id "
    "FROM comment c LEFT JOIN process_instance p ON p.id = c.instance_id "
)


@dataclass(frozen=True, slots=True)
class CommentRow:
    """A comment."""

    id: str
    user_id: str | None
    time: datetime
    task_id: str | None
    process_instance_id: str | None
    message: str
    removal_time: datetime | None
    root_process_instance_id: str | None


async def list(
    database: Database, *, task_id: str | None = None, instance_id: str | None = None
) -> Sequence[CommentRow]:
    """Comments on a task, or on an instance and its tasks; newest first."""
    column, value = _owner(task_id, instance_id)
    rows = await database.fetch(f"{_SELECT} WHERE c.{column} = %s ORDER BY c.at DESC, c.id LIMIT 10000", (value,))
    return [CommentRow(**row) for row in rows]


async def get(database: Database, comment_id: str) -> CommentRow | None:
    """One comment."""
    row = await database.fetch_one(f"{_SELECT} WHERE c.id = %s", (comment_id,))
    return CommentRow(**row) if row else None


async def add(
    database: Database,
    *,
    message: str,
    task_id: str | None = None,
    instance_id: str | None = None,
    user_id: str | None = None,
) -> CommentRow:
    """Write a comment."""
    identifier = str(uuid.uuid4())
    await database.execute(
        "INSERT INTO comment (id, task_id, instance_id, user_id, at, message) VALUES (%s, %s, %s, %s, %s, %s)",
        (identifier, task_id, instance_id, user_id, datetime.now(UTC), message),
    )
    row = await get(database, identifier)
    assert row is not None, "it was written just now"
    return row


async def update(database: Database, comment_id: str, message: str) -> None:
    """Change the text. Raises `NotFound`."""
    if not await database.execute("UPDATE comment SET message = %s WHERE id = %s", (message, comment_id)):
        raise NotFound(f"Expected a comment with id '{comment_id}' but there is none.")


async def delete(
    database: Database,
    *,
    comment_id: str | None = None,
    task_id: str | None = None,
    instance_id: str | None = None,
) -> int:
    """Remove one comment, or all of a task or an instance; how many there were."""
    if comment_id is not None:
        return await database.execute("DELETE FROM comment WHERE id = %s", (comment_id,))
    column, value = _owner(task_id, instance_id)
    return await database.execute(f"DELETE FROM comment WHERE {column} = %s", (value,))


def _owner(task_id: str | None, instance_id: str | None) -> tuple[str, Any]:
    if (task_id is None) == (instance_id is None):
        raise InvalidQuery("Expected either a task or a process instance but it was both or none.")
    return ("task_id", task_id) if task_id is not None else ("instance_id", instance_id)
