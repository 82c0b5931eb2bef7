"""/process-definition: what may be started."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from starlette.responses import Response

from api.bodies import (
    HistoryTimeToLiveBody,
    ProcessDefinitionSuspensionBody,
    StartProcessInstanceBody,
    SubmitStartFormBody,
)
from api.collections import serve_queries
from api.definitions import keyed, process_definition
from api.dto.repository import (
    ActivityStatisticsResultDto,
    CalledProcessDefinitionDto,
    ProcessDefinitionDiagramDto,
    ProcessDefinitionDto,
    ProcessDefinitionStatisticsResultDto,
)
from api.dto.runtime import ProcessInstanceDto, ProcessInstanceWithVariablesDto
from api.errors import RestError, invalid_request, not_found, rest_exception
from api.generated_forms import submitted
from api.instructions import read_instructions
from api.operations import Call, Resource, boolean_param, text_param
from api.params import flag
from api.resources.deployment import resource_response
from api.resources.forms import start_form
from api.shapes import Shape
from api.starting import start_instance
from api.suspension import cancel_instances, suspend_instances
from api.variables import read_variables
from interpreter.definition import Definition, Expression, load_definition
from interpreter.elements.call_activity import CallActivity
from store import definitions, deployments
from store.definitions import PROCESS_DEFINITIONS
from store.errors import Conflict
from store.instances import PROCESS_INSTANCES

MAX_KEY_LENGTH = 255

process_definitions = Resource("process-definition", "Process Definition")
_shape = Shape(ProcessDefinitionDto)

serve_queries(process_definitions, PROCESS_DEFINITIONS, ProcessDefinitionDto, _shape, post=False)


@keyed(process_definitions, "GET", answer=ProcessDefinitionDto, errors=(404,))
async def get_definition(call: Call) -> Any:
    """Get a process definition."""
    return _shape(await process_definition(call))


@keyed(process_definitions, "GET", "/xml", answer=ProcessDefinitionDiagramDto, errors=(400, 404))
async def get_xml(call: Call) -> Any:
    """The BPMN of a process definition, as deployed."""
    row = await process_definition(call)
    source = await definitions.source(call.services.database, row.id)
    if source is None:
        raise not_found(f"No BPMN is stored for the process definition with id {row.id}")
    return {"id": row.id, "bpmn20Xml": source[1].decode("utf-8", "replace")}


@keyed(process_definitions, "GET", "/diagram", answer=bytes, media="image/*", errors=(404,))
async def get_diagram(call: Call) -> Response | None:
    """The image that was deployed with the model; 204 if there is none."""
    row = await process_definition(call)
    if row.diagram is None:
        return None
    for resource in await deployments.resources(call.services.database, row.deployment_id):
        if resource.name == row.diagram:
            found = await deployments.resource_content(call.services.database, row.deployment_id, resource.id)
            if found is not None:
                return resource_response(*found)
    return None


# --- start ----------------------------------------------------------------------------------------------------------


def _unknown_to_start(message: str) -> RestError:
    return rest_exception(f"Cannot instantiate process definition: {message}")


@keyed(
    process_definitions,
    "POST",
    "/start",
    answer=ProcessInstanceWithVariablesDto,
    body=StartProcessInstanceBody,
    errors=(400, 404),
)
async def start(call: Call) -> Any:
    """Start a process instance; the answer comes at its first wait state or its end."""
    definition = await process_definition(call, _unknown_to_start)
    body = await call.body(StartProcessInstanceBody)
    return await start_instance(
        call,
        definition,
        variables=read_variables(body.variables),
        business_key=body.businessKey,
        instructions=read_instructions(body.startInstructions, only_starts=True),
        case_instance_id=body.caseInstanceId,
        with_variables=bool(body.withVariablesInReturn),
        idempotency_key=_idempotency_key(call),
    )


def _idempotency_key(call: Call) -> str | None:
    """The header `Idempotency-Key`, which is not Camunda's: a repeated call with it starts nothing twice."""
    key = call.request.headers.get("idempotency-key")
    if key is not None and not 1 <= len(key) <= MAX_KEY_LENGTH:
        raise invalid_request(f"Expected an Idempotency-Key of 1 to {MAX_KEY_LENGTH} characters but it has {len(key)}.")
    return key


@keyed(
    process_definitions, "POST", "/submit-form", answer=ProcessInstanceDto, body=SubmitStartFormBody, errors=(400, 404)
)
async def submit_form(call: Call) -> Any:
    """Start a process instance with the values of its start form."""
    definition = await process_definition(call, _unknown_to_start)
    body = await call.body(SubmitStartFormBody)
    variables = read_variables(body.variables)
    fields = (await start_form(call, definition) or {}).get("fields")
    if fields:
        variables = submitted(fields, variables, {}, f"Cannot instantiate process definition {definition.id}")
    return await start_instance(
        call,
        definition,
        variables=variables,
        business_key=body.businessKey,
        idempotency_key=_idempotency_key(call),
    )


# --- change ---------------------------------------------------------------------------------------------------------


@keyed(
    process_definitions,
    "DELETE",
    params=(boolean_param("cascade"), boolean_param("skipCustomListeners"), boolean_param("skipIoMappings")),
    answer=str,
    errors=(404,),
)
async def delete_definition(call: Call) -> Response:
    """Delete a process definition; with `cascade` also its instances and history."""
    row = await process_definition(call)
    cascade = flag(call.query, "cascade")
    if cascade:
        await cancel_instances(call, {"processDefinitionId": row.id})
    try:
        await definitions.delete(call.services.database, row.id, cascade)
    except Conflict as error:
        raise rest_exception(str(error)) from error
    return Response(status_code=200)  # 200 with an empty body: what clients of Camunda are used to here


@keyed(process_definitions, "PUT", "/history-time-to-live", body=HistoryTimeToLiveBody, errors=(400, 404))
async def set_history_time_to_live(call: Call) -> None:
    """Set for how many days the history of ended instances is kept; null keeps it."""
    row = await process_definition(call)
    body = await call.body(HistoryTimeToLiveBody)
    if body.historyTimeToLive is not None and body.historyTimeToLive < 0:
        raise invalid_request(f"Expected historyTimeToLive to be 0 or more but it was {body.historyTimeToLive}.")
    await definitions.set_history_ttl(call.services.database, row.id, body.historyTimeToLive)


@keyed(process_definitions, "PUT", "/suspended", body=ProcessDefinitionSuspensionBody, errors=(400, 404))
async def suspend_definition(call: Call) -> None:
    """Suspend or activate a process definition, with `includeProcessInstances` also its instances."""
    row = await process_definition(call)
    await _suspend(call, [row], await call.body(ProcessDefinitionSuspensionBody))


@process_definitions.put("/suspended", body=ProcessDefinitionSuspensionBody, errors=(400, 404))
async def suspend_by_key(call: Call) -> None:
    """Suspend or activate all versions of a process definition."""
    body = await call.body(ProcessDefinitionSuspensionBody)
    if body.processDefinitionId:
        raise invalid_request("Only processDefinitionKey can be set to update the suspension state.")
    if not body.processDefinitionKey:
        raise invalid_request("No processDefinitionKey is set to update the suspension state.")
    filters: dict[str, Any] = {"key": body.processDefinitionKey}
    if body.processDefinitionTenantId:
        filters["tenantIdIn"] = [body.processDefinitionTenantId]
    elif body.processDefinitionWithoutTenantId:
        filters["withoutTenantId"] = True
    rows = await PROCESS_DEFINITIONS.list(call.services.database, filters)
    if not rows:
        raise not_found(f"No process definition with key {body.processDefinitionKey} exists")
    await _suspend(call, rows, body)


async def _suspend(call: Call, rows: list[Any], body: ProcessDefinitionSuspensionBody) -> None:
    if body.suspended is None:
        raise invalid_request("Expected 'suspended' to be true or false but it is absent.")
    if body.executionDate:
        raise invalid_request("Expected no executionDate: the state of a process definition changes at once.")
    ids = [row.id for row in rows]
    await definitions.set_suspended(call.services.database, ids, body.suspended)
    if body.includeProcessInstances:
        for identifier in ids:
            instances = await PROCESS_INSTANCES.list(call.services.database, {"processDefinitionId": identifier})
            await suspend_instances(call, [instance.id for instance in instances], body.suspended)


# --- statistics -----------------------------------------------------------------------------------------------------

_STATISTICS_PARAMS = (boolean_param("failedJobs"), boolean_param("incidents"), text_param("incidentsForType"))


@process_definitions.get(
    "/statistics",
    answer=list[ProcessDefinitionStatisticsResultDto],
    params=(*_STATISTICS_PARAMS, boolean_param("rootIncidents")),
    errors=(400,),
)
async def get_statistics(call: Call) -> list[Any]:
    """Running instances, failed jobs and incidents of each process definition."""
    rows = await definitions.statistics(call.services.database, **_statistics_options(call, root=True))
    return [
        {
            "id": row.id,
            "instances": row.instances,
            "failedJobs": row.failed_jobs,
            "incidents": _incident_counts(row.incidents),
            "definition": _shape(row.definition),
        }
        for row in rows
    ]


@keyed(
    process_definitions,
    "GET",
    "/statistics",
    answer=list[ActivityStatisticsResultDto],
    params=_STATISTICS_PARAMS,
    errors=(400, 404),
)
async def get_activity_statistics(call: Call) -> list[Any]:
    """Running instances, failed jobs and incidents of each activity of a process definition."""
    definition = await process_definition(call)
    rows = await definitions.activity_statistics(
        call.services.database, definition.id, **_statistics_options(call, root=False)
    )
    return [
        {
            "id": row.id,
            "instances": row.instances,
            "failedJobs": row.failed_jobs,
            "incidents": _incident_counts(row.incidents),
        }
        for row in rows
    ]


def _statistics_options(call: Call, *, root: bool) -> dict[str, Any]:
    incidents, kind = flag(call.query, "incidents"), call.query.get("incidentsForType")
    root_incidents = root and flag(call.query, "rootIncidents")
    if sum((incidents, bool(kind), root_incidents)) > 1:
        raise invalid_request(
            "Only one of the query parameters includeIncidents, incidentsForType, rootIncidents can be set."
        )
    options: dict[str, Any] = {
        "failed_jobs": flag(call.query, "failedJobs"),
        "incidents": incidents,
        "incident_type": kind,
    }
    if root:
        options["root_incidents"] = root_incidents
    return options


def _incident_counts(incidents: Any) -> list[dict[str, Any]]:
    return [{"incidentType": kind, "incidentCount": count} for kind, count in dict(incidents or {}).items()]


@process_definitions.get(
    "/{id}/static-called-process-definitions", answer=list[CalledProcessDefinitionDto], errors=(404,)
)
async def list_called(call: Call) -> list[Any]:
    """Process definitions that call activities of this one name without an expression."""
    caller = await process_definition(call)
    compiled = load_definition(await definitions.load(call.services.database, caller.hash))
    activities: dict[str, list[str]] = {}
    rows: dict[str, Any] = {}
    for activity, called in _static_calls(compiled):
        row = await _called_row(call, caller, called)
        if row is not None:
            rows[row.id] = row
            activities.setdefault(row.id, []).append(activity)
    return [
        {
            **_shape(row),
            "calledFromActivityIds": activities[row.id],
            "callingProcessDefinitionId": caller.id,
        }
        for row in rows.values()
    ]


def _static_calls(compiled: Definition) -> Iterator[tuple[str, CallActivity]]:
    for node in compiled.nodes.values():
        spec = node.spec
        if isinstance(spec, CallActivity) and spec.kind == "process" and _literal(spec.called) is not None:
            yield node.id, spec


async def _called_row(call: Call, caller: Any, spec: CallActivity) -> Any | None:
    """The definition that the call activity would start now; None if its version is an expression or there is none."""
    database = call.services.database
    key = _literal(spec.called) or ""
    tenant = caller.tenant_id if spec.tenant is None else _literal(spec.tenant)
    if spec.binding == "deployment":
        return await definitions.in_deployment(database, key, caller.deployment_id)
    if spec.binding == "latest":
        return await definitions.latest(database, key, tenant)
    version = _literal(spec.version)
    if version is None:
        return None
    if spec.binding == "versionTag":
        return await definitions.by_version_tag(database, key, version, tenant)
    return await definitions.by_version(database, key, int(version), tenant) if version.isdigit() else None


def _literal(expression: Expression | None) -> str | None:
    if expression is None or expression.language != "literal":
        return None
    return expression.text or (None if expression.value is None else str(expression.value))
