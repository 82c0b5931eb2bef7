"""One API with its worker and database for each test module."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ostinato.dev.temporal import TemporalServer
    from tests.api.server import Rest


@pytest.fixture(scope="module")
def rest(database_url: str, temporal: TemporalServer) -> Iterator[Rest]:
    """A client of a running API."""
    from tests.api.server import running

    with running(database_url, temporal.address, f"queue-{uuid.uuid4().hex[:12]}") as client:
        yield client
    assert asyncio.run(_differences(database_url)) == []


async def _differences(database_url: str) -> list[str]:
    """Where the read model is not what the event log says, after all that the module's tests did."""
    from store.audit import audit
    from store.database import Database

    async with Database(database_url, application="audit") as database:
        return [str(difference) for difference in await audit(database)]
