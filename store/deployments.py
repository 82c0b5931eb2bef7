"""Deployments: resources that came together, and the versions of processes, decisions and forms that they brought."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import LiteralString, cast

from store.database import Connection, Database
from store.decisions import DECISION_DEFINITIONS, DECISION_REQUIREMENTS, DecisionDefinitionRow, DecisionRequirementsRow
from store.definitions import PROCESS_DEFINITIONS, ProcessDefinitionRow
from store.errors import Conflict
from store.json_text import dumps
from store.new_definitions import NewDecision, NewForm, NewProcess, NewRequirements, NewResource
from store.query.conditions import compare, eq, like, tenants, when
from store.query.resource import Resource, Sort

_LOCK = 0x0571_DE90  # deployments come one after another, so that versions have no gaps and no doubles
_MAX_ID = 64


@dataclass(frozen=True, slots=True)
class DeploymentRow:
    """A deployment."""

    id: str
    tenant_id: str | None
    deployment_time: datetime
    source: str | None
    name: str | None


DEPLOYMENTS: Resource[DeploymentRow] = Resource(
    DeploymentRow,
    columns={
        "id": "y.id",
        "tenant_id": "y.tenant_id",
        "deployment_time": "y.deployed_at",
        "source": "y.source",
        "name": "y.name",
    },
    source="deployment y",
    identity=eq("y.id"),
    order="y.id",
    sorts={"id": "y.id", "name": "y.name", "deploymentTime": "y.deployed_at", "tenantId": "y.tenant_id"},
    filters={
        "id": eq("y.id"),
        "name": eq("y.name"),
        "nameLike": like("y.name"),
        "source": eq("y.source"),
        "withoutSource": when("y.source IS NULL"),
        "after": compare("y.deployed_at", ">"),
        "before": compare("y.deployed_at", "<"),
        **tenants("y.tenant_id", "includeDeploymentsWithoutTenantId"),
    },
)


@dataclass(frozen=True, slots=True)
class DeploymentResult:
    """`created` is false when all of it was there: `deployment` is the earlier one then and the lists are empty."""

    deployment: DeploymentRow
    created: bool
    process_definitions: list[ProcessDefinitionRow] = field(default_factory=list[ProcessDefinitionRow])
    decision_definitions: list[DecisionDefinitionRow] = field(default_factory=list[DecisionDefinitionRow])
    decision_requirements: list[DecisionRequirementsRow] = field(default_factory=list[DecisionRequirementsRow])


async def create(
    database: Database,
    *,
    name: str | None = None,
    source: str | None = None,
    tenant_id: str | None = None,
    resources: Sequence[NewResource],
    processes: Sequence[NewProcess] = (),
    decisions: Sequence[NewDecision] = (),
    requirements: Sequence[NewRequirements] = (),
    forms: Sequence[NewForm] = (),
    duplicate_filtering: bool = False,
    deploy_changed_only: bool = False,
    now: datetime | None = None,
) -> DeploymentResult:
    """Deploy: one new version of every definition.

    With `duplicate_filtering` nothing happens when the latest deployment of that name has the same resources; with
    `deploy_changed_only` only those are deployed that differ from their latest namesake in deployments of that name.
    """
    async with database.transaction() as connection:
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        if duplicate_filtering or deploy_changed_only:
            earlier, known = await _latest_resources(connection, name, tenant_id, each=deploy_changed_only)
            changed = {item.name for item in resources if known.get(item.name) != item.digest}
            if earlier is not None and not changed:
                return DeploymentResult(earlier, created=False)
            if deploy_changed_only:
                resources = [item for item in resources if item.name in changed]
        kept = {item.name for item in resources}
        deployment = DeploymentRow(str(uuid.uuid4()), tenant_id, now or datetime.now(UTC), source, name)
        await connection.execute(
            "INSERT INTO deployment (id, name, source, deployed_at, tenant_id) VALUES (%s, %s, %s, %s, %s)",
            (deployment.id, name, source, deployment.deployment_time, tenant_id),
        )
        for item in resources:
            await connection.execute(
                "INSERT INTO deployment_resource (id, deployment_id, name, content, digest) "
                "VALUES (%s, %s, %s, %s, %s)",
                (str(uuid.uuid4()), deployment.id, item.name, item.content, item.digest),
            )
        for process in processes:
            if process.resource_name in kept:
                await _insert_process(connection, deployment, process)
        graphs: dict[str, str] = {}
        for graph in requirements:
            if graph.resource_name in kept:
                graphs[graph.key] = await _insert_requirements(connection, deployment, graph)
        for decision in decisions:
            if decision.resource_name in kept:
                await _insert_decision(connection, deployment, decision, graphs)
        for form in forms:
            if form.resource_name in kept:
                identifier, version = await _next(connection, "form_definition", form.key, tenant_id)
                await connection.execute(
                    "INSERT INTO form_definition (id, key, version, deployment_id, resource_name, tenant_id) "
                    "VALUES (%s, %s, %s, %s, %s, %s)",
                    (identifier, form.key, version, deployment.id, form.resource_name, tenant_id),
                )
    mine = {"deploymentId": deployment.id}
    return DeploymentResult(
        deployment,
        created=True,
        process_definitions=await PROCESS_DEFINITIONS.list(database, mine, [Sort("key")]),
        decision_definitions=await DECISION_DEFINITIONS.list(database, mine, [Sort("key")]),
        decision_requirements=await DECISION_REQUIREMENTS.list(database, mine, [Sort("key")]),
    )


async def _latest_resources(
    connection: Connection, name: str | None, tenant_id: str | None, *, each: bool
) -> tuple[DeploymentRow | None, dict[str, bytes]]:
    """The latest deployment of that name and the digests of its resources; `each`: of the latest of every file name."""
    cursor = await connection.execute(
        "SELECT id, tenant_id, deployed_at AS deployment_time, source, name FROM deployment "
        "WHERE name IS NOT DISTINCT FROM %s AND tenant_id IS NOT DISTINCT FROM %s ORDER BY deployed_at DESC LIMIT 1",
        (name, tenant_id),
    )
    row = await cursor.fetchone()
    if row is None:
        return None, {}
    earlier = DeploymentRow(**row)
    if each:
        cursor = await connection.execute(
            "SELECT DISTINCT ON (r.name) r.name, r.digest FROM deployment_resource r "
            "JOIN deployment y ON y.id = r.deployment_id "
            "WHERE y.name IS NOT DISTINCT FROM %s AND y.tenant_id IS NOT DISTINCT FROM %s "
            "ORDER BY r.name, y.deployed_at DESC",
            (name, tenant_id),
        )
    else:
        cursor = await connection.execute(
            "SELECT name, digest FROM deployment_resource WHERE deployment_id = %s", (earlier.id,)
        )
    return earlier, {item["name"]: bytes(item["digest"]) for item in await cursor.fetchall()}


async def _next(connection: Connection, table: str, key: str, tenant_id: str | None) -> tuple[str, int]:
    """Id and number of the next version of `key`."""
    statement = f"SELECT max(version) AS n FROM {table} WHERE key = %s AND coalesce(tenant_id, '') = coalesce(%s, '')"
    cursor = await connection.execute(cast(LiteralString, statement), (key, tenant_id))
    row = await cursor.fetchone()
    version = ((row["n"] if row else None) or 0) + 1
    unique = str(uuid.uuid4())
    identifier = f"{key}:{version}:{unique}"
    return (identifier if len(identifier) <= _MAX_ID else unique), version


async def _insert_process(connection: Connection, deployment: DeploymentRow, process: NewProcess) -> None:
    await connection.execute(
        "INSERT INTO compiled_definition (hash, content, nodes) VALUES (%s, %s::text::json, %s::text::jsonb) "
        "ON CONFLICT (hash) DO NOTHING",
        (process.hash, dumps(process.content), dumps({node: list(info) for node, info in process.nodes.items()})),
    )
    identifier, version = await _next(connection, "process_definition", process.key, deployment.tenant_id)
    await connection.execute(
        "INSERT INTO process_definition (id, key, version, name, version_tag, category, description, hash, profile, "
        "deployment_id, resource_name, diagram_name, tenant_id, history_ttl, startable_in_tasklist) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            identifier,
            process.key,
            version,
            process.name,
            process.version_tag,
            process.category,
            process.description,
            process.hash,
            process.profile,
            deployment.id,
            process.resource_name,
            process.diagram_name,
            deployment.tenant_id,
            process.history_ttl,
            process.startable_in_tasklist,
        ),
    )
    for start in process.starts:
        await connection.execute(
            "INSERT INTO start_subscription (definition_id, node, kind, name, spec) "
            "VALUES (%s, %s, %s, %s, %s::text::jsonb) ON CONFLICT DO NOTHING",
            (identifier, start.node, start.kind, start.name, dumps(dict(start.spec))),
        )
    for job in process.jobs:
        await connection.execute(
            "INSERT INTO job_definition (id, definition_id, node, type, configuration) VALUES (%s, %s, %s, %s, %s)",
            (str(uuid.uuid4()), identifier, job.node, job.type, job.configuration),
        )


async def _insert_requirements(connection: Connection, deployment: DeploymentRow, graph: NewRequirements) -> str:
    identifier, version = await _next(connection, "decision_requirements", graph.key, deployment.tenant_id)
    await connection.execute(
        "INSERT INTO decision_requirements (id, key, version, name, category, deployment_id, resource_name, tenant_id) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        (
            identifier,
            graph.key,
            version,
            graph.name,
            graph.category,
            deployment.id,
            graph.resource_name,
            deployment.tenant_id,
        ),
    )
    return identifier


async def _insert_decision(
    connection: Connection, deployment: DeploymentRow, decision: NewDecision, graphs: Mapping[str, str]
) -> None:
    identifier, version = await _next(connection, "decision_definition", decision.key, deployment.tenant_id)
    key = decision.requirements_key
    await connection.execute(
        "INSERT INTO decision_definition (id, key, version, name, version_tag, category, deployment_id, resource_name, "
        "requirements_id, requirements_key, tenant_id, history_ttl) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            identifier,
            decision.key,
            version,
            decision.name,
            decision.version_tag,
            decision.category,
            deployment.id,
            decision.resource_name,
            graphs.get(key) if key else None,
            key,
            deployment.tenant_id,
            decision.history_ttl,
        ),
    )


@dataclass(frozen=True, slots=True)
class ResourceRow:
    """A resource of a deployment."""

    id: str
    name: str
    deployment_id: str


async def resources(database: Database, deployment_id: str) -> list[ResourceRow]:
    """The resources of a deployment, by name."""
    rows = await database.fetch(
        "SELECT id, name, deployment_id FROM deployment_resource WHERE deployment_id = %s ORDER BY name",
        (deployment_id,),
    )
    return [ResourceRow(**row) for row in rows]


async def resource_content(database: Database, deployment_id: str, resource_id: str) -> tuple[str, bytes] | None:
    """Name and bytes of a resource."""
    row = await database.fetch_one(
        "SELECT name, content FROM deployment_resource WHERE deployment_id = %s AND id = %s",
        (deployment_id, resource_id),
    )
    return (row["name"], bytes(row["content"])) if row else None


async def delete(database: Database, deployment_id: str, cascade: bool = False) -> bool:
    """Remove a deployment and its definitions; whether there was one. Raises `Conflict` when instances run and
    `cascade` is false; ending them first is the caller's affair."""
    async with database.transaction() as connection:
        cursor = await connection.execute(
            "SELECT 1 FROM process_instance p JOIN process_definition d ON d.id = p.definition_id "
            "WHERE d.deployment_id = %s AND p.ended_at IS NULL LIMIT 1",
            (deployment_id,),
        )
        if not cascade and await cursor.fetchone() is not None:
            raise Conflict(f"Expected no running instance of deployment '{deployment_id}' but there are some.")
        cursor = await connection.execute("DELETE FROM deployment WHERE id = %s", (deployment_id,))
        return cursor.rowcount > 0
