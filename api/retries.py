"""Give failed jobs and external tasks new attempts, or take them all away.

Retries above 0 on something with an incident resolve the incident, which starts the work again. 0 raises an incident.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from api.engine import CommandRejected, InstanceNotFound
from api.errors import invalid_request
from api.services import Services
from interpreter.commands import ChangeWait, Command, FailWait, ResolveIncident
from interpreter.ids import split
from store import bulk, external_tasks
from store.incidents import INCIDENTS
from store.jobs import CALL

#: A change of many is one command for each; more must be asked for in parts.
MAX_CHANGES: Final = 5000
_TAKEN_AWAY: Final = "The number of retries was set to 0."


async def set_external_task_retries(services: Services, rows: Sequence[Any], retries: int) -> None:
    """Set the retries of external tasks (rows of the read model)."""
    _check_number(rows)
    await external_tasks.set_retries(services.database, [row.id for row in rows], retries)
    for row in rows:
        incidents = await incidents_of(services, row.id)
        if retries == 0:
            if not incidents:
                await _execute(services, row, FailWait(now=0, wait=row.wait_key, message=_TAKEN_AWAY, retries=0))
            continue
        for incident in incidents:
            await _execute(services, row, ResolveIncident(now=0, incident=split(incident.id)[1], retries=retries))


async def set_job_retries(services: Services, rows: Sequence[Any], retries: int, due: int | None = None) -> None:
    """Set the retries of jobs, and when they run again (ms since the epoch)."""
    _check_number(rows)
    for row in rows:
        if row.batch_id is not None:
            await _set_item_retries(services, row, retries)
            continue
        wait = split(row.id)[1]
        incidents = await incidents_of(services, row.id)
        if row.kind == CALL and retries == 0:
            continue  # it has none as long as it is there
        if retries > 0 and incidents:
            if due is not None and row.kind != CALL:  # what is called has no date
                await _execute(services, row, ChangeWait(now=0, wait=wait, due=due))
            for incident in incidents:
                await _execute(services, row, ResolveIncident(now=0, incident=split(incident.id)[1], retries=retries))
        elif retries == 0 and not incidents:
            await _execute(services, row, FailWait(now=0, wait=wait, message=_TAKEN_AWAY, retries=0))
        else:
            await _execute(services, row, ChangeWait(now=0, wait=wait, retries=retries, due=due))


async def _set_item_retries(services: Services, row: Any, retries: int) -> None:
    """An item of a batch is tried again, or not any more; it has no date."""
    if retries == 0:
        await bulk.give_up_item(services.database, row.batch_id, row.wait_key, _TAKEN_AWAY)
    elif await bulk.retry_item(services.database, row.batch_id, row.wait_key):
        services.batches.set()


async def incidents_of(services: Services, wait_id: str) -> list[Any]:
    """Open incidents of a job or external task."""
    return await INCIDENTS.list(services.database, {"configuration": wait_id})


def _check_number(rows: Sequence[Any]) -> None:
    if len(rows) > MAX_CHANGES:
        raise invalid_request(f"Expected at most {MAX_CHANGES} at once but there are {len(rows)}; choose fewer.")


async def _execute(services: Services, row: Any, command: Command) -> None:
    try:
        await services.engine.execute(row.process_instance_id, command)
    except InstanceNotFound:
        return  # it ended meanwhile: nothing is left to retry
    except CommandRejected as error:
        if error.code not in ("already_closed", "not_found", "ended"):
            raise invalid_request(f"Cannot set the retries of {row.id}: {error}") from error
