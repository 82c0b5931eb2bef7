"""What people do with tasks, and how task lists ask for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from interpreter.bpmn.builder import Builder, bpmn, el
from tests.api.server import Rest

Unique = Callable[[str], str]


def review(key: str) -> Builder:
    """A task with people, dates, a priority, a form, an error and an escalation boundary."""
    return (
        bpmn(key)
        .start()
        .user_task(
            "review",
            name="Review",
            documentation="Read it twice",
            candidate_groups="sales,legal",
            candidate_users="ann",
            due_date="2030-01-02T03:04:05Z",
            follow_up_date="${day}",
            priority="70",
            form_key="embedded:app:review.html",
        )
        .boundary("wrong", error="wrong")
        .end("refused")
        .at("review")
        .boundary("higher", escalation="higher", interrupting=False)
        .end("told")
        .at("review")
        .end("done")
    )


@pytest.fixture
def task(rest: Rest, unique: Unique) -> dict[str, Any]:
    key = unique("review")
    rest.deploy(review(key))
    started = rest.start(
        key,
        businessKey=unique("B"),
        variables={"day": {"value": "2029-12-31T00:00:00Z"}, "amount": {"value": 5}, "who": {"value": "Bob"}},
    )
    return {**rest.only_task(started["id"]), "businessKey": started["businessKey"]}


def test_a_task_as_the_model_says(rest: Rest, task: dict[str, Any]) -> None:
    got = rest.get(f"/task/{task['id']}")
    assert got["name"] == "Review"
    assert got["description"] == "Read it twice"
    assert got["due"] == "2030-01-02T03:04:05.000+0000"
    assert got["followUp"] == "2029-12-31T00:00:00.000+0000"
    assert got["priority"] == 70
    assert got["formKey"] == "embedded:app:review.html"
    assert got["assignee"] is None
    assert got["delegationState"] is None
    assert rest.get(f"/task/{task['id']}/form") == {
        "key": "embedded:app:review.html",
        "camundaFormRef": None,
        "contextPath": None,
    }
    links = rest.get(f"/task/{task['id']}/identity-links")
    assert sorted((link["userId"] or "", link["groupId"] or "", link["type"]) for link in links) == [
        ("", "legal", "candidate"),
        ("", "sales", "candidate"),
        ("ann", "", "candidate"),
    ]


def test_claim_and_unclaim(rest: Rest, task: dict[str, Any]) -> None:
    path = f"/task/{task['id']}"
    rest.post(f"{path}/claim", {"userId": "ann"}, 204)
    assert rest.get(path)["assignee"] == "ann"
    rest.post(f"{path}/claim", {"userId": "ann"}, 204)
    assert rest.post(f"{path}/claim", {"userId": "bob"}, 500)["type"] == "TaskAlreadyClaimedException"
    rest.post(f"{path}/unclaim", expect=204)
    assert rest.get(path)["assignee"] is None
    rest.post(f"{path}/assignee", {"userId": "bob"}, 204)
    assert rest.get(path)["assignee"] == "bob"
    rest.post(f"{path}/assignee", {"userId": None}, 204)
    assert rest.get(path)["assignee"] is None


@pytest.mark.parametrize("operation", ["claim", "unclaim", "assignee", "delegate"])
def test_an_unknown_task_is_500_here(rest: Rest, operation: str) -> None:
    assert rest.post(f"/task/nobody/{operation}", {"userId": "ann"}, 500)["type"] == "NullValueException"


def test_delegate_and_resolve(rest: Rest, task: dict[str, Any]) -> None:
    path = f"/task/{task['id']}"
    rest.post(f"{path}/claim", {"userId": "ann"}, 204)
    rest.post(f"{path}/delegate", {"userId": "bob"}, 204)
    got = rest.get(path)
    assert (got["owner"], got["assignee"], got["delegationState"]) == ("ann", "bob", "PENDING")
    assert [row["id"] for row in rest.get("/task", delegationState="PENDING", assignee="bob")] == [task["id"]]
    rest.post(f"{path}/resolve", {"variables": {"note": {"value": "ok"}}}, 204)
    got = rest.get(path)
    assert (got["assignee"], got["delegationState"]) == ("ann", "RESOLVED")
    assert rest.get(f"{path}/variables/note")["value"] == "ok"


def test_complete_wrongly(rest: Rest, task: dict[str, Any]) -> None:
    assert rest.post("/task/nobody/complete", {}, 500)["type"] == "RestException"
    error = rest.post(f"/task/{task['id']}/complete", {"variables": {"x": {"value": 1, "type": "Wrong"}}}, 400)
    assert error["type"] == "InvalidRequestException"
    rest.post(f"/task/{task['id']}/complete", {}, 204)
    rest.post(f"/task/{task['id']}/complete", {}, 500)


def test_errors_and_escalations(rest: Rest, task: dict[str, Any]) -> None:
    path = f"/task/{task['id']}"
    rest.post(f"{path}/bpmnEscalation", {"escalationCode": "higher", "variables": {"why": {"value": "late"}}}, 204)
    rest.get(path, 200)
    rest.post(f"{path}/bpmnEscalation", {}, 400)
    rest.post(f"{path}/bpmnError", {}, 400)
    rest.post("/task/nobody/bpmnError", {"errorCode": "wrong"}, 404)
    rest.post(f"{path}/bpmnError", {"errorCode": "wrong", "errorMessage": "no"}, 204)
    ends = rest.get(
        "/history/activity-instance", processInstanceId=task["processInstanceId"], activityType="noneEndEvent"
    )
    assert {row["activityId"] for row in ends} == {"refused", "told"}
    (row,) = rest.get("/history/activity-instance", processInstanceId=task["processInstanceId"], activityId="review")
    assert row["canceled"] is True


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"candidateGroup": "sales"}, True),
        ({"candidateGroup": "cooks"}, False),
        ({"candidateGroups": "cooks,legal"}, True),
        ({"candidateUser": "ann"}, True),
        ({"unassigned": "true"}, True),
        ({"assigned": "true"}, False),
        ({"nameLike": "Rev%"}, True),
        ({"priority": "70"}, True),
        ({"minPriority": "71"}, False),
        ({"dueBefore": "2030-01-03T00:00:00.000+0000"}, True),
        ({"dueAfter": "2030-01-03T00:00:00.000+0000"}, False),
        ({"withoutDueDate": "true"}, False),
        ({"followUpBefore": "2030-01-01T00:00:00.000+0000"}, True),
        ({"taskDefinitionKeyIn": "review,other"}, True),
        ({"processVariables": "who_eq_Bob"}, True),
        ({"processVariables": "who_like_B%"}, True),
        ({"processVariables": "who_eq_bob"}, False),
        ({"processVariables": "who_eq_bob", "variableValuesIgnoreCase": "true"}, True),
        ({"withCandidateGroups": "true"}, True),
        ({"withoutCandidateUsers": "true"}, False),
        ({"suspended": "true"}, False),
        ({"active": "true"}, True),
        ({"withoutTenantId": "true"}, True),
        ({"tenantIdIn": "north"}, False),
        ({"delegationState": "PENDING"}, False),
    ],
)
def test_filters(rest: Rest, task: dict[str, Any], filters: dict[str, str], found: bool) -> None:
    both = {**filters, "processInstanceBusinessKey": task["businessKey"]}
    assert len(rest.get("/task", **both)) == int(found)
    assert rest.get("/task/count", **both) == {"count": int(found)}


def test_queries_in_a_body(rest: Rest, task: dict[str, Any]) -> None:
    mine = {"processInstanceBusinessKey": task["businessKey"]}
    assert (
        len(rest.post("/task", {**mine, "processVariables": [{"name": "amount", "operator": "gt", "value": 4}]})) == 1
    )
    assert rest.post("/task", {**mine, "processVariables": [{"name": "amount", "operator": "eq", "value": "5"}]}) == []
    assert rest.post("/task", {**mine, "unassigned": False, "assigned": False, "active": None}) != []
    either = {"orQueries": [{"candidateGroup": "cooks", "nameLike": "Rev%"}]}
    assert len(rest.post("/task", {**mine, **either})) == 1
    assert rest.post("/task", {**mine, "orQueries": [{"candidateGroup": "cooks"}]}) == []
    sorting = [
        {"sortBy": "priority", "sortOrder": "desc"},
        {"sortBy": "processVariable", "sortOrder": "asc", "parameters": {"variable": "amount", "type": "Integer"}},
    ]
    assert len(rest.post("/task", {**mine, "sorting": sorting}, None, firstResult=0, maxResults=1)) == 1
    assert rest.post("/task", mine, None, maxResults=0) == []
    assert rest.post("/task/count", mine) == {"count": 1}
    assert rest.post("/task", {"assigneeExpression": "${a}"}, 400)["type"] == "BadUserRequestException"
    (with_variables,) = rest.post("/task", {**mine, "withTaskVariablesInReturn": True})
    assert with_variables["variables"]["amount"]["value"] == 5


def test_hal(rest: Rest, task: dict[str, Any]) -> None:
    response = rest.http.get(
        f"/engine-rest/task?processInstanceBusinessKey={task['businessKey']}",
        headers={"Accept": "application/hal+json, application/json; q=0.5"},
    )
    assert response.headers["content-type"] == "application/hal+json"
    page = response.json()
    assert page["count"] == 1
    (found,) = page["_embedded"]["task"]
    assert found["_links"]["self"]["href"] == f"/task/{task['id']}"
    assert page["_embedded"]["processDefinition"][0]["id"] == task["processDefinitionId"]


def test_variables_of_a_task(rest: Rest, task: dict[str, Any]) -> None:
    path = f"/task/{task['id']}"
    assert set(rest.get(f"{path}/variables")) == {"day", "amount", "who"}
    assert rest.get(f"{path}/localVariables") == {}
    rest.put(f"{path}/localVariables/mine", {"value": 1}, 204)
    rest.put(f"{path}/variables/amount", {"value": 6}, 204)
    assert set(rest.get(f"{path}/localVariables")) == {"mine"}
    assert rest.get(f"{path}/variables/mine")["value"] == 1
    assert rest.get(f"/process-instance/{task['processInstanceId']}/variables/amount")["value"] == 6
    rest.get(f"/process-instance/{task['processInstanceId']}/variables/mine", 404)
    assert set(rest.get(f"{path}/form-variables", variableNames="mine,who")) == {"mine", "who"}
    rest.post(f"{path}/localVariables", {"deletions": ["mine"]}, 204)
    rest.get(f"{path}/localVariables/mine", 404)
    assert rest.get("/task/nobody/variables", 500)["type"] == "RestException"
    rest.get("/task/nobody/form-variables", 404)


def test_people_and_comments(rest: Rest, task: dict[str, Any]) -> None:
    path = f"/task/{task['id']}"
    rest.post(f"{path}/identity-links", {"groupId": "cooks", "type": "candidate"}, 204)
    assert rest.get("/task/count", candidateGroup="cooks", processInstanceBusinessKey=task["businessKey"]) == {
        "count": 1
    }
    rest.post(f"{path}/identity-links/delete", {"groupId": "cooks", "type": "candidate"}, 204)
    assert rest.get("/task/count", candidateGroup="cooks", processInstanceBusinessKey=task["businessKey"]) == {
        "count": 0
    }
    rest.post(f"{path}/identity-links", {"groupId": "a", "userId": "b", "type": "candidate"}, 400)
    comment = rest.post(f"{path}/comment/create", {"message": "schön"})
    assert comment["message"] == "schön"
    assert comment["taskId"] == task["id"]
    assert [row["id"] for row in rest.get(f"{path}/comment")] == [comment["id"]]
    assert rest.get(f"{path}/comment/{comment['id']}")["message"] == "schön"
    rest.put(f"{path}/comment", {"id": comment["id"], "message": "besser"}, 204)
    assert rest.get(f"/process-instance/{task['processInstanceId']}/comment")[0]["message"] == "besser"
    assert rest.get(path, withCommentAttachmentInfo="true")["comment"] is True
    rest.delete(f"{path}/comment/{comment['id']}", 204)
    assert rest.get(f"{path}/comment") == []
    rest.get(f"{path}/comment/{comment['id']}", 404)


def test_a_task_of_no_process(rest: Rest, unique: Unique) -> None:
    identifier = unique("task")
    rest.post(
        "/task/create",
        {"id": identifier, "name": "Buy milk", "priority": 5, "due": "2030-01-01T00:00:00.000+0100"},
        204,
    )
    got = rest.get(f"/task/{identifier}")
    assert (got["name"], got["due"], got["processInstanceId"]) == ("Buy milk", "2029-12-31T23:00:00.000+0000", None)
    rest.put(f"/task/{identifier}", {"name": "Buy bread", "assignee": "ann"}, 204)
    got = rest.get(f"/task/{identifier}")
    assert (got["name"], got["assignee"], got["due"]) == ("Buy bread", "ann", None)
    rest.post(f"/task/{identifier}/complete", {}, 204)
    rest.get(f"/task/{identifier}", 404)
    rest.put("/task/nobody", {"name": "x"}, 404)
    rest.post("/task/create", {"id": identifier + "b"}, 204)
    rest.delete(f"/task/{identifier}b", 204)


def test_a_task_of_a_process_cannot_be_deleted(rest: Rest, task: dict[str, Any]) -> None:
    assert rest.delete(f"/task/{task['id']}", 500)["type"] == "RestException"


# --- forms ----------------------------------------------------------------------------------------------------------

FIELDS = el(
    "camunda:formData",
    el(
        "camunda:formField",
        el("camunda:validation", el("camunda:constraint", name="min", config="10")),
        id="amount",
        label="Amount",
        type="long",
        defaultValue="20",
    ),
    el(
        "camunda:formField",
        el("camunda:value", id="r", name="Red"),
        el("camunda:value", id="g", name="Green"),
        el("camunda:validation", el("camunda:constraint", name="required")),
        id="color",
        label="Color <1>",
        type="enum",
    ),
    el("camunda:formField", id="day", type="date"),
)


def test_generated_forms(rest: Rest, unique: Unique) -> None:
    key = unique("form")
    rest.deploy(bpmn(key).start(ext=[FIELDS]).user_task("fill", ext=[FIELDS]).end())
    assert rest.get(f"/process-definition/key/{key}/startForm")["key"].endswith("/rendered-form")
    values = rest.get(f"/process-definition/key/{key}/form-variables")
    assert values["amount"] == {"type": "Long", "value": 20, "valueInfo": {}}
    path = f"/process-definition/key/{key}/submit-form"
    for wrong in (
        {"amount": {"value": 5}, "color": {"value": "r"}},
        {"amount": {"value": 50}},
        {"color": {"value": "b"}},
    ):
        assert rest.post(path, {"variables": wrong}, 400)["type"] == "RestException"
    started = rest.post(
        path, {"variables": {"color": {"value": "g"}, "day": {"value": "24/12/2026"}, "extra": {"value": 1}}}
    )
    values = rest.get(f"/process-instance/{started['id']}/variables")
    assert values["amount"] == {"type": "Long", "value": 20, "valueInfo": {}}
    assert values["day"]["value"] == "2026-12-24T00:00:00.000+0000"
    assert values["extra"]["value"] == 1
    task = rest.only_task(started["id"])
    html = rest.http.get(f"/engine-rest/task/{task['id']}/rendered-form")
    assert html.headers["content-type"] == "application/xhtml+xml"
    assert 'cam-variable-name="amount" cam-variable-type="Long"' in html.text
    assert "Color &lt;1&gt;" in html.text
    rest.post(f"/task/{task['id']}/submit-form", {"variables": {"amount": {"value": "x"}}}, 400)
    rest.post(f"/task/{task['id']}/submit-form", {"variables": {"amount": {"value": 11}}}, 204)
    assert rest.get(f"/history/process-instance/{started['id']}")["state"] == "COMPLETED"


def test_deployed_forms(rest: Rest, unique: Unique) -> None:
    key, form = unique("form"), unique("schema")
    model = (
        bpmn(key)
        .start(attrs={"camunda:formKey": "embedded:deployment:start.html"})
        .user_task("fill", attrs={"camunda:formRef": form, "camunda:formRefBinding": "latest"})
        .end()
    )
    schema = b'{"type":"default","id":"' + form.encode() + b'","components":[]}'
    rest.deploy(model, ("a.form", schema), ("start.html", b"<form/>"))
    started = rest.start(key)
    task = rest.only_task(started["id"])
    assert task["camundaFormRef"] == {"key": form, "binding": "latest", "version": None}
    assert rest.get(f"/task/{task['id']}/deployed-form")["id"] == form
    html = rest.http.get(f"/engine-rest/process-definition/key/{key}/deployed-start-form")
    assert (html.text, html.headers["content-type"]) == ("<form/>", "application/xhtml+xml")
    rest.deploy(("b.form", b"[]"), expect=400)
