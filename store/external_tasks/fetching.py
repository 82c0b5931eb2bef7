"""Fetch and lock: workers take tasks of their topics, each task to one worker, without waiting for each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, LiteralString, cast

from store.database import Connection, Database
from store.errors import InvalidQuery
from store.external_tasks.queries import COLUMNS, SOURCE
from store.query.conditions import Sql, every, execution_text
from store.query.resource import Sort
from store.query.variables import condition, exists_variable
from store.variables import VariableRow

MAX_TASKS = 1000
"""No fetch locks more, whatever was asked for."""

_MAX_TOPICS = 500


@dataclass(frozen=True, slots=True)
class Topic:
    """What a worker wants of a topic. `lock_duration` in ms; `variables` None: all; `process_variables` {name: value}
    that the process instance must have."""

    name: str
    lock_duration: int
    variables: Sequence[str] | None = None
    local_variables: bool = False
    business_key: str | None = None
    process_definition_id: str | None = None
    process_definition_id_in: Sequence[str] = ()
    process_definition_key: str | None = None
    process_definition_key_in: Sequence[str] = ()
    process_definition_version_tag: str | None = None
    without_tenant_id: bool = False
    tenant_id_in: Sequence[str] = ()
    process_variables: Mapping[str, Any] | None = None
    include_extension_properties: bool = False


@dataclass(frozen=True, slots=True)
class LockedTask:
    """A task as its worker gets it."""

    activity_id: str
    activity_instance_id: str
    error_message: str | None
    error_details: str | None
    execution_id: str
    id: str
    lock_expiration_time: datetime
    process_definition_id: str | None
    process_definition_key: str
    process_definition_version_tag: str | None
    process_instance_id: str
    tenant_id: str | None
    retries: int | None
    suspended: bool
    worker_id: str
    priority: int
    topic_name: str
    business_key: str | None
    create_time: datetime
    variables: dict[str, VariableRow] = field(default_factory=dict[str, VariableRow])
    extension_properties: dict[str, Any] = field(default_factory=dict[str, Any])


_RETURNED = (*COLUMNS, "error_details")
_SELECTED = ", ".join(f"{sql} AS {name}" for name, sql in COLUMNS.items())
_ORDERS = {"createTime": "e.created_at"}


async def fetch_and_lock(
    database: Database,
    worker_id: str,
    max_tasks: int,
    topics: Sequence[Topic],
    use_priority: bool = False,
    sorting: Sequence[Sort] = (),
) -> list[LockedTask]:
    """Lock up to `max_tasks` tasks that are free, have retries left and belong to instances that are not suspended.

    Without `sorting` and priority the oldest come first. Raises `InvalidQuery`.
    """
    if not topics or max_tasks <= 0:
        return []
    if len(topics) > _MAX_TOPICS:
        raise InvalidQuery(f"Expected at most {_MAX_TOPICS} topics but there are {len(topics)}.")
    wanted = [_condition(topic) for topic in topics]
    number = Sql(
        "CASE " + " ".join(f"WHEN {part.text} THEN {index}" for index, part in enumerate(wanted)) + " END",
        tuple(value for part in wanted for value in part.params),
    )
    any_topic = every(wanted, "OR")
    names = list(dict.fromkeys(topic.name for topic in topics))
    # A single name lets the index give the tasks in order, so that the limit spares looking at the others.
    one_of, wanted_names = ("e.topic = %s", names[0]) if len(names) == 1 else ("e.topic = ANY(%s)", names)
    statement = (
        f"WITH picked AS (SELECT e.instance_id, e.key, {number.text} AS number FROM {SOURCE} "
        f"WHERE p.state = 'ACTIVE' AND {one_of} AND (e.retries IS NULL OR e.retries > 0) "
        f"AND (e.locked_until IS NULL OR e.locked_until <= clock_timestamp()) AND ({any_topic.text}) "
        f"ORDER BY {_order(use_priority, sorting)} LIMIT %s FOR UPDATE OF e SKIP LOCKED), "
        "locked AS (UPDATE external_task e SET worker = %s, touched = true, "
        "locked_until = clock_timestamp() + (%s::bigint[])[picked.number + 1] * interval '1 millisecond' "
        "FROM picked WHERE e.instance_id = picked.instance_id AND e.key = picked.key "
        "RETURNING e.*, picked.number) "
        f"SELECT {_SELECTED}, e.error_details, e.headers, e.number "
        f"FROM {SOURCE.replace('external_task e', 'locked e')} ORDER BY {_order(use_priority, sorting)}"
    )
    durations = [topic.lock_duration for topic in topics]
    params = (*number.params, wanted_names, *any_topic.params, min(max_tasks, MAX_TASKS), worker_id, durations)
    async with database.transaction() as connection:
        cursor = await connection.execute(cast(LiteralString, statement), params)
        rows = await cursor.fetchall()
        if not rows:
            return []
        values = await _variables(connection, rows)
    tasks: list[LockedTask] = []
    for row in rows:
        topic = topics[row["number"]]
        task = LockedTask(
            **{name: row[name] for name in _RETURNED if name not in ("wait_key", "element_key")},
            variables=_chosen(values.get((row["process_instance_id"], row["element_key"]), []), topic, row),
            extension_properties=row["headers"] if topic.include_extension_properties else {},
        )
        tasks.append(task)
    return tasks


def _order(use_priority: bool, sorting: Sequence[Sort]) -> str:
    terms = ["e.priority DESC"] if use_priority else []
    for sort in sorting:
        column = _ORDERS.get(sort.by)
        if column is None:
            raise InvalidQuery(f"Expected to sort by createTime but it was '{sort.by}'.")
        terms.append(f"{column} {'DESC' if sort.descending else 'ASC'}")
    return ", ".join([*terms, "e.created_at", "e.instance_id", "e.key"])


def _condition(topic: Topic) -> Sql:
    parts = [Sql("e.topic = %s", (topic.name,))]
    for text, value in (
        ("p.business_key = %s", topic.business_key),
        ("p.definition_id = %s", topic.process_definition_id),
        ("p.definition_id = ANY(%s)", list(topic.process_definition_id_in) or None),
        ("p.definition_key = %s", topic.process_definition_key),
        ("p.definition_key = ANY(%s)", list(topic.process_definition_key_in) or None),
        ("d.version_tag = %s", topic.process_definition_version_tag),
        ("p.tenant_id = ANY(%s)", list(topic.tenant_id_in) or None),
    ):
        if value is not None:
            parts.append(Sql(text, (value,)))
    if topic.without_tenant_id:
        parts.append(Sql("p.tenant_id IS NULL"))
    for name, value in (topic.process_variables or {}).items():
        wanted = condition({"name": name, "operator": "eq", "value": value}, {})
        parts.append(exists_variable("v.instance_id = e.instance_id AND v.scope = 1", wanted))
    return every(parts)


async def _variables(
    connection: Connection, rows: Sequence[Mapping[str, Any]]
) -> dict[tuple[str, int], list[VariableRow]]:
    """What each task sees, outermost scope first."""
    cursor = await connection.execute(
        cast(
            LiteralString,
            "WITH RECURSIVE wanted AS (SELECT * FROM unnest(%s::text[], %s::integer[]) AS w (instance_id, element)), "
            "chain (instance_id, element, key, scope, depth) AS ("
            "SELECT w.instance_id, w.element, w.element, a.scope, 0 FROM wanted w "
            "LEFT JOIN activity_instance a ON a.instance_id = w.instance_id AND a.key = w.element "
            "UNION ALL SELECT c.instance_id, c.element, c.scope, a.scope, c.depth + 1 FROM chain c "
            "LEFT JOIN activity_instance a ON a.instance_id = c.instance_id AND a.key = c.scope "
            "WHERE c.scope IS NOT NULL AND c.depth < 1000) "
            "SELECT c.instance_id, c.element, v.scope, v.name, v.type, v.value, coalesce(v.info, '{}') AS info, "
            f"{execution_text('v', 'scope')} AS execution_id "
            "FROM chain c JOIN variable v ON v.instance_id = c.instance_id AND v.scope = c.key "
            "WHERE v.deleted_at IS NULL ORDER BY c.instance_id, c.element, c.depth DESC, v.name",
        ),
        ([row["process_instance_id"] for row in rows], [row["element_key"] for row in rows]),
    )
    found: dict[tuple[str, int], list[VariableRow]] = {}
    owners = {row["process_instance_id"]: row for row in rows}
    for item in await cursor.fetchall():
        owner = owners[item["instance_id"]]
        found.setdefault((item["instance_id"], item["element"]), []).append(
            VariableRow(
                id=f"{item['instance_id']}:{item['scope']}:{item['name']}",
                name=item["name"],
                process_definition_id=owner["process_definition_id"],
                process_instance_id=item["instance_id"],
                execution_id=item["execution_id"],
                task_id=None,
                activity_instance_id=item["execution_id"],
                tenant_id=owner["tenant_id"],
                type=item["type"],
                value=item["value"],
                value_info=item["info"],
            )
        )
    return found


def _chosen(seen: Sequence[VariableRow], topic: Topic, row: Mapping[str, Any]) -> dict[str, VariableRow]:
    names = None if topic.variables is None else set(topic.variables)
    return {
        variable.name: variable  # a nearer scope comes later and wins
        for variable in seen
        if (names is None or variable.name in names)
        and (not topic.local_variables or variable.execution_id == row["execution_id"])
    }
