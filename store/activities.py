"""Activity instances: the open ones as a tree, all of them as history."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from interpreter.ids import ROOT_KEY, element_id
from store.database import Database
from store.instances import DURATION
from store.query.conditions import compare, eq, execution_text, id_is, id_text, tenants, when
from store.query.resource import Resource


@dataclass(frozen=True, slots=True)
class HistoricActivityInstanceRow:
    """An activity instance, running or over."""

    id: str
    parent_activity_instance_id: str
    activity_id: str
    activity_name: str | None
    activity_type: str
    process_definition_key: str
    process_definition_id: str | None
    process_instance_id: str
    execution_id: str
    task_id: str | None
    assignee: str | None
    called_process_instance_id: str | None
    start_time: datetime
    end_time: datetime | None
    duration_in_millis: int | None
    canceled: bool
    complete_scope: bool
    tenant_id: str | None
    removal_time: datetime | None
    root_process_instance_id: str
    called_case_instance_id: str | None = None


# An end event that ends its scope: nothing else of the scope was open after it.
_COMPLETE_SCOPE = "a.type IN ('noneEndEvent', 'terminateEndEvent', 'cancelEndEvent')"

HISTORIC_ACTIVITY_INSTANCES: Resource[HistoricActivityInstanceRow] = Resource(
    HistoricActivityInstanceRow,
    columns={
        "id": id_text("a"),
        "parent_activity_instance_id": execution_text("a", "scope"),
        "activity_id": "a.node",
        "activity_name": "a.name",
        "activity_type": "a.type",
        "process_definition_key": "p.definition_key",
        "process_definition_id": "p.definition_id",
        "process_instance_id": "a.instance_id",
        "execution_id": id_text("a"),
        "task_id": "t.id",
        "assignee": "t.assignee",
        "called_process_instance_id": "a.called_id",
        "start_time": "a.started_at",
        "end_time": "a.ended_at",
        "duration_in_millis": DURATION.format("a"),
        "canceled": "a.canceled",
        "complete_scope": f"coalesce({_COMPLETE_SCOPE} AND a.ended_at IS NOT NULL, false)",
        "tenant_id": "p.tenant_id",
        "removal_time": "p.removal_at",
        "root_process_instance_id": "p.root_id",
    },
    source="activity_instance a JOIN process_instance p ON p.id = a.instance_id "
    "LEFT JOIN task t ON t.instance_id = a.instance_id AND t.element = a.key",
    identity=id_is("a"),
    order="a.instance_id, a.sequence",
    sorts={
        "activityInstanceId": id_text("a"),
        "instanceId": "a.instance_id",
        "executionId": id_text("a"),
        "activityId": "a.node",
        "activityName": "a.name",
        "activityType": "a.type",
        "startTime": "a.started_at",
        "endTime": "a.ended_at",
        "duration": "a.ended_at - a.started_at",
        "definitionId": "p.definition_id",
        "occurrence": "a.sequence",
        "tenantId": "p.tenant_id",
    },
    filters={
        "activityInstanceId": id_is("a"),
        "processInstanceId": eq("a.instance_id"),
        "processDefinitionId": eq("p.definition_id"),
        "executionId": id_is("a"),
        "activityId": eq("a.node"),
        "activityName": eq("a.name"),
        "activityType": eq("a.type"),
        "taskAssignee": eq("t.assignee"),
        "finished": when("a.ended_at IS NOT NULL"),
        "unfinished": when("a.ended_at IS NULL"),
        "canceled": when("a.canceled"),
        "completeScope": when(f"{_COMPLETE_SCOPE} AND a.ended_at IS NOT NULL"),
        "startedBefore": compare("a.started_at", "<="),
        "startedAfter": compare("a.started_at", ">="),
        "finishedBefore": compare("a.ended_at", "<="),
        "finishedAfter": compare("a.ended_at", ">="),
        **tenants("p.tenant_id"),
    },
)


@dataclass(frozen=True, slots=True)
class InstanceTree:
    """An open activity instance with the open ones inside it; the root is the process instance. `incidents` are
    (incident id, activity id) of open incidents at this very instance; `transitions` those of the children that wait
    for an asynchronous continuation, before they begin or after they ended."""

    id: str
    parent_activity_instance_id: str | None
    activity_id: str
    activity_name: str | None
    activity_type: str
    process_instance_id: str
    process_definition_id: str | None
    execution_ids: list[str]
    incidents: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    children: list[InstanceTree] = field(default_factory=list["InstanceTree"])
    transitions: list[InstanceTree] = field(default_factory=list["InstanceTree"])

    @property
    def incident_ids(self) -> list[str]:
        """Ids of the open incidents at this instance."""
        return [identifier for identifier, _ in self.incidents]


async def tree(database: Database, instance_id: str) -> InstanceTree | None:
    """The open activity instances of a running process instance, in order of activation; None if it is not running."""
    instance = await database.fetch_one(
        "SELECT p.definition_id, p.definition_key, d.name FROM process_instance p "
        "LEFT JOIN process_definition d ON d.id = p.definition_id WHERE p.id = %s AND p.ended_at IS NULL",
        (instance_id,),
    )
    if instance is None:
        return None
    definition = instance["definition_id"]
    root = InstanceTree(
        instance_id,
        None,
        definition or instance["definition_key"],
        instance["name"],
        "processDefinition",
        instance_id,
        definition,
        [instance_id],
    )
    nodes = {ROOT_KEY: root}
    rows = await database.fetch(
        "SELECT key, scope, node, name, type, false AS in_transition, sequence FROM activity_instance "
        "WHERE instance_id = %(id)s AND ended_at IS NULL "
        "UNION ALL SELECT j.key, j.element, j.node, c.nodes -> j.node ->> 0, c.nodes -> j.node ->> 1, true, j.sequence "
        "FROM job j JOIN process_instance p ON p.id = j.instance_id "
        "LEFT JOIN compiled_definition c ON c.hash = p.definition_hash "
        "WHERE j.instance_id = %(id)s AND j.kind IN ('async_before', 'async_after') ORDER BY sequence",
        {"id": instance_id},
    )
    for row in rows:
        identifier = element_id(instance_id, row["key"])
        nodes[row["key"]] = InstanceTree(
            identifier,
            element_id(instance_id, row["scope"]),
            row["node"],
            row["name"] or None,
            row["type"] or "",
            instance_id,
            definition,
            [identifier],
        )
    for row in rows:
        parent = nodes.get(row["scope"], root)
        (parent.transitions if row["in_transition"] else parent.children).append(nodes[row["key"]])
    for row in await database.fetch(
        "SELECT id, element, node FROM incident_anywhere WHERE instance_id = %s AND ended_at IS NULL "
        "AND root_id = (SELECT root_id FROM process_instance WHERE id = %s) ORDER BY key, id",
        (instance_id, instance_id),
    ):
        nodes.get(row["element"], root).incidents.append((row["id"], row["node"]))
    return root


async def open_waits(database: Database, instance_id: str, element: int) -> list[str]:
    """Ids of what waits at an element instance for nothing but to be told to go on (a receive task without message)."""
    rows = await database.fetch(
        "SELECT key FROM subscription WHERE instance_id = %s AND element = %s AND kind = 'open' ORDER BY key",
        (instance_id, element),
    )
    return [element_id(instance_id, row["key"]) for row in rows]
