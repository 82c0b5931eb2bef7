"""The flush: carries an instance's events into the read model.

Confirmed flushes are the local activity `ostinato.flush`. It runs before its workflow task commits, so what it writes
may belong to an attempt that never happens; the store sorts that out (store.projection). Optimistic flushes come from
the worker's side channel: nothing rests on them, so they may fail.
"""

from __future__ import annotations

import logging
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError

from interpreter.workflow.contract import ACTIVITY_FLUSH
from store.errors import StoreError
from store.projection import Projector

_log = logging.getLogger(__name__)


class ProjectionActivities:
    """The projection as the worker offers it; one per process."""

    def __init__(self, projector: Projector) -> None:
        self._projector = projector

    @activity.defn(name=ACTIVITY_FLUSH)
    async def flush(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Write a batch (`store.batches.Batch` as JSON); answers {"status", "written"}. May be repeated.

        A batch that makes no sense is not retried: it is an error of the engine, and no second attempt would help.
        """
        try:
            result = await self._projector.write(batch)
        except ValueError as error:
            raise ApplicationError(str(error), type="InvalidBatch", non_retryable=True) from error
        if result.status in ("rebuilt", "stale"):
            _log.warning("flush of %s up to %s: %s", batch.get("instance_id"), result.written, result.status)
        return result.to_json()

    async def optimistic(self, batch: dict[str, Any]) -> None:
        """Write an unconfirmed batch, if the database is willing. The next confirmed flush repeats it."""
        try:
            await self._projector.write({**batch, "confirmed": False})
        except StoreError as error:
            _log.info("optimistic flush of %s left to the next one: %s", batch.get("instance_id"), error)
