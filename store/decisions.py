"""Decisions, their requirements graphs, and forms: what was deployed beside processes, by version and binding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from store.database import Database
from store.errors import NotFound
from store.query.conditions import Filter, any_of, compare, eq, like, tenants, when
from store.query.resource import Resource
from store.versions import latest_only, resource_of


@dataclass(frozen=True, slots=True)
class DecisionRequirementsRow:
    """A deployed decision requirements graph."""

    id: str
    key: str
    category: str | None
    name: str | None
    version: int
    resource: str
    deployment_id: str
    tenant_id: str | None


_REQUIREMENTS_FILTERS: Mapping[str, Filter] = {
    "decisionRequirementsDefinitionId": eq("d.id"),
    "decisionRequirementsDefinitionIdIn": any_of("d.id"),
    "name": eq("d.name"),
    "nameLike": like("d.name"),
    "deploymentId": eq("d.deployment_id"),
    "key": eq("d.key"),
    "keyLike": like("d.key"),
    "category": eq("d.category"),
    "categoryLike": like("d.category"),
    "version": eq("d.version", "integer"),
    "latestVersion": when(latest_only("decision_requirements", "d")),
    "resourceName": eq("d.resource_name"),
    "resourceNameLike": like("d.resource_name"),
    **tenants("d.tenant_id", "includeDecisionRequirementsDefinitionsWithoutTenantId"),
}

DECISION_REQUIREMENTS: Resource[DecisionRequirementsRow] = Resource(
    DecisionRequirementsRow,
    columns={
        "id": "d.id",
        "key": "d.key",
        "category": "d.category",
        "name": "d.name",
        "version": "d.version",
        "resource": "d.resource_name",
        "deployment_id": "d.deployment_id",
        "tenant_id": "d.tenant_id",
    },
    source="decision_requirements d",
    identity=eq("d.id"),
    order="d.id",
    sorts={
        "id": "d.id",
        "key": "d.key",
        "name": "d.name",
        "version": "d.version",
        "deploymentId": "d.deployment_id",
        "category": "d.category",
        "tenantId": "d.tenant_id",
    },
    filters=_REQUIREMENTS_FILTERS,
)


@dataclass(frozen=True, slots=True)
class DecisionDefinitionRow:
    """A deployed decision."""

    id: str
    key: str
    category: str | None
    name: str | None
    version: int
    resource: str
    deployment_id: str
    tenant_id: str | None
    decision_requirements_definition_id: str | None
    decision_requirements_definition_key: str | None
    history_time_to_live: int | None
    version_tag: str | None


DECISION_DEFINITIONS: Resource[DecisionDefinitionRow] = Resource(
    DecisionDefinitionRow,
    columns={
        "id": "d.id",
        "key": "d.key",
        "category": "d.category",
        "name": "d.name",
        "version": "d.version",
        "resource": "d.resource_name",
        "deployment_id": "d.deployment_id",
        "tenant_id": "d.tenant_id",
        "decision_requirements_definition_id": "d.requirements_id",
        "decision_requirements_definition_key": "d.requirements_key",
        "history_time_to_live": "d.history_ttl",
        "version_tag": "d.version_tag",
    },
    source="decision_definition d JOIN deployment y ON y.id = d.deployment_id",
    identity=eq("d.id"),
    order="d.id",
    sorts={
        "category": "d.category",
        "decisionRequirementsDefinitionKey": "d.requirements_key",
        "key": "d.key",
        "id": "d.id",
        "name": "d.name",
        "version": "d.version",
        "deploymentId": "d.deployment_id",
        "deployTime": "y.deployed_at",
        "versionTag": "d.version_tag",
        "tenantId": "d.tenant_id",
    },
    filters={
        "decisionDefinitionId": eq("d.id"),
        "decisionDefinitionIdIn": any_of("d.id"),
        "name": eq("d.name"),
        "nameLike": like("d.name"),
        "deploymentId": eq("d.deployment_id"),
        "deployedAfter": compare("y.deployed_at", ">"),
        "deployedAt": compare("y.deployed_at", "="),
        "key": eq("d.key"),
        "keyLike": like("d.key"),
        "category": eq("d.category"),
        "categoryLike": like("d.category"),
        "version": eq("d.version", "integer"),
        "latestVersion": when(latest_only("decision_definition", "d")),
        "resourceName": eq("d.resource_name"),
        "resourceNameLike": like("d.resource_name"),
        "decisionRequirementsDefinitionId": eq("d.requirements_id"),
        "decisionRequirementsDefinitionKey": eq("d.requirements_key"),
        "withoutDecisionRequirementsDefinition": when("d.requirements_id IS NULL"),
        "versionTag": eq("d.version_tag"),
        "versionTagLike": like("d.version_tag"),
        **tenants("d.tenant_id", "includeDecisionDefinitionsWithoutTenantId"),
    },
)


async def latest_decision(database: Database, key: str, tenant_id: str | None = None) -> DecisionDefinitionRow | None:
    """The newest version of the decision `key` for exactly this tenant."""
    return await _decision(database, "d.key = %s AND d.tenant_id IS NOT DISTINCT FROM %s", (key, tenant_id))


async def decision_by_version(
    database: Database, key: str, version: int, tenant_id: str | None = None
) -> DecisionDefinitionRow | None:
    """This version of the decision `key`."""
    return await _decision(
        database, "d.key = %s AND d.version = %s AND d.tenant_id IS NOT DISTINCT FROM %s", (key, version, tenant_id)
    )


async def decision_by_version_tag(
    database: Database, key: str, tag: str, tenant_id: str | None = None
) -> DecisionDefinitionRow | None:
    """The newest version of the decision `key` with this tag."""
    return await _decision(
        database, "d.key = %s AND d.version_tag = %s AND d.tenant_id IS NOT DISTINCT FROM %s", (key, tag, tenant_id)
    )


async def decision_in_deployment(database: Database, key: str, deployment_id: str) -> DecisionDefinitionRow | None:
    """The decision `key` of one deployment."""
    return await _decision(database, "d.key = %s AND d.deployment_id = %s", (key, deployment_id))


async def _decision(database: Database, condition: str, params: tuple[Any, ...]) -> DecisionDefinitionRow | None:
    row = await database.fetch_one(
        f"SELECT d.id FROM decision_definition d WHERE {condition} ORDER BY d.version DESC LIMIT 1", params
    )
    return await DECISION_DEFINITIONS.get(database, row["id"]) if row else None


async def latest_form(database: Database, key: str, tenant_id: str | None = None) -> tuple[str, bytes] | None:
    """Name and content of the newest version of the form `key` for exactly this tenant."""
    return await _form(database, "d.key = %s AND d.tenant_id IS NOT DISTINCT FROM %s", (key, tenant_id))


async def form_by_version(
    database: Database, key: str, version: int, tenant_id: str | None = None
) -> tuple[str, bytes] | None:
    """This version of the form `key`."""
    return await _form(
        database, "d.key = %s AND d.version = %s AND d.tenant_id IS NOT DISTINCT FROM %s", (key, version, tenant_id)
    )


async def form_in_deployment(database: Database, key: str, deployment_id: str) -> tuple[str, bytes] | None:
    """The form `key` of one deployment."""
    return await _form(database, "d.key = %s AND d.deployment_id = %s", (key, deployment_id))


async def _form(database: Database, condition: str, params: tuple[Any, ...]) -> tuple[str, bytes] | None:
    row = await database.fetch_one(
        f"SELECT d.id FROM form_definition d WHERE {condition} ORDER BY d.version DESC LIMIT 1", params
    )
    return await resource_of(database, "form_definition", row["id"]) if row else None


async def decision_source(database: Database, definition_id: str) -> tuple[str, bytes] | None:
    """Name and content of the resource that a decision definition was read from."""
    return await resource_of(database, "decision_definition", definition_id)


async def requirements_source(database: Database, definition_id: str) -> tuple[str, bytes] | None:
    """Name and content of the resource that a decision requirements definition was read from."""
    return await resource_of(database, "decision_requirements", definition_id)


async def set_decision_history_ttl(database: Database, definition_id: str, days: int | None) -> None:
    """The same for a decision definition. Raises `NotFound`."""
    if not await database.execute(
        "UPDATE decision_definition SET history_ttl = %s WHERE id = %s", (days, definition_id)
    ):
        raise NotFound(f"Expected a decision definition with id '{definition_id}' but there is none.")
