"""The operations that every collection of the read model has: list and count by GET and by POST, and one by id."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from api.dto.identity import CountResultDto
from api.errors import bad_user_request, not_found
from api.operations import Call, Resource
from api.params import MAX_RESULTS, Criteria, Query
from api.shapes import Shape

Shaper = Callable[[Any], Any]


async def rows_of(call: Call, collection: Any, criteria: Criteria) -> list[Any]:
    """The rows that `criteria` ask for. RestError 400 when there are more than one answer may have."""
    if criteria.limit == 0:
        return []
    bound = MAX_RESULTS + 1 if criteria.limit is None else min(criteria.limit, MAX_RESULTS + 1)
    rows = await collection.list(
        call.services.database, criteria.filters, criteria.sorting, first=criteria.first, maximum=bound
    )
    if len(rows) > MAX_RESULTS:
        raise bad_user_request(
            f"Expected a query for at most {MAX_RESULTS} results but there are more; ask page by page with maxResults."
        )
    return rows


async def row_by_id(call: Call, collection: Any, identifier: str, what: str) -> Any:
    """The row with this id. RestError 404 says that no such `what` exists."""
    row = await collection.get(call.services.database, identifier)
    if row is None:
        raise not_found(f"{what} with id {identifier} does not exist")
    return row


def serve_queries(
    resource: Resource, collection: Any, dto: Any, shape: Shaper | None = None, *, post: bool = True
) -> None:
    """Declare list and count, by GET and, with `post`, by POST."""
    query = Query.of(collection)
    to_answer = shape or Shape(dto)

    async def list_rows(call: Call) -> list[Any]:
        return [to_answer(row) for row in await rows_of(call, collection, await call.criteria(query))]

    async def count_rows(call: Call) -> CountResultDto:
        criteria = await call.criteria(query)
        return {"count": await collection.count(call.services.database, criteria.filters)}

    list_rows.__doc__ = f"List: {resource.tag}."
    count_rows.__doc__ = f"Count: {resource.tag}."
    for method in ("GET", "POST") if post else ("GET",):
        resource.operation(method, "", answer=list[dto], query=query, paging=True, errors=(400,))(list_rows)
        resource.operation(method, "/count", answer=CountResultDto, query=query, errors=(400,))(count_rows)


def serve_single(resource: Resource, collection: Any, dto: Any, what: str, shape: Shaper | None = None) -> None:
    """Declare GET by id."""
    to_answer = shape or Shape(dto)

    async def get_row(call: Call) -> Any:
        return to_answer(await row_by_id(call, collection, call["id"], what))

    get_row.__doc__ = f"Get one: {resource.tag}."
    resource.get("/{id}", answer=dto, errors=(404,))(get_row)
