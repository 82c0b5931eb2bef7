"""/message, /signal, /condition and /event-subscription: events from outside."""

from __future__ import annotations

import time
from typing import Any

from api.bodies import ConditionBody, MessageBody, SignalBody
from api.collections import serve_queries
from api.correlation import Correlation, Receiver, starting_definitions, waiting_executions
from api.dto.runtime import EventSubscriptionDto, MessageCorrelationResultWithVariableDto, ProcessInstanceDto
from api.engine import CommandRejected, InstanceNotFound
from api.errors import RestError, invalid_request, rest_exception
from api.many import each
from api.operations import Call, Resource
from api.starting import instance_variables, start_instance
from api.variables import read_variables
from interpreter.commands import TriggerEvent, Variables
from interpreter.definition import Definition, load_definition
from interpreter.ids import split
from interpreter.queries import conditional_starts
from store import definitions
from store.subscriptions import EVENT_SUBSCRIPTIONS

message = Resource("message", "Message")
signal = Resource("signal", "Signal")
condition = Resource("condition", "Condition")
event_subscription = Resource("event-subscription", "Event Subscription")

serve_queries(event_subscription, EVENT_SUBSCRIPTIONS, EventSubscriptionDto, post=False)


# --- message --------------------------------------------------------------------------------------------------------


@message.post("", answer=list[MessageCorrelationResultWithVariableDto], body=MessageBody, errors=(400,))
async def correlate(call: Call) -> Any:
    """Deliver a message to the execution that waits for it, or start what starts with it."""
    body = await call.body(MessageBody)
    _check_message(body)
    correlation = Correlation(
        name=body.messageName or "",
        business_key=body.businessKey,
        instance_id=body.processInstanceId,
        keys=read_variables(body.correlationKeys, "correlationKeys"),
        local_keys=read_variables(body.localCorrelationKeys, "localCorrelationKeys"),
        tenant=body.tenantId,
        any_tenant=body.tenantId is None and not body.withoutTenantId,
    )
    variables = read_variables(body.processVariables, "processVariables")
    local = read_variables(body.processVariablesLocal, "processVariablesLocal")
    triggered = read_variables(body.processVariablesToTriggeredScope, "processVariablesToTriggeredScope")
    receivers = await waiting_executions(call, correlation)
    starts: list[tuple[Any, str]] = []
    if (body.all or not receivers) and not body.processInstanceId:
        starts = await starting_definitions(
            call, "message", correlation.name, correlation.tenant, correlation.any_tenant
        )
    if not body.all:
        _check_one(correlation, len(receivers), len(starts))
    with_variables = bool(body.variablesInResultEnabled)
    results = [await _deliver(call, receiver, variables, local, triggered, with_variables) for receiver in receivers]
    for definition, node in starts:
        started = await start_instance(
            call,
            definition,
            variables={**variables, **triggered, **local},
            business_key=body.businessKey,
            start_node=node,
            with_variables=with_variables,
        )
        values = started.pop("variables", None)
        results.append(_result("ProcessDefinition", instance=started, variables=values))
    return results if body.resultEnabled else None


def _check_message(body: MessageBody) -> None:
    if not body.messageName:
        raise invalid_request("No message name supplied")
    if body.tenantId is not None and body.withoutTenantId:
        raise invalid_request("Parameter 'tenantId' cannot be used together with parameter 'withoutTenantId'.")
    if body.variablesInResultEnabled and not body.resultEnabled:
        raise invalid_request(
            "Parameter 'variablesInResultEnabled' cannot be used without 'resultEnabled' set to true."
        )


def _check_one(correlation: Correlation, receivers: int, starts: int) -> None:
    number = receivers or starts
    if number == 1:
        return
    what = (
        "executions match" if receivers else "process definitions start with it and no execution or more than one match"
    )
    raise _mismatch(correlation, f"{number} {what} the correlation keys" if number else "nothing matches")


def _mismatch(correlation: Correlation, reason: str) -> RestError:
    return rest_exception(
        f"Cannot correlate message '{correlation.name}': {reason}. Expected exactly one receiver.", 400
    )


async def _deliver(
    call: Call, receiver: Receiver, variables: Variables, local: Variables, triggered: Variables, with_variables: bool
) -> dict[str, Any]:
    command = TriggerEvent(
        now=0,
        wait=receiver.wait,
        variables=variables,
        local_variables=local,
        triggered_scope_variables=triggered,
    )
    try:
        answer = await call.services.engine.execute(receiver.instance_id, command)
    except (CommandRejected, InstanceNotFound) as error:
        raise rest_exception(
            f"Cannot correlate the message to execution {receiver.execution_id}: {error}", 400
        ) from error
    execution = {
        "id": receiver.execution_id,
        "processInstanceId": receiver.instance_id,
        "ended": answer.ended,
        "tenantId": receiver.tenant,
    }
    values = await instance_variables(call, receiver.instance_id, ended=answer.ended) if with_variables else None
    return _result("Execution", execution=execution, variables=values)


def _result(kind: str, *, instance: Any = None, execution: Any = None, variables: Any = None) -> dict[str, Any]:
    result = {"resultType": kind, "execution": execution, "processInstance": instance}
    return result if variables is None else {**result, "variables": variables}


# --- signal ---------------------------------------------------------------------------------------------------------


@signal.post("", body=SignalBody, errors=(400, 500))
async def throw_signal(call: Call) -> None:
    """Throw a signal to everyone who waits for it, or to one execution."""
    body = await call.body(SignalBody)
    if not body.name:
        raise invalid_request("No signal name given")
    if body.tenantId is not None and body.withoutTenantId:
        raise invalid_request("Parameter 'tenantId' cannot be used together with parameter 'withoutTenantId'.")
    if body.executionId and (body.tenantId is not None or body.withoutTenantId):
        raise invalid_request("A tenant cannot be given together with an executionId.")
    variables = read_variables(body.variables)
    filters: dict[str, Any] = {"eventType": "signal", "eventName": body.name}
    if body.executionId:
        filters["executionId"] = body.executionId
    elif body.tenantId is not None:
        filters["tenantIdIn"] = [body.tenantId]
    elif body.withoutTenantId:
        filters["withoutTenantId"] = True
    rows = [
        row
        for row in await EVENT_SUBSCRIPTIONS.list(call.services.database, filters)
        if row.process_instance_id is not None
    ]
    if body.executionId and not rows:
        raise rest_exception(
            f"Cannot throw signal '{body.name}': execution '{body.executionId}' has not subscribed to it"
        )
    await each(rows, lambda row: _trigger(call, row, variables, is_for_all=not body.executionId))
    if not body.executionId:
        any_tenant = body.tenantId is None and not body.withoutTenantId
        for definition, node in await starting_definitions(call, "signal", body.name, body.tenantId, any_tenant):
            await start_instance(call, definition, variables=variables, start_node=node)


async def _trigger(call: Call, row: Any, variables: Variables, *, is_for_all: bool) -> None:
    """Who is suspended does not listen: a signal for all passes by, one that is meant for it alone is an error."""
    instance_id, wait = split(row.id)
    deaf = ("already_closed", "not_found", "ended", *(("suspended",) if is_for_all else ()))
    try:
        await call.services.engine.execute(instance_id, TriggerEvent(now=0, wait=wait, variables=variables))
    except InstanceNotFound:
        return  # ended meanwhile: a signal reaches who listens when it arrives
    except CommandRejected as error:
        if error.code not in deaf:
            raise rest_exception(f"Cannot deliver the signal to execution {row.execution_id}: {error}") from error


# --- condition ------------------------------------------------------------------------------------------------------


@condition.post("", answer=list[ProcessInstanceDto], body=ConditionBody, errors=(400,))
async def evaluate_conditions(call: Call) -> Any:
    """Start the process definitions whose conditional start event is true for the given variables."""
    body = await call.body(ConditionBody)
    if body.tenantId is not None and body.withoutTenantId:
        raise invalid_request("Parameter 'tenantId' cannot be used together with parameter 'withoutTenantId'.")
    if not body.variables:
        raise invalid_request("Expected variables to evaluate the conditions with but there are none.")
    variables = read_variables(body.variables)
    started: list[dict[str, Any]] = []
    for row, compiled in await _conditional(call, body):
        for node in conditional_starts(compiled, variables, int(time.time() * 1000)):
            started.append(
                await start_instance(call, row, variables=variables, business_key=body.businessKey, start_node=node)
            )
    return started


async def _conditional(call: Call, body: ConditionBody) -> list[tuple[Any, Definition]]:
    """The definitions with conditional start events that are meant."""
    database = call.services.database
    tenant = definitions.ANY_TENANT if body.tenantId is None and not body.withoutTenantId else body.tenantId
    subscriptions = await definitions.start_subscriptions(
        database, "conditional", tenant=tenant, definition_id=body.processDefinitionId
    )
    if body.processDefinitionId and not subscriptions:
        raise invalid_request(
            f"Process definition with id '{body.processDefinitionId}' does not declare conditional start event"
        )
    found: list[tuple[Any, Definition]] = []
    for identifier in dict.fromkeys(subscription.definition_id for subscription in subscriptions):
        row = await definitions.PROCESS_DEFINITIONS.get(database, identifier)
        if row is not None and not row.suspended:
            found.append((row, load_definition(await definitions.load(database, row.hash))))
    return found
