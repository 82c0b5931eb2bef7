"""/authorization: who may do what. As in a Camunda without authorization checks, entries are kept and not enforced."""

from __future__ import annotations

from typing import Any

from api.bodies import AuthorizationBody
from api.collections import serve_queries, serve_single
from api.dto.identity import AuthorizationCheckResultDto, AuthorizationDto
from api.errors import engine_error, invalid_request, not_found
from api.links import serve_options
from api.operations import Call, Resource, text_param
from api.shapes import Shape
from store import access_rights
from store.access_rights import ACCESS_RIGHTS
from store.errors import Conflict, NotFound

authorization = Resource("authorization", "Authorization")
_shape = Shape(AuthorizationDto, removalTime=None, rootProcessInstanceId=None)

serve_queries(authorization, ACCESS_RIGHTS, AuthorizationDto, _shape, post=False)
serve_options(authorization, collection=True)
serve_options(authorization)


@authorization.get(
    "/check",
    answer=AuthorizationCheckResultDto,
    params=tuple(
        text_param(name) for name in ("permissionName", "resourceName", "resourceType", "resourceId", "userId")
    ),
    errors=(400, 401),
)
async def check(call: Call) -> AuthorizationCheckResultDto:
    """Whether the authenticated user may do something: everything is allowed."""
    if call.user is None:
        raise invalid_request("You must be authenticated in order to use this resource.", 401)
    for name in ("permissionName", "resourceName", "resourceType"):
        if not call.query.get(name):
            raise invalid_request(f"Query parameter '{name}' cannot be null")
    return {
        "permissionName": call.query.get("permissionName"),
        "resourceName": call.query.get("resourceName"),
        "resourceId": call.query.get("resourceId"),
        "authorized": True,
    }


serve_single(authorization, ACCESS_RIGHTS, AuthorizationDto, "Authorization", _shape)


@authorization.post("/create", answer=AuthorizationDto, body=AuthorizationBody, errors=(400, 500))
async def create(call: Call) -> Any:
    """Add an authorization."""
    body = await call.body(AuthorizationBody)
    if body.type not in (0, 1, 2):
        raise invalid_request(f"Expected the type 0 (global), 1 (grant) or 2 (revoke) but it was {body.type}.")
    if body.resourceType is None:
        raise invalid_request("Expected a resourceType but it is absent.")
    if body.type == 0 and body.userId not in (None, "*"):
        raise engine_error("Illegal value for userId for GLOBAL authorization. Must be '*'")
    if body.type != 0 and (body.userId is None) == (body.groupId is None):
        raise engine_error("Authorization must either have a 'userId' or a 'groupId'.")
    try:
        row = await access_rights.create(
            call.services.database,
            type=body.type,
            permissions=body.permissions or [],
            user_id="*" if body.type == 0 else body.userId,
            group_id=body.groupId,
            resource_type=body.resourceType,
            resource_id=body.resourceId or "*",
        )
    except Conflict as error:
        raise engine_error(str(error)) from error
    return _shape(row)


@authorization.put("/{id}", body=AuthorizationBody, errors=(400, 404))
async def update(call: Call) -> None:
    """Change an authorization; its type stays."""
    body = await call.body(AuthorizationBody)
    if body.resourceType is None:
        raise invalid_request("Expected a resourceType but it is absent.")
    try:
        await access_rights.update(
            call.services.database,
            call["id"],
            permissions=body.permissions or [],
            user_id=body.userId,
            group_id=body.groupId,
            resource_type=body.resourceType,
            resource_id=body.resourceId or "*",
        )
    except NotFound:
        raise not_found(f"Authorization with id {call['id']} does not exist.") from None


@authorization.delete("/{id}", errors=(404,))
async def delete(call: Call) -> None:
    """Remove an authorization."""
    if not await access_rights.delete(call.services.database, call["id"]):
        raise not_found(f"Authorization with id {call['id']} does not exist.")
