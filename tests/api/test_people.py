"""Users, groups, tenants, authorizations, filters and attachments over HTTP."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from interpreter.bpmn.builder import bpmn
from ostinato.dev.temporal import TemporalServer
from tests.api.server import Rest, running

Unique = Callable[[str], str]


@pytest.fixture(scope="module")
def rest(database_url: str, temporal: TemporalServer) -> Iterator[Rest]:
    """As the administrator of an API where users log in."""
    with running(database_url, temporal.address, f"queue-{uuid.uuid4().hex[:12]}", users={"admin": "secret"}) as client:
        client.http.auth = ("admin", "secret")
        yield client


@pytest.fixture
def user(rest: Rest, unique: Unique) -> str:
    identifier = unique("ann")
    profile = {"id": identifier, "firstName": "Ann", "lastName": "Bee", "email": "ann@example.org"}
    rest.post("/user/create", {"profile": profile, "credentials": {"password": "Passw0rd"}}, 204)
    return identifier


def test_users(rest: Rest, user: str) -> None:
    profile = {"id": user, "firstName": "Ann", "lastName": "Bee", "email": "ann@example.org"}
    assert rest.get(f"/user/{user}/profile") == profile
    assert rest.get("/user", id=user, sortBy="userId", sortOrder="asc") == [profile]
    assert rest.get("/user/count", firstNameLike="An%", idIn=user) == {"count": 1}
    rest.put(f"/user/{user}/profile", {**profile, "lastName": "Cee"}, 204)
    assert rest.get(f"/user/{user}/profile")["lastName"] == "Cee"
    rest.post("/user/create", {"profile": {"id": user}}, 500)
    rest.post("/user/create", {"profile": {}}, 400)
    rest.post(f"/user/{user}/unlock", expect=204)
    links = rest.request("OPTIONS", "/user", 200)["links"]
    assert {link["rel"] for link in links} == {"list", "count", "create"}
    assert {link["method"] for link in rest.request("OPTIONS", f"/user/{user}", 200)["links"]} == {
        "GET",
        "PUT",
        "DELETE",
    }
    rest.delete(f"/user/{user}", 204)
    rest.get(f"/user/{user}/profile", 404)
    rest.delete(f"/user/{user}", 404)


def test_passwords(rest: Rest, user: str) -> None:
    verify = {"username": user, "password": "Passw0rd"}
    assert rest.post("/identity/verify", verify)["authenticated"] is True
    assert rest.post("/identity/verify", {**verify, "password": "x"})["authenticated"] is False
    assert rest.post("/identity/verify", {"username": "nobody", "password": "x"})["authenticated"] is False
    rest.post("/identity/verify", {"username": user}, 400)
    assert rest.http.get("/engine-rest/version", auth=(user, "Passw0rd")).status_code == 200
    assert rest.http.get("/engine-rest/version", auth=(user, "wrong")).status_code == 401
    rest.put(f"/user/{user}/credentials", {"password": "N3w", "authenticatedUserPassword": "wrong"}, 400)
    rest.put(f"/user/{user}/credentials", {"password": "N3w", "authenticatedUserPassword": "secret"}, 204)
    assert rest.post("/identity/verify", {**verify, "password": "N3w"})["authenticated"] is True
    rest.put("/user/nobody/credentials", {"password": "x", "authenticatedUserPassword": "secret"}, 404)
    rest.get("/identity/password-policy", 404)


def test_groups_and_tenants(rest: Rest, user: str, unique: Unique) -> None:
    group, tenant, other = unique("sales"), unique("north"), unique("bob")
    rest.post("/user/create", {"profile": {"id": other, "firstName": "Bob"}}, 204)
    rest.post("/group/create", {"id": group, "name": "Sales", "type": "WORKFLOW"}, 204)
    rest.post("/group/create", {"id": group}, 500)
    rest.post("/tenant/create", {"id": tenant, "name": "North"}, 204)
    assert rest.get(f"/group/{group}") == {"id": group, "name": "Sales", "type": "WORKFLOW"}
    rest.put(f"/group/{group}", {"id": group, "name": "Selling"}, 204)
    assert rest.post("/group", {"idIn": [group]})[0]["name"] == "Selling"
    for member in (user, other):
        rest.put(f"/group/{group}/members/{member}", expect=204)
        rest.put(f"/group/{group}/members/{member}", expect=204)
    rest.put(f"/group/{group}/members/nobody", expect=500)
    rest.put(f"/tenant/{tenant}/group-members/{group}", expect=204)
    assert {row["id"] for row in rest.get("/user", memberOfGroup=group)} == {user, other}
    assert [row["id"] for row in rest.get("/group", member=user)] == [group]
    assert rest.get("/tenant", userMember=user) == []
    assert rest.get("/tenant", userMember=user, includingGroupsOfUser="true") == [{"id": tenant, "name": "North"}]
    assert rest.get("/identity/groups", userId=user) == {
        "groups": [{"id": group, "name": "Selling"}],
        "groupUsers": [{"id": other, "firstName": "Bob", "lastName": None, "displayName": "Bob"}],
    }
    rest.get("/identity/groups", 400)
    rest.delete(f"/group/{group}/members/{other}", 204)
    assert rest.get("/user/count", memberOfGroup=group) == {"count": 1}
    rest.put(f"/tenant/{tenant}/user-members/{user}", expect=204)
    assert rest.get("/tenant/count", userMember=user) == {"count": 1}
    rest.delete(f"/tenant/{tenant}/user-members/{user}", 204)
    rest.delete(f"/tenant/{tenant}/group-members/{group}", 204)
    rest.delete(f"/tenant/{tenant}", 204)
    rest.delete(f"/group/{group}", 204)
    rest.get(f"/group/{group}", 404)
    rest.get(f"/tenant/{tenant}", 404)


def test_authorizations(rest: Rest, unique: Unique) -> None:
    resource = unique("definition")
    body = {"type": 1, "permissions": ["READ", "CREATE"], "userId": "ann", "resourceType": 6, "resourceId": resource}
    created = rest.post("/authorization/create", body)
    assert {**body, "id": created["id"], "groupId": None, "removalTime": None, "rootProcessInstanceId": None} == created
    assert rest.get(f"/authorization/{created['id']}") == created
    assert rest.get("/authorization", resourceId=resource, userIdIn="ann,bob", type=1) == [created]
    rest.post("/authorization/create", body, 500)
    rest.post("/authorization/create", {**body, "groupId": "g"}, 500)
    rest.post("/authorization/create", {**body, "type": 7}, 400)
    rest.put(f"/authorization/{created['id']}", {**body, "permissions": ["ALL"]}, 204)
    assert rest.get(f"/authorization/{created['id']}")["permissions"] == ["ALL"]
    rest.delete(f"/authorization/{created['id']}", 204)
    rest.get(f"/authorization/{created['id']}", 404)
    checked = rest.get("/authorization/check", permissionName="READ", resourceName="user", resourceType=1)
    assert checked["authorized"] is True
    rest.get("/authorization/check", 400, permissionName="READ")


# --- filters --------------------------------------------------------------------------------------------------------


@pytest.fixture
def tasks(rest: Rest, unique: Unique) -> str:
    """A process with three tasks: two of priority 70, one of them admin's."""
    key = unique("filtered")
    rest.deploy(
        bpmn(key)
        .start()
        .parallel("fork")
        .branch()
        .user_task("a", priority="70", assignee="admin")
        .end()
        .branch(at="fork")
        .user_task("b", priority="70")
        .end()
        .branch(at="fork")
        .user_task("c", priority="10")
        .end()
    )
    rest.start(key)
    return key


def _filter(rest: Rest, query: dict[str, Any], expect: int | None = None) -> Any:
    body = {"resourceType": "Task", "name": "Mine", "owner": "ann", "query": query, "properties": {"color": "#555555"}}
    return rest.post("/filter/create", body, expect)


def test_filters(rest: Rest, tasks: str) -> None:
    created = _filter(rest, {"processDefinitionKey": tasks, "minPriority": 50, "assignee": None})
    assert created["query"] == {"processDefinitionKey": tasks, "minPriority": 50}
    path = f"/filter/{created['id']}"
    assert rest.get(path) == created
    assert rest.get(path, itemCount="true")["itemCount"] == 2
    assert created["id"] in {row["id"] for row in rest.get("/filter", resourceType="Task", owner="ann")}
    assert rest.get("/filter/count", filterId=created["id"]) == {"count": 1}
    assert {task["taskDefinitionKey"] for task in rest.get(f"{path}/list")} == {"a", "b"}
    assert len(rest.get(f"{path}/list", maxResults=1)) == 1
    assert rest.get(f"{path}/count") == {"count": 2}
    assert rest.post(f"{path}/count", {"assignee": "admin", "unassigned": False}) == {"count": 1}
    assert [task["taskDefinitionKey"] for task in rest.post(f"{path}/list", {"unassigned": True})] == ["b"]
    assert rest.post(f"{path}/singleResult", {"assignee": "admin"})["taskDefinitionKey"] == "a"
    rest.post(f"{path}/singleResult", {"assignee": "nobody"}, 204)
    rest.get(f"{path}/singleResult", 400)
    hal = rest.http.get(f"/engine-rest{path}/list", headers={"Accept": "application/hal+json"})
    assert hal.json()["count"] == 2
    rest.put(path, {"resourceType": "Task", "name": "Other", "query": {"processDefinitionKey": tasks}}, 204)
    assert rest.get(f"{path}/count") == {"count": 3}
    rest.delete(path, 204)
    for missing in (path, f"{path}/list", f"{path}/count"):
        rest.get(missing, 404)


def test_filters_may_name_who_looks(rest: Rest, tasks: str) -> None:
    mine = _filter(rest, {"processDefinitionKey": tasks, "assigneeExpression": "${ currentUser() }"})
    assert [task["taskDefinitionKey"] for task in rest.get(f"/filter/{mine['id']}/list")] == ["a"]
    _filter(rest, {"assigneeExpression": "${ runtime.exit() }"}, 400)
    _filter(rest, {"priority": "high"}, 400)
    rest.post("/filter/create", {"resourceType": "Case", "name": "x"}, 400)


# --- attachments ----------------------------------------------------------------------------------------------------


def test_attachments(rest: Rest, tasks: str) -> None:
    task = rest.get("/task", processDefinitionKey=tasks)[0]
    path = f"/task/{task['id']}/attachment"
    created = rest.request(
        "POST",
        f"{path}/create",
        200,
        data={"attachment-name": "plan.txt", "attachment-description": "the plan", "attachment-type": "note"},
        files={"content": ("plan.txt", "grün".encode(), "text/plain")},
    )
    assert (created["name"], created["description"], created["taskId"]) == ("plan.txt", "the plan", task["id"])
    link = rest.request(
        "POST",
        f"{path}/create",
        200,
        files=[("attachment-name", (None, "page")), ("url", (None, "https://example.org"))],
    )
    assert link["url"] == "https://example.org"
    assert {row["id"] for row in rest.get(path)} == {created["id"], link["id"]}
    assert rest.get(f"{path}/{created['id']}")["name"] == "plan.txt"
    assert rest.http.get(f"/engine-rest{path}/{created['id']}/data").content.decode() == "grün"
    rest.get(f"{path}/{link['id']}/data", 404)
    assert rest.get(f"/task/{task['id']}", withCommentAttachmentInfo="true")["attachment"] is True
    rest.delete(f"{path}/{link['id']}", 204)
    rest.get(f"{path}/{link['id']}", 404)
    rest.request("POST", f"{path}/create", 400, files=[("attachment-name", (None, "nothing"))])
    rest.get("/task/nobody/attachment", 404)
