"""The task list and the history of tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from store.errors import InvalidQuery
from store.instances import DURATION
from store.query.conditions import (
    Filter,
    Filters,
    Kind,
    Sql,
    any_of,
    compare,
    eq,
    execution_text,
    id_in,
    id_is,
    like,
    ne,
    none_of,
    not_like,
    nothing,
    option,
    tenants,
    when,
)
from store.query.resource import Resource
from store.query.variables import variables

_SOURCE = (
    "task t LEFT JOIN process_instance p ON p.id = t.instance_id "
    "LEFT JOIN process_definition d ON d.id = p.definition_id"
)
_TENANT = "coalesce(p.tenant_id, t.tenant_id)"
_EXECUTION = f"CASE WHEN t.instance_id IS NOT NULL THEN {execution_text('t')} END"


@dataclass(frozen=True, slots=True)
class TaskRow:
    """An open task. From `form` on: what the facade needs besides Camunda's fields."""

    id: str
    name: str | None
    assignee: str | None
    owner: str | None
    created: datetime
    last_updated: datetime | None
    due: datetime | None
    follow_up: datetime | None
    delegation_state: str | None
    description: str | None
    execution_id: str | None
    parent_task_id: str | None
    priority: int
    process_definition_id: str | None
    process_instance_id: str | None
    task_definition_key: str | None
    suspended: bool
    tenant_id: str | None
    task_state: str
    form: Mapping[str, Any]
    wait_key: int | None
    element_key: int | None
    definition_hash: str | None
    deployment_id: str | None
    case_execution_id: str | None = None
    case_definition_id: str | None = None
    case_instance_id: str | None = None


def _assignment(condition: Sql, filters: Filters) -> Sql:
    """Candidate filters look at unassigned tasks only, unless told otherwise."""
    if filters.get("includeAssignedTasks"):
        return condition
    return Sql(f"t.assignee IS NULL AND {condition.text}", condition.params)


def _candidate(kind: Kind, text: str, as_list: bool) -> Filter:
    return Filter(
        kind,
        lambda value, filters: _assignment(Sql(text, (list(value) if as_list else value,)), filters),
    )


def _candidate_switch(text: str) -> Filter:
    return Filter("boolean", lambda _, filters: _assignment(Sql(text), filters))


def _delegation(value: str, _: Filters) -> Sql:
    if value not in ("PENDING", "RESOLVED"):
        raise InvalidQuery(f"Expected PENDING or RESOLVED as the value of 'delegationState' but it was {value!r:.80}.")
    return Sql("t.delegation = %s", (value,))


_INVOLVED = (
    "(t.assignee = %s OR t.owner = %s OR %s = ANY(t.candidate_users) "
    "OR t.links @> jsonb_build_array(jsonb_build_object('user', %s::text)))"
)
_VARIABLE_OPTIONS = {"variableNamesIgnoreCase": option(), "variableValuesIgnoreCase": option()}
_LOCAL = variables("v.instance_id = t.instance_id AND v.scope = t.element")
_PROCESS = variables("v.instance_id = t.instance_id AND v.scope = 1")
_VALUE_OF = (
    "SELECT v.value FROM variable v WHERE v.instance_id = t.instance_id AND v.scope = {0} AND v.name = %s "
    "AND v.deleted_at IS NULL"
)
_CASES = {
    name: nothing()
    for name in (
        "caseInstanceId",
        "caseInstanceBusinessKey",
        "caseInstanceBusinessKeyLike",
        "caseDefinitionId",
        "caseDefinitionKey",
        "caseDefinitionName",
        "caseDefinitionNameLike",
        "caseExecutionId",
    )
}

TASKS: Resource[TaskRow] = Resource(
    TaskRow,
    columns={
        "id": "t.id",
        "name": "t.name",
        "assignee": "t.assignee",
        "owner": "t.owner",
        "created": "t.created_at",
        "last_updated": "t.updated_at",
        "due": "t.due_at",
        "follow_up": "t.follow_up_at",
        "delegation_state": "t.delegation",
        "description": "t.description",
        "execution_id": _EXECUTION,
        "parent_task_id": "t.parent_id",
        "priority": "t.priority",
        "process_definition_id": "p.definition_id",
        "process_instance_id": "t.instance_id",
        "task_definition_key": "t.node",
        "suspended": "coalesce(p.state = 'SUSPENDED', false)",
        "tenant_id": _TENANT,
        "task_state": "CASE WHEN t.updated_at IS NULL THEN 'Created' ELSE 'Updated' END",
        "form": "t.form",
        "wait_key": "t.key",
        "element_key": "t.element",
        "definition_hash": "p.definition_hash",
        "deployment_id": "d.deployment_id",
    },
    source=_SOURCE,
    where="t.ended_at IS NULL",
    identity=eq("t.id"),
    order="t.id",
    sorts={
        "instanceId": "t.instance_id",
        "caseInstanceId": "NULL::text",
        "dueDate": "t.due_at",
        "followUpDate": "t.follow_up_at",
        "executionId": _EXECUTION,
        "caseExecutionId": "NULL::text",
        "assignee": "t.assignee",
        "created": "t.created_at",
        "lastUpdated": "coalesce(t.updated_at, t.created_at)",
        "description": "t.description",
        "id": "t.id",
        "name": "t.name",
        "nameCaseInsensitive": "lower(t.name)",
        "priority": "t.priority",
    },
    variable_sorts={
        "processVariable": _VALUE_OF.format("1"),
        "executionVariable": _VALUE_OF.format("t.element"),
        "taskVariable": _VALUE_OF.format("t.element"),
    },
    or_queries=True,
    filters={
        "taskId": eq("t.id"),
        "taskIdIn": any_of("t.id"),
        "processInstanceId": eq("t.instance_id"),
        "processInstanceIdIn": any_of("t.instance_id"),
        "processInstanceBusinessKey": eq("p.business_key"),
        "processInstanceBusinessKeyIn": any_of("p.business_key"),
        "processInstanceBusinessKeyLike": like("p.business_key"),
        "processDefinitionId": eq("p.definition_id"),
        "processDefinitionKey": eq("p.definition_key"),
        "processDefinitionKeyIn": any_of("p.definition_key"),
        "processDefinitionName": eq("d.name"),
        "processDefinitionNameLike": like("d.name"),
        "executionId": id_is("t", "element"),
        "activityInstanceIdIn": id_in("t", "element"),
        "assignee": eq("t.assignee"),
        "assigneeLike": like("t.assignee"),
        "assigneeIn": any_of("t.assignee"),
        "assigneeNotIn": none_of("t.assignee"),
        "owner": eq("t.owner"),
        "assigned": when("t.assignee IS NOT NULL"),
        "unassigned": when("t.assignee IS NULL"),
        "candidateGroup": _candidate(
            "string", "t.candidate_groups <> '{}' AND t.candidate_groups @> ARRAY[%s::text]", False
        ),
        "candidateGroupLike": _candidate(
            "string", "EXISTS (SELECT 1 FROM unnest(t.candidate_groups) AS g (name) WHERE g.name LIKE %s)", False
        ),
        "candidateGroups": _candidate(
            "strings", "t.candidate_groups <> '{}' AND t.candidate_groups && %s::text[]", True
        ),
        "candidateUser": _candidate(
            "string", "t.candidate_users <> '{}' AND t.candidate_users @> ARRAY[%s::text]", False
        ),
        "withCandidateGroups": _candidate_switch("t.candidate_groups <> '{}'"),
        "withoutCandidateGroups": _candidate_switch("t.candidate_groups = '{}'"),
        "withCandidateUsers": _candidate_switch("t.candidate_users <> '{}'"),
        "withoutCandidateUsers": _candidate_switch("t.candidate_users = '{}'"),
        "includeAssignedTasks": option(),
        "involvedUser": Filter("string", lambda value, _: Sql(_INVOLVED, (value,) * 4)),
        "taskDefinitionKey": eq("t.node"),
        "taskDefinitionKeyIn": any_of("t.node"),
        "taskDefinitionKeyNotIn": none_of("t.node"),
        "taskDefinitionKeyLike": like("t.node"),
        "name": eq("t.name"),
        "nameNotEqual": ne("t.name"),
        "nameLike": Filter("string", lambda value, _: Sql("lower(t.name) LIKE lower(%s)", (value,))),
        "nameNotLike": not_like("t.name"),
        "description": eq("t.description"),
        "descriptionLike": like("t.description"),
        "priority": eq("t.priority", "integer"),
        "maxPriority": compare("t.priority", "<=", "integer"),
        "minPriority": compare("t.priority", ">=", "integer"),
        "dueDate": compare("t.due_at", "="),
        "dueAfter": compare("t.due_at", ">"),
        "dueBefore": compare("t.due_at", "<"),
        "withoutDueDate": when("t.due_at IS NULL"),
        "followUpDate": compare("t.follow_up_at", "="),
        "followUpAfter": compare("t.follow_up_at", ">"),
        "followUpBefore": compare("t.follow_up_at", "<"),
        "followUpBeforeOrNotExistent": Filter(
            "date", lambda value, _: Sql("(t.follow_up_at IS NULL OR t.follow_up_at < %s)", (value,))
        ),
        "createdOn": compare("t.created_at", "="),
        "createdAfter": compare("t.created_at", ">"),
        "createdBefore": compare("t.created_at", "<"),
        "updatedAfter": compare("coalesce(t.updated_at, t.created_at)", ">"),
        "delegationState": Filter("string", _delegation),
        "active": when("p.state IS DISTINCT FROM 'SUSPENDED'"),
        "suspended": when("p.state = 'SUSPENDED'"),
        "parentTaskId": eq("t.parent_id"),
        "taskVariables": _LOCAL,
        "processVariables": _PROCESS,
        "caseInstanceVariables": nothing("variables"),
        **_VARIABLE_OPTIONS,
        **_CASES,
        **tenants(_TENANT),
    },
)


@dataclass(frozen=True, slots=True)
class HistoricTaskRow:
    """A task, open or over."""

    id: str
    process_definition_key: str | None
    process_definition_id: str | None
    process_instance_id: str | None
    execution_id: str | None
    activity_instance_id: str | None
    name: str | None
    description: str | None
    delete_reason: str | None
    owner: str | None
    assignee: str | None
    start_time: datetime
    end_time: datetime | None
    duration: int | None
    task_definition_key: str | None
    priority: int
    due: datetime | None
    parent_task_id: str | None
    follow_up: datetime | None
    tenant_id: str | None
    removal_time: datetime | None
    root_process_instance_id: str | None
    task_state: str
    case_definition_key: str | None = None
    case_definition_id: str | None = None
    case_instance_id: str | None = None
    case_execution_id: str | None = None


_STATE = (
    "CASE WHEN t.end_reason = 'completed' THEN 'Completed' WHEN t.ended_at IS NOT NULL THEN 'Deleted' "
    "WHEN t.updated_at IS NOT NULL THEN 'Updated' ELSE 'Created' END"
)
_LOGGED = "SELECT 1 FROM identity_link_log l WHERE l.task_id = t.id AND l.type = 'candidate' AND"


def _had(array: str, column: str) -> Filter:
    return Filter(
        "string",
        lambda value, _: Sql(f"({array} @> ARRAY[%s::text] OR EXISTS ({_LOGGED} l.{column} = %s))", (value, value)),
    )


HISTORIC_TASKS: Resource[HistoricTaskRow] = Resource(
    HistoricTaskRow,
    columns={
        "id": "t.id",
        "process_definition_key": "p.definition_key",
        "process_definition_id": "p.definition_id",
        "process_instance_id": "t.instance_id",
        "execution_id": _EXECUTION,
        "activity_instance_id": _EXECUTION,
        "name": "t.name",
        "description": "t.description",
        "delete_reason": "t.end_reason",
        "owner": "t.owner",
        "assignee": "t.assignee",
        "start_time": "t.created_at",
        "end_time": "t.ended_at",
        "duration": DURATION.format("t").replace("t.started_at", "t.created_at"),
        "task_definition_key": "t.node",
        "priority": "t.priority",
        "due": "t.due_at",
        "parent_task_id": "t.parent_id",
        "follow_up": "t.follow_up_at",
        "tenant_id": _TENANT,
        "removal_time": "p.removal_at",
        "root_process_instance_id": "p.root_id",
        "task_state": _STATE,
    },
    source=_SOURCE,
    identity=eq("t.id"),
    order="t.id",
    sorts={
        "taskId": "t.id",
        "activityInstanceId": _EXECUTION,
        "processDefinitionId": "p.definition_id",
        "processInstanceId": "t.instance_id",
        "executionId": _EXECUTION,
        "duration": "t.ended_at - t.created_at",
        "endTime": "t.ended_at",
        "startTime": "t.created_at",
        "taskName": "t.name",
        "taskDescription": "t.description",
        "assignee": "t.assignee",
        "owner": "t.owner",
        "dueDate": "t.due_at",
        "followUpDate": "t.follow_up_at",
        "deleteReason": "t.end_reason",
        "taskDefinitionKey": "t.node",
        "priority": "t.priority",
        "caseDefinitionId": "NULL::text",
        "caseInstanceId": "NULL::text",
        "caseExecutionId": "NULL::text",
        "tenantId": _TENANT,
    },
    or_queries=True,
    filters={
        "taskId": eq("t.id"),
        "taskParentTaskId": eq("t.parent_id"),
        "processInstanceId": eq("t.instance_id"),
        "rootProcessInstanceId": eq("p.root_id"),
        "processInstanceBusinessKey": eq("p.business_key"),
        "processInstanceBusinessKeyIn": any_of("p.business_key"),
        "processInstanceBusinessKeyLike": like("p.business_key"),
        "executionId": id_is("t", "element"),
        "processDefinitionId": eq("p.definition_id"),
        "processDefinitionKey": eq("p.definition_key"),
        "processDefinitionName": eq("d.name"),
        "activityInstanceIdIn": id_in("t", "element"),
        "taskName": eq("t.name"),
        "taskNameLike": like("t.name"),
        "taskDescription": eq("t.description"),
        "taskDescriptionLike": like("t.description"),
        "taskDefinitionKey": eq("t.node"),
        "taskDefinitionKeyIn": any_of("t.node"),
        "taskDeleteReason": eq("t.end_reason"),
        "taskDeleteReasonLike": like("t.end_reason"),
        "taskAssignee": eq("t.assignee"),
        "taskAssigneeLike": like("t.assignee"),
        "taskOwner": eq("t.owner"),
        "taskOwnerLike": like("t.owner"),
        "taskPriority": eq("t.priority", "integer"),
        "assigned": when("t.assignee IS NOT NULL"),
        "unassigned": when("t.assignee IS NULL"),
        "finished": when("t.ended_at IS NOT NULL"),
        "unfinished": when("t.ended_at IS NULL"),
        "processFinished": when("p.ended_at IS NOT NULL"),
        "processUnfinished": when("p.id IS NOT NULL AND p.ended_at IS NULL"),
        "taskDueDate": compare("t.due_at", "="),
        "taskDueDateBefore": compare("t.due_at", "<="),
        "taskDueDateAfter": compare("t.due_at", ">="),
        "withoutTaskDueDate": when("t.due_at IS NULL"),
        "taskFollowUpDate": compare("t.follow_up_at", "="),
        "taskFollowUpDateBefore": compare("t.follow_up_at", "<="),
        "taskFollowUpDateAfter": compare("t.follow_up_at", ">="),
        "startedBefore": compare("t.created_at", "<="),
        "startedAfter": compare("t.created_at", ">="),
        "finishedBefore": compare("t.ended_at", "<="),
        "finishedAfter": compare("t.ended_at", ">="),
        "taskVariables": _LOCAL,
        "processVariables": _PROCESS,
        "taskInvolvedUser": Filter("string", lambda value, _: Sql(_INVOLVED, (value,) * 4)),
        "taskInvolvedGroup": Filter(
            "string",
            lambda value, _: Sql(
                "(%s = ANY(t.candidate_groups) OR t.links @> jsonb_build_array(jsonb_build_object('group', %s::text)))",
                (value, value),
            ),
        ),
        "taskHadCandidateUser": _had("t.candidate_users", "user_id"),
        "taskHadCandidateGroup": _had("t.candidate_groups", "group_id"),
        "withCandidateGroups": when("t.candidate_groups <> '{}'"),
        "withoutCandidateGroups": when("t.candidate_groups = '{}'"),
        **_VARIABLE_OPTIONS,
        **_CASES,
        **tenants(_TENANT),
    },
)
