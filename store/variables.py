"""Variables: those that living scopes hold, all as history, and every single change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from interpreter.ids import split
from store.database import Database
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
    like,
    nothing,
    option,
    tenants,
    when,
)
from store.query.log import LogResource
from store.query.resource import Resource
from store.query.variables import condition, matches
from store.variable_types import columns

_ID = "(v.instance_id || ':' || v.scope || ':' || v.name)"
_NO_INFO = "coalesce(v.info, '{}'::jsonb)"


def _identity(value: str, _: Filters) -> Sql:
    owner, separator, name = _split(value)
    if not separator:
        return NEVER
    instance_id, scope = owner
    return Sql("v.instance_id = %s AND v.scope = %s AND v.name = %s", (instance_id, scope, name))


def _split(identifier: str) -> tuple[tuple[str, int], bool, str]:
    """`<instance id>:<scope>:<name>`; the name may contain colons, the instance id may not be taken apart wrongly."""
    parts = identifier.split(":")
    for position in range(1, len(parts) - 1):
        if parts[position].isascii() and parts[position].isdigit() and len(parts[position]) < 10:
            return (":".join(parts[:position]), int(parts[position])), True, ":".join(parts[position + 1 :])
    return ("", 0), False, ""


def _named(ignoring: str, exact: str) -> Filter:
    return Filter(
        "string",
        lambda value, filters: Sql(ignoring if filters.get("variableNamesIgnoreCase") else exact, (value,)),
    )


def _matching(value: Sequence[Mapping[str, Any]], filters: Filters) -> Sql | None:
    return every([condition(item, filters) for item in value]) if value else None


_NAME_FILTERS: Mapping[str, Filter] = {
    "variableName": _named("lower(v.name) = lower(%s)", "v.name = %s"),
    "variableNameLike": _named("lower(v.name) LIKE lower(%s)", "v.name LIKE %s"),
    "variableNamesIgnoreCase": option(),
    "variableValuesIgnoreCase": option(),
}


@dataclass(frozen=True, slots=True)
class VariableRow:
    """A variable of a living scope. `value` is the JSON form that the engine holds."""

    id: str
    name: str
    process_definition_id: str | None
    process_instance_id: str
    execution_id: str
    task_id: str | None
    activity_instance_id: str
    tenant_id: str | None
    type: str
    value: Any
    value_info: Mapping[str, Any]
    case_instance_id: str | None = None
    case_execution_id: str | None = None
    batch_id: str | None = None
    error_message: str | None = None


_TASK = (
    "LEFT JOIN task t ON v.scope <> 1 AND t.instance_id = v.instance_id AND t.element = v.scope "
    "LEFT JOIN activity_instance a ON v.scope <> 1 AND a.instance_id = v.instance_id AND a.key = v.scope"
)

VARIABLES: Resource[VariableRow] = Resource(
    VariableRow,
    columns={
        "id": _ID,
        "name": "v.name",
        "process_definition_id": "p.definition_id",
        "process_instance_id": "v.instance_id",
        "execution_id": execution_text("v", "scope"),
        "task_id": "t.id",
        "activity_instance_id": execution_text("v", "scope"),
        "tenant_id": "p.tenant_id",
        "type": "v.type",
        "value": "v.value",
        "value_info": _NO_INFO,
    },
    source=f"variable v JOIN process_instance p ON p.id = v.instance_id {_TASK}",
    where="v.deleted_at IS NULL AND p.ended_at IS NULL AND (v.scope = 1 OR (a.key IS NOT NULL AND a.ended_at IS NULL))",
    identity=Filter("string", _identity),
    order="v.instance_id, v.scope, v.name",
    sorts={
        "variableName": "v.name",
        "variableType": "v.type",
        "activityInstanceId": execution_text("v", "scope"),
        "tenantId": "p.tenant_id",
    },
    filters={
        **_NAME_FILTERS,
        "processInstanceIdIn": any_of("v.instance_id"),
        "executionIdIn": id_in("v", "scope"),
        "activityInstanceIdIn": id_in("v", "scope"),
        "variableScopeIdIn": id_in("v", "scope"),
        "taskIdIn": any_of("t.id"),
        "variableValues": Filter("variables", _matching),
        "caseInstanceIdIn": nothing("strings"),
        "caseExecutionIdIn": nothing("strings"),
        "batchIdIn": nothing("strings"),
        **tenants("p.tenant_id"),
    },
)


@dataclass(frozen=True, slots=True)
class HistoricVariableRow:
    """A variable's last value."""

    id: str
    name: str
    process_definition_key: str
    process_definition_id: str | None
    process_instance_id: str
    execution_id: str
    activity_instance_id: str
    task_id: str | None
    tenant_id: str | None
    state: str
    create_time: datetime
    removal_time: datetime | None
    root_process_instance_id: str
    type: str
    value: Any
    value_info: Mapping[str, Any]
    case_definition_key: str | None = None
    case_definition_id: str | None = None
    case_instance_id: str | None = None
    case_execution_id: str | None = None
    error_message: str | None = None


def _has_value(value: Any, filters: Filters) -> Sql:
    return matches("eq", value, bool(filters.get("variableValuesIgnoreCase")))


class _HistoricVariables(Resource[HistoricVariableRow]):
    """Deleted variables are left out unless they are asked for."""

    def condition(self, filters: Filters) -> Sql:
        found = super().condition(filters)
        if filters.get("includeDeleted"):
            return found
        return Sql(f"v.deleted_at IS NULL AND {found.text}", found.params)


HISTORIC_VARIABLES: Resource[HistoricVariableRow] = _HistoricVariables(
    HistoricVariableRow,
    columns={
        "id": _ID,
        "name": "v.name",
        "process_definition_key": "p.definition_key",
        "process_definition_id": "p.definition_id",
        "process_instance_id": "v.instance_id",
        "execution_id": execution_text("v", "scope"),
        "activity_instance_id": execution_text("v", "scope"),
        "task_id": "t.id",
        "tenant_id": "p.tenant_id",
        "state": "CASE WHEN v.deleted_at IS NULL THEN 'CREATED' ELSE 'DELETED' END",
        "create_time": "v.created_at",
        "removal_time": "p.removal_at",
        "root_process_instance_id": "p.root_id",
        "type": "v.type",
        "value": "v.value",
        "value_info": _NO_INFO,
    },
    source="variable v JOIN process_instance p ON p.id = v.instance_id "
    "LEFT JOIN task t ON v.scope <> 1 AND t.instance_id = v.instance_id AND t.element = v.scope",
    identity=Filter("string", _identity),
    order="v.instance_id, v.scope, v.name",
    sorts={"instanceId": "v.instance_id", "variableName": "v.name", "tenantId": "p.tenant_id"},
    filters={
        **_NAME_FILTERS,
        "variableNameIn": any_of("v.name"),
        "variableValue": Filter("value", _has_value),
        "variableTypeIn": Filter(
            "strings", lambda value, _: Sql("lower(v.type) = ANY(%s)", ([item.lower() for item in value],))
        ),
        "includeDeleted": option(),
        "processInstanceId": eq("v.instance_id"),
        "processInstanceIdIn": any_of("v.instance_id"),
        "processDefinitionId": eq("p.definition_id"),
        "processDefinitionKey": eq("p.definition_key"),
        "executionIdIn": id_in("v", "scope"),
        "activityInstanceIdIn": id_in("v", "scope"),
        "taskIdIn": any_of("t.id"),
        "caseInstanceId": nothing(),
        "caseExecutionIdIn": nothing("strings"),
        "caseActivityIdIn": nothing("strings"),
        **tenants("p.tenant_id"),
    },
)


@dataclass(frozen=True, slots=True)
class DetailRow:
    """One change of a variable (Camunda's historic detail of type variableUpdate). `raw` is the engine's JSON form."""

    id: str
    process_definition_key: str
    process_definition_id: str | None
    process_instance_id: str
    activity_instance_id: str
    execution_id: str
    task_id: str | None
    tenant_id: str | None
    time: datetime
    removal_time: datetime | None
    root_process_instance_id: str
    variable_name: str
    variable_instance_id: str
    initial: bool
    revision: int
    raw: Any
    type: str = "variableUpdate"
    user_operation_id: str | None = None
    error_message: str | None = None
    case_definition_key: str | None = None
    case_definition_id: str | None = None
    case_instance_id: str | None = None
    case_execution_id: str | None = None

    @property
    def variable_type(self) -> str:
        """Camunda's name of the value's type."""
        return columns(self.raw)[0]

    @property
    def value(self) -> Any:
        """The value in its JSON form."""
        return columns(self.raw)[1]

    @property
    def value_info(self) -> Mapping[str, Any]:
        """What else Camunda tells of the value."""
        return columns(self.raw)[2] or {}


# The type of a value in the engine's JSON form, as `store.variable_types.columns` tells it.
_RAW_TYPE = (
    "CASE WHEN jsonb_typeof(v.value) = 'object' THEN coalesce(nullif(v.value ->> '$typed', '$plain'), 'Object') "
    "WHEN jsonb_typeof(v.value) = 'array' THEN 'Object' WHEN jsonb_typeof(v.value) = 'number' THEN "
    "CASE WHEN v.value::text ~ '[.eE]' THEN 'Double' "
    "WHEN v.value::numeric BETWEEN -2147483648 AND 2147483647 THEN 'Integer' ELSE 'Long' END "
    "ELSE initcap(jsonb_typeof(v.value)) END"
)


_DETAIL_EXECUTION = "CASE WHEN v.scope = 1 THEN p.id ELSE p.id || ':' || v.scope END"


def _detail_identity(value: str, _: Filters) -> Sql:
    instance_id, separator, number = value.rpartition(":v")
    if not separator or not number.isascii() or not number.isdigit() or len(number) > 18:
        return NEVER
    return Sql("p.id = %s AND v.sequence = %s", (instance_id, int(number)))


def _of_variable(value: str, filters: Filters) -> Sql:
    found = _identity(value, filters)
    return Sql(found.text.replace("v.instance_id", "p.id"), found.params)


DETAILS: LogResource[DetailRow] = LogResource(
    DetailRow,
    time="time",
    instant="v.at",
    columns={
        "id": "p.id || ':v' || v.sequence",
        "process_definition_key": "p.definition_key",
        "process_definition_id": "p.definition_id",
        "process_instance_id": "p.id",
        "activity_instance_id": _DETAIL_EXECUTION,
        "execution_id": _DETAIL_EXECUTION,
        "task_id": "t.id",
        "tenant_id": "p.tenant_id",
        "time": "v.at",
        "removal_time": "p.removal_at",
        "root_process_instance_id": "p.root_id",
        "variable_name": "v.name",
        "variable_instance_id": _ID.replace("v.instance_id", "p.id"),
        "initial": "v.revision = 0",
        "revision": "v.revision",
        "raw": "v.value",
    },
    source="process_instance p CROSS JOIN LATERAL variable_updates_of(p.id) v "
    "LEFT JOIN task t ON v.scope <> 1 AND t.instance_id = p.id AND t.element = v.scope",
    identity=Filter("string", _detail_identity),
    order="p.id, v.sequence",
    sorts={
        "processInstanceId": "p.id",
        "variableName": "v.name",
        "variableType": _RAW_TYPE,
        "variableRevision": "v.revision",
        "formPropertyId": "NULL::text",
        "time": "v.at",
        "occurrence": "v.sequence",
        "tenantId": "p.tenant_id",
    },
    filters={
        "processInstanceId": eq("p.id"),
        "processInstanceIdIn": any_of("p.id"),
        "executionId": id_is("v", "scope", instance="p.id"),
        "activityInstanceId": id_is("v", "scope", instance="p.id"),
        "taskId": eq("t.id"),
        "variableInstanceId": Filter("string", _of_variable),
        "variableTypeIn": Filter(
            "strings", lambda value, _: Sql(f"lower({_RAW_TYPE}) = ANY(%s)", ([item.lower() for item in value],))
        ),
        "variableNameLike": like("v.name"),
        "userOperationId": nothing(),
        "formFields": when("false"),
        "variableUpdates": option(),
        "excludeTaskDetails": when("t.id IS NULL"),
        "initial": when("v.revision = 0"),
        "occurredBefore": compare("v.at", "<="),
        "occurredAfter": compare("v.at", ">="),
        "caseInstanceId": nothing(),
        "caseExecutionId": nothing(),
        **tenants("p.tenant_id"),
    },
)

_CHAIN = """WITH RECURSIVE chain (key, scope, depth) AS (
        SELECT %(element)s::integer,
            (SELECT scope FROM activity_instance WHERE instance_id = %(id)s AND key = %(element)s), 0
        UNION ALL
        SELECT c.scope, a.scope, c.depth + 1 FROM chain c
        LEFT JOIN activity_instance a ON a.instance_id = %(id)s AND a.key = c.scope
        WHERE c.scope IS NOT NULL AND c.depth < 1000
    )
    SELECT DISTINCT ON (v.name) """


async def visible(
    database: Database, instance_id: str, element: int = 1, names: Sequence[str] | None = None
) -> dict[str, VariableRow]:
    """What an element instance sees: its own variables and those of the scopes around it, the nearest first."""
    select = ", ".join(
        f"{sql} AS {name}"
        for name, sql in {
            "id": _ID,
            "name": "v.name",
            "process_definition_id": "p.definition_id",
            "process_instance_id": "v.instance_id",
            "execution_id": execution_text("v", "scope"),
            "task_id": "NULL::text",
            "activity_instance_id": execution_text("v", "scope"),
            "tenant_id": "p.tenant_id",
            "type": "v.type",
            "value": "v.value",
            "value_info": _NO_INFO,
        }.items()
    )
    rows = await database.fetch(
        f"{_CHAIN}{select} FROM chain c JOIN variable v ON v.instance_id = %(id)s AND v.scope = c.key "
        "AND v.deleted_at IS NULL AND (%(names)s::text[] IS NULL OR v.name = ANY(%(names)s)) "
        "JOIN process_instance p ON p.id = v.instance_id ORDER BY v.name, c.depth",
        {"id": instance_id, "element": element, "names": None if names is None else [*names]},
    )
    return {row["name"]: VariableRow(**row) for row in rows}


async def local(
    database: Database, instance_id: str, element: int = 1, names: Sequence[str] | None = None
) -> dict[str, VariableRow]:
    """The element instance's own variables."""
    found = await visible(database, instance_id, element, names)
    return {name: row for name, row in found.items() if split(row.execution_id)[1] == element}


async def delete_history(database: Database, variable_id: str) -> bool:
    """Remove a variable's history; whether there was any. Whether its instance still runs is the caller's affair."""
    wanted = _identity(variable_id, {})
    return await database.execute(f"DELETE FROM variable v WHERE {wanted.text}", wanted.params) > 0
