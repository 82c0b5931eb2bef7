"""Webhooks: requests from outside start processes and correlate messages. Real HTTP, Temporal and PostgreSQL."""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from interpreter.bpmn.builder import bpmn
from ostinato.dev.temporal import TemporalServer
from tests.api.server import Rest, running


@pytest.fixture(scope="module")
def rest(database_url: str, temporal: TemporalServer) -> Iterator[Rest]:
    """As user ann."""
    with running(database_url, temporal.address, f"queue-{uuid.uuid4().hex[:12]}", users={"ann": "pw"}) as client:
        client.http.auth = ("ann", "pw")
        yield client


def _declare(rest: Rest, expect: int = 200, **body: Any) -> Any:
    response = rest.http.post("/api/webhooks", json=body)
    assert response.status_code == expect, response.text
    return response.json()


def _call(rest: Rest, hook: Any, body: Any = None, expect: int = 200, **options: Any) -> Any:
    headers = {"Authorization": f"Bearer {hook['secret']}", **options.pop("headers", {})}
    if body is not None:
        options["json"] = body
    response = rest.http.post(hook["url"], headers=headers, auth=None, **options)
    assert response.status_code == expect, response.text
    return response.json()


def _variables(rest: Rest, instance_id: str) -> dict[str, Any]:
    found = rest.get(f"/process-instance/{instance_id}/variables")
    return {name: value["value"] for name, value in found.items()}


@pytest.fixture(scope="module")
def process(rest: Rest) -> str:
    key = f"hooked-{uuid.uuid4().hex[:8]}"
    rest.deploy(bpmn(key).start().user_task("look").end())
    return key


def test_a_request_starts_a_process(rest: Rest, process: str) -> None:
    hook = _declare(rest, processDefinitionKey=process, businessKey="body.number")
    answer = _call(rest, hook, {"number": 7, "customer": {"name": "Zoë"}})
    assert answer["duplicate"] is False
    instance = rest.get(f"/process-instance/{answer['processInstanceId']}")
    assert instance["businessKey"] == "7"
    assert rest.only_task(instance["id"])["taskDefinitionKey"] == "look"
    assert _variables(rest, instance["id"])["number"] == 7


def test_what_expressions_see(rest: Rest, process: str) -> None:
    hook = _declare(
        rest,
        processDefinitionKey=process,
        variables='={kind: get value(headers, "x-kind"), q: query.q, body: body, method: method, '
        'token: get value(headers, "authorization")}',
        condition='get value(headers, "x-kind") = "order"',
    )
    assert _call(rest, hook, {}, headers={"X-Kind": "other"}) == {"skipped": True}
    answer = _call(rest, hook, headers={"X-Kind": "order"}, params={"q": "1"}, data={"a": "x y", "b": ["1", "2"]})
    variables = _variables(rest, answer["processInstanceId"])
    assert variables["kind"] == "order"
    assert (variables["q"], variables["method"], variables["token"]) == ("1", "POST", None)
    assert variables["body"] == {"a": "x y", "b": ["1", "2"]}


@pytest.mark.parametrize(("content", "kind"), [(b"plain words", "text/plain"), (b'"text"', "application/json")])
def test_a_body_without_members_is_one_variable(rest: Rest, process: str, content: bytes, kind: str) -> None:
    hook = _declare(rest, processDefinitionKey=process)
    answer = _call(rest, hook, content=content, headers={"Content-Type": kind})
    assert _variables(rest, answer["processInstanceId"])["body"] in ("plain words", "text")


def test_a_delivery_counts_once(rest: Rest, process: str) -> None:
    hook = _declare(rest, processDefinitionKey=process, deliveryId='get value(headers, "x-delivery")')
    first = _call(rest, hook, {}, headers={"X-Delivery": "d1"})
    again = _call(rest, hook, {}, headers={"X-Delivery": "d1"})
    other = _call(rest, hook, {}, headers={"X-Delivery": "d2"})
    assert again == {"processInstanceId": first["processInstanceId"], "duplicate": True}
    assert other["processInstanceId"] != first["processInstanceId"]
    assert "deliveryId" in _call(rest, hook, {}, 400)["message"]


# -- proving


def test_the_token_is_asked_for(rest: Rest, process: str) -> None:
    hook = _declare(rest, processDefinitionKey=process)
    other = _declare(rest, processDefinitionKey=process)
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": f"Bearer {other['secret']}"}):
        assert rest.http.post(hook["url"], json={}, headers=headers, auth=None).status_code == 401
    token = {"X-Webhook-Token": hook["secret"]}
    assert rest.http.post(hook["url"], json={}, headers=token, auth=None).status_code == 200
    renewed = rest.http.post(f"/api/webhooks/{hook['id']}/secret").json()
    _call(rest, hook, {}, 401)
    _call(rest, renewed, {})
    assert rest.http.post("/api/hooks/none", json={}).status_code == 404


def test_a_signature_is_checked_over_the_body(rest: Rest, process: str) -> None:
    hook = _declare(rest, processDefinitionKey=process, authentication="signature")
    body = b'{"a": 1}'
    right = "sha256=" + hmac.new(hook["secret"].encode(), body, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json", "X-Hub-Signature-256": right}
    assert rest.http.post(hook["url"], content=body, headers=headers).status_code == 200
    assert rest.http.post(hook["url"], content=b'{"a": 2}', headers=headers).status_code == 401
    _call(rest, hook, {}, 401)


def test_secrets_are_told_once(rest: Rest, process: str) -> None:
    hook = _declare(rest, processDefinitionKey=process)
    shown = rest.http.get(f"/api/webhooks/{hook['id']}").json()
    assert {**shown, "secret": hook["secret"]} == hook
    listed = rest.http.get("/api/webhooks", params={"maxResults": 1000}).json()
    assert shown in listed
    assert all("secret" not in one for one in listed)


def test_switching_and_removing(rest: Rest, process: str) -> None:
    hook = _declare(rest, processDefinitionKey=process)
    path = f"/api/webhooks/{hook['id']}"
    assert rest.http.put(f"{path}/enabled", json={"enabled": False}).status_code == 204
    _call(rest, hook, {}, 404)
    assert rest.http.put(f"{path}/enabled", json={"enabled": True}).status_code == 204
    _call(rest, hook, {})
    assert rest.http.delete(path).status_code == 204
    _call(rest, hook, {}, 404)
    assert rest.http.delete(path).status_code == 404
    assert rest.http.get(path).status_code == 404


def test_people_log_in_and_hooks_prove_themselves(rest: Rest, process: str) -> None:
    hook = _declare(rest, processDefinitionKey=process)
    assert hook["createdBy"] == "ann"
    assert rest.http.get("/api/webhooks", auth=None).status_code == 401
    assert rest.http.post("/api/webhooks", json={"processDefinitionKey": process}, auth=None).status_code == 401
    assert rest.http.post(hook["url"], json={}).status_code == 401, "a user's password is not the hook's token"
    _call(rest, hook, {})


# -- messages


def _waiting(rest: Rest, unique: Callable[[str], str], **message: Any) -> tuple[str, str]:
    name, key = unique("paid"), unique("order")
    rest.deploy(bpmn(key).start().receive_task("wait", message=name, **message).user_task("after").end())
    return name, key


def test_a_request_correlates_by_business_key(rest: Rest, unique: Callable[[str], str]) -> None:
    name, key = _waiting(rest, unique)
    one = rest.start(key, businessKey="B1")["id"]
    two = rest.start(key, businessKey="B2")["id"]
    hook = _declare(rest, messageName=name, businessKey="body.order", variables="{paid: body.amount}")
    answer = _call(rest, hook, {"order": "B2", "amount": 5})
    assert answer["receiver"].startswith(two)
    assert rest.only_task(two)["taskDefinitionKey"] == "after"
    assert _variables(rest, two) == {"paid": 5}
    assert rest.get("/task", processInstanceId=one) == []
    assert "0" in _call(rest, hook, {"order": "B3"}, 409)["message"]


def test_several_receivers_are_an_error_and_a_start_event_is_one(rest: Rest, unique: Callable[[str], str]) -> None:
    name, key = _waiting(rest, unique)
    hook = _declare(rest, messageName=name)
    rest.start(key), rest.start(key)
    assert "2" in _call(rest, hook, {}, 409)["message"]
    started = unique("begin")
    rest.deploy(bpmn(unique("p")).start(message=started).user_task("a").end())
    begin = _declare(rest, messageName=started, deliveryId="body.id")
    first = _call(rest, begin, {"id": "x"})
    assert rest.only_task(first["processInstanceId"])["taskDefinitionKey"] == "a"
    assert _call(rest, begin, {"id": "x"})["duplicate"] is True


def test_a_message_with_a_key_waits_for_its_receiver_and_comes_once(rest: Rest, unique: Callable[[str], str]) -> None:
    name, key = unique("paid"), unique("order")
    model = f"""<?xml version="1.0"?><definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
      xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="d" targetNamespace="t">
      <message id="m" name="{name}"><extensionElements><zeebe:subscription correlationKey="=order"/></extensionElements>
      </message><process id="{key}" isExecutable="true"><startEvent id="s"/>
      <sequenceFlow id="f1" sourceRef="s" targetRef="wait"/><receiveTask id="wait" messageRef="m"/>
      <sequenceFlow id="f2" sourceRef="wait" targetRef="after"/><userTask id="after"/>
      <sequenceFlow id="f3" sourceRef="after" targetRef="e"/><endEvent id="e"/></process></definitions>"""
    rest.deploy((f"{key}.bpmn", model.encode()))
    hook = _declare(
        rest, messageName=name, correlationKey="body.order", deliveryId="body.id", timeToLive=60_000, variables="{n: 1}"
    )
    early = _call(rest, hook, {"order": "O1", "id": "1"})
    assert early == {"receiver": None, "accepted": True}
    waiting = rest.start(key, variables={"order": {"value": "O2", "type": "String"}})["id"]
    direct = _call(rest, hook, {"order": "O2", "id": "2"})
    assert direct["receiver"].startswith(waiting)
    assert rest.only_task(waiting)["taskDefinitionKey"] == "after"
    assert _call(rest, hook, {"order": "O2", "id": "2"})["receiver"] is None, "the same delivery again"


# -- what is refused


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "processDefinitionKey"),
        ({"processDefinitionKey": "a", "messageName": "b"}, "processDefinitionKey"),
        ({"processDefinitionKey": "a", "authentication": "none"}, "token or signature"),
        ({"processDefinitionKey": "a", "variables": "((("}, "'variables' to be FEEL"),
        ({"processDefinitionKey": "a", "variables": "1" * 10_001}, "10000"),
        ({"processDefinitionKey": "a", "correlationKey": "1"}, "messageName"),
        ({"messageName": "a", "timeToLive": 5}, "correlationKey"),
        ({"messageName": "a", "correlationKey": "1", "businessKey": "1"}, "both"),
        ({"messageName": "a", "correlationKey": "1", "timeToLive": -1}, "timeToLive"),
    ],
)
def test_webhooks_that_cannot_be(rest: Rest, body: dict[str, Any], message: str) -> None:
    assert message in _declare(rest, 400, **body)["message"]


def test_requests_that_cannot_be_used(rest: Rest, process: str) -> None:
    hook = _declare(rest, processDefinitionKey=process, variables="body.inner")
    json_type = {"Content-Type": "application/json"}
    assert "JSON" in _call(rest, hook, None, 400, content=b"{", headers=json_type)["message"]
    assert "context" in _call(rest, hook, {"inner": 1}, 400)["message"]
    assert "1000000" in _call(rest, hook, None, 413, content=b"x" * 1_000_001)["message"]
    nobody = _declare(rest, processDefinitionKey="no-such-process")
    assert "no-such-process" in _call(rest, nobody, {}, 409)["message"]


def test_webhooks_are_described(rest: Rest) -> None:
    paths = rest.http.get("/openapi.json").json()["paths"]
    assert "/api/hooks/{id}" in json.dumps(list(paths))
