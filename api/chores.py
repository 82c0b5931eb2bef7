"""What an API process does from time to time, whichever of them comes first: sum up metrics, remove old history."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from api.services import Services
from api.settings import CleanupSettings
from store import chores, history, metrics
from store.chores import HISTORY_CLEANUP, METRICS
from store.errors import StoreError
from store.history import MAX_BATCH

_log = logging.getLogger(__name__)

LOOK_AGAIN: Final = 60.0
"""Seconds between two looks."""


@dataclass(frozen=True, slots=True)
class Window:
    """A span of time in which history is removed."""

    begins: datetime
    ends: datetime


def window(settings: CleanupSettings, now: datetime) -> Window | None:
    """The window that is open at `now`, or the next one; None when there is none."""
    if settings.begins is None or settings.ends is None:
        return None
    day = timedelta(days=1)
    length = datetime.combine(now, settings.ends, UTC) - datetime.combine(now, settings.begins, UTC)
    if length <= timedelta():
        length += day
    begins = datetime.combine(now, settings.begins, UTC) - day
    while begins + length <= now:
        begins += day
    return Window(begins, begins + length)


async def do_chores(services: Services) -> None:
    """Look again and again until cancelled."""
    while True:
        services.chores.clear()
        for chore in (_sum_up, _clean_up):
            try:
                await chore(services)
            except StoreError as error:
                _log.warning("A chore waits for the database: %s", error)
        with suppress(TimeoutError):
            await asyncio.wait_for(services.chores.wait(), LOOK_AGAIN)


async def _sum_up(services: Services) -> None:
    now = datetime.now(UTC)
    done = (await chores.get(services.database, METRICS)).done_until
    if done is not None and now - done < 3 * metrics.QUARTER:
        return
    async with chores.lease(services.database, METRICS) as mine:
        if mine:
            await metrics.sum_up(services.database, now)


async def _clean_up(services: Services) -> None:
    database = services.database
    chore = await chores.get(database, HISTORY_CLEANUP)
    if not _is_due(services.settings.cleanup, chore, datetime.now(UTC)):
        return
    async with chores.lease(database, HISTORY_CLEANUP) as mine:
        if not mine:
            return
        try:
            removed = await _remove(services, requested=chore.requested_at is not None)
        except StoreError as error:
            await chores.fail(database, HISTORY_CLEANUP, str(error))
            raise
        await chores.succeed(database, HISTORY_CLEANUP)
        if removed:
            _log.info("History cleanup removed %d instances, decisions and batches", removed)


def _is_due(settings: CleanupSettings, chore: chores.Chore, now: datetime) -> bool:
    """On request, or in the window. After a failure it is tried again, ever more rarely, until a person asks."""
    if chore.requested_at is not None:
        return True
    span = window(settings, now)
    if span is None or not span.begins <= now < span.ends:
        return False
    failures = chores.MAX_RETRIES - chore.retries
    return chore.ended_at is None or now >= chore.ended_at + min(failures, 60) * timedelta(minutes=5)


async def _remove(services: Services, *, requested: bool) -> int:
    """Batch after batch, until nothing is left or the window closes; how much went."""
    database, settings = services.database, services.settings.cleanup
    removed = 0
    while True:
        now = datetime.now(UTC)
        span = window(settings, now)
        if not requested and (span is None or not span.begins <= now < span.ends):
            return removed
        numbers = {
            metrics.REMOVED_INSTANCES: await history.cleanup(database, now),
            metrics.REMOVED_DECISIONS: await history.cleanup_decisions(database, now),
            metrics.REMOVED_BATCHES: await history.cleanup_batches(database, now, settings.batch_days),
        }
        for name, number in numbers.items():
            await metrics.add(database, name, number, now)
        removed += sum(numbers.values())
        if max(numbers.values()) < MAX_BATCH:
            return removed
        await chores.prolong(database, HISTORY_CLEANUP)
