"""Metrics: how much was started, ended and decided, counted from the rows (Camunda's names)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from store.database import Database
from store.errors import InvalidQuery

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
# Camunda counts these inside its job executor and its cleanup, which do not exist here.
_ALWAYS_ZERO = frozenset(
    {
        "executed-decision-elements",
        "job-successful",
        "job-acquisition-attempt",
        "job-acquired-success",
        "job-acquired-failure",
        "job-execution-rejected",
        "job-locked-exclusive",
        "history-cleanup-removed-process-instances",
        "history-cleanup-removed-case-instances",
        "history-cleanup-removed-decision-instances",
        "history-cleanup-removed-batch-operations",
        "history-cleanup-removed-task-metrics",
    }
)


async def total(database: Database, name: str, start: datetime | None = None, end: datetime | None = None) -> int:
    """How often it happened from `start` (inclusive) to `end` (exclusive). `InvalidQuery` for an unknown name."""
    wanted = _ALIASES.get(name, name)
    if wanted in _ALWAYS_ZERO:
        return 0
    params: dict[str, Any] = {"start": start, "end": end}
    if wanted == "unique-task-workers":
        row = await database.fetch_one(
            "SELECT count(DISTINCT assignee) AS n FROM task WHERE assignee IS NOT NULL "
            "AND (%(start)s::timestamptz IS NULL OR coalesce(updated_at, created_at) >= %(start)s) "
            "AND (%(end)s::timestamptz IS NULL OR coalesce(updated_at, created_at) < %(end)s)",
            params,
        )
        return row["n"] if row else 0
    if wanted not in _COUNTS:
        raise InvalidQuery(f"Expected the name of a metric but it was '{name}'.")
    source, column = _COUNTS[wanted]
    row = await database.fetch_one(
        f"SELECT count(*) AS n FROM {source} AND {column} IS NOT NULL "
        f"AND (%(start)s::timestamptz IS NULL OR {column} >= %(start)s) "
        f"AND (%(end)s::timestamptz IS NULL OR {column} < %(end)s)",
        params,
    )
    return row["n"] if row else 0
