"""Event subscriptions: who waits for which message, signal or condition."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from store.query.conditions import compare, eq, execution_text, id_is, id_text, tenants
from store.query.resource import Resource
from store.versions import latest_only


@dataclass(frozen=True, slots=True)
class EventSubscriptionRow:
    """A subscription of a running instance. From `correlation_key` on: not Camunda's."""

    id: str
    event_type: str
    event_name: str | None
    execution_id: str
    process_instance_id: str
    activity_id: str
    created_date: datetime
    tenant_id: str | None
    correlation_key: str | None
    wait_key: int
    element_key: int


EVENT_SUBSCRIPTIONS: Resource[EventSubscriptionRow] = Resource(
    EventSubscriptionRow,
    columns={
        "id": id_text("s"),
        "event_type": "s.kind",
        "event_name": "s.name",
        "execution_id": execution_text("s"),
        "process_instance_id": "s.instance_id",
        "activity_id": "s.node",
        "created_date": "s.created_at",
        "tenant_id": "p.tenant_id",
        "correlation_key": "s.correlation_key",
        "wait_key": "s.key",
        "element_key": "s.element",
    },
    source="subscription s JOIN process_instance p ON p.id = s.instance_id",
    where="s.kind <> 'open'",
    identity=id_is("s"),
    order="s.instance_id, s.key",
    sorts={"created": "s.created_at", "tenantId": "p.tenant_id"},
    filters={
        "eventSubscriptionId": id_is("s"),
        "eventName": eq("s.name"),
        "eventType": eq("s.kind"),
        "executionId": id_is("s", "element"),
        "processInstanceId": eq("s.instance_id"),
        "activityId": eq("s.node"),
        "correlationKey": eq("s.correlation_key"),
        "createdBefore": compare("s.created_at", "<"),
        **tenants("p.tenant_id", "includeEventSubscriptionsWithoutTenantId"),
    },
)


@dataclass(frozen=True, slots=True)
class AnySubscriptionRow:
    """A subscription of a running instance, or a start event of the latest version of a process (then without
    execution and instance)."""

    id: str
    event_type: str
    event_name: str | None
    execution_id: str | None
    process_instance_id: str | None
    activity_id: str
    created_date: datetime
    tenant_id: str | None


_STARTS = (
    "SELECT t.definition_id || ':' || t.node AS id, t.kind, t.name, NULL::text AS execution_id, "
    "NULL::text AS instance_id, t.node, y.deployed_at AS created_at, d.tenant_id FROM start_subscription t "
    "JOIN process_definition d ON d.id = t.definition_id JOIN deployment y ON y.id = d.deployment_id "
    "WHERE t.kind IN ('message', 'signal', 'conditional') AND " + latest_only("process_definition", "d")
)
_RUNNING = (
    f"SELECT {id_text('r')} AS id, r.kind, r.name, {execution_text('r')} AS execution_id, r.instance_id, r.node, "
    "r.created_at, p.tenant_id FROM subscription r JOIN process_instance p ON p.id = r.instance_id "
    "WHERE r.kind <> 'open'"
)

ALL_SUBSCRIPTIONS: Resource[AnySubscriptionRow] = Resource(
    AnySubscriptionRow,
    columns={
        "id": "s.id",
        "event_type": "s.kind",
        "event_name": "s.name",
        "execution_id": "s.execution_id",
        "process_instance_id": "s.instance_id",
        "activity_id": "s.node",
        "created_date": "s.created_at",
        "tenant_id": "s.tenant_id",
    },
    source=f"({_RUNNING} UNION ALL {_STARTS}) s",
    identity=eq("s.id"),
    order="s.id",
    sorts={"created": "s.created_at", "tenantId": "s.tenant_id"},
    filters={
        "eventSubscriptionId": eq("s.id"),
        "eventName": eq("s.name"),
        "eventType": eq("s.kind"),
        "executionId": eq("s.execution_id"),
        "processInstanceId": eq("s.instance_id"),
        "activityId": eq("s.node"),
        **tenants("s.tenant_id", "includeEventSubscriptionsWithoutTenantId"),
    },
)
