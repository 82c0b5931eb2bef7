"""Operations on many things: the answer is a batch, and its work is done in the background."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from interpreter.bpmn.builder import bpmn
from tests.api.server import Rest
from tests.api.test_external_tasks import work

Unique = Callable[[str], str]


def ended(rest: Rest, batch: dict[str, Any]) -> dict[str, Any]:
    """The batch when nothing of it is left to do. It works in the background, so somebody must look again."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        row = rest.get(f"/history/batch/{batch['id']}")
        if row["endTime"] is not None:
            return row
    raise AssertionError(f"the batch did not end: {rest.get('/batch/statistics', batchId=batch['id'])}")


@pytest.fixture
def instances(rest: Rest, unique: Unique) -> list[str]:
    key = unique("many")
    rest.deploy(bpmn(key).start().user_task("a").user_task("b").end())
    return [rest.start(key)["id"] for _ in range(5)]


def test_delete_instances(rest: Rest, instances: list[str]) -> None:
    batch = rest.post("/process-instance/delete", {"processInstanceIds": [*instances, "nobody"], "deleteReason": "x"})
    assert (batch["type"], batch["totalJobs"], batch["suspended"]) == ("instance-deletion", 6, False)
    row = ended(rest, batch)
    assert row["type"] == "instance-deletion"
    rest.get(f"/batch/{batch['id']}", 404)
    assert {rest.get(f"/history/process-instance/{one}")["state"] for one in instances} == {"EXTERNALLY_TERMINATED"}
    deleted = rest.post("/history/process-instance/delete", {"historicProcessInstanceIds": instances})
    ended(rest, deleted)
    rest.get(f"/history/process-instance/{instances[0]}", 404)
    rest.delete(f"/history/batch/{batch['id']}", 204)
    rest.get(f"/history/batch/{batch['id']}", 404)


def test_suspend_modify_and_set_variables(rest: Rest, instances: list[str]) -> None:
    chosen = {"processInstanceIds": instances}
    ended(rest, rest.post("/process-instance/suspended-async", {**chosen, "suspended": True}))
    assert all(rest.get(f"/process-instance/{one}")["suspended"] for one in instances)
    ended(rest, rest.post("/process-instance/suspended-async", {**chosen, "suspended": False}))
    ended(rest, rest.post("/process-instance/variables-async", {**chosen, "variables": {"x": {"value": 7}}}))
    assert {rest.get(f"/process-instance/{one}/variables/x")["value"] for one in instances} == {7}
    definition = rest.get(f"/process-instance/{instances[0]}")["definitionId"]
    body = {
        "processDefinitionId": definition,
        "processInstanceQuery": {"processDefinitionId": definition},
        "instructions": [
            {"type": "cancel", "activityId": "a"},
            {"type": "startBeforeActivity", "activityId": "b"},
        ],
    }
    ended(rest, rest.post("/modification/executeAsync", body))
    assert {rest.only_task(one)["taskDefinitionKey"] for one in instances} == {"b"}


def test_failures_are_counted(rest: Rest, instances: list[str]) -> None:
    body = {"processInstanceIds": instances[:2], "messageName": "nobody waits"}
    batch = rest.post("/process-instance/message-async", body)
    deadline = time.monotonic() + 30
    while True:
        (row,) = rest.get("/batch/statistics", batchId=batch["id"])
        if row["failedJobs"] == 2 or time.monotonic() > deadline:
            break
    assert (row["failedJobs"], row["completedJobs"], row["remainingJobs"]) == (2, 0, 2)
    assert rest.get("/batch/count", batchId=batch["id"], withFailures="true") == {"count": 1}
    rest.put(f"/batch/{batch['id']}/suspended", {"suspended": True}, 204)
    assert rest.get(f"/batch/{batch['id']}")["suspended"] is True
    rest.delete(f"/batch/{batch['id']}", 204)
    rest.delete(f"/batch/{batch['id']}", 400)


def failed(rest: Rest, batch: dict[str, Any], number: int) -> None:
    """Wait until so many items have failed and the others are done."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        (row,) = rest.get("/batch/statistics", batchId=batch["id"])
        if row["failedJobs"] == row["remainingJobs"] == number:
            return
    raise AssertionError(f"expected {number} failures but {row}")


def test_what_failed_is_tried_again(rest: Rest, unique: Unique) -> None:
    key = unique("later")
    rest.deploy(bpmn(key).start().user_task("a").catch("m", message="go").end())
    instances = [rest.start(key)["id"] for _ in range(3)]
    batch = rest.post("/process-instance/message-async", {"processInstanceIds": instances, "messageName": "go"})
    failed(rest, batch, 3)
    definition = batch["batchJobDefinitionId"]
    jobs = rest.get("/job", jobDefinitionId=definition, noRetriesLeft="true", withException="true")
    assert [(job["retries"], job["processInstanceId"], job["batchId"]) for job in jobs] == [(0, None, batch["id"])] * 3
    assert "does not wait" in jobs[0]["exceptionMessage"]
    assert "does not wait" in rest.http.get(f"/engine-rest/job/{jobs[0]['id']}/stacktrace").text
    for instance in instances[:2]:
        rest.post(f"/task/{rest.only_task(instance)['id']}/complete", {}, 204)
    rest.put(f"/job/{jobs[0]['id']}/retries", {"retries": 1}, 204)
    while rest.get("/job/count", jobDefinitionId=definition) != {"count": 2}:
        pass
    rest.get(f"/job/{jobs[0]['id']}", 404)
    rest.post(f"/task/{rest.only_task(instances[2])['id']}/complete", {}, 204)
    rest.put(f"/job-definition/{definition}/retries", {"retries": 2}, 204)
    row = ended(rest, batch)
    assert row["totalJobs"] == 3
    assert {rest.get(f"/history/process-instance/{one}")["state"] for one in instances} == {"COMPLETED"}


def test_a_batch_that_is_deleted_keeps_its_history_unless_that_goes_too(rest: Rest, instances: list[str]) -> None:
    body = {"processInstanceIds": instances[:1], "messageName": "nobody waits"}
    kept, gone = (rest.post("/process-instance/message-async", body) for _ in range(2))
    for one in (kept, gone):
        failed(rest, one, 1)
    rest.delete(f"/batch/{kept['id']}", 204)
    rest.delete(f"/batch/{gone['id']}", 204, cascade="true")
    assert rest.get(f"/history/batch/{kept['id']}")["endTime"] is not None
    rest.get(f"/history/batch/{gone['id']}", 404)
    assert rest.get("/job/count", jobDefinitionId=kept["batchJobDefinitionId"]) == {"count": 0}


def test_restart_in_the_background(rest: Rest, instances: list[str]) -> None:
    definition = rest.get(f"/process-instance/{instances[0]}")["definitionId"]
    for one in instances[:4]:
        rest.put(f"/process-instance/{one}/variables/x", {"value": one})
        rest.delete(f"/process-instance/{one}", 204)
    body = {
        "processInstanceIds": instances,
        "instructions": [{"type": "startBeforeActivity", "activityId": "b"}],
    }
    path = f"/process-definition/{definition}"
    assert "running" in rest.post(f"{path}/restart", body, 400)["message"]
    batch = rest.post(f"{path}/restart-async", body)
    assert (batch["type"], batch["totalJobs"]) == ("instance-restart", 5)
    failed(rest, batch, 1)  # the one that still runs
    again = [row["id"] for row in rest.get("/process-instance", processDefinitionId=definition)]
    assert len(again) == 5
    assert {rest.get(f"/process-instance/{one}/variables/x")["value"] for one in again if one not in instances} == {
        *instances[:4]
    }
    rest.delete(f"/process-instance/{instances[4]}", 204)
    rest.put(f"/job-definition/{batch['batchJobDefinitionId']}/retries", {"retries": 1}, 204)
    ended(rest, batch)
    tasks = rest.get("/task", processDefinitionId=definition)
    assert [task["taskDefinitionKey"] for task in tasks] == ["b"] * 5


def test_retries_of_external_tasks(rest: Rest, unique: Unique) -> None:
    key, topic = unique("work"), unique("topic")
    rest.deploy(work(key, topic))
    started = [rest.start(key)["id"] for _ in range(3)]
    poll = {"workerId": "me", "maxTasks": 9, "topics": [{"topicName": topic, "lockDuration": 60_000}]}
    for task in rest.post("/external-task/fetchAndLock", poll):
        rest.post(f"/external-task/{task['id']}/failure", {"workerId": "me", "errorMessage": "no", "retries": 0})
    assert rest.get("/incident/count", processDefinitionKeyIn=key) == {"count": 3}
    ended(rest, rest.post("/external-task/retries-async", {"retries": 2, "processInstanceIds": started}))
    assert rest.get("/incident/count", processDefinitionKeyIn=key) == {"count": 0}
    assert len(rest.post("/external-task/fetchAndLock", poll)) == 3


def test_removal_time(rest: Rest, instances: list[str]) -> None:
    body = {"historicProcessInstanceIds": instances, "absoluteRemovalTime": "2040-01-01T00:00:00.000+0000"}
    ended(rest, rest.post("/history/process-instance/set-removal-time", body))
    assert {rest.get(f"/history/process-instance/{one}")["removalTime"] for one in instances} == {
        "2040-01-01T00:00:00.000+0000"
    }
    rest.post("/history/process-instance/set-removal-time", {**body, "clearedRemovalTime": True}, 400)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/process-instance/delete", {}),
        ("/process-instance/delete", {"processInstanceIds": []}),
        ("/process-instance/suspended-async", {"processInstanceIds": ["a"]}),
        ("/process-instance/variables-async", {"processInstanceIds": ["a"]}),
        ("/process-instance/message-async", {"processInstanceIds": ["a"]}),
        ("/modification/executeAsync", {"processInstanceIds": ["a"]}),
        ("/job/retries", {"jobIds": ["a"]}),
        ("/job/retries", {"retries": 1}),
    ],
)
def test_batches_that_make_no_sense(rest: Rest, path: str, body: dict[str, Any]) -> None:
    rest.post(path, body, 400)
