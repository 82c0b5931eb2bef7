"""Large values that Temporal does not carry: what is too big for a history is kept here and referred to by its content.

Rows are content-addressed and never change, so that a repeated write is harmless. `instance_id` is the instance for
which a value was written first; `remove_orphans` deletes what no instance of the read model can need any more.
"""

from __future__ import annotations

from datetime import datetime

from store.database import Database
from store.errors import NotFound


class Payloads:
    """The table of large values."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, digest: str, data: bytes, instance_id: str) -> None:
        """Keep `data` under its SHA-256 `digest` (hex)."""
        await self._database.execute(
            "INSERT INTO payload (digest, instance_id, data) VALUES (%s, %s, %s) "
            "ON CONFLICT (digest, instance_id) DO NOTHING",
            (digest, instance_id, data),
        )

    async def get(self, digest: str) -> bytes:
        """The bytes under `digest`; NotFound when they are gone."""
        row = await self._database.fetch_one("SELECT data FROM payload WHERE digest = %s LIMIT 1", (digest,))
        if row is None:
            raise NotFound(f"Expected a stored value {digest!r} but there is none; was it removed from the database?")
        return bytes(row["data"])


async def remove_orphans(database: Database, before: datetime) -> int:
    """Delete values older than `before` whose instance is no longer in the read model; how many."""
    return await database.execute(
        "DELETE FROM payload p WHERE p.created < %s "
        "AND NOT EXISTS (SELECT 1 FROM process_instance i WHERE i.id = p.instance_id)",
        (before,),
    )
