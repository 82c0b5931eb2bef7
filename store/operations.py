"""The user operation log: who did what, one entry per changed property."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

from store.database import Connection, Database
from store.query.conditions import any_of, compare, eq, nothing
from store.query.resource import Resource

_CATEGORIES: Mapping[str, str] = {
    "Task": "TaskWorker",
    "IdentityLink": "TaskWorker",
    "Attachment": "TaskWorker",
    "Comment": "TaskWorker",
    "Filter": "TaskWorker",
    "Group membership": "Admin",
    "TenantMembership": "Admin",
    "TaskMetrics": "Admin",
    "User": "Admin",
    "Group": "Admin",
    "Tenant": "Admin",
    "Authorization": "Admin",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """What was done. Entries of one operation share `operation_id`."""

    type: str
    entity: str
    user_id: str | None = None
    operation_id: str | None = None
    property: str | None = None
    old_value: str | None = None
    new_value: str | None = None
    annotation: str | None = None
    deployment_id: str | None = None
    definition_id: str | None = None
    definition_key: str | None = None
    instance_id: str | None = None
    execution_id: str | None = None
    task_id: str | None = None
    external_task_id: str | None = None
    job_id: str | None = None
    job_definition_id: str | None = None
    batch_id: str | None = None
    tenant_id: str | None = None


_STATEMENT: LiteralString = (
    "INSERT INTO operation (operation_id, user_id, type, entity, category, property, old_value, new_value, "
    "annotation, deployment_id, definition_id, definition_key, instance_id, execution_id, task_id, "
    "external_task_id, job_id, job_definition_id, batch_id, tenant_id) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
)


async def record(connection: Connection, *entries: Entry) -> None:
    """Write entries in the caller's transaction. Operations without a user are not logged, as in Camunda."""
    for entry in entries:
        if entry.user_id is not None:
            await connection.execute(_STATEMENT, _values(entry))


def _values(entry: Entry) -> tuple[str | None, ...]:
    return (
        entry.operation_id or str(uuid.uuid4()),
        entry.user_id,
        entry.type,
        entry.entity,
        _CATEGORIES.get(entry.entity, "Operator"),
        entry.property,
        entry.old_value,
        entry.new_value,
        entry.annotation,
        entry.deployment_id,
        entry.definition_id,
        entry.definition_key,
        entry.instance_id,
        entry.execution_id,
        entry.task_id,
        entry.external_task_id,
        entry.job_id,
        entry.job_definition_id,
        entry.batch_id,
        entry.tenant_id,
    )


async def log_all(database: Database, entries: Sequence[Entry]) -> None:
    """Write entries on their own, all or none."""
    async with database.transaction() as connection:
        await record(connection, *entries)


async def annotate(database: Database, operation_id: str, annotation: str | None) -> bool:
    """Set or clear (None) the annotation of all entries of an operation; whether there are any."""
    return (
        await database.execute(
            "UPDATE operation SET annotation = %s WHERE operation_id = %s", (annotation, operation_id)
        )
        > 0
    )


async def delete(database: Database, entry_id: str) -> bool:
    """Remove one entry; whether there was one."""
    return (
        entry_id.isascii()
        and entry_id.isdigit()
        and await database.execute("DELETE FROM operation WHERE id = %s::bigint", (entry_id[:18],)) > 0
    )


@dataclass(frozen=True, slots=True)
class OperationRow:
    """An entry of the user operation log."""

    id: str
    user_id: str | None
    timestamp: datetime
    operation_id: str
    operation_type: str
    entity_type: str
    category: str | None
    annotation: str | None
    property: str | None
    org_value: str | None
    new_value: str | None
    deployment_id: str | None
    process_definition_id: str | None
    process_definition_key: str | None
    process_instance_id: str | None
    execution_id: str | None
    task_id: str | None
    external_task_id: str | None
    batch_id: str | None
    job_id: str | None
    job_definition_id: str | None
    removal_time: datetime | None
    root_process_instance_id: str | None
    case_definition_id: Any = None
    case_instance_id: Any = None
    case_execution_id: Any = None


OPERATIONS: Resource[OperationRow] = Resource(
    OperationRow,
    columns={
        "id": "o.id::text",
        "user_id": "o.user_id",
        "timestamp": "o.at",
        "operation_id": "o.operation_id",
        "operation_type": "o.type",
        "entity_type": "o.entity",
        "category": "o.category",
        "annotation": "o.annotation",
        "property": "o.property",
        "org_value": "o.old_value",
        "new_value": "o.new_value",
        "deployment_id": "o.deployment_id",
        "process_definition_id": "o.definition_id",
        "process_definition_key": "o.definition_key",
        "process_instance_id": "o.instance_id",
        "execution_id": "o.execution_id",
        "task_id": "o.task_id",
        "external_task_id": "o.external_task_id",
        "batch_id": "o.batch_id",
        "job_id": "o.job_id",
        "job_definition_id": "o.job_definition_id",
        "removal_time": "p.removal_at",
        "root_process_instance_id": "p.root_id",
    },
    source="operation o LEFT JOIN process_instance p ON p.id = o.instance_id",
    identity=eq("o.id::text"),
    order="o.id",
    sorts={"timestamp": "o.at"},
    filters={
        "deploymentId": eq("o.deployment_id"),
        "processDefinitionId": eq("o.definition_id"),
        "processDefinitionKey": eq("o.definition_key"),
        "processInstanceId": eq("o.instance_id"),
        "executionId": eq("o.execution_id"),
        "taskId": eq("o.task_id"),
        "externalTaskId": eq("o.external_task_id"),
        "batchId": eq("o.batch_id"),
        "jobId": eq("o.job_id"),
        "jobDefinitionId": eq("o.job_definition_id"),
        "userId": eq("o.user_id"),
        "operationId": eq("o.operation_id"),
        "operationType": eq("o.type"),
        "entityType": eq("o.entity"),
        "entityTypeIn": any_of("o.entity"),
        "category": eq("o.category"),
        "categoryIn": any_of("o.category"),
        "property": eq("o.property"),
        "afterTimestamp": compare("o.at", ">="),
        "beforeTimestamp": compare("o.at", "<="),
        "caseDefinitionId": nothing(),
        "caseInstanceId": nothing(),
        "caseExecutionId": nothing(),
    },
)
