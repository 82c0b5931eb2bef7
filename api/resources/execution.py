"""/execution: places where an instance is, with their own variables and subscriptions."""

from __future__ import annotations

from typing import Any

from api.bodies import CreateIncidentBody, TriggerBody
from api.collections import serve_queries, serve_single
from api.dto.runtime import EventSubscriptionDto, ExecutionDto, IncidentDto
from api.engine import CommandRejected, InstanceNotFound
from api.errors import invalid_request, not_found, rest_exception
from api.operations import Call, Resource
from api.scope_variables import Scope, serve_variables
from api.shapes import Shape
from api.variables import read_variables
from interpreter.commands import CompleteWait, ReportIncident, TriggerEvent
from interpreter.ids import split
from interpreter.workflow.contract import QUERY_STATE
from store.incidents import INCIDENTS
from store.instances import EXECUTIONS
from store.subscriptions import EVENT_SUBSCRIPTIONS

execution = Resource("execution", "Execution")
_shape = Shape(ExecutionDto)
_incident_shape = Shape(IncidentDto)
_subscription_shape = Shape(EventSubscriptionDto)

serve_queries(execution, EXECUTIONS, ExecutionDto, _shape)
serve_single(execution, EXECUTIONS, ExecutionDto, "Execution", _shape)


async def _find_scope(call: Call, operation: str) -> Scope:
    row = await EXECUTIONS.get(call.services.database, call["id"])
    if row is None:
        raise rest_exception(f"{operation}: execution {call['id']} doesn't exist: execution is null")
    instance_id, element = split(row.id)
    return Scope(instance_id, element, local=True)


serve_variables(execution, "localVariables", _find_scope, "execution")


@execution.post("/{id}/signal", body=TriggerBody, errors=(400, 500))
async def signal_execution(call: Call) -> None:
    """Let an execution go on that waits for nothing but this call."""
    body = await call.body(TriggerBody)
    variables = read_variables(body.variables)
    try:
        instance_id, element = split(call["id"])
        state = await call.services.engine.ask(instance_id, QUERY_STATE)
        waits = [item["key"] for item in state["waits"] if item["t"] == "OpenWait" and item["element"] == element]
        if not waits:
            raise rest_exception(f"Cannot signal execution {call['id']}: it waits for no signal")
        await call.services.engine.execute(instance_id, CompleteWait(now=0, wait=waits[0], variables=variables))
    except (CommandRejected, InstanceNotFound, ValueError) as error:
        raise rest_exception(f"Cannot signal execution {call['id']}: {error}") from error


@execution.get("/{id}/messageSubscriptions/{messageName}", answer=EventSubscriptionDto, errors=(404,))
async def get_message_subscription(call: Call) -> Any:
    """The subscription of an execution to a message."""
    row = await _message_subscription(call)
    if row is None:
        raise not_found(
            f"Message event subscription for execution {call['id']} named {call['messageName']} does not exist"
        )
    return _subscription_shape(row)


@execution.post("/{id}/messageSubscriptions/{messageName}/trigger", body=TriggerBody, errors=(400, 500))
async def trigger_message(call: Call) -> None:
    """Deliver a message to one execution."""
    body = await call.body(TriggerBody)
    variables = read_variables(body.variables)
    operation = f"Cannot trigger message {call['messageName']} for execution {call['id']}"
    row = await _message_subscription(call)
    if row is None:
        raise rest_exception(f"{operation}: the execution has no such subscription")
    instance_id, wait = split(row.id)
    try:
        await call.services.engine.execute(instance_id, TriggerEvent(now=0, wait=wait, variables=variables))
    except (CommandRejected, InstanceNotFound) as error:
        raise rest_exception(f"{operation}: {error}") from error


async def _message_subscription(call: Call) -> Any | None:
    filters = {"executionId": call["id"], "eventType": "message", "eventName": call["messageName"]}
    rows = await EVENT_SUBSCRIPTIONS.list(call.services.database, filters, maximum=1)
    return rows[0] if rows else None


@execution.post("/{id}/create-incident", answer=IncidentDto, body=CreateIncidentBody, errors=(400,))
async def create_incident(call: Call) -> Any:
    """Report an incident at an execution."""
    body = await call.body(CreateIncidentBody)
    if not body.incidentType:
        raise invalid_request("Expected an incidentType but it is absent.")
    row = await EXECUTIONS.get(call.services.database, call["id"])
    if row is None:
        raise invalid_request(f"Cannot find an execution with executionId '{call['id']}'")
    instance_id, element = split(row.id)
    command = ReportIncident(
        now=0,
        element=element,
        type=body.incidentType,
        message=body.message or "",
        configuration=body.configuration,
    )
    try:
        await call.services.engine.execute(instance_id, command)
    except (CommandRejected, InstanceNotFound) as error:
        raise rest_exception(f"Cannot create an incident at execution {call['id']}: {error}", 400) from error
    rows = await INCIDENTS.list(
        call.services.database,
        {"executionId": call["id"], "incidentType": body.incidentType, "processInstanceId": instance_id},
    )
    return _incident_shape(max(rows, key=lambda row: (row.incident_timestamp, row.id)))
