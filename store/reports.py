"""Reports over the history: how long processes and tasks took, and how many tasks were done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from store.database import Database
from store.errors import InvalidQuery


@dataclass(frozen=True, slots=True)
class DurationRow:
    """Durations in ms of what began in one month (1 to 12) or quarter (1 to 4)."""

    period: int
    period_unit: str
    minimum: int
    maximum: int
    average: int


@dataclass(frozen=True, slots=True)
class TaskCountRow:
    """How many tasks were completed."""

    count: int
    process_definition_id: str | None
    process_definition_key: str | None
    process_definition_name: str | None
    task_name: str | None
    tenant_id: str | None


_UNITS = ("MONTH", "QUARTER")


async def process_durations(
    database: Database,
    period_unit: str,
    *,
    definition_ids: Sequence[str] | None = None,
    definition_keys: Sequence[str] | None = None,
    started_before: datetime | None = None,
    started_after: datetime | None = None,
) -> list[DurationRow]:
    """Ended process instances by the period in which they started. Raises `InvalidQuery`."""
    return await _durations(
        database,
        period_unit,
        "SELECT p.started_at AS began, p.ended_at AS ended FROM process_instance p WHERE p.ended_at IS NOT NULL "
        "AND (%(ids)s::text[] IS NULL OR p.definition_id = ANY(%(ids)s)) "
        "AND (%(keys)s::text[] IS NULL OR p.definition_key = ANY(%(keys)s)) "
        "AND (%(before)s::timestamptz IS NULL OR p.started_at <= %(before)s) "
        "AND (%(after)s::timestamptz IS NULL OR p.started_at >= %(after)s)",
        definition_ids,
        definition_keys,
        started_before,
        started_after,
    )


async def task_durations(
    database: Database,
    period_unit: str,
    *,
    completed_before: datetime | None = None,
    completed_after: datetime | None = None,
) -> list[DurationRow]:
    """Completed tasks by the period in which they were created. Raises `InvalidQuery`."""
    return await _durations(
        database,
        period_unit,
        "SELECT t.created_at AS began, t.ended_at AS ended FROM task t WHERE t.end_reason = 'completed' "
        "AND (%(before)s::timestamptz IS NULL OR t.ended_at <= %(before)s) "
        "AND (%(after)s::timestamptz IS NULL OR t.ended_at >= %(after)s)",
        None,
        None,
        completed_before,
        completed_after,
    )


async def _durations(
    database: Database,
    period_unit: str,
    selection: str,
    ids: Sequence[str] | None,
    keys: Sequence[str] | None,
    before: datetime | None,
    after: datetime | None,
) -> list[DurationRow]:
    unit = period_unit.upper()
    if unit not in _UNITS:
        raise InvalidQuery(f"Expected month or quarter as the period but it was '{period_unit}'.")
    rows = await database.fetch(
        f"WITH chosen AS ({selection}), spans AS ("
        f"SELECT extract({unit} FROM began)::integer AS period, extract(epoch FROM ended - began) * 1000 AS ms "
        "FROM chosen) "
        "SELECT period, min(ms)::bigint AS minimum, max(ms)::bigint AS maximum, avg(ms)::bigint AS average "
        "FROM spans GROUP BY period ORDER BY period",
        {
            "ids": None if ids is None else [*ids],
            "keys": None if keys is None else [*keys],
            "before": before,
            "after": after,
        },
    )
    return [DurationRow(row["period"], unit, row["minimum"], row["maximum"], row["average"]) for row in rows]


async def task_counts(
    database: Database,
    group_by: str,
    *,
    completed_before: datetime | None = None,
    completed_after: datetime | None = None,
) -> list[TaskCountRow]:
    """Completed tasks per `taskName` or `processDefinition`. Raises `InvalidQuery`."""
    if group_by not in ("taskName", "processDefinition"):
        raise InvalidQuery(f"Expected taskName or processDefinition to group by but it was '{group_by}'.")
    name = "t.name" if group_by == "taskName" else "NULL::text"
    rows = await database.fetch(
        f"SELECT count(*) AS count, d.id AS process_definition_id, d.key AS process_definition_key, "
        f"d.name AS process_definition_name, {name} AS task_name, coalesce(p.tenant_id, t.tenant_id) AS tenant_id "
        "FROM task t LEFT JOIN process_instance p ON p.id = t.instance_id "
        "LEFT JOIN process_definition d ON d.id = p.definition_id WHERE t.end_reason = 'completed' "
        "AND (%(before)s::timestamptz IS NULL OR t.ended_at <= %(before)s) "
        "AND (%(after)s::timestamptz IS NULL OR t.ended_at >= %(after)s) GROUP BY 2, 3, 4, 5, 6 ORDER BY 3, 5, 2",
        {"before": completed_before, "after": completed_after},
    )
    return [TaskCountRow(**row) for row in rows]
