"""After a restart: did what was flushed last really happen?

A flush is written before its workflow task commits. Usually the task is repeated and its next flush puts the read model
right. Only if the worker, the Temporal server and the client die together does nobody repeat it. So a starting worker
asks every instance that was written lately what it knows; where the read model is ahead of the workflow, it is taken
back.
"""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import timedelta
from typing import Final

from temporalio.client import Client

from interpreter.workflow import client as process
from interpreter.workflow import contract
from store.database import Database
from store.projection import Projector, RecentRow, recent

logger = logging.getLogger(__name__)

LATELY: Final = timedelta(minutes=10)
PATIENCE: Final = timedelta(seconds=30)
"""A question waits for a workflow task that a dead worker has left behind: ten seconds."""
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
            if await _settle_one(projector, client, row):
                taken_back += 1

    await asyncio.gather(*(work() for _ in range(_PARALLEL)))
    return taken_back


async def _settle_one(projector: Projector, client: Client, row: RecentRow) -> bool:
    try:
        state = await process.ask(client, row.instance_id, contract.QUERY_STATE, timeout=PATIENCE)
        sequence = int(state["sequence"])
    except process.ProcessError as error:
        logger.warning("instance %s cannot say whether its last flush happened: %s", row.instance_id, error)
        return False
    if row.written <= sequence:
        return False
    if not await projector.truncate(row.instance_id, sequence, row.fence):
        return False
    logger.warning(
        "took back events %d to %d of instance %s: they never happened", sequence + 1, row.written, row.instance_id
    )
    return True
