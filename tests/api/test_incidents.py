"""What failed in a called instance is seen at its callers, as long as it lasts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from interpreter.bpmn.builder import bpmn
from ostinato import Client
from tests.api.server import Rest

Unique = Callable[[str], str]


@pytest.fixture
def family(rest: Rest, unique: Unique) -> dict[str, Any]:
    """Three generations: the youngest waits for a worker. Their ids, oldest first, their keys and the topic."""
    keys = [unique("old"), unique("middle"), unique("young")]
    topic = unique("topic")
    rest.deploy(
        bpmn(keys[0]).start().call_activity("calls-middle", keys[1]).end(),
        bpmn(keys[1]).start().call_activity("calls-young", keys[2]).end(),
        bpmn(keys[2]).start().service_task("work", topic=topic).end(),
    )
    ids = [rest.start(keys[0])["id"]]
    while len(ids) < 3:  # a start does not wait for the waits of what it calls
        ids += [child["id"] for child in rest.get("/process-instance", superProcessInstance=ids[-1])]
    while not rest.get("/external-task", topicName=topic):
        pass
    return {"keys": keys, "ids": ids, "topic": topic}


def fail(rest: Rest, topic: str) -> str:
    """Let the worker give up; the id of the external task."""
    order = {"workerId": "w", "maxTasks": 1, "topics": [{"topicName": topic, "lockDuration": 60_000}]}
    (task,) = rest.post("/external-task/fetchAndLock", order)
    body = {"workerId": "w", "errorMessage": "no paper", "retries": 0, "retryTimeout": 0}
    rest.post(f"/external-task/{task['id']}/failure", body, 204)
    return task["id"]


def test_callers_have_the_incident_until_it_is_resolved(rest: Rest, family: dict[str, Any]) -> None:
    old, middle, young = family["ids"]
    task = fail(rest, family["topic"])
    (own,) = rest.get("/incident", processInstanceId=young)
    (above,) = rest.get("/incident", processInstanceId=middle)
    (top,) = rest.get("/incident", processInstanceId=old)
    assert own["configuration"] == task
    assert (own["causeIncidentId"], own["rootCauseIncidentId"]) == (own["id"], own["id"])
    assert (above["causeIncidentId"], above["rootCauseIncidentId"]) == (own["id"], own["id"])
    assert (top["causeIncidentId"], top["rootCauseIncidentId"]) == (above["id"], own["id"])
    assert [one["activityId"] for one in (own, above, top)] == ["work", "calls-young", "calls-middle"]
    assert {one["incidentType"] for one in (own, above, top)} == {"failedExternalTask"}
    assert [one["configuration"] for one in (above, top)] == [None, None]
    assert len({own["id"], above["id"], top["id"]}) == 3
    for one in (own, above, top):
        assert rest.get(f"/incident/{one['id']}") == one
        assert rest.get("/incident", incidentId=one["id"]) == [one]
        assert rest.get("/process-instance", incidentId=one["id"])[0]["id"] == one["processInstanceId"]
        assert rest.get("/execution", incidentId=one["id"])[0]["id"] == one["executionId"]
        assert rest.get("/process-definition/count", incidentId=one["id"]) == {"count": 1}
    assert {row["id"] for row in rest.get("/incident", rootCauseIncidentId=own["id"])} == {
        own["id"],
        above["id"],
        top["id"],
    }
    assert {row["id"] for row in rest.get("/incident", causeIncidentId=own["id"])} == {own["id"], above["id"]}
    assert [row["id"] for row in rest.get("/incident", causeIncidentId=above["id"])] == [top["id"]]
    assert [row["id"] for row in rest.get("/process-instance", withIncident="true", processInstanceIds=old)] == [old]
    tree = rest.get(f"/process-instance/{old}/activity-instances")
    assert tree["childActivityInstances"][0]["incidentIds"] == [top["id"]]

    rest.put(f"/incident/{top['id']}/annotation", {"annotation": "seen"}, 204)
    assert rest.get(f"/incident/{top['id']}")["annotation"] == "seen"
    assert rest.get(f"/incident/{own['id']}")["annotation"] is None
    refusal = rest.delete(f"/incident/{top['id']}", 400)
    assert own["id"] in refusal["message"] or "retries" in refusal["message"]

    rest.put(f"/external-task/{task}/retries", {"retries": 1}, 204)
    assert [rest.get("/incident/count", processInstanceId=one) for one in family["ids"]] == [{"count": 0}] * 3
    for one in (own, above, top):
        (row,) = rest.get("/history/incident", incidentId=one["id"])
        assert (row["resolved"], row["deleted"], row["open"]) == (True, False, False)
        assert (row["causeIncidentId"], row["endTime"] is None) == (one["causeIncidentId"], False)


def test_an_incident_reported_below_is_resolved_below(rest: Rest, family: dict[str, Any]) -> None:
    old, _, young = family["ids"]
    reported = rest.post(f"/execution/{young}/create-incident", {"incidentType": "trouble", "message": "m"})
    (top,) = rest.get("/incident", processInstanceId=old)
    assert (top["incidentType"], top["incidentMessage"]) == ("trouble", None)
    assert reported["id"] in rest.delete(f"/incident/{top['id']}", 400)["message"]
    rest.delete(f"/incident/{reported['id']}", 204)
    assert rest.get("/incident/count", processInstanceId=old) == {"count": 0}


def test_what_is_deleted_with_its_instance_is_deleted_above(rest: Rest, family: dict[str, Any]) -> None:
    old, middle, young = family["ids"]
    fail(rest, family["topic"])
    rest.delete(f"/process-instance/{young}", 204)
    assert rest.get("/incident/count", processInstanceId=middle) == {"count": 0}
    (row,) = rest.get("/history/incident", processInstanceId=old)
    assert (row["deleted"], row["resolved"]) == (True, False)


def test_statistics_count_at_callers_unless_only_roots_are_asked_for(rest: Rest, family: dict[str, Any]) -> None:
    fail(rest, family["topic"])

    def counts(**params: str) -> list[list[tuple[str, int]]]:
        rows = {row["definition"]["key"]: row for row in rest.get("/process-definition/statistics", **params)}
        return [[(i["incidentType"], i["incidentCount"]) for i in rows[key]["incidents"]] for key in family["keys"]]

    one = [("failedExternalTask", 1)]
    assert counts(incidents="true") == [one, one, one]
    assert counts(incidentsForType="failedExternalTask") == [one, one, one]
    assert counts(rootIncidents="true") == [[], [], one]
    (row,) = rest.get(f"/process-definition/key/{family['keys'][0]}/statistics", incidents="true")
    assert (row["id"], row["incidents"]) == (
        "calls-middle",
        [{"incidentType": "failedExternalTask", "incidentCount": 1}],
    )
    definition = rest.get(f"/process-definition/key/{family['keys'][0]}")["id"]
    rows = rest.get(f"/history/process-definition/{definition}/statistics", incidents="true")
    assert {row["id"]: row["openIncidents"] for row in rows}["calls-middle"] == 1


def test_the_client_retries_where_it_failed(rest: Rest, family: dict[str, Any]) -> None:
    fail(rest, family["topic"])

    async def retry() -> None:
        async with Client(rest.url) as engine:
            (top,) = await engine.incidents(processInstanceId=family["ids"][0])
            await engine.retry(top, 2)
            await engine.retry(top)  # it is over by now

    asyncio.run(retry())
    assert rest.get("/incident/count", processInstanceId=family["ids"][2]) == {"count": 0}
    (task,) = rest.get("/external-task", topicName=family["topic"])
    assert task["retries"] == 2


@pytest.mark.parametrize("way", ["client", "job", "execute", "many"])
def test_a_call_of_what_is_not_there_is_tried_again_by_its_job(rest: Rest, unique: Unique, way: str) -> None:
    caller, called = unique("caller"), unique("called")
    rest.deploy(bpmn(caller).start().call_activity("call", called).end())
    instance = rest.start(caller)["id"]
    while not rest.get("/incident", processInstanceId=instance):
        pass
    (incident,) = rest.get("/incident", processInstanceId=instance)
    assert (incident["incidentType"], incident["activityId"]) == ("failedJob", "call")
    job = rest.get(f"/job/{incident['configuration']}")
    assert (job["retries"], job["failedActivityId"], called in job["exceptionMessage"]) == (0, "call", True)
    assert rest.get("/job", processInstanceId=instance, noRetriesLeft="true") == [job]
    assert called in rest.http.get(f"/engine-rest/job/{job['id']}/stacktrace").text
    rest.put(f"/job/{job['id']}/retries", {"retries": 0}, 204)

    rest.deploy(bpmn(called).start().user_task("there").end())
    if way == "client":

        async def retry() -> None:
            async with Client(rest.url) as engine:
                (row,) = await engine.incidents(processInstanceId=instance)
                await engine.retry(row)

        asyncio.run(retry())
    elif way == "job":
        rest.put(f"/job/{job['id']}/retries", {"retries": 3, "dueDate": "2031-01-01T00:00:00.000+0000"}, 204)
    elif way == "execute":
        rest.post(f"/job/{job['id']}/execute", None, 204)
    else:
        rest.post("/process-instance/job-retries", {"processInstances": [instance], "retries": 1})
        while rest.get("/incident", processInstanceId=instance):
            pass
    assert rest.get("/incident", processInstanceId=instance) == []
    assert rest.get("/job", processInstanceId=instance) == []
    while not rest.get("/process-instance", superProcessInstance=instance):
        pass


def test_a_suspended_caller_hears_an_escalation_when_it_is_resumed(rest: Rest, unique: Unique) -> None:
    caller, called = unique("caller"), unique("called")
    model = bpmn(caller).start().call_activity("call", called).end()
    model.boundary("raised", on="call", escalation="LATE", interrupting=False).user_task("look").end()
    late = bpmn(called).start().user_task("first").throw("say", escalation="LATE").user_task("second").end()
    rest.deploy(model, late)
    instance = rest.start(caller)["id"]
    while not rest.get("/process-instance", superProcessInstance=instance):
        pass
    (child,) = rest.get("/process-instance", superProcessInstance=instance)
    while not rest.get("/task", processInstanceId=child["id"]):
        pass
    rest.put(f"/process-instance/{instance}/suspended", {"suspended": True}, 204)
    rest.post(f"/task/{rest.only_task(child['id'])['id']}/complete", {}, 204)
    while rest.only_task(child["id"])["taskDefinitionKey"] != "second":
        pass
    time.sleep(0.5)  # the escalation is on its way
    assert rest.get("/task", processInstanceId=instance) == [], "a suspended instance does not go on"
    rest.put(f"/process-instance/{instance}/suspended", {"suspended": False}, 204)
    deadline = time.monotonic() + 10
    while not rest.get("/task", processInstanceId=instance):
        assert time.monotonic() < deadline, "the escalation is lost"
    assert rest.only_task(instance)["taskDefinitionKey"] == "look"
