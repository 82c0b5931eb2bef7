"""Saved queries of task lists."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from store.database import Database
from store.errors import NotFound
from store.json_text import dumps
from store.query.conditions import eq, like
from store.query.resource import Resource


@dataclass(frozen=True, slots=True)
class FilterRow:
    """A saved query; `query` is Camunda's query object, `properties` belong to the browser application."""

    id: str
    resource_type: str
    name: str
    owner: str | None
    query: Mapping[str, Any]
    properties: Mapping[str, Any]


FILTERS: Resource[FilterRow] = Resource(
    FilterRow,
    columns={
        "id": "f.id",
        "resource_type": "f.resource_type",
        "name": "f.name",
        "owner": "f.owner",
        "query": "f.query",
        "properties": "f.properties",
    },
    source="task_filter f",
    identity=eq("f.id"),
    order="f.id",
    sorts={"filterId": "f.id", "resourceType": "f.resource_type", "name": "f.name", "owner": "f.owner"},
    filters={
        "filterId": eq("f.id"),
        "resourceType": eq("f.resource_type"),
        "name": eq("f.name"),
        "nameLike": like("f.name"),
        "owner": eq("f.owner"),
    },
)


async def save(
    database: Database,
    *,
    resource_type: str,
    name: str,
    owner: str | None,
    query: Mapping[str, Any],
    properties: Mapping[str, Any],
    identifier: str | None = None,
) -> FilterRow:
    """Add a filter, or replace the one with this id. Raises `NotFound`."""
    values = (resource_type, name, owner, dumps(dict(query)), dumps(dict(properties)))
    if identifier is None:
        identifier = str(uuid.uuid4())
        await database.execute(
            "INSERT INTO task_filter (resource_type, name, owner, query, properties, id) "
            "VALUES (%s, %s, %s, %s::text::jsonb, %s::text::jsonb, %s)",
            (*values, identifier),
        )
    elif not await database.execute(
        "UPDATE task_filter SET resource_type = %s, name = %s, owner = %s, query = %s::text::jsonb, "
        "properties = %s::text::jsonb WHERE id = %s",
        (*values, identifier),
    ):
        raise NotFound(f"Expected a filter with id '{identifier}' but there is none.")
    return FilterRow(identifier, resource_type, name, owner, query, properties)


async def delete(database: Database, identifier: str) -> bool:
    """Remove a filter; whether there was one."""
    return await database.execute("DELETE FROM task_filter WHERE id = %s", (identifier,)) > 0
