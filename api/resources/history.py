"""/history/...: what happened, by kind."""

from __future__ import annotations

from starlette.responses import Response

from api.bodies import AnnotationBody
from api.collections import row_by_id, serve_queries, serve_single
from api.dto.history import (
    HistoricActivityInstanceDto,
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
from api.errors import invalid_request, not_found
from api.operations import Call, Resource
from api.shapes import VariableShape
from api.values import serve_values
from store.activities import HISTORIC_ACTIVITY_INSTANCES
from store.decision_instances import DECISION_INSTANCES
from store.external_tasks import EXTERNAL_TASK_LOG
from store.identity_links import IDENTITY_LINK_LOG
from store.incidents import HISTORIC_INCIDENTS
from store.instances import HISTORIC_PROCESS_INSTANCES
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
serve_queries(decision_instances, DECISION_INSTANCES, HistoricDecisionInstanceDto, post=False)
serve_single(decision_instances, DECISION_INSTANCES, HistoricDecisionInstanceDto, "Historic decision instance")


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
