"""The user operation log: who did what, with old and new values, grouped by operation."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from api.logged_operations import LOGGED, NOT_LOGGED
from api.resources import OPERATIONS
from interpreter.bpmn.builder import bpmn
from tests.api.server import Rest, running

if TYPE_CHECKING:
    from ostinato.dev.temporal import TemporalServer

Unique = Callable[[str], str]

#: Queries with a body, which change nothing.
_QUERIES = {o.path for o in OPERATIONS if o.method == "POST" and o.query is not None}


def test_every_change_is_logged_or_has_a_reason_not_to_be() -> None:
    served = {
        (o.method, o.path)
        for o in OPERATIONS
        if o.method in ("POST", "PUT", "DELETE") and not o.hidden and o.path not in _QUERIES
    }
    assert served - set(LOGGED) - set(NOT_LOGGED) == set()
    assert set(LOGGED) & set(NOT_LOGGED) == set()
    every = {(o.method, o.path) for o in OPERATIONS}
    assert set(NOT_LOGGED) - every == set()
    assert set(LOGGED) - every == set()


@pytest.fixture(scope="module")
def rest(database_url: str, temporal: TemporalServer) -> Iterator[Rest]:
    """A running API that knows its users; everything is done by mary."""
    users = {"mary": "secret"}
    with running(database_url, temporal.address, f"queue-{uuid.uuid4().hex[:12]}", users=users) as client:
        client.http.auth = ("mary", "secret")
        yield client


def entries(rest: Rest, **filters: str) -> list[tuple[Any, ...]]:
    """Type, entity, property, old and new value of log entries."""
    rows = rest.get("/history/user-operation", sortBy="timestamp", sortOrder="asc", **filters)
    assert {row["userId"] for row in rows} <= {"mary"}
    return [(r["operationType"], r["entityType"], r["property"], r["orgValue"], r["newValue"]) for r in rows]


@pytest.fixture
def key(rest: Rest, unique: Unique) -> str:
    key = unique("logged")
    rest.deploy(bpmn(key).start().user_task("a").catch("t", timer="P1D").end())
    return key


def test_the_life_of_an_instance(rest: Rest, key: str) -> None:
    one = rest.start(key)["id"]
    rest.put(f"/process-instance/{one}/variables/x", {"value": 1}, 204)
    rest.put(f"/process-instance/{one}/suspended", {"suspended": True}, 204)
    rest.put(f"/process-instance/{one}/suspended", {"suspended": False}, 204)
    modification = {"annotation": "why not", "instructions": [{"type": "startBeforeActivity", "activityId": "a"}]}
    rest.post(f"/process-instance/{one}/modification", modification, 204)
    task = rest.get("/task", processInstanceId=one)[0]["id"]
    rest.post(f"/task/{task}/claim", {"userId": "mary"}, 204)
    rest.post(f"/task/{task}/identity-links", {"groupId": "g", "type": "candidate"}, 204)
    rest.post(f"/task/{task}/complete", {}, 204)
    job = rest.get("/job", processInstanceId=one)[0]["id"]
    rest.put(f"/job/{job}/duedate", {"duedate": "2040-01-01T00:00:00.000+0000"}, 204)
    rest.delete(f"/process-instance/{one}", 204)
    rest.delete(f"/process-instance/{one}", 404)
    assert entries(rest, processInstanceId=one, entityType="ProcessInstance") == [
        ("Create", "ProcessInstance", None, None, None),
        ("Suspend", "ProcessInstance", "suspensionState", None, "suspended"),
        ("Activate", "ProcessInstance", "suspensionState", None, "active"),
        ("ModifyProcessInstance", "ProcessInstance", None, None, None),
        ("Delete", "ProcessInstance", None, None, None),
    ]
    assert entries(rest, processInstanceId=one, entityType="Variable") == [
        ("SetVariable", "Variable", None, None, None)
    ]
    assert entries(rest, taskId=task) == [
        ("Claim", "Task", "assignee", None, "mary"),
        ("AddGroupLink", "IdentityLink", "candidate", None, "g"),
        ("Complete", "Task", "delete", None, "true"),
    ]
    ((kind, entity, name, old, new),) = entries(rest, jobId=job)
    assert (kind, entity, name) == ("SetDueDate", "Job", "duedate")
    assert old is not None
    assert new == "2040-01-01T00:00:00.000+0000"
    (row,) = rest.get("/history/user-operation", processInstanceId=one, operationType="ModifyProcessInstance")
    assert (row["annotation"], row["category"], row["processDefinitionKey"]) == ("why not", "Operator", key)
    assert rest.get("/history/user-operation/count", category="TaskWorker", taskId=task) == {"count": 3}


def test_one_operation_has_entries_of_one_id(rest: Rest, key: str) -> None:
    ids = [rest.start(key)["id"] for _ in range(2)]
    batch = rest.post("/process-instance/delete", {"processInstanceIds": ids, "deleteReason": "old"})
    rows = rest.get("/history/user-operation", batchId=batch["id"])
    assert {(row["property"], row["newValue"]) for row in rows} == {
        ("nrOfInstances", "2"),
        ("async", "true"),
        ("deleteReason", "old"),
    }
    (operation,) = {row["operationId"] for row in rows}
    rest.put(f"/history/user-operation/{operation}/set-annotation", {"annotation": "spring cleaning"}, 204)
    assert [r["annotation"] for r in rest.get("/history/user-operation", operationId=operation)] == [
        "spring cleaning"
    ] * 3


def test_definitions_deployments_and_migration(rest: Rest, key: str, unique: Unique) -> None:
    first = rest.get(f"/process-definition/key/{key}")
    one = rest.start(key)["id"]
    deployed = rest.deploy(bpmn(key).start().user_task("a").user_task("b").end())
    second = rest.get(f"/process-definition/key/{key}")["id"]
    assert entries(rest, deploymentId=deployed["id"]) == [("Create", "Deployment", None, None, None)]
    plan = rest.post(
        "/migration/generate", {"sourceProcessDefinitionId": first["id"], "targetProcessDefinitionId": second}
    )
    rest.post("/migration/execute", {"migrationPlan": plan, "processInstanceIds": [one]}, 204)
    rest.put(f"/process-definition/{second}/history-time-to-live", {"historyTimeToLive": 7}, 204)
    rest.put(f"/process-definition/{second}/history-time-to-live", {"historyTimeToLive": 9}, 204)
    rest.put(f"/process-definition/{second}/suspended", {"suspended": True}, 204)
    assert entries(rest, operationType="Migrate", processDefinitionId=first["id"])[:3] == [
        ("Migrate", "ProcessInstance", "processDefinitionId", first["id"], second),
        ("Migrate", "ProcessInstance", "nrOfInstances", None, "1"),
        ("Migrate", "ProcessInstance", "async", None, "false"),
    ]
    assert [entry[2:] for entry in entries(rest, processDefinitionId=second, entityType="ProcessDefinition")] == [
        ("historyTimeToLive", None, "7"),
        ("historyTimeToLive", "7", "9"),
        ("suspensionState", None, "suspended"),
    ]
    rest.delete(f"/deployment/{deployed['id']}", 204, cascade="true")
    assert entries(rest, deploymentId=deployed["id"], operationType="Delete") == [
        ("Delete", "Deployment", "cascade", None, "true")
    ]


def test_people(rest: Rest, unique: Unique) -> None:
    user, group = unique("user"), unique("group")
    rest.post("/user/create", {"profile": {"id": user}, "credentials": {"password": "p"}}, 204)
    rest.post("/group/create", {"id": group, "name": "G", "type": "T"}, 204)
    rest.put(f"/group/{group}/members/{user}", expect=204)
    found = entries(rest, category="Admin")
    assert ("Create", "User", "userId", None, user) in found
    assert ("Create", "Group", "groupId", None, group) in found
    assert ("Create", "Group membership", "groupId", None, group) in found


def test_what_is_refused_is_not_logged(rest: Rest) -> None:
    before = rest.get("/history/user-operation/count")
    rest.put("/job/nobody/retries", {"retries": 1}, 500)
    rest.post("/process-instance/delete", {}, 400)
    assert rest.get("/history/user-operation/count") == before
