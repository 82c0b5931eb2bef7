"""The quick way of a confirmed flush: written from the workflow's thread while its workflow task waits, through the
worker's loop and pool.

It costs one round trip to the database and no trace in Temporal. It must be short of Temporal's deadlock detector (2
s), so that it gives up early; the workflow then flushes by a local activity, which is patient. After a failure the
quick way rests for a while.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

logger = logging.getLogger(__name__)

TIMEOUT: Final = 1.0
REST: Final = 2.0

Write = Callable[[dict[str, Any]], Awaitable[Any]]


class QuickFlush:
    """`interpreter.workflow.runtime.DirectFlush` over an asynchronous `write` that belongs to `loop`."""

    def __init__(self, write: Write, loop: asyncio.AbstractEventLoop) -> None:
        self._write = write
        self._loop = loop
        self._resting_until = 0.0

    def __call__(self, batch: dict[str, Any]) -> bool:
        """Block until the batch is written; False if that fails or takes too long, whatever the reason."""
        if time.monotonic() < self._resting_until or self._loop.is_closed():
            return False
        written = asyncio.run_coroutine_threadsafe(self._attempt(batch), self._loop)
        try:
            written.result(TIMEOUT)
        except Exception as error:  # a refused batch is refused again by the local activity, where Temporal shows it
            written.cancel()
            self._resting_until = time.monotonic() + REST
            logger.warning("the quick flush of %s failed, a local activity repeats it: %r", batch["instance_id"], error)
            return False
        return True

    async def _attempt(self, batch: dict[str, Any]) -> Any:
        return await self._write(batch)
