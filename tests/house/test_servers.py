"""The embedded servers: a first start, a second start with yesterday's data, a killed owner, a killed server."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from interpreter.workflow.connection import TemporalConnection, connect
from ostinato.dev.postgres import PostgresServer
from ostinato.dev.processes import StartError, command_of
from ostinato.dev.stack import Stack, StackOptions
from ostinato.dev.temporal import TemporalServer


@pytest.fixture
def directory() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="ostinato-"))
    yield path
    shutil.rmtree(path)


def test_postgres_keeps_its_data_over_stop_kill_and_a_second_start(directory: Path) -> None:
    server = PostgresServer(directory / "pg", directory / "log")
    server.start()
    try:
        url = server.create_database()
        with psycopg.connect(url) as connection:
            connection.execute("create table kept (n int)")
            connection.execute("insert into kept values (1)")
        server.kill()
        assert not server.is_running
        server.start()
        assert server.url() == url, "a port once chosen stays"
        with psycopg.connect(url) as connection:
            connection.execute("insert into kept values (2)")
        server.stop()
        server.start()
        with psycopg.connect(url) as connection:
            assert connection.execute("select count(*) from kept").fetchone() == (2,)
    finally:
        server.stop()


def test_postgres_with_a_password_refuses_without(directory: Path) -> None:
    server = PostgresServer(directory / "pg", directory / "log")
    server.start()
    try:
        secret = (directory / "pg" / "password").read_text().strip()
        assert (directory / "pg" / "password").stat().st_mode & 0o077 == 0
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(server.url("postgres").replace(secret, "guess"))
    finally:
        server.stop()


def test_postgres_works_below_a_private_folder(directory: Path) -> None:
    private = directory / "private"
    private.mkdir(mode=0o700)
    server = PostgresServer(private / "pg", private / "log", with_password=False)
    server.start()
    server.stop()
    assert private.stat().st_mode & 0o044 == 0, "others may pass, not list"


def test_data_of_another_version_is_refused_with_advice(directory: Path) -> None:
    server = PostgresServer(directory / "pg", directory / "log")
    server.data.mkdir(parents=True)
    (server.data / "PG_VERSION").write_text("9.6\n")
    with pytest.raises(StartError, match="PostgreSQL 9.6"):
        server.start()


@pytest.mark.parametrize("kind", ["postgres", "temporal"])
def test_a_server_that_outlived_its_owner_is_ended_by_the_next(directory: Path, kind: str) -> None:
    make = {
        "postgres": "from ostinato.dev.postgres import PostgresServer as S; s = S(D / 'x', D / 'log')",
        "temporal": "from ostinato.dev.temporal import TemporalServer as S; s = S(D / 'x', D / 'log', D / 'x' / 'db')",
    }[kind]
    # The reaper is made useless, as if it had been killed together with the owner.
    program = (
        f"import os, pathlib, signal\nD = pathlib.Path({str(directory)!r})\n{make}\ns.start()\n"
        "from ostinato.dev.processes import reaper\nos.kill(reaper()._process.pid, signal.SIGKILL)\n"
        "print(s.pid, flush=True)\nos.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    pid = int(done.stdout)
    assert command_of(pid), "the server outlived its owner"
    server: PostgresServer | TemporalServer
    if kind == "postgres":
        server = PostgresServer(directory / "x", directory / "log")
    else:
        server = TemporalServer(directory / "x", directory / "log", directory / "x" / "db")
    server.start()
    assert server.pid != pid
    assert not command_of(pid)
    server.stop()


async def test_temporal_remembers_over_a_kill_and_registers_search_attributes(directory: Path) -> None:
    from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest

    server = TemporalServer(
        directory / "t", directory / "log", directory / "t" / "db", search_attributes={"OstinatoTest": "Keyword"}
    )
    server.start()
    try:
        client = await connect(TemporalConnection(server.address))
        await client.start_workflow("Any", id="remembered", task_queue="nobody")
        server.kill()
        server.start()
        client = await connect(TemporalConnection(server.address))
        assert (await client.get_workflow_handle("remembered").describe()).id == "remembered"
        listed = await client.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace="default"))
        assert "OstinatoTest" in listed.custom_attributes
    finally:
        server.stop()


def test_one_stack_per_directory(directory: Path) -> None:
    options = StackOptions(database_url="postgresql://nowhere/x", temporal_address="nowhere:1", engine=())
    first, second = Stack(directory, options), Stack(directory, options)
    first._take_lock()
    with pytest.raises(StartError, match=f"process {os.getpid()} runs one"):
        second._take_lock()
    first.stop_all()
    second._take_lock()
    second.stop_all()


def test_a_failed_start_leaves_nothing_running(directory: Path) -> None:
    stack = Stack(directory, StackOptions(environment={"OSTINATO_PROFILE": "nonsense"}))
    with pytest.raises(StartError, match="OSTINATO_PROFILE"):
        stack.start_all()
    assert not any(stack.is_running(part) for part in ("postgres", "temporal", "worker", "api"))
    assert not (directory / "postgres" / "data" / "postmaster.pid").exists()
