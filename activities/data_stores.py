"""Data stores (BPMN 2.0.2, 10.4.1): reading what instances wrote that may be over long since. Writing is an effect."""

from __future__ import annotations

from typing import Any

from temporalio import activity

from interpreter.workflow import contract
from store import data_stores
from store.database import Database


class DataStoreActivities:
    """See the module; one per process."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn(name=contract.ACTIVITY_READ_STORES)
    async def read(self, request: dict[str, Any]) -> dict[str, Any]:
        """The values, in their JSON form, of those of `request["headers"]["stores"]` that were ever written."""
        return await data_stores.read(self._database, request.get("tenant"), request["headers"]["stores"])
