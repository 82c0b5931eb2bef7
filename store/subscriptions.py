"""Event subscriptions: who waits for which message, signal or condition."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from store.query.conditions import compare, eq, execution_text, id_is, id_text, tenants
from store.query.resource import Resource


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
