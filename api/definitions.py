"""Which definition a path means: ``/{id}``, ``/key/{key}`` or ``/key/{key}/tenant-id/{tenantId}``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from api.errors import RestError, not_found, rest_exception
from api.operations import Call, Handler, Resource
from store import definitions
from store.database import Database
from store.decisions import DECISION_DEFINITIONS, DECISION_REQUIREMENTS, latest_decision
from store.definitions import PROCESS_DEFINITIONS

VARIANTS = ("/{id}", "/key/{key}", "/key/{key}/tenant-id/{tenantId}")


def keyed(resource: Resource, method: str, path: str = "", **description: Any) -> Callable[[Handler], Handler]:
    """Declare an operation in its three variants."""

    def declare(handler: Handler) -> Handler:
        for variant in VARIANTS:
            resource.operation(method, variant + path, **description)(handler)
        return handler

    return declare


async def process_definition(call: Call, unknown: Callable[[str], RestError] = not_found) -> Any:
    """The row of the process definition that the path means.

    `unknown` makes the error for an unknown id; an unknown key is always a 404 RestException. `/key/{key}` means the
    latest version without tenant.
    """
    return await _definition(call, PROCESS_DEFINITIONS, definitions.latest, "process", unknown)


async def decision_definition(call: Call) -> Any:
    """The row of the decision definition that the path means. RestError 404."""
    return await _definition(call, DECISION_DEFINITIONS, latest_decision, "decision", not_found)


async def requirements_definition(call: Call) -> Any:
    """The row of the decision requirements definition that the path means. RestError 404."""
    return await _definition(call, DECISION_REQUIREMENTS, _latest_requirements, "decision requirements", not_found)


async def _latest_requirements(database: Database, key: str, tenant_id: str | None) -> Any | None:
    tenant: dict[str, Any] = {"withoutTenantId": True} if tenant_id is None else {"tenantIdIn": [tenant_id]}
    rows = await DECISION_REQUIREMENTS.list(database, {"key": key, "latestVersion": True, **tenant}, maximum=1)
    return rows[0] if rows else None


async def _definition(call: Call, collection: Any, latest: Any, what: str, unknown: Callable[[str], RestError]) -> Any:
    database = call.services.database
    params = call.request.path_params
    if "id" in params:
        row = await collection.get(database, params["id"])
        if row is None:
            raise unknown(f"No matching {what} definition with id {params['id']}")
        return row
    key, tenant = params["key"], params.get("tenantId")
    row = await latest(database, key, tenant)
    if row is None:
        which = f"and tenant-id: {tenant}" if tenant else "and no tenant-id"
        raise rest_exception(f"No matching {what} definition with key: {key} {which}", 404, code=None)
    return row
