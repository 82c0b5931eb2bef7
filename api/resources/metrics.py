"""/metrics: how much was started, ended and decided."""

from __future__ import annotations

from typing import Any, Final

from api.dates import format_date
from api.dto.identity import MetricsIntervalResultDto, MetricsResultDto
from api.errors import invalid_request
from api.operations import Call, Resource
from api.params import Query, flag
from store.metrics import MAX_INTERVALS, by_interval, total

metrics = Resource("metrics", "Metrics")
_query = Query({"startDate": "date", "endDate": "date"})
_interval_query = Query(
    {
        "name": "string",
        "reporter": "string",
        "startDate": "date",
        "endDate": "date",
        "interval": "integer",
        "aggregateByReporter": "boolean",
    }
)
_REPORTER: Final = "ostinato"
"""All processes write into one read model: there is one reporter."""


@metrics.get("", answer=list[MetricsIntervalResultDto], query=_interval_query, paging=True, errors=(400,))
async def list_intervals(call: Call) -> list[dict[str, Any]]:
    """How often things happened, by intervals of time, the newest first; at most 200."""
    criteria = _interval_query.from_get(call.query)
    wanted = criteria.filters
    maximum = MAX_INTERVALS if criteria.limit is None else criteria.limit
    if maximum > MAX_INTERVALS:
        raise invalid_request(f"Expected at most {MAX_INTERVALS} as maxResults but it was {maximum}.")
    if maximum == 0 or wanted.get("reporter") not in (None, _REPORTER):
        return []
    name = wanted.get("name")
    rows = await by_interval(
        call.services.database,
        [name] if name else [],
        seconds=wanted.get("interval", 900),
        start=wanted.get("startDate"),
        end=wanted.get("endDate"),
        first=criteria.first,
        maximum=maximum,
    )
    reporter = None if flag(call.query, "aggregateByReporter") else _REPORTER
    return [
        {"timestamp": format_date(row.timestamp), "name": row.name, "reporter": reporter, "value": row.value}
        for row in rows
    ]


@metrics.get("/{name}/sum", answer=MetricsResultDto, query=_query, errors=(400,))
async def get_sum(call: Call) -> MetricsResultDto:
    """How often something happened in a span of time."""
    span = _query.from_get(call.query).filters
    return {"result": await total(call.services.database, call["name"], span.get("startDate"), span.get("endDate"))}
