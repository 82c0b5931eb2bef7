"""What processes, decisions and forms have in common: versions of a key, and the resource they were read from."""

from __future__ import annotations

from store.database import Database


def latest_only(table: str, alias: str) -> str:
    """The condition that no newer version of the key exists for the same tenant."""
    return (
        f"NOT EXISTS (SELECT 1 FROM {table} n WHERE n.key = {alias}.key "
        f"AND n.tenant_id IS NOT DISTINCT FROM {alias}.tenant_id AND n.version > {alias}.version)"
    )


async def resource_of(database: Database, table: str, definition_id: str) -> tuple[str, bytes] | None:
    """Name and content of the resource that a row of `table` was read from."""
    row = await database.fetch_one(
        f"SELECT r.name, r.content FROM {table} d "
        "JOIN deployment_resource r ON r.deployment_id = d.deployment_id AND r.name = d.resource_name WHERE d.id = %s",
        (definition_id,),
    )
    return (row["name"], bytes(row["content"])) if row else None
