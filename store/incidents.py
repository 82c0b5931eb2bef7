"""Incidents: what needs a person, open and as history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from interpreter.ids import split
from store.database import Database
from store.errors import NotFound
from store.query.conditions import (
    Filter,
    any_of,
    compare,
    eq,
    execution_text,
    id_is,
    id_text,
    like,
    nothing,
    tenants,
    when,
)
from store.query.resource import Resource

_SOURCE = "incident i JOIN process_instance p ON p.id = i.instance_id"
_CONFIGURATION = "CASE WHEN i.wait IS NOT NULL THEN i.instance_id || ':' || i.wait END"


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """An open incident. `wait_key`, `element_key` and `key` are not Camunda's."""

    id: str
    process_definition_id: str | None
    process_instance_id: str
    execution_id: str
    incident_timestamp: datetime
    incident_type: str
    activity_id: str
    failed_activity_id: str
    cause_incident_id: str
    root_cause_incident_id: str
    configuration: str | None
    tenant_id: str | None
    incident_message: str | None
    annotation: str | None
    key: int
    wait_key: int | None
    element_key: int
    job_definition_id: str | None = None


_COLUMNS = {
    "id": id_text("i"),
    "process_definition_id": "p.definition_id",
    "process_instance_id": "i.instance_id",
    "execution_id": execution_text("i"),
    "incident_type": "i.type",
    "activity_id": "i.node",
    "failed_activity_id": "i.node",
    "cause_incident_id": id_text("i"),
    "root_cause_incident_id": id_text("i"),
    "configuration": _CONFIGURATION,
    "tenant_id": "p.tenant_id",
    "incident_message": "i.message",
    "annotation": "i.annotation",
}
_SORTS = {
    "incidentId": id_text("i"),
    "incidentMessage": "i.message",
    "incidentType": "i.type",
    "executionId": execution_text("i"),
    "activityId": "i.node",
    "processInstanceId": "i.instance_id",
    "processDefinitionId": "p.definition_id",
    "causeIncidentId": id_text("i"),
    "rootCauseIncidentId": id_text("i"),
    "configuration": _CONFIGURATION,
    "tenantId": "p.tenant_id",
}
_FILTERS: dict[str, Filter] = {
    "incidentId": id_is("i"),
    "incidentType": eq("i.type"),
    "incidentMessage": eq("i.message"),
    "incidentMessageLike": like("i.message"),
    "processDefinitionId": eq("p.definition_id"),
    "processDefinitionKeyIn": any_of("p.definition_key"),
    "processInstanceId": eq("i.instance_id"),
    "executionId": id_is("i", "element"),
    "activityId": eq("i.node"),
    "failedActivityId": eq("i.node"),
    "causeIncidentId": id_is("i"),
    "rootCauseIncidentId": id_is("i"),
    "configuration": id_is("i", "wait"),
    "jobDefinitionIdIn": nothing("strings"),
    **tenants("p.tenant_id"),
}

INCIDENTS: Resource[IncidentRow] = Resource(
    IncidentRow,
    columns={
        **_COLUMNS,
        "incident_timestamp": "i.created_at",
        "key": "i.key",
        "wait_key": "i.wait",
        "element_key": "i.element",
    },
    source=_SOURCE,
    where="i.ended_at IS NULL",
    identity=id_is("i"),
    order="i.instance_id, i.key",
    sorts={**_SORTS, "incidentTimestamp": "i.created_at"},
    filters={
        **_FILTERS,
        "incidentTimestampBefore": compare("i.created_at", "<"),
        "incidentTimestampAfter": compare("i.created_at", ">"),
    },
)


@dataclass(frozen=True, slots=True)
class HistoricIncidentRow:
    """An incident, open or over."""

    id: str
    process_definition_key: str
    process_definition_id: str | None
    process_instance_id: str
    execution_id: str
    root_process_instance_id: str
    create_time: datetime
    end_time: datetime | None
    removal_time: datetime | None
    incident_type: str
    activity_id: str
    failed_activity_id: str
    cause_incident_id: str
    root_cause_incident_id: str
    configuration: str | None
    incident_message: str | None
    tenant_id: str | None
    open: bool
    deleted: bool
    resolved: bool
    annotation: str | None
    history_configuration: str | None = None
    job_definition_id: str | None = None


_RESOLVED = "(i.ended_at IS NOT NULL AND NOT i.deleted)"

HISTORIC_INCIDENTS: Resource[HistoricIncidentRow] = Resource(
    HistoricIncidentRow,
    columns={
        **_COLUMNS,
        "process_definition_key": "p.definition_key",
        "root_process_instance_id": "p.root_id",
        "create_time": "i.created_at",
        "end_time": "i.ended_at",
        "removal_time": "p.removal_at",
        "open": "i.ended_at IS NULL",
        "deleted": "i.deleted",
        "resolved": _RESOLVED,
    },
    source=_SOURCE,
    identity=id_is("i"),
    order="i.instance_id, i.key",
    sorts={
        **_SORTS,
        "createTime": "i.created_at",
        "endTime": "i.ended_at",
        "processDefinitionKey": "p.definition_key",
        "historyConfiguration": "NULL::text",
        "incidentState": f"CASE WHEN i.ended_at IS NULL THEN 0 WHEN {_RESOLVED} THEN 1 ELSE 2 END",
    },
    filters={
        **_FILTERS,
        "processDefinitionKey": eq("p.definition_key"),
        "createTimeBefore": compare("i.created_at", "<="),
        "createTimeAfter": compare("i.created_at", ">="),
        "endTimeBefore": compare("i.ended_at", "<="),
        "endTimeAfter": compare("i.ended_at", ">="),
        "historyConfiguration": nothing(),
        "open": when("i.ended_at IS NULL"),
        "resolved": when(_RESOLVED),
        "deleted": when("i.deleted"),
    },
)


async def set_annotation(database: Database, incident_id: str, annotation: str | None) -> None:
    """Set or clear a person's note on an open incident. Raises `NotFound`."""
    try:
        instance_id, key = split(incident_id)
    except ValueError:
        instance_id, key = "", 0
    if not await database.execute(
        "UPDATE incident SET annotation = %s WHERE instance_id = %s AND key = %s AND ended_at IS NULL",
        (annotation, instance_id, key),
    ):
        raise NotFound(f"Expected an open incident with id '{incident_id}' but there is none.")
