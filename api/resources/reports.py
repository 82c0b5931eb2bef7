"""Reports over the history: durations, completed tasks, what may be cleaned up; and the versions of the schema."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from api.csv_answers import CSV, csv_response
from api.dto.history import (
    CleanableHistoricProcessInstanceReportResultDto,
    DurationReportResultDto,
    HistoricTaskInstanceReportResultDto,
)
from api.dto.identity import CountResultDto
from api.errors import invalid_request
from api.operations import Call, Resource
from api.params import Query
from api.shapes import Shape
from store import reports
from store.history import cleanable

process_report = Resource("history/process-instance", "Historic Process Instance")
task_report = Resource("history/task", "Historic Task Instance")
cleanable_report = Resource("history/process-definition", "Historic Process Definition")
REPORTS = (process_report, task_report, cleanable_report)

_PROCESS = Query(
    {
        "reportType": "string",
        "periodUnit": "string",
        "processDefinitionIdIn": "strings",
        "processDefinitionKeyIn": "strings",
        "startedBefore": "date",
        "startedAfter": "date",
    }
)
_TASK = Query(
    {
        "reportType": "string",
        "periodUnit": "string",
        "completedBefore": "date",
        "completedAfter": "date",
        "groupBy": "string",
    }
)
_CLEANABLE = Query(
    {
        "processDefinitionIdIn": "strings",
        "processDefinitionKeyIn": "strings",
        "tenantIdIn": "strings",
        "withoutTenantId": "boolean",
        "compact": "boolean",
    },
    ["finished"],
)
_COLUMNS = ("PERIOD", "PERIOD_UNIT", "MINIMUM", "MAXIMUM", "AVERAGE")
_duration_shape = Shape(DurationReportResultDto)
_cleanable_shape = Shape(CleanableHistoricProcessInstanceReportResultDto)


@process_report.get("/report", answer=list[DurationReportResultDto], also=CSV, query=_PROCESS, errors=(400,))
async def report_process_instances(call: Call) -> Any:
    """How long process instances took, by month or quarter of their start; as JSON or, if accepted first, CSV."""
    wanted = _PROCESS.from_get(call.query).filters
    if wanted.get("reportType") != "duration":
        raise invalid_request(f"Expected the reportType duration but it was {wanted.get('reportType')}.")
    rows = await reports.process_durations(
        call.services.database,
        _unit(wanted),
        definition_ids=wanted.get("processDefinitionIdIn"),
        definition_keys=wanted.get("processDefinitionKeyIn"),
        started_before=wanted.get("startedBefore"),
        started_after=wanted.get("startedAfter"),
    )
    if any(call.accepts(media) for media in CSV):
        table = [(row.period, row.period_unit, row.minimum, row.maximum, row.average) for row in rows]
        return csv_response("process-instance-report.csv", _COLUMNS, table)
    return _duration_shape.all(rows)


@task_report.get("/report", answer=list[HistoricTaskInstanceReportResultDto], query=_TASK, errors=(400,))
async def report_tasks(call: Call) -> Any:
    """How long tasks took by month or quarter, or how many were completed by name or process definition."""
    wanted = _TASK.from_get(call.query).filters
    before, after = wanted.get("completedBefore"), wanted.get("completedAfter")
    empty: dict[str, Any] = dict.fromkeys(HistoricTaskInstanceReportResultDto.__annotations__)
    if wanted.get("reportType") == "duration":
        rows = await reports.task_durations(
            call.services.database, _unit(wanted), completed_before=before, completed_after=after
        )
        return [{**empty, **_duration_shape(row)} for row in rows]
    if wanted.get("reportType") != "count":
        raise invalid_request(f"Expected the reportType count or duration but it was {wanted.get('reportType')}.")
    group_by = wanted.get("groupBy")
    if group_by not in ("taskName", "processDefinition"):
        raise invalid_request(f"Expected groupBy to be taskName or processDefinition but it was {group_by}.")
    counts = await reports.task_counts(call.services.database, group_by, completed_before=before, completed_after=after)
    return [
        {
            **empty,
            "taskName": row.task_name,
            "count": row.count,
            "processDefinitionKey": row.process_definition_key,
            "processDefinitionId": row.process_definition_id,
            "processDefinitionName": row.process_definition_name,
            "tenantId": row.tenant_id,
        }
        for row in counts
    ]


def _unit(wanted: Any) -> str:
    unit = str(wanted.get("periodUnit") or "").upper()
    if unit not in ("MONTH", "QUARTER"):
        raise invalid_request(f"Expected the periodUnit month or quarter but it was {wanted.get('periodUnit')}.")
    return unit


@cleanable_report.get(
    "/cleanable-process-instance-report",
    answer=list[CleanableHistoricProcessInstanceReportResultDto],
    query=_CLEANABLE,
    paging=True,
)
async def report_cleanable(call: Call) -> list[Any]:
    """Ended instances of each process definition, and how many of them are past their time to live."""
    criteria = _CLEANABLE.from_get(call.query)
    rows = await _cleanable_rows(call, criteria.filters)
    if criteria.sorting:
        descending = criteria.sorting[0].descending
        rows.sort(key=lambda row: row.finished_process_instance_count, reverse=descending)
    end = None if criteria.limit is None else criteria.first + criteria.limit
    return _cleanable_shape.all(rows[criteria.first : end])


@cleanable_report.get("/cleanable-process-instance-report/count", answer=CountResultDto, query=_CLEANABLE)
async def count_cleanable(call: Call) -> CountResultDto:
    """How many rows the report has."""
    return {"count": len(await _cleanable_rows(call, _CLEANABLE.from_get(call.query).filters))}


async def _cleanable_rows(call: Call, wanted: Any) -> list[Any]:
    rows = await cleanable(
        call.services.database,
        datetime.now(UTC),
        definition_ids=wanted.get("processDefinitionIdIn"),
        definition_keys=wanted.get("processDefinitionKeyIn"),
        compact=bool(wanted.get("compact")),
    )
    tenants = wanted.get("tenantIdIn")
    if wanted.get("withoutTenantId"):
        return [row for row in rows if row.tenant_id is None]
    return rows if tenants is None else [row for row in rows if row.tenant_id in tenants]
