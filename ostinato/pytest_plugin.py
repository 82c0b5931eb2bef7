"""The pytest plugin: a whole engine for the tests of your processes.

    async def test_a_small_order_needs_no_approval(ostinato_url):
        async with Client(ostinato_url) as client:
            await client.deploy("order.bpmn")
            instance = await client.start("order", {"amount": 5})
            assert (await client.wait_ended(instance.id)).ended

Installed with the package, used only by tests that ask for a fixture. Needs `ostinato[dev]`.

`--bpmn-coverage[=DIR]` says which flow nodes and flows the tests written with `ostinato.testing` visited, and with a
folder also draws it on the models.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ostinato.dev.stack import Stack
    from ostinato.testing.coverage import Coverage

_COVERAGE: pytest.StashKey[Coverage] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("ostinato").addoption(
        "--bpmn-coverage",
        nargs="?",
        const="",
        default=None,
        metavar="DIR",
        help="report which flow nodes and sequence flows were visited; with DIR as HTML pages too",
    )


@pytest.hookimpl(hookwrapper=True)
def pytest_sessionfinish(session: pytest.Session) -> Iterator[None]:
    yield
    coverage = session.config.stash.get(_COVERAGE, None)
    if coverage is not None:
        coverage.__exit__()


def pytest_sessionstart(session: pytest.Session) -> None:
    if session.config.getoption("--bpmn-coverage", default=None) is not None:
        from ostinato.testing.coverage import Coverage

        session.config.stash[_COVERAGE] = Coverage().__enter__()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    coverage = config.stash.get(_COVERAGE, None)
    if coverage is None:
        return
    terminalreporter.section("BPMN coverage")
    terminalreporter.write_line(coverage.text() or "no process was run")
    folder = config.getoption("--bpmn-coverage")
    if folder:
        for path in coverage.write(Path(folder)):
            terminalreporter.write_line(f"written: {path}")


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
