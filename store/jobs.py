"""Jobs: timers, asynchronous continuations, work for workers, items of batches, while they are open; the history of
those of instances from the log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from interpreter.ids import split
from store.database import Database
from store.errors import InvalidQuery
from store.query.conditions import (
    NEVER,
    Filter,
    Filters,
    Sql,
    any_of,
    compare,
    eq,
    every,
    execution_text,
    id_in,
    id_is,
    id_text,
    nothing,
    option,
    tenants,
    when,
)
from store.query.log import LogResource
from store.query.resource import Resource

CALL = "call"
"""Kind of a job that is there only because a call activity could not start what it calls: it has no retries, and new
ones start it again."""

_SIGNS = {"gt": ">", "gteq": ">=", "lt": "<", "lteq": "<=", "eq": "=", "neq": "<>"}


def _moments(expression: str) -> Filter:
    def build(value: Sequence[Mapping[str, Any]], _: Filters) -> Sql | None:
        parts: list[Sql] = []
        for item in value:
            sign, moment = _SIGNS.get(item.get("operator") or ""), item.get("value")
            if sign is None or not isinstance(moment, datetime):
                raise InvalidQuery("Expected a list of {operator, value} with dates but it was another.")
            parts.append(Sql(f"{expression} {sign} %s", (moment,)))
        return every(parts) if parts else None

    return Filter("conditions", build)


@dataclass(frozen=True, slots=True)
class JobRow:
    """An open job. From `activity_id` on: what the facade needs besides Camunda's fields."""

    id: str
    job_definition_id: str | None
    due_date: datetime | None
    process_instance_id: str | None
    execution_id: str | None
    process_definition_id: str | None
    process_definition_key: str | None
    retries: int
    exception_message: str | None
    failed_activity_id: str | None
    suspended: bool
    priority: int
    tenant_id: str | None
    create_time: datetime
    activity_id: str | None
    kind: str
    type: str
    wait_key: int
    element_key: int
    batch_id: str | None


_DEFINITION = (
    "(SELECT jd.id FROM job_definition jd WHERE jd.definition_id = p.definition_id AND jd.node = j.node "
    "AND (jd.type LIKE 'timer%%') = (j.kind = 'timer') ORDER BY jd.id LIMIT 1)"
)
_OF_BATCH = ":batch"
"""What follows the id of a batch in the id of its job definition."""
_SUSPENDED = "(j.held OR coalesce(p.state = 'SUSPENDED', false))"
_EXECUTION = f"CASE WHEN j.bulk_id IS NULL THEN {execution_text('j')} END"


def _of_definition(value: str, filters: Filters) -> Sql | None:
    if value.endswith(_OF_BATCH):
        return Sql("j.bulk_id = %s", (value.removesuffix(_OF_BATCH),))
    return eq(_DEFINITION).build(value, filters)


def _of_execution(value: str, filters: Filters) -> Sql | None:
    condition = id_is("j", "element").build(value, filters)
    return condition and Sql(f"j.bulk_id IS NULL AND {condition.text}", condition.params)


JOBS: Resource[JobRow] = Resource(
    JobRow,
    columns={
        "id": id_text("j"),
        "job_definition_id": f"CASE WHEN j.bulk_id IS NULL THEN {_DEFINITION} ELSE j.bulk_id || '{_OF_BATCH}' END",
        "due_date": "j.due_at",
        "process_instance_id": "p.id",
        "execution_id": _EXECUTION,
        "process_definition_id": "p.definition_id",
        "process_definition_key": "p.definition_key",
        "retries": "j.retries",
        "exception_message": "j.message",
        "failed_activity_id": "CASE WHEN j.message IS NOT NULL THEN j.node END",
        "suspended": _SUSPENDED,
        "priority": "j.priority",
        "tenant_id": "p.tenant_id",
        "create_time": "j.created_at",
        "activity_id": "j.node",
        "kind": "j.kind",
        "type": "j.type",
        "wait_key": "j.key",
        "element_key": "j.element",
        "batch_id": "j.bulk_id",
    },
    source="any_job j LEFT JOIN process_instance p ON p.id = j.instance_id AND j.bulk_id IS NULL",
    identity=id_is("j"),
    order="j.instance_id, j.key",
    sorts={
        "jobId": id_text("j"),
        "executionId": _EXECUTION,
        "processInstanceId": "p.id",
        "processDefinitionId": "p.definition_id",
        "processDefinitionKey": "p.definition_key",
        "jobPriority": "j.priority",
        "jobRetries": "j.retries",
        "jobDueDate": "j.due_at",
        "tenantId": "p.tenant_id",
    },
    filters={
        "jobId": id_is("j"),
        "jobIds": id_in("j"),
        "jobDefinitionId": Filter("string", _of_definition),
        "processInstanceId": eq("p.id"),
        "processInstanceIds": any_of("p.id"),
        "executionId": Filter("string", _of_execution),
        "processDefinitionId": eq("p.definition_id"),
        "processDefinitionKey": eq("p.definition_key"),
        "activityId": eq("j.node"),
        "withRetriesLeft": when("j.retries > 0"),
        "noRetriesLeft": when("j.retries = 0"),
        "executable": when("j.retries > 0 AND (j.due_at IS NULL OR j.due_at <= now())"),
        "timers": when("j.kind = 'timer'"),
        "messages": when("j.kind <> 'timer'"),
        "dueDates": _moments("j.due_at"),
        "createTimes": _moments("j.created_at"),
        "withException": when("j.message IS NOT NULL"),
        "exceptionMessage": eq("j.message"),
        "failedActivityId": Filter("string", lambda v, _: Sql("j.message IS NOT NULL AND j.node = %s", (v,))),
        "active": when(f"NOT {_SUSPENDED}"),
        "suspended": when(_SUSPENDED),
        "acquired": when("false"),
        "priorityLowerThanOrEquals": compare("j.priority", "<=", "integer"),
        "priorityHigherThanOrEquals": compare("j.priority", ">=", "integer"),
        **tenants("p.tenant_id", "includeJobsWithoutTenantId"),
    },
)


async def stacktrace(database: Database, job_id: str) -> str | None:
    """What is known of a job's last failure."""
    try:
        instance_id, key = split(job_id)
    except ValueError:
        return None
    row = await database.fetch_one(
        "SELECT coalesce(i.details, i.message) AS text FROM incident i WHERE i.instance_id = %s AND i.wait = %s "
        "ORDER BY i.key DESC LIMIT 1",
        (instance_id, key),
    )
    if row is None:
        row = await database.fetch_one(
            "SELECT error AS text FROM bulk_item WHERE bulk_id = %s AND position = %s", (instance_id, key)
        )
    return row["text"] if row else None


@dataclass(frozen=True, slots=True)
class JobLogRow:
    """Something that happened to a job."""

    id: str
    timestamp: datetime
    removal_time: datetime | None
    job_id: str
    job_due_date: datetime | None
    job_retries: int
    job_priority: int
    job_exception_message: str | None
    failed_activity_id: str | None
    job_definition_id: str | None
    job_definition_type: str
    job_definition_configuration: str | None
    activity_id: str
    execution_id: str
    process_instance_id: str
    process_definition_id: str | None
    process_definition_key: str
    deployment_id: str | None
    root_process_instance_id: str
    tenant_id: str | None
    creation_log: bool
    failure_log: bool
    success_log: bool
    deletion_log: bool
    hostname: str | None = None
    batch_id: str | None = None


_LOG_JOB = "(p.id || ':' || j.key)"
_LOG_EXECUTION = "CASE WHEN j.element = 1 THEN p.id ELSE p.id || ':' || j.element END"


def _log_identity(value: str, _: Filters) -> Sql:
    instance_id, separator, number = value.rpartition(":l")
    if not separator or not number.isascii() or not number.isdigit() or len(number) > 18:
        return NEVER
    return Sql("p.id = %s AND j.sequence = %s", (instance_id, int(number)))


JOB_LOG: LogResource[JobLogRow] = LogResource(
    JobLogRow,
    time="timestamp",
    instant="j.at",
    columns={
        "id": "p.id || ':l' || j.sequence",
        "timestamp": "j.at",
        "removal_time": "p.removal_at",
        "job_id": _LOG_JOB,
        "job_due_date": "j.due_at",
        "job_retries": "j.retries",
        "job_priority": "j.priority",
        "job_exception_message": "j.message",
        "failed_activity_id": "CASE WHEN j.state = 'failed' THEN j.node END",
        "job_definition_id": _DEFINITION,
        "job_definition_type": "j.kind",
        "job_definition_configuration": "j.type",
        "activity_id": "j.node",
        "execution_id": _LOG_EXECUTION,
        "process_instance_id": "p.id",
        "process_definition_id": "p.definition_id",
        "process_definition_key": "p.definition_key",
        "deployment_id": "d.deployment_id",
        "root_process_instance_id": "p.root_id",
        "tenant_id": "p.tenant_id",
        "creation_log": "j.state = 'created'",
        "failure_log": "j.state = 'failed'",
        "success_log": "j.state = 'success'",
        "deletion_log": "j.state = 'deleted'",
    },
    source="process_instance p CROSS JOIN LATERAL job_log_of(p.id) j "
    "LEFT JOIN process_definition d ON d.id = p.definition_id",
    identity=Filter("string", _log_identity),
    order="p.id, j.sequence",
    sorts={
        "timestamp": "j.at",
        "jobId": _LOG_JOB,
        "jobDefinitionId": "j.kind",
        "jobDueDate": "j.due_at",
        "jobRetries": "j.retries",
        "jobPriority": "j.priority",
        "activityId": "j.node",
        "executionId": _LOG_EXECUTION,
        "processInstanceId": "p.id",
        "processDefinitionId": "p.definition_id",
        "processDefinitionKey": "p.definition_key",
        "deploymentId": "d.deployment_id",
        "hostname": "NULL::text",
        "occurrence": "j.sequence",
        "tenantId": "p.tenant_id",
    },
    filters={
        "logId": Filter("string", _log_identity),
        "jobId": id_is("j", instance="p.id"),
        "jobExceptionMessage": eq("j.message"),
        "jobDefinitionId": eq(_DEFINITION),
        "jobDefinitionType": eq("j.kind"),
        "jobDefinitionConfiguration": eq("j.type"),
        "activityIdIn": any_of("j.node"),
        "failedActivityIdIn": Filter(
            "strings", lambda value, _: Sql("j.state = 'failed' AND j.node = ANY(%s)", (list(value),))
        ),
        "executionIdIn": id_in("j", "element", instance="p.id"),
        "processInstanceId": eq("p.id"),
        "processDefinitionId": eq("p.definition_id"),
        "processDefinitionKey": eq("p.definition_key"),
        "deploymentId": eq("d.deployment_id"),
        "hostname": nothing(),
        "jobPriorityLowerThanOrEquals": compare("j.priority", "<=", "integer"),
        "jobPriorityHigherThanOrEquals": compare("j.priority", ">=", "integer"),
        "creationLog": when("j.state = 'created'"),
        "failureLog": when("j.state = 'failed'"),
        "successLog": when("j.state = 'success'"),
        "deletionLog": when("j.state = 'deleted'"),
        "withoutTenantId": option(),
        **tenants("p.tenant_id"),
    },
)


async def log_stacktrace(database: Database, log_id: str) -> str | None:
    """The text of a failure in the job log."""
    row = await JOB_LOG.get(database, log_id)
    if row is None or not row.failure_log:
        return None
    return await stacktrace(database, row.job_id) or row.job_exception_message
