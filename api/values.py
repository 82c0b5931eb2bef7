"""The operations of collections whose rows carry a variable: list, count, get, and the content of files and bytes."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from api.collections import row_by_id, rows_of
from api.dto.identity import CountResultDto
from api.operations import Call, Resource, boolean_param
from api.params import Query, flag
from api.scope_variables import binary_response
from api.shapes import VariableShape


def serve_values(
    resource: Resource, collection: Any, dto: Any, shape: VariableShape, what: str, *, post_count: bool = True
) -> None:
    """Declare list, count, get and data for rows that carry a variable."""
    query = Query.of(collection)
    deserialize_param = (boolean_param("deserializeValues"),)

    async def list_rows(call: Call) -> list[Any]:
        deserialize = flag(call.query, "deserializeValues", default=True)
        rows = await rows_of(call, collection, await call.criteria(query))
        return [shape.variable(row, deserialize, binary=False) for row in rows]

    async def count_rows(call: Call) -> CountResultDto:
        criteria = await call.criteria(query)
        return {"count": await collection.count(call.services.database, criteria.filters)}

    list_rows.__doc__ = f"List: {resource.tag}."
    count_rows.__doc__ = f"Count: {resource.tag}."
    for method in ("GET", "POST"):
        described = resource.operation(
            method, "", answer=list[dto], query=query, paging=True, params=deserialize_param, errors=(400,)
        )
        described(list_rows)
        if method == "GET" or post_count:
            resource.operation(method, "/count", answer=CountResultDto, query=query, errors=(400,))(count_rows)

    @resource.get("/{id}", answer=dto, params=deserialize_param, errors=(404,))
    async def get_row(call: Call) -> Any:
        """Get one with its value."""
        deserialize = flag(call.query, "deserializeValue", flag(call.query, "deserializeValues", default=True))
        return shape.variable(await row_by_id(call, collection, call["id"], what), deserialize)

    @resource.get("/{id}/data", answer=bytes, media="application/octet-stream", errors=(400, 404))
    async def get_data(call: Call) -> Response:
        """Content of a value of type File or Bytes."""
        return binary_response(await row_by_id(call, collection, call["id"], what))
