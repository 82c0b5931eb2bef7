"""The list of open external tasks and their history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from store.query.conditions import (
    Filter,
    Filters,
    Sql,
    any_of,
    compare,
    eq,
    execution_text,
    id_in,
    id_is,
    id_text,
    like,
    option,
    tenants,
    when,
)
from store.query.log import LogResource
from store.query.resource import Resource
from store.query.variables import variables


@dataclass(frozen=True, slots=True)
class ExternalTaskRow:
    """An open external task. From `wait_key` on: not Camunda's."""

    activity_id: str
    activity_instance_id: str
    error_message: str | None
    execution_id: str
    id: str
    lock_expiration_time: datetime | None
    process_definition_id: str | None
    process_definition_key: str
    process_definition_version_tag: str | None
    process_instance_id: str
    tenant_id: str | None
    retries: int | None
    suspended: bool
    worker_id: str | None
    topic_name: str
    priority: int
    business_key: str | None
    create_time: datetime
    wait_key: int
    element_key: int


SOURCE = (
    "external_task e JOIN process_instance p ON p.id = e.instance_id "
    "LEFT JOIN process_definition d ON d.id = p.definition_id"
)
COLUMNS = {
    "activity_id": "e.node",
    "activity_instance_id": execution_text("e"),
    "error_message": "e.error_message",
    "execution_id": execution_text("e"),
    "id": id_text("e"),
    "lock_expiration_time": "e.locked_until",
    "process_definition_id": "p.definition_id",
    "process_definition_key": "p.definition_key",
    "process_definition_version_tag": "d.version_tag",
    "process_instance_id": "e.instance_id",
    "tenant_id": "p.tenant_id",
    "retries": "e.retries",
    "suspended": "p.state = 'SUSPENDED'",
    "worker_id": "e.worker",
    "topic_name": "e.topic",
    "priority": "e.priority",
    "business_key": "p.business_key",
    "create_time": "e.created_at",
    "wait_key": "e.key",
    "element_key": "e.element",
}

EXTERNAL_TASKS: Resource[ExternalTaskRow] = Resource(
    ExternalTaskRow,
    columns=COLUMNS,
    source=SOURCE,
    identity=id_is("e"),
    order="e.instance_id, e.key",
    sorts={
        "id": id_text("e"),
        "lockExpirationTime": "e.locked_until",
        "processInstanceId": "e.instance_id",
        "processDefinitionId": "p.definition_id",
        "processDefinitionKey": "p.definition_key",
        "taskPriority": "e.priority",
        "createTime": "e.created_at",
        "tenantId": "p.tenant_id",
    },
    filters={
        "externalTaskId": id_is("e"),
        "externalTaskIdIn": id_in("e"),
        "topicName": eq("e.topic"),
        "workerId": eq("e.worker"),
        "locked": when("e.locked_until > now()"),
        "notLocked": when("(e.locked_until IS NULL OR e.locked_until <= now())"),
        "withRetriesLeft": when("(e.retries IS NULL OR e.retries > 0)"),
        "noRetriesLeft": when("e.retries = 0"),
        "lockExpirationAfter": compare("e.locked_until", ">"),
        "lockExpirationBefore": compare("e.locked_until", "<"),
        "activityId": eq("e.node"),
        "activityIdIn": any_of("e.node"),
        "executionId": id_is("e", "element"),
        "processInstanceId": eq("e.instance_id"),
        "processInstanceIdIn": any_of("e.instance_id"),
        "processDefinitionId": eq("p.definition_id"),
        "processDefinitionKey": eq("p.definition_key"),
        "processDefinitionKeyIn": any_of("p.definition_key"),
        "processDefinitionName": eq("d.name"),
        "processDefinitionNameLike": like("d.name"),
        "active": when("p.state <> 'SUSPENDED'"),
        "suspended": when("p.state = 'SUSPENDED'"),
        "priorityHigherThanOrEquals": compare("e.priority", ">=", "integer"),
        "priorityLowerThanOrEquals": compare("e.priority", "<=", "integer"),
        "processVariables": variables("v.instance_id = e.instance_id AND v.scope = 1"),
        "variableNamesIgnoreCase": option(),
        "variableValuesIgnoreCase": option(),
        **tenants("p.tenant_id"),
    },
)


@dataclass(frozen=True, slots=True)
class ExternalTaskLogRow:
    """Something that happened to an external task."""

    id: str
    external_task_id: str
    timestamp: datetime
    topic_name: str
    worker_id: str | None
    retries: int | None
    priority: int
    error_message: str | None
    activity_id: str
    activity_instance_id: str
    execution_id: str
    process_instance_id: str
    process_definition_id: str | None
    process_definition_key: str
    tenant_id: str | None
    creation_log: bool
    failure_log: bool
    success_log: bool
    deletion_log: bool
    removal_time: datetime | None
    root_process_instance_id: str


def _of_entry(value: str, _: Filters) -> Sql:
    """An entry's id is '<instance id>:x<number of its event>' or '<instance id>:f<number of the failure>'."""
    return Sql("p.id = %s AND e.id = %s", (value.rpartition(":")[0], value))


_LOG_IDENTITY = Filter("string", _of_entry)
_LOG_TASK = "(p.id || ':' || e.key)"
_LOG_EXECUTION = "CASE WHEN e.element = 1 THEN p.id ELSE p.id || ':' || e.element END"

EXTERNAL_TASK_LOG: LogResource[ExternalTaskLogRow] = LogResource(
    ExternalTaskLogRow,
    time="timestamp",
    instant="e.at",
    columns={
        "id": "e.id",
        "external_task_id": _LOG_TASK,
        "timestamp": "e.at",
        "topic_name": "e.topic",
        "worker_id": "e.worker",
        "retries": "e.retries",
        "priority": "e.priority",
        "error_message": "e.error_message",
        "activity_id": "e.node",
        "activity_instance_id": _LOG_EXECUTION,
        "execution_id": _LOG_EXECUTION,
        "process_instance_id": "p.id",
        "process_definition_id": "p.definition_id",
        "process_definition_key": "p.definition_key",
        "tenant_id": "p.tenant_id",
        "creation_log": "e.state = 'created'",
        "failure_log": "e.state = 'failed'",
        "success_log": "e.state = 'success'",
        "deletion_log": "e.state = 'deleted'",
        "removal_time": "p.removal_at",
        "root_process_instance_id": "p.root_id",
    },
    source="process_instance p CROSS JOIN LATERAL external_task_log_of(p.id) e",
    identity=_LOG_IDENTITY,
    order="p.id, e.at, e.id",
    sorts={
        "timestamp": "e.at",
        "externalTaskId": _LOG_TASK,
        "topicName": "e.topic",
        "workerId": "e.worker",
        "retries": "e.retries",
        "priority": "e.priority",
        "activityId": "e.node",
        "activityInstanceId": _LOG_EXECUTION,
        "executionId": _LOG_EXECUTION,
        "processInstanceId": "p.id",
        "processDefinitionId": "p.definition_id",
        "processDefinitionKey": "p.definition_key",
        "tenantId": "p.tenant_id",
    },
    filters={
        "logId": _LOG_IDENTITY,
        "externalTaskId": id_is("e", instance="p.id"),
        "topicName": eq("e.topic"),
        "workerId": eq("e.worker"),
        "errorMessage": eq("e.error_message"),
        "activityIdIn": any_of("e.node"),
        "activityInstanceIdIn": id_in("e", "element", instance="p.id"),
        "executionIdIn": id_in("e", "element", instance="p.id"),
        "processInstanceId": eq("p.id"),
        "processDefinitionId": eq("p.definition_id"),
        "processDefinitionKey": eq("p.definition_key"),
        "priorityLowerThanOrEquals": compare("e.priority", "<=", "integer"),
        "priorityHigherThanOrEquals": compare("e.priority", ">=", "integer"),
        "creationLog": when("e.state = 'created'"),
        "failureLog": when("e.state = 'failed'"),
        "successLog": when("e.state = 'success'"),
        "deletionLog": when("e.state = 'deleted'"),
        **tenants("p.tenant_id"),
    },
)
