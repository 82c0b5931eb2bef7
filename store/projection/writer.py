"""Writes batches into the read model.

The usual batch begins exactly where the rows end: one call of the SQL function `write_batch`, one transaction, one
round trip. Otherwise the instance is locked and the batch compared with the log, step by step:

    the log is a prefix of the batch     -> the rest is written
    the batch is a prefix of the log     -> repeated (a retried activity, an optimistic flush that was faster)
    they differ, the batch is confirmed  -> the log's steps are those of an attempt that never happened: they are
                                            removed and the instance's rows are computed again
    they differ, it is not confirmed     -> dropped
    the batch's attempt is the older one -> stale, nothing is touched
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.types.numeric import Int8

from store.batches import DIGEST, Batch, StepRecord, WriteResult
from store.database import Connection, Database
from store.errors import Conflict, LogGap, NotFound
from store.json_text import dumps
from store.projection.changes import Changes
from store.projection.nodes import NodeCatalog
from store.projection.rebuild import erase, rebuild

_WRITE = (
    "SELECT write_batch(%s::text, %s, %s, %s, %s, %s::bytea, %s::text::jsonb, %s::text::jsonb, %s::text::jsonb) "
    "AS status"
)
_LOG = """SELECT first, last, confirmed, digests, steps FROM event_batch
    WHERE instance_id = %s AND last > %s ORDER BY first"""
_ATTEMPTS = 4
_MOST_AHEAD = 10_000
"""Instances that one process remembers as written ahead."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Logged:
    """A step as the log has it."""

    step: StepRecord
    digest: bytes


class Projector:
    """Writes batches; one per process, safe to use from many tasks."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._nodes = NodeCatalog()
        self._ahead: dict[str, bool] = {}  # instances with unconfirmed steps in the log; only saves a vain attempt

    async def write(self, batch: Batch | Mapping[str, Any]) -> WriteResult:
        """Bring the rows up to `batch.reached`. May be repeated without harm.

        Raises `LogGap` when events before the batch are missing, `Unavailable` when the database is, ValueError when
        the batch makes no sense.
        """
        checked = batch if isinstance(batch, Batch) else Batch.from_json(batch)
        return await self._database.repeatedly(lambda connection: self._write(connection, checked))

    async def rebuild(self, instance_id: str) -> None:
        """Compute the rows of an instance again from its log. Raises `NotFound` when there is no log."""
        async with self._database.transaction() as connection:
            await rebuild(connection, instance_id, self._nodes)

    async def truncate(self, instance_id: str, sequence: int, fence: int) -> bool:
        """Take back what an attempt wrote that never happened and that nobody repeats: events beyond `sequence`.

        Only if the newest attempt that wrote is still the one of `fence`; whether anything was taken back. With
        `sequence` 0 the instance never existed and is removed.
        """
        async with self._database.transaction() as connection:
            cursor = await connection.execute(
                "SELECT 1 FROM process_instance WHERE id = %s AND fence = %s AND written > %s FOR UPDATE",
                (instance_id, Int8(fence), Int8(sequence)),
            )
            if await cursor.fetchone() is None:
                return False
            await _cut(connection, instance_id, sequence)
            if sequence == 0:
                await erase(connection, [instance_id])
            else:
                await rebuild(connection, instance_id, self._nodes)
        return True

    async def _write(self, connection: Connection, batch: Batch) -> WriteResult:
        digests = [step.digest for step in batch.steps]
        if not digests:  # nothing happened, but what was written up to the base is so
            return await self._reconcile(connection, batch, digests) or WriteResult("repeated", 0)
        ahead = self._ahead.pop(batch.instance_id, False)
        if not batch.confirmed:
            self._note_ahead(batch.instance_id)
        if ahead:  # appending would fail: the log goes beyond the base
            result = await self._reconcile(connection, batch, digests)
            if result is not None:
                return result
        for _ in range(_ATTEMPTS):
            try:
                status = await self._append(connection, batch, digests)
            except psycopg.IntegrityError as error:
                _log.error("rows of %s are not what the log says, computed again: %s", batch.instance_id, error)
                status = "conflict"
                await self._heal(connection, batch.instance_id)
            if status == "written":
                return WriteResult("written", batch.reached)
            if status == "stale":
                return WriteResult("stale", await self._written(connection, batch.instance_id))
            result = await self._reconcile(connection, batch, digests)
            if result is not None:
                return result
        raise Conflict(f"Expected to write the batch of {batch.instance_id!r} but others keep writing that instance.")

    def _note_ahead(self, instance_id: str) -> None:
        if len(self._ahead) >= _MOST_AHEAD:
            self._ahead.pop(next(iter(self._ahead)))
        self._ahead[instance_id] = True

    async def _heal(self, connection: Connection, instance_id: str) -> None:
        async with connection.transaction():
            try:
                await rebuild(connection, instance_id, self._nodes)
            except NotFound:  # rows without any log: of an instance that was removed by hand
                await erase(connection, [instance_id])

    async def _append(self, connection: Connection, batch: Batch, digests: list[bytes]) -> str:
        changes = await self._changes(connection, batch)
        if changes is None:
            return "conflict"
        cursor = await connection.execute(
            _WRITE,
            (
                batch.instance_id,
                Int8(batch.base),
                Int8(batch.reached),
                batch.confirmed,
                Int8(batch.fence),
                b"".join(digests),
                dumps([step.to_json() for step in batch.steps]),
                dumps(dict(batch.meta)) if changes.meta_used else None,
                dumps(changes.to_json()),
            ),
        )
        row = await cursor.fetchone()
        assert row is not None
        return row["status"]

    async def _changes(self, connection: Connection, batch: Batch) -> Changes | None:
        """The changes that the batch makes, or None if they take a rebuild."""
        hashes = [batch.definition_hash]
        for step in batch.steps:
            hashes += [event["definition_hash"] for event in step.events if event.get("definition_hash")]
        nodes = await self._nodes.load(connection, hashes)
        changes = Changes(batch.instance_id, batch.definition_hash, batch.meta, nodes)
        for step in batch.steps:
            changes.fold(step)
        return None if changes.needs_rebuild else changes

    async def _reconcile(self, connection: Connection, batch: Batch, digests: list[bytes]) -> WriteResult | None:
        """Compare with the log under the instance's lock. None: somebody else was at it, try again."""
        async with connection.transaction():
            cursor = await connection.execute(
                "SELECT written, confirmed, fence FROM process_instance WHERE id = %s FOR UPDATE", (batch.instance_id,)
            )
            known = await cursor.fetchone()
            if known is None:
                if batch.base > 0:
                    raise LogGap(_gap(batch, 0))
                if batch.steps and not any(event["t"] == "InstanceStarted" for event in batch.steps[0].events):
                    raise ValueError(f"Expected the first batch of {batch.instance_id!r} to start it but it does not.")
                return None
            written: int = known["written"]
            if batch.fence < known["fence"]:
                return WriteResult("stale", written)
            if batch.base > written:
                raise LogGap(_gap(batch, written))
            logged = await self._logged(connection, batch)
            same = 0
            for entry, digest in zip(logged, digests, strict=False):
                if entry.digest != digest:
                    break
                same += 1
            if same == len(logged):
                return await self._extend(connection, batch, digests, same, written)
            newer = batch.fence > known["fence"]
            if same == len(digests) and not (batch.confirmed and newer):
                await _mark(connection, batch)
                return WriteResult("repeated", written)
            if not batch.confirmed:
                return WriteResult("dropped", written)
            await self._replace(connection, batch, digests)
            return WriteResult("rebuilt", batch.reached)

    async def _extend(
        self, connection: Connection, batch: Batch, digests: list[bytes], same: int, written: int
    ) -> WriteResult:
        await _mark(connection, batch)
        rest = batch.steps[same:]
        if not rest:
            return WriteResult("repeated", written)
        tail = Batch(batch.instance_id, written, rest, batch.confirmed, batch.definition_hash, batch.fence, batch.meta)
        if await self._append(connection, tail, digests[same:]) != "written":  # a migration in the batch
            await _insert(connection, tail, digests[same:])
            await _claim(connection, batch)
            await rebuild(connection, batch.instance_id, self._nodes)
        return WriteResult("written", batch.reached)

    async def _replace(self, connection: Connection, batch: Batch, digests: list[bytes]) -> None:
        """Remove the log's steps beyond the base, put the batch there, and compute the rows again."""
        await _cut(connection, batch.instance_id, batch.base)
        if batch.steps:
            await _insert(connection, batch, digests)
        elif batch.base == 0:
            await erase(connection, [batch.instance_id])
            return
        await _claim(connection, batch)
        await rebuild(connection, batch.instance_id, self._nodes)

    async def _logged(self, connection: Connection, batch: Batch) -> list[_Logged]:
        cursor = await connection.execute(_LOG, (batch.instance_id, Int8(batch.base)))
        return [entry for row in await cursor.fetchall() for entry in _entries(row) if entry.step.first > batch.base]

    async def _written(self, connection: Connection, instance_id: str) -> int:
        cursor = await connection.execute("SELECT written FROM process_instance WHERE id = %s", (instance_id,))
        row = await cursor.fetchone()
        return row["written"] if row else 0


def _entries(row: Mapping[str, Any]) -> list[_Logged]:
    digests = bytes(row["digests"])
    return [
        _Logged(StepRecord(step["first"], step["at"], step["events"]), digests[index * DIGEST : (index + 1) * DIGEST])
        for index, step in enumerate(row["steps"])
    ]


async def _cut(connection: Connection, instance_id: str, sequence: int) -> None:
    """Remove the log's steps beyond `sequence`, whole steps only; a row that reaches over it is shortened."""
    cursor = await connection.execute(_LOG, (instance_id, Int8(sequence)))
    remaining = sequence
    for row in await cursor.fetchall():
        kept = [entry for entry in _entries(row) if entry.step.last <= sequence]
        if not kept:
            remaining = min(remaining, row["first"] - 1)
        elif row["first"] <= sequence:
            await connection.execute(
                "UPDATE event_batch SET last = %s, digests = %s, steps = %s::text::jsonb "
                "WHERE instance_id = %s AND first = %s",
                (
                    Int8(kept[-1].step.last),
                    b"".join([entry.digest for entry in kept]),
                    dumps([entry.step.to_json() for entry in kept]),
                    instance_id,
                    Int8(row["first"]),
                ),
            )
    await connection.execute(
        "DELETE FROM event_batch WHERE instance_id = %s AND first > %s", (instance_id, Int8(remaining))
    )


async def _mark(connection: Connection, batch: Batch) -> None:
    """What is written up to the batch's end is confirmed, and no older attempt may write any more."""
    if not batch.confirmed:
        return
    await connection.execute(
        "UPDATE event_batch SET confirmed = true WHERE instance_id = %s AND last <= %s AND NOT confirmed",
        (batch.instance_id, Int8(batch.reached)),
    )
    await connection.execute(
        "UPDATE process_instance SET confirmed = greatest(confirmed, least(written, %s)), fence = greatest(fence, %s) "
        "WHERE id = %s",
        (Int8(batch.reached), Int8(batch.fence), batch.instance_id),
    )


async def _claim(connection: Connection, batch: Batch) -> None:
    """No older attempt may write any more."""
    await connection.execute(
        "UPDATE process_instance SET fence = %s WHERE id = %s", (Int8(batch.fence), batch.instance_id)
    )


async def _insert(connection: Connection, batch: Batch, digests: list[bytes]) -> None:
    await connection.execute(
        "INSERT INTO event_batch (instance_id, first, last, confirmed, digests, steps, meta) "
        "VALUES (%s, %s, %s, %s, %s::bytea, %s::text::jsonb, %s::text::jsonb)",
        (
            batch.instance_id,
            Int8(batch.base + 1),
            Int8(batch.reached),
            batch.confirmed,
            b"".join(digests),
            dumps([step.to_json() for step in batch.steps]),
            dumps(dict(batch.meta)),
        ),
    )


def _gap(batch: Batch, written: int) -> str:
    return (
        f"Expected the log of instance {batch.instance_id!r} to reach event {batch.base} but it ends at {written}: "
        "the database is older than the process (a restored backup, another database)."
    )


@dataclass(frozen=True, slots=True)
class RecentRow:
    """How far the rows of an instance reach, and the instant of the attempt that wrote last."""

    instance_id: str
    written: int
    fence: int


async def recent(database: Database, since_ms: int, limit: int = 100_000) -> list[RecentRow]:
    """Instances, running or over, that an attempt not older than `since_ms` wrote to; the oldest attempts first."""
    rows = await database.fetch(
        "SELECT id AS instance_id, written, fence FROM process_instance WHERE fence >= %s ORDER BY fence, id LIMIT %s",
        (since_ms, limit),
    )
    return [RecentRow(**row) for row in rows]


async def written_of(database: Database, instance_id: str) -> RecentRow | None:
    """How far one instance was written, and by which attempt; None if the read model does not know it."""
    row = await database.fetch_one(
        "SELECT id AS instance_id, written, fence FROM process_instance WHERE id = %s", (instance_id,)
    )
    return None if row is None else RecentRow(**row)
