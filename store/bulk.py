"""Operations on many things at once (Camunda's batches): kept with their items, handed out in leases, counted.

An item is handed to one API process at a time; if that process dies, the lease runs out and another takes the item.
Doing an item twice must therefore do no harm: the commands carry the item's own update id.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from store.database import Database
from store.json_text import dumps
from store.query.conditions import compare, eq, tenants, when
from store.query.resource import Resource

LEASE_SECONDS: Final = 60

_COUNT = "(SELECT count(*) FROM bulk_item i WHERE i.bulk_id = b.id AND i.state = '{0}')"
_COLUMNS = {
    "id": "b.id",
    "type": "b.type",
    "total_jobs": "b.total",
    "suspended": "b.suspended",
    "tenant_id": "b.tenant_id",
    "create_user_id": "b.user_id",
    "start_time": "b.started_at",
    "execution_start_time": "b.begun_at",
    "end_time": "b.ended_at",
    "removal_time": "b.removal_at",
    "remaining_jobs": f"{_COUNT.format('open')} + {_COUNT.format('failed')}",
    "completed_jobs": _COUNT.format("done"),
    "failed_jobs": _COUNT.format("failed"),
}


@dataclass(frozen=True, slots=True)
class BulkRow:
    """An operation on many things. Camunda's remaining jobs include the failed ones."""

    id: str
    type: str
    total_jobs: int
    suspended: bool
    tenant_id: str | None
    create_user_id: str | None
    start_time: datetime
    execution_start_time: datetime | None
    end_time: datetime | None
    removal_time: datetime | None
    remaining_jobs: int
    completed_jobs: int
    failed_jobs: int


_SORTS = {
    "batchId": "b.id",
    "tenantId": "b.tenant_id",
    "startTime": "b.started_at",
    "endTime": "b.ended_at",
}
_FAILED = "SELECT 1 FROM bulk_item i WHERE i.bulk_id = b.id AND i.state = 'failed'"

BULKS: Resource[BulkRow] = Resource(
    BulkRow,
    columns=_COLUMNS,
    source="bulk b",
    where="b.ended_at IS NULL",
    identity=eq("b.id"),
    order="b.started_at, b.id",
    sorts={name: _SORTS[name] for name in ("batchId", "tenantId")},
    filters={
        "batchId": eq("b.id"),
        "type": eq("b.type"),
        "suspended": when("b.suspended"),
        "createdBy": eq("b.user_id"),
        "startedBefore": compare("b.started_at", "<="),
        "startedAfter": compare("b.started_at", ">="),
        "withFailures": when(f"EXISTS ({_FAILED})"),
        "withoutFailures": when(f"NOT EXISTS ({_FAILED})"),
        **tenants("b.tenant_id"),
    },
)

HISTORIC_BULKS: Resource[BulkRow] = Resource(
    BulkRow,
    columns=_COLUMNS,
    source="bulk b",
    identity=eq("b.id"),
    order="b.started_at, b.id",
    sorts=_SORTS,
    filters={
        "batchId": eq("b.id"),
        "type": eq("b.type"),
        "completed": when("b.ended_at IS NOT NULL"),
        **tenants("b.tenant_id"),
    },
)


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to be done: `options` of its operation applied to `target`."""

    bulk_id: str
    position: int
    target: str
    type: str
    options: Mapping[str, Any]


async def create(
    database: Database,
    type: str,
    targets: Sequence[str],
    options: Mapping[str, Any],
    *,
    user_id: str | None = None,
    tenant_id: str | None = None,
) -> str:
    """Keep an operation and its items; its id. Without items it is ended at once."""
    identifier = str(uuid.uuid4())
    async with database.transaction() as connection:
        await connection.execute(
            "INSERT INTO bulk (id, type, total, options, user_id, tenant_id, ended_at) "
            "VALUES (%s, %s, %s, %s::text::jsonb, %s, %s, CASE WHEN %s THEN clock_timestamp() END)",
            (identifier, type, len(targets), dumps(dict(options)), user_id, tenant_id, not targets),
        )
        await connection.execute(
            "INSERT INTO bulk_item (bulk_id, position, target) "
            "SELECT %s, t.position, t.target FROM unnest(%s::text[]) WITH ORDINALITY AS t (target, position)",
            (identifier, [*targets]),
        )
    return identifier


_LEASE = (
    "UPDATE bulk_item i SET leased_until = clock_timestamp() + %s * interval '1 second' "
    "FROM chosen c JOIN bulk b ON b.id = c.bulk_id WHERE i.bulk_id = c.bulk_id AND i.position = c.position "
    "RETURNING i.bulk_id, i.position, i.target, b.type, b.options, b.begun_at"
)
_NEW = (
    "WITH chosen AS (SELECT i.bulk_id, i.position FROM bulk b CROSS JOIN LATERAL ("
    "SELECT n.bulk_id, n.position FROM bulk_item n WHERE n.bulk_id = b.id AND n.state = 'open' "
    "AND n.leased_until IS NULL ORDER BY n.position LIMIT %s FOR UPDATE SKIP LOCKED) i "
    "WHERE b.ended_at IS NULL AND NOT b.suspended ORDER BY b.started_at LIMIT %s) "
)
_TRIED = (
    "WITH chosen AS (SELECT i.bulk_id, i.position FROM bulk_item i JOIN bulk b ON b.id = i.bulk_id "
    "WHERE i.state = 'open' AND i.leased_until < clock_timestamp() AND b.ended_at IS NULL AND NOT b.suspended "
    "ORDER BY i.leased_until LIMIT %s FOR UPDATE OF i SKIP LOCKED) "
)


async def lease(database: Database, maximum: int) -> list[Item]:
    """Take up to `maximum` items, each for LEASE_SECONDS; nobody else gets them meanwhile. What was tried before waits
    until everything else has had its turn."""
    rows = await database.change(_NEW + _LEASE, (maximum, maximum, LEASE_SECONDS))
    if not rows:
        rows = await database.change(_TRIED + _LEASE, (maximum, LEASE_SECONDS))
    begun = sorted({row["bulk_id"] for row in rows if row.pop("begun_at") is None})
    if begun:  # on its own: whoever holds items must not wait for their operation, which `finish` locks first
        await database.execute(
            "UPDATE bulk SET begun_at = clock_timestamp() WHERE begun_at IS NULL AND id = ANY(%s)", (begun,)
        )
    return [Item(**row) for row in rows]


async def finish(database: Database, item: Item, error: str | None = None) -> None:
    """The item is done, or failed with `error`. The last one that is done ends the operation."""
    async with database.transaction() as connection:
        # one after the other: of two that finish the last two items at once, one must see that nothing is left
        await connection.execute("SELECT 1 FROM bulk WHERE id = %s FOR UPDATE", (item.bulk_id,))
        await connection.execute(
            "UPDATE bulk_item SET state = %s, error = %s, leased_until = NULL WHERE bulk_id = %s AND position = %s",
            ("done" if error is None else "failed", error, item.bulk_id, item.position),
        )
        await connection.execute(
            # two questions, for each of which there is an index that leaves out what is done
            "UPDATE bulk SET ended_at = clock_timestamp() WHERE id = %s AND ended_at IS NULL "
            "AND NOT EXISTS (SELECT 1 FROM bulk_item i WHERE i.bulk_id = bulk.id AND i.state = 'open') "
            "AND NOT EXISTS (SELECT 1 FROM bulk_item i WHERE i.bulk_id = bulk.id AND i.state = 'failed')",
            (item.bulk_id,),
        )


async def retry_item(database: Database, bulk_id: str, position: int) -> bool:
    """Open one failed item again, to be done next; whether it had failed."""
    return (
        await database.execute(
            "UPDATE bulk_item SET state = 'open', error = NULL, leased_until = NULL "
            "WHERE bulk_id = %s AND position = %s AND state = 'failed'",
            (bulk_id, position),
        )
        > 0
    )


async def give_up_item(database: Database, bulk_id: str, position: int, reason: str) -> bool:
    """Take an open item its attempts away; whether it was open."""
    return (
        await database.execute(
            "UPDATE bulk_item SET state = 'failed', error = %s WHERE bulk_id = %s AND position = %s AND state = 'open'",
            (reason, bulk_id, position),
        )
        > 0
    )


async def retry_failed(database: Database, bulk_id: str) -> int:
    """Open the failed items again; how many there were."""
    return await database.execute(
        "UPDATE bulk_item SET state = 'open', error = NULL WHERE bulk_id = %s AND state = 'failed'", (bulk_id,)
    )


async def set_suspended(database: Database, bulk_id: str, suspended: bool) -> bool:
    """Hold the operation or let it go on; whether there was one."""
    return await database.execute("UPDATE bulk SET suspended = %s WHERE id = %s", (suspended, bulk_id)) > 0


async def stop(database: Database, bulk_id: str) -> bool:
    """End the operation where it is; its history stays. Whether it was running."""
    return (
        await database.execute(
            "UPDATE bulk SET ended_at = clock_timestamp() WHERE id = %s AND ended_at IS NULL", (bulk_id,)
        )
        > 0
    )


async def delete(database: Database, bulk_id: str) -> bool:
    """Forget the operation with its history; what is done stays done. Whether there was one."""
    return await database.execute("DELETE FROM bulk WHERE id = %s", (bulk_id,)) > 0


async def set_removal_time(
    database: Database, bulk_id: str, *, at: datetime | None = None, calculated: bool = False, days: int | None = None
) -> bool:
    """Set when the history of an operation may be removed: `at`, never (None), or `calculated`: its end plus `days`.
    Whether there was one."""
    value, params = ("ended_at + %s * interval '1 day'", (days,)) if calculated else ("%s::timestamptz", (at,))
    return await database.execute(f"UPDATE bulk SET removal_at = {value} WHERE id = %s", (*params, bulk_id)) > 0


@dataclass(frozen=True, slots=True)
class CleanableRow:
    """Ended operations of a type, and how many of them may be removed."""

    batch_type: str
    history_time_to_live: int | None
    finished_batches_count: int
    cleanable_batches_count: int


async def cleanable(database: Database, now: datetime, days: int | None) -> list[CleanableRow]:
    """One row per type of operation; `days` is how long they are kept, None for ever."""
    rows = await database.fetch(
        "SELECT type AS batch_type, %(days)s::integer AS history_time_to_live, count(*) AS finished_batches_count, "
        "count(*) FILTER (WHERE coalesce(removal_at, ended_at + %(days)s * interval '1 day') <= %(now)s) "
        "AS cleanable_batches_count FROM bulk WHERE ended_at IS NOT NULL GROUP BY type ORDER BY type",
        {"now": now, "days": days},
    )
    return [CleanableRow(**row) for row in rows]
