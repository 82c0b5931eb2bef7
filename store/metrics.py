"""Metrics: how often something happened, under Camunda's names.

What began in a quarter of an hour that is over is summed up into `metric` and so outlives its rows; what came later is
counted from the rows. An instant inside a summed-up quarter means its beginning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from store import chores
from store.database import Database
from store.errors import InvalidQuery

QUARTER: Final = timedelta(minutes=15)
MAX_INTERVALS: Final = 200
REMOVED_INSTANCES: Final = "history-cleanup-removed-process-instances"
REMOVED_DECISIONS: Final = "history-cleanup-removed-decision-instances"
REMOVED_BATCHES: Final = "history-cleanup-removed-batch-operations"

_COUNTS: Mapping[str, tuple[str, str]] = {
    "root-process-instance-start": ("process_instance WHERE parent_id IS NULL", "started_at"),
    "activity-instance-start": ("activity_instance WHERE true", "started_at"),
    "activity-instance-end": ("activity_instance WHERE true", "ended_at"),
    "executed-decision-instances": ("decision_instance WHERE true", "evaluated_at"),
    "job-failed": ("incident WHERE type = 'failedJob'", "created_at"),
}
_ALIASES: Mapping[str, str] = {
    "process-instances": "root-process-instance-start",
    "flow-node-instances": "activity-instance-start",
    "decision-instances": "executed-decision-instances",
    "task-users": "unique-task-workers",
}
_ADDED: Final = (REMOVED_INSTANCES, REMOVED_DECISIONS, REMOVED_BATCHES)
# Camunda counts these inside its job executor, which does not exist here.
_ALWAYS_ZERO = frozenset(
    {
        "executed-decision-elements",
        "job-successful",
        "job-acquisition-attempt",
        "job-acquired-success",
        "job-acquired-failure",
        "job-execution-rejected",
        "job-locked-exclusive",
        "history-cleanup-removed-case-instances",
        "history-cleanup-removed-task-metrics",
    }
)
_WORKERS: Final = "unique-task-workers"
_EPOCH: Final = "timestamptz '1970-01-01 00:00:00Z'"


@dataclass(frozen=True, slots=True)
class IntervalRow:
    """How often something happened in the interval that begins at `timestamp`."""

    timestamp: datetime
    name: str
    value: int


async def total(database: Database, name: str, start: datetime | None = None, end: datetime | None = None) -> int:
    """How often it happened from `start` (inclusive) to `end` (exclusive). `InvalidQuery` for an unknown name."""
    wanted = _known(name)
    if wanted in _ALWAYS_ZERO:
        return 0
    params: dict[str, Any] = {"start": start, "end": end}
    if wanted == _WORKERS:
        row = await database.fetch_one(
            "SELECT count(DISTINCT assignee) AS n FROM task WHERE assignee IS NOT NULL "
            "AND (%(start)s::timestamptz IS NULL OR coalesce(updated_at, created_at) >= %(start)s) "
            "AND (%(end)s::timestamptz IS NULL OR coalesce(updated_at, created_at) < %(end)s)",
            params,
        )
        return row["n"] if row else 0
    row = await database.fetch_one(f"SELECT coalesce(sum(value), 0)::bigint AS n FROM ({_points(wanted)}) p", params)
    return row["n"] if row else 0


async def by_interval(
    database: Database,
    names: Sequence[str],
    *,
    seconds: int = 900,
    start: datetime | None = None,
    end: datetime | None = None,
    first: int = 0,
    maximum: int = MAX_INTERVALS,
) -> list[IntervalRow]:
    """Intervals in which something happened, the newest first. No `names`: all metrics. `InvalidQuery` for an unknown
    name or an interval that is none."""
    if not 1 <= seconds <= 10**9:
        raise InvalidQuery(f"Expected an interval of at least one second but it was {seconds}.")
    if not 0 < maximum <= MAX_INTERVALS:
        raise InvalidQuery(f"Expected from 1 to {MAX_INTERVALS} results but it was {maximum}.")
    wanted = {name: _known(name) for name in names} or {name: name for name in (*_COUNTS, *_ADDED)}
    points = [
        f"SELECT '{shown}' AS name, at, value FROM ({_points(name)}) p"  # names of the tables above, not the client's
        for shown, name in wanted.items()
        if name not in _ALWAYS_ZERO and name != _WORKERS
    ]
    if not points:
        return []
    rows = await database.fetch(
        f"SELECT date_bin(%(seconds)s * interval '1 second', at, {_EPOCH}) AS timestamp, name, "
        f"sum(value)::bigint AS value FROM ({' UNION ALL '.join(points)}) m "
        "GROUP BY 1, 2 ORDER BY 1 DESC, 2 LIMIT %(maximum)s OFFSET %(first)s",
        {"seconds": seconds, "start": start, "end": end, "first": max(0, first), "maximum": maximum},
    )
    return [IntervalRow(**row) for row in rows]


async def add(database: Database, name: str, value: int, at: datetime) -> None:
    """Count something that has no rows."""
    if value:
        await database.execute(
            f"INSERT INTO metric (name, at, value) VALUES (%s, date_bin(%s, %s, {_EPOCH}), %s) "
            "ON CONFLICT (name, at) DO UPDATE SET value = metric.value + excluded.value",
            (name, QUARTER, at, value),
        )


async def sum_up(database: Database, now: datetime) -> None:
    """Sum up the quarters that ended a quarter of an hour ago or earlier: rows may come late, but not later."""
    async with database.transaction() as connection:
        cursor = await connection.execute("SELECT done_until FROM chore WHERE name = %s FOR UPDATE", (chores.METRICS,))
        row = await cursor.fetchone()
        done = row["done_until"] if row else None
        until = datetime.fromtimestamp(now.timestamp() // QUARTER.total_seconds() * QUARTER.total_seconds(), now.tzinfo)
        until -= QUARTER
        if done is not None and done >= until:
            return
        for name, (source, column) in _COUNTS.items():
            statement: Any = (
                "INSERT INTO metric (name, at, value) "
                f"SELECT %(name)s, date_bin(%(quarter)s, {column}, {_EPOCH}), count(*) FROM {source} "
                f"AND {column} < %(until)s AND (%(done)s::timestamptz IS NULL OR {column} >= %(done)s) GROUP BY 2 "
                "ON CONFLICT (name, at) DO UPDATE SET value = excluded.value"
            )
            await connection.execute(statement, {"name": name, "quarter": QUARTER, "until": until, "done": done})
        await connection.execute("UPDATE chore SET done_until = %s WHERE name = %s", (until, chores.METRICS))


def _known(name: str) -> str:
    wanted = _ALIASES.get(name, name)
    if wanted not in _COUNTS and wanted not in _ADDED and wanted not in _ALWAYS_ZERO and wanted != _WORKERS:
        raise InvalidQuery(f"Expected the name of a metric but it was '{name[:80]}'.")
    return wanted


def _points(name: str) -> str:
    """Instants and values of a metric: what was summed up, and the rows since then. Reads `start` and `end`."""
    span = "(%(start)s::timestamptz IS NULL OR {0} >= %(start)s) AND (%(end)s::timestamptz IS NULL OR {0} < %(end)s)"
    found = f"SELECT at, value FROM metric WHERE name = '{name}' AND {span.format('at')}"
    if name in _COUNTS:
        source, column = _COUNTS[name]
        cursor = f"coalesce((SELECT done_until FROM chore WHERE name = '{chores.METRICS}'), '-infinity')"
        found += (
            f" UNION ALL SELECT {column}, 1 FROM {source} AND {column} IS NOT NULL AND {column} >= {cursor} "
            f"AND {span.format(column)}"
        )
    return found
