"""/user, /group, /tenant and /identity: people, and who belongs where."""

from __future__ import annotations

from typing import Any

from api.bodies import CredentialsBody, GroupBody, TenantBody, UserBody, UserCredentialsBody, UserProfileBody
from api.collections import row_by_id, serve_queries, serve_single
from api.dto.identity import (
    AuthenticationResult,
    CheckPasswordPolicyResultDto,
    GroupDto,
    IdentityServiceGroupInfoDto,
    PasswordPolicyDto,
    TenantDto,
    UserProfileDto,
)
from api.errors import engine_error, invalid_request, not_found
from api.links import serve_options
from api.operations import Call, Resource, text_param
from api.passwords import is_password_of
from api.shapes import Shape
from store import people
from store.errors import Conflict, NotFound
from store.people import GROUPS, TENANTS, USERS, GroupRow, TenantRow, UserRow

user = Resource("user", "User")
group = Resource("group", "Group")
tenant = Resource("tenant", "Tenant")
identity = Resource("identity", "Identity")
PEOPLE_RESOURCES = (user, group, tenant, identity)

_profile_shape = Shape(UserProfileDto)

serve_queries(user, USERS, UserProfileDto, _profile_shape, post=False)
serve_queries(group, GROUPS, GroupDto)
serve_single(group, GROUPS, GroupDto, "Group")
serve_queries(tenant, TENANTS, TenantDto, post=False)
serve_single(tenant, TENANTS, TenantDto, "Tenant")
for _resource in (user, group, tenant):
    serve_options(_resource, collection=True)
    serve_options(_resource, collection=False)
for _resource, _path in ((group, "members"), (tenant, "user-members"), (tenant, "group-members")):
    serve_options(_resource, members=_path)


# --- users ----------------------------------------------------------------------------------------------------------


@user.post("/create", body=UserBody, errors=(400, 500))
async def create_user(call: Call) -> None:
    """Add a user with profile and password."""
    body = await call.body(UserBody)
    profile = body.profile
    if profile is None or not profile.id:
        raise invalid_request("request object must provide profile information with valid id.")
    password = None if body.credentials is None else body.credentials.password
    try:
        await people.create_user(call.services.database, _user(profile, profile.id), password)
    except Conflict as error:
        raise engine_error(str(error)) from error


@user.get("/{id}/profile", answer=UserProfileDto, errors=(404,))
async def get_profile(call: Call) -> Any:
    """The profile of a user."""
    return _profile_shape(await row_by_id(call, USERS, call["id"], "User"))


@user.put("/{id}/profile", body=UserProfileBody, errors=(404,))
async def update_profile(call: Call) -> None:
    """Change the profile of a user."""
    body = await call.body(UserProfileBody)
    try:
        await people.update_user(call.services.database, _user(body, call["id"]))
    except NotFound:
        raise not_found(f"User with id {call['id']} does not exist") from None


@user.put("/{id}/credentials", body=UserCredentialsBody, errors=(400, 404))
async def update_credentials(call: Call) -> None:
    """Change a user's password; an authenticated user must give the own one, too."""
    body = await call.body(UserCredentialsBody)
    if not body.password:
        raise invalid_request("Expected a password but it is absent.")
    if call.user is not None and not await is_password_of(call, call.user, body.authenticatedUserPassword or ""):
        raise invalid_request("The given authenticated user password is not valid.")
    try:
        await people.set_password(call.services.database, call["id"], body.password)
    except NotFound:
        raise not_found(f"User with id {call['id']} does not exist") from None


@user.post("/{id}/unlock", errors=(404,))
async def unlock_user(call: Call) -> None:
    """Users are never locked here: nothing to do but to check that the user exists."""
    await row_by_id(call, USERS, call["id"], "User")


@user.delete("/{id}", errors=(404,))
async def delete_user(call: Call) -> None:
    """Remove a user."""
    if not await people.delete_user(call.services.database, call["id"]):
        raise not_found(f"User with id {call['id']} does not exist")


def _user(body: UserProfileBody, identifier: str) -> UserRow:
    return UserRow(identifier, body.firstName, body.lastName, body.email)


# --- groups ---------------------------------------------------------------------------------------------------------


@group.post("/create", body=GroupBody, errors=(400, 500))
async def create_group(call: Call) -> None:
    """Add a group."""
    body = await call.body(GroupBody)
    if not body.id:
        raise invalid_request("Expected the id of the group but it is absent.")
    try:
        await people.create_group(call.services.database, GroupRow(body.id, body.name, body.type))
    except Conflict as error:
        raise engine_error(str(error)) from error


@group.put("/{id}", body=GroupBody, errors=(404,))
async def update_group(call: Call) -> None:
    """Change name and type of a group."""
    body = await call.body(GroupBody)
    try:
        await people.update_group(call.services.database, GroupRow(call["id"], body.name, body.type))
    except NotFound:
        raise not_found(f"Group with id {call['id']} does not exist") from None


@group.delete("/{id}", errors=(404,))
async def delete_group(call: Call) -> None:
    """Remove a group."""
    if not await people.delete_group(call.services.database, call["id"]):
        raise not_found(f"Group with id {call['id']} does not exist")


@group.put("/{id}/members/{userId}", errors=(500,))
async def join_group(call: Call) -> None:
    """Make a user a member of a group."""
    try:
        await people.join_group(call.services.database, call["id"], call["userId"])
    except NotFound as error:
        raise engine_error(str(error), "NullValueException") from error


@group.delete("/{id}/members/{userId}", errors=(500,))
async def leave_group(call: Call) -> None:
    """End the membership of a user in a group."""
    await people.leave_group(call.services.database, call["id"], call["userId"])


# --- tenants --------------------------------------------------------------------------------------------------------


@tenant.post("/create", body=TenantBody, errors=(400, 500))
async def create_tenant(call: Call) -> None:
    """Add a tenant."""
    body = await call.body(TenantBody)
    if not body.id:
        raise invalid_request("Expected the id of the tenant but it is absent.")
    try:
        await people.create_tenant(call.services.database, TenantRow(body.id, body.name))
    except Conflict as error:
        raise engine_error(str(error)) from error


@tenant.put("/{id}", body=TenantBody, errors=(404,))
async def update_tenant(call: Call) -> None:
    """Change the name of a tenant."""
    body = await call.body(TenantBody)
    try:
        await people.update_tenant(call.services.database, TenantRow(call["id"], body.name))
    except NotFound:
        raise not_found(f"Tenant with id {call['id']} does not exist") from None


@tenant.delete("/{id}", errors=(404,))
async def delete_tenant(call: Call) -> None:
    """Remove a tenant."""
    if not await people.delete_tenant(call.services.database, call["id"]):
        raise not_found(f"Tenant with id {call['id']} does not exist")


@tenant.put("/{id}/user-members/{userId}", errors=(500,))
async def add_user_to_tenant(call: Call) -> None:
    """Make a user a member of a tenant."""
    await _join_tenant(call, user_id=call["userId"])


@tenant.put("/{id}/group-members/{groupId}", errors=(500,))
async def add_group_to_tenant(call: Call) -> None:
    """Make a group a member of a tenant."""
    await _join_tenant(call, group_id=call["groupId"])


async def _join_tenant(call: Call, **member: str) -> None:
    try:
        await people.join_tenant(call.services.database, call["id"], **member)
    except NotFound as error:
        raise engine_error(str(error), "NullValueException") from error


@tenant.delete("/{id}/user-members/{userId}", errors=(500,))
async def remove_user_from_tenant(call: Call) -> None:
    """End the membership of a user in a tenant."""
    await people.leave_tenant(call.services.database, call["id"], user_id=call["userId"])


@tenant.delete("/{id}/group-members/{groupId}", errors=(500,))
async def remove_group_from_tenant(call: Call) -> None:
    """End the membership of a group in a tenant."""
    await people.leave_tenant(call.services.database, call["id"], group_id=call["groupId"])


# --- identity -------------------------------------------------------------------------------------------------------


@identity.get("/groups", answer=IdentityServiceGroupInfoDto, params=(text_param("userId"),), errors=(400,))
async def get_groups(call: Call) -> Any:
    """The groups of a user, and who else is in them."""
    user_id = call.query.get("userId")
    if not user_id:
        raise invalid_request("No user id was supplied")
    database = call.services.database
    groups = await GROUPS.list(database, {"member": user_id})
    users: dict[str, UserRow] = {}
    for row in groups:
        users.update((member.id, member) for member in await USERS.list(database, {"memberOfGroup": row.id}))
    users.pop(user_id, None)
    return {
        "groups": [{"id": row.id, "name": row.name} for row in groups],
        "groupUsers": [
            {
                "id": member.id,
                "firstName": member.first_name,
                "lastName": member.last_name,
                "displayName": " ".join(part for part in (member.first_name, member.last_name) if part) or member.id,
            }
            for member in users.values()
        ],
    }


@identity.post("/verify", answer=AuthenticationResult, body=CredentialsBody, errors=(400,))
async def verify(call: Call) -> AuthenticationResult:
    """Whether a name and a password belong together."""
    body = await call.body(CredentialsBody)
    if not body.username or not body.password:
        raise invalid_request("Username and password are required")
    return {
        "authenticatedUser": body.username,
        "authenticated": await is_password_of(call, body.username, body.password),
        "tenants": [],
        "groups": [],
    }


@identity.get("/password-policy", answer=PasswordPolicyDto, errors=(404,))
async def get_password_policy(call: Call) -> None:
    """There is no password policy: 404, as in Camunda without one."""
    raise not_found("No password policy available.")


@identity.post("/password-policy", answer=CheckPasswordPolicyResultDto, errors=(404,))
async def check_password_policy(call: Call) -> None:
    """There is no password policy: 404, as in Camunda without one."""
    raise not_found("No password policy available.")
