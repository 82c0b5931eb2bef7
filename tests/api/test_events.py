"""Messages, signals, timers, jobs and incidents over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from interpreter.bpmn.builder import Builder, bpmn
from interpreter.bpmn.parts import timer
from tests.api.server import Rest

Unique = Callable[[str], str]


def waiting(key: str, message: str) -> Builder:
    """Waits for a message, then for a person."""
    return bpmn(key).start().catch("wait", message=message).user_task("after").end()


@pytest.fixture
def message(unique: Unique) -> str:
    return unique("paid")


@pytest.fixture
def started(rest: Rest, unique: Unique, message: str) -> dict[str, Any]:
    key = unique("waiting")
    rest.deploy(waiting(key, message))
    return rest.start(key, businessKey=unique("B"), variables={"order": {"value": 7}})


# --- message --------------------------------------------------------------------------------------------------------


def test_subscriptions_are_listed(rest: Rest, started: dict[str, Any], message: str) -> None:
    (row,) = rest.get("/event-subscription", eventName=message)
    assert (row["eventType"], row["activityId"], row["processInstanceId"]) == ("message", "wait", started["id"])
    got = rest.get(f"/execution/{row['executionId']}/messageSubscriptions/{message}")
    assert got["id"] == row["id"]
    (execution,) = rest.get("/execution", messageEventSubscriptionName=message)
    assert execution["id"] == row["executionId"]
    rest.get(f"/execution/{row['executionId']}/messageSubscriptions/other", 404)


def test_correlate_by_business_key(rest: Rest, started: dict[str, Any], message: str) -> None:
    assert rest.post("/message", {"messageName": message, "businessKey": "other"}, 400)["type"] == "RestException"
    body = {
        "messageName": message,
        "businessKey": started["businessKey"],
        "processVariables": {"sum": {"value": 5}},
    }
    assert rest.post("/message", body, 204) is None
    assert rest.only_task(started["id"])["taskDefinitionKey"] == "after"
    assert rest.get(f"/process-instance/{started['id']}/variables/sum")["value"] == 5
    rest.post("/message", body, 400)


def test_correlate_by_variables_with_a_result(rest: Rest, started: dict[str, Any], message: str) -> None:
    body: dict[str, Any] = {"messageName": message, "correlationKeys": {"order": {"value": 8}}}
    rest.post("/message", body, 400)
    body["correlationKeys"]["order"]["value"] = 7
    body |= {"resultEnabled": True, "variablesInResultEnabled": True}
    (result,) = rest.post("/message", body, 200)
    assert result["resultType"] == "Execution"
    assert result["processInstance"] is None
    assert result["execution"]["processInstanceId"] == started["id"]
    assert result["variables"]["order"]["value"] == 7


def test_two_receivers_are_one_too_many_unless_all_are_meant(rest: Rest, unique: Unique, message: str) -> None:
    key = unique("waiting")
    rest.deploy(waiting(key, message))
    first, second = rest.start(key), rest.start(key)
    assert rest.post("/message", {"messageName": message}, 400)["type"] == "RestException"
    results = rest.post("/message", {"messageName": message, "all": True, "resultEnabled": True})
    assert {row["execution"]["processInstanceId"] for row in results} == {first["id"], second["id"]}


def test_a_message_starts_a_process(rest: Rest, unique: Unique, message: str) -> None:
    key = unique("starting")
    rest.deploy(bpmn(key).start("begin", message=message).user_task("work").end())
    (result,) = rest.post(
        "/message",
        {
            "messageName": message,
            "businessKey": "B",
            "processVariables": {"x": {"value": 1}},
            "resultEnabled": True,
        },
    )
    assert result["resultType"] == "ProcessDefinition"
    instance = result["processInstance"]
    assert instance["definitionKey"] == key
    assert instance["businessKey"] == "B"
    assert rest.get(f"/process-instance/{instance['id']}/variables/x")["value"] == 1
    assert rest.get(f"/history/process-instance/{instance['id']}")["startActivityId"] == "begin"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"messageName": ""},
        {"messageName": "m", "tenantId": "a", "withoutTenantId": True},
        {"messageName": "m", "variablesInResultEnabled": True},
        {"messageName": "m", "processVariables": {"x": {"value": "a", "type": "Integer"}}},
    ],
)
def test_wrong_messages(rest: Rest, body: dict[str, Any]) -> None:
    rest.post("/message", body, 400)


def test_trigger_one_execution(rest: Rest, started: dict[str, Any], message: str) -> None:
    (row,) = rest.get("/event-subscription", eventName=message)
    path = f"/execution/{row['executionId']}/messageSubscriptions"
    rest.post(f"{path}/other/trigger", {}, 500)
    rest.post(f"{path}/{message}/trigger", {"variables": {"x": {"value": 1}}}, 204)
    assert rest.only_task(started["id"])["taskDefinitionKey"] == "after"


# --- signal ---------------------------------------------------------------------------------------------------------


def test_a_signal_reaches_everyone(rest: Rest, unique: Unique) -> None:
    key, other, signal = unique("waiting"), unique("starting"), unique("alarm")
    rest.deploy(
        bpmn(key).start().catch("wait", signal=signal).user_task("after").end(),
        bpmn(other).start(signal=signal).user_task("work").end(),
    )
    first, second = rest.start(key), rest.start(key)
    rest.post("/signal", {"name": signal, "variables": {"x": {"value": 1}}}, 204)
    for instance in (first, second):
        assert rest.only_task(instance["id"])["taskDefinitionKey"] == "after"
        assert rest.get(f"/process-instance/{instance['id']}/variables/x")["value"] == 1
    assert rest.get("/process-instance/count", processDefinitionKey=other) == {"count": 1}
    rest.post("/signal", {"name": unique("nobody")}, 204)
    rest.post("/signal", {}, 400)
    rest.post("/signal", {"name": signal, "executionId": first["id"]}, 500)


def test_a_signal_for_one(rest: Rest, unique: Unique) -> None:
    key, signal = unique("waiting"), unique("alarm")
    rest.deploy(bpmn(key).start().catch("wait", signal=signal).user_task("after").end())
    first, second = rest.start(key), rest.start(key)
    (row,) = rest.get("/event-subscription", processInstanceId=first["id"])
    rest.post("/signal", {"name": signal, "executionId": row["executionId"]}, 204)
    assert rest.only_task(first["id"])["taskDefinitionKey"] == "after"
    assert rest.get("/task", processInstanceId=second["id"]) == []


def test_a_signal_passes_by_who_is_suspended(rest: Rest, unique: Unique) -> None:
    key, signal = unique("resting"), unique("alarm")
    rest.deploy(bpmn(key).start().catch("wait", signal=signal).user_task("after").end())
    resting, awake = rest.start(key), rest.start(key)
    rest.put(f"/process-instance/{resting['id']}/suspended", {"suspended": True}, 204)
    rest.post("/signal", {"name": signal}, 204)
    assert rest.only_task(awake["id"])["taskDefinitionKey"] == "after"
    (row,) = rest.get("/event-subscription", processInstanceId=resting["id"])
    rest.post("/signal", {"name": signal, "executionId": row["executionId"]}, 500)
    rest.put(f"/process-instance/{resting['id']}/suspended", {"suspended": False}, 204)
    rest.post("/signal", {"name": signal, "executionId": row["executionId"]}, 204)


# --- condition ------------------------------------------------------------------------------------------------------


def test_conditions_start_processes(rest: Rest, unique: Unique) -> None:
    key = unique("conditional")
    rest.deploy(bpmn(key).start("hot", condition="${degrees > 30}").user_task("cool").end())
    definition = rest.get(f"/process-definition/key/{key}")["id"]
    body = {"variables": {"degrees": {"value": 20}}, "processDefinitionId": definition}
    assert rest.post("/condition", body) == []
    body["variables"]["degrees"]["value"] = 31
    (started,) = rest.post("/condition", {**body, "businessKey": "B"})
    assert (started["definitionId"], started["businessKey"]) == (definition, "B")
    assert rest.only_task(started["id"])["taskDefinitionKey"] == "cool"
    assert rest.post("/condition", {**body, "variables": {"other": {"value": 1}}}) == []
    rest.post("/condition", {}, 400)


# --- jobs and incidents ---------------------------------------------------------------------------------------------


def test_a_timer_is_a_job_that_can_be_moved_and_run(rest: Rest, unique: Unique) -> None:
    key = unique("timer")
    rest.deploy(bpmn(key).start().catch("wait", timer="PT10H").user_task("after").end())
    started = rest.start(key)
    (job,) = rest.get("/job", processInstanceId=started["id"], timers="true")
    assert job["dueDate"] is not None
    assert job["retries"] == 3
    rest.put(f"/job/{job['id']}/duedate", {"duedate": "2035-01-01T00:00:00.000+0000"}, 204)
    assert rest.get(f"/job/{job['id']}")["dueDate"] == "2035-01-01T00:00:00.000+0000"
    assert rest.get("/task", processInstanceId=started["id"]) == []
    rest.post(f"/job/{job['id']}/execute", expect=204)
    assert rest.only_task(started["id"])["taskDefinitionKey"] == "after"
    rest.get(f"/job/{job['id']}", 404)
    rest.post(f"/job/{job['id']}/execute", expect=404)
    rest.put("/job/nobody/retries", {"retries": 1}, 500)
    rest.put("/job/nobody/retries", {"retries": None}, 400)


def test_the_due_date_of_a_timer_is_recalculated(rest: Rest, unique: Unique) -> None:
    def due(job: dict[str, Any]) -> timedelta:
        row = rest.get(f"/job/{job['id']}")
        return datetime.fromisoformat(row["dueDate"]) - datetime.fromisoformat(row["createTime"])

    key = unique("recalculated")
    rest.deploy(bpmn(key).start().catch("wait", timer=timer(duration="${patience}")).service_task("s", type=key).end())
    started = rest.start(key, variables={"patience": {"value": "PT1H"}})
    (job,) = rest.get("/job", processInstanceId=started["id"])
    assert abs(due(job) - timedelta(hours=1)) < timedelta(seconds=5)
    rest.put(f"/process-instance/{started['id']}/variables/patience", {"value": "PT2H"}, 204)
    rest.post(f"/job/{job['id']}/duedate/recalculate", expect=204)
    assert abs(due(job) - timedelta(hours=2)) < timedelta(seconds=5)
    row = rest.get(f"/job/{job['id']}")
    rest.post(f"/job/{job['id']}/duedate/recalculate", expect=204, creationDateBased="false")
    row, before = rest.get(f"/job/{job['id']}"), row["dueDate"]
    assert row["dueDate"] > before, "it counts from now"
    rest.put(f"/process-instance/{started['id']}/variables/patience", {"value": "soon"}, 204)
    refusal = rest.post(f"/job/{job['id']}/duedate/recalculate", expect=500)
    assert "Expected the timer of 'wait' to be a timeDuration" in refusal["message"]
    assert rest.get(f"/job/{job['id']}")["dueDate"] == row["dueDate"], "it stays as it was"
    assert rest.get("/incident", processInstanceId=started["id"]) == []
    rest.post("/job/nobody/duedate/recalculate", expect=404)
    rest.post(f"/job/{job['id']}/execute", expect=204)
    (work,) = rest.get("/job", processInstanceId=started["id"])
    refusal = rest.post(f"/job/{work['id']}/duedate/recalculate", expect=500)
    assert refusal["message"] == f"Cannot recalculate the due date of job {work['id']}: it is not a timer"


def test_a_failed_expression_is_an_incident_that_can_be_repaired(rest: Rest, unique: Unique) -> None:
    key = unique("broken")
    rest.deploy(
        bpmn(key)
        .start()
        .user_task("before")
        .exclusive("which")
        .when("${amount > 10}")
        .user_task("much")
        .end()
        .otherwise()
        .user_task("little")
        .end()
    )
    started = rest.start(key)
    rest.post(f"/task/{rest.only_task(started['id'])['id']}/complete", {})
    (incident,) = rest.get("/incident", processInstanceId=started["id"])
    assert "amount" in incident["incidentMessage"]
    assert incident["activityId"] == "which"
    assert rest.get(f"/incident/{incident['id']}")["id"] == incident["id"]
    assert rest.get("/incident/count", processDefinitionKeyIn=key) == {"count": 1}
    assert rest.get("/process-instance", processInstanceIds=started["id"], withIncident="true") != []
    tree = rest.get(f"/process-instance/{started['id']}/activity-instances")
    assert [child["incidentIds"] for child in tree["childActivityInstances"]] == [[incident["id"]]]
    rest.put(f"/incident/{incident['id']}/annotation", {"annotation": "looking"}, 204)
    assert rest.get(f"/incident/{incident['id']}")["annotation"] == "looking"
    rest.delete(f"/incident/{incident['id']}/annotation", 204)
    rest.put(f"/process-instance/{started['id']}/variables/amount", {"value": 50}, 204)
    rest.delete(f"/incident/{incident['id']}", 204)
    assert rest.only_task(started["id"])["taskDefinitionKey"] == "much"
    assert rest.get("/incident", processInstanceId=started["id"]) == []
    rest.delete(f"/incident/{incident['id']}", 404)


def test_report_an_incident(rest: Rest, started: dict[str, Any]) -> None:
    (row,) = rest.get("/execution", processInstanceId=started["id"], activityId="wait")
    incident = rest.post(
        f"/execution/{row['id']}/create-incident", {"incidentType": "mine", "message": "look", "configuration": "c"}
    )
    assert (incident["incidentType"], incident["incidentMessage"]) == ("mine", "look")
    rest.post(f"/execution/{row['id']}/create-incident", {}, 400)
    rest.delete(f"/incident/{incident['id']}", 204)


def test_let_a_receive_task_go_on(rest: Rest, unique: Unique) -> None:
    key = unique("receive")
    rest.deploy(bpmn(key).start().receive_task("wait").user_task("after").end())
    started = rest.start(key)
    (row,) = rest.get("/execution", processInstanceId=started["id"], activityId="wait")
    rest.post(f"/execution/{row['id']}/signal", {"variables": {"x": {"value": 1}}}, 204)
    assert rest.only_task(started["id"])["taskDefinitionKey"] == "after"
    rest.post(f"/execution/{row['id']}/signal", {}, 500)


# --- history --------------------------------------------------------------------------------------------------------


def test_details_of_variables(rest: Rest, started: dict[str, Any]) -> None:
    rest.put(f"/process-instance/{started['id']}/variables/order", {"value": 8}, 204)
    rows = rest.get(
        "/history/detail", processInstanceId=started["id"], variableUpdates="true", sortBy="occurrence", sortOrder="asc"
    )
    assert [(row["variableName"], row["variableType"], row["value"], row["type"]) for row in rows] == [
        ("order", "Integer", 7, "variableUpdate"),
        ("order", "Integer", 8, "variableUpdate"),
    ]
    assert rest.get(f"/history/detail/{rows[1]['id']}") == rows[1]


def test_history_is_deleted_when_it_is_over(rest: Rest, unique: Unique) -> None:
    key = unique("approval")
    rest.deploy(bpmn(key).start().user_task("a").end())
    started = rest.start(key, variables={"x": {"value": 1}})
    rest.delete(f"/history/process-instance/{started['id']}", 400)
    rest.post(f"/task/{rest.only_task(started['id'])['id']}/complete", {})
    (row,) = rest.get("/history/variable-instance", processInstanceId=started["id"])
    rest.delete(f"/history/variable-instance/{row['id']}", 204)
    rest.delete(f"/history/variable-instance/{row['id']}", 404)
    rest.delete(f"/history/process-instance/{started['id']}/variable-instances", 204)
    statistics = rest.get(f"/history/process-definition/{started['definitionId']}/statistics", finished="true")
    assert {row["id"]: (row["instances"], row["finished"]) for row in statistics}["a"] == (0, 1)
    rest.delete(f"/history/process-instance/{started['id']}", 204)
    rest.get(f"/history/process-instance/{started['id']}", 404)
    rest.delete(f"/history/process-instance/{started['id']}", 404)
    rest.delete(f"/history/process-instance/{started['id']}", 204, failIfNotExists="false")


def test_statistics(rest: Rest, unique: Unique) -> None:
    key = unique("statistics")
    rest.deploy(bpmn(key).start().user_task("a").end())
    for _ in range(2):
        rest.start(key)
    definition = rest.get(f"/process-definition/key/{key}")
    rows = [
        row for row in rest.get("/process-definition/statistics", incidents="true") if row["id"] == definition["id"]
    ]
    assert rows == [
        {"id": definition["id"], "instances": 2, "failedJobs": 0, "incidents": [], "definition": definition}
    ]
    assert rest.get(f"/process-definition/key/{key}/statistics", failedJobs="true") == [
        {"id": "a", "instances": 2, "failedJobs": 0, "incidents": []}
    ]
    rest.get("/process-definition/statistics", 400, incidents="true", incidentsForType="x")


def test_restart(rest: Rest, unique: Unique) -> None:
    key = unique("two")
    rest.deploy(bpmn(key).start().user_task("a").user_task("b").end())
    started = rest.start(key, businessKey="B", variables={"x": {"value": 1}})
    path = f"/process-definition/{started['definitionId']}/restart"
    body = {
        "processInstanceIds": [started["id"]],
        "instructions": [{"type": "startBeforeActivity", "activityId": "b"}],
    }
    rest.post(path, body, 400)
    rest.put(f"/process-instance/{started['id']}/variables/x", {"value": 2})
    rest.delete(f"/process-instance/{started['id']}")
    rest.post(path, {**body, "instructions": []}, 400)
    rest.post(path, body, 204)
    rest.post(path, {**body, "initialVariables": True, "withoutBusinessKey": True}, 204)
    again = rest.get("/process-instance", processDefinitionKey=key, businessKey="B")
    assert len(again) == 1
    assert rest.get(f"/process-instance/{again[0]['id']}/variables/x")["value"] == 2
    assert rest.only_task(again[0]["id"])["taskDefinitionKey"] == "b"
    assert rest.get(f"/history/process-instance/{again[0]['id']}")["restartedProcessInstanceId"] == started["id"]
    (first,) = [row for row in rest.get("/process-instance", processDefinitionKey=key) if row["businessKey"] is None]
    assert rest.get(f"/process-instance/{first['id']}/variables/x")["value"] == 1


def test_reports(rest: Rest, unique: Unique) -> None:
    key = unique("approval")
    rest.deploy(bpmn(key).start().user_task("a", name="Look").end())
    rest.post(f"/task/{rest.only_task(rest.start(key)['id'])['id']}/complete", {})
    wanted = {"reportType": "duration", "periodUnit": "month", "processDefinitionKeyIn": key}
    (row,) = rest.get("/history/process-instance/report", **wanted)
    assert row["periodUnit"] == "MONTH"
    assert 0 <= row["minimum"] <= row["average"] <= row["maximum"]
    csv = rest.http.get("/engine-rest/history/process-instance/report", params=wanted, headers={"Accept": "text/csv"})
    assert csv.headers["content-type"] == "text/csv"
    assert len(csv.text.splitlines()) == 2
    rest.get("/history/process-instance/report", 400, reportType="duration", periodUnit="day")
    counts = rest.get("/history/task/report", reportType="count", groupBy="taskName")
    assert {"Look": 1}.items() <= {
        row["taskName"]: row["count"] for row in counts if row["processDefinitionKey"] == key
    }.items()
    assert rest.get("/history/task/report", reportType="duration", periodUnit="quarter")[0]["periodUnit"] == "QUARTER"
    definition = rest.get(f"/process-definition/key/{key}")["id"]
    path = "/history/process-definition/cleanable-process-instance-report"
    (row,) = rest.get(path, processDefinitionIdIn=definition)
    assert (row["finishedProcessInstanceCount"], row["cleanableProcessInstanceCount"]) == (1, 0)
    assert rest.get(f"{path}/count", processDefinitionIdIn=definition) == {"count": 1}
