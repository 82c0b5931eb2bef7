"""The variable operations of a scope: a process instance, an execution or a task, each with its own addresses.

Reading comes from the read model; writing is a `SetVariables` command, so that conditional events are evaluated and the
history is written. One call is one command: it happens wholly or not at all.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from api.bodies import PatchVariablesBody, VariableBody
from api.engine import CommandRejected, InstanceNotFound
from api.errors import RestError, invalid_request, not_found, rest_exception
from api.links import resource_link
from api.multipart import read_form
from api.operations import Call, Resource, boolean_param
from api.params import flag
from api.shapes import row_value
from api.variables import (
    VariableValueDto,
    binary_content,
    bytes_value,
    file_value,
    read_variable,
    read_variables,
    variable_dto,
)
from interpreter.commands import SetVariables, Variables
from store.variables import local as local_variables
from store.variables import visible as visible_variables


@dataclass(frozen=True, slots=True)
class Scope:
    """Where variables are read and written: element `element` of an instance."""

    instance_id: str
    element: int
    local: bool


#: Finds the scope that a path means; the second argument says what was tried, for the message of its RestError.
FindScope = Callable[[Call, str], Awaitable[Scope]]


def serve_variables(resource: Resource, path: str, find: FindScope, what: str) -> None:
    """Declare the variable operations of `resource` below `/{id}/<path>`. `what` names the scope in messages."""

    @resource.get(
        f"/{{id}}/{path}",
        answer=dict[str, VariableValueDto],
        params=(boolean_param("deserializeValues"),),
        errors=(500,),
    )
    async def list_variables(call: Call) -> Any:
        """All variables of the scope."""
        scope = await find(call, f"Cannot retrieve {what} variables")
        deserialize = flag(call.query, "deserializeValues", default=True)
        rows = await _rows(call, scope)
        return {name: variable_dto(row_value(row), deserialize) for name, row in rows.items()}

    @resource.post(f"/{{id}}/{path}", body=PatchVariablesBody, errors=(400, 500))
    async def patch_variables(call: Call) -> None:
        """Set and delete variables in one step."""
        body = await call.body(PatchVariablesBody)
        values = read_variables(body.modifications, "modifications")
        operation = f"Cannot modify variables for {what} {call['id']}"
        await _set(call, await find(call, operation), operation, values, tuple(body.deletions or ()))

    @resource.get(
        f"/{{id}}/{path}/{{varName}}",
        answer=VariableValueDto,
        params=(boolean_param("deserializeValue"),),
        errors=(404, 500),
    )
    async def get_variable(call: Call) -> VariableValueDto:
        """One variable of the scope."""
        row = await _row(call, find, what)
        deserialize = flag(call.query, "deserializeValue", default=True)
        return variable_dto(row_value(row), deserialize)

    @resource.put(f"/{{id}}/{path}/{{varName}}", body=VariableBody, errors=(400, 500))
    async def put_variable(call: Call) -> None:
        """Set one variable."""
        name = call["varName"]
        body = await call.body(VariableBody)
        operation = f"Cannot put {what} variable {name}"
        try:
            value = read_variable(body.model_dump(), "body", name)
        except RestError as error:
            raise invalid_request(f"{operation}: {error.message}") from error
        await _set(call, await find(call, operation), operation, {name: value})

    @resource.delete(f"/{{id}}/{path}/{{varName}}", errors=(500,))
    async def delete_variable(call: Call) -> None:
        """Delete one variable; one that is not there is no error."""
        operation = f"Cannot delete {what} variable {call['varName']}"
        await _set(call, await find(call, operation), operation, {}, (call["varName"],))

    @resource.get(f"/{{id}}/{path}/{{varName}}/data", answer=bytes, media="application/octet-stream", errors=(400, 404))
    async def get_binary(call: Call) -> Response:
        """Content of a variable of type File or Bytes."""
        return binary_response(await _row(call, find, what))

    @resource.post(f"/{{id}}/{path}/{{varName}}/data", errors=(400, 500))
    async def post_binary(call: Call) -> None:
        """Set a variable to an uploaded file or to bytes (multipart: `data`, `valueType` File or Bytes)."""
        name = call["varName"]
        value = await uploaded_value(call, name)
        operation = f"Cannot put {what} variable {name}"
        await _set(call, await find(call, operation), operation, {name: value})


async def uploaded_value(call: Call, name: str) -> Any:
    """The engine's value for the uploaded part `data`. RestError 400 when there is none or its type is another."""
    form = await read_form(call.request)
    kind = form.fields.get("valueType", "").capitalize()
    upload = next((file for file in form.files if file.part == "data"), None)
    if kind not in ("File", "Bytes"):
        if upload is None and form.fields.get("data") is not None and form.fields.get("type"):
            return read_variable({"type": "Json", "value": form.fields["data"]}, "data", name)
        raise invalid_request(
            f"Expected the part 'valueType' to be File or Bytes but it was '{form.fields.get('valueType')}'."
        )
    if upload is None:
        text = form.fields.get("data")
        if text is None:
            raise invalid_request("No 'data' part is there to be stored.")
        return bytes_value(text.encode(), name)
    if kind == "Bytes":
        return bytes_value(upload.content, name)
    media_type, _, parameters = (upload.content_type or "").partition(";")
    encoding = next(
        (
            part.partition("=")[2].strip()
            for part in parameters.split(";")
            if part.strip().lower().startswith("charset=")
        ),
        None,
    )
    return file_value(upload.content, upload.filename, media_type.strip() or None, encoding, name)


def binary_response(row: Any) -> Response:
    """The content of a variable row of type File or Bytes as a download. RestError 400 for other types."""
    content, media_type, filename = binary_content(row_value(row), row.name)
    headers = {"Content-Type": media_type}
    if filename is not None:
        headers.update(resource_link(filename))
    return Response(content, headers=headers)


async def _rows(call: Call, scope: Scope) -> dict[str, Any]:
    read = local_variables if scope.local else visible_variables
    return await read(call.services.database, scope.instance_id, scope.element)


async def _row(call: Call, find: FindScope, what: str) -> Any:
    name = call["varName"]
    scope = await find(call, f"Cannot get {what} variable {name}")
    row = (await _rows(call, scope)).get(name)
    if row is None:
        raise not_found(f"{what} variable with name {name} does not exist")
    return row


async def _set(call: Call, scope: Scope, operation: str, values: Variables, removals: tuple[str, ...] = ()) -> None:
    if not values and not removals:
        return
    command = SetVariables(
        now=0,
        variables=values,
        removals=removals,
        element=None if scope.element == 1 else scope.element,
        local=scope.local,
    )
    try:
        await call.services.engine.execute(scope.instance_id, command)
    except (CommandRejected, InstanceNotFound) as error:
        raise rest_exception(f"{operation}: {error}") from error
