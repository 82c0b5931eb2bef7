"""Process instances and executions: the running ones, and all of them as history. One table serves both."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from store import history
from store.database import Database
from store.incidents import IDENTITY
from store.query.conditions import (
    Filter,
    Sql,
    any_of,
    compare,
    eq,
    execution_text,
    exists,
    id_is,
    like,
    none_of,
    nothing,
    option,
    tenants,
    when,
)
from store.query.resource import Resource
from store.query.variables import variables

_SOURCE = "process_instance p LEFT JOIN process_definition d ON d.id = p.definition_id"
_INCIDENT = "SELECT 1 FROM incident_anywhere i WHERE i.instance_id = p.id AND i.root_id = p.root_id AND"
_OPEN_INCIDENT = f"{_INCIDENT} i.ended_at IS NULL AND i.cause_ended_at IS NULL AND"
_ACTIVITY = "SELECT 1 FROM activity_instance a WHERE a.instance_id = p.id AND"
_VARIABLES = variables("v.instance_id = p.id AND v.scope = 1")
_VARIABLE_OPTIONS = {"variableNamesIgnoreCase": option(), "variableValuesIgnoreCase": option()}


@dataclass(frozen=True, slots=True)
class ProcessInstanceRow:
    """A running process instance. From `definition_hash` on: what the facade needs besides Camunda's fields."""

    id: str
    definition_id: str | None
    definition_key: str
    business_key: str | None
    suspended: bool
    tenant_id: str | None
    definition_hash: str
    sequence: int
    root_process_instance_id: str
    case_instance_id: str | None = None
    ended: bool = False


PROCESS_INSTANCES: Resource[ProcessInstanceRow] = Resource(
    ProcessInstanceRow,
    columns={
        "id": "p.id",
        "definition_id": "p.definition_id",
        "definition_key": "p.definition_key",
        "business_key": "p.business_key",
        "suspended": "p.state = 'SUSPENDED'",
        "tenant_id": "p.tenant_id",
        "definition_hash": "p.definition_hash",
        "sequence": "p.written",
        "root_process_instance_id": "p.root_id",
    },
    source=_SOURCE,
    where="p.ended_at IS NULL",
    identity=eq("p.id"),
    order="p.id",
    sorts={
        "instanceId": "p.id",
        "definitionKey": "p.definition_key",
        "definitionId": "p.definition_id",
        "tenantId": "p.tenant_id",
        "businessKey": "p.business_key",
    },
    or_queries=True,
    filters={
        "processInstanceIds": any_of("p.id"),
        "businessKey": eq("p.business_key"),
        "businessKeyLike": like("p.business_key"),
        "processDefinitionId": eq("p.definition_id"),
        "processDefinitionKey": eq("p.definition_key"),
        "processDefinitionKeyIn": any_of("p.definition_key"),
        "processDefinitionKeyNotIn": none_of("p.definition_key"),
        "deploymentId": eq("d.deployment_id"),
        "superProcessInstance": eq("p.parent_id"),
        "subProcessInstance": exists("SELECT 1 FROM process_instance s WHERE s.parent_id = p.id AND", eq("s.id")),
        "rootProcessInstances": when("p.parent_id IS NULL"),
        "rootProcessInstanceId": eq("p.root_id"),
        "leafProcessInstances": when(
            "NOT EXISTS (SELECT 1 FROM process_instance s WHERE s.parent_id = p.id AND s.ended_at IS NULL)"
        ),
        "active": when("p.state = 'ACTIVE'"),
        "suspended": when("p.state = 'SUSPENDED'"),
        "withIncident": when(f"EXISTS ({_OPEN_INCIDENT} true)"),
        "incidentId": exists(_OPEN_INCIDENT, IDENTITY),
        "incidentType": exists(_OPEN_INCIDENT, eq("i.type")),
        "incidentMessage": exists(_OPEN_INCIDENT, eq("i.message")),
        "incidentMessageLike": exists(_OPEN_INCIDENT, like("i.message")),
        "activityIdIn": exists(f"{_ACTIVITY} a.ended_at IS NULL AND", any_of("a.node")),
        "processDefinitionWithoutTenantId": when("d.tenant_id IS NULL"),
        "caseInstanceId": nothing(),
        "superCaseInstance": nothing(),
        "subCaseInstance": nothing(),
        "variables": _VARIABLES,
        **_VARIABLE_OPTIONS,
        **tenants("p.tenant_id"),
    },
)


@dataclass(frozen=True, slots=True)
class ExecutionRow:
    """An open element instance, or the process instance itself."""

    id: str
    process_instance_id: str
    tenant_id: str | None
    activity_id: str | None
    ended: bool = False


_SUBSCRIBED = "SELECT 1 FROM subscription s WHERE s.instance_id = e.instance_id AND s.element = e.element AND"
_EXECUTION_INCIDENT = (
    "SELECT 1 FROM incident_anywhere i WHERE i.instance_id = e.instance_id AND i.root_id = p.root_id "
    "AND i.element = e.element AND i.ended_at IS NULL AND i.cause_ended_at IS NULL AND"
)

EXECUTIONS: Resource[ExecutionRow] = Resource(
    ExecutionRow,
    columns={
        "id": execution_text("e"),
        "process_instance_id": "e.instance_id",
        "tenant_id": "p.tenant_id",
        "activity_id": "e.node",
    },
    source="(SELECT id AS instance_id, 1 AS element, NULL::text AS node FROM process_instance WHERE ended_at IS NULL "
    "UNION ALL SELECT instance_id, key, node FROM activity_instance WHERE ended_at IS NULL) e "
    "JOIN process_instance p ON p.id = e.instance_id AND p.ended_at IS NULL",
    identity=id_is("e", "element"),
    order="e.instance_id, e.element",
    sorts={
        "instanceId": "e.instance_id",
        "definitionKey": "p.definition_key",
        "definitionId": "p.definition_id",
        "tenantId": "p.tenant_id",
    },
    filters={
        "businessKey": eq("p.business_key"),
        "processDefinitionId": eq("p.definition_id"),
        "processDefinitionKey": eq("p.definition_key"),
        "processInstanceId": eq("e.instance_id"),
        "activityId": eq("e.node"),
        "signalEventSubscriptionName": exists(f"{_SUBSCRIBED} s.kind = 'signal' AND", eq("s.name")),
        "messageEventSubscriptionName": exists(f"{_SUBSCRIBED} s.kind = 'message' AND", eq("s.name")),
        "active": when("p.state = 'ACTIVE'"),
        "suspended": when("p.state = 'SUSPENDED'"),
        "incidentId": exists(_EXECUTION_INCIDENT, IDENTITY),
        "incidentType": exists(_EXECUTION_INCIDENT, eq("i.type")),
        "incidentMessage": exists(_EXECUTION_INCIDENT, eq("i.message")),
        "incidentMessageLike": exists(_EXECUTION_INCIDENT, like("i.message")),
        "variables": variables("v.instance_id = e.instance_id AND v.scope = e.element"),
        "processVariables": variables("v.instance_id = e.instance_id AND v.scope = 1"),
        **_VARIABLE_OPTIONS,
        **tenants("p.tenant_id"),
    },
)


@dataclass(frozen=True, slots=True)
class HistoricProcessInstanceRow:
    """A process instance, running or over. `definition_hash` is not one of Camunda's fields."""

    id: str
    root_process_instance_id: str
    super_process_instance_id: str | None
    process_definition_name: str | None
    process_definition_key: str
    process_definition_version: int | None
    process_definition_id: str | None
    business_key: str | None
    start_time: datetime
    end_time: datetime | None
    removal_time: datetime | None
    duration_in_millis: int | None
    start_user_id: str | None
    start_activity_id: str | None
    delete_reason: str | None
    tenant_id: str | None
    state: str
    restarted_process_instance_id: str | None
    definition_hash: str
    super_case_instance_id: str | None = None
    case_instance_id: str | None = None


_STATUS = {"open": "i.ended_at IS NULL", "resolved": "i.ended_at IS NOT NULL AND NOT i.deleted"}
DURATION = "(extract(epoch FROM {0}.ended_at - {0}.started_at) * 1000)::bigint"

HISTORIC_PROCESS_INSTANCES: Resource[HistoricProcessInstanceRow] = Resource(
    HistoricProcessInstanceRow,
    columns={
        "id": "p.id",
        "root_process_instance_id": "p.root_id",
        "super_process_instance_id": "p.parent_id",
        "process_definition_name": "d.name",
        "process_definition_key": "p.definition_key",
        "process_definition_version": "d.version",
        "process_definition_id": "p.definition_id",
        "business_key": "p.business_key",
        "start_time": "p.started_at",
        "end_time": "p.ended_at",
        "removal_time": "p.removal_at",
        "duration_in_millis": DURATION.format("p"),
        "start_user_id": "p.started_by",
        "start_activity_id": "p.start_node",
        "delete_reason": "p.end_reason",
        "tenant_id": "p.tenant_id",
        "state": "p.state",
        "restarted_process_instance_id": "p.restarted_id",
        "definition_hash": "p.definition_hash",
    },
    source=_SOURCE,
    identity=eq("p.id"),
    order="p.id",
    sorts={
        "instanceId": "p.id",
        "definitionId": "p.definition_id",
        "definitionKey": "p.definition_key",
        "definitionName": "d.name",
        "definitionVersion": "d.version",
        "businessKey": "p.business_key",
        "startTime": "p.started_at",
        "endTime": "p.ended_at",
        "duration": "p.ended_at - p.started_at",
        "tenantId": "p.tenant_id",
    },
    or_queries=True,
    filters={
        "processInstanceId": eq("p.id"),
        "processInstanceIds": any_of("p.id"),
        "processInstanceIdNotIn": none_of("p.id"),
        "processDefinitionId": eq("p.definition_id"),
        "processDefinitionKey": eq("p.definition_key"),
        "processDefinitionKeyIn": any_of("p.definition_key"),
        "processDefinitionKeyNotIn": none_of("p.definition_key"),
        "processDefinitionName": eq("d.name"),
        "processDefinitionNameLike": like("d.name"),
        "processInstanceBusinessKey": eq("p.business_key"),
        "processInstanceBusinessKeyIn": any_of("p.business_key"),
        "processInstanceBusinessKeyLike": like("p.business_key"),
        "rootProcessInstances": when("p.parent_id IS NULL"),
        "rootProcessInstanceId": eq("p.root_id"),
        "finished": when("p.ended_at IS NOT NULL"),
        "unfinished": when("p.ended_at IS NULL"),
        "withJobsRetrying": when(
            "EXISTS (SELECT 1 FROM job j WHERE j.instance_id = p.id AND j.message IS NOT NULL AND j.retries > 0)"
        ),
        "withIncidents": when(f"EXISTS ({_INCIDENT} true)"),
        "withRootIncidents": when(f"EXISTS ({_INCIDENT} i.cause_instance = p.id)"),
        "incidentIdIn": exists(_INCIDENT, any_of("i.id")),
        "incidentType": exists(_INCIDENT, eq("i.type")),
        "incidentStatus": exists(_INCIDENT, Filter("string", lambda value, _: Sql(_STATUS.get(value, "false")))),
        "incidentMessage": exists(_INCIDENT, eq("i.message")),
        "incidentMessageLike": exists(_INCIDENT, like("i.message")),
        "startedBefore": compare("p.started_at", "<="),
        "startedAfter": compare("p.started_at", ">="),
        "finishedBefore": compare("p.ended_at", "<="),
        "finishedAfter": compare("p.ended_at", ">="),
        "executedActivityAfter": exists(_ACTIVITY, compare("a.started_at", ">=")),
        "executedActivityBefore": exists(_ACTIVITY, compare("a.started_at", "<=")),
        "executedJobAfter": exists(
            "SELECT 1 FROM job_log_of(p.id) l WHERE l.state = 'success' AND", compare("l.at", ">=")
        ),
        "executedJobBefore": exists(
            "SELECT 1 FROM job_log_of(p.id) l WHERE l.state = 'success' AND", compare("l.at", "<=")
        ),
        "startedBy": eq("p.started_by"),
        "superProcessInstanceId": eq("p.parent_id"),
        "subProcessInstanceId": exists("SELECT 1 FROM process_instance s WHERE s.parent_id = p.id AND", eq("s.id")),
        "superCaseInstanceId": nothing(),
        "subCaseInstanceId": nothing(),
        "caseInstanceId": nothing(),
        "activityIdIn": exists(_ACTIVITY, any_of("a.node")),
        "executedActivityIdIn": exists(f"{_ACTIVITY} a.ended_at IS NOT NULL AND", any_of("a.node")),
        "activeActivityIdIn": exists(f"{_ACTIVITY} a.ended_at IS NULL AND", any_of("a.node")),
        "active": when("p.state = 'ACTIVE'"),
        "suspended": when("p.state = 'SUSPENDED'"),
        "completed": when("p.state = 'COMPLETED'"),
        "externallyTerminated": when("p.state = 'EXTERNALLY_TERMINATED'"),
        "internallyTerminated": when("p.state = 'INTERNALLY_TERMINATED'"),
        "variables": _VARIABLES,
        **_VARIABLE_OPTIONS,
        **tenants("p.tenant_id"),
    },
)


async def delete_history(database: Database, instance_id: str) -> bool:
    """See `store.history.delete_instance`."""
    return await history.delete_instance(database, instance_id)


async def delete_variable_history(database: Database, instance_id: str) -> bool:
    """See `store.history.delete_variables`."""
    return await history.delete_variables(database, instance_id)
