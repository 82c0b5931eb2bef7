"""Incidents: what needs a person, open and as history.

An incident of a called instance shows at the call activities of its callers as well (view `incident_anywhere`), with
the incident below as its cause and the one that failed as its root cause.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from store.database import Database
from store.errors import NotFound
from store.query.conditions import (
    NEVER,
    Filter,
    Filters,
    Sql,
    any_of,
    compare,
    eq,
    execution_text,
    id_is,
    like,
    nothing,
    tenants,
    when,
)
from store.query.resource import Resource

_SOURCE = "incident_anywhere i JOIN process_instance p ON p.id = i.instance_id"
_OF_ROOT = "i.root_id = (SELECT r.root_id FROM process_instance r WHERE r.id = %s)"
"""Besides the instance: so that only the incidents of its tree are looked at."""
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


def _parts(identifier: str) -> tuple[str, str, int] | None:
    """The instance that an incident shows at, the one that failed, and the key there. None: there is no such id."""
    head, _, last = identifier.rpartition(":")
    caller, separator, way = head.rpartition(":")
    if not head or not last.isascii() or not last.isdigit() or int(last) >= 2**31:
        return None
    if separator and way and all(number.isascii() and number.isdigit() for number in way.split(".")):
        return caller, f"{caller}.{way}", int(last)
    return head, head, int(last)


def _is(value: str, _: Filters) -> Sql:
    parts = _parts(value)
    if parts is None:
        return NEVER
    return Sql("i.instance_id = %s AND i.cause_instance = %s AND i.key = %s", parts)


def _is_caused_by(value: str, _: Filters) -> Sql:
    parts = _parts(value)
    if parts is None:
        return NEVER
    return Sql("i.cause_id = %s AND i.cause_instance = %s AND i.key = %s", (value, *parts[1:]))


def _is_rooted_in(value: str, _: Filters) -> Sql:
    parts = _parts(value)
    if parts is None or parts[0] != parts[1]:
        return NEVER
    return Sql("i.cause_instance = %s AND i.key = %s", parts[1:])


def _inside(inner: Filter) -> Filter:
    """A filter on something of an instance; its id is '<instance id>' or '<instance id>:<key>'."""

    def build(value: str, filters: Filters) -> Sql | None:
        condition = inner.build(value, filters)
        if condition is None or not condition.params:
            return condition
        return Sql(f"{condition.text} AND {_OF_ROOT}", (*condition.params, condition.params[0]))

    return Filter("string", build)


IDENTITY = Filter("string", _is)

_COLUMNS = {
    "id": "i.id",
    "process_definition_id": "p.definition_id",
    "process_instance_id": "i.instance_id",
    "execution_id": execution_text("i"),
    "incident_type": "i.type",
    "activity_id": "i.node",
    "failed_activity_id": "i.node",
    "cause_incident_id": "i.cause_id",
    "root_cause_incident_id": "i.root_cause_id",
    "configuration": _CONFIGURATION,
    "tenant_id": "p.tenant_id",
    "incident_message": "i.message",
    "annotation": "i.annotation",
}
_SORTS = {
    "incidentId": "i.id",
    "incidentMessage": "i.message",
    "incidentType": "i.type",
    "executionId": execution_text("i"),
    "activityId": "i.node",
    "processInstanceId": "i.instance_id",
    "processDefinitionId": "p.definition_id",
    "causeIncidentId": "i.cause_id",
    "rootCauseIncidentId": "i.root_cause_id",
    "configuration": _CONFIGURATION,
    "tenantId": "p.tenant_id",
}
_FILTERS: dict[str, Filter] = {
    "incidentId": IDENTITY,
    "incidentType": eq("i.type"),
    "incidentMessage": eq("i.message"),
    "incidentMessageLike": like("i.message"),
    "processDefinitionId": eq("p.definition_id"),
    "processDefinitionKeyIn": any_of("p.definition_key"),
    "processInstanceId": _inside(eq("i.instance_id")),
    "executionId": _inside(id_is("i", "element")),
    "activityId": eq("i.node"),
    "failedActivityId": eq("i.node"),
    "causeIncidentId": Filter("string", _is_caused_by),
    "rootCauseIncidentId": Filter("string", _is_rooted_in),
    "configuration": _inside(id_is("i", "wait")),
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
    where="i.ended_at IS NULL AND i.cause_ended_at IS NULL",  # the second is what there is an index for
    identity=IDENTITY,
    order="i.instance_id, i.key, i.id",
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
    identity=IDENTITY,
    order="i.instance_id, i.key, i.id",
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
    parts = _parts(incident_id)
    changed = 0
    if parts is not None:
        shown, failed, key = parts
        own = shown == failed
        changed = await database.execute(
            "UPDATE incident SET "
            + ("annotation = %s" if own else "caller_notes = caller_notes || jsonb_build_object(%s::text, %s::text)")
            + " WHERE instance_id = %s AND key = %s AND ended_at IS NULL",
            ((annotation,) if own else (shown, annotation)) + (failed, key),
        )
    if not changed:
        raise NotFound(f"Expected an open incident with id '{incident_id}' but there is none.")
