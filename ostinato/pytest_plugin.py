"""The pytest plugin: a whole engine for the tests of your processes.

    async def test_a_small_order_needs_no_approval(ostinato_url):
        async with Client(ostinato_url) as client:
            await client.deploy("order.bpmn")
            instance = await client.start("order", {"amount": 5})
            assert (await client.wait_ended(instance.id)).ended

Installed with the package, used only by tests that ask for a fixture. Needs `ostinato[dev]`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ostinato.dev.stack import Stack


@pytest.fixture(scope="session")
def ostinato_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The embedded stack, started once for the session, empty at its start; its parts can be killed and restarted."""
    from ostinato.dev.stack import Stack, StackOptions

    options = StackOptions(postgres_password=False, postgres_options={"fsync": "off"})
    with Stack(tmp_path_factory.mktemp("ostinato"), options) as stack:
        yield stack


@pytest.fixture(scope="session")
def ostinato_url(ostinato_stack: Stack) -> str:
    """Root of the REST API of the session's engine."""
    return ostinato_stack.engine_url


@pytest.fixture(scope="session")
def ostinato_temporal_address(ostinato_stack: Stack) -> str:
    """host:port of the session's Temporal server."""
    return ostinato_stack.temporal_address
