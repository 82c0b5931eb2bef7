"""What failed in a called instance is seen at its callers, as long as it lasts."""

from __future__ import annotations

import asyncio
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
