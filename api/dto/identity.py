"""Answers: people and the engine itself. Absent values are null."""

from __future__ import annotations

from typing_extensions import TypedDict

from api.dto.repository import AtomLink


class UserProfileDto(TypedDict):
    id: str | None
    firstName: str | None
    lastName: str | None
    email: str | None


class GroupDto(TypedDict):
    id: str | None
    name: str | None
    type: str | None


class TenantDto(TypedDict):
    id: str | None
    name: str | None


class IdentityServiceUserDto(TypedDict):
    id: str | None
    firstName: str | None
    lastName: str | None
    displayName: str | None


class IdentityServiceGroupDto(TypedDict):
    id: str | None
    name: str | None


class IdentityServiceGroupInfoDto(TypedDict):
    groups: list[IdentityServiceGroupDto]
    groupUsers: list[IdentityServiceUserDto]


class AuthenticationResult(TypedDict):
    authenticatedUser: str | None
    authenticated: bool
    tenants: list[str]
    groups: list[str]


class AuthorizationDto(TypedDict):
    id: str | None
    type: int | None
    permissions: list[str]
    userId: str | None
    groupId: str | None
    resourceType: int | None
    resourceId: str | None
    removalTime: str | None
    rootProcessInstanceId: str | None


class AuthorizationCheckResultDto(TypedDict):
    permissionName: str | None
    resourceName: str | None
    resourceId: str | None
    authorized: bool


class PasswordPolicyRuleDto(TypedDict):
    placeholder: str | None
    parameter: dict[str, str] | None


class PasswordPolicyDto(TypedDict):
    rules: list[PasswordPolicyRuleDto]


class CheckPasswordPolicyRuleDto(PasswordPolicyRuleDto):
    valid: bool


class CheckPasswordPolicyResultDto(PasswordPolicyDto):
    valid: bool


class ProcessEngineDto(TypedDict):
    name: str | None


class VersionDto(TypedDict):
    version: str | None


class ResourceOptionsDto(TypedDict):
    links: list[AtomLink]


class CountResultDto(TypedDict):
    count: int | None


class MetricsResultDto(TypedDict):
    result: int | None


class MetricsIntervalResultDto(TypedDict):
    timestamp: str | None
    name: str | None
    reporter: str | None
    value: int | None


class SchemaLogEntryDto(TypedDict):
    id: str | None
    timestamp: str | None
    version: str | None
