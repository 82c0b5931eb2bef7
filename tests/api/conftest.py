"""One API with its worker and database for each test module."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from ostinato.dev.temporal import TemporalServer
from tests.api.server import Rest, running


@pytest.fixture(scope="module")
def rest(database_url: str, temporal: TemporalServer) -> Iterator[Rest]:
    """A client of a running API."""
    with running(database_url, temporal.address, f"queue-{uuid.uuid4().hex[:12]}") as client:
        yield client
