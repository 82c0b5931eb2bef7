"""Long polling: one connection per process listens to PostgreSQL and wakes whoever waits for a topic.

A wake-up is a hint, never a promise: the waiter looks again. When the connection breaks it is made again and everybody
is woken, because a notification may have been missed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import psycopg
from psycopg import AsyncConnection

from store.external_tasks.locks import CHANNEL

_log = logging.getLogger(__name__)
_FIRST_PAUSE = 0.2  # seconds until the first attempt to reconnect; doubled up to the longest
_LONGEST_PAUSE = 5.0


class Waiter:
    """Waits for a change in its topics. A change between two waits is not lost."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()

    def wake(self) -> None:
        """Something may have changed."""
        self._changed.set()

    async def wait(self, timeout: float) -> bool:
        """True as soon as something changed, False after `timeout` seconds."""
        try:
            await asyncio.wait_for(self._changed.wait(), max(0.0, timeout))
        except TimeoutError:
            return False
        self._changed.clear()
        return True


class Listener:
    """Listens as long as it is started; one per process."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._waiters: dict[str, set[Waiter]] = {}
        self._task: asyncio.Task[None] | None = None
        self._listening = asyncio.Event()

    async def start(self) -> None:
        """Begin. Returns when it listens; keeps trying in the background if the database is not there within 5 s."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="external task notifications")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._listening.wait(), 5.0)

    async def stop(self) -> None:
        """End and close the connection."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    @asynccontextmanager
    async def watch(self, topics: Iterable[str]) -> AsyncIterator[Waiter]:
        """A waiter for these topics. Look for tasks inside, so that none is missed between looking and waiting."""
        waiter = Waiter()
        names = list(dict.fromkeys(topics))
        for name in names:
            self._waiters.setdefault(name, set()).add(waiter)
        try:
            yield waiter
        finally:
            for name in names:
                group = self._waiters[name]
                group.discard(waiter)
                if not group:
                    del self._waiters[name]

    async def _run(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            try:
                async with await AsyncConnection.connect(
                    self._url,
                    autocommit=True,
                    connect_timeout=5,
                    keepalives_idle=30,
                    application_name="ostinato-listen",
                ) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    self._listening.set()
                    pause = _FIRST_PAUSE
                    self._wake_all()
                    async for notification in connection.notifies():
                        for waiter in list(self._waiters.get(notification.payload, ())):
                            waiter.wake()
            except psycopg.Error as error:
                _log.warning("notifications of external tasks interrupted, trying again in %.1f s: %s", pause, error)
            self._listening.clear()
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _wake_all(self) -> None:
        for group in self._waiters.values():
            for waiter in group:
                waiter.wake()
