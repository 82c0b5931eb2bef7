"""Did what was flushed last really happen?

A flush is written before its workflow task commits. Usually the task is repeated and its next flush puts the read model
right. Nobody repeats it when the update that caused it is lost as well: with a restart of the Temporal server, which
keeps an update in memory until its workflow task has completed, or when worker, server and client die together.

So there are two moments of doubt. A starting worker asks every instance that was written lately what it knows. And when
Temporal does not take the completion of a workflow task, the SDK evicts the workflow and says why; `DoubtfulRunner`
hears that, and `Doubts` asks that instance. Where the read model is ahead of the workflow, it is taken back: the task
that seemed to be completed is open again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from temporalio.bridge.proto.workflow_activation import RemoveFromCache
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, WorkflowInstance, WorkflowInstanceDetails

from interpreter.workflow import client as process
from interpreter.workflow import contract
from store.database import Database
from store.errors import StoreError
from store.projection import Projector, RecentRow, recent, written_of

logger = logging.getLogger(__name__)

LATELY: Final = timedelta(minutes=10)
PATIENCE: Final = timedelta(seconds=30)
"""A question waits for a workflow task that a dead worker has left behind: ten seconds."""
PAUSE: Final = 1.0
"""Seconds between a doubt and the question, and between questions to an instance that does not answer."""
TRIES: Final = 30
_HARMLESS: Final = frozenset(
    {
        RemoveFromCache.EvictionReason.CACHE_FULL,
        RemoveFromCache.EvictionReason.CACHE_MISS,
        RemoveFromCache.EvictionReason.WORKFLOW_EXECUTION_ENDING,
    }
)
"""Reasons for an eviction that say nothing about the last workflow task."""
_PARALLEL: Final = 4
_MOST: Final = 5_000


async def settle(database: Database, projector: Projector, client: Client, lately: timedelta = LATELY) -> int:
    """Take back what never happened; how many instances that were. An instance that does not answer is left alone."""
    since = int((time.time() - lately.total_seconds()) * 1000)
    rows = iter(await recent(database, since, _MOST))
    taken_back = 0

    async def work() -> None:
        nonlocal taken_back
        for row in rows:
            if await _settle_patiently(projector, client, row):
                taken_back += 1

    await asyncio.gather(*(work() for _ in range(_PARALLEL)))
    return taken_back


class DoubtfulRunner(UnsandboxedWorkflowRunner):
    """Runs workflows as they are; tells `on_doubt` the id of a workflow whose last task Temporal did not take."""

    def __init__(self, on_doubt: Callable[[str], None]) -> None:
        self._on_doubt = on_doubt

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """A workflow that is watched for its eviction."""
        instance = super().create_instance(det)
        activate, workflow_id = instance.activate, det.info.workflow_id

        def watched(act: Any) -> Any:
            if any(
                job.HasField("remove_from_cache") and job.remove_from_cache.reason not in _HARMLESS for job in act.jobs
            ):
                self._on_doubt(workflow_id)
            return activate(act)

        instance.activate = watched  # the SDK has no other hook for evictions
        return instance


class Doubts:
    """Instances of this worker to be asked, one after the other."""

    def __init__(self, database: Database, projector: Projector, client: Client) -> None:
        self._database = database
        self._projector = projector
        self._client = client
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[str, int] = {}
        self._some = asyncio.Event()

    def note(self, instance_id: str) -> None:
        """There is a doubt. May be called from any thread."""
        self._loop.call_soon_threadsafe(self._note, instance_id)

    def _note(self, instance_id: str) -> None:
        self._waiting[instance_id] = TRIES
        self._some.set()

    async def run(self) -> None:
        """Ask until cancelled."""
        while True:
            await self._some.wait()
            self._some.clear()
            await asyncio.sleep(PAUSE)  # the task is repeated at once if anything is left to repeat
            for instance_id in list(self._waiting):
                tries = self._waiting.pop(instance_id)
                if not await self._is_settled(instance_id) and tries > 1:
                    self._waiting.setdefault(instance_id, tries - 1)
                    self._some.set()

    async def _is_settled(self, instance_id: str) -> bool:
        try:
            row = await written_of(self._database, instance_id)
            if row is not None:
                await _settle_one(self._projector, self._client, row)
        except (process.ProcessError, StoreError) as error:
            logger.warning("instance %s cannot say yet whether its last flush happened: %s", instance_id, error)
            return False
        return True


async def _settle_patiently(projector: Projector, client: Client, row: RecentRow) -> bool:
    try:
        return await _settle_one(projector, client, row)
    except process.ProcessError as error:
        logger.warning("instance %s cannot say whether its last flush happened: %s", row.instance_id, error)
        return False


async def _settle_one(projector: Projector, client: Client, row: RecentRow) -> bool:
    """Whether something was taken back. `row` was read before the question is asked, so that the answer is not
    older."""
    state = await process.ask(client, row.instance_id, contract.QUERY_STATE, timeout=PATIENCE)
    sequence = int(state["sequence"])
    if row.written <= sequence:
        return False
    if not await projector.truncate(row.instance_id, sequence, row.fence):
        return False
    logger.warning(
        "took back events %d to %d of instance %s: they never happened", sequence + 1, row.written, row.instance_id
    )
    return True
