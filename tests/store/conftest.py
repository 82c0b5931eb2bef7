"""A database for the tests of this folder."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from store.database import Database
from store.projection import Projector


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url, min_size=1, max_size=6, application="test") as opened:
        yield opened


@pytest.fixture
def projector(database: Database) -> Projector:
    return Projector(database)
