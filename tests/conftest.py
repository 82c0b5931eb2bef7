"""Fixtures for every tier: the suites, and real servers that start once per session and only if a test asks for them.

The servers are the embedded ones, without durability: nothing here outlives the session.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ostinato.dev.postgres import FAST_AND_FORGETFUL, PostgresServer
from ostinato.dev.stack import Stack, StackOptions
from ostinato.dev.temporal import TemporalServer
from tests.suites import suite

if TYPE_CHECKING:
    from temporalio.client import Client


@pytest.fixture(scope="session")
def suites() -> Path:
    """Folder of the third-party suites; skips if it is absent."""
    return suite()


@pytest.fixture(scope="session")
def server_directory() -> Iterator[Path]:
    """Where this session's servers keep their data. Short, because Unix socket paths are."""
    directory = Path(tempfile.mkdtemp(prefix="ostinato-"))
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(server_directory: Path) -> Iterator[PostgresServer]:
    """A PostgreSQL server for the session."""
    server = PostgresServer(
        server_directory / "postgres",
        server_directory / "postgres.log",
        with_password=False,
        options=FAST_AND_FORGETFUL,
    )
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="session")
def migrated_template(postgres: PostgresServer) -> str:
    """Name of a database with all migrations applied, to be copied."""
    from store.migrate import upgrade

    upgrade(postgres.create_database("migrated"))
    return "migrated"


@pytest.fixture(scope="module")
def empty_database_url(postgres: PostgresServer) -> Iterator[str]:
    """URL of a new, empty database."""
    name = _name("empty")
    yield postgres.create_database(name)
    postgres.drop_database(name)


@pytest.fixture(scope="module")
def database_url(postgres: PostgresServer, migrated_template: str) -> Iterator[str]:
    """URL of a new database with all migrations applied."""
    name = _name("test")
    yield postgres.create_database(name, template=migrated_template)
    postgres.drop_database(name)


@pytest.fixture(scope="session")
def temporal(server_directory: Path) -> Iterator[TemporalServer]:
    """A Temporal server for the session, its state in memory; namespace `default`."""
    from interpreter.workflow.search_attributes import SEARCH_ATTRIBUTES

    server = TemporalServer(
        server_directory / "temporal",
        server_directory / "temporal.log",
        search_attributes=SEARCH_ATTRIBUTES,
    )
    server.start()
    yield server
    server.kill()


@pytest.fixture
async def temporal_client(temporal: TemporalServer) -> Client:
    """A client of the session's Temporal server."""
    from interpreter.workflow.connection import TemporalConnection, connect
    from interpreter.workflow.payloads import data_converter

    return await connect(TemporalConnection(address=temporal.address), data_converter=data_converter())


@pytest.fixture
def unique() -> Callable[[str], str]:
    """`unique("order")` is a name that nobody else uses: tests share the servers."""
    return _name


@pytest.fixture
def task_queue(unique: Callable[[str], str]) -> str:
    """A task queue of one's own."""
    return unique("queue")


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """The whole embedded stack in processes of its own, one per module: what happens to it hurts nobody else."""
    directory = Path(tempfile.mkdtemp(prefix="ostinato-"))
    options = StackOptions(postgres_password=False, postgres_options={"fsync": "off"})  # a kill is not a power cut
    with Stack(directory, options) as running:
        yield running
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
async def no_leftover_tasks() -> AsyncIterator[None]:
    """Fails if the test leaves asyncio tasks running."""
    before = asyncio.all_tasks()
    yield
    leftover = {task.get_name() for task in asyncio.all_tasks() - before if not task.done()}
    assert not leftover, f"Expected no task left but found {sorted(leftover)}"


def _name(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:12]}"
