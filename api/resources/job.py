"""/job: timers and work that the engine itself has to do, and what failed of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response

from api.bodies import JobDuedateBody, JobRetriesBody, JobSuspensionBody, PriorityBody, SuspensionBody
from api.collections import serve_queries, serve_single
from api.dates import millis, parse_date
from api.dto.runtime import JobDto
from api.engine import CommandRejected, InstanceNotFound
from api.errors import RestError, invalid_request, not_found, not_implemented, rest_exception
from api.job_suspension import of_process, suspend_jobs, wanted
from api.operations import Call, Resource, boolean_param
from api.params import flag
from api.retries import incidents_of, set_job_retries
from api.shapes import Shape
from interpreter.commands import ChangeWait, Command, FireTimer, ResolveIncident
from interpreter.ids import split
from store import jobs
from store.jobs import JOBS

job = Resource("job", "Job")
_shape = Shape(JobDto)

serve_queries(job, JOBS, JobDto, _shape)
serve_single(job, JOBS, JobDto, "Job", _shape)


@job.get("/{id}/stacktrace", answer=str, media="text/plain", errors=(404,))
async def get_stacktrace(call: Call) -> Response:
    """What the last failure said at length; 204 if nothing."""
    await _job(call, 404)
    details = await jobs.stacktrace(call.services.database, call["id"])
    if not details:
        return Response(status_code=204)
    return Response(details.encode(), headers={"Content-Type": "text/plain"})


@job.put("/{id}/retries", body=JobRetriesBody, errors=(404, 500))
async def set_retries(call: Call) -> None:
    """Set the retries of a job; more than 0 resolves its incident and runs it again."""
    body = await call.body(JobRetriesBody)
    if body.retries is None:
        raise invalid_request("The number of job retries cannot be null.")
    if body.retries < 0:
        raise invalid_request("The number of job retries must be a non-negative Integer.")
    row = await _job(call, 500)
    await set_job_retries(call.services, [row], body.retries, _due(body.dueDate, "dueDate"))


@job.put("/{id}/duedate", body=JobDuedateBody, errors=(404, 500))
async def set_duedate(call: Call) -> None:
    """Set when a job is due; without a date it is due at once."""
    body = await call.body(JobDuedateBody)
    row = await _job(call, 500)
    due = _due(body.duedate, "duedate")
    if due is None:
        await _execute_now(call, row, f"Cannot set the due date of job {row.id}")
        return
    await _execute(call, row, ChangeWait(now=0, wait=split(row.id)[1], due=due), "Cannot set the due date of")


@job.post("/{id}/duedate/recalculate", params=(boolean_param("creationDateBased"),), errors=(404, 500))
async def recalculate_duedate(call: Call) -> None:
    """Read a timer anew from the model, with the variables of now; without a word it counts from its creation."""
    row = await _job(call, 404)
    if row.kind != "timer":
        raise rest_exception(f"Cannot recalculate the due date of job {row.id}: it is not a timer")
    since = millis(row.create_time if flag(call.query, "creationDateBased", default=True) else datetime.now(UTC))
    command = ChangeWait(now=0, wait=split(row.id)[1], recalculate_from=since)
    await _execute(call, row, command, "Cannot recalculate the due date of")


@job.put("/{id}/priority", body=PriorityBody, errors=(404,))
async def set_priority(call: Call) -> None:
    """Set the priority of a job."""
    body = await call.body(PriorityBody)
    if body.priority is None:
        raise rest_exception(f"Priority for job '{call['id']}' cannot be null.", 400)
    row = await _job(call, 404)
    await _execute(
        call, row, ChangeWait(now=0, wait=split(row.id)[1], priority=body.priority), "Cannot set the priority of"
    )


@job.post("/{id}/execute", errors=(404, 500))
async def execute_job(call: Call) -> None:
    """Run a job now: fire its timer, or try again what failed."""
    row = await _job(call, 404)
    await _execute_now(call, row, f"Cannot execute job {row.id}")


async def _execute_now(call: Call, row: Any, operation: str) -> None:
    if row.batch_id is not None:
        await set_job_retries(call.services, [row], 1)
        return
    wait = split(row.id)[1]
    incidents = await incidents_of(call.services, row.id)
    commands: list[Command] = [ResolveIncident(now=0, incident=split(item.id)[1], retries=1) for item in incidents]
    if not commands:
        now = ChangeWait(now=0, wait=wait, due=0, suspended=False)
        commands = [FireTimer(now=0, wait=wait)] if row.kind == "timer" else [now]
    for command in commands:
        try:
            await call.services.engine.execute(row.process_instance_id, command)
        except (CommandRejected, InstanceNotFound) as error:
            raise not_found(f"{operation}: {error}") from error


@job.put("/{id}/suspended", body=SuspensionBody, errors=(400, 404))
async def suspend_job(call: Call) -> None:
    """Hold one job back, or let it go."""
    suspended = wanted((await call.body(SuspensionBody)).suspended)
    row = await _job(call, 404)
    if row.batch_id is not None:
        raise rest_exception(f"Cannot suspend job {row.id}: it is part of batch {row.batch_id}; suspend that", 400)
    command = ChangeWait(now=0, wait=split(row.id)[1], suspended=suspended)
    await _execute(call, row, command, "Cannot change the suspension state of")


@job.put("/suspended", body=JobSuspensionBody, errors=(400,))
async def suspend_jobs_of(call: Call) -> None:
    """Hold back or let go the jobs of a job definition, a process instance or a process definition."""
    body = await call.body(JobSuspensionBody)
    suspended = wanted(body.suspended)
    given = [body.jobDefinitionId, body.processInstanceId, body.processDefinitionId, body.processDefinitionKey]
    if sum(value is not None for value in given) != 1:
        raise invalid_request(
            "Either jobDefinitionId, processInstanceId, processDefinitionId or processDefinitionKey must be set "
            "to update the suspension state."
        )
    if body.jobDefinitionId is not None:
        filters: dict[str, Any] = {"jobDefinitionId": body.jobDefinitionId}
    elif body.processInstanceId is not None:
        filters = {"processInstanceId": body.processInstanceId}
    else:
        filters = of_process(body)
    await suspend_jobs(call, filters, suspended)


@job.delete("/{id}", errors=(404, 500))
async def delete_job(call: Call) -> None:
    """Delete a job: not possible here, modify its process instance."""
    await _job(call, 404)
    raise not_implemented("Expected a modification of the process instance but a single job cannot be deleted.")


async def _job(call: Call, unknown_status: int) -> Any:
    row = await JOBS.get(call.services.database, call["id"])
    if row is None:
        raise invalid_request(f"No job found with id '{call['id']}'", unknown_status)
    return row


def _due(text: str | None, field: str) -> int | None:
    if text is None:
        return None
    try:
        return millis(parse_date(text))
    except ValueError as error:
        raise invalid_request(f'Cannot read "{field}": {error}') from error


async def _execute(call: Call, row: Any, command: Command, operation: str) -> None:
    if row.batch_id is not None:
        raise rest_exception(f"{operation} job {row.id}: it is part of batch {row.batch_id}, which has neither", 400)
    try:
        await call.services.engine.execute(row.process_instance_id, command)
    except InstanceNotFound:
        raise invalid_request(f"No job found with id '{row.id}'", 404) from None
    except CommandRejected as error:
        raise _refused(row, operation, error) from error


def _refused(row: Any, operation: str, error: CommandRejected) -> RestError:
    return rest_exception(f"{operation} job {row.id}: {error}")
