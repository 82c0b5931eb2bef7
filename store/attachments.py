"""Files and links that people attach to tasks and process instances."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from store.database import Database
from store.errors import InvalidQuery, NotFound

_SELECT = (
    "SELECT a.id, a.name, a.description, a.task_id, a.instance_id AS process_instance_id, a.type, a.url, "
    "a.at AS create_time, p.removal_at AS removal_time, p.root_id AS root_process_instance_id "
    "FROM attachment a LEFT JOIN process_instance p ON p.id = a.instance_id "
)
MAX_CONTENT = 64 * 1024 * 1024
"""Bytes; no attachment is bigger."""


@dataclass(frozen=True, slots=True)
class AttachmentRow:
    """An attachment without its content."""

    id: str
    name: str | None
    description: str | None
    task_id: str | None
    process_instance_id: str | None
    type: str | None
    url: str | None
    create_time: datetime
    removal_time: datetime | None
    root_process_instance_id: str | None


async def of_task(database: Database, task_id: str) -> Sequence[AttachmentRow]:
    """The attachments of a task, the oldest first."""
    rows = await database.fetch(f"{_SELECT} WHERE a.task_id = %s ORDER BY a.at, a.id LIMIT 10000", (task_id,))
    return [AttachmentRow(**row) for row in rows]


async def of_instance(database: Database, instance_id: str) -> Sequence[AttachmentRow]:
    """The attachments of a process instance and its tasks, the oldest first."""
    rows = await database.fetch(f"{_SELECT} WHERE a.instance_id = %s ORDER BY a.at, a.id LIMIT 10000", (instance_id,))
    return [AttachmentRow(**row) for row in rows]


async def get(database: Database, attachment_id: str) -> AttachmentRow | None:
    """One attachment."""
    row = await database.fetch_one(f"{_SELECT} WHERE a.id = %s", (attachment_id,))
    return AttachmentRow(**row) if row else None


async def content(database: Database, attachment_id: str) -> bytes | None:
    """The bytes of an attachment; None for a link. Raises `NotFound`."""
    row = await database.fetch_one("SELECT content FROM attachment WHERE id = %s", (attachment_id,))
    if row is None:
        raise NotFound(f"Expected an attachment with id '{attachment_id}' but there is none.")
    return None if row["content"] is None else bytes(row["content"])


async def add(
    database: Database,
    *,
    task_id: str | None = None,
    instance_id: str | None = None,
    name: str | None = None,
    description: str | None = None,
    type: str | None = None,
    url: str | None = None,
    content: bytes | None = None,
    user_id: str | None = None,
) -> AttachmentRow:
    """Attach a file (`content`) or a link (`url`). Raises `InvalidQuery` when it is neither or too big."""
    if content is None and url is None:
        raise InvalidQuery("Expected a file or a URL to attach but there is neither.")
    if content is not None and len(content) > MAX_CONTENT:
        raise InvalidQuery(f"Expected a file of at most {MAX_CONTENT} bytes but it has {len(content)}.")
    identifier = str(uuid.uuid4())
    await database.execute(
        "INSERT INTO attachment (id, task_id, instance_id, name, description, type, url, content, user_id, at) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (identifier, task_id, instance_id, name, description, type, url, content, user_id, datetime.now(UTC)),
    )
    row = await get(database, identifier)
    assert row is not None, "it was written just now"
    return row


async def delete(database: Database, attachment_id: str) -> None:
    """Remove an attachment. Raises `NotFound`."""
    if not await database.execute("DELETE FROM attachment WHERE id = %s", (attachment_id,)):
        raise NotFound(f"Expected an attachment with id '{attachment_id}' but there is none.")
