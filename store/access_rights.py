"""Authorizations as Camunda names them: kept and listed; whether they are enforced is the facade's affair."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from store.database import Database
from store.errors import Conflict, NotFound
from store.query.conditions import any_of, eq
from store.query.resource import Resource


@dataclass(frozen=True, slots=True)
class AccessRightRow:
    """`type`: 0 for everybody, 1 granted, 2 revoked. `resource_id` "*" means all."""

    id: str
    type: int
    permissions: Sequence[str]
    user_id: str | None
    group_id: str | None
    resource_type: int
    resource_id: str


ACCESS_RIGHTS: Resource[AccessRightRow] = Resource(
    AccessRightRow,
    columns={
        "id": "a.id",
        "type": "a.type",
        "permissions": "a.permissions",
        "user_id": "a.user_id",
        "group_id": "a.group_id",
        "resource_type": "a.resource_type",
        "resource_id": "a.resource_id",
    },
    source="access_right a",
    identity=eq("a.id"),
    order="a.id",
    sorts={"resourceType": "a.resource_type", "resourceId": "a.resource_id"},
    filters={
        "id": eq("a.id"),
        "type": eq("a.type", "integer"),
        "userIdIn": any_of("a.user_id"),
        "groupIdIn": any_of("a.group_id"),
        "resourceType": eq("a.resource_type", "integer"),
        "resourceId": eq("a.resource_id"),
    },
)


async def create(
    database: Database,
    *,
    type: int,
    permissions: Sequence[str],
    user_id: str | None,
    group_id: str | None,
    resource_type: int,
    resource_id: str,
) -> AccessRightRow:
    """Add one. Raises `Conflict` when there is one for the same people and resource."""
    row = AccessRightRow(str(uuid.uuid4()), type, [*permissions], user_id, group_id, resource_type, resource_id)
    added = await database.execute(
        "INSERT INTO access_right (id, type, permissions, user_id, group_id, resource_type, resource_id) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        (row.id, type, row.permissions, user_id, group_id, resource_type, resource_id),
    )
    if not added:
        raise Conflict(
            "Expected an authorization for other people or another resource but there is such a one already."
        )
    return row


async def update(
    database: Database,
    identifier: str,
    *,
    permissions: Sequence[str],
    user_id: str | None,
    group_id: str | None,
    resource_type: int,
    resource_id: str,
) -> None:
    """Change all but the type. Raises `NotFound`."""
    changed = await database.execute(
        "UPDATE access_right SET permissions = %s, user_id = %s, group_id = %s, resource_type = %s, resource_id = %s "
        "WHERE id = %s",
        ([*permissions], user_id, group_id, resource_type, resource_id, identifier),
    )
    if not changed:
        raise NotFound(f"Expected an authorization with id '{identifier}' but there is none.")


async def delete(database: Database, identifier: str) -> bool:
    """Remove one; whether there was one."""
    return await database.execute("DELETE FROM access_right WHERE id = %s", (identifier,)) > 0
