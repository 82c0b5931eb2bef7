"""Typed keys of the search attributes that `search_attributes.SEARCH_ATTRIBUTES` registers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from temporalio import workflow
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

DEFINITION_KEY: Final = SearchAttributeKey.for_keyword("OstinatoDefinitionKey")
DEFINITION_VERSION: Final = SearchAttributeKey.for_int("OstinatoDefinitionVersion")
VERSION_TAG: Final = SearchAttributeKey.for_keyword("OstinatoVersionTag")
BUSINESS_KEY: Final = SearchAttributeKey.for_keyword("OstinatoBusinessKey")
TENANT_ID: Final = SearchAttributeKey.for_keyword("OstinatoTenantId")
INCIDENT: Final = SearchAttributeKey.for_bool("OstinatoIncident")
SUSPENDED: Final = SearchAttributeKey.for_bool("OstinatoSuspended")


def initial(meta: Mapping[str, Any], command: Mapping[str, Any] | None) -> TypedSearchAttributes:
    """Attributes of a new instance from its `meta` (`definition_key`, `version`, `version_tag`, `tenant`) and
    business key."""
    pairs: list[SearchAttributePair[Any]] = []
    if key := meta.get("definition_key"):
        pairs.append(SearchAttributePair(DEFINITION_KEY, str(key)))
    if version := meta.get("version"):
        pairs.append(SearchAttributePair(DEFINITION_VERSION, int(version)))
    if tag := meta.get("version_tag"):
        pairs.append(SearchAttributePair(VERSION_TAG, str(tag)))
    if tenant := meta.get("tenant"):
        pairs.append(SearchAttributePair(TENANT_ID, str(tenant)))
    if command and (business_key := command.get("business_key")):
        pairs.append(SearchAttributePair(BUSINESS_KEY, str(business_key)))
    return TypedSearchAttributes(pairs)


def show(key: SearchAttributeKey[bool], value: bool) -> None:
    """Set an attribute of the workflow that runs; one event in its history."""
    workflow.upsert_search_attributes([key.value_set(value)])  # pyright: ignore[reportUnknownMemberType] Temporal's hint
