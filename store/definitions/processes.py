"""Process definitions: versions, the compiled form by hash, the ways to start, job definitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from store.database import Database
from store.errors import Conflict, NotFound
from store.incidents import IDENTITY
from store.query.conditions import (
    any_of,
    compare,
    eq,
    exists,
    like,
    option,
    tenants,
    when,
)
from store.query.resource import Resource, Sort
from store.versions import latest_only, resource_of


@dataclass(frozen=True, slots=True)
class ProcessDefinitionRow:
    """A deployed process. `hash` and `profile` are not Camunda's."""

    id: str
    key: str
    category: str | None
    description: str | None
    name: str | None
    version: int
    resource: str
    deployment_id: str
    diagram: str | None
    suspended: bool
    tenant_id: str | None
    version_tag: str | None
    history_time_to_live: int | None
    startable_in_tasklist: bool
    hash: str
    profile: str
    suspended_jobs: Sequence[str]
    """Names (`interpreter.waits.job_name`) of jobs that are held back in new instances."""


_OPEN_INCIDENT = (
    "SELECT 1 FROM incident_anywhere i JOIN process_instance p ON p.id = i.instance_id "
    "WHERE p.definition_id = d.id AND i.ended_at IS NULL AND i.cause_ended_at IS NULL AND"
)


PROCESS_DEFINITIONS: Resource[ProcessDefinitionRow] = Resource(
    ProcessDefinitionRow,
    columns={
        "id": "d.id",
        "key": "d.key",
        "category": "d.category",
        "description": "d.description",
        "name": "d.name",
        "version": "d.version",
        "resource": "d.resource_name",
        "deployment_id": "d.deployment_id",
        "diagram": "d.diagram_name",
        "suspended": "d.suspended",
        "tenant_id": "d.tenant_id",
        "version_tag": "d.version_tag",
        "history_time_to_live": "d.history_ttl",
        "startable_in_tasklist": "d.startable_in_tasklist",
        "hash": "d.hash",
        "profile": "d.profile",
        "suspended_jobs": "ARRAY(SELECT j.node || CASE WHEN j.type LIKE 'timer%%' THEN '#timer' ELSE '' END "
        "FROM job_definition j WHERE j.definition_id = d.id AND j.suspended ORDER BY 1)",
    },
    source="process_definition d JOIN deployment y ON y.id = d.deployment_id",
    identity=eq("d.id"),
    order="d.id",
    sorts={
        "category": "d.category",
        "key": "d.key",
        "id": "d.id",
        "name": "d.name",
        "version": "d.version",
        "deploymentId": "d.deployment_id",
        "deployTime": "y.deployed_at",
        "tenantId": "d.tenant_id",
        "versionTag": "d.version_tag",
    },
    filters={
        "processDefinitionId": eq("d.id"),
        "processDefinitionIdIn": any_of("d.id"),
        "name": eq("d.name"),
        "nameLike": like("d.name"),
        "deploymentId": eq("d.deployment_id"),
        "deployedAfter": compare("y.deployed_at", ">"),
        "deployedAt": compare("y.deployed_at", "="),
        "key": eq("d.key"),
        "keysIn": any_of("d.key"),
        "keyLike": like("d.key"),
        "category": eq("d.category"),
        "categoryLike": like("d.category"),
        "version": eq("d.version", "integer"),
        "latestVersion": when(latest_only("process_definition", "d")),
        "resourceName": eq("d.resource_name"),
        "resourceNameLike": like("d.resource_name"),
        "startableBy": option("string"),
        "active": when("NOT d.suspended"),
        "suspended": when("d.suspended"),
        "incidentId": exists(_OPEN_INCIDENT, IDENTITY),
        "incidentType": exists(_OPEN_INCIDENT, eq("i.type")),
        "incidentMessage": exists(_OPEN_INCIDENT, eq("i.message")),
        "incidentMessageLike": exists(_OPEN_INCIDENT, like("i.message")),
        "versionTag": eq("d.version_tag"),
        "versionTagLike": like("d.version_tag"),
        "withoutVersionTag": when("d.version_tag IS NULL"),
        "startableInTasklist": when("d.startable_in_tasklist"),
        "notStartableInTasklist": when("NOT d.startable_in_tasklist"),
        "startablePermissionCheck": option(),
        **tenants("d.tenant_id", "includeProcessDefinitionsWithoutTenantId"),
    },
)


async def latest(database: Database, key: str, tenant_id: str | None = None) -> ProcessDefinitionRow | None:
    """The newest version of `key` for exactly this tenant (None: those without tenant)."""
    return await _first(database, {"key": key}, tenant_id)


async def by_version(
    database: Database, key: str, version: int, tenant_id: str | None = None
) -> ProcessDefinitionRow | None:
    """This version of `key`."""
    return await _first(database, {"key": key, "version": version}, tenant_id)


async def by_version_tag(
    database: Database, key: str, tag: str, tenant_id: str | None = None
) -> ProcessDefinitionRow | None:
    """The newest version of `key` with this tag."""
    return await _first(database, {"key": key, "versionTag": tag}, tenant_id)


async def in_deployment(database: Database, key: str, deployment_id: str) -> ProcessDefinitionRow | None:
    """The process `key` of one deployment."""
    rows = await PROCESS_DEFINITIONS.list(database, {"key": key, "deploymentId": deployment_id}, maximum=1)
    return rows[0] if rows else None


async def _first(database: Database, filters: Mapping[str, Any], tenant_id: str | None) -> ProcessDefinitionRow | None:
    tenant: Mapping[str, Any] = {"withoutTenantId": True} if tenant_id is None else {"tenantIdIn": [tenant_id]}
    rows = await PROCESS_DEFINITIONS.list(
        database, {**filters, **tenant}, [Sort("version", descending=True)], maximum=1
    )
    return rows[0] if rows else None


async def load(database: Database, definition_hash: str) -> dict[str, Any]:
    """The compiled definition as `interpreter.definition.dump_definition` made it. Raises `NotFound`."""
    row = await database.fetch_one("SELECT content FROM compiled_definition WHERE hash = %s", (definition_hash,))
    if row is None:
        raise NotFound(f"Expected a definition with hash {definition_hash!r} but none is deployed.")
    return row["content"]


async def source(database: Database, definition_id: str) -> tuple[str, bytes] | None:
    """Name and content of the resource that a process definition was read from."""
    return await resource_of(database, "process_definition", definition_id)


async def set_suspended(database: Database, definition_ids: Sequence[str], suspended: bool) -> int:
    """Instances of a suspended definition cannot be started; how many rows were there."""
    return await database.execute(
        "UPDATE process_definition SET suspended = %s WHERE id = ANY(%s)", (suspended, list(definition_ids))
    )


async def set_history_ttl(database: Database, definition_id: str, days: int | None) -> None:
    """How many days the history of ended instances is kept. Raises `NotFound`."""
    if not await database.execute(
        "UPDATE process_definition SET history_ttl = %s WHERE id = %s", (days, definition_id)
    ):
        raise NotFound(f"Expected a process definition with id '{definition_id}' but there is none.")


async def delete(database: Database, definition_id: str, cascade: bool = False) -> None:
    """Remove a process definition; its running instances are the caller's affair. Raises `NotFound`, and `Conflict`
    when instances run and `cascade` is false."""
    async with database.transaction() as connection:
        cursor = await connection.execute(
            "SELECT 1 FROM process_instance WHERE definition_id = %s AND ended_at IS NULL LIMIT 1", (definition_id,)
        )
        if not cascade and await cursor.fetchone() is not None:
            raise Conflict(f"Expected no running instance of '{definition_id}' but there are some.")
        cursor = await connection.execute("DELETE FROM process_definition WHERE id = %s", (definition_id,))
        if cursor.rowcount == 0:
            raise NotFound(f"Expected a process definition with id '{definition_id}' but there is none.")


ANY_TENANT = "*"
"""In place of a tenant: whichever."""


@dataclass(frozen=True, slots=True)
class StartSubscriptionRow:
    """A way to start the latest version of a process from outside."""

    definition_id: str
    definition_key: str
    definition_hash: str
    tenant_id: str | None
    node: str
    kind: str
    name: str | None
    spec: Mapping[str, Any]


async def start_subscriptions(
    database: Database,
    kind: str,
    name: str | None = None,
    *,
    tenant: str | None = ANY_TENANT,
    definition_id: str | None = None,
) -> list[StartSubscriptionRow]:
    """Starts of `kind` (message, signal, timer, conditional) that are live: of the latest versions, not suspended; of
    exactly this tenant if one is given (None: without tenant). With `definition_id` those of that definition only."""
    conditions = ["s.kind = %s"]
    params: list[Any] = [kind]
    if name is not None:
        conditions.append("s.name = %s")
        params.append(name)
    if tenant is not ANY_TENANT:
        conditions.append("d.tenant_id IS NOT DISTINCT FROM %s")
        params.append(tenant)
    if definition_id is not None:
        conditions.append("d.id = %s")
        params.append(definition_id)
    else:
        conditions += ["NOT d.suspended", latest_only("process_definition", "d")]
    rows = await database.fetch(
        "SELECT d.id AS definition_id, d.key AS definition_key, d.hash AS definition_hash, d.tenant_id, "
        "s.node, s.kind, s.name, s.spec "
        "FROM start_subscription s JOIN process_definition d ON d.id = s.definition_id "
        f"WHERE {' AND '.join(conditions)} ORDER BY d.key, d.tenant_id, s.node",
        params,
    )
    return [StartSubscriptionRow(**row) for row in rows]


@dataclass(frozen=True, slots=True)
class JobDefinitionRow:
    """A place in a process where jobs come from."""

    id: str
    process_definition_id: str
    process_definition_key: str
    activity_id: str
    job_type: str
    job_configuration: str | None
    overriding_job_priority: int | None
    suspended: bool
    tenant_id: str | None
    deployment_id: str


JOB_DEFINITIONS: Resource[JobDefinitionRow] = Resource(
    JobDefinitionRow,
    columns={
        "id": "j.id",
        "process_definition_id": "d.id",
        "process_definition_key": "d.key",
        "activity_id": "j.node",
        "job_type": "j.type",
        "job_configuration": "j.configuration",
        "overriding_job_priority": "j.priority",
        "suspended": "j.suspended",
        "tenant_id": "d.tenant_id",
        "deployment_id": "d.deployment_id",
    },
    source="job_definition j JOIN process_definition d ON d.id = j.definition_id",
    identity=eq("j.id"),
    order="j.id",
    sorts={
        "jobDefinitionId": "j.id",
        "activityId": "j.node",
        "processDefinitionId": "d.id",
        "processDefinitionKey": "d.key",
        "jobType": "j.type",
        "jobConfiguration": "j.configuration",
        "tenantId": "d.tenant_id",
    },
    filters={
        "jobDefinitionId": eq("j.id"),
        "activityIdIn": any_of("j.node"),
        "processDefinitionId": eq("d.id"),
        "processDefinitionKey": eq("d.key"),
        "jobType": eq("j.type"),
        "jobConfiguration": eq("j.configuration"),
        "active": when("NOT j.suspended"),
        "suspended": when("j.suspended"),
        "withOverridingJobPriority": when("j.priority IS NOT NULL"),
        **tenants("d.tenant_id", "includeJobDefinitionsWithoutTenantId"),
    },
)


async def set_job_definition(
    database: Database,
    ids: Sequence[str],
    *,
    suspended: bool | None = None,
    priority: int | None = None,
    clear_priority: bool = False,
) -> int:
    """Change job definitions; how many there were."""
    return await database.execute(
        "UPDATE job_definition SET suspended = coalesce(%s, suspended), "
        "priority = CASE WHEN %s THEN NULL ELSE coalesce(%s, priority) END WHERE id = ANY(%s)",
        (suspended, clear_priority, priority, list(ids)),
    )
