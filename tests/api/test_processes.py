"""Deploy, start, look, change and end: processes over HTTP. Nothing here waits; the next GET shows every change."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from interpreter.bpmn.builder import Builder, bpmn
from interpreter.bpmn.parts import multi
from tests.api.server import Rest

Unique = Callable[[str], str]
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000")


def approval(key: str) -> Builder:
    """A user task and nothing else."""
    return bpmn(key, name="Approval").start("begin").user_task("approve", name="Approve it").end("done")


# --- server ---------------------------------------------------------------------------------------------------------


def test_who_is_there(rest: Rest) -> None:
    assert rest.get("/engine") == [{"name": "default"}]
    assert rest.get("/version")["version"].startswith("7.")
    assert rest.get("/engine/default/version") == rest.get("/version")
    assert rest.http.get("/health").json() == {"database": True, "temporal": True}


def test_an_unknown_engine_is_400(rest: Rest) -> None:
    error = rest.get("/engine/other/version", 400)
    assert error["type"] == "InvalidRequestException"
    assert "other" in error["message"]


@pytest.mark.parametrize(
    ("method", "path", "status", "type_name"),
    [
        ("GET", "/nothing", 404, "NotFoundException"),
        ("DELETE", "/version", 405, "NotAllowedException"),
        ("POST", "/process-instance", 400, "InvalidRequestException"),
    ],
)
def test_errors_have_three_fields(rest: Rest, method: str, path: str, status: int, type_name: str) -> None:
    error = rest.request(method, path, status, content=b"{", headers={"content-type": "application/json"})
    assert error["type"] == type_name
    assert set(error) == {"type", "message", "code"}


def test_options_tells_what_is_allowed(rest: Rest) -> None:
    response = rest.http.options("/engine-rest/process-definition/count")
    assert response.status_code == 200
    assert "GET" in response.headers["allow"]


def test_bodies_of_another_type_and_clients_that_take_no_json_are_refused(rest: Rest) -> None:
    rest.request("POST", "/task", 415, content=b"<a/>", headers={"content-type": "text/xml"})
    rest.request("GET", "/version", 406, headers={"accept": "text/html"})


# --- deployment -----------------------------------------------------------------------------------------------------


def test_deploy_and_get_back(rest: Rest, unique: Unique) -> None:
    key = unique("approval")
    model = approval(key)
    name = unique("deployment")
    deployed = rest.deploy(
        model, ("notes.txt", "für später".encode()), deployment_name=name, deployment_source="a test"
    )
    assert deployed["name"] == name
    assert deployed["source"] == "a test"
    assert deployed["tenantId"] is None
    assert DATE.fullmatch(deployed["deploymentTime"])
    assert deployed["links"][0]["rel"] == "self"
    assert deployed["deployedDecisionDefinitions"] is None
    assert deployed["deployedCaseDefinitions"] is None
    (definition,) = deployed["deployedProcessDefinitions"].values()
    assert definition["id"].startswith(f"{key}:1:")
    assert definition == rest.get(f"/process-definition/{definition['id']}")
    assert definition == rest.get(f"/process-definition/key/{key}")
    assert [definition] == rest.get("/process-definition", key=key, latestVersion="True")
    assert rest.get("/process-definition/count", key=key) == {"count": 1}
    assert rest.get(f"/process-definition/key/{key}/xml") == {
        "id": definition["id"],
        "bpmn20Xml": model.xml().decode(),
    }
    listed = rest.get("/deployment", name=name)
    assert [row["id"] for row in listed] == [deployed["id"]]
    assert listed[0]["links"] == []
    resources = rest.get(f"/deployment/{deployed['id']}/resources")
    assert [row["name"] for row in resources] == ["model-0.bpmn", "notes.txt"]
    data = rest.http.get(f"/engine-rest/deployment/{deployed['id']}/resources/{resources[1]['id']}/data")
    assert data.content.decode() == "für später"
    assert "notes.txt" in data.headers["content-disposition"]


def test_versions_and_duplicates(rest: Rest, unique: Unique) -> None:
    key, name = unique("approval"), unique("deployment")
    first = rest.deploy(approval(key), deployment_name=name, enable_duplicate_filtering="True")
    again = rest.deploy(approval(key), deployment_name=name, enable_duplicate_filtering="true")
    assert again["id"] == first["id"]
    assert again["deployedProcessDefinitions"] is None
    changed = rest.deploy(approval(key).annotation("changed"), deployment_name=name, enable_duplicate_filtering="true")
    assert changed["id"] != first["id"]
    versions = rest.get("/process-definition", key=key, sortBy="version", sortOrder="desc")
    assert [row["version"] for row in versions] == [2, 1]
    assert rest.get(f"/process-definition/key/{key}")["version"] == 2


def test_tenants_have_their_own_versions(rest: Rest, unique: Unique) -> None:
    key = unique("approval")
    rest.deploy(approval(key), tenant_id="north")
    assert rest.get(f"/process-definition/key/{key}/tenant-id/north")["tenantId"] == "north"
    assert rest.get(f"/process-definition/key/{key}", 404)["type"] == "RestException"
    started = rest.post(f"/process-definition/key/{key}/tenant-id/north/start", {})
    assert started["tenantId"] == "north"
    assert rest.only_task(started["id"])["tenantId"] == "north"


@pytest.mark.parametrize("content", [b"", b"no xml", b"<definitions/>", approval("x").xml()[:-30]])
def test_a_model_that_cannot_be_read_is_a_parse_exception(rest: Rest, content: bytes) -> None:
    error = rest.deploy(("broken.bpmn", content), expect=400)
    assert error["type"] == "ParseException"
    assert error["message"].startswith("ENGINE-09005 Could not parse BPMN process.")
    (problem, *_) = error["details"]["broken.bpmn"]["errors"]
    assert set(problem) == {"message", "line", "column", "mainElementId", "elementIds"}


def test_an_unknown_element_is_named_with_its_line(rest: Rest) -> None:
    content = (
        approval("x")
        .xml()
        .replace(b"<bpmn:userTask", b"<bpmn:robotTask")
        .replace(b"</bpmn:userTask", b"</bpmn:robotTask")
    )
    assert b"robotTask" in content
    error = rest.deploy(("robot.bpmn", content), expect=400)
    (problem, *_) = error["details"]["robot.bpmn"]["errors"]
    assert problem["mainElementId"] == "approve" or "robotTask" in problem["message"]
    assert problem["line"] > 0


def test_entities_and_ten_megabytes_are_refused(rest: Rest) -> None:
    entity = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "' + b"c" * 1000 + b'">]><a>' + b"&b;" * 2_500_000 + b"</a>"
    error = rest.deploy(("bomb.bpmn", entity), expect=400)
    assert error["type"] == "ParseException"
    padded = (
        approval("x").xml().replace(b"</bpmn:definitions>", b"<!-- " + b"x" * 10_000_000 + b" --></bpmn:definitions>")
    )
    error = rest.deploy(("huge.bpmn", padded), expect=400)
    assert error["type"] == "ParseException"


def test_a_deployment_without_files_is_400(rest: Rest) -> None:
    rest.request("POST", "/deployment/create", 415, json={})
    rest.request("POST", "/deployment/create", 400, files=[("deployment-name", (None, "empty"))])


def test_delete_a_deployment(rest: Rest, unique: Unique) -> None:
    key = unique("approval")
    deployed = rest.deploy(approval(key))
    started = rest.start(key)
    rest.delete(f"/deployment/{deployed['id']}", 500)
    rest.delete(f"/deployment/{deployed['id']}", 204, cascade="true")
    rest.get(f"/process-instance/{started['id']}", 404)
    rest.get(f"/deployment/{deployed['id']}", 404)
    rest.get(f"/process-definition/key/{key}", 404)
    rest.delete(f"/deployment/{deployed['id']}", 404)


# --- start and end --------------------------------------------------------------------------------------------------


def test_start_look_complete(rest: Rest, unique: Unique) -> None:
    key = unique("approval")
    rest.deploy(approval(key))
    started = rest.start(
        key,
        businessKey="B-1",
        variables={"amount": {"value": 120, "type": "long"}, "ok": {"value": True}},
        withVariablesInReturn=True,
    )
    assert started["businessKey"] == "B-1"
    assert started["ended"] is False
    assert started["links"][0]["href"].endswith(f"/engine-rest/process-instance/{started['id']}")
    assert started["variables"]["amount"] == {"type": "Long", "value": 120, "valueInfo": {}}
    instance = rest.get(f"/process-instance/{started['id']}")
    assert {name: instance[name] for name in instance if name != "links"} == {
        name: started[name] for name in started if name not in ("links", "variables")
    }
    assert rest.get("/process-instance", processInstanceIds=started["id"])[0]["links"] == []
    assert rest.get("/process-instance/count", processDefinitionKey=key) == {"count": 1}
    assert rest.get("/process-instance", processDefinitionKey=key, variables="ok_eq_true") == []
    assert len(rest.post("/process-instance", {"variables": [{"name": "amount", "operator": "gt", "value": 100}]})) == 1

    tree = rest.get(f"/process-instance/{started['id']}/activity-instances")
    assert tree["activityId"] == started["definitionId"]
    (leaf,) = tree["childActivityInstances"]
    assert (leaf["activityId"], leaf["activityType"], leaf["name"]) == ("approve", "userTask", "Approve it")

    task = rest.only_task(started["id"])
    assert task["name"] == "Approve it"
    assert task["taskDefinitionKey"] == "approve"
    assert DATE.fullmatch(task["created"])
    answer = rest.post(
        f"/task/{task['id']}/complete", {"variables": {"note": {"value": "fine"}}, "withVariablesInReturn": True}, 200
    )
    assert answer["note"] == {"type": "String", "value": "fine", "valueInfo": {}}

    rest.get(f"/process-instance/{started['id']}", 404)
    rest.get(f"/task/{task['id']}", 404)
    history = rest.get(f"/history/process-instance/{started['id']}")
    assert history["state"] == "COMPLETED"
    assert history["durationInMillis"] >= 0
    assert DATE.fullmatch(history["endTime"])
    activities = rest.get(
        "/history/activity-instance", processInstanceId=started["id"], sortBy="occurrence", sortOrder="asc"
    )
    assert [(row["activityId"], row["canceled"]) for row in activities] == [
        ("begin", False),
        ("approve", False),
        ("done", False),
    ]
    variables = {row["name"]: row for row in rest.get("/history/variable-instance", processInstanceId=started["id"])}
    assert set(variables) == {"amount", "ok", "note"}
    assert variables["amount"]["type"] == "Long"
    (done,) = rest.get("/history/task", processInstanceId=started["id"])
    assert done["deleteReason"] == "completed"


def test_a_process_without_waits_is_ended_in_the_answer(rest: Rest, unique: Unique) -> None:
    key = unique("quick")
    rest.deploy(bpmn(key).start().end())
    started = rest.start(key, variables={"x": {"value": 1}}, withVariablesInReturn=True)
    assert started["ended"] is True
    assert started["variables"]["x"]["value"] == 1
    assert rest.get(f"/history/process-instance/{started['id']}")["state"] == "COMPLETED"


def test_start_what_is_not_there_or_wrong(rest: Rest, unique: Unique) -> None:
    key = unique("approval")
    rest.deploy(approval(key))
    assert rest.start("nobody", 404)["type"] == "RestException"
    assert rest.post("/process-definition/nobody:1:x/start", {}, 500)["type"] == "RestException"
    error = rest.start(key, 400, variables={"x": {"value": "a", "type": "Integer"}})
    assert error["type"] == "InvalidRequestException"
    assert '"x"' in error["message"]
    rest.start(key, 400, variables=[])
    rest.start(key, 400, businessKey={})
    error = rest.start(key, 400, variables={"big": {"value": "x" * 3_000_000}})
    assert '"big"' in error["message"]
    assert "1000000" in error["message"]
    assert rest.get("/process-instance/count", processDefinitionKey=key) == {"count": 0}


def test_a_start_may_be_repeated(rest: Rest, unique: Unique) -> None:
    key, quick, header = unique("approval"), unique("quick"), {"Idempotency-Key": unique("order")}
    rest.deploy(approval(key), bpmn(quick).start().end())
    for name, ended in ((key, False), (quick, True)):
        path = f"/process-definition/key/{name}/start"
        body = {"businessKey": "B", "variables": {"x": {"value": 1}}, "withVariablesInReturn": True}
        first = rest.request("POST", path, 200, json=body, headers=header)
        again = rest.request("POST", path, 200, json=body, headers=header)
        assert again == first
        assert again["ended"] is ended
        assert rest.get("/history/process-instance/count", processDefinitionKey=name) == {"count": 1}
        other = rest.request("POST", path, 200, json=body, headers={"Idempotency-Key": unique("order")})
        assert other["id"] != first["id"]
    rest.request("POST", f"/process-definition/key/{key}/start", 400, json={}, headers={"Idempotency-Key": "x" * 256})


def test_a_start_repeated_at_once(rest: Rest, unique: Unique) -> None:
    key, header = unique("approval"), {"Idempotency-Key": unique("order")}
    rest.deploy(approval(key))

    def start(_: int) -> str:
        with rest.second() as other:
            return other.request("POST", f"/process-definition/key/{key}/start", 200, json={}, headers=header)["id"]

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(start, range(4)))) == 1
    assert rest.get("/process-instance/count", processDefinitionKey=key) == {"count": 1}


def test_delete_an_instance(rest: Rest, unique: Unique) -> None:
    key = unique("approval")
    rest.deploy(approval(key))
    started = rest.start(key)
    rest.delete(f"/process-instance/{started['id']}", 204)
    rest.get(f"/process-instance/{started['id']}", 404)
    assert rest.get("/task", processInstanceId=started["id"]) == []
    assert rest.get(f"/history/process-instance/{started['id']}")["state"] == "EXTERNALLY_TERMINATED"
    assert rest.delete(f"/process-instance/{started['id']}", 404)["type"] == "InvalidRequestException"
    rest.delete(f"/process-instance/{started['id']}", 204, failIfNotExists="false")


def test_suspend_and_activate(rest: Rest, unique: Unique) -> None:
    key = unique("approval")
    rest.deploy(approval(key))
    started = rest.start(key)
    rest.put(f"/process-instance/{started['id']}/suspended", {"suspended": True}, 204)
    assert rest.get(f"/process-instance/{started['id']}")["suspended"] is True
    task = rest.only_task(started["id"])
    assert task["suspended"] is True
    rest.post(f"/task/{task['id']}/complete", {}, 500)
    rest.put("/process-instance/suspended", {"suspended": False, "processInstanceIds": [started["id"]]}, 204)
    rest.post(f"/task/{task['id']}/complete", {}, 204)
    rest.put(f"/process-definition/key/{key}/suspended", {"suspended": True}, 204)
    assert rest.start(key, 500)["type"] == "RestException"
    rest.put("/process-definition/suspended", {"suspended": False, "processDefinitionKey": key}, 204)
    rest.start(key, 200)


# --- variables ------------------------------------------------------------------------------------------------------


@pytest.fixture
def instance(rest: Rest, unique: Unique) -> dict[str, Any]:
    key = unique("approval")
    rest.deploy(approval(key))
    return rest.start(key, variables={"a": {"value": 1}, "list": {"value": [1, {"b": None}]}})


def test_variables_of_an_instance(rest: Rest, instance: dict[str, Any]) -> None:
    path = f"/process-instance/{instance['id']}/variables"
    assert rest.get(f"{path}/a") == {"type": "Integer", "value": 1, "valueInfo": {}}
    assert rest.get(f"{path}/list")["value"] == [1, {"b": None}]
    assert rest.get(f"{path}/list", deserializeValue="false")["value"] == '[1,{"b":null}]'
    rest.put(f"{path}/a", {"value": "two", "type": "string"}, 204)
    assert rest.get(f"{path}/a")["value"] == "two"
    rest.post(path, {"modifications": {"c": {"value": 2.5}, "d": {"value": None}}, "deletions": ["a"]}, 204)
    assert {name: value["type"] for name, value in rest.get(path).items()} == {
        "list": "Object",
        "c": "Double",
        "d": "Null",
    }
    rest.delete(f"{path}/c", 204)
    rest.delete(f"{path}/c", 204)
    assert rest.get(f"{path}/c", 404)["type"] == "InvalidRequestException"
    rest.put(f"{path}/c", {"value": "x", "type": "Integer"}, 400)
    rest.put("/process-instance/nobody/variables/c", {"value": 1}, 500)
    rest.get("/process-instance/nobody/variables", 500)


def test_files_and_bytes(rest: Rest, instance: dict[str, Any]) -> None:
    path = f"/process-instance/{instance['id']}/variables/letter"
    upload = {"data": ("brief.txt", "grüße".encode(), "text/plain; charset=utf-8")}
    rest.request("POST", f"{path}/data", 204, files=upload, data={"valueType": "File"})
    assert rest.get(path) == {
        "type": "File",
        "value": None,
        "valueInfo": {"filename": "brief.txt", "mimetype": "text/plain", "encoding": "utf-8"},
    }
    for address in (f"{path}/data", f"/execution/{instance['id']}/localVariables/letter/data"):
        data = rest.http.get(f"/engine-rest{address}")
        assert data.content.decode() == "grüße"
        assert data.headers["content-type"].startswith("text/plain")
        assert 'filename="brief.txt"' in data.headers["content-disposition"]
    rest.request("POST", f"{path}/data", 204, files={"data": ("b", b"\x00\xff")}, data={"valueType": "Bytes"})
    assert rest.http.get(f"/engine-rest{path}/data").content == b"\x00\xff"
    rest.request("GET", f"/process-instance/{instance['id']}/variables/a/data", 400)


def test_variable_instances(rest: Rest, instance: dict[str, Any]) -> None:
    rows = rest.get("/variable-instance", processInstanceIdIn=instance["id"], sortBy="variableName", sortOrder="asc")
    assert [(row["name"], row["type"], row["value"]) for row in rows] == [
        ("a", "Integer", 1),
        ("list", "Object", [1, {"b": None}]),
    ]
    assert rows[0] == rest.get(f"/variable-instance/{rows[0]['id']}")
    assert rest.get("/variable-instance/count", processInstanceIdIn=instance["id"], variableName="a") == {"count": 1}


# --- modification ---------------------------------------------------------------------------------------------------


def test_modification(rest: Rest, unique: Unique) -> None:
    key = unique("two")
    rest.deploy(bpmn(key).start().user_task("a").user_task("b").end())
    started = rest.start(key)
    rest.post(
        f"/process-instance/{started['id']}/modification",
        {"instructions": [{"type": "startBeforeActivity", "activityId": "b"}, {"type": "cancel", "activityId": "a"}]},
        204,
    )
    assert rest.only_task(started["id"])["taskDefinitionKey"] == "b"
    path = f"/process-instance/{started['id']}/modification"
    rest.post(path, {"instructions": [{"type": "startBeforeActivity"}]}, 400)
    rest.post(path, {"instructions": [{"type": "explode", "activityId": "a"}]}, 400)
    rest.post(path, {"instructions": [{"type": "startBeforeActivity", "activityId": "nobody"}]}, 400)


def test_start_instructions(rest: Rest, unique: Unique) -> None:
    key = unique("two")
    rest.deploy(bpmn(key).start().user_task("a").user_task("b").end())
    started = rest.start(key, startInstructions=[{"type": "startAfterActivity", "activityId": "a"}])
    assert rest.only_task(started["id"])["taskDefinitionKey"] == "b"


def test_the_description_is_complete(rest: Rest) -> None:
    description = rest.http.get("/openapi.json").json()
    schemas = description["components"]["schemas"]
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            text = str(operation)
            for reference in re.findall(r"#/components/schemas/([\w.\-]+)", text):
                assert reference in schemas, f"{method} {path} names {reference}"
    complete = description["paths"]["/engine-rest/external-task/{id}/complete"]["post"]
    assert complete["requestBody"]["content"]["application/json"]["schema"]
    assert {"204", "400", "404"} <= set(complete["responses"])
    tasks = description["paths"]["/engine-rest/task"]["get"]
    assert "candidateGroup" in {parameter["name"] for parameter in tasks["parameters"]}
    assert rest.http.get("/docs").status_code == 200


def test_multi_instances_have_a_body(rest: Rest, unique: Unique) -> None:
    key = unique("many")
    rest.deploy(bpmn(key).start().user_task("each", mi=multi(cardinality=2)).end())
    started = rest.start(key)
    (body,) = rest.get(f"/process-instance/{started['id']}/activity-instances")["childActivityInstances"]
    assert (body["activityId"], body["activityType"]) == ("each#multiInstanceBody", "multiInstanceBody")
    assert [(child["activityId"], child["activityType"]) for child in body["childActivityInstances"]] == [
        ("each", "userTask"),
        ("each", "userTask"),
    ]
    rows = rest.get("/history/activity-instance", processInstanceId=started["id"], activityType="multiInstanceBody")
    assert [row["activityId"] for row in rows] == ["each#multiInstanceBody"]
    tasks = rest.get("/task", processInstanceId=started["id"])
    assert {rest.get(f"/task/{task['id']}/variables/loopCounter")["value"] for task in tasks} == {0, 1}


def test_called_processes_know_their_callers(rest: Rest, unique: Unique) -> None:
    key = unique("calling")
    called = unique("called")
    rest.deploy(
        bpmn(called).start().user_task("inside").end(),
        bpmn(key).start().call_activity("call", called, business_key="#{execution.processBusinessKey}").end(),
    )
    started = rest.start(key, businessKey="B", variables={"x": {"value": 1}})
    child = _child(rest, started["id"])
    assert child["definitionKey"] == called
    assert rest.get("/process-instance", subProcessInstance=child["id"])[0]["id"] == started["id"]
    history = rest.get(f"/history/process-instance/{child['id']}")
    assert (history["superProcessInstanceId"], history["rootProcessInstanceId"]) == (started["id"], started["id"])
    (activity,) = rest.get("/history/activity-instance", processInstanceId=started["id"], activityId="call")
    assert activity["calledProcessInstanceId"] == child["id"]
    assert (
        rest.get(f"/process-definition/{started['definitionId']}/static-called-process-definitions")[0]["key"] == called
    )
    rest.post(f"/task/{rest.only_task(child['id'])['id']}/complete", {})


def _child(rest: Rest, instance: str) -> Any:
    """The called instance: a workflow of its own, which begins after the caller has answered."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found = rest.get("/process-instance", superProcessInstance=instance)
        if found:
            return found[0]
    raise AssertionError("no called instance")
