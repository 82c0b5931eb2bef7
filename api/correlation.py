"""Who receives a message: executions that wait for it, or a process definition that starts with it.

Camunda's rules: a running execution wins over a start; exactly one receiver unless all are asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from api.operations import Call
from api.variables import variable_dto
from interpreter.commands import Variables
from interpreter.ids import split
from store import definitions
from store.instances import EXECUTIONS, PROCESS_INSTANCES
from store.subscriptions import EVENT_SUBSCRIPTIONS


@dataclass(frozen=True, slots=True)
class Correlation:
    """What must fit. Empty keys fit everything; `tenant` counts unless `any_tenant`."""

    name: str
    business_key: str | None = None
    instance_id: str | None = None
    keys: Variables = field(default_factory=dict[str, Any])
    local_keys: Variables = field(default_factory=dict[str, Any])
    tenant: str | None = None
    any_tenant: bool = True


@dataclass(frozen=True, slots=True)
class Receiver:
    """A waiting execution: `wait` is the key of its subscription in the instance."""

    instance_id: str
    execution_id: str
    wait: int
    tenant: str | None


async def waiting_executions(call: Call, correlation: Correlation) -> list[Receiver]:
    """Executions that wait for the message and fit."""
    filters: dict[str, Any] = {"eventType": "message", "eventName": correlation.name}
    if correlation.instance_id:
        filters["processInstanceId"] = correlation.instance_id
    if not correlation.any_tenant:
        filters.update(_tenant_filter(correlation.tenant))
    database = call.services.database
    rows = await EVENT_SUBSCRIPTIONS.list(database, filters)
    rows = [row for row in rows if row.process_instance_id is not None]
    if rows and (correlation.business_key is not None or correlation.keys):
        instances = await PROCESS_INSTANCES.list(
            database,
            {
                "processInstanceIds": list({row.process_instance_id for row in rows}),
                "businessKey": correlation.business_key,
                "variables": _equal(correlation.keys),
            },
        )
        fitting = {instance.id for instance in instances}
        rows = [row for row in rows if row.process_instance_id in fitting]
    if rows and correlation.local_keys:
        executions = await EXECUTIONS.list(
            database,
            {
                "messageEventSubscriptionName": correlation.name,
                "processInstanceId": correlation.instance_id,
                "variables": _equal(correlation.local_keys),
            },
        )
        fitting = {execution.id for execution in executions}
        rows = [row for row in rows if row.execution_id in fitting]
    return [Receiver(row.process_instance_id, row.execution_id, split(row.id)[1], row.tenant_id) for row in rows]


async def starting_definitions(
    call: Call, kind: str, name: str | None, tenant: str | None, any_tenant: bool
) -> list[tuple[Any, str]]:
    """Latest definitions that start with the event, each with the id of its start event."""
    subscriptions = await definitions.start_subscriptions(
        call.services.database, kind, name, tenant=definitions.ANY_TENANT if any_tenant else tenant
    )
    found: list[tuple[Any, str]] = []
    for subscription in subscriptions:
        row = await definitions.PROCESS_DEFINITIONS.get(call.services.database, subscription.definition_id)
        if row is not None and not row.suspended:
            found.append((row, subscription.node))
    return found


def _equal(variables: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    return [
        {"name": name, "operator": "eq", "value": variable_dto(value)["value"]} for name, value in variables.items()
    ] or None


def _tenant_filter(tenant: str | None) -> dict[str, Any]:
    return {"withoutTenantId": True} if tenant is None else {"tenantIdIn": [tenant]}
