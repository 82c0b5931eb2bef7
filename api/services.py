"""What handlers work with: the read model, the engine behind Temporal, and the settings of this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from api.engine import Engine, TemporalEngine
from api.settings import ApiSettings
from store.database import Database
from store.notifications import Listener


@dataclass(frozen=True, slots=True)
class Services:
    """One per API process; everything in it is safe to share between requests."""

    settings: ApiSettings
    database: Database
    engine: Engine
    listener: Listener
    batches: asyncio.Event  # set when there is a new batch to carry out


@asynccontextmanager
async def open_services(settings: ApiSettings) -> AsyncIterator[Services]:
    """Connect to the database; Temporal is connected to when it is first needed, so that either may start first."""
    listener = Listener(settings.database_url)
    async with Database(settings.database_url, application="api") as database:
        engine = await TemporalEngine.connect(settings, database)
        await listener.start()
        try:
            yield Services(settings, database, engine, listener, asyncio.Event())
        finally:
            await listener.stop()
