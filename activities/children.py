"""Call activities: which definition is called, and waiting for a child that an earlier run of the caller started."""

from __future__ import annotations

import asyncio
from typing import Any

from temporalio import activity
from temporalio.client import Client, WorkflowFailureError
from temporalio.exceptions import ApplicationError, CancelledError
from temporalio.service import RPCError, RPCStatusCode

from interpreter.workflow import contract
from interpreter.workflow.contract import ProcessInput
from store import definitions
from store.database import Database
from store.definitions import ProcessDefinitionRow


def meta_of(row: ProcessDefinitionRow) -> dict[str, Any]:
    """What the read model stores with every instance of a definition."""
    return {
        "definition_id": row.id,
        "definition_key": row.key,
        "definition_name": row.name,
        "version": row.version,
        "version_tag": row.version_tag,
        "deployment_id": row.deployment_id,
        "tenant": row.tenant_id,
        **({"suspended_jobs": [*row.suspended_jobs]} if row.suspended_jobs else {}),
    }


class ChildActivities:
    """See the module; one per process."""

    def __init__(self, database: Database, client: Client) -> None:
        self._database = database
        self._client = client

    @activity.defn(name=contract.ACTIVITY_RESOLVE_CHILD)
    async def resolve(self, call: dict[str, Any]) -> dict[str, Any]:
        """The `ProcessInput` (without command) of the definition that `call` names by process id, binding and tenant.

        A definition that is not there is an error that no retry mends: it becomes an incident of the call activity.
        """
        row = await self._find(call)
        if row is None:
            wanted = " ".join(str(call[name]) for name in ("binding", "version") if call.get(name))
            raise ApplicationError(
                f"Expected a deployed process {call['process_id']!r} ({wanted}) to call but there is none.",
                type="DefinitionNotFound",
                non_retryable=True,
            )
        if row.suspended:
            raise ApplicationError(
                f"Expected an active definition of {call['process_id']!r} to call but {row.id} is suspended.",
                type="DefinitionSuspended",
                non_retryable=True,
            )
        return ProcessInput(definition_hash=row.hash, definition_id=row.id, meta=meta_of(row)).to_json()

    @activity.defn(name=contract.ACTIVITY_WATCH_CHILD)
    async def watch(self, instance_id: str) -> Any:
        """Wait for the end of an instance; its result. Beats until then, may be repeated."""
        beating = asyncio.create_task(_beat())
        try:
            return await self._client.get_workflow_handle(instance_id).result()
        except WorkflowFailureError as error:
            if isinstance(error.cause, CancelledError):
                return {"outcome": "cancelled"}
            return {"outcome": "cancelled", "message": str(error.cause)}
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return {"outcome": "cancelled", "message": f"The called instance {instance_id} is not there any more."}
            raise
        finally:
            beating.cancel()

    async def _find(self, call: dict[str, Any]) -> ProcessDefinitionRow | None:
        key, tenant, version = call["process_id"], call.get("tenant"), call.get("version")
        match call.get("binding"):
            case "version" if version is not None:
                if not str(version).isdigit():
                    raise ApplicationError(
                        f"Expected a version number of {key!r} to call but it was {version!r}.",
                        type="DefinitionNotFound",
                        non_retryable=True,
                    )
                return await definitions.by_version(self._database, key, int(version), tenant)
            case "definition":  # exactly the one that ran, to undo what it did
                return await definitions.PROCESS_DEFINITIONS.get(self._database, str(version))
            case "versionTag" if version is not None:
                return await definitions.by_version_tag(self._database, key, str(version), tenant)
            case "deployment":
                mine = await definitions.PROCESS_DEFINITIONS.get(self._database, call["definition_id"])
                if mine is None:
                    return None
                return await definitions.in_deployment(self._database, key, mine.deployment_id)
            case _:
                found = await definitions.latest(self._database, key, tenant)
                if found is None and tenant is not None:  # a definition without tenant is everybody's
                    found = await definitions.latest(self._database, key, None)
                return found


async def _beat() -> None:
    while True:
        activity.heartbeat()
        await asyncio.sleep(10)
