"""The database goes away and comes back: nothing is lost, nothing hangs, and the pool recovers by itself."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ostinato.dev.postgres import FAST_AND_FORGETFUL, PostgresServer
from store.audit import audit
from store.database import Database
from store.errors import Unavailable
from store.migrate import upgrade
from store.notifications import Listener
from store.projection import Projector
from tests.store.streams import T0, batch, finished, started, step, user_task


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A server of one's own, to be stopped and started."""
    directory = Path(tempfile.mkdtemp(prefix="ostinato-"))
    server = PostgresServer(
        directory / "postgres", directory / "postgres.log", with_password=False, options=FAST_AND_FORGETFUL
    )
    server.start()
    yield server
    server.kill()
    shutil.rmtree(directory, ignore_errors=True)


async def test_a_restart_in_the_middle(server: PostgresServer) -> None:
    url = server.create_database("outage")
    upgrade(url)
    async with Database(url, min_size=4, max_size=8) as database:
        projector = Projector(database)
        stop = asyncio.Event()
        lives: list[str] = []

        async def live(name: str) -> None:
            """One instance after the other, each written by two flushes that are repeated until they succeed."""
            count = 0
            while not stop.is_set():
                one = f"{name}-{count}"
                count += 1
                begin = batch(one, 0, step(1, T0, *started(one), *user_task()))
                for flush in (begin, batch(one, 6, step(7, T0 + 1, *finished()))):
                    while True:
                        try:
                            await projector.write(flush)
                            break
                        except Unavailable:
                            await asyncio.sleep(0.05)
                lives.append(one)

        listener = Listener(url)
        await listener.start()
        workers = [asyncio.create_task(live(f"life{index}")) for index in range(6)]
        await asyncio.sleep(0.5)
        for _ in range(2):
            await asyncio.to_thread(server.stop)
            await asyncio.sleep(0.2)
            await asyncio.to_thread(server.start)
            before = len(lives)
            await asyncio.sleep(1.5)
            assert len(lives) > before, "Expected instances to go on after the restart but none did."
        stop.set()
        await asyncio.gather(*workers)
        async with listener.watch(["charge"]) as waiter:
            await waiter.wait(10)  # the wake-up of the reconnection, if it is still to come
            await database.execute("SELECT pg_notify('ostinato_external_task', 'charge')")
            assert await waiter.wait(10)
        await listener.stop()
        rows = await database.fetch("SELECT id FROM process_instance WHERE state = 'COMPLETED'")
        assert sorted(row["id"] for row in rows) == sorted(lives)
        assert [str(difference) for difference in await audit(database, lives[:50])] == []


async def test_an_absent_database_is_unavailable_soon(server: PostgresServer) -> None:
    url = server.create_database("absent")
    async with Database(url, wait=1.0) as database:
        await database.ping()
        await asyncio.to_thread(server.stop)
        started_at = asyncio.get_running_loop().time()
        with pytest.raises(Unavailable):
            await database.fetch("SELECT 1")
        assert asyncio.get_running_loop().time() - started_at < 15
        await asyncio.to_thread(server.start)
        for _ in range(100):
            try:
                await database.ping()
                break
            except Unavailable:
                await asyncio.sleep(0.1)
        else:
            pytest.fail("Expected the pool to recover but it did not.")


async def test_a_slow_statement_is_cut_off(server: PostgresServer) -> None:
    async with Database(server.create_database("slow"), statement_timeout=0.2) as database:
        with pytest.raises(Unavailable, match="in time"):
            await database.execute("SELECT pg_sleep(5)")
        assert await database.fetch("SELECT 1 AS one") == [{"one": 1}]


async def test_a_database_that_became_read_only_is_left_and_found_again(server: PostgresServer) -> None:
    """As after a failover: the sessions that are open belong to a server that may not write any more."""
    url = server.create_database("standby")
    async with Database(url, min_size=1, max_size=1) as database:
        await database.execute("CREATE TABLE t (n integer)")
        await database.execute("SET SESSION default_transaction_read_only = on")
        with pytest.raises(Unavailable, match="read-only"):
            await database.execute("INSERT INTO t VALUES (1)")
        assert await database.execute("INSERT INTO t VALUES (2)") == 1


async def test_no_database_at_all() -> None:
    database = Database("postgresql://nobody@127.0.0.1:1/none", wait=0.5, connect_timeout=1)
    with pytest.raises(Unavailable):
        await database.open()
    await database.close()
