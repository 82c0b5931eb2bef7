"""Counts per definition and per activity: running instances, failed jobs, incidents, and what has been."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from store.database import Database
from store.definitions.processes import PROCESS_DEFINITIONS, ProcessDefinitionRow
from store.query.resource import Sort


@dataclass(frozen=True, slots=True)
class DefinitionStatisticsRow:
    """Running instances of a definition. `incidents` is {type: number}."""

    id: str
    instances: int
    failed_jobs: int
    incidents: Mapping[str, int]
    definition: ProcessDefinitionRow


@dataclass(frozen=True, slots=True)
class ActivityStatisticsRow:
    """Running instances of an activity. `incidents` is {type: number}."""

    id: str
    instances: int
    failed_jobs: int
    incidents: Mapping[str, int]


async def statistics(
    database: Database,
    *,
    incidents: bool = False,
    failed_jobs: bool = False,
    incident_type: str | None = None,
    root_incidents: bool = False,
) -> list[DefinitionStatisticsRow]:
    """One row per process definition, also for those without instances. Incidents and failed jobs only if asked for.

    An incident counts at every caller too; with `root_incidents` only where it failed.
    """
    instances = await _numbers(
        database,
        "SELECT definition_id AS id, count(*) AS n FROM process_instance "
        "WHERE ended_at IS NULL AND definition_id IS NOT NULL GROUP BY 1",
    )
    jobs: Mapping[str, int] = {}
    if failed_jobs:
        jobs = await _numbers(
            database,
            "SELECT p.definition_id AS id, count(*) AS n FROM job j JOIN process_instance p ON p.id = j.instance_id "
            "WHERE j.retries = 0 AND p.definition_id IS NOT NULL GROUP BY 1",
        )
    found: Mapping[str, Mapping[str, int]] = {}
    if incidents or root_incidents or incident_type:
        found = await _incidents(
            database,
            "SELECT p.definition_id AS id, i.type, count(*) AS n "
            f"FROM {'incident' if root_incidents else 'incident_anywhere'} i "
            "JOIN process_instance p ON p.id = i.instance_id WHERE i.ended_at IS NULL "
            "AND p.definition_id IS NOT NULL AND (%s::text IS NULL OR i.type = %s) GROUP BY 1, 2 ORDER BY 1, 2",
            (incident_type, incident_type),
        )
    definitions = await PROCESS_DEFINITIONS.list(database, {}, [Sort("key"), Sort("version")])
    return [
        DefinitionStatisticsRow(row.id, instances.get(row.id, 0), jobs.get(row.id, 0), found.get(row.id, {}), row)
        for row in definitions
    ]


async def activity_statistics(
    database: Database,
    definition_id: str,
    *,
    incidents: bool = False,
    failed_jobs: bool = False,
    incident_type: str | None = None,
) -> list[ActivityStatisticsRow]:
    """One row per activity of the definition that has running instances."""
    instances = await _numbers(
        database,
        "SELECT a.node AS id, count(*) AS n FROM activity_instance a JOIN process_instance p ON p.id = a.instance_id "
        "WHERE p.definition_id = %s AND p.ended_at IS NULL AND a.ended_at IS NULL GROUP BY 1 ORDER BY 1",
        (definition_id,),
    )
    jobs: Mapping[str, int] = {}
    if failed_jobs:
        jobs = await _numbers(
            database,
            "SELECT j.node AS id, count(*) AS n FROM job j JOIN process_instance p ON p.id = j.instance_id "
            "WHERE p.definition_id = %s AND j.retries = 0 GROUP BY 1",
            (definition_id,),
        )
    found: Mapping[str, Mapping[str, int]] = {}
    if incidents or incident_type:
        found = await _incidents(
            database,
            "SELECT i.node AS id, i.type, count(*) AS n "
            "FROM incident_anywhere i JOIN process_instance p ON p.id = i.instance_id "
            "WHERE p.definition_id = %s AND i.ended_at IS NULL AND (%s::text IS NULL OR i.type = %s) "
            "GROUP BY 1, 2 ORDER BY 1, 2",
            (definition_id, incident_type, incident_type),
        )
    return [
        ActivityStatisticsRow(node, number, jobs.get(node, 0), found.get(node, {}))
        for node, number in instances.items()
    ]


@dataclass(frozen=True, slots=True)
class HistoricActivityStatisticsRow:
    """All instances of an activity, running and over."""

    id: str
    instances: int
    canceled: int
    finished: int
    complete_scope: int
    open_incidents: int
    resolved_incidents: int
    deleted_incidents: int


async def historic_activity_statistics(
    database: Database,
    definition_id: str,
    *,
    started_before: datetime | None = None,
    started_after: datetime | None = None,
    finished_before: datetime | None = None,
    finished_after: datetime | None = None,
    instance_ids: Sequence[str] | None = None,
    descending: bool = False,
) -> list[HistoricActivityStatisticsRow]:
    """One row per activity; the limits are on the process instances. `instances` counts the running ones."""
    rows = await database.fetch(
        "WITH chosen AS (SELECT id FROM process_instance WHERE definition_id = %(definition)s "
        "AND (%(started_before)s::timestamptz IS NULL OR started_at <= %(started_before)s) "
        "AND (%(started_after)s::timestamptz IS NULL OR started_at >= %(started_after)s) "
        "AND (%(finished_before)s::timestamptz IS NULL OR ended_at <= %(finished_before)s) "
        "AND (%(finished_after)s::timestamptz IS NULL OR ended_at >= %(finished_after)s) "
        "AND (%(ids)s::text[] IS NULL OR id = ANY(%(ids)s))), "
        "activities AS (SELECT a.node, count(*) FILTER (WHERE a.ended_at IS NULL) AS instances, "
        "count(*) FILTER (WHERE a.canceled) AS canceled, "
        "count(*) FILTER (WHERE a.ended_at IS NOT NULL) AS finished, "
        "count(*) FILTER (WHERE a.ended_at IS NOT NULL AND a.type LIKE '%%EndEvent') AS complete_scope "
        "FROM activity_instance a WHERE a.instance_id IN (SELECT id FROM chosen) GROUP BY a.node), "
        "troubles AS (SELECT i.node, count(*) FILTER (WHERE i.ended_at IS NULL) AS open, "
        "count(*) FILTER (WHERE i.ended_at IS NOT NULL AND NOT i.deleted) AS resolved, "
        "count(*) FILTER (WHERE i.deleted) AS deleted "
        "FROM incident_anywhere i WHERE i.instance_id IN (SELECT id FROM chosen) GROUP BY i.node) "
        "SELECT a.node AS id, a.instances, a.canceled, a.finished, a.complete_scope, "
        "coalesce(t.open, 0) AS open_incidents, coalesce(t.resolved, 0) AS resolved_incidents, "
        "coalesce(t.deleted, 0) AS deleted_incidents FROM activities a LEFT JOIN troubles t ON t.node = a.node "
        f"ORDER BY a.node {'DESC' if descending else 'ASC'}",
        {
            "definition": definition_id,
            "started_before": started_before,
            "started_after": started_after,
            "finished_before": finished_before,
            "finished_after": finished_after,
            "ids": None if instance_ids is None else [*instance_ids],
        },
    )
    return [HistoricActivityStatisticsRow(**row) for row in rows]


async def _numbers(database: Database, statement: str, params: tuple[Any, ...] = ()) -> dict[str, int]:
    return {row["id"]: row["n"] for row in await database.fetch(statement, params)}


async def _incidents(database: Database, statement: str, params: tuple[Any, ...]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for row in await database.fetch(statement, params):
        found.setdefault(row["id"], {})[row["type"]] = row["n"]
    return found
