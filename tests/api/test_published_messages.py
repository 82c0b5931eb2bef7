"""Messages that come before their receiver, over HTTP and by models. Real HTTP, Temporal and PostgreSQL."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from interpreter.bpmn.builder import bpmn, el
from ostinato.client import Client
from ostinato.dev.temporal import TemporalServer
from tests.api.server import Rest, running


@pytest.fixture(scope="module")
def rest(database_url: str, temporal: TemporalServer) -> Iterator[Rest]:
    with running(database_url, temporal.address, f"queue-{uuid.uuid4().hex[:12]}") as client:
        yield client


@pytest.fixture
def name() -> str:
    return f"paid-{uuid.uuid4().hex[:8]}"


def _publish(rest: Rest, expect: int = 200, **body: Any) -> Any:
    response = rest.http.post("/api/messages", json=body)
    assert response.status_code == expect, response.text
    return response.json()


def _look(rest: Rest, expect: int = 200, **query: str) -> Any:
    response = rest.http.get("/api/messages", params=query)
    assert response.status_code == expect, response.text
    return response.json()


def _waiting(rest: Rest, name: str) -> str:
    """A process that waits for the message and then for a person."""
    rest.deploy(bpmn(name).start().catch("c", message=name, correlation_key="= order").user_task("after").end())
    return name


def _start(rest: Rest, key: str, order: str) -> str:
    variables = {"order": {"value": order, "type": "String"}}
    return rest.start(key, variables=variables)["id"]


def _until(rest: Rest, state: str, name: str, key: str, message_id: str) -> Any:
    """What an instance throws goes out, and what waits is looked for, after the call that leads to it."""
    query = {"messageName": name, "correlationKey": key, "messageId": message_id}
    end = time.monotonic() + 20
    while True:
        found = rest.http.get("/api/messages", params=query).json()
        if found.get("state") == state or time.monotonic() > end:
            return found


def test_somebody_waits_already(rest: Rest, name: str) -> None:
    instance = _start(rest, _waiting(rest, name), "A")
    variables = {"amount": {"value": 7, "type": "Integer"}}
    answer = _publish(rest, messageName=name, correlationKey="A", variables=variables)
    assert answer["state"] == "received"
    assert answer["processInstanceId"] == instance
    assert rest.only_task(instance)["taskDefinitionKey"] == "after"
    assert rest.get(f"/process-instance/{instance}/variables")["amount"]["value"] == 7


def test_the_message_comes_first(rest: Rest, name: str) -> None:
    _waiting(rest, name)
    early = _publish(rest, messageName=name, correlationKey="B", messageId="m-1", timeToLive=60_000)
    assert early["state"] == "waiting"
    assert early["expires"] is not None
    instance = _start(rest, name, "B")
    assert _until(rest, "received", name, "B", "m-1") == {
        "messageId": "m-1",
        "state": "received",
        "processInstanceId": instance,
        "expires": None,
    }
    assert rest.only_task(instance)["taskDefinitionKey"] == "after"


def test_a_repeated_message_is_delivered_once(rest: Rest, name: str) -> None:
    first, second = _start(rest, _waiting(rest, name), "C"), _start(rest, name, "C")
    for _ in range(2):
        _publish(rest, messageName=name, correlationKey="C", messageId="m-1")
    found = _until(rest, "received", name, "C", "m-1")  # a subscriber that looks for messages may be quicker
    assert found["processInstanceId"] in (first, second)
    _publish(rest, messageName=name, correlationKey="C", messageId="m-1")
    assert rest.get("/event-subscription/count", params={"eventName": name})["count"] == 1


def test_nobody_waits_and_it_does_not_either(rest: Rest, name: str) -> None:
    assert _publish(rest, messageName=name, correlationKey="D", messageId="m-1")["state"] == "gone"
    assert _look(rest, messageName=name, correlationKey="D", messageId="m-1")["state"] == "gone"
    assert "no" in _look(rest, 404, messageName=name, correlationKey="D", messageId="m-2")["message"]


def test_it_starts_a_process(rest: Rest, name: str) -> None:
    rest.deploy(bpmn(name).start("s", message=name).user_task("after").end())
    answer = _publish(rest, messageName=name)
    assert answer["state"] == "received"
    assert rest.only_task(answer["processInstanceId"])["taskDefinitionKey"] == "after"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "messageName"),
        ({"messageName": ""}, "messageName"),
        ({"messageName": "m", "timeToLive": -1}, "timeToLive"),
        ({"messageName": "m", "timeToLive": 10**12}, "timeToLive"),
        ({"messageName": "m", "variables": {"x": {"value": "a", "type": "Integer"}}}, "variables"),
    ],
)
def test_bad_input_names_the_field(rest: Rest, body: dict[str, Any], field: str) -> None:
    assert field in _publish(rest, 400, **body)["message"]


async def test_the_client(rest: Rest, name: str) -> None:
    _waiting(rest, name)
    async with Client(rest.url) as client:
        minute = timedelta(minutes=1)
        assert await client.publish(name, "E", {"n": 1}, time_to_live=minute, message_id="m") is None
        instance = _start(rest, name, "E")
        assert _until(rest, "received", name, "E", "m")["processInstanceId"] == instance
        assert await client.publish(name, "E", {"n": 1}, time_to_live=minute, message_id="m") == instance


def test_a_model_throws_a_message_that_waits(rest: Rest, name: str) -> None:
    thrown = el("zeebe:publishMessage", correlationKey="= order", messageId='= "m-" + order', timeToLive="PT1M")
    rest.deploy(bpmn(f"throw-{name}").start().throw("t", message=name, ext=[thrown]).end())
    _waiting(rest, name)
    _start(rest, f"throw-{name}", "F")
    assert _until(rest, "waiting", name, "F", "m-F")["state"] == "waiting"
    instance = _start(rest, name, "F")
    assert _until(rest, "received", name, "F", "m-F")["processInstanceId"] == instance
