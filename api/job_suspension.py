"""Holding jobs back and letting them go: single ones, those of a process, and those of a job definition to come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from api.engine import CommandRejected, InstanceNotFound
from api.errors import invalid_request
from api.many import each
from api.operations import Call
from interpreter.commands import ChangeWait, Command, SuspendJobs
from interpreter.ids import split
from store import definitions
from store.definitions import JOB_DEFINITIONS
from store.instances import PROCESS_INSTANCES
from store.jobs import JOBS


def wanted(suspended: bool | None, execution_date: str | None = None) -> bool:
    """The state that a body asks for. RestError 400 when it is absent, or asked for later."""
    if suspended is None:
        raise invalid_request("Expected 'suspended' to be true or false but it is absent.")
    if execution_date:
        raise invalid_request("Expected no executionDate: the state of jobs changes at once.")
    return suspended


def of_process(body: Any) -> dict[str, Any]:
    """The filter that a body means by processDefinitionId, or by processDefinitionKey and perhaps a tenant."""
    if body.processDefinitionId:
        return {"processDefinitionId": body.processDefinitionId}
    filters: dict[str, Any] = {"processDefinitionKey": body.processDefinitionKey}
    if body.processDefinitionTenantId:
        filters["tenantIdIn"] = [body.processDefinitionTenantId]
    elif body.processDefinitionWithoutTenantId:
        filters["withoutTenantId"] = True
    return filters


async def suspend_jobs(call: Call, filters: Mapping[str, Any], suspended: bool) -> None:
    """Hold back or let go the open jobs that match. One that is done meanwhile is left as it is."""
    state = "active" if suspended else "suspended"
    rows = await JOBS.list(call.services.database, {**filters, state: True})

    async def change(row: Any) -> None:
        if row.process_instance_id is not None:
            command = ChangeWait(now=0, wait=split(row.id)[1], suspended=suspended)
            await _execute(call, row.process_instance_id, command)

    await each(rows, change)


async def suspend_definitions(call: Call, rows: Sequence[Any], suspended: bool, include: bool) -> None:
    """Hold back or let go what job definitions (rows) make of now on, and with `include` their open jobs."""
    database = call.services.database
    await definitions.set_job_definition(database, [row.id for row in rows], suspended=suspended)
    by_process: dict[str, list[str]] = {}
    for row in rows:
        name = f"{row.activity_id}#timer" if row.job_type.startswith("timer") else row.activity_id
        by_process.setdefault(row.process_definition_id, []).append(name)
    for definition_id, names in by_process.items():
        command = SuspendJobs(now=0, names=tuple(names), suspended=suspended, include=include)
        instances = await PROCESS_INSTANCES.list(database, {"processDefinitionId": definition_id})

        async def tell(instance: Any, command: Command = command) -> None:
            await _execute(call, instance.id, command)

        await each(instances, tell)


async def matching_definitions(call: Call, filters: Mapping[str, Any]) -> list[Any]:
    """Job definitions that match."""
    return await JOB_DEFINITIONS.list(call.services.database, filters)


async def _execute(call: Call, instance_id: str, command: Command) -> None:
    try:
        await call.services.engine.execute(instance_id, command)
    except InstanceNotFound:
        return
    except CommandRejected as error:
        if error.code not in ("already_closed", "not_found", "ended"):
            raise
