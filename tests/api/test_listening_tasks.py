"""Tasks whose model has task listeners: what people change of them goes through the instance, and the listeners run."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from interpreter.bpmn.builder import bpmn, el
from ostinato.dev.temporal import TemporalServer
from tests.api.server import Rest, running

Unique = Callable[[str], str]
EVENTS = ("create", "assignment", "update", "complete")


@pytest.fixture
def task(rest: Rest, unique: Unique) -> dict[str, Any]:
    return listening(rest, unique)


def listening(rest: Rest, unique: Unique) -> dict[str, Any]:
    key = unique("listening")
    listeners = [
        el(
            "camunda:taskListener",
            event=event,
            expression="${execution.setVariable('log', log.concat('" + sign + "'))}",
        )
        for event, sign in zip(EVENTS, "cauC", strict=True)
    ]
    model = bpmn(key).start().user_task("review", ext=listeners, candidate_groups="sales").user_task("next").end()
    rest.deploy(model)
    started = rest.start(key, variables={"log": {"value": ""}})
    return {**rest.only_task(started["id"]), "instance": started["id"]}


def log(rest: Rest, task: dict[str, Any]) -> str:
    return rest.get(f"/process-instance/{task['instance']}/variables/log")["value"]


def shown(rest: Rest, task: dict[str, Any]) -> tuple[Any, ...]:
    row = rest.get(f"/task/{task['id']}")
    return row["assignee"], row["owner"], row["delegationState"], row["priority"]


def test_claims_and_delegations_run_the_listeners(rest: Rest, task: dict[str, Any]) -> None:
    path = f"/task/{task['id']}"
    assert log(rest, task) == "c"
    rest.post(f"{path}/claim", {"userId": "ann"})
    assert (log(rest, task), shown(rest, task)) == ("cua", ("ann", None, None, 50))
    refused = rest.post(f"{path}/claim", {"userId": "bob"}, expect=500)
    assert refused["type"] == "TaskAlreadyClaimedException"
    rest.post(f"{path}/delegate", {"userId": "bob"})
    assert (log(rest, task), shown(rest, task)) == ("cuaua", ("bob", "ann", "PENDING", 50))
    rest.post(f"{path}/resolve", {})
    assert (log(rest, task), shown(rest, task)) == ("cuauaua", ("ann", "ann", "RESOLVED", 50))
    rest.post(f"{path}/unclaim", {})
    assert (log(rest, task), shown(rest, task)[0]) == ("cuauauaua", None)
    rest.post(f"{path}/assignee", {"userId": "cid"})
    rest.post(f"{path}/complete", {})
    assert log(rest, task) == "cuauauauauaC"


def test_an_update_runs_the_listeners(rest: Rest, task: dict[str, Any]) -> None:
    path = f"/task/{task['id']}"
    rest.put(path, {"name": "Look", "priority": 7, "due": "2031-01-02T03:04:05.000+0000"})
    assert log(rest, task) == "cu"
    row = rest.get(path)
    assert (row["name"], row["priority"], row["due"]) == ("Look", 7, "2031-01-02T03:04:05.000+0000")


def test_identity_links_go_through_the_instance_too(rest: Rest, task: dict[str, Any]) -> None:
    path = f"/task/{task['id']}/identity-links"
    rest.post(path, {"userId": "ann", "type": "candidate"})
    rest.post(path, {"groupId": "legal", "type": "candidate"})
    rest.post(f"{path}/delete", {"groupId": "sales", "type": "candidate"})
    rest.post(path, {"userId": "bob", "type": "assignee"})
    rest.post(path, {"userId": "ann", "type": "reader"})
    rest.post(f"/task/{task['id']}/claim", {"userId": "bob"})
    links = {(link["type"], link["userId"] or link["groupId"]) for link in rest.get(path)}
    assert links == {("candidate", "ann"), ("candidate", "legal"), ("assignee", "bob"), ("reader", "ann")}
    assert log(rest, task) == "cuuuua"


def test_the_operation_log_knows_who_claimed(rest: Rest, unique: Unique, temporal: TemporalServer) -> None:
    queue = f"queue-{uuid.uuid4().hex[:12]}"
    with running(rest.settings.database_url, temporal.address, queue, users={"mary": "secret"}) as marys:
        marys.http.auth = ("mary", "secret")
        one = listening(marys, unique)
        marys.post(f"/task/{one['id']}/claim", {"userId": "ann"})
        found = marys.get("/history/user-operation", taskId=one["id"], operationType="Claim")
        assert [(x["userId"], x["property"], x["newValue"]) for x in found] == [("mary", "assignee", "ann")]
