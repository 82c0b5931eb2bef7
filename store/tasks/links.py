"""Identity links: assignee and owner, candidates, and links of types of one's own."""

from __future__ import annotations

from dataclasses import dataclass

from store.database import Connection, Database
from store.errors import InvalidQuery, NotFound
from store.json_text import dumps


@dataclass(frozen=True, slots=True)
class IdentityLinkRow:
    """A user or a group that has to do with a task. `type`: assignee, owner, candidate, or another."""

    user_id: str | None
    group_id: str | None
    type: str


async def identity_links(database: Database, task_id: str, type: str | None = None) -> list[IdentityLinkRow]:
    """The links of an open task. Raises `NotFound`."""
    row = await database.fetch_one(
        "SELECT assignee, owner, candidate_users, candidate_groups, links FROM task WHERE id = %s AND ended_at IS NULL",
        (task_id,),
    )
    if row is None:
        raise _missing(task_id)
    found: list[IdentityLinkRow] = []
    if row["assignee"] is not None:
        found.append(IdentityLinkRow(row["assignee"], None, "assignee"))
    if row["owner"] is not None:
        found.append(IdentityLinkRow(row["owner"], None, "owner"))
    found += [IdentityLinkRow(user, None, "candidate") for user in row["candidate_users"]]
    found += [IdentityLinkRow(None, group, "candidate") for group in row["candidate_groups"]]
    found += [IdentityLinkRow(link.get("user"), link.get("group"), link["type"]) for link in row["links"]]
    return [link for link in found if type is None or link.type == type]


async def add_link(
    database: Database,
    task_id: str,
    type: str,
    *,
    user_id: str | None = None,
    group_id: str | None = None,
    by: str | None = None,
) -> None:
    """Link a user or a group to an open task. Raises `NotFound`, `InvalidQuery`."""
    await _link(database, task_id, type, user_id, group_id, by, add=True)


async def remove_link(
    database: Database,
    task_id: str,
    type: str,
    *,
    user_id: str | None = None,
    group_id: str | None = None,
    by: str | None = None,
) -> None:
    """Remove a link. One that is not there is no error."""
    await _link(database, task_id, type, user_id, group_id, by, add=False)


async def _link(
    database: Database, task_id: str, type: str, user_id: str | None, group_id: str | None, by: str | None, *, add: bool
) -> None:
    if (user_id is None) == (group_id is None):
        raise InvalidQuery("Expected either a user or a group to link but it was both or none.")
    if type in ("assignee", "owner") and user_id is None:
        raise InvalidQuery(f"Expected a user as the {type} but it was a group.")
    async with database.transaction() as connection:
        if type in ("assignee", "owner"):
            value = user_id if add else None
            condition = "true" if add else "assignee = %(user)s" if type == "assignee" else "owner = %(user)s"
            column = "assignee" if type == "assignee" else "owner"
            statement = f"UPDATE task SET {column} = %(value)s, touched = true WHERE id = %(id)s AND {condition}"
        elif type == "candidate":
            value = user_id or group_id
            column = "candidate_users" if user_id is not None else "candidate_groups"
            change = f"array_remove({column}, %(value)s::text)"
            if add:
                change = f"array_append({change}, %(value)s::text)"
            statement = f"UPDATE task SET {column} = {change}, touched = true WHERE id = %(id)s"
        else:
            value = dumps({"type": type} | ({"user": user_id} if user_id is not None else {"group": group_id}))
            others = (
                "(SELECT coalesce(jsonb_agg(l), '[]') FROM jsonb_array_elements(links) l "
                "WHERE l <> %(value)s::text::jsonb)"
            )
            change = f"{others} || %(value)s::text::jsonb" if add else others
            # The log knows nothing of these links, so that they are no difference from it.
            statement = f"UPDATE task SET links = {change} WHERE id = %(id)s"
        found = await connection.execute("SELECT 1 FROM task WHERE id = %s AND ended_at IS NULL FOR UPDATE", (task_id,))
        if await found.fetchone() is None:
            raise _missing(task_id)
        await connection.execute(
            statement,  # type: ignore[arg-type]  # composed of this function's own texts only
            {"value": value, "id": task_id, "user": user_id},
        )
        await _log(connection, task_id, type, user_id, group_id, by, add)


async def log_link(
    database: Database,
    task_id: str,
    type: str,
    *,
    user_id: str | None = None,
    group_id: str | None = None,
    by: str | None = None,
    add: bool,
) -> None:
    """Enter a link that the engine has made or removed (of a task with listeners) into the log of links."""
    async with database.transaction() as connection:
        await _log(connection, task_id, type, user_id, group_id, by, add)


async def _log(
    connection: Connection,
    task_id: str,
    type: str,
    user_id: str | None,
    group_id: str | None,
    by: str | None,
    add: bool,
) -> None:
    await connection.execute(
        "INSERT INTO identity_link_log (task_id, type, user_id, group_id, operation, assigner_id) "
        "VALUES (%s, %s, %s, %s, %s, %s)",
        (task_id, type, user_id, group_id, "add" if add else "delete", by),
    )


async def candidate_group_counts(database: Database) -> list[tuple[str | None, int]]:
    """Open, unassigned tasks per candidate group; None: tasks without one."""
    rows = await database.fetch(
        "SELECT g.name, count(*) AS n FROM task t "
        "LEFT JOIN LATERAL unnest(t.candidate_groups) AS g (name) ON true "
        "WHERE t.ended_at IS NULL AND t.assignee IS NULL GROUP BY g.name ORDER BY g.name NULLS FIRST"
    )
    return [(row["name"], row["n"]) for row in rows]


def _missing(task_id: str) -> NotFound:
    return NotFound(f"Expected an open task with id '{task_id}' but there is none.")
