"""Values that are too large for a Temporal history (a variable of 10 MB, the state of a huge instance) stay outside:
in a `Shelf`, under their SHA-256, and Temporal carries the reference.

Only what the engine tells itself goes there (instance input, commands, carried state, answers). The input of a user's
job stays inline, because any Temporal SDK may serve it and none of them could read our shelf; a large one bears a mark,
since for Temporal what an activity is given belongs to the workflow that schedules it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final, Protocol

from temporalio import activity
from temporalio.api.common.v1 import Payload
from temporalio.converter import (
    ExternalStorage,
    StorageDriver,
    StorageDriverClaim,
    StorageDriverRetrieveContext,
    StorageDriverSelectContext,
    StorageDriverStoreContext,
    StorageDriverWorkflowInfo,
)

THRESHOLD: Final = 128 * 1024
"""Payloads from this size (bytes) on are kept outside; measured in temporal.md: 100 KB in a history already costs 15
%."""
INLINE: Final = "ostinato-inline"
"""Metadata of a payload that stays where it is, whatever its size."""


def inline_json(data: bytes) -> Payload:
    """JSON text that is never kept outside, for a worker in any language. Only what is large enough bears the mark."""
    if len(data) < THRESHOLD // 2:
        return Payload(metadata={"encoding": b"json/plain"}, data=data)
    return Payload(metadata={"encoding": b"json/plain", INLINE: b"true"}, data=data)


class Shelf(Protocol):
    """Where bytes are kept by content."""

    async def put(self, digest: str, data: bytes, instance_id: str) -> None:
        """Keep `data` under `digest`; again is harmless."""
        ...

    async def get(self, digest: str) -> bytes:
        """What is kept under `digest`; raises when there is nothing."""
        ...


class ShelfDriver(StorageDriver):
    """Temporal's port to a `Shelf`."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def name(self) -> str:
        """The name in every reference; never to be changed."""
        return "ostinato"

    def type(self) -> str:
        """Likewise."""
        return "ostinato.shelf"

    async def store(self, context: StorageDriverStoreContext, payloads: Sequence[Payload]) -> list[StorageDriverClaim]:
        """Put each payload on the shelf."""
        instance_id = _instance_of(context)
        claims: list[StorageDriverClaim] = []
        for payload in payloads:
            data = payload.SerializeToString(deterministic=True)
            digest = hashlib.sha256(data).hexdigest()
            await self._shelf.put(digest, data, instance_id)
            claims.append(StorageDriverClaim({"sha256": digest}))
        return claims

    async def retrieve(
        self, context: StorageDriverRetrieveContext, claims: Sequence[StorageDriverClaim]
    ) -> list[Payload]:
        """Take them back; ValueError when the bytes are not what the reference says."""
        found: list[Payload] = []
        for claim in claims:
            digest = claim.claim_data["sha256"]
            data = await self._shelf.get(digest)
            if hashlib.sha256(data).hexdigest() != digest:
                raise ValueError(f"Expected a stored value with SHA-256 {digest} but its content is different.")
            found.append(Payload.FromString(data))
        return found


def storage(shelf: Shelf) -> ExternalStorage:
    """What a data converter needs to keep large values on `shelf`."""
    driver = ShelfDriver(shelf)

    def select(context: StorageDriverSelectContext, payload: Payload) -> StorageDriver | None:
        return None if INLINE in payload.metadata else driver

    return ExternalStorage(drivers=[driver], driver_selector=select, payload_size_threshold=THRESHOLD)


def _instance_of(context: StorageDriverStoreContext) -> str:
    """The workflow that a payload belongs to; empty for the input of an activity, which is needed for its attempts
    only."""
    target = context.target
    if isinstance(target, StorageDriverWorkflowInfo):
        return target.id or ""
    return (activity.info().workflow_id or "") if activity.in_activity() else ""
