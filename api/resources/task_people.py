"""/task/{id}/identity-links and /comment, /process-instance/{id}/comment: who has to do with it and what they say."""

from __future__ import annotations

from typing import Any

from api import task_changes
from api.bodies import CommentBody, IdentityLinkBody
from api.dto.runtime import CommentDto, IdentityLinkDto
from api.errors import RestError, invalid_request, not_found, null_value
from api.operations import Call, Resource, text_param
from api.shapes import Shape
from store import comments, tasks
from store.errors import NotFound
from store.instances import HISTORIC_PROCESS_INSTANCES, PROCESS_INSTANCES
from store.tasks import HISTORIC_TASKS, TASKS

identity_links = Resource("task", "Task Identity Link")
task_comments = Resource("task", "Task Comment")
instance_comments = Resource("process-instance", "Process Instance Comment")

PEOPLE = (identity_links, task_comments, instance_comments)
_link_shape = Shape(IdentityLinkDto)
_comment_shape = Shape(CommentDto, links=[])


# --- identity links -------------------------------------------------------------------------------------------------


@identity_links.get("/{id}/identity-links", answer=list[IdentityLinkDto], params=(text_param("type"),), errors=(400,))
async def list_links(call: Call) -> list[Any]:
    """Assignee, owner and candidates of a task."""
    try:
        rows = await tasks.identity_links(call.services.database, call["id"], call.query.get("type"))
    except NotFound:
        raise _unknown(call["id"]) from None
    return _link_shape.all(rows)


@identity_links.post("/{id}/identity-links", body=IdentityLinkBody, errors=(400,))
async def add_link(call: Call) -> None:
    """Add a candidate, or set assignee or owner."""
    await _change_link(call, tasks.add_link, add=True)


@identity_links.post("/{id}/identity-links/delete", body=IdentityLinkBody, errors=(400,))
async def remove_link(call: Call) -> None:
    """Remove an identity link."""
    await _change_link(call, tasks.remove_link, add=False)


async def _change_link(call: Call, change: Any, *, add: bool) -> None:
    body = await call.body(IdentityLinkBody)
    if (body.userId is None) == (body.groupId is None):
        given = "both are there" if body.userId else "neither is there"
        raise invalid_request(f"Identity Link requires either userId or groupId, but {given}.")
    if not body.type:
        raise invalid_request("Expected the type of the identity link but it is absent.")
    who = {"user_id": body.userId, "group_id": body.groupId, "by": call.user}
    row = await TASKS.get(call.services.database, call["id"])
    if row is not None and body.type in ("assignee", "owner", "candidate") and await task_changes.listens(call, row):
        await task_changes.link(call, row, body.type, body.userId, body.groupId, add=add)
        return
    try:
        await change(call.services.database, call["id"], body.type, **who)
    except NotFound:
        raise _unknown(call["id"]) from None


def _unknown(identifier: str) -> RestError:
    return null_value(f"Cannot find task with id {identifier}: task is null")


# --- comments -------------------------------------------------------------------------------------------------------


@task_comments.get("/{id}/comment", answer=list[CommentDto], errors=(404,))
async def list_task_comments(call: Call) -> list[Any]:
    """Comments on a task."""
    await _task(call, 404)
    return _comment_shape.all(await comments.list(call.services.database, task_id=call["id"]))


@task_comments.get("/{id}/comment/{commentId}", answer=CommentDto, errors=(404,))
async def get_task_comment(call: Call) -> Any:
    """One comment on a task."""
    row = await comments.get(call.services.database, call["commentId"])
    if row is None or row.task_id != call["id"]:
        raise not_found(f"Task comment with id {call['commentId']} does not exist for task id '{call['id']}'.")
    return _comment_shape(row)


@task_comments.post("/{id}/comment/create", answer=CommentDto, body=CommentBody, errors=(400,))
async def create_task_comment(call: Call) -> Any:
    """Comment on a task."""
    body = await call.body(CommentBody)
    task = await _task(call, 400)
    if not body.message:
        raise invalid_request("Not enough parameters submitted: expected a message but it is absent.")
    row = await comments.add(
        call.services.database,
        message=body.message,
        task_id=task.id,
        instance_id=body.processInstanceId or task.process_instance_id,
        user_id=call.user,
    )
    return _comment_shape(row, links=[_comment_link(call, row)])


@task_comments.put("/{id}/comment", body=CommentBody, errors=(400, 404))
async def update_task_comment(call: Call) -> None:
    """Change the text of a comment on a task."""
    await _task(call, 404)
    await _update(call)


@task_comments.delete("/{id}/comment", errors=(400, 404))
async def delete_task_comments(call: Call) -> None:
    """Delete all comments on a task."""
    await _task(call, 404)
    await comments.delete(call.services.database, task_id=call["id"])


@task_comments.delete("/{id}/comment/{commentId}", errors=(400, 404))
async def delete_task_comment(call: Call) -> None:
    """Delete one comment on a task."""
    await _task(call, 404)
    row = await comments.get(call.services.database, call["commentId"])
    if row is None or row.task_id != call["id"]:
        raise not_found(f"Task comment with id {call['commentId']} does not exist for task id '{call['id']}'.")
    await comments.delete(call.services.database, comment_id=row.id)


@instance_comments.get("/{id}/comment", answer=list[CommentDto], errors=(404,))
async def list_instance_comments(call: Call) -> list[Any]:
    """Comments on a process instance and its tasks."""
    if await HISTORIC_PROCESS_INSTANCES.get(call.services.database, call["id"]) is None:
        raise not_found(f"No process instance found for id {call['id']}")
    return _comment_shape.all(await comments.list(call.services.database, instance_id=call["id"]))


@instance_comments.put("/{id}/comment", body=CommentBody, errors=(400, 404))
async def update_instance_comment(call: Call) -> None:
    """Change the text of a comment on a process instance."""
    await _running_instance(call)
    await _update(call)


@instance_comments.delete("/{id}/comment", errors=(400, 404))
async def delete_instance_comments(call: Call) -> None:
    """Delete all comments on a process instance."""
    await _running_instance(call)
    await comments.delete(call.services.database, instance_id=call["id"])


@instance_comments.delete("/{id}/comment/{commentId}", errors=(400, 404))
async def delete_instance_comment(call: Call) -> None:
    """Delete one comment on a process instance."""
    await _running_instance(call)
    row = await comments.get(call.services.database, call["commentId"])
    if row is None or row.process_instance_id != call["id"]:
        raise not_found(f"Comment with id {call['commentId']} does not exist for process instance '{call['id']}'.")
    await comments.delete(call.services.database, comment_id=row.id)


async def _update(call: Call) -> None:
    body = await call.body(CommentBody)
    if not body.id or not body.message:
        raise invalid_request("Expected the id and the new message of a comment but one is absent.")
    try:
        await comments.update(call.services.database, body.id, body.message)
    except NotFound:
        raise invalid_request(f"Cannot update comment {body.id}: it does not exist") from None


async def _task(call: Call, status: int) -> Any:
    row = await TASKS.get(call.services.database, call["id"])
    if row is None and status == 404:
        past = await HISTORIC_TASKS.list(call.services.database, {"taskId": call["id"]}, maximum=1)
        row = past[0] if past else None
    if row is None:
        raise invalid_request(f"No task found for task id {call['id']}", status)
    return row


async def _running_instance(call: Call) -> None:
    if await PROCESS_INSTANCES.get(call.services.database, call["id"]) is None:
        raise not_found(f"No process instance found for id {call['id']}")


def _comment_link(call: Call, row: Any) -> dict[str, str]:
    base = str(call.request.base_url).rstrip("/")
    return {"method": "GET", "href": f"{base}/engine-rest/task/{row.task_id}/comment/{row.id}", "rel": "self"}
