"""/external-task: work that workers fetch."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from api.bodies import (
    CompleteExternalTaskBody,
    ExtendLockBody,
    ExternalTaskBody,
    ExternalTaskBpmnErrorBody,
    ExternalTaskFailureBody,
    ExternalTaskRetriesBody,
    FetchAndLockBody,
    LockBody,
    PriorityBody,
    RetriesBody,
)
from api.collections import rows_of, serve_queries, serve_single
from api.dto.runtime import ExternalTaskDto, LockedExternalTaskDto
from api.engine import CommandRejected, InstanceNotFound
from api.errors import RestError, engine_error, invalid_request, null_value, rest_exception
from api.operations import Call, Resource, boolean_param
from api.params import Query, flag
from api.polling import fetch_and_lock
from api.resources.process_instance import selected_instances
from api.retries import set_external_task_retries
from api.shapes import Shape
from api.variables import read_variables
from interpreter.commands import Command, CompleteWait, FailWait, SetVariables, ThrowBpmnError
from store import external_tasks
from store.errors import LockedByOther, NotFound
from store.external_tasks import EXTERNAL_TASKS

external_task = Resource("external-task", "External Task")
_shape = Shape(ExternalTaskDto)
_query = Query.of(EXTERNAL_TASKS)

serve_queries(external_task, EXTERNAL_TASKS, ExternalTaskDto, _shape)
serve_single(external_task, EXTERNAL_TASKS, ExternalTaskDto, "External task", _shape)


@external_task.post("/fetchAndLock", answer=list[LockedExternalTaskDto], body=FetchAndLockBody, errors=(400,))
async def fetch(call: Call) -> Any:
    """Fetch tasks of topics and lock them for a worker; with `asyncResponseTimeout` wait until there is one."""
    return await fetch_and_lock(call, await call.body(FetchAndLockBody))


@external_task.get(
    "/topic-names",
    answer=list[str],
    params=tuple(boolean_param(name) for name in ("withLockedTasks", "withUnlockedTasks", "withRetriesLeft")),
    errors=(400,),
)
async def list_topic_names(call: Call) -> list[str]:
    """Topics that have tasks now."""
    return await external_tasks.topic_names(
        call.services.database,
        locked=flag(call.query, "withLockedTasks"),
        unlocked=flag(call.query, "withUnlockedTasks"),
        retries_left=flag(call.query, "withRetriesLeft"),
    )


@external_task.get("/{id}/errorDetails", answer=str, media="text/plain", errors=(404,))
async def get_error_details(call: Call) -> Response:
    """What the worker said about the last failure; 204 if nothing."""
    try:
        details = await external_tasks.error_details(call.services.database, call["id"])
    except NotFound:
        raise invalid_request(f"External task with id {call['id']} does not exist", 404) from None
    if not details:
        return Response(status_code=204)
    return Response(details.encode(), headers={"Content-Type": "text/plain"})


# --- the worker's answers -------------------------------------------------------------------------------------------


@external_task.post("/{id}/complete", body=CompleteExternalTaskBody, errors=(400, 404, 500))
async def complete(call: Call) -> None:
    """Complete a task that this worker has locked."""
    body = await call.body(CompleteExternalTaskBody)
    variables = read_variables(body.variables)
    local_variables = read_variables(body.localVariables, "localVariables")
    row = await _locked(call, body.workerId, "completed")
    command = CompleteWait(
        now=0, wait=row.wait_key, variables=variables, local_variables=local_variables, node=row.activity_id
    )
    await _execute(call, row, command)


@external_task.post("/{id}/failure", body=ExternalTaskFailureBody, errors=(400, 404, 500))
async def failure(call: Call) -> None:
    """Report that a task could not be done; without retries left it becomes an incident."""
    body = await call.body(ExternalTaskFailureBody)
    variables = read_variables(body.variables)
    local_variables = read_variables(body.localVariables, "localVariables")
    retries, timeout = body.retries or 0, body.retryTimeout or 0
    if retries < 0:
        raise engine_error("The number of retries cannot be negative")
    if timeout < 0:
        raise engine_error("Retry duration cannot be negative")
    row = await _locked(call, body.workerId, "marked as failed")
    for values, local in ((variables, False), (local_variables, True)):
        if values:
            await _execute(call, row, SetVariables(now=0, variables=values, element=row.element_key, local=local))
    message = (body.errorMessage or "")[:4000]
    if retries == 0:
        # First the engine, which keeps the incident; then the lock and texts, which only the read model has.
        failed = FailWait(now=0, wait=row.wait_key, message=message, details=body.errorDetails or "", retries=0)
        await _execute(call, row, failed)
    await external_tasks.fail(
        call.services.database, row.id, body.workerId or "", message, body.errorDetails, retries, timeout
    )


@external_task.post("/{id}/bpmnError", body=ExternalTaskBpmnErrorBody, errors=(400, 404, 500))
async def bpmn_error(call: Call) -> None:
    """Report a business error that the model may catch."""
    body = await call.body(ExternalTaskBpmnErrorBody)
    variables = read_variables(body.variables)
    if not body.errorCode:
        raise invalid_request("Expected an errorCode but it is absent.")
    row = await _locked(call, body.workerId, "marked with a business error")
    command = ThrowBpmnError(
        now=0, wait=row.wait_key, code=body.errorCode, message=body.errorMessage or "", variables=variables
    )
    await _execute(call, row, command)


async def _locked(call: Call, worker_id: str | None, what: str) -> Any:
    """The row of the task, locked by this worker. RestError 404, 400 or 500."""
    if not worker_id:
        raise null_value("workerId is null")
    try:
        return await external_tasks.check_lock(call.services.database, call["id"], worker_id)
    except NotFound:
        raise _unknown(call["id"]) from None
    except LockedByOther as error:
        raise rest_exception(
            f"External Task {call['id']} cannot be {what} by worker '{worker_id}'. {error}", 400
        ) from error


def _unknown(identifier: str) -> RestError:
    return rest_exception(f"External task with id {identifier} does not exist", 404)


async def _execute(call: Call, row: Any, command: Command) -> None:
    try:
        await call.services.engine.execute(row.process_instance_id, command)
    except InstanceNotFound:
        raise _unknown(row.id) from None
    except CommandRejected as error:
        if error.code in ("already_closed", "not_found", "ended"):
            raise _unknown(row.id) from error
        if error.code == "suspended":
            raise rest_exception(f"ExternalTask {row.id} is suspended: {error}", 400) from error
        raise rest_exception(f"External task {row.id}: {error}") from error


# --- locks ----------------------------------------------------------------------------------------------------------


@external_task.post("/{id}/lock", body=LockBody, errors=(400, 404))
async def lock(call: Call) -> None:
    """Lock one task by its id."""
    body = await call.body(LockBody)
    duration = _duration(body.lockDuration, "lockDuration")
    await _change_lock(call, external_tasks.lock, body, duration)


@external_task.post("/{id}/extendLock", body=ExtendLockBody, errors=(400, 404))
async def extend_lock(call: Call) -> None:
    """Lock a task again from now on, by the worker who has it."""
    body = await call.body(ExtendLockBody)
    duration = _duration(body.newDuration, "newDuration")
    await _change_lock(call, external_tasks.extend_lock, body, duration)


async def _change_lock(call: Call, change: Any, body: ExternalTaskBody, duration: int) -> None:
    if not body.workerId:
        raise null_value("workerId is null")
    try:
        await change(call.services.database, call["id"], body.workerId, duration)
    except NotFound:
        raise _unknown(call["id"]) from None
    except LockedByOther as error:
        raise rest_exception(
            f"External Task {call['id']} cannot be locked by worker '{body.workerId}'. {error}", 400
        ) from error


def _duration(milliseconds: int | None, name: str) -> int:
    if milliseconds is None or milliseconds <= 0:
        raise rest_exception(f"Cannot lock for {milliseconds} ms: {name} is not greater than 0", 400)
    return milliseconds


@external_task.post("/{id}/unlock", errors=(404,))
async def unlock(call: Call) -> None:
    """Let go of a task, whoever has it."""
    try:
        await external_tasks.unlock(call.services.database, call["id"])
    except NotFound:
        raise _unknown(call["id"]) from None


# --- retries and priority -------------------------------------------------------------------------------------------


@external_task.put("/{id}/retries", body=RetriesBody, errors=(400, 404))
async def set_retries(call: Call) -> None:
    """Set the retries of a task; more than 0 resolves its incident, 0 makes one."""
    body = await call.body(RetriesBody)
    retries = _retries(body)
    row = await EXTERNAL_TASKS.get(call.services.database, call["id"])
    if row is None:
        raise invalid_request(f"External task with id {call['id']} does not exist", 404)
    await set_external_task_retries(call.services, [row], retries)


@external_task.put("/retries", body=ExternalTaskRetriesBody, errors=(400, 404))
async def set_many_retries(call: Call) -> None:
    """Set the retries of tasks chosen by ids and queries."""
    body = await call.body(ExternalTaskRetriesBody)
    retries = _retries(body)
    rows: dict[str, Any] = {}
    for identifier in body.externalTaskIds or ():
        row = await EXTERNAL_TASKS.get(call.services.database, identifier)
        if row is None:
            raise invalid_request(f"Cannot find external task with id {identifier}", 404)
        rows[row.id] = row
    if body.externalTaskQuery is not None:
        criteria = _query.from_query_object(body.externalTaskQuery, "externalTaskQuery")
        rows.update((row.id, row) for row in await rows_of(call, EXTERNAL_TASKS, criteria))
    if body.processInstanceIds or body.processInstanceQuery or body.historicProcessInstanceQuery:
        instances = await selected_instances(
            call, body.processInstanceIds, body.processInstanceQuery, body.historicProcessInstanceQuery
        )
        found = await EXTERNAL_TASKS.list(call.services.database, {"processInstanceIdIn": instances})
        rows.update((row.id, row) for row in found)
    if not rows:
        raise rest_exception("externalTaskIds is empty: expected at least one external task", 400)
    await set_external_task_retries(call.services, list(rows.values()), retries)


def _retries(body: RetriesBody) -> int:
    if body.retries is None:
        raise invalid_request("The number of retries cannot be null.")
    if body.retries < 0:
        raise invalid_request("The number of retries cannot be negative")
    return body.retries


@external_task.put("/{id}/priority", body=PriorityBody, errors=(404,))
async def set_priority(call: Call) -> None:
    """Set the priority of a task."""
    body = await call.body(PriorityBody)
    if body.priority is None:
        raise invalid_request("Expected a priority but it is absent.")
    try:
        await external_tasks.set_priority(call.services.database, call["id"], body.priority)
    except NotFound:
        raise invalid_request(f"External task with id {call['id']} does not exist", 404) from None
