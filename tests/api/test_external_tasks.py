"""External tasks as workers see them: fetch, lock, long polling, complete, fail, retry."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson
import pytest

from interpreter.bpmn.builder import Builder, bpmn
from tests.api.server import Rest, running

Unique = Callable[[str], str]


def work(key: str, topic: str) -> Builder:
    """One external task; a business error 'late' goes to its own end."""
    return (
        bpmn(key)
        .start()
        .service_task("work", topic=topic, properties={"unit": "kg"})
        .boundary("late", error="late")
        .end("given up")
        .at("work")
        .end("worked")
    )


@pytest.fixture
def topic(unique: Unique) -> str:
    return unique("topic")


@pytest.fixture
def started(rest: Rest, unique: Unique, topic: str) -> dict[str, Any]:
    key = unique("work")
    rest.deploy(work(key, topic))
    return rest.start(
        key,
        businessKey="B-7",
        variables={"a": {"value": 1}, "data": {"value": '{"b":[1]}', "type": "Json"}},
    )


def fetch(rest: Rest, topic: str, worker: str = "me", expect: int | None = None, **more: Any) -> Any:
    """Poll one topic."""
    options = {name: more.pop(name) for name in ("maxTasks", "asyncResponseTimeout", "usePriority") if name in more}
    body = {"workerId": worker, "maxTasks": 10, **options}
    body["topics"] = [{"topicName": topic, "lockDuration": 60_000, **more}]
    return rest.post("/external-task/fetchAndLock", body, expect)


def test_fetch_and_complete(rest: Rest, started: dict[str, Any], topic: str) -> None:
    (listed,) = rest.get("/external-task", processInstanceId=started["id"])
    assert (listed["topicName"], listed["workerId"], listed["retries"]) == (topic, None, None)
    (task,) = fetch(rest, topic, includeExtensionProperties=True)
    assert task["id"] == listed["id"]
    assert task["workerId"] == "me"
    assert task["activityId"] == "work"
    assert task["businessKey"] == "B-7"
    assert task["processInstanceId"] == started["id"]
    assert task["processDefinitionId"] == started["definitionId"]
    assert task["variables"]["a"] == {"type": "Integer", "value": 1, "valueInfo": {}}
    assert task["variables"]["data"] == {"type": "Json", "value": '{"b":[1]}', "valueInfo": {}}
    assert task["extensionProperties"] == {"unit": "kg"}
    assert fetch(rest, topic) == []
    assert rest.get("/external-task/count", topicName=topic, locked="true") == {"count": 1}
    rest.post(
        f"/external-task/{task['id']}/complete",
        {"workerId": "me", "variables": {"weight": {"value": 5}}, "localVariables": {"scale": {"value": "old"}}},
        204,
    )
    rest.get(f"/external-task/{task['id']}", 404)
    assert rest.get(f"/history/process-instance/{started['id']}")["state"] == "COMPLETED"
    variables = rest.get("/history/variable-instance", processInstanceId=started["id"], variableName="weight")
    assert [row["value"] for row in variables] == [5]
    assert rest.post(f"/external-task/{task['id']}/complete", {"workerId": "me"}, 404)["type"] == "RestException"


def test_variables_are_chosen(rest: Rest, started: dict[str, Any], topic: str) -> None:
    (task,) = fetch(rest, topic, variables=["a", "nobody"])
    assert set(task["variables"]) == {"a"}
    rest.post(f"/external-task/{task['id']}/unlock", expect=204)
    (task,) = fetch(rest, topic, variables=[])
    assert task["variables"] == {}
    rest.post(f"/external-task/{task['id']}/unlock", expect=204)
    (task,) = fetch(rest, topic, localVariables=True)
    assert task["variables"] == {}


def test_topics_may_filter(rest: Rest, started: dict[str, Any], topic: str) -> None:
    assert fetch(rest, topic, businessKey="other") == []
    assert fetch(rest, topic, processVariables={"a": 2}) == []
    assert fetch(rest, topic, processDefinitionKey="other") == []
    assert fetch(rest, topic, tenantIdIn=["north"]) == []
    found = fetch(
        rest,
        topic,
        businessKey="B-7",
        processVariables={"a": 1},
        processDefinitionKeyIn=[started["definitionKey"]],
        withoutTenantId=True,
    )
    assert len(found) == 1


def test_only_the_worker_who_has_it_may_answer(rest: Rest, started: dict[str, Any], topic: str) -> None:
    (task,) = fetch(rest, topic)
    path = f"/external-task/{task['id']}"
    for operation, body in [
        ("complete", {}),
        ("failure", {"retries": 1}),
        ("bpmnError", {"errorCode": "late"}),
        ("extendLock", {"newDuration": 1000}),
    ]:
        error = rest.post(f"{path}/{operation}", {"workerId": "other", **body}, 400)
        assert error["type"] == "RestException"
        assert "other" in error["message"]
    assert rest.post(f"{path}/complete", {}, 500)["type"] == "NullValueException"
    assert rest.post(f"{path}/bpmnError", {"workerId": "me"}, 400)["type"] == "InvalidRequestException"
    rest.post(f"{path}/extendLock", {"workerId": "me", "newDuration": 600_000}, 204)
    rest.post(f"{path}/unlock", expect=204)
    rest.post(f"{path}/lock", {"workerId": "other", "lockDuration": 1000}, 204)
    rest.post(f"{path}/complete", {"workerId": "other"}, 204)
    for operation in ("complete", "unlock", "lock", "extendLock", "failure", "bpmnError"):
        rest.post(
            f"/external-task/{started['id']}:99/{operation}",
            {"workerId": "me", "newDuration": 1, "lockDuration": 1, "errorCode": "late"},
            404,
        )


def test_a_business_error_is_caught_by_the_model(rest: Rest, started: dict[str, Any], topic: str) -> None:
    (task,) = fetch(rest, topic)
    rest.post(
        f"/external-task/{task['id']}/bpmnError",
        {"workerId": "me", "errorCode": "late", "errorMessage": "too late", "variables": {"why": {"value": "snow"}}},
        204,
    )
    ends = rest.get("/history/activity-instance", processInstanceId=started["id"], activityType="noneEndEvent")
    assert [row["activityName"] for row in ends] == ["given up"]


def test_failures_count_down_to_an_incident_and_back(rest: Rest, started: dict[str, Any], topic: str) -> None:
    (task,) = fetch(rest, topic)
    path = f"/external-task/{task['id']}"
    rest.post(f"{path}/failure", {"workerId": "me", "errorMessage": "no", "errorDetails": "at x", "retries": -1}, 500)
    rest.post(
        f"{path}/failure",
        {"workerId": "me", "errorMessage": "no", "errorDetails": "at x", "retries": 1, "retryTimeout": 0},
        204,
    )
    assert rest.get(path)["retries"] == 1
    assert rest.get(path)["errorMessage"] == "no"
    assert rest.http.get(f"/engine-rest{path}/errorDetails").text == "at x"
    (again,) = fetch(rest, topic)
    assert (again["retries"], again["errorMessage"], again["errorDetails"]) == (1, "no", "at x")
    rest.post(f"{path}/failure", {"workerId": "me", "errorMessage": "never", "retries": 0}, 204)
    assert fetch(rest, topic) == []
    (incident,) = rest.get("/incident", processInstanceId=started["id"])
    assert incident["incidentType"] == "failedExternalTask"
    assert incident["incidentMessage"] == "never"
    assert incident["configuration"] == task["id"]
    assert incident["activityId"] == "work"
    assert rest.get("/process-instance/count", incidentType="failedExternalTask", processInstanceIds=started["id"]) == {
        "count": 1
    }
    rest.delete(f"/incident/{incident['id']}", 400)
    rest.put(f"{path}/retries", {"retries": None}, 400)
    rest.put(f"{path}/retries", {"retries": 3}, 204)
    assert rest.get("/incident", processInstanceId=started["id"]) == []
    (resolved,) = rest.get("/history/incident", processInstanceId=started["id"])
    assert (resolved["resolved"], resolved["open"]) == (True, False)
    (again,) = fetch(rest, topic)
    assert again["retries"] == 3
    rest.post(f"{path}/complete", {"workerId": "me"}, 204)
    assert rest.get(f"/history/process-instance/{started['id']}")["state"] == "COMPLETED"


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"workerId": None}, 500),
        ({"topics": [{"topicName": "t"}]}, 500),
        ({"topics": [{"topicName": "t", "lockDuration": 0}]}, 500),
        ({"topics": [{"lockDuration": 1}]}, 500),
        ({"asyncResponseTimeout": 1_800_001}, 400),
        ({"maxTasks": "many"}, 400),
        ({"topics": "t"}, 400),
    ],
)
def test_a_wrong_poll(rest: Rest, change: dict[str, Any], status: int) -> None:
    body = {"workerId": "me", "maxTasks": 1, "topics": [{"topicName": "t", "lockDuration": 1}], **change}
    assert set(rest.post("/external-task/fetchAndLock", body, status)) == {"type", "message", "code"}


def test_a_poll_like_the_python_client_sends_it(rest: Rest, started: dict[str, Any], topic: str) -> None:
    body = {
        "workerId": "1",
        "maxTasks": 1,
        "asyncResponseTimeout": 0,
        "usePriority": False,
        "sorting": None,
        "topics": [
            {
                "topicName": topic,
                "lockDuration": 1000,
                "processVariables": {},
                "includeExtensionProperties": True,
                "deserializeValues": True,
                "variables": None,
            }
        ],
    }
    assert len(rest.post("/external-task/fetchAndLock", body)) == 1


# --- long polling ---------------------------------------------------------------------------------------------------


def test_a_poll_waits_and_gives_up(rest: Rest, topic: str) -> None:
    before = time.monotonic()
    assert fetch(rest, topic, asyncResponseTimeout=300) == []
    assert 0.25 < time.monotonic() - before < 5


def test_a_poll_is_woken_by_the_task(rest: Rest, unique: Unique, topic: str) -> None:
    key = unique("work")
    rest.deploy(work(key, topic))
    with rest.second() as other, ThreadPoolExecutor(1) as pool:
        polling = pool.submit(fetch, other, topic, asyncResponseTimeout=30_000)
        started = rest.start(key)
        before = time.monotonic()
        (task,) = polling.result(timeout=20)
    assert task["processInstanceId"] == started["id"]
    assert time.monotonic() - before < 3


def test_a_poll_is_woken_by_unlock(rest: Rest, started: dict[str, Any], topic: str) -> None:
    (task,) = fetch(rest, topic)
    with rest.second() as other, ThreadPoolExecutor(1) as pool:
        polling = pool.submit(fetch, other, topic, "other", asyncResponseTimeout=30_000)
        rest.post(f"/external-task/{task['id']}/unlock", expect=204)
        (again,) = polling.result(timeout=20)
    assert again["workerId"] == "other"


def test_a_poll_whose_client_has_gone_locks_nothing(rest: Rest, unique: Unique, topic: str) -> None:
    key = unique("work")
    rest.deploy(work(key, topic))
    for _ in range(5):
        _poll_and_leave(rest, topic)
    rest.start(key)
    assert rest.get("/external-task", topicName=topic)[0]["workerId"] is None
    (task,) = fetch(rest, topic)
    assert task["workerId"] == "me"


def _poll_and_leave(rest: Rest, topic: str) -> None:
    """Send a long poll and close the connection: abruptly, as a worker that is killed does."""
    body = orjson.dumps(
        {
            "workerId": "gone",
            "maxTasks": 1,
            "asyncResponseTimeout": 60_000,
            "topics": [{"topicName": topic, "lockDuration": 600_000}],
        }
    )
    url = rest.http.base_url
    head = (
        f"POST /engine-rest/external-task/fetchAndLock HTTP/1.1\r\nHost: {url.host}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection((url.host, url.port or 80)) as connection:
        connection.sendall(head.encode() + body)
        # one answered request on another connection: the poll has been read by then
        rest.get("/version")


def test_two_workers_never_get_the_same_task(rest: Rest, unique: Unique, topic: str) -> None:
    key = unique("work")
    rest.deploy(work(key, topic))
    instances = {rest.start(key)["id"] for _ in range(12)}
    barrier = threading.Barrier(4)

    def grab(number: int) -> list[str]:
        with rest.second() as other:
            barrier.wait()
            tasks = fetch(other, topic, f"worker-{number}", maxTasks=4)
            return [task["processInstanceId"] for task in tasks]

    with ThreadPoolExecutor(4) as pool:
        got = [identifier for part in pool.map(grab, range(4)) for identifier in part]
    assert len(got) == len(set(got))
    rest_of_it = [task["processInstanceId"] for task in fetch(rest, topic, maxTasks=20)]
    assert sorted(got + rest_of_it) == sorted(instances)


def test_waiting_polls_end_when_the_server_stops(database_url: str, temporal: Any) -> None:
    with (
        running(database_url, temporal.address, "queue-stopping") as server,
        server.second() as other,
        ThreadPoolExecutor(1) as pool,
    ):
        polling = pool.submit(fetch, other, "nothing", asyncResponseTimeout=60_000)
        server.get("/version")
        assert not polling.done()
        server.stop()
        assert polling.result(timeout=10) == []
