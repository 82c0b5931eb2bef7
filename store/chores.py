"""What some process of many does from time to time: who is at it, when it was done, what went wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from store.database import Database

HISTORY_CLEANUP: Final = "history-cleanup"
METRICS: Final = "metrics"
MAX_RETRIES: Final = 3
LEASE_SECONDS: Final = 120


@dataclass(frozen=True, slots=True)
class Chore:
    """One of them. `requested_at`: a person wants it done now. `retries` are back at their maximum after a success."""

    name: str
    created_at: datetime
    leased_until: datetime | None
    requested_at: datetime | None
    done_until: datetime | None
    ended_at: datetime | None
    retries: int
    error: str | None


async def get(database: Database, name: str) -> Chore:
    """The chore of this name; there is one."""
    row = await database.fetch_one("SELECT * FROM chore WHERE name = %s", (name,))
    assert row is not None, f"the migrations have made {name}"
    return Chore(**row)


async def request(database: Database, name: str) -> None:
    """Have it done as soon as somebody can, with new attempts if it had failed."""
    await database.execute(
        "UPDATE chore SET requested_at = clock_timestamp(), retries = %s, error = NULL WHERE name = %s",
        (MAX_RETRIES, name),
    )


@asynccontextmanager
async def lease(database: Database, name: str) -> AsyncIterator[bool]:
    """True inside the block if nobody else is at it; the lease ends with the block, or by itself if the process dies.
    Work that takes long calls `prolong`."""
    taken = (
        await database.execute(
            "UPDATE chore SET leased_until = clock_timestamp() + %s * interval '1 second' "
            "WHERE name = %s AND (leased_until IS NULL OR leased_until < clock_timestamp())",
            (LEASE_SECONDS, name),
        )
        > 0
    )
    try:
        yield taken
    finally:
        if taken:
            await database.execute("UPDATE chore SET leased_until = NULL WHERE name = %s", (name,))


async def prolong(database: Database, name: str) -> None:
    """Keep the lease."""
    await database.execute(
        "UPDATE chore SET leased_until = clock_timestamp() + %s * interval '1 second' WHERE name = %s",
        (LEASE_SECONDS, name),
    )


async def succeed(database: Database, name: str, **columns: Any) -> None:
    """It is done; what was asked for before it began is no longer asked for."""
    await database.execute(
        "UPDATE chore SET ended_at = clock_timestamp(), retries = %s, error = NULL, requested_at = NULL, "
        "done_until = coalesce(%s, done_until) WHERE name = %s",
        (MAX_RETRIES, columns.get("done_until"), name),
    )


async def fail(database: Database, name: str, error: str) -> None:
    """It went wrong: one attempt less, and none is asked for at once."""
    await database.execute(
        "UPDATE chore SET ended_at = clock_timestamp(), retries = greatest(retries - 1, 0), error = %s, "
        "requested_at = CASE WHEN retries > 1 THEN requested_at END WHERE name = %s",
        (error[:4000], name),
    )
