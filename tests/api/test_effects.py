"""What instances throw and write: shared by others, tried again, and an incident when it cannot be done."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from activities.messages import MessageRouter
from interpreter.bpmn.builder import bpmn
from tests.api.replays import replay_everything
from tests.api.server import Rest

Unique = Callable[[str], str]

STORE = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
    targetNamespace="t" expressionLanguage="https://www.omg.org/spec/DMN/20191111/FEEL/">
  <dataStore id="ds" name="{store}"/>
  <process id="{key}" isExecutable="true">
    <dataStoreReference id="ref" dataStoreRef="ds"/>
    <startEvent id="start"/>
    <sequenceFlow id="f1" sourceRef="start" targetRef="look"/>
    <userTask id="look">
      <ioSpecification><dataInput id="seen" name="seen"/><inputSet/><outputSet/></ioSpecification>
      <dataInputAssociation><sourceRef>ref</sourceRef><targetRef>seen</targetRef></dataInputAssociation>
    </userTask>
    <sequenceFlow id="f2" sourceRef="look" targetRef="put"/>
    <userTask id="put">
      <ioSpecification><dataOutput id="given" name="given"/><inputSet/><outputSet/></ioSpecification>
      <dataOutputAssociation><sourceRef>given</sourceRef><targetRef>ref</targetRef></dataOutputAssociation>
    </userTask>
    <sequenceFlow id="f3" sourceRef="put" targetRef="end"/>
    <endEvent id="end"/>
  </process>
</definitions>"""


def eventually(check: Callable[[], Any], what: str) -> Any:
    """The first answer of `check` that is true: effects come after their step."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found = check()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"expected {what}")


def look(rest: Rest, instance: str) -> Any:
    """What the instance saw in the store; it then goes to its second task."""
    task = eventually(lambda: rest.get("/task", processInstanceId=instance, taskDefinitionKey="look"), "a task")[0]
    value = rest.get(f"/task/{task['id']}/variables").get("seen", {}).get("value")
    rest.post(f"/task/{task['id']}/complete", {}, 204)
    return value


def put(rest: Rest, instance: str, value: Any) -> None:
    task = rest.only_task(instance)
    rest.post(f"/task/{task['id']}/complete", {"variables": {"given": {"value": value}}}, 204)


def test_a_data_store_outlives_its_writers(rest: Rest, unique: Unique) -> None:
    key, store = unique("stored"), unique("prices")
    rest.deploy(("a.bpmn", STORE.format(key=key, store=store).encode()))
    first = rest.start(key)["id"]
    assert look(rest, first) is None
    put(rest, first, 7)
    eventually(lambda: rest.get(f"/history/process-instance/{first}")["state"] == "COMPLETED", "an end")

    def seen(expected: int) -> Any:
        instance = rest.start(key)["id"]
        return instance if look(rest, instance) == expected else None

    second = eventually(lambda: seen(7), "the value of an instance that is over")
    third = rest.start(key)["id"]
    put(rest, second, 8)
    assert look(rest, third) == 7, "it was read when the activity began"
    eventually(lambda: seen(8), "the latest value")
    other = unique("other")
    rest.deploy(("b.bpmn", STORE.format(key=other, store=unique("costs")).encode()))
    assert look(rest, rest.start(other)["id"]) is None


def test_stores_are_of_their_tenant(rest: Rest, unique: Unique) -> None:
    key, store = unique("stored"), unique("prices")
    for tenant in ("one", "two"):
        rest.deploy(("a.bpmn", STORE.format(key=key, store=store).encode()), tenant_id=tenant)
    path = f"/process-definition/key/{key}/tenant-id"
    writer = rest.post(f"{path}/one/start", {})["id"]
    look(rest, writer)
    put(rest, writer, 7)
    eventually(lambda: look(rest, rest.post(f"{path}/one/start", {})["id"]) == 7, "the tenant's value")
    assert look(rest, rest.post(f"{path}/two/start", {})["id"]) is None


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> dict[str, bool]:
    """Messages cannot be published while `broken["now"]`."""
    state = {"now": True}
    publish = MessageRouter.publish

    async def refuse(self: MessageRouter, name: str, *arguments: Any, **options: Any) -> Any:
        if state["now"] and name.startswith("broken"):
            raise LookupError("no such exchange")
        return await publish(self, name, *arguments, **options)

    monkeypatch.setattr(MessageRouter, "publish", refuse)
    return state


def test_a_throw_that_fails_is_an_incident_and_repeated(rest: Rest, unique: Unique, broken: dict[str, bool]) -> None:
    key, name = unique("throw"), unique("broken")
    rest.deploy(
        bpmn(key).start().throw("tell", message=name).end("done"),
        bpmn(f"{key}-listens").start(message=name).user_task("heard").end(),
    )
    instance = rest.start(key)["id"]
    (incident,) = eventually(lambda: rest.get("/incident", processInstanceId=instance), "an incident")
    assert (incident["incidentType"], incident["activityId"]) == ("failedEffect", "tell")
    assert "no such exchange" in incident["incidentMessage"]
    assert rest.get(f"/history/process-instance/{instance}")["state"] == "COMPLETED", "it did not wait for its message"
    rest.delete(f"/incident/{incident['id']}", 204)
    (again,) = eventually(
        lambda: [i for i in rest.get("/incident", processInstanceId=instance) if i["id"] != incident["id"]],
        "another incident",
    )
    assert again["activityId"] == "tell"
    broken["now"] = False
    rest.delete(f"/incident/{again['id']}", 204)
    eventually(lambda: rest.get("/task", processDefinitionKey=f"{key}-listens"), "the receiver")
    assert rest.get("/incident/count", processInstanceId=instance) == {"count": 0}
    assert len(rest.get("/task", processDefinitionKey=f"{key}-listens")) == 1


def test_an_instance_is_not_over_before_what_failed_is_told(
    rest: Rest, unique: Unique, broken: dict[str, bool]
) -> None:
    key, name = unique("throw"), unique("broken")
    rest.deploy(bpmn(key).start().throw("tell", message=name).user_task("a").end("done"))
    instance = rest.start(key)["id"]
    (incident,) = eventually(lambda: rest.get("/incident", processInstanceId=instance), "an incident")
    rest.post(f"/task/{rest.only_task(instance)['id']}/complete", {}, 204)
    assert rest.get(f"/history/process-instance/{instance}")["state"] == "ACTIVE"
    broken["now"] = False
    rest.delete(f"/incident/{incident['id']}", 204)
    eventually(lambda: rest.get(f"/history/process-instance/{instance}")["state"] == "COMPLETED", "an end")


def test_what_cannot_be_told_is_given_up(rest: Rest, unique: Unique, broken: dict[str, bool]) -> None:
    key, name = unique("throw"), unique("broken")
    rest.deploy(bpmn(key).start().end("tell", message=name))
    instance = rest.start(key)["id"]
    eventually(lambda: rest.get("/incident", processInstanceId=instance), "an incident")
    rest.delete(f"/process-instance/{instance}", 204)
    assert rest.get("/incident/count", processInstanceId=instance) == {"count": 0}
    rest.delete(f"/process-instance/{instance}", 404)
    assert rest.get(f"/history/process-instance/{instance}")["state"] == "COMPLETED"


def test_all_of_this_replays(rest: Rest) -> None:
    assert replay_everything(rest) > 3
