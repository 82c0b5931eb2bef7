"""Webhooks: what an HTTP request from outside starts or correlates, and how it proves that it may."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from store.database import Database
from store.errors import Conflict, NotFound
from store.json_text import dumps

MAX_WEBHOOKS: Final = 10_000


@dataclass(frozen=True, slots=True)
class WebhookRow:
    """A webhook. `kind`: process (`target` is the definition's key) or message (its name). `authentication`: token
    (`secret` is the token's SHA-256) or signature (`secret` is the key of the HMAC). `rules` are FEEL expressions by
    name. `time_to_live` of a message is in ms."""

    id: str
    name: str | None
    kind: str
    target: str
    tenant_id: str | None
    authentication: str
    secret: str = field(repr=False)
    rules: dict[str, str]
    time_to_live: int
    enabled: bool
    created_at: datetime
    created_by: str | None


_COLUMNS: Final = (
    "id, name, kind, target, tenant_id, authentication, secret, rules, time_to_live, enabled, created_at, created_by"
)


async def create(
    database: Database,
    *,
    id: str,
    name: str | None,
    kind: str,
    target: str,
    tenant_id: str | None,
    authentication: str,
    secret: str,
    rules: Mapping[str, str],
    time_to_live: int = 0,
    enabled: bool = True,
    created_by: str | None = None,
) -> WebhookRow:
    """Add a webhook. `Conflict` when there are too many."""
    rows = await database.change(
        "INSERT INTO webhook (id, name, kind, target, tenant_id, authentication, secret, rules, time_to_live, enabled, "
        "created_by) SELECT %s, %s, %s, %s, %s, %s, %s, %s::text::jsonb, %s, %s, %s "
        f"WHERE (SELECT count(*) FROM webhook) < {MAX_WEBHOOKS} RETURNING {_COLUMNS}",
        (
            id,
            name,
            kind,
            target,
            tenant_id,
            authentication,
            secret,
            dumps(dict(rules)),
            time_to_live,
            enabled,
            created_by,
        ),
    )
    if not rows:
        raise Conflict(f"Expected at most {MAX_WEBHOOKS} webhooks but there would be more.")
    return _row(rows[0])


async def get(database: Database, id: str) -> WebhookRow:
    """One webhook. Raises `NotFound`."""
    row = await database.fetch_one(f"SELECT {_COLUMNS} FROM webhook WHERE id = %s", (id,))
    if row is None:
        raise NotFound(f"Expected a webhook but there is none with id '{id}'.")
    return _row(row)


async def listed(database: Database, first: int = 0, limit: int = 100) -> list[WebhookRow]:
    """Webhooks, the oldest first."""
    rows = await database.fetch(
        f"SELECT {_COLUMNS} FROM webhook ORDER BY created_at, id LIMIT %s OFFSET %s", (limit, first)
    )
    return [_row(row) for row in rows]


async def change_secret(database: Database, id: str, secret: str) -> None:
    """From now on another secret counts. Raises `NotFound`."""
    await _changed(database, "UPDATE webhook SET secret = %s WHERE id = %s", (secret, id), id)


async def enable(database: Database, id: str, enabled: bool) -> None:
    """Switch a webhook on or off. Raises `NotFound`."""
    await _changed(database, "UPDATE webhook SET enabled = %s WHERE id = %s", (enabled, id), id)


async def delete(database: Database, id: str) -> None:
    """Remove a webhook. Raises `NotFound`."""
    await _changed(database, "DELETE FROM webhook WHERE id = %s", (id,), id)


async def _changed(database: Database, statement: str, params: tuple[Any, ...], id: str) -> None:
    if not await database.execute(statement, params):
        raise NotFound(f"Expected a webhook but there is none with id '{id}'.")


def _row(row: Mapping[str, Any]) -> WebhookRow:
    return WebhookRow(**row)
