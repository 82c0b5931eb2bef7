"""/task: what people have to do."""

from __future__ import annotations

from typing import Any

from api import task_changes
from api.bodies import (
    CompleteTaskBody,
    TaskBody,
    TaskBpmnErrorBody,
    TaskEscalationBody,
    UserIdBody,
)
from api.collections import rows_of
from api.csv_answers import CSV, csv_response
from api.dates import parse_date
from api.dto.identity import CountResultDto
from api.dto.runtime import TaskCountByCandidateGroupResultDto, TaskDto
from api.engine import CommandRejected, InstanceNotFound
from api.errors import RestError, engine_error, invalid_request, not_found, null_value, rest_exception
from api.generated_forms import submitted
from api.hal import hal_tasks
from api.operations import Call, Resource, boolean_param, text_param
from api.params import Criteria, Query, flag, text_list
from api.resources.forms import form_reference
from api.scope_variables import Scope, serve_variables
from api.shapes import Shape, row_value
from api.starting import instance_variables
from api.variables import VariableValueDto, read_variables, variable_dto
from interpreter.commands import Command, CompleteWait, SetVariables, ThrowBpmnError, ThrowEscalation, Variables
from interpreter.ids import split
from store import attachments, comments, tasks
from store.errors import AlreadyClaimed, Conflict, NotFound
from store.tasks import TASKS
from store.variables import local as local_variables
from store.variables import visible as visible_variables

task = Resource("task", "Task")
_shape = Shape(TaskDto, formKey=None, camundaFormRef=None)
_query = Query.of(TASKS)
_LIST_PARAMS = tuple(
    boolean_param(name)
    for name in ("withCommentAttachmentInfo", "withTaskVariablesInReturn", "withTaskLocalVariablesInReturn")
)


# --- read -----------------------------------------------------------------------------------------------------------


@task.get("", answer=list[TaskDto], query=_query, paging=True, params=_LIST_PARAMS, errors=(400,))
async def list_tasks(call: Call) -> Any:
    """List tasks; with `Accept: application/hal+json` as HAL with what they refer to embedded."""
    criteria = await call.criteria(_query)
    return await task_answers(call, await rows_of(call, TASKS, criteria), criteria)


async def task_answers(call: Call, rows: list[Any], criteria: Criteria | None) -> Any:
    """The answer for tasks: as HAL for clients that ask for it and `criteria` to count by, else as a list."""
    if criteria is not None and call.accepts("application/hal+json"):
        count = await TASKS.count(call.services.database, criteria.filters)
        return await hal_tasks(call, rows, count, task_dto)
    return await _answers(call, rows, dict(call.query))


@task.post("", answer=list[TaskDto], query=_query, paging=True, errors=(400,))
async def query_tasks(call: Call) -> Any:
    """List tasks by a query in the body."""
    data = await call.json()
    rows = await rows_of(call, TASKS, _query.from_body(data, call.query))
    options = {name: "true" for name, value in (data or {}).items() if value is True}
    return await _answers(call, rows, options)


@task.get("/count", answer=CountResultDto, query=_query, errors=(400,))
@task.post("/count", answer=CountResultDto, query=_query, errors=(400,))
async def count_tasks(call: Call) -> CountResultDto:
    """Count tasks."""
    criteria = await call.criteria(_query)
    return {"count": await TASKS.count(call.services.database, criteria.filters)}


@task.get("/report/candidate-group-count", answer=list[TaskCountByCandidateGroupResultDto], also=CSV)
async def count_by_candidate_group(call: Call) -> Any:
    """How many open tasks each candidate group has."""
    counts = await tasks.candidate_group_counts(call.services.database)
    if any(call.accepts(media) for media in CSV):
        rows = [(group or "", count) for group, count in counts]
        return csv_response("task-count-by-candidate-group.csv", ("NAME OF GROUP", "NUMBER OF TASKS"), rows)
    return [{"groupName": group, "taskCount": count} for group, count in counts]


@task.get("/{id}", answer=TaskDto, params=_LIST_PARAMS, errors=(404,))
async def get_task(call: Call) -> Any:
    """Get a task."""
    row = await TASKS.get(call.services.database, call["id"])
    if row is None:
        raise not_found(f"No matching task with id {call['id']}")
    return (await _answers(call, [row], dict(call.query)))[0]


def task_dto(row: Any) -> dict[str, Any]:
    """The answer for a task row."""
    form: dict[str, Any] = row.form or {}
    return _shape(row, formKey=form.get("formKey"), camundaFormRef=form_reference(form))


async def _answers(call: Call, rows: list[Any], options: dict[str, str]) -> list[dict[str, Any]]:
    answers = [task_dto(row) for row in rows]
    if flag(options, "withTaskVariablesInReturn") or flag(options, "withTaskLocalVariablesInReturn"):
        read = local_variables if flag(options, "withTaskLocalVariablesInReturn") else visible_variables
        for row, answer in zip(rows, answers, strict=True):
            answer["variables"] = await _variables(call, row, read)
    if flag(options, "withCommentAttachmentInfo"):
        for row, answer in zip(rows, answers, strict=True):
            answer["comment"] = bool(await comments.list(call.services.database, task_id=row.id))
            answer["attachment"] = bool(await attachments.of_task(call.services.database, row.id))
    return answers


async def _variables(call: Call, row: Any, read: Any, names: list[str] | None = None, deserialize: bool = True) -> Any:
    if row.process_instance_id is None:
        return {}
    found = await read(call.services.database, row.process_instance_id, row.element_key)
    return {
        name: variable_dto(row_value(variable), deserialize)
        for name, variable in found.items()
        if names is None or name in names
    }


@task.get(
    "/{id}/form-variables",
    answer=dict[str, VariableValueDto],
    params=(text_param("variableNames"), boolean_param("deserializeValues")),
    errors=(404,),
)
async def get_form_variables(call: Call) -> Any:
    """Variables for the task's form: all that it sees, or those named."""
    row = await TASKS.get(call.services.database, call["id"])
    if row is None:
        raise not_found(f"Cannot find task with id '{call['id']}'.")
    names = text_list(call.query, "variableNames")
    return await _variables(call, row, visible_variables, names, flag(call.query, "deserializeValues", default=True))


# --- who does it ----------------------------------------------------------------------------------------------------


@task.post("/{id}/claim", body=UserIdBody, errors=(500,))
async def claim(call: Call) -> None:
    """Take a task for a user."""
    body = await call.body(UserIdBody)
    row = await _listening(call)
    if row is not None:
        action = "" if body.userId is None else "claim"
        values = {"assignee": body.userId}
        await task_changes.change(call, row, "Claim", values, action=action, user=body.userId, claimed=_claimed)
        return
    try:
        await tasks.claim(call.services.database, call["id"], body.userId, user_id=call.user)
    except NotFound:
        raise _unknown(call["id"]) from None
    except AlreadyClaimed as error:
        raise _claimed(str(error)) from error


def _claimed(message: str) -> RestError:
    return engine_error(message, "TaskAlreadyClaimedException")


async def _listening(call: Call) -> Any:
    """The task's row, if its model has listeners: then the instance must change it."""
    row = await TASKS.get(call.services.database, call["id"])
    return row if row is not None and await task_changes.listens(call, row) else None


@task.post("/{id}/unclaim", errors=(500,))
async def unclaim(call: Call) -> None:
    """Give a task back."""
    row = await _listening(call)
    if row is not None:
        await task_changes.change(call, row, "Claim", {"assignee": None})
        return
    try:
        await tasks.unclaim(call.services.database, call["id"], user_id=call.user)
    except NotFound:
        raise _unknown(call["id"]) from None


@task.post("/{id}/assignee", body=UserIdBody, errors=(500,))
async def set_assignee(call: Call) -> None:
    """Assign a task, whoever has it now."""
    body = await call.body(UserIdBody)
    row = await _listening(call)
    if row is not None:
        await task_changes.change(call, row, "Assign", {"assignee": body.userId})
        return
    try:
        await tasks.assign(call.services.database, call["id"], body.userId, user_id=call.user)
    except NotFound:
        raise _unknown(call["id"]) from None


@task.post("/{id}/delegate", body=UserIdBody, errors=(500,))
async def delegate(call: Call) -> None:
    """Let another user do a task and give it back to its owner."""
    body = await call.body(UserIdBody)
    row = await _listening(call)
    if row is not None:
        values = {"assignee": body.userId, "delegationState": "PENDING", "owner": row.owner or row.assignee}
        await task_changes.change(call, row, "Delegate", values, action="delegate", user=body.userId)
        return
    try:
        await tasks.delegate(call.services.database, call["id"], body.userId, user_id=call.user)
    except NotFound:
        raise _unknown(call["id"]) from None


@task.post("/{id}/resolve", body=CompleteTaskBody, errors=(400, 500))
async def resolve(call: Call) -> None:
    """Give a delegated task back to its owner, with variables."""
    body = await call.body(CompleteTaskBody)
    variables = read_variables(body.variables)
    try:
        if variables:
            await _set_variables(call, await _task(call["id"], call), variables)
        await _resolve(call)
    except NotFound:
        raise _unknown(call["id"]) from None


async def _resolve(call: Call) -> None:
    row = await _listening(call)
    if row is None:
        await tasks.resolve(call.services.database, call["id"], user_id=call.user)
    else:
        values = {"assignee": row.owner, "delegationState": "RESOLVED"}
        await task_changes.change(call, row, "Resolve", values, action="resolve")


async def _set_variables(call: Call, row: Any, variables: Variables) -> None:
    command = SetVariables(now=0, variables=variables, element=row.element_key)
    await call.services.engine.execute(row.process_instance_id, command)


async def _task(identifier: str, call: Call) -> Any:
    row = await TASKS.get(call.services.database, identifier)
    if row is None:
        raise _unknown(identifier)
    return row


def _unknown(identifier: str) -> RestError:
    return null_value(f"Cannot find task with id {identifier}: task is null")


# --- finish ---------------------------------------------------------------------------------------------------------


@task.post("/{id}/complete", answer=dict[str, VariableValueDto], body=CompleteTaskBody, errors=(400, 500))
async def complete(call: Call) -> Any:
    """Complete a task; 204, or 200 with the variables if `withVariablesInReturn`."""
    return await _finish(call, f"Cannot complete task {call['id']}")


@task.post("/{id}/submit-form", answer=dict[str, VariableValueDto], body=CompleteTaskBody, errors=(400, 500))
async def submit_form(call: Call) -> Any:
    """Complete a task with the values of its form; a delegated one is resolved instead."""
    return await _finish(call, f"Cannot submit task form {call['id']}", submits_form=True)


async def _finish(call: Call, operation: str, *, submits_form: bool = False) -> Any:
    body = await call.body(CompleteTaskBody)
    variables = read_variables(body.variables)
    row = await TASKS.get(call.services.database, call["id"])
    if row is None:
        raise rest_exception(f"{operation}: Cannot find task with id {call['id']}: task is null")
    if row.process_instance_id is None or row.wait_key is None or row.element_key is None:
        await tasks.complete_standalone(call.services.database, row.id, user_id=call.user)
        return {} if body.withVariablesInReturn else None
    fields = (row.form or {}).get("fields")
    if submits_form and fields:
        seen = await visible_variables(call.services.database, row.process_instance_id, row.element_key)
        variables = submitted(fields, variables, {name: row_value(item) for name, item in seen.items()}, operation)
    if submits_form and row.delegation_state == "PENDING":
        if variables:
            await _set_variables(call, row, variables)
        await _resolve(call)
        return None
    command = CompleteWait(now=0, wait=row.wait_key, variables=variables, node=row.task_definition_key)
    answer = await _execute(call, row, command, operation)
    if not body.withVariablesInReturn:
        return None
    return await instance_variables(call, row.process_instance_id, ended=answer.ended)


@task.post("/{id}/bpmnError", body=TaskBpmnErrorBody, errors=(400, 404))
async def bpmn_error(call: Call) -> None:
    """Report a business error in the context of a task."""
    body = await call.body(TaskBpmnErrorBody)
    if not body.errorCode:
        raise invalid_request("Expected an errorCode but it is absent.")
    variables = read_variables(body.variables)
    row = await _process_task(call)
    command = ThrowBpmnError(
        now=0, wait=row.wait_key, code=body.errorCode, message=body.errorMessage or "", variables=variables
    )
    await _execute(call, row, command, f"Cannot report an error for task {row.id}")


@task.post("/{id}/bpmnEscalation", body=TaskEscalationBody, errors=(400, 404))
async def bpmn_escalation(call: Call) -> None:
    """Report an escalation in the context of a task."""
    body = await call.body(TaskEscalationBody)
    if not body.escalationCode:
        raise invalid_request("Expected an escalationCode but it is absent.")
    variables = read_variables(body.variables)
    row = await _process_task(call)
    command = ThrowEscalation(now=0, wait=row.wait_key, code=body.escalationCode, variables=variables)
    await _execute(call, row, command, f"Cannot report an escalation for task {row.id}")


async def _process_task(call: Call) -> Any:
    row = await TASKS.get(call.services.database, call["id"])
    if row is None or row.process_instance_id is None:
        raise rest_exception(f"Cannot find a task of a process with id {call['id']}: task is null", 404)
    return row


async def _execute(call: Call, row: Any, command: Command, operation: str) -> Any:
    try:
        return await call.services.engine.execute(row.process_instance_id, command)
    except CommandRejected as error:
        code = 1 if error.code == "already_closed" else 0
        raise rest_exception(f"{operation}: {error}", code=code) from error
    except InstanceNotFound as error:
        raise rest_exception(f"{operation}: {error}") from error


# --- change ---------------------------------------------------------------------------------------------------------


@task.post("/create", body=TaskBody, errors=(400,))
async def create_task(call: Call) -> None:
    """Create a task that belongs to no process."""
    body = await call.body(TaskBody)
    values = _changes(body) | {"id": body.id, "tenantId": body.tenantId}
    try:
        await tasks.create(call.services.database, values, user_id=call.user)
    except Conflict as error:
        raise invalid_request(str(error)) from error


@task.put("/{id}", body=TaskBody, errors=(400, 404))
async def update_task(call: Call) -> None:
    """Change name, description, dates, priority and people of a task: what is absent becomes null."""
    body = await call.body(TaskBody)
    row = await _listening(call)
    if row is not None:
        await task_changes.change(call, row, "Update", _changes(body))
        return
    try:
        await tasks.update(call.services.database, call["id"], _changes(body), user_id=call.user)
    except NotFound:
        raise not_found(f"No matching task with id {call['id']}") from None


def _changes(body: TaskBody) -> dict[str, Any]:
    if body.delegationState not in (None, "PENDING", "RESOLVED"):
        raise invalid_request(
            f"Valid values for property 'delegationState' are 'PENDING' or 'RESOLVED', but got '{body.delegationState}'"
        )
    changes: dict[str, Any] = {
        "name": body.name,
        "description": body.description,
        "priority": 50 if body.priority is None else body.priority,
        "assignee": body.assignee,
        "owner": body.owner,
        "delegationState": body.delegationState,
        "parentTaskId": body.parentTaskId,
    }
    for name, text in (("due", body.due), ("followUp", body.followUp)):
        try:
            changes[name] = None if text is None else parse_date(text)
        except ValueError as error:
            raise invalid_request(f'Cannot read "{name}" of the task: {error}') from error
    return changes


@task.delete("/{id}", errors=(500,))
async def delete_task(call: Call) -> None:
    """Delete a task that belongs to no process."""
    row = await TASKS.get(call.services.database, call["id"])
    if row is None:
        raise rest_exception(f"Could not delete task: Cannot find task with taskId '{call['id']}': task is null")
    if row.process_instance_id is not None:
        raise rest_exception("Could not delete task: The task cannot be deleted because is part of a running process")
    await tasks.delete(call.services.database, row.id, user_id=call.user)


# --- variables ------------------------------------------------------------------------------------------------------


async def _visible_scope(call: Call, operation: str) -> Scope:
    return await _scope(call, operation, local=False)


async def _local_scope(call: Call, operation: str) -> Scope:
    return await _scope(call, operation, local=True)


async def _scope(call: Call, operation: str, *, local: bool) -> Scope:
    row = await TASKS.get(call.services.database, call["id"])
    if row is None:
        raise rest_exception(f"{operation}: task {call['id']} doesn't exist: task is null")
    if row.process_instance_id is None:
        raise rest_exception(f"{operation}: task {call['id']} belongs to no process and so has no variables")
    return Scope(row.process_instance_id, row.element_key or split(row.id)[1], local)


serve_variables(task, "variables", _visible_scope, "task")
serve_variables(task, "localVariables", _local_scope, "task")
