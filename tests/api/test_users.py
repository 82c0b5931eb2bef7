"""An API that knows its users: who may in, and what is written down about them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import pytest

from interpreter.bpmn.builder import bpmn
from ostinato.dev.temporal import TemporalServer
from tests.api.server import Rest, running

Unique = Callable[[str], str]


@pytest.fixture(scope="module")
def rest(database_url: str, temporal: TemporalServer) -> Iterator[Rest]:
    """As user ann."""
    queue = f"queue-{uuid.uuid4().hex[:12]}"
    with running(database_url, temporal.address, queue, users={"ann": "secret", "bob": "other"}) as client:
        client.http.auth = ("ann", "secret")
        yield client


def test_only_users_may_in(rest: Rest) -> None:
    rest.request("GET", "/version", 200)
    for auth in (("ann", "wrong"), ("nobody", "secret")):
        response = rest.http.get("/engine-rest/version", auth=auth)
        assert response.status_code == 401
        assert response.headers["www-authenticate"].startswith("Basic")


def test_the_initiator_is_kept(rest: Rest, unique: Unique) -> None:
    key = unique("approval")
    rest.deploy(bpmn(key).start(attrs={"camunda:initiator": "who"}).user_task("a", assignee="${who}").end())
    started = rest.start(key)
    assert rest.only_task(started["id"])["assignee"] == "ann"
    assert rest.get(f"/history/process-instance/{started['id']}")["startUserId"] == "ann"


def test_user_operations_are_written_down(rest: Rest, unique: Unique) -> None:
    key = unique("approval")
    rest.deploy(bpmn(key).start().user_task("a").end())
    task = rest.only_task(rest.start(key)["id"])
    rest.post(f"/task/{task['id']}/claim", {"userId": "ann"}, 204)
    rows = rest.get("/history/user-operation", taskId=task["id"], operationType="Claim")
    assert [(row["userId"], row["property"], row["newValue"]) for row in rows] == [("ann", "assignee", "ann")]
    rest.put(f"/history/user-operation/{rows[0]['operationId']}/set-annotation", {"annotation": "why"}, 204)
    assert rest.get("/history/user-operation", taskId=task["id"])[0]["annotation"] == "why"
    rest.put(f"/history/user-operation/{rows[0]['operationId']}/clear-annotation", expect=204)
    rest.put("/history/user-operation/nobody/clear-annotation", expect=400)
