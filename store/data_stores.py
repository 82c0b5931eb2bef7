"""Data stores: values that outlive the instances that wrote them, one per tenant and name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from store.database import Database
from store.json_text import dumps


@dataclass(frozen=True, slots=True)
class DataStoreRow:
    """A data store: its value in JSON form, and who wrote it last."""

    name: str
    tenant_id: str | None
    value: Any
    written_by: str
    written_at: datetime


async def write(database: Database, tenant: str | None, name: str, value: Any, instance_id: str, order: int) -> bool:
    """Keep `value` (JSON form) unless a later one is there; `order` is the instant of the write in microseconds. May be
    repeated. Whether it is kept."""
    return (
        await database.execute(
            "INSERT INTO data_store AS d (tenant, name, value, written_by, version) "
            "VALUES (%s, %s, %s::text::jsonb, %s, %s) ON CONFLICT (tenant, name) DO UPDATE SET "
            "value = excluded.value, written_by = excluded.written_by, version = excluded.version, "
            "written_at = clock_timestamp() WHERE d.version <= excluded.version",
            (tenant or "", name, dumps(value), instance_id, order),
        )
        > 0
    )


async def read(database: Database, tenant: str | None, names: Sequence[str]) -> dict[str, Any]:
    """Values (JSON form) of the stores that were ever written."""
    rows = await database.fetch(
        "SELECT name, value FROM data_store WHERE tenant = %s AND name = ANY(%s) ORDER BY name",
        (tenant or "", [*names]),
    )
    return {row["name"]: row["value"] for row in rows}


async def every(database: Database, maximum: int = 1000) -> list[DataStoreRow]:
    """All data stores, for operators."""
    rows = await database.fetch(
        "SELECT name, nullif(tenant, '') AS tenant_id, value, written_by, written_at FROM data_store "
        "ORDER BY name, tenant LIMIT %s",
        (maximum,),
    )
    return [DataStoreRow(**row) for row in rows]
