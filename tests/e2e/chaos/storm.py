"""The faults. Each is a short, bounded piece of bad weather; after it everything that should run runs again.

kill-worker kill-second-worker kill-both-workers freeze-worker    the engine's own processes
kill-api kill-task-worker                                         the edges
kill-everything                                                   power, but not disk, is gone for a moment
restart-postgres crash-postgres                                   the database is away
freeze-postgres slow-postgres lock-tables                         it is slow: not at all, at each step, here and there
cut-connections refuse-connections read-only                      it fails: sessions end, none is let in, none may write
restart-temporal kill-temporal freeze-temporal                    the server
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from ostinato.dev.processes import Child, children_of
from ostinato.dev.stack import Part, Stack

KINDS: Final = (
    *("kill-worker", "kill-second-worker", "kill-both-workers", "freeze-worker"),
    *("kill-api", "kill-task-worker", "kill-everything"),
    *("restart-postgres", "crash-postgres", "freeze-postgres", "slow-postgres", "lock-tables"),
    *("cut-connections", "refuse-connections", "read-only"),
    *("restart-temporal", "kill-temporal", "freeze-temporal"),
)
#: Tables that every flush or every read needs.
_TABLES: Final = ("process_instance", "task", "external_task", "event_batch", "subscription", "message")
_CUT: Final = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"


class Weather:
    """The stack with a second engine worker and two task workers beside it, and what can happen to them. All methods
    block."""

    def __init__(self, stack: Stack, ledger: Path) -> None:
        self.stack = stack
        environment = stack.environment()
        root = Path(__file__).parents[3]
        self.second = Child(
            "second-worker",
            [sys.executable, "-P", "-m", "ostinato", "worker"],
            stack.logs / "second-worker.log",
            environment,
        )
        self.task_workers = [
            Child(
                f"task-worker-{number}",
                [sys.executable, "-m", "tests.e2e.chaos.task_worker", str(ledger)],
                stack.logs / f"task-worker-{number}.log",
                environment,
                directory=root,
            )
            for number in range(2)
        ]

    def begin(self) -> None:
        """Start the additional processes."""
        for child in (self.second, *self.task_workers):
            child.start()

    def end(self) -> None:
        """Stop them."""
        for child in (*self.task_workers, self.second):
            child.kill()

    def calm(self) -> None:
        """Whatever should run runs."""
        for part in ("postgres", "temporal", "worker", "api"):
            self.stack.start(part)
        for child in (self.second, *self.task_workers):
            if not child.is_running:
                child.start()

    def strike(self, kind: str, chance: random.Random) -> None:
        """Let one fault of this kind happen, and pass."""
        match kind:
            case "kill-worker":
                self._kill("worker", chance)
            case "kill-second-worker":
                self._restart(self.second, chance)
            case "kill-both-workers":
                self._kill_both(chance)
            case "freeze-worker":
                self._freeze("worker", 11 + 2 * chance.random())
            case "kill-api":
                self._kill("api", chance)
            case "kill-task-worker":
                self._restart(chance.choice(self.task_workers), chance)
            case "restart-postgres":
                self.stack.restart("postgres")
            case "crash-postgres":
                self._kill("postgres", chance)
            case "freeze-postgres":
                self._freeze("postgres", 1 + 3 * chance.random())
            case "lock-tables":
                self._lock_tables(chance)
            case "cut-connections":
                self._cut_connections(chance)
            case "slow-postgres":
                self._slow_down(3 + 4 * chance.random())
            case "refuse-connections":
                self._refuse_connections(1 + 3 * chance.random())
            case "read-only":
                self._forbid_writing(1 + 3 * chance.random())
            case "kill-everything":
                self._kill_everything(chance)
            case "freeze-temporal":
                self._freeze("temporal", 1 + 4 * chance.random())
            case "restart-temporal":
                self.stack.restart("temporal")
            case "kill-temporal":
                self._kill("temporal", chance)
            case _:
                raise ValueError(f"Expected a kind of fault but it was {kind!r}.")

    def _kill(self, part: Part, chance: random.Random) -> None:
        self.stack.kill(part)
        time.sleep(chance.random())
        self.stack.start(part)

    def _kill_both(self, chance: random.Random) -> None:
        self.second.kill()
        self.stack.kill("worker")
        time.sleep(chance.random())
        self.stack.start("worker")
        self.second.start()

    def _restart(self, child: Child, chance: random.Random) -> None:
        child.kill()
        time.sleep(chance.random())
        child.start()

    def _freeze(self, part: Part, seconds: float) -> None:
        """Stop the world for one part: sockets stay open, nobody answers. Longer than ten seconds, and Temporal gives
        a worker's task to another one: the frozen one wakes up as a zombie."""
        pid = self.stack.pid(part)
        if pid is None:
            return
        frozen = [pid, *children_of(pid)]
        for one in frozen:
            _signal(one, signal.SIGSTOP)
        try:
            time.sleep(seconds)
        finally:
            for one in frozen:
                _signal(one, signal.SIGCONT)

    def _slow_down(self, seconds: float) -> None:
        """Every step of the database takes many times as long: its processes run for a moment out of each tenth of a
        second only."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and (pid := self.stack.pid("postgres")) is not None:
            backends = [pid, *children_of(pid)]
            for one in backends:
                _signal(one, signal.SIGSTOP)
            try:
                time.sleep(0.09)
            finally:
                for one in backends:
                    _signal(one, signal.SIGCONT)
            time.sleep(0.01)

    def _database(self) -> tuple[str, sql.Identifier]:
        name = str(conninfo_to_dict(self.stack.database_url)["dbname"])
        return name, sql.Identifier(name)

    def _refuse_connections(self, seconds: float) -> None:
        """Nobody is let in, and who is in is thrown out, as while an administrator works."""
        with psycopg.connect(self.stack.database_url, dbname="postgres", autocommit=True) as connection:
            database, name = self._database()
            connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(name))
            try:
                connection.execute(_CUT, [database])
                time.sleep(seconds)
            finally:
                connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(name))

    def _forbid_writing(self, seconds: float) -> None:
        """Every new session may only read, as after a failover to a standby; the old ones are ended."""
        with psycopg.connect(self.stack.database_url, dbname="postgres", autocommit=True) as connection:
            database, name = self._database()
            connection.execute(sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = on").format(name))
            try:
                connection.execute(_CUT, [database])
                time.sleep(seconds)
            finally:
                connection.execute(sql.SQL("ALTER DATABASE {} RESET default_transaction_read_only").format(name))
                connection.execute(_CUT, [database])

    def _kill_everything(self, chance: random.Random) -> None:
        children = (self.second, *self.task_workers)
        parts: tuple[Part, ...] = ("postgres", "temporal", "worker", "api")
        for child in children:
            child.kill()
        for part in chance.sample(parts, len(parts)):
            self.stack.kill(part)
        time.sleep(chance.random())
        for part in parts:
            self.stack.start(part)
        for child in children:
            child.start()

    def _lock_tables(self, chance: random.Random) -> None:
        with psycopg.connect(self.stack.database_url) as connection:
            connection.execute("SET lock_timeout = '3s'")
            for table in chance.sample(_TABLES, 2):
                try:
                    connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
                except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
                    connection.rollback()  # also gives up the first lock, which is the weather's business
            time.sleep(1 + 3 * chance.random())

    def _cut_connections(self, chance: random.Random) -> None:
        with psycopg.connect(self.stack.database_url, autocommit=True) as connection:
            for _ in range(chance.randint(1, 5)):
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid() AND random() < 0.7"
                )
                time.sleep(0.2 * chance.random())


async def rage(
    weather: Weather, seed: int, until: float, pause: tuple[float, float], told: Callable[[str], None]
) -> None:
    """Let faults happen until `until` (time.monotonic): a shuffled deck of all kinds, again and again, so that each
    kind has its turn. `told` hears each name."""
    chance = random.Random(seed)
    deck: list[str] = []
    while True:
        wait = chance.uniform(*pause)
        if time.monotonic() + wait >= until:
            break
        await asyncio.sleep(wait)
        if not deck:
            deck = chance.sample(KINDS, len(KINDS))
        name = deck.pop()
        told(name)
        await asyncio.to_thread(weather.strike, name, random.Random(chance.random()))
    await asyncio.to_thread(weather.calm)


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:  # a backend that has ended by itself
        return
