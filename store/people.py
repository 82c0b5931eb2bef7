"""Users, groups and tenants, and who belongs where. Passwords are kept as scrypt digests."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Final

from store.database import Database
from store.errors import Conflict, NotFound
from store.query.conditions import Filter, Filters, Sql, any_of, eq, exists, like, option
from store.query.resource import Resource

_SCRYPT: Final = {"n": 2**14, "r": 8, "p": 1, "dklen": 32}


@dataclass(frozen=True, slots=True)
class UserRow:
    """A user, without the password."""

    id: str
    first_name: str | None
    last_name: str | None
    email: str | None


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group of users."""

    id: str
    name: str | None
    type: str | None


@dataclass(frozen=True, slots=True)
class TenantRow:
    """A tenant."""

    id: str
    name: str | None


USERS: Resource[UserRow] = Resource(
    UserRow,
    columns={"id": "u.id", "first_name": "u.first_name", "last_name": "u.last_name", "email": "u.email"},
    source="person u",
    identity=eq("u.id"),
    order="u.id",
    sorts={"userId": "u.id", "firstName": "u.first_name", "lastName": "u.last_name", "email": "u.email"},
    filters={
        "id": eq("u.id"),
        "idIn": any_of("u.id"),
        "firstName": eq("u.first_name"),
        "firstNameLike": like("u.first_name"),
        "lastName": eq("u.last_name"),
        "lastNameLike": like("u.last_name"),
        "email": eq("u.email"),
        "emailLike": like("u.email"),
        "memberOfGroup": exists("SELECT 1 FROM group_member m WHERE m.user_id = u.id AND", eq("m.group_id")),
        "memberOfTenant": exists("SELECT 1 FROM tenant_member m WHERE m.user_id = u.id AND", eq("m.tenant_id")),
        "potentialStarter": option("string"),
    },
)

GROUPS: Resource[GroupRow] = Resource(
    GroupRow,
    columns={"id": "g.id", "name": "g.name", "type": "g.type"},
    source="person_group g",
    identity=eq("g.id"),
    order="g.id",
    sorts={"id": "g.id", "name": "g.name", "type": "g.type"},
    filters={
        "id": eq("g.id"),
        "idIn": any_of("g.id"),
        "name": eq("g.name"),
        "nameLike": like("g.name"),
        "type": eq("g.type"),
        "member": exists("SELECT 1 FROM group_member m WHERE m.group_id = g.id AND", eq("m.user_id")),
        "memberOfTenant": exists("SELECT 1 FROM tenant_member m WHERE m.group_id = g.id AND", eq("m.tenant_id")),
    },
)


def _tenants_of_user(value: str, filters: Filters) -> Sql:
    """Tenants of a user; with `includingGroupsOfUser` those of the user's groups, too."""
    member = "SELECT 1 FROM tenant_member m WHERE m.tenant_id = t.id AND"
    if not filters.get("includingGroupsOfUser"):
        return Sql(f"EXISTS ({member} m.user_id = %s)", (value,))
    groups = "SELECT g.group_id FROM group_member g WHERE g.user_id = %s"
    return Sql(f"EXISTS ({member} (m.user_id = %s OR m.group_id IN ({groups})))", (value, value))


TENANTS: Resource[TenantRow] = Resource(
    TenantRow,
    columns={"id": "t.id", "name": "t.name"},
    source="tenant t",
    identity=eq("t.id"),
    order="t.id",
    sorts={"id": "t.id", "name": "t.name"},
    filters={
        "id": eq("t.id"),
        "name": eq("t.name"),
        "nameLike": like("t.name"),
        "userMember": Filter("string", _tenants_of_user),
        "groupMember": exists("SELECT 1 FROM tenant_member m WHERE m.tenant_id = t.id AND", eq("m.group_id")),
        "includingGroupsOfUser": option(),
    },
)


# --- users ----------------------------------------------------------------------------------------------------------


async def create_user(database: Database, user: UserRow, password: str | None) -> None:
    """Add a user. Raises `Conflict` when the id is taken."""
    added = await database.execute(
        "INSERT INTO person (id, first_name, last_name, email, password) VALUES (%s, %s, %s, %s, %s) "
        "ON CONFLICT (id) DO NOTHING",
        (user.id, user.first_name, user.last_name, user.email, None if password is None else await _hashed(password)),
    )
    if not added:
        raise Conflict(f"Expected a new user id but '{user.id}' is taken.")


async def update_user(database: Database, user: UserRow) -> None:
    """Change name and address. Raises `NotFound`."""
    changed = await database.execute(
        "UPDATE person SET first_name = %s, last_name = %s, email = %s WHERE id = %s",
        (user.first_name, user.last_name, user.email, user.id),
    )
    if not changed:
        raise NotFound(f"Expected a user with id '{user.id}' but there is none.")


async def set_password(database: Database, user_id: str, password: str) -> None:
    """Change the password. Raises `NotFound`."""
    if not await database.execute("UPDATE person SET password = %s WHERE id = %s", (await _hashed(password), user_id)):
        raise NotFound(f"Expected a user with id '{user_id}' but there is none.")


async def check_password(database: Database, user_id: str, password: str) -> bool:
    """Whether this is the user's password."""
    row = await database.fetch_one("SELECT password FROM person WHERE id = %s", (user_id,))
    if row is None or row["password"] is None:
        return False
    salt, _, _ = str(row["password"]).partition(":")
    return hmac.compare_digest(await _hashed(password, bytes.fromhex(salt)), str(row["password"]))


async def delete_user(database: Database, user_id: str) -> bool:
    """Remove a user and the memberships; whether there was one."""
    return await database.execute("DELETE FROM person WHERE id = %s", (user_id,)) > 0


async def _hashed(password: str, salt: bytes | None = None) -> str:
    """In a thread: it takes long on purpose."""
    return await asyncio.to_thread(_digest, password, salt)


def _digest(password: str, salt: bytes | None = None) -> str:
    salt = secrets.token_bytes(16) if salt is None else salt
    return f"{salt.hex()}:{hashlib.scrypt(password.encode(), salt=salt, **_SCRYPT).hex()}"


# --- groups and tenants ---------------------------------------------------------------------------------------------


async def create_group(database: Database, group: GroupRow) -> None:
    """Add a group. Raises `Conflict` when the id is taken."""
    added = await database.execute(
        "INSERT INTO person_group (id, name, type) VALUES (%s, %s, %s) ON CONFLICT (id) DO NOTHING",
        (group.id, group.name, group.type),
    )
    if not added:
        raise Conflict(f"Expected a new group id but '{group.id}' is taken.")


async def update_group(database: Database, group: GroupRow) -> None:
    """Change name and type. Raises `NotFound`."""
    changed = await database.execute(
        "UPDATE person_group SET name = %s, type = %s WHERE id = %s", (group.name, group.type, group.id)
    )
    if not changed:
        raise NotFound(f"Expected a group with id '{group.id}' but there is none.")


async def delete_group(database: Database, group_id: str) -> bool:
    """Remove a group; whether there was one."""
    return await database.execute("DELETE FROM person_group WHERE id = %s", (group_id,)) > 0


async def create_tenant(database: Database, tenant: TenantRow) -> None:
    """Add a tenant. Raises `Conflict` when the id is taken."""
    added = await database.execute(
        "INSERT INTO tenant (id, name) VALUES (%s, %s) ON CONFLICT (id) DO NOTHING", (tenant.id, tenant.name)
    )
    if not added:
        raise Conflict(f"Expected a new tenant id but '{tenant.id}' is taken.")


async def update_tenant(database: Database, tenant: TenantRow) -> None:
    """Change the name. Raises `NotFound`."""
    if not await database.execute("UPDATE tenant SET name = %s WHERE id = %s", (tenant.name, tenant.id)):
        raise NotFound(f"Expected a tenant with id '{tenant.id}' but there is none.")


async def delete_tenant(database: Database, tenant_id: str) -> bool:
    """Remove a tenant; whether there was one."""
    return await database.execute("DELETE FROM tenant WHERE id = %s", (tenant_id,)) > 0


# --- memberships ----------------------------------------------------------------------------------------------------


async def join_group(database: Database, group_id: str, user_id: str) -> None:
    """Make a user a member of a group; once is enough. Raises `NotFound`."""
    await _must_exist(database, "person_group", "group", group_id)
    await _must_exist(database, "person", "user", user_id)
    await database.execute(
        "INSERT INTO group_member (group_id, user_id) VALUES (%s, %s) ON CONFLICT DO NOTHING", (group_id, user_id)
    )


async def leave_group(database: Database, group_id: str, user_id: str) -> None:
    """End a membership; one that is not there is no error."""
    await database.execute("DELETE FROM group_member WHERE group_id = %s AND user_id = %s", (group_id, user_id))


async def join_tenant(
    database: Database, tenant_id: str, *, user_id: str | None = None, group_id: str | None = None
) -> None:
    """Make a user or a group a member of a tenant; once is enough. Raises `NotFound`."""
    await _must_exist(database, "tenant", "tenant", tenant_id)
    if user_id is not None:
        await _must_exist(database, "person", "user", user_id)
    if group_id is not None:
        await _must_exist(database, "person_group", "group", group_id)
    await database.execute(
        "INSERT INTO tenant_member (tenant_id, user_id, group_id) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        (tenant_id, user_id, group_id),
    )


async def leave_tenant(
    database: Database, tenant_id: str, *, user_id: str | None = None, group_id: str | None = None
) -> None:
    """End a membership; one that is not there is no error."""
    await database.execute(
        "DELETE FROM tenant_member WHERE tenant_id = %s AND user_id IS NOT DISTINCT FROM %s "
        "AND group_id IS NOT DISTINCT FROM %s",
        (tenant_id, user_id, group_id),
    )


async def _must_exist(database: Database, table: str, what: str, identifier: str) -> None:
    if await database.fetch_one(f"SELECT 1 FROM {table} WHERE id = %s", (identifier,)) is None:
        raise NotFound(f"Expected a {what} with id '{identifier}' but there is none.")
