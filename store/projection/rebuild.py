"""Computes the rows of one instance again from its log.

Needed after an attempt that never happened, after a migration, and as a repair.

What people and workers changed since (assignees, locks, annotations) is not in the log and is carried over.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, LiteralString, cast

from psycopg.types.numeric import Int8

from store.batches import StepRecord
from store.database import Connection
from store.errors import NotFound
from store.json_text import dumps
from store.projection.changes import Changes
from store.projection.nodes import NodeCatalog

_TABLES = (
    "activity_instance",
    "variable",
    "task",
    "external_task",
    "job",
    "subscription",
    "incident",
    "decision_instance",
)
# Rows that people and workers change too are updated rather than made anew; the part of the changes that has them.
_SHARED = {"task": "tasks", "external_task": "external_tasks", "incident": "incidents"}


async def rebuild(connection: Connection, instance_id: str, catalog: NodeCatalog) -> None:
    """Must run in a transaction. Raises `NotFound` when the instance has no log."""
    await connection.execute("SELECT 1 FROM process_instance WHERE id = %s FOR UPDATE", (instance_id,))
    cursor = await connection.execute(
        "SELECT last, confirmed, steps, meta FROM event_batch WHERE instance_id = %s ORDER BY first", (instance_id,)
    )
    batches = await cursor.fetchall()
    if not batches:
        raise NotFound(f"Expected the log of instance {instance_id!r} but there is none.")
    hashes = [
        event["definition_hash"]
        for batch in batches
        for step in batch["steps"]
        for event in step["events"]
        if event.get("definition_hash")
    ]
    changes = Changes(instance_id, hashes[0] if hashes else "", {}, await catalog.load(connection, hashes))
    for batch in batches:
        if batch["meta"] is not None:
            changes.use_meta(batch["meta"])
        for step in batch["steps"]:
            changes.fold(StepRecord(step["first"], step["at"], step["events"]))
    confirmed = max((batch["last"] for batch in batches if batch["confirmed"]), default=0)
    await _write(connection, instance_id, changes.to_json(), batches[-1]["last"], confirmed)


async def erase(connection: Connection, instance_ids: Sequence[str]) -> None:
    """Remove every trace of instances: their rows, their log, and what people added to them."""
    ids = [*instance_ids]
    await connection.execute(
        "DELETE FROM identity_link_log WHERE task_id IN (SELECT id FROM task WHERE instance_id = ANY(%s))", (ids,)
    )
    for table in (*_TABLES, "event_batch", "external_task_failure", "comment", "attachment", "operation"):
        await connection.execute(cast(LiteralString, f"DELETE FROM {table} WHERE instance_id = ANY(%s)"), (ids,))
    await connection.execute("DELETE FROM process_instance WHERE id = ANY(%s)", (ids,))


async def _write(connection: Connection, instance_id: str, rows: dict[str, Any], written: int, confirmed: int) -> None:
    for table in _TABLES:
        if table not in _SHARED:
            await _execute(connection, f"DELETE FROM {table} WHERE instance_id = %s", (instance_id,))
            continue
        # The same key at another instant was something else, of an attempt that never happened.
        await _execute(
            connection,
            f"DELETE FROM {table} t WHERE t.instance_id = %s AND NOT EXISTS ("
            "SELECT 1 FROM jsonb_to_recordset(%s::text::jsonb) AS n (key integer, created_at bigint) "
            "WHERE n.key = t.key AND from_millis(n.created_at) = t.created_at)",
            (instance_id, dumps(rows.get(_SHARED[table], []))),
        )
    instance = rows.pop("instance")
    await connection.execute(
        """INSERT INTO process_instance AS p (
            id, root_id, parent_id, definition_id, definition_key, definition_hash, business_key, tenant_id, started_by,
            start_node, started_at, ended_at, state, end_reason, restarted_id, written, confirmed, fence)
        SELECT %(id)s, i.root_id, i.parent_id, i.definition_id, i.definition_key, i.definition_hash, i.business_key,
            i.tenant_id, i.started_by, i.start_node, from_millis(i.started_at), from_millis(i.ended_at), i.state,
            i.end_reason, i.restarted_id, %(written)s, %(confirmed)s, 0
        FROM jsonb_to_record(%(instance)s::text::jsonb) AS i (
            root_id text, parent_id text, definition_id text, definition_key text, definition_hash text,
            business_key text, tenant_id text, started_by text, start_node text, started_at bigint, ended_at bigint,
            state text, end_reason text, restarted_id text)
        ON CONFLICT (id) DO UPDATE SET
            root_id = excluded.root_id, parent_id = excluded.parent_id, definition_id = excluded.definition_id,
            definition_key = excluded.definition_key, definition_hash = excluded.definition_hash,
            business_key = excluded.business_key, tenant_id = excluded.tenant_id, started_by = excluded.started_by,
            start_node = excluded.start_node, started_at = excluded.started_at, ended_at = excluded.ended_at,
            state = excluded.state, end_reason = excluded.end_reason, restarted_id = excluded.restarted_id,
            written = excluded.written, confirmed = excluded.confirmed""",
        {"id": instance_id, "written": Int8(written), "confirmed": Int8(confirmed), "instance": dumps(instance)},
    )
    await connection.execute("SELECT apply_changes(%s::text, %s::text::jsonb)", (instance_id, dumps(rows)))


async def _execute(connection: Connection, statement: str, params: tuple[str, ...]) -> None:
    """For statements whose table names come from this module."""
    await connection.execute(cast(LiteralString, statement), params)
