"""Decisions that were taken, inside processes and by request."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from store.database import Database
from store.json_text import dumps
from store.query.conditions import any_of, compare, eq, id_in, like, nothing, option, tenants
from store.query.resource import Resource


@dataclass(frozen=True, slots=True)
class DecisionInstanceRow:
    """A decision that was taken. `trace` holds inputs, outputs and rules as the evaluation told them."""

    id: str
    decision_definition_id: str | None
    decision_definition_key: str
    decision_definition_name: str | None
    evaluation_time: datetime
    removal_time: datetime | None
    process_definition_id: str | None
    process_definition_key: str | None
    process_instance_id: str | None
    activity_id: str | None
    activity_instance_id: str | None
    tenant_id: str | None
    user_id: str | None
    root_process_instance_id: str | None
    decision_requirements_definition_id: str | None
    decision_requirements_definition_key: str | None
    trace: Mapping[str, Any]
    root_decision_instance_id: str | None = None
    collect_result_value: float | None = None
    case_definition_id: str | None = None
    case_definition_key: str | None = None
    case_instance_id: str | None = None


DECISION_INSTANCES: Resource[DecisionInstanceRow] = Resource(
    DecisionInstanceRow,
    columns={
        "id": "i.id",
        "decision_definition_id": "d.id",
        "decision_definition_key": "i.decision",
        "decision_definition_name": "d.name",
        "evaluation_time": "i.evaluated_at",
        "removal_time": "p.removal_at",
        "process_definition_id": "p.definition_id",
        "process_definition_key": "p.definition_key",
        "process_instance_id": "i.instance_id",
        "activity_id": "i.node",
        "activity_instance_id": "CASE WHEN i.element IS NOT NULL THEN i.instance_id || ':' || i.element END",
        "tenant_id": "coalesce(p.tenant_id, i.tenant_id)",
        "user_id": "i.user_id",
        "root_process_instance_id": "p.root_id",
        "decision_requirements_definition_id": "d.requirements_id",
        "decision_requirements_definition_key": "d.requirements_key",
        "trace": "i.trace",
    },
    source="decision_instance i LEFT JOIN process_instance p ON p.id = i.instance_id "
    "LEFT JOIN decision_definition d ON d.id = coalesce(i.definition_id, i.trace ->> 'definition_id')",
    identity=eq("i.id"),
    order="i.id",
    sorts={"evaluationTime": "i.evaluated_at", "tenantId": "coalesce(p.tenant_id, i.tenant_id)"},
    filters={
        "decisionInstanceId": eq("i.id"),
        "decisionInstanceIdIn": any_of("i.id"),
        "decisionDefinitionId": eq("d.id"),
        "decisionDefinitionIdIn": any_of("d.id"),
        "decisionDefinitionKey": eq("i.decision"),
        "decisionDefinitionKeyIn": any_of("i.decision"),
        "decisionDefinitionName": eq("d.name"),
        "decisionDefinitionNameLike": like("d.name"),
        "processDefinitionId": eq("p.definition_id"),
        "processDefinitionKey": eq("p.definition_key"),
        "processInstanceId": eq("i.instance_id"),
        "activityIdIn": any_of("i.node"),
        "activityInstanceIdIn": id_in("i", "element"),
        "evaluatedBefore": compare("i.evaluated_at", "<="),
        "evaluatedAfter": compare("i.evaluated_at", ">="),
        "userId": eq("i.user_id"),
        "rootDecisionInstanceId": eq("i.id"),
        "rootDecisionInstancesOnly": option(),
        "decisionRequirementsDefinitionId": eq("d.requirements_id"),
        "decisionRequirementsDefinitionKey": eq("d.requirements_key"),
        "includeInputs": option(),
        "includeOutputs": option(),
        "disableBinaryFetching": option(),
        "disableCustomObjectDeserialization": option(),
        "caseDefinitionId": nothing(),
        "caseDefinitionKey": nothing(),
        "caseInstanceId": nothing(),
        **tenants("coalesce(p.tenant_id, i.tenant_id)"),
    },
)


async def add(
    database: Database,
    *,
    decision: str,
    definition_id: str,
    trace: Mapping[str, Any],
    user_id: str | None = None,
    tenant_id: str | None = None,
) -> str:
    """Keep a decision that was taken by request, outside any process; its id."""
    identifier = str(uuid.uuid4())
    await database.execute(
        "INSERT INTO decision_instance (id, decision, definition_id, evaluated_at, user_id, tenant_id, trace) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s::text::jsonb)",
        (identifier, decision, definition_id, datetime.now(UTC), user_id, tenant_id, dumps(dict(trace))),
    )
    return identifier
