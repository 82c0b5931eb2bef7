"""The history of identity links: candidates as the model set them, and every change by people."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from store.query.conditions import Filter, Filters, Sql, compare, eq, tenants
from store.query.resource import Resource


@dataclass(frozen=True, slots=True)
class IdentityLinkLogRow:
    """A link that was added or deleted."""

    id: str
    time: datetime
    type: str
    user_id: str | None
    group_id: str | None
    task_id: str
    process_definition_id: str | None
    process_definition_key: str | None
    operation_type: str
    assigner_id: str | None
    tenant_id: str | None
    removal_time: datetime | None
    root_process_instance_id: str | None


# Links that came with the task stand in the event that opened it.
_INITIAL = """
    SELECT o.instance_id, o.instance_id || ':' || o.key || ':' || c.type || ':' || c.name AS id,
        o.instance_id || ':' || o.key AS task_id, o.at, c.type, CASE WHEN c.kind = 'user' THEN c.name END AS user_id,
        CASE WHEN c.kind = 'group' THEN c.name END AS group_id, 'add' AS operation, NULL::text AS assigner_id
    FROM opened_wait o CROSS JOIN LATERAL (
        SELECT 'candidate' AS type, 'user' AS kind, u.name
        FROM jsonb_array_elements_text(coalesce(o.wait -> 'candidate_users', '[]')) AS u (name)
        UNION ALL SELECT 'candidate', 'group', g.name
        FROM jsonb_array_elements_text(coalesce(o.wait -> 'candidate_groups', '[]')) AS g (name)
        UNION ALL SELECT 'assignee', 'user', o.wait ->> 'assignee' WHERE o.wait ->> 'assignee' IS NOT NULL
        UNION ALL SELECT 'owner', 'user', o.wait ->> 'owner' WHERE o.wait ->> 'owner' IS NOT NULL
    ) AS c WHERE o.wait_type = 'UserTaskWait'"""


def _of_task(value: str, _: Filters) -> Sql:
    """The instance alone is what the log can be looked up by."""
    return Sql("l.instance_id = %s AND l.task_id = %s", (re.sub(r":[^:]*$", "", value), value))


IDENTITY_LINK_LOG: Resource[IdentityLinkLogRow] = Resource(
    IdentityLinkLogRow,
    columns={
        "id": "l.id",
        "time": "l.at",
        "type": "l.type",
        "user_id": "l.user_id",
        "group_id": "l.group_id",
        "task_id": "l.task_id",
        "process_definition_id": "p.definition_id",
        "process_definition_key": "p.definition_key",
        "operation_type": "l.operation",
        "assigner_id": "l.assigner_id",
        "tenant_id": "p.tenant_id",
        "removal_time": "p.removal_at",
        "root_process_instance_id": "p.root_id",
    },
    source="(SELECT regexp_replace(task_id, ':[^:]*$', '') AS instance_id, id::text, task_id, at, type, "
    "user_id, group_id, operation, assigner_id FROM identity_link_log "
    f"UNION ALL {_INITIAL}) l LEFT JOIN task t ON t.id = l.task_id "
    "LEFT JOIN process_instance p ON p.id = t.instance_id",
    identity=eq("l.id"),
    order="l.at, l.id",
    sorts={
        "time": "l.at",
        "type": "l.type",
        "userId": "l.user_id",
        "groupId": "l.group_id",
        "taskId": "l.task_id",
        "processDefinitionId": "p.definition_id",
        "processDefinitionKey": "p.definition_key",
        "operationType": "l.operation",
        "assignerId": "l.assigner_id",
        "tenantId": "p.tenant_id",
    },
    filters={
        "type": eq("l.type"),
        "userId": eq("l.user_id"),
        "groupId": eq("l.group_id"),
        "dateBefore": compare("l.at", "<="),
        "dateAfter": compare("l.at", ">="),
        "taskId": Filter("string", _of_task),
        "processDefinitionId": eq("p.definition_id"),
        "processDefinitionKey": eq("p.definition_key"),
        "operationType": eq("l.operation"),
        "assignerId": eq("l.assigner_id"),
        **tenants("p.tenant_id"),
    },
)
