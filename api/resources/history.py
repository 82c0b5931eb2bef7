"""/history/...: what happened, by kind."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from api.bodies import AnnotationBody
from api.collections import row_by_id, rows_of, serve_queries, serve_single
from api.decision_history import decision_dto
from api.dto.history import (
    HistoricActivityInstanceDto,
    HistoricActivityStatisticsDto,
    HistoricDecisionInstanceDto,
    HistoricDetailDto,
    HistoricExternalTaskLogDto,
    HistoricIdentityLinkLogDto,
    HistoricIncidentDto,
    HistoricJobLogDto,
    HistoricProcessInstanceDto,
    HistoricTaskInstanceDto,
    HistoricVariableInstanceDto,
    UserOperationLogEntryDto,
)
from api.dto.identity import CountResultDto
from api.errors import bad_user_request, invalid_request, not_found
from api.operations import Call, Resource, boolean_param
from api.params import Query, flag
from api.shapes import VariableShape
from api.values import serve_values
from store.activities import HISTORIC_ACTIVITY_INSTANCES
from store.decision_instances import DECISION_INSTANCES
from store.definitions import historic_activity_statistics
from store.errors import Conflict, NotFound
from store.external_tasks import EXTERNAL_TASK_LOG, log_error_details
from store.identity_links import IDENTITY_LINK_LOG
from store.incidents import HISTORIC_INCIDENTS
from store.instances import HISTORIC_PROCESS_INSTANCES, delete_variable_history
from store.instances import delete_history as delete_instance_history
from store.jobs import JOB_LOG, log_stacktrace
from store.operations import OPERATIONS, annotate
from store.tasks import HISTORIC_TASKS
from store.variables import DETAILS, HISTORIC_VARIABLES, delete_history

process_instances = Resource("history/process-instance", "Historic Process Instance")
activity_instances = Resource("history/activity-instance", "Historic Activity Instance")
tasks = Resource("history/task", "Historic Task Instance")
variables = Resource("history/variable-instance", "Historic Variable Instance")
details = Resource("history/detail", "Historic Detail")
incidents = Resource("history/incident", "Historic Incident")
job_log = Resource("history/job-log", "Historic Job Log")
external_task_log = Resource("history/external-task-log", "Historic External Task Log")
identity_link_log = Resource("history/identity-link-log", "Historic Identity Link Log")
user_operations = Resource("history/user-operation", "Historic User Operation Log")
decision_instances = Resource("history/decision-instance", "Historic Decision Instance")
process_definitions = Resource("history/process-definition", "Historic Process Definition")

HISTORY = (
    process_instances,
    activity_instances,
    tasks,
    variables,
    details,
    incidents,
    job_log,
    external_task_log,
    identity_link_log,
    user_operations,
    decision_instances,
    process_definitions,
)

serve_queries(process_instances, HISTORIC_PROCESS_INSTANCES, HistoricProcessInstanceDto)
serve_single(process_instances, HISTORIC_PROCESS_INSTANCES, HistoricProcessInstanceDto, "Historic process instance")
serve_queries(activity_instances, HISTORIC_ACTIVITY_INSTANCES, HistoricActivityInstanceDto)
serve_single(activity_instances, HISTORIC_ACTIVITY_INSTANCES, HistoricActivityInstanceDto, "Historic activity instance")
serve_queries(tasks, HISTORIC_TASKS, HistoricTaskInstanceDto)
serve_queries(incidents, HISTORIC_INCIDENTS, HistoricIncidentDto, post=False)
serve_queries(job_log, JOB_LOG, HistoricJobLogDto)
serve_single(job_log, JOB_LOG, HistoricJobLogDto, "Historic job log")
serve_queries(external_task_log, EXTERNAL_TASK_LOG, HistoricExternalTaskLogDto)
serve_single(external_task_log, EXTERNAL_TASK_LOG, HistoricExternalTaskLogDto, "Historic external task log")
serve_queries(identity_link_log, IDENTITY_LINK_LOG, HistoricIdentityLinkLogDto, post=False)
serve_queries(user_operations, OPERATIONS, UserOperationLogEntryDto, post=False)
_decision_query = Query.of(DECISION_INSTANCES)
_DECISION_PARAMS = tuple(
    boolean_param(name)
    for name in ("includeInputs", "includeOutputs", "disableBinaryFetching", "disableCustomObjectDeserialization")
)


@decision_instances.get("", answer=list[HistoricDecisionInstanceDto], query=_decision_query, paging=True, errors=(400,))
async def list_decision_instances(call: Call) -> list[Any]:
    """List decisions that were taken, with their inputs and outputs if asked for."""
    rows = await rows_of(call, DECISION_INSTANCES, await call.criteria(_decision_query))
    return [_decision(call, row) for row in rows]


@decision_instances.get("/count", answer=CountResultDto, query=_decision_query, errors=(400,))
async def count_decision_instances(call: Call) -> CountResultDto:
    """Count decisions that were taken."""
    criteria = await call.criteria(_decision_query)
    return {"count": await DECISION_INSTANCES.count(call.services.database, criteria.filters)}


@decision_instances.get("/{id}", answer=HistoricDecisionInstanceDto, params=_DECISION_PARAMS, errors=(404,))
async def get_decision_instance(call: Call) -> Any:
    """Get one decision that was taken."""
    return _decision(call, await row_by_id(call, DECISION_INSTANCES, call["id"], "Historic decision instance"))


def _decision(call: Call, row: Any) -> Any:
    return decision_dto(row, inputs=flag(call.query, "includeInputs"), outputs=flag(call.query, "includeOutputs"))


# --- variables and details ------------------------------------------------------------------------------------------

_variable_shape = VariableShape(HistoricVariableInstanceDto)
_detail_shape = VariableShape(HistoricDetailDto, "variableType", fieldId=None, fieldValue=None)


serve_values(variables, HISTORIC_VARIABLES, HistoricVariableInstanceDto, _variable_shape, "Historic variable instance")
serve_values(details, DETAILS, HistoricDetailDto, _detail_shape, "Historic detail", post_count=False)


# --- texts and notes ------------------------------------------------------------------------------------------------


@job_log.get("/{id}/stacktrace", answer=str, media="text/plain", errors=(404,))
async def get_job_log_stacktrace(call: Call) -> Response:
    """What a failure said at length; 204 if it was none."""
    await row_by_id(call, JOB_LOG, call["id"], "Historic job log")
    return text_response(await log_stacktrace(call.services.database, call["id"]))


@variables.delete("/{id}", errors=(404,))
async def delete_variable(call: Call) -> None:
    """Delete the history of a variable."""
    if not await delete_history(call.services.database, call["id"]):
        raise not_found(f"Historic variable instance with id {call['id']} does not exist")


@user_operations.put("/{operationId}/set-annotation", body=AnnotationBody, errors=(400,))
async def set_annotation(call: Call) -> None:
    """Write a note at an operation of a user."""
    await _annotate(call, (await call.body(AnnotationBody)).annotation)


@user_operations.put("/{operationId}/clear-annotation", errors=(400,))
async def clear_annotation(call: Call) -> None:
    """Remove the note at an operation of a user."""
    await _annotate(call, None)


async def _annotate(call: Call, text: str | None) -> None:
    if not await annotate(call.services.database, call["operationId"], text):
        raise invalid_request(f"Cannot find an operation with id {call['operationId']}")


def text_response(text: str | None) -> Response:
    """Plain text, or 204 when there is none."""
    if not text:
        return Response(status_code=204)
    return Response(text.encode(), headers={"Content-Type": "text/plain"})


# --- deletion and statistics ----------------------------------------------------------------------------------------


@process_instances.delete("/{id}", params=(boolean_param("failIfNotExists"),), errors=(404, 500))
async def delete_process_instance(call: Call) -> None:
    """Delete the history of an ended process instance."""
    await _delete_ended(call, delete_instance_history, flag(call.query, "failIfNotExists", default=True))


@process_instances.delete("/{id}/variable-instances", errors=(404, 500))
async def delete_variables(call: Call) -> None:
    """Delete the history of the variables of a process instance."""
    await _delete_ended(call, delete_variable_history, True)


async def _delete_ended(call: Call, delete: Any, must_exist: bool) -> None:
    try:
        found = await delete(call.services.database, call["id"])
    except Conflict as error:
        raise bad_user_request(str(error)) from error
    if not found and must_exist:
        raise not_found(f"Historic process instance with id {call['id']} does not exist")


_STATISTICS = Query(
    {
        "canceled": "boolean",
        "finished": "boolean",
        "completeScope": "boolean",
        "incidents": "boolean",
        "startedBefore": "date",
        "startedAfter": "date",
        "finishedBefore": "date",
        "finishedAfter": "date",
        "processInstanceIdIn": "strings",
    },
    ["activityId"],
)


@process_definitions.get(
    "/{id}/statistics", answer=list[HistoricActivityStatisticsDto], query=_STATISTICS, errors=(400,)
)
async def get_statistics(call: Call) -> list[Any]:
    """How often each activity of a process definition runs and ran."""
    criteria = _STATISTICS.from_get(call.query)
    wanted = criteria.filters
    rows = await historic_activity_statistics(
        call.services.database,
        call["id"],
        started_before=wanted.get("startedBefore"),
        started_after=wanted.get("startedAfter"),
        finished_before=wanted.get("finishedBefore"),
        finished_after=wanted.get("finishedAfter"),
        instance_ids=wanted.get("processInstanceIdIn"),
        descending=bool(criteria.sorting and criteria.sorting[0].descending),
    )
    return [_counted(row, wanted) for row in rows]


def _counted(row: Any, wanted: Any) -> dict[str, Any]:
    """Camunda counts only what is asked for; the rest is 0."""
    incidents = bool(wanted.get("incidents"))
    return {
        "id": row.id,
        "instances": row.instances,
        "canceled": row.canceled if wanted.get("canceled") else 0,
        "finished": row.finished if wanted.get("finished") else 0,
        "completeScope": row.complete_scope if wanted.get("completeScope") else 0,
        "openIncidents": row.open_incidents if incidents else 0,
        "resolvedIncidents": row.resolved_incidents if incidents else 0,
        "deletedIncidents": row.deleted_incidents if incidents else 0,
    }


@external_task_log.get("/{id}/error-details", answer=str, media="text/plain", errors=(404,))
async def get_external_task_log_details(call: Call) -> Response:
    """What a worker said at length; 204 if nothing."""
    try:
        return text_response(await log_error_details(call.services.database, call["id"]))
    except NotFound:
        raise not_found(f"Historic external task log with id {call['id']} does not exist") from None
