"""The forms of tasks and of process starts: which form it is, the deployed one, the generated one, its values."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from starlette.responses import Response

from api.definitions import keyed, process_definition
from api.dto.repository import FormDto
from api.errors import RestError, invalid_request, not_found
from api.generated_forms import defaults, render
from api.operations import Call, Resource, boolean_param, text_param
from api.params import flag, text_list
from api.resources.deployment import resource_response
from api.shapes import row_value
from api.variables import VariableValueDto, variable_dtos
from interpreter.bpmn.document import Node, parse_bpmn
from interpreter.elements.user_task import read_form_fields
from store import decisions, definitions, deployments
from store.tasks import TASKS
from store.variables import visible

task_forms = Resource("task", "Task")
start_forms = Resource("process-definition", "Process Definition")
FORMS = (task_forms, start_forms)

_XHTML: Final = "application/xhtml+xml"
_DEPLOYMENT_PREFIXES: Final = ("camunda-forms:deployment:", "embedded:deployment:")


# --- tasks ----------------------------------------------------------------------------------------------------------


@task_forms.get("/{id}/form", answer=FormDto, errors=(400,))
async def get_task_form(call: Call) -> Any:
    """Which form a task has."""
    row = await TASKS.get(call.services.database, call["id"])
    if row is None:
        raise invalid_request(f"Cannot get form for task {call['id']}: the task does not exist")
    return form_dto(row.form, f"task/{row.id}/rendered-form")


@task_forms.get("/{id}/deployed-form", answer=bytes, media=_XHTML, errors=(400, 404))
async def get_deployed_form(call: Call) -> Response:
    """The deployed form of a task: HTML or a form schema."""
    row = await TASKS.get(call.services.database, call["id"])
    if row is None:
        raise not_found(f"Cannot find task with id '{call['id']}'.")
    return await _deployed(call, row.form, row.deployment_id, row.tenant_id, f"task {row.id}")


@task_forms.get("/{id}/rendered-form", answer=bytes, media=_XHTML, errors=(400, 404))
async def get_rendered_form(call: Call) -> Response:
    """The generated form of a task as HTML."""
    row = await TASKS.get(call.services.database, call["id"])
    if row is None:
        raise invalid_request(f"Cannot get rendered form for task {call['id']}: the task does not exist")
    fields = (row.form or {}).get("fields")
    if not fields:
        raise not_found(f"No matching rendered form for task with the id {row.id} found.")
    values = defaults(fields)
    rows = await visible(call.services.database, row.process_instance_id or "", row.element_key or 1)
    values.update((name, row_value(variable)) for name, variable in rows.items())
    return _xhtml(render(fields, values))


# --- starts ---------------------------------------------------------------------------------------------------------


@keyed(start_forms, "GET", "/startForm", answer=FormDto, errors=(400,))
async def get_start_form(call: Call) -> Any:
    """Which form starts a process."""
    row = await process_definition(call, _unknown_definition)
    form = await start_form(call, row)
    if form is None:
        raise invalid_request(f"Cannot get start form data for {row.id}: the process has no none start event")
    return form_dto(form, f"process-definition/{row.id}/rendered-form")


@keyed(start_forms, "GET", "/deployed-start-form", answer=bytes, media=_XHTML, errors=(400, 404))
async def get_deployed_start_form(call: Call) -> Response:
    """The deployed form that starts a process."""
    row = await process_definition(call)
    form = await start_form(call, row) or {}
    return await _deployed(call, form, row.deployment_id, row.tenant_id, f"process definition {row.id}")


@keyed(start_forms, "GET", "/rendered-form", answer=bytes, media=_XHTML, errors=(400, 404))
async def get_rendered_start_form(call: Call) -> Response:
    """The generated form that starts a process, as HTML."""
    row = await process_definition(call)
    fields = (await start_form(call, row) or {}).get("fields")
    if not fields:
        raise not_found(f"No matching rendered start form for process definition with the id {row.id} found.")
    return _xhtml(render(fields, defaults(fields)))


@keyed(
    start_forms,
    "GET",
    "/form-variables",
    answer=dict[str, VariableValueDto],
    params=(text_param("variableNames"), boolean_param("deserializeValues")),
    errors=(404,),
)
async def get_start_form_variables(call: Call) -> Any:
    """The values that the start form begins with."""
    row = await process_definition(call)
    fields = (await start_form(call, row) or {}).get("fields") or ()
    names = text_list(call.query, "variableNames")
    values = {name: value for name, value in defaults(fields).items() if names is None or name in names}
    return variable_dtos(values, flag(call.query, "deserializeValues", default=True))


async def start_form(call: Call, row: Any) -> Mapping[str, Any] | None:
    """The form of a definition's none start event in the engine's words; None when there is no such event."""
    source = await definitions.source(call.services.database, row.id)
    if source is None:
        return None
    return await asyncio.to_thread(_read_start_form, source[1], row.key)


@lru_cache(maxsize=256)
def _read_start_form(source: bytes, process_id: str) -> Mapping[str, Any] | None:
    process = next((node for node in parse_bpmn(source).processes() if node.id == process_id), None)
    for event in process.children("startEvent") if process is not None else ():
        if not any(child.tag.endswith("EventDefinition") for child in event.children()):
            return _form_of(event)
    return None


def _form_of(event: Node) -> Mapping[str, Any]:
    form: dict[str, Any] = {}
    for name in ("formKey", "formRef", "formRefBinding", "formRefVersion"):
        text = event.ext(name)
        if text is not None:
            form[name] = text
    fields = read_form_fields(event)
    if fields:
        form["fields"] = fields
    return form


# --- both -----------------------------------------------------------------------------------------------------------


def form_dto(form: Mapping[str, Any] | None, rendered: str) -> dict[str, Any]:
    """The answer for a form; a generated one has a synthetic key, as Camunda's browser applications expect."""
    given = form or {}
    key, reference = given.get("formKey"), form_reference(given)
    if key is None and reference is None and given.get("fields"):
        key = f"embedded:engine://engine/:engine/{rendered}"
    return {"key": key, "camundaFormRef": reference, "contextPath": None}


def form_reference(form: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """`camundaFormRef` of a form; None when it refers to no deployed form schema."""
    given = form or {}
    reference = given.get("formRef") or given.get("formId")
    if reference is None:
        return None
    version = given.get("formRefVersion")
    return {
        "key": reference,
        "binding": given.get("formRefBinding") or given.get("bindingType") or "latest",
        "version": int(version) if version is not None and str(version).isdigit() else None,
    }


async def _deployed(
    call: Call, form: Mapping[str, Any] | None, deployment_id: str | None, tenant_id: str | None, whose: str
) -> Response:
    reference = form_reference(form)
    database = call.services.database
    if reference is not None:
        found = await _bound_form(call, reference, deployment_id, tenant_id)
        if found is None:
            raise not_found(f"No Camunda Form Definition was found for Camunda Form Ref: {reference['key']}")
        return Response(found[1], headers={"Content-Type": "application/json"})
    key = (form or {}).get("formKey")
    prefix = next((prefix for prefix in _DEPLOYMENT_PREFIXES if str(key or "").startswith(prefix)), None)
    if key is None or prefix is None or deployment_id is None:
        raise invalid_request(f"The form key '{key}' of {whose} does not reference a deployed form.")
    name = str(key)[len(prefix) :]
    for resource in await deployments.resources(database, deployment_id):
        if resource.name == name:
            content = await deployments.resource_content(database, deployment_id, resource.id)
            if content is not None:
                if name.endswith((".form", ".json")):
                    return Response(content[1], headers={"Content-Type": "application/json"})
                if name.endswith((".html", ".xhtml")):
                    return _xhtml(content[1].decode("utf-8", "replace"))
                return resource_response(*content)
    raise not_found(f"The form with the resource name '{name}' cannot be found in the deployment of {whose}.")


async def _bound_form(
    call: Call, reference: Mapping[str, Any], deployment_id: str | None, tenant_id: str | None
) -> tuple[str, bytes] | None:
    database, key = call.services.database, reference["key"]
    if reference["binding"] == "deployment":
        return await decisions.form_in_deployment(database, key, deployment_id or "")
    if reference["binding"] == "version" and reference["version"] is not None:
        return await decisions.form_by_version(database, key, reference["version"], tenant_id)
    return await decisions.latest_form(database, key, tenant_id)


def _xhtml(text: str) -> Response:
    return Response(text.encode(), headers={"Content-Type": _XHTML})


def _unknown_definition(message: str) -> RestError:
    return invalid_request(f"Cannot get start form data: {message}")
