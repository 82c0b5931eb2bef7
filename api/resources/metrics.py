"""/metrics: how much was started, ended and decided."""

from __future__ import annotations

from api.dto.identity import MetricsResultDto
from api.operations import Call, Resource
from api.params import Query
from store.metrics import total

metrics = Resource("metrics", "Metrics")
_query = Query({"startDate": "date", "endDate": "date"})


@metrics.get("/{name}/sum", answer=MetricsResultDto, query=_query, errors=(400,))
async def get_sum(call: Call) -> MetricsResultDto:
    """How often something happened in a span of time."""
    span = _query.from_get(call.query).filters
    return {"result": await total(call.services.database, call["name"], span.get("startDate"), span.get("endDate"))}
