"""Published messages and who takes them: a buffer in which a message waits for a subscription, for as long as it lives.

Publisher and subscriber both write first and look at the other side afterwards, so that one of them sees the other;
`claim` lets only one of them deliver. A claim that its owner did not live to confirm becomes `stale`. A message that
has found a receiver in time does not expire on the way to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from store.database import Database
from store.json_text import dumps

CLAIM_SECONDS: Final = 30
"""After this time a claim without confirmation is looked into."""

_FREE: Final = "m.delivered_at IS NULL AND m.claimed_at IS NULL AND m.expires_at > now()"
_STALE: Final = f"delivered_at IS NULL AND claimed_at < now() - interval '{CLAIM_SECONDS} seconds'"
_COLUMNS: Final = ("number", "id", "name", "correlation_key", "tenant_id", "variables", "receiver", "published_at")
_ROW: Final = (
    ", ".join(f"m.{column}" for column in (*_COLUMNS, "expires_at")) + ", m.delivered_at IS NOT NULL AS delivered, "
    "m.delivered_at IS NOT NULL OR m.claimed_at IS NULL AND m.expires_at <= now() AS is_over"
)


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A message on its way. `variables` are in codec form; `receiver` is for whom it is claimed.

    `number` tells messages of one database apart; together with `published_at` it tells any two apart. `delivered`
    also when it was given up, then without receiver; `is_over`: it is not delivered any more.
    """

    number: int
    id: str
    name: str
    correlation_key: str | None
    tenant_id: str | None
    variables: dict[str, Any]
    receiver: str | None
    published_at: datetime
    expires_at: datetime
    delivered: bool
    is_over: bool


@dataclass(frozen=True, slots=True)
class Match:
    """A message and a subscription that fit."""

    message: MessageRow
    instance_id: str
    wait: int

    @property
    def receiver(self) -> str:
        """The subscription's id."""
        return f"{self.instance_id}:{self.wait}"


async def publish(
    database: Database,
    *,
    id: str,
    name: str,
    correlation_key: str | None,
    tenant_id: str | None,
    variables: Mapping[str, Any],
    ttl: int,
) -> MessageRow | None:
    """Keep a message for `ttl` ms; None if one with the same id, name and key is known already and has, or had, a
    receiver. One that is known and still free is handed out again: its publisher may have died before he looked for a
    receiver. Then it lives anew if its time is over, or if it was only meant to live as long as the look takes."""
    least = CLAIM_SECONDS * 1000
    rows = await database.change(
        "INSERT INTO message AS m (id, name, correlation_key, tenant_id, variables, expires_at) "
        "VALUES (%s, %s, %s, %s, %s::text::jsonb, now() + %s * interval '1 millisecond') "
        "ON CONFLICT (name, correlation_key, id) DO UPDATE SET expires_at = CASE "
        "WHEN m.expires_at <= now() OR %s THEN greatest(m.expires_at, excluded.expires_at) ELSE m.expires_at END "
        f"WHERE m.delivered_at IS NULL AND m.claimed_at IS NULL RETURNING {_ROW}",
        (id, name, correlation_key, tenant_id, dumps(dict(variables)), max(ttl, least), ttl <= least),
    )
    if not rows:
        return None
    return _message(rows[0])


async def find(database: Database, name: str, correlation_key: str | None, id: str) -> MessageRow | None:
    """A message by what it was published with, until it is forgotten."""
    rows = await database.fetch(
        f"SELECT {_ROW} FROM message m WHERE m.name = %s AND m.correlation_key IS NOT DISTINCT FROM %s AND m.id = %s",
        (name, correlation_key, id),
    )
    return _message(rows[0]) if rows else None


async def matches(
    database: Database, *, number: int | None = None, instance_id: str | None = None, limit: int = 100
) -> list[Match]:
    """Waiting messages that an open subscription fits, the oldest message and subscription first; of one message or for
    one instance, if given."""
    conditions, params = [_FREE], list[Any]()
    if number is not None:
        conditions.append("m.number = %s")
        params.append(number)
    if instance_id is not None:
        conditions.append("s.instance_id = %s")
        params.append(instance_id)
    rows = await database.fetch(
        f"SELECT {_ROW}, s.instance_id, s.key "
        "FROM message m JOIN subscription s ON s.kind = 'message' AND s.name = m.name "
        "AND s.correlation_key IS NOT DISTINCT FROM m.correlation_key "
        "JOIN process_instance p ON p.id = s.instance_id AND p.tenant_id IS NOT DISTINCT FROM m.tenant_id "
        f"WHERE {' AND '.join(conditions)} ORDER BY m.number, s.created_at, s.instance_id, s.key LIMIT {int(limit)}",
        params,
    )
    return [Match(_message(row), row["instance_id"], row["key"]) for row in rows]


async def claim(database: Database, number: int, receiver: str) -> bool:
    """Take the message for `receiver`; False if somebody else has it."""
    changed = await database.execute(
        f"UPDATE message m SET claimed_at = now(), receiver = %s WHERE m.number = %s AND {_FREE}", (receiver, number)
    )
    return changed == 1


async def stale(database: Database, limit: int = 100) -> list[MessageRow]:
    """Messages that somebody claimed and neither confirmed nor released: did they arrive?"""
    rows = await database.fetch(f"SELECT {_ROW} FROM message m WHERE {_STALE} ORDER BY m.number LIMIT {int(limit)}")
    return [_message(row) for row in rows]


async def confirm(database: Database, number: int) -> None:
    """The message has been delivered. It is remembered until it expires."""
    await database.execute("UPDATE message SET delivered_at = now() WHERE number = %s", (number,))


async def give_up(database: Database, number: int) -> None:
    """Nobody wanted it and it does not wait: it is over, unless somebody else is about to deliver it."""
    await database.execute(
        "UPDATE message SET delivered_at = now() WHERE number = %s AND claimed_at IS NULL", (number,)
    )


async def release(database: Database, number: int, claimed_for: str) -> bool:
    """`claimed_for` did not want it: it waits for another receiver; False if somebody else has settled that."""
    changed = await database.execute(
        "UPDATE message SET claimed_at = NULL, receiver = NULL "
        "WHERE number = %s AND receiver = %s AND delivered_at IS NULL",
        (number, claimed_for),
    )
    return changed == 1


async def reclaim(database: Database, number: int) -> bool:
    """A stale claim has not led anywhere: take it over for the same receiver, with time enough to look for another one
    even if the message's time is over, since the claim was in time; False if somebody else has settled that."""
    changed = await database.execute(
        "UPDATE message SET claimed_at = now(), expires_at = greatest(expires_at, now() + %s * interval '1 second') "
        f"WHERE number = %s AND {_STALE}",
        (CLAIM_SECONDS, number),
    )
    return changed == 1


async def limit_to(database: Database, number: int, expires_at: datetime) -> None:
    """Nobody wanted a message whose life was extended: its time is what it was."""
    await database.execute(
        "UPDATE message SET expires_at = %s WHERE number = %s AND claimed_at IS NULL", (expires_at, number)
    )


async def expire(database: Database) -> int:
    """Forget messages whose time is over; how many."""
    return await database.execute(
        f"DELETE FROM message WHERE expires_at < now() - interval '{CLAIM_SECONDS} seconds' "
        "AND (delivered_at IS NOT NULL OR claimed_at IS NULL)"
    )


def _message(row: Mapping[str, Any]) -> MessageRow:
    return MessageRow(**{column: row[column] for column in (*_COLUMNS, "expires_at", "delivered", "is_over")})
