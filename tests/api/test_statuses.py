"""The statuses that are not what one expects: Camunda's, one line each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from interpreter.bpmn.builder import bpmn
from tests.api.server import Rest
from tests.api.test_external_tasks import work

Unique = Callable[[str], str]


@pytest.mark.parametrize(
    "path",
    [
        "/deployment/nobody",
        "/deployment/nobody/resources",
        "/deployment/nobody/resources/x",
        "/process-definition/nobody",
        "/process-definition/nobody/xml",
        "/process-instance/nobody",
        "/process-instance/nobody/activity-instances",
        "/process-instance/nobody/comment",
        "/execution/nobody",
        "/execution/nobody/messageSubscriptions/m",
        "/task/nobody",
        "/task/nobody/form-variables",
        "/task/nobody/comment",
        "/external-task/nobody",
        "/job/nobody",
        "/job/nobody/stacktrace",
        "/job-definition/nobody",
        "/incident/nobody",
        "/variable-instance/nobody",
        "/decision-definition/nobody",
        "/decision-definition/nobody/xml",
        "/decision-requirements-definition/nobody",
        "/history/process-instance/nobody",
        "/history/activity-instance/nobody",
        "/history/variable-instance/nobody",
        "/history/detail/nobody",
        "/history/job-log/nobody",
        "/history/external-task-log/nobody",
        "/history/decision-instance/nobody",
    ],
)
def test_get_of_something_unknown_is_404(rest: Rest, path: str) -> None:
    error = rest.get(path, 404)
    assert error["type"] == "InvalidRequestException"
    assert error["message"]
    assert error["code"] is None


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "type_name"),
    [
        ("POST", "/task/nobody/complete", {}, 500, "RestException"),
        ("POST", "/task/nobody/submit-form", {}, 500, "RestException"),
        ("POST", "/task/nobody/claim", {"userId": "a"}, 500, "NullValueException"),
        ("POST", "/task/nobody/identity-links", {"userId": "a", "type": "candidate"}, 500, "NullValueException"),
        ("GET", "/task/nobody/form", None, 400, "InvalidRequestException"),
        ("POST", "/task/nobody/bpmnError", {"errorCode": "a"}, 404, "RestException"),
        ("POST", "/task/nobody/bpmnEscalation", {"escalationCode": "a"}, 404, "RestException"),
        ("DELETE", "/task/nobody", None, 500, "RestException"),
        ("PUT", "/task/nobody", {}, 404, "InvalidRequestException"),
        ("POST", "/process-definition/nobody/start", {}, 500, "RestException"),
        ("POST", "/process-definition/key/nobody/start", {}, 404, "RestException"),
        ("GET", "/process-definition/nobody/startForm", None, 400, "InvalidRequestException"),
        ("POST", "/execution/nobody/signal", {}, 500, "RestException"),
        ("POST", "/execution/nobody/messageSubscriptions/m/trigger", {}, 500, "RestException"),
        ("GET", "/execution/nobody/localVariables", None, 500, "RestException"),
        ("GET", "/process-instance/nobody/variables/x", None, 500, "RestException"),
        ("PUT", "/process-instance/nobody/variables/x", {"value": 1}, 500, "RestException"),
        ("PUT", "/process-instance/nobody/variables/x", {"value": 1, "type": "Wrong"}, 400, "InvalidRequestException"),
        ("POST", "/process-instance/nobody/variables", {"modifications": {"x": {"value": 1}}}, 500, "RestException"),
        ("POST", "/process-instance/nobody/modification", {"instructions": []}, 500, "RestException"),
        ("DELETE", "/process-instance/nobody", None, 404, "InvalidRequestException"),
        ("POST", "/external-task/nobody/complete", {"workerId": "a"}, 404, "RestException"),
        ("POST", "/external-task/nobody/unlock", None, 404, "RestException"),
        ("POST", "/external-task/nobody/failure", {"workerId": "a", "retries": -1}, 500, "ProcessEngineException"),
        ("POST", "/external-task/nobody/bpmnError", {"workerId": "a"}, 400, "InvalidRequestException"),
        ("PUT", "/external-task/nobody/retries", {"retries": None}, 400, "InvalidRequestException"),
        ("PUT", "/external-task/nobody/retries", {"retries": 1}, 404, "InvalidRequestException"),
        ("POST", "/job/nobody/execute", None, 404, "InvalidRequestException"),
        ("PUT", "/job/nobody/retries", {"retries": 1}, 500, "InvalidRequestException"),
        ("PUT", "/job/nobody/duedate", {}, 500, "InvalidRequestException"),
        ("PUT", "/job/nobody/priority", {"priority": 1}, 404, "InvalidRequestException"),
        ("PUT", "/job/nobody/priority", {"priority": None}, 400, "RestException"),
        ("POST", "/signal", {"name": "a", "executionId": "nobody"}, 500, "RestException"),
        ("POST", "/condition", {"variables": {}}, 400, "InvalidRequestException"),
        ("DELETE", "/incident/nobody", None, 404, "InvalidRequestException"),
        ("POST", "/decision-definition/nobody/evaluate", {}, 404, "InvalidRequestException"),
        ("DELETE", "/deployment/nobody", None, 404, "InvalidRequestException"),
        ("POST", "/deployment/nobody/redeploy", {}, 404, "InvalidRequestException"),
    ],
)
def test_what_is_done_to_something_unknown(
    rest: Rest, method: str, path: str, body: Any, status: int, type_name: str
) -> None:
    options = {} if body is None else {"json": body}
    error = rest.request(method, path, status, **options)
    assert error["type"] == type_name
    assert set(error) == {"type", "message", "code"}


def test_a_suspended_external_task(rest: Rest, unique: Unique) -> None:
    key, topic = unique("work"), unique("topic")
    rest.deploy(work(key, topic))
    started = rest.start(key)
    poll = {"workerId": "me", "maxTasks": 1, "topics": [{"topicName": topic, "lockDuration": 60_000}]}
    (task,) = rest.post("/external-task/fetchAndLock", poll)
    rest.put(f"/process-instance/{started['id']}/suspended", {"suspended": True})
    assert rest.get(f"/external-task/{task['id']}")["suspended"] is True
    assert rest.post(f"/external-task/{task['id']}/complete", {"workerId": "me"}, 400)["type"] == "RestException"
    rest.put(f"/process-instance/{started['id']}/suspended", {"suspended": False})
    rest.post(f"/external-task/{task['id']}/complete", {"workerId": "me"}, 204)


def test_completing_a_delegated_task_needs_no_resolving(rest: Rest, unique: Unique) -> None:
    key = unique("approval")
    rest.deploy(bpmn(key).start().user_task("a").end())
    task = rest.only_task(rest.start(key)["id"])
    rest.post(f"/task/{task['id']}/delegate", {"userId": "ann"})
    rest.post(f"/task/{task['id']}/complete", {}, 204)


def test_what_this_server_does_not_have_says_so(rest: Rest) -> None:
    for method, path in (
        ("GET", "/telemetry/data"),
        ("GET", "/schema/log"),
    ):
        error = rest.request(method, path, 501)
        assert error["type"] == "NotImplementedException"
        assert path.split("/")[1] in error["message"]


def test_metrics(rest: Rest) -> None:
    assert rest.get("/metrics/process-instances/sum")["result"] >= 0
    rest.get("/metrics/nonsense/sum", 400)
