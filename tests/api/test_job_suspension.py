"""Jobs that are held back: single ones, those of an instance or a process, and those to come of a job definition."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from interpreter.bpmn.builder import bpmn
from tests.api.replays import replay_everything
from tests.api.server import Rest

Unique = Callable[[str], str]


@pytest.fixture
def key(rest: Rest, unique: Unique) -> str:
    """A process that waits two seconds, and then for a person."""
    key = unique("held")
    rest.deploy(bpmn(key).start().catch("pause", timer="PT2S").user_task("after").end())
    return key


def job(rest: Rest, instance: str) -> Any:
    (found,) = rest.get("/job", processInstanceId=instance)
    return found


def is_after(rest: Rest, instance: str, seconds: float = 20) -> bool:
    """Whether the instance comes to its task in so many seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if rest.get("/task/count", processInstanceId=instance) == {"count": 1}:
            return True
        time.sleep(0.05)
    return False


def test_a_suspended_timer_does_not_fire(rest: Rest, key: str) -> None:
    held, other, executed = (rest.start(key)["id"] for _ in range(3))
    for one in (held, executed):
        identifier = job(rest, one)["id"]
        rest.put(f"/job/{identifier}/suspended", {"suspended": True}, 204)
        assert rest.get(f"/job/{identifier}")["suspended"] is True
    assert rest.get("/job/count", processInstanceId=held, suspended="true") == {"count": 1}
    assert rest.get("/job/count", processInstanceId=held, active="true") == {"count": 0}
    assert rest.get(f"/process-instance/{held}")["suspended"] is False
    assert is_after(rest, other)
    assert not is_after(rest, held, 2.5)
    rest.post(f"/job/{job(rest, executed)['id']}/execute", {}, 204)
    assert is_after(rest, executed)
    rest.put(f"/job/{job(rest, held)['id']}/suspended", {"suspended": False}, 204)
    assert is_after(rest, held), "it was due long ago"
    rest.put("/job/nobody/suspended", {"suspended": True}, 404)
    rest.put("/job/nobody/suspended", {}, 400)


@pytest.mark.parametrize("by", ["jobDefinitionId", "processInstanceId", "processDefinitionId", "processDefinitionKey"])
def test_jobs_are_suspended_together(rest: Rest, key: str, by: str) -> None:
    one = rest.start(key)["id"]
    definition = rest.get(f"/process-definition/key/{key}")["id"]
    (made_by,) = rest.get("/job-definition", processDefinitionId=definition)
    values = {
        "jobDefinitionId": made_by["id"],
        "processInstanceId": one,
        "processDefinitionId": definition,
        "processDefinitionKey": key,
    }
    rest.put("/job/suspended", {by: values[by], "suspended": True}, 204)
    assert job(rest, one)["suspended"] is True
    rest.put("/job/suspended", {by: values[by], "suspended": False}, 204)
    assert job(rest, one)["suspended"] is False
    assert rest.get(f"/job-definition/{made_by['id']}")["suspended"] is False
    rest.put("/job/suspended", {"suspended": True}, 400)
    rest.put("/job/suspended", {**values, "suspended": True}, 400)


def test_a_suspended_job_definition_holds_back_what_comes(rest: Rest, unique: Unique) -> None:
    key, caller = unique("held"), unique("calls")
    rest.deploy(
        bpmn(key).start().user_task("before").user_task("work", attrs={"camunda:asyncBefore": "true"}).end(),
        bpmn(caller).start().call_activity("call", key).end(),
    )
    definition = rest.get(f"/process-definition/key/{key}")["id"]
    (made_by,) = rest.get("/job-definition", processDefinitionId=definition, activityIdIn="work")
    running = rest.start(key)["id"]
    rest.put(f"/job-definition/{made_by['id']}/suspended", {"suspended": True}, 204)
    assert rest.get(f"/job-definition/{made_by['id']}")["suspended"] is True
    started = rest.start(key)["id"]
    parent = rest.start(caller)["id"]
    while not (called := rest.get("/task", processDefinitionId=definition, taskDefinitionKey="before")[2:]):
        time.sleep(0.05)
    instances = [running, started, *{task["processInstanceId"] for task in called}]
    assert rest.get("/process-instance/count", rootProcessInstanceId=parent)["count"] == 2
    for one in rest.get("/task", processDefinitionId=definition):
        rest.post(f"/task/{one['id']}/complete", {}, 204)
    waiting = rest.get("/job", jobDefinitionId=made_by["id"])
    assert [found["suspended"] for found in waiting] == [True] * 3
    assert rest.get("/task/count", processDefinitionId=definition) == {"count": 0}
    rest.put("/job-definition/suspended", {"processDefinitionKey": key, "suspended": False, "includeJobs": True}, 204)
    for one in instances[:2]:
        assert is_after(rest, one)
    assert rest.get("/job/count", jobDefinitionId=made_by["id"]) == {"count": 0}
    later = rest.start(key)["id"]
    rest.post(f"/task/{rest.only_task(later)['id']}/complete", {}, 204)
    assert is_after(rest, later)
    rest.put(f"/job-definition/{made_by['id']}/suspended", {"suspended": True, "executionDate": "2040-01-01"}, 400)
    rest.put("/job-definition/nobody/suspended", {"suspended": True}, 404)
    rest.put("/job-definition/suspended", {"suspended": True}, 400)


def test_all_of_this_replays(rest: Rest) -> None:
    assert replay_everything(rest) > 3
