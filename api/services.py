"""What handlers work with: the read model, the engine behind Temporal, and the settings of this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Final

from api.engine import Engine, TemporalEngine
from api.errors import engine_error
from api.settings import ApiSettings
from store.database import Database
from store.notifications import Listener

MAX_POLLS: Final = 2000


@dataclass(slots=True)
class Polls:
    """The requests that wait for work: how many, and whether they shall end because the process stops."""

    waiting: int = 0
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    @contextmanager
    def counted(self) -> Iterator[None]:
        """One more while the block runs. RestError 500 when there are too many."""
        if self.waiting >= MAX_POLLS:
            raise engine_error(f"Expected at most {MAX_POLLS} waiting polls but there are more: the queue is full.")
        self.waiting += 1
        try:
            yield
        finally:
            self.waiting -= 1


@dataclass(frozen=True, slots=True)
class Services:
    """One per API process; everything in it is safe to share between requests."""

    settings: ApiSettings
    database: Database
    engine: Engine
    listener: Listener
    batches: asyncio.Event  # set when there is a new batch to carry out
    polls: Polls
    chores: asyncio.Event  # set when somebody asked for a chore


@asynccontextmanager
async def open_services(settings: ApiSettings) -> AsyncIterator[Services]:
    """Connect to the database; Temporal is connected to when it is first needed, so that either may start first."""
    listener = Listener(settings.database_url)
    async with Database(settings.database_url, application="api") as database:
        engine = await TemporalEngine.connect(settings, database)
        await listener.start()
        try:
            yield Services(settings, database, engine, listener, asyncio.Event(), Polls(), asyncio.Event())
        finally:
            await listener.stop()
