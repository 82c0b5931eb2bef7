"""Operations on many things (Camunda's batches): the task that carries them out, and how an operation is made.

Every API process takes items from the read model and does them one by one, a few at a time. An item is a command to an
instance (with an update id of its own, so that a second attempt changes nothing) or a statement in the read model.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final, cast

from api.dto.runtime import BatchDto
from api.engine import CommandRejected, EngineUnavailable, InstanceNotFound, ProcessError
from api.errors import RestError, bad_user_request
from api.operations import Call
from api.restarting import Restart, start_again
from api.retries import set_external_task_retries, set_job_retries
from api.services import Services
from api.shapes import Shape
from interpreter import codec
from interpreter.commands import Command, MigrateInstance, TriggerEvent
from interpreter.ids import split
from store import bulk, history
from store.bulk import BULKS, HISTORIC_BULKS, Item
from store.definitions import PROCESS_DEFINITIONS
from store.errors import StoreError, Unavailable
from store.external_tasks import EXTERNAL_TASKS
from store.jobs import JOBS
from store.subscriptions import EVENT_SUBSCRIPTIONS

_log = logging.getLogger(__name__)

MAX_ITEMS: Final = 100_000
_AT_ONCE: Final = 6
_LEASED: Final = 2
#: Another process may have left items behind, and leases run out without a sign: look again this often, in seconds.
_LOOK_AGAIN: Final = 5.0
_INVOCATIONS: Final = {"batchJobsPerSeed": 100, "invocationsPerBatchJob": 1}

_shape = Shape(
    BatchDto,
    jobsCreated=None,
    seedJobDefinitionId=None,
    monitorJobDefinitionId=None,
    batchJobDefinitionId=None,
    **_INVOCATIONS,
)


# --- make -----------------------------------------------------------------------------------------------------------


async def start_batch(call: Call, type: str, targets: Sequence[str], options: Mapping[str, Any]) -> dict[str, Any]:
    """Keep an operation on `targets` and answer its BatchDto; it is carried out from now on. RestError 400."""
    chosen = [*dict.fromkeys(targets)]
    if not chosen:
        raise bad_user_request("Expected at least one to do this to but none was chosen.")
    if len(chosen) > MAX_ITEMS:
        raise bad_user_request(f"Expected at most {MAX_ITEMS} in one batch but there are {len(chosen)}.")
    database = call.services.database
    identifier = await bulk.create(database, type, chosen, options, user_id=call.user)
    call.services.batches.set()
    row = await HISTORIC_BULKS.get(database, identifier)
    return batch_dto(row)


def command_options(command: Command) -> dict[str, Any]:
    """Options of an operation that sends the same command to every instance."""
    return {"command": codec.to_json(command)}


def batch_dto(row: Any) -> dict[str, Any]:
    """The answer for an operation; the ids of its job definitions are derived, as nothing here is a job."""
    return _shape(
        row,
        jobsCreated=row.total_jobs,
        seedJobDefinitionId=f"{row.id}:seed",
        monitorJobDefinitionId=f"{row.id}:monitor",
        batchJobDefinitionId=f"{row.id}:batch",
    )


# --- carry out ------------------------------------------------------------------------------------------------------


async def carry_out(services: Services) -> None:
    """Do items until cancelled: a few workers side by side, so that one stuck instance holds up nobody else."""
    await asyncio.gather(*(_work(services) for _ in range(_AT_ONCE)))


async def _work(services: Services) -> None:
    while True:
        services.batches.clear()
        try:
            items = await bulk.lease(services.database, _LEASED)
        except Unavailable as error:
            _log.warning("Batches wait for the database: %s", error)
            items = []
        for item in items:
            await _do(services, item)
        if not items:
            with suppress(TimeoutError):
                await asyncio.wait_for(services.batches.wait(), _LOOK_AGAIN)


async def _do(services: Services, item: Item) -> None:
    try:
        await _OPERATIONS[item.type](services, item)
    except (EngineUnavailable, Unavailable) as error:
        _log.warning("Item %s of batch %s is tried again: %s", item.position, item.bulk_id, error)
        return  # the lease runs out
    except (ProcessError, RestError, StoreError) as error:
        await _finish(services, item, str(error))
    except Exception as error:
        _log.exception("Item %s of batch %s failed", item.position, item.bulk_id)
        await _finish(services, item, f"{type(error).__name__}: {error}")
    else:
        await _finish(services, item, None)


async def _finish(services: Services, item: Item, error: str | None) -> None:
    with suppress(Unavailable):  # the lease runs out, and the item is done again
        await bulk.finish(services.database, item, error)


async def _command(services: Services, item: Item) -> None:
    command = cast("Command", codec.from_json(item.options["command"]))
    try:
        await services.engine.execute(item.target, command, f"{item.bulk_id}:{item.position}")
    except InstanceNotFound:
        return  # it ended before its turn came
    except CommandRejected as error:
        if error.code in ("ended", "already_closed"):
            return
        raise


async def _migration(services: Services, item: Item) -> None:
    target = await PROCESS_DEFINITIONS.get(services.database, item.options["target"])
    if target is None:
        raise bad_user_request(f"The process definition '{item.options['target']}' does not exist any more.")
    command = cast("MigrateInstance", codec.from_json(item.options["command"]))
    await services.engine.migrate(item.target, command, target, f"{item.bulk_id}:{item.position}")


async def _job_retries(services: Services, item: Item) -> None:
    row = await JOBS.get(services.database, item.target)
    if row is not None:
        await set_job_retries(services, [row], item.options["retries"], item.options.get("due"))


async def _external_task_retries(services: Services, item: Item) -> None:
    row = await EXTERNAL_TASKS.get(services.database, item.target)
    if row is not None:
        await set_external_task_retries(services, [row], item.options["retries"])


async def _correlate(services: Services, item: Item) -> None:
    filters = {"processInstanceId": item.target, "eventType": "message", "eventName": item.options["name"]}
    rows = await EVENT_SUBSCRIPTIONS.list(services.database, filters)
    if not rows:
        raise bad_user_request(f"Instance {item.target} does not wait for message '{item.options['name']}'.")
    variables = {name: codec.decode_value(value) for name, value in item.options["variables"].items()}
    for row in rows:
        command = TriggerEvent(now=0, wait=split(row.id)[1], variables=variables)
        await services.engine.execute(item.target, command, f"{item.bulk_id}:{item.position}:{row.id}")


async def _restart(services: Services, item: Item) -> None:
    await start_again(services, Restart.from_json(item.options), item.target, f"{item.bulk_id}:{item.position}")


async def _delete_history(services: Services, item: Item) -> None:
    await history.delete_instance(services.database, item.target)


async def _removal_time(services: Services, item: Item) -> None:
    at = item.options.get("at")
    await history.set_removal_time(
        services.database,
        [item.target],
        at=None if at is None else datetime.fromisoformat(at),
        calculated=bool(item.options.get("calculated")),
        hierarchical=bool(item.options.get("hierarchical")),
    )


async def _batch_removal_time(services: Services, item: Item) -> None:
    at = item.options.get("at")
    await bulk.set_removal_time(
        services.database,
        item.target,
        at=None if at is None else datetime.fromisoformat(at),
        calculated=bool(item.options.get("calculated")),
        days=item.options.get("days"),
    )


_OPERATIONS: Final[dict[str, Callable[[Services, Item], Awaitable[None]]]] = {
    "instance-deletion": _command,
    "instance-update-suspension-state": _command,
    "instance-modification": _command,
    "instance-migration": _migration,
    "instance-restart": _restart,
    "set-variables": _command,
    "correlate-message": _correlate,
    "set-job-retries": _job_retries,
    "set-external-task-retries": _external_task_retries,
    "historic-instance-deletion": _delete_history,
    "process-set-removal-time": _removal_time,
    "batch-set-removal-time": _batch_removal_time,
}
__all__ = ["BULKS", "HISTORIC_BULKS", "batch_dto", "carry_out", "command_options", "start_batch"]
