"""Keeping and removing history: removal times, deletion by request, and the periodic cleanup."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, LiteralString

from store.database import Connection, Database
from store.errors import Conflict
from store.payloads import remove_orphans
from store.projection.rebuild import erase

MAX_BATCH = 500
ORPHANS_LIVE = timedelta(days=30)
"""What Temporal may still need of removed instances: longer than an activity is repeated and a history is kept."""


async def delete_instance(database: Database, instance_id: str) -> bool:
    """Remove an ended instance with all that belongs to it; whether there was one. Raises `Conflict` while it runs."""
    async with database.transaction() as connection:
        cursor = await connection.execute(
            "SELECT ended_at FROM process_instance WHERE id = %s FOR UPDATE", (instance_id,)
        )
        row = await cursor.fetchone()
        if row is None:
            return False
        if row["ended_at"] is None:
            raise Conflict(f"Expected an ended process instance but '{instance_id}' is still running.")
        await erase(connection, [instance_id])
    return True


async def delete_variables(database: Database, instance_id: str) -> bool:
    """Remove the variables of an ended instance from the history; whether there is such an instance. Raises `Conflict`
    while it runs."""
    async with database.transaction() as connection:
        cursor = await connection.execute(
            "SELECT ended_at FROM process_instance WHERE id = %s FOR UPDATE", (instance_id,)
        )
        row = await cursor.fetchone()
        if row is None:
            return False
        if row["ended_at"] is None:
            raise Conflict(f"Expected an ended process instance but '{instance_id}' is still running.")
        await connection.execute("DELETE FROM variable WHERE instance_id = %s", (instance_id,))
    return True


async def set_removal_time(
    database: Database,
    instance_ids: Sequence[str],
    *,
    at: datetime | None = None,
    calculated: bool = False,
    hierarchical: bool = False,
) -> int:
    """Set when instances may be removed: `at`, never (None), or `calculated`: end plus the time to live of the root's
    definition. `hierarchical`: for the whole tree of called instances. How many instances were changed."""
    wanted = "root_id IN (SELECT root_id FROM process_instance WHERE id = ANY(%s))" if hierarchical else "id = ANY(%s)"
    if not calculated:
        return await database.execute(
            f"UPDATE process_instance SET removal_at = %s WHERE {wanted}", (at, [*instance_ids])
        )
    return await database.execute(
        "UPDATE process_instance p SET removal_at = (SELECT r.ended_at + d.history_ttl * interval '1 day' "
        "FROM process_instance r JOIN process_definition d ON d.id = r.definition_id WHERE r.id = p.root_id) "
        f"WHERE p.{wanted}",
        ([*instance_ids],),
    )


async def cleanup(database: Database, now: datetime, limit: int = MAX_BATCH) -> int:
    """Remove up to `limit` ended instances whose time has come; how many they were. Call again while it is the limit.

    The time is the removal time that was set, or the end of the root instance plus the time to live of its definition;
    instances without either stay for ever. A called instance goes with its root, not before it.
    """
    limit = max(1, min(limit, MAX_BATCH))
    async with database.transaction() as connection:
        found = await _due(connection, "p.removal_at <= %(now)s", {"now": now, "limit": limit})
        cursor = await connection.execute("SELECT min(history_ttl) AS days FROM process_definition")
        shortest = (await cursor.fetchone() or {}).get("days")
        if shortest is not None and len(found) < limit:
            found += await _due(
                connection,
                # the first condition is what there is an index for: nothing began after it ended
                "r.started_at <= %(begun)s AND p.removal_at IS NULL "
                "AND r.ended_at + d.history_ttl * interval '1 day' <= %(now)s",
                {"now": now, "begun": now - timedelta(days=shortest), "limit": limit - len(found)},
            )
        if found:
            await erase(connection, found)
    await remove_orphans(database, now - ORPHANS_LIVE)
    return len(found)


async def _due(connection: Connection, condition: LiteralString, params: dict[str, Any]) -> list[str]:
    cursor = await connection.execute(
        "SELECT p.id FROM process_instance p JOIN process_instance r ON r.id = p.root_id "
        "LEFT JOIN process_definition d ON d.id = r.definition_id "
        "WHERE p.ended_at IS NOT NULL AND r.ended_at IS NOT NULL AND " + condition + " "
        "ORDER BY r.started_at LIMIT %(limit)s FOR UPDATE OF p SKIP LOCKED",
        params,
    )
    return [row["id"] for row in await cursor.fetchall()]


async def cleanup_decisions(database: Database, now: datetime, limit: int = MAX_BATCH) -> int:
    """Remove up to `limit` decisions that were taken outside of processes and whose time to live is over."""
    return await database.execute(
        "DELETE FROM decision_instance WHERE id IN (SELECT i.id FROM decision_instance i "
        "JOIN decision_definition d ON d.id = i.definition_id WHERE i.instance_id IS NULL "
        "AND i.evaluated_at + d.history_ttl * interval '1 day' <= %s LIMIT %s)",
        (now, max(1, min(limit, MAX_BATCH))),
    )


async def cleanup_batches(database: Database, now: datetime, days: int | None, limit: int = MAX_BATCH) -> int:
    """Remove up to `limit` ended batches whose time has come: the removal time that was set, or their end plus `days`
    (None: they stay)."""
    return await database.execute(
        "DELETE FROM bulk WHERE id IN (SELECT id FROM bulk WHERE ended_at IS NOT NULL "
        "AND coalesce(removal_at, ended_at + %s * interval '1 day') <= %s LIMIT %s)",
        (days, now, max(1, min(limit, MAX_BATCH))),
    )


@dataclass(frozen=True, slots=True)
class CleanableRow:
    """Ended instances of a definition, and how many of them may be removed."""

    process_definition_id: str
    process_definition_key: str
    process_definition_name: str | None
    process_definition_version: int
    history_time_to_live: int | None
    finished_process_instance_count: int
    cleanable_process_instance_count: int
    tenant_id: str | None


async def cleanable(
    database: Database,
    now: datetime,
    *,
    definition_ids: Sequence[str] | None = None,
    definition_keys: Sequence[str] | None = None,
    compact: bool = False,
    first: int = 0,
    maximum: int = 10_000,
) -> list[CleanableRow]:
    """One row per definition; `compact` leaves out those without ended instances."""
    rows: list[dict[str, Any]] = await database.fetch(
        "SELECT d.id AS process_definition_id, d.key AS process_definition_key, d.name AS process_definition_name, "
        "d.version AS process_definition_version, d.history_ttl AS history_time_to_live, d.tenant_id, "
        "count(p.id) AS finished_process_instance_count, "
        "count(p.id) FILTER (WHERE coalesce(p.removal_at, p.ended_at + d.history_ttl * interval '1 day') <= %(now)s) "
        "AS cleanable_process_instance_count "
        "FROM process_definition d LEFT JOIN process_instance p ON p.definition_id = d.id AND p.ended_at IS NOT NULL "
        "WHERE (%(ids)s::text[] IS NULL OR d.id = ANY(%(ids)s)) "
        "AND (%(keys)s::text[] IS NULL OR d.key = ANY(%(keys)s)) "
        "GROUP BY d.id HAVING NOT %(compact)s OR count(p.id) > 0 "
        "ORDER BY d.key, d.version LIMIT %(maximum)s OFFSET %(first)s",
        {
            "now": now,
            "ids": None if definition_ids is None else [*definition_ids],
            "keys": None if definition_keys is None else [*definition_keys],
            "compact": compact,
            "maximum": maximum,
            "first": first,
        },
    )
    return [CleanableRow(**row) for row in rows]
