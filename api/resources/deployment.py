"""/deployment: put models on the engine and get them back."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any, cast

from starlette.responses import Response

from api.bodies import RedeploymentBody
from api.collections import row_by_id, serve_queries, serve_single
from api.dates import parse_date
from api.dto.repository import (
    DecisionDefinitionDto,
    DecisionRequirementsDefinitionDto,
    DeploymentDto,
    DeploymentResourceDto,
    DeploymentWithDefinitionsDto,
    ProcessDefinitionDto,
)
from api.errors import invalid_request, not_found, rest_exception
from api.links import deployment_links, resource_link
from api.models import Prepared, prepare
from api.multipart import read_form
from api.operations import Call, Resource, boolean_param
from api.params import flag
from api.shapes import Shape
from api.suspension import cancel_instances
from interpreter.bpmn.problems import Profile
from store import deployments
from store.deployments import DEPLOYMENTS, NewResource
from store.errors import Conflict

deployment = Resource("deployment", "Deployment")

_shape = Shape(DeploymentDto, links=[])
_resource_shape = Shape(DeploymentResourceDto)
_process_shape = Shape(ProcessDefinitionDto)
_decision_shape = Shape(DecisionDefinitionDto)
_requirements_shape = Shape(DecisionRequirementsDefinitionDto)

_MEDIA_TYPES = {
    "bpmn": "application/xml",
    "dmn": "application/xml",
    "cmmn": "application/xml",
    "xml": "application/xml",
    "json": "application/json",
    "form": "application/json",
    "svg": "image/svg+xml",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "html": "text/html",
    "xhtml": "application/xhtml+xml",
    "js": "application/javascript",
    "txt": "text/plain",
}

serve_queries(deployment, DEPLOYMENTS, DeploymentDto, _shape, post=False)
serve_single(deployment, DEPLOYMENTS, DeploymentDto, "Deployment", _shape)


@deployment.get("/registered", answer=list[str])
async def list_registered(call: Call) -> list[str]:
    """Deployments whose definitions this engine serves: all."""
    return [row.id for row in await DEPLOYMENTS.list(call.services.database, {})]


@deployment.post("/create", answer=DeploymentWithDefinitionsDto, errors=(400, 413, 415))
async def create_deployment(call: Call) -> dict[str, Any]:
    """Deploy models and other resources.

    multipart/form-data: `deployment-name`, `deployment-source`, `enable-duplicate-filtering`, `deploy-changed-only`,
    `tenant-id`, `deployment-activation-time`, `deployment-profile` (c7 or spec; not Camunda's), files of any part name.
    """
    form = await read_form(call.request)
    if not form.files:
        raise invalid_request("Expected at least one file part with a file name in the deployment but there is none.")
    files = [NewResource(file.filename, file.content) for file in form.files]
    activation = form.fields.get("deployment-activation-time")
    if activation:
        try:
            moment = parse_date(activation)
        except ValueError as error:
            raise invalid_request(f"Cannot read deployment-activation-time: {error}") from error
        if moment > datetime.now(UTC):
            raise invalid_request(
                "Expected no deployment-activation-time in the future: definitions are active at once."
            )
    changed_only = form.flag("deploy-changed-only")
    return await _deploy(
        call,
        files,
        name=form.fields.get("deployment-name") or None,
        source=form.fields.get("deployment-source") or None,
        tenant_id=form.fields.get("tenant-id") or None,
        duplicate_filtering=changed_only or form.flag("enable-duplicate-filtering"),
        deploy_changed_only=changed_only,
        profile=form.fields.get("deployment-profile"),
    )


@deployment.post("/{id}/redeploy", answer=DeploymentWithDefinitionsDto, body=RedeploymentBody, errors=(404,))
async def redeploy(call: Call) -> dict[str, Any]:
    """Deploy resources of an earlier deployment again, as new versions."""
    body = await call.body(RedeploymentBody)
    earlier = await row_by_id(call, DEPLOYMENTS, call["id"], "Deployment")
    chosen: list[NewResource] = []
    chosen_only = {*(body.resourceIds or ()), *(body.resourceNames or ())}
    for resource in await deployments.resources(call.services.database, earlier.id):
        if chosen_only and resource.id not in chosen_only and resource.name not in chosen_only:
            continue
        content = await deployments.resource_content(call.services.database, earlier.id, resource.id)
        if content is not None:
            chosen.append(NewResource(*content))
    if not chosen:
        raise not_found(f"Deployment {earlier.id} has none of the resources that shall be deployed again")
    return await _deploy(call, chosen, name=earlier.name, source=body.source, tenant_id=earlier.tenant_id)


async def _deploy(
    call: Call,
    files: list[NewResource],
    *,
    name: str | None,
    source: str | None,
    tenant_id: str | None,
    duplicate_filtering: bool = False,
    deploy_changed_only: bool = False,
    profile: str | None = None,
) -> dict[str, Any]:
    wanted = profile or call.services.settings.profile
    if wanted not in ("c7", "spec"):
        raise invalid_request(f"Expected the deployment-profile c7 or spec but it was '{wanted}'.")
    prepared: Prepared = await asyncio.to_thread(prepare, files, cast("Profile", wanted))
    result = await deployments.create(
        call.services.database,
        name=name,
        source=source,
        tenant_id=tenant_id,
        resources=files,
        processes=prepared.processes,
        decisions=prepared.decisions,
        requirements=prepared.requirements,
        forms=prepared.forms,
        duplicate_filtering=duplicate_filtering,
        deploy_changed_only=deploy_changed_only,
    )
    if any(start.kind == "timer" for process in prepared.processes for start in process.starts):
        await call.services.engine.arm_timers(call.services.database)
    return {
        **_shape(result.deployment, links=deployment_links(call, result.deployment.id)),
        "deployedProcessDefinitions": _by_id(_process_shape, result.process_definitions),
        "deployedDecisionDefinitions": _by_id(_decision_shape, result.decision_definitions),
        "deployedDecisionRequirementsDefinitions": _by_id(_requirements_shape, result.decision_requirements),
        "deployedCaseDefinitions": None,
    }


def _by_id(shape: Shape, rows: list[Any]) -> dict[str, Any] | None:
    return {row.id: shape(row) for row in rows} or None


@deployment.delete(
    "/{id}",
    params=(boolean_param("cascade"), boolean_param("skipCustomListeners"), boolean_param("skipIoMappings")),
    errors=(404,),
)
async def delete_deployment(call: Call) -> None:
    """Delete a deployment with its definitions; with `cascade` also their instances and history."""
    cascade = flag(call.query, "cascade")
    if cascade:
        await cancel_instances(call, {"deploymentId": call["id"]})
    try:
        found = await deployments.delete(call.services.database, call["id"], cascade)
    except Conflict as error:
        raise rest_exception(str(error)) from error
    if not found:
        raise not_found(f"Deployment with id '{call['id']}' do not exist")


@deployment.get("/{id}/resources", answer=list[DeploymentResourceDto], errors=(404,))
async def list_resources(call: Call) -> list[Any]:
    """Resources of a deployment."""
    rows = await deployments.resources(call.services.database, call["id"])
    if not rows:
        raise not_found(f"Deployment resources for deployment id '{call['id']}' do not exist.")
    return _resource_shape.all(rows)


@deployment.get("/{id}/resources/{resourceId}", answer=DeploymentResourceDto, errors=(404,))
async def get_resource(call: Call) -> Any:
    """One resource of a deployment, without its content."""
    for row in await deployments.resources(call.services.database, call["id"]):
        if row.id == call["resourceId"]:
            return _resource_shape(row)
    raise not_found(
        f"Deployment resource with resource id '{call['resourceId']}' for deployment id '{call['id']}' does not exist."
    )


@deployment.get("/{id}/resources/{resourceId}/data", answer=bytes, media="application/octet-stream", errors=(400,))
async def get_resource_data(call: Call) -> Response:
    """Content of a resource."""
    found = await deployments.resource_content(call.services.database, call["id"], call["resourceId"])
    if found is None:
        raise invalid_request(
            f"Deployment resource '{call['resourceId']}' for deployment id '{call['id']}' does not exist."
        )
    name, content = found
    return resource_response(name, content)


def resource_response(name: str, content: bytes) -> Response:
    """A deployed file as a download."""
    media_type = _MEDIA_TYPES.get(name.rpartition(".")[2].lower(), "application/octet-stream")
    return Response(content, media_type=None, headers={"Content-Type": media_type, **resource_link(name)})
