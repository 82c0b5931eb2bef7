"""Optimistic writes to the read model: what an instance has done since its last confirmed flush, shown while it works.

Nothing rests on them, so everything here may be lost: the newest offer of an instance replaces the older, a confirmed
flush makes it needless, a full queue drops, an error is logged. The delay is what spares short processes the write.
Under load everything takes longer, so that more instances outlive the delay; writing for each of them would add to the
load. Therefore this takes at most a small share of the time: after a slow pass it rests, and waits for older offers.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

logger = logging.getLogger(__name__)

Write = Callable[[dict[str, Any]], Awaitable[object]]

REST: Final = 9.0
"""Times the duration of the last pass: at most a tenth of the time goes into these writes."""
LONGEST_DELAY: Final = 5.0
"""Seconds; a loaded engine shows progress that late, not never."""


class DelayedSideChannel:
    """`offer` and `forget` come from workflow threads, `run` belongs to the worker's loop."""

    def __init__(self, write: Write, delay: float = 1.0, limit: int = 10_000, parallel: int = 2) -> None:
        self._write = write
        self._delay = delay
        self._limit = limit
        self._parallel = parallel
        self._offered: dict[str, tuple[float, dict[str, Any]]] = {}

    def offer(self, batch: dict[str, Any]) -> None:
        """Remember `batch`; an older offer of the instance keeps its place in time, so that a busy instance is
        written too."""
        instance_id = batch["instance_id"]
        known = self._offered.get(instance_id)
        if known is None and len(self._offered) >= self._limit:
            return
        self._offered[instance_id] = (time.monotonic() if known is None else known[0], batch)

    def forget(self, instance_id: str) -> None:
        """What was offered for this instance is not needed any more."""
        self._offered.pop(instance_id, None)

    async def run(self) -> None:
        """Write what has waited long enough, until cancelled."""
        delay = self._delay
        while True:
            await asyncio.sleep(delay / 2)
            began = time.monotonic()
            ripe = self._take(began - delay)
            for start in range(0, len(ripe), self._parallel):
                await asyncio.gather(*(self._try(batch) for batch in ripe[start : start + self._parallel]))
            delay = self._next_delay(time.monotonic() - began)

    def _next_delay(self, spent: float) -> float:
        return max(self._delay, min(2 * REST * spent, LONGEST_DELAY))

    def _take(self, before: float) -> list[dict[str, Any]]:
        ripe: list[dict[str, Any]] = []
        for instance_id, (since, _) in list(self._offered.items()):
            if since > before:
                continue
            found = self._offered.pop(instance_id, None)
            if found is not None:
                ripe.append(found[1])
        return ripe

    async def _try(self, batch: dict[str, Any]) -> None:
        try:
            await self._write(batch)
        except Exception as error:
            logger.info(
                "an optimistic write of %s failed and is left to the next flush: %s", batch["instance_id"], error
            )
