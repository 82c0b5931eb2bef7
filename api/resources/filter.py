"""/filter: saved queries of task lists."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from starlette.responses import Response

from api.bodies import FilterBody
from api.collections import row_by_id, rows_of
from api.dates import format_date
from api.dto.identity import CountResultDto
from api.dto.runtime import FilterDto, TaskDto
from api.errors import RestError, bad_user_request, invalid_request, not_found
from api.links import serve_options
from api.operations import Call, Resource, boolean_param
from api.params import PAGING, Criteria, Query, flag, page_number
from api.resources.task import task_answers
from store import filters
from store.errors import NotFound
from store.filters import FILTERS, FilterRow
from store.people import GROUPS
from store.tasks import TASKS

filter_resource = Resource("filter", "Filter")
_query = Query.of(FILTERS)
_task_query = Query.of(TASKS)
_CALL: Final = re.compile(r"[$#]\{\s*(currentUser|currentUserGroups|now|dateTime)\(\)\s*\}")
_ITEM_COUNT: Final = (boolean_param("itemCount"),)

serve_options(filter_resource, collection=True)
serve_options(filter_resource)


@filter_resource.get("", answer=list[FilterDto], query=_query, paging=True, params=_ITEM_COUNT, errors=(400,))
async def list_filters(call: Call) -> list[Any]:
    """List filters, with `itemCount` also how many tasks each has."""
    rows = await rows_of(call, FILTERS, await call.criteria(_query))
    return [await _answer(call, row) for row in rows]


@filter_resource.get("/count", answer=CountResultDto, query=_query, errors=(400,))
async def count_filters(call: Call) -> CountResultDto:
    """Count filters."""
    criteria = await call.criteria(_query)
    return {"count": await FILTERS.count(call.services.database, criteria.filters)}


@filter_resource.post("/create", answer=FilterDto, body=FilterBody, errors=(400,))
async def create_filter(call: Call) -> Any:
    """Save a query."""
    return await _answer(call, await _save(call, None))


@filter_resource.get("/{id}", answer=FilterDto, params=_ITEM_COUNT, errors=(404,))
async def get_filter(call: Call) -> Any:
    """Get a filter."""
    return await _answer(call, await _filter(call))


@filter_resource.put("/{id}", body=FilterBody, errors=(400, 404))
async def update_filter(call: Call) -> None:
    """Replace a filter."""
    await _filter(call)
    try:
        await _save(call, call["id"])
    except NotFound:
        raise _unknown(call["id"]) from None


@filter_resource.delete("/{id}", errors=(404,))
async def delete_filter(call: Call) -> None:
    """Delete a filter."""
    if not await filters.delete(call.services.database, call["id"]):
        raise _unknown(call["id"])


@filter_resource.get("/{id}/list", answer=list[TaskDto], params=tuple(PAGING), errors=(404,))
@filter_resource.post("/{id}/list", answer=list[TaskDto], params=tuple(PAGING), errors=(400, 404))
async def list_tasks(call: Call) -> Any:
    """The tasks of a filter; a query in the body narrows it down."""
    criteria = await _criteria(call)
    criteria.first = page_number(call.query, "firstResult") or 0
    criteria.limit = page_number(call.query, "maxResults")
    return await task_answers(call, await rows_of(call, TASKS, criteria), criteria)


@filter_resource.get("/{id}/count", answer=CountResultDto, errors=(404,))
@filter_resource.post("/{id}/count", answer=CountResultDto, errors=(400, 404))
async def count_tasks(call: Call) -> CountResultDto:
    """How many tasks a filter has."""
    criteria = await _criteria(call)
    return {"count": await TASKS.count(call.services.database, criteria.filters)}


@filter_resource.get("/{id}/singleResult", answer=TaskDto, errors=(400, 404))
@filter_resource.post("/{id}/singleResult", answer=TaskDto, errors=(400, 404))
async def get_single_task(call: Call) -> Any:
    """The one task of a filter; 204 if there is none, 400 if there are several."""
    criteria = await _criteria(call)
    criteria.limit = 2
    rows = await rows_of(call, TASKS, criteria)
    if len(rows) > 1:
        raise invalid_request(f"Filter with id '{call['id']}' does not return a single result.")
    if not rows:
        return Response(status_code=204)
    return (await task_answers(call, rows, None))[0]


async def _filter(call: Call) -> FilterRow:
    return await row_by_id(call, FILTERS, call["id"], "Filter")


async def _save(call: Call, identifier: str | None) -> FilterRow:
    body = await call.body(FilterBody)
    if body.resourceType != "Task":
        raise invalid_request(f"Unable to create filter with invalid resource type '{body.resourceType}'")
    if not body.name:
        raise bad_user_request("Expected the name of the filter but it is absent.")
    query = {name: value for name, value in (body.query or {}).items() if value is not None}
    _task_query.from_query_object(
        _evaluated(query, None, ()), "the query of the filter"
    )  # refuse now what would fail later
    return await filters.save(
        call.services.database,
        resource_type=body.resourceType,
        name=body.name,
        owner=body.owner,
        query=query,
        properties=body.properties or {},
        identifier=identifier,
    )


async def _answer(call: Call, row: FilterRow) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "id": row.id,
        "resourceType": row.resource_type,
        "name": row.name,
        "owner": row.owner,
        "query": dict(row.query),
        "properties": dict(row.properties),
    }
    if flag(call.query, "itemCount"):
        criteria = await _saved_criteria(call, row.query)
        answer["itemCount"] = await TASKS.count(call.services.database, criteria.filters)
    return answer


async def _criteria(call: Call) -> Criteria:
    """The filter's query, narrowed down by the one in the body."""
    row = await _filter(call)
    extension: Any = await call.json() if call.request.method == "POST" else None
    if extension is None:
        return await _saved_criteria(call, row.query)
    if not isinstance(extension, Mapping):
        raise invalid_request("Expected the body to be a query but it is none.")
    merged = {**row.query, **{name: value for name, value in extension.items() if value not in (None, False, [])}}
    merged["orQueries"] = [*(row.query.get("orQueries") or ()), *(extension.get("orQueries") or ())]
    return await _saved_criteria(call, merged)


async def _saved_criteria(call: Call, query: Mapping[str, Any]) -> Criteria:
    groups: tuple[str, ...] = ()
    if call.user is not None and "currentUserGroups" in str(query):
        groups = tuple(row.id for row in await GROUPS.list(call.services.database, {"member": call.user}))
    return _task_query.from_query_object(_evaluated(query, call.user, groups), "the query of the filter")


def _evaluated(query: Mapping[str, Any], user: str | None, groups: tuple[str, ...]) -> dict[str, Any]:
    """A saved query with its expressions evaluated: `assigneeExpression` becomes `assignee`, and so on."""
    result: dict[str, Any] = {}
    for name, value in query.items():
        if not name.endswith("Expression") or not isinstance(value, str):
            result[name] = value
            continue
        match = _CALL.fullmatch(value.strip())
        if match is None and ("${" in value or "#{" in value):
            raise bad_user_request(
                f"Expected '{name}' of the filter to be currentUser(), currentUserGroups() or now() but it is {value}."
            )
        found: dict[str, Any] = {
            "currentUser": user or "",
            "currentUserGroups": list(groups),
            "now": format_date(datetime.now(UTC)),
            "dateTime": format_date(datetime.now(UTC)),
        }
        result[name.removesuffix("Expression")] = value if match is None else found[match.group(1)]
    result["orQueries"] = [_evaluated(group, user, groups) for group in query.get("orQueries") or ()]
    return result if query.get("orQueries") else {name: value for name, value in result.items() if name != "orQueries"}


def _unknown(identifier: str) -> RestError:
    return not_found(f"Filter with id '{identifier}' does not exist.")
