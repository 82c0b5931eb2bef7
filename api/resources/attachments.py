"""/task/{id}/attachment: files and links at a task."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from api.dto.runtime import AttachmentDto
from api.errors import invalid_request, not_found
from api.multipart import read_form
from api.operations import Call, Resource
from api.resources.deployment import resource_response
from api.shapes import Shape
from store import attachments
from store.errors import InvalidQuery, NotFound
from store.tasks import HISTORIC_TASKS, TASKS

task_attachments = Resource("task", "Task Attachment")
_shape = Shape(AttachmentDto, links=[])


@task_attachments.get("/{id}/attachment", answer=list[AttachmentDto], errors=(404,))
async def list_attachments(call: Call) -> list[Any]:
    """Files and links at a task."""
    await _known_task(call)
    return _shape.all(await attachments.of_task(call.services.database, call["id"]))


@task_attachments.post("/{id}/attachment/create", answer=AttachmentDto, errors=(400,))
async def create_attachment(call: Call) -> Any:
    """Attach a file (part `content`) or a link (`url`), with `attachment-name`, `-description` and `-type`."""
    form = await read_form(call.request)
    task = await TASKS.get(call.services.database, call["id"])
    if task is None:
        raise invalid_request(f"No task found for task id {call['id']}")
    upload = next((file for file in form.files if file.part == "content"), None)
    try:
        row = await attachments.add(
            call.services.database,
            task_id=task.id,
            instance_id=task.process_instance_id,
            name=form.fields.get("attachment-name") or (None if upload is None else upload.filename),
            description=form.fields.get("attachment-description"),
            type=form.fields.get("attachment-type"),
            url=form.fields.get("url"),
            content=None if upload is None else upload.content,
            user_id=call.user,
        )
    except InvalidQuery as error:
        raise invalid_request(
            f"No content or url to remote content exists to create the task attachment: {error}"
        ) from error
    base = str(call.request.url).rpartition("/create")[0]
    return _shape(row, links=[{"method": "GET", "href": f"{base}/{row.id}", "rel": "self"}])


@task_attachments.get("/{id}/attachment/{attachmentId}", answer=AttachmentDto, errors=(404,))
async def get_attachment(call: Call) -> Any:
    """One attachment of a task."""
    return _shape(await _attachment(call))


@task_attachments.get(
    "/{id}/attachment/{attachmentId}/data", answer=bytes, media="application/octet-stream", errors=(404,)
)
async def get_attachment_data(call: Call) -> Response:
    """The content of an attached file."""
    row = await _attachment(call)
    content = await attachments.content(call.services.database, row.id)
    if content is None:
        raise not_found(f"Attachment content for attachment with id '{row.id}' does not exist: it is a link.")
    return resource_response(row.name or row.id, content)


@task_attachments.delete("/{id}/attachment/{attachmentId}", errors=(404,))
async def delete_attachment(call: Call) -> None:
    """Remove an attachment."""
    row = await _attachment(call)
    try:
        await attachments.delete(call.services.database, row.id)
    except NotFound:
        raise _unknown(call) from None


async def _attachment(call: Call) -> Any:
    row = await attachments.get(call.services.database, call["attachmentId"])
    if row is None or row.task_id != call["id"]:
        raise _unknown(call)
    return row


def _unknown(call: Call) -> Exception:
    return not_found(f"Task attachment with id {call['attachmentId']} does not exist for task id '{call['id']}'.")


async def _known_task(call: Call) -> None:
    if await TASKS.get(call.services.database, call["id"]) is None:
        past = await HISTORIC_TASKS.list(call.services.database, {"taskId": call["id"]}, maximum=1)
        if not past:
            raise not_found(f"No task found for task id {call['id']}")
