"""Checks that the rows are what the log says: rows == fold(events), for every instance; prints what differs.

Each instance is rebuilt inside a transaction that is rolled back, and its rows before and after are compared. What
people and workers own is carried over by the rebuild and so never differs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, LiteralString, cast

from psycopg import Rollback

from store.database import Connection, Database
from store.errors import NotFound
from store.projection.nodes import NodeCatalog
from store.projection.rebuild import rebuild

_TABLES: dict[str, tuple[str, ...]] = {
    "process_instance": ("id",),
    "activity_instance": ("key",),
    "variable": ("scope", "name"),
    "task": ("id",),
    "external_task": ("key",),
    "job": ("key",),
    "subscription": ("key",),
    "incident": ("key",),
    "decision_instance": ("id",),
}
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that is not what the log says. `column` "*": the row is missing (`stored` None) or is one too many."""

    instance_id: str
    table: str
    row: str
    column: str
    stored: Any
    expected: Any

    def __str__(self) -> str:
        return (
            f"{self.instance_id}: {self.table} {self.row} {self.column}: "
            f"stored {self.stored!r:.200}, by the log {self.expected!r:.200}"
        )


async def audit(database: Database, instance_ids: Iterable[str] | None = None) -> list[Difference]:
    """Compare the given instances, or all, with their logs."""
    catalog = NodeCatalog()
    if instance_ids is not None:
        return [d for instance_id in instance_ids for d in await _audit_one(database, instance_id, catalog)]
    differences: list[Difference] = []
    after = ""
    while True:
        rows = await database.fetch(
            "SELECT id FROM process_instance WHERE id > %s ORDER BY id LIMIT %s", (after, _PAGE)
        )
        if not rows:
            break
        for row in rows:
            differences += await _audit_one(database, row["id"], catalog)
        after = rows[-1]["id"]
    orphans = await database.fetch(
        "SELECT DISTINCT instance_id FROM event_batch b "
        "WHERE NOT EXISTS (SELECT 1 FROM process_instance p WHERE p.id = b.instance_id) LIMIT 1000"
    )
    for row in orphans:
        differences.append(Difference(row["instance_id"], "process_instance", row["instance_id"], "*", None, "a row"))
    return differences


async def _audit_one(database: Database, instance_id: str, catalog: NodeCatalog) -> list[Difference]:
    differences: list[Difference] = []
    async with database.transaction() as connection:
        stored = await _rows(connection, instance_id)
        try:
            await rebuild(connection, instance_id, catalog)
        except NotFound:
            return [Difference(instance_id, "event_batch", instance_id, "*", None, "a log")]
        expected = await _rows(connection, instance_id)
        for table in _TABLES:
            differences += _compare(instance_id, table, stored[table], expected[table])
        raise Rollback
    return differences


async def _rows(connection: Connection, instance_id: str) -> dict[str, dict[str, dict[str, Any]]]:
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for table, keys in _TABLES.items():
        owner = "id" if table == "process_instance" else "instance_id"
        cursor = await connection.execute(
            cast(LiteralString, f"SELECT to_jsonb(t) AS row FROM {table} t WHERE {owner} = %s"), (instance_id,)
        )
        rows = [item["row"] for item in await cursor.fetchall()]
        found[table] = {"/".join(str(row[key]) for key in keys): row for row in rows}
    return found


def _compare(
    instance_id: str, table: str, stored: dict[str, dict[str, Any]], expected: dict[str, dict[str, Any]]
) -> list[Difference]:
    differences: list[Difference] = []
    for name in sorted(stored.keys() | expected.keys()):
        before, after = stored.get(name), expected.get(name)
        if before is None or after is None:
            differences.append(Difference(instance_id, table, name, "*", before, after))
            continue
        differences += [
            Difference(instance_id, table, name, column, before[column], after[column])
            for column in before
            if before[column] != after[column]
        ]
    return differences
