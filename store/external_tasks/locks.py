"""What workers and operators do with single external tasks. All of it lives in the read model only; what moves the
process is a command to the engine, which the caller sends."""

from __future__ import annotations

from collections.abc import Sequence

from interpreter.ids import split
from store.database import Connection, Database
from store.errors import LockedByOther, NotFound, Suspended
from store.external_tasks.queries import EXTERNAL_TASKS, ExternalTaskRow

CHANNEL = "ostinato_external_task"
"""NOTIFY channel; the payload is a topic in which a task may be free now."""

_NOTIFY = "SELECT pg_notify(%s, left(%s, 2000))"


async def check_lock(database: Database, task_id: str, worker_id: str) -> ExternalTaskRow:
    """The task, if this worker has it; an expired lock is still his as long as nobody else took it.

    Raises `NotFound`, `LockedByOther`, `Suspended`.
    """
    row = await EXTERNAL_TASKS.get(database, task_id)
    if row is None:
        raise _missing(task_id)
    if row.worker_id != worker_id:
        raise _locked(task_id, row.worker_id)
    if row.suspended:
        raise Suspended(f"Expected a running instance but '{row.process_instance_id}' is suspended.")
    return row


async def lock(database: Database, task_id: str, worker_id: str, duration: int) -> None:
    """Lock one task for `duration` ms. Raises `NotFound`, `LockedByOther`."""
    instance_id, key = _ids(task_id)
    changed = await database.execute(
        "UPDATE external_task SET worker = %s, touched = true, "
        "locked_until = clock_timestamp() + %s * interval '1 millisecond' WHERE instance_id = %s AND key = %s "
        "AND (worker IS NULL OR worker = %s OR locked_until IS NULL OR locked_until <= clock_timestamp())",
        (worker_id, duration, instance_id, key, worker_id),
    )
    if not changed:
        raise await _why(database, task_id)


async def extend_lock(database: Database, task_id: str, worker_id: str, duration: int) -> None:
    """Let the worker's own lock end `duration` ms from now. Raises `NotFound`, `LockedByOther`."""
    instance_id, key = _ids(task_id)
    changed = await database.execute(
        "UPDATE external_task SET locked_until = clock_timestamp() + %s * interval '1 millisecond', touched = true "
        "WHERE instance_id = %s AND key = %s AND worker = %s AND locked_until > clock_timestamp()",
        (duration, instance_id, key, worker_id),
    )
    if not changed:
        raise await _why(database, task_id)


async def unlock(database: Database, task_id: str) -> None:
    """Take the lock off, whoever has it. Raises `NotFound`."""
    instance_id, key = _ids(task_id)
    async with database.transaction() as connection:
        cursor = await connection.execute(
            "UPDATE external_task SET worker = NULL, locked_until = NULL, touched = true "
            "WHERE instance_id = %s AND key = %s RETURNING topic",
            (instance_id, key),
        )
        row = await cursor.fetchone()
        if row is None:
            raise _missing(task_id)
        await _notify(connection, row["topic"])


async def fail(
    database: Database,
    task_id: str,
    worker_id: str,
    message: str | None,
    details: str | None,
    retries: int,
    retry_timeout: int,
) -> None:
    """The worker could not do it: keep the error, take the lock off, offer the task again after `retry_timeout` ms.

    With `retries` 0 the caller has told the engine first, which raised the incident. Raises `NotFound`,
    `LockedByOther`.
    """
    instance_id, key = _ids(task_id)
    async with database.transaction() as connection:
        cursor = await connection.execute(
            "UPDATE external_task SET error_message = %s, error_details = %s, retries = %s, touched = true, "
            "worker = NULL, locked_until = CASE WHEN %s > 0 THEN clock_timestamp() + %s * interval '1 millisecond' END "
            "WHERE instance_id = %s AND key = %s AND (worker = %s OR (worker IS NULL AND %s = 0)) RETURNING topic",
            (
                message,
                details,
                retries,
                retry_timeout,
                retry_timeout,
                instance_id,
                key,
                worker_id,
                retries,
            ),
        )
        row = await cursor.fetchone()
        if row is not None:
            await connection.execute(
                "INSERT INTO external_task_failure (instance_id, key, worker, retries, error_message, error_details) "
                "VALUES (%s, %s, %s, %s, %s, %s)",
                (instance_id, key, worker_id, retries, message, details),
            )
            if retries > 0 and retry_timeout <= 0:
                await _notify(connection, row["topic"])
    if row is None:
        raise await _why(database, task_id)


async def set_retries(database: Database, task_ids: Sequence[str], retries: int) -> int:
    """How often workers may still try; how many tasks there were. Incidents are the engine's: the caller resolves
    them."""
    pairs = [_ids(task_id) for task_id in task_ids]
    async with database.transaction() as connection:
        cursor = await connection.execute(
            "UPDATE external_task SET retries = %s, touched = true "
            "WHERE (instance_id, key) IN (SELECT * FROM unnest(%s::text[], %s::integer[])) RETURNING topic",
            (retries, [pair[0] for pair in pairs], [pair[1] for pair in pairs]),
        )
        rows = await cursor.fetchall()
        if retries > 0:
            for topic in sorted({row["topic"] for row in rows}):
                await _notify(connection, topic)
    return len(rows)


async def set_priority(database: Database, task_id: str, priority: int) -> None:
    """Tasks of a higher priority are fetched first by those who ask for it. Raises `NotFound`."""
    instance_id, key = _ids(task_id)
    if not await database.execute(
        "UPDATE external_task SET priority = %s, touched = true WHERE instance_id = %s AND key = %s",
        (priority, instance_id, key),
    ):
        raise _missing(task_id)


async def error_details(database: Database, task_id: str) -> str | None:
    """The long text of the last failure. Raises `NotFound`."""
    instance_id, key = _ids(task_id)
    row = await database.fetch_one(
        "SELECT error_details FROM external_task WHERE instance_id = %s AND key = %s", (instance_id, key)
    )
    if row is None:
        raise _missing(task_id)
    return row["error_details"]


async def log_error_details(database: Database, log_id: str) -> str | None:
    """The long text of a failure in the history. Raises `NotFound`."""
    row = await database.fetch_one(
        "SELECT error_details FROM external_task_log_of(%s) WHERE id = %s", (log_id.rpartition(":")[0], log_id)
    )
    if row is None:
        raise NotFound(f"Expected an entry of the external task log with id '{log_id}' but there is none.")
    return row["error_details"]


async def topic_names(
    database: Database, *, locked: bool = False, unlocked: bool = False, retries_left: bool = False
) -> list[str]:
    """Topics of open tasks, optionally only of those that are locked, not locked, or have retries left."""
    conditions = ["true"]
    if locked:
        conditions.append("locked_until > now()")
    if unlocked:
        conditions.append("(locked_until IS NULL OR locked_until <= now())")
    if retries_left:
        conditions.append("(retries IS NULL OR retries > 0)")
    rows = await database.fetch(
        f"SELECT DISTINCT topic FROM external_task WHERE {' AND '.join(conditions)} ORDER BY topic LIMIT 10000"
    )
    return [row["topic"] for row in rows]


def _ids(task_id: str) -> tuple[str, int]:
    try:
        instance_id, key = split(task_id)
    except ValueError:
        return "", 0
    return (instance_id, key) if key < 2**31 else ("", 0)


async def _notify(connection: Connection, topic: str) -> None:
    await connection.execute(_NOTIFY, (CHANNEL, topic))


async def _why(database: Database, task_id: str) -> NotFound | LockedByOther:
    row = await EXTERNAL_TASKS.get(database, task_id)
    return _missing(task_id) if row is None else _locked(task_id, row.worker_id)


def _missing(task_id: str) -> NotFound:
    return NotFound(f"Expected an open external task with id '{task_id}' but there is none.")


def _locked(task_id: str, worker: str | None) -> LockedByOther:
    holder = "nobody" if worker is None else f"worker '{worker}'"
    return LockedByOther(f"Expected external task '{task_id}' to be locked by the worker but it is locked by {holder}.")
