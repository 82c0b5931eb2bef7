"""The event log of an instance, as the engine wrote it: history in full, time travel, reports."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from store.batches import EventJson
from store.database import Database

MAX_STEPS = 10_000


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An event with its number and instant."""

    sequence: int
    at: datetime
    event: EventJson


async def events(
    database: Database, instance_id: str, first: int = 1, limit: int = MAX_STEPS, *, types: list[str] | None = None
) -> list[LoggedEvent]:
    """Events from number `first` on, at most `limit`, optionally only of some types ("ElementActivated" ...)."""
    rows: list[dict[str, Any]] = await database.fetch(
        "SELECT sequence, at, event FROM logged_event WHERE instance_id = %s AND sequence >= %s "
        "AND (%s::text[] IS NULL OR type = ANY(%s)) ORDER BY sequence LIMIT %s",
        (instance_id, first, types, types, max(0, min(limit, MAX_STEPS))),
    )
    return [LoggedEvent(**row) for row in rows]
