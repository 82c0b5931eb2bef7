"""The pool of connections to PostgreSQL: one way in for every query of this room.

Every statement has a time limit. A connection that broke (the server was restarted) is replaced; work that may be done
again without harm is done again on the new one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, LiteralString, TypeVar, cast

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout

from store.errors import InvalidQuery, Unavailable

T = TypeVar("T")
Params = Sequence[Any] | Mapping[str, Any]
Connection = AsyncConnection[DictRow]

_RETRIES = 3
_RETRY_PAUSE = 0.2  # seconds, doubled each time


class Database:
    """A pool; open it inside a running event loop, or use it as `async with Database(url) as database`.

    `url` is a plain libpq URL. `statement_timeout` and `connect_timeout` are seconds; so is `wait`, the longest wait
    for a free connection. Raises `Unavailable` when the database cannot be reached or does not answer in time.
    """

    def __init__(
        self,
        url: str,
        *,
        min_size: int = 1,
        max_size: int = 10,
        application: str = "ostinato",
        statement_timeout: float = 30.0,
        connect_timeout: int = 5,
        wait: float = 10.0,
    ) -> None:
        self.url = url
        self._wait = wait
        self._pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            url,
            min_size=min_size,
            max_size=max_size,
            timeout=wait,
            open=False,
            name=application,
            reconnect_timeout=30.0,
            kwargs={
                "autocommit": True,
                "row_factory": dict_row,
                "prepare_threshold": 2,
                "application_name": application,
                "connect_timeout": connect_timeout,
                "keepalives_idle": 30,
                "options": f"-c statement_timeout={round(statement_timeout * 1000)} "
                "-c lock_timeout=10000 -c idle_in_transaction_session_timeout=60000 -c timezone=UTC -c jit=off",
            },
        )

    async def open(self) -> None:
        """Connect; waits until the first connection is there. `Unavailable` when there is none in time."""
        try:
            await self._pool.open(wait=True, timeout=self._wait)
        except PoolTimeout as error:
            await self._pool.close()
            raise Unavailable(f"Expected a database but could not connect: {error}") from error

    async def close(self) -> None:
        """Give the connections back. Waits for the statements under way."""
        await self._pool.close()

    async def __aenter__(self) -> Database:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def ping(self) -> None:
        """Raises `Unavailable` unless the database answers."""
        await self.fetch("SELECT 1")

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection in autocommit mode. What goes wrong with the connection itself becomes `Unavailable`."""
        try:
            async with self._pool.connection() as connection:
                try:
                    yield connection
                except psycopg.errors.ReadOnlySqlTransaction:
                    await connection.close()  # a former primary: the next connection may find the new one
                    raise
        except (PoolTimeout, PoolClosed) as error:
            raise Unavailable(f"Expected a free database connection but there was none: {error}") from error
        except psycopg.errors.QueryCanceled as error:
            raise Unavailable("Expected an answer of the database in time but the statement was cancelled.") from error
        except psycopg.errors.ReadOnlySqlTransaction as error:
            raise Unavailable(f"Expected a database that may be written but it is read-only: {error}") from error
        except psycopg.DataError as error:
            raise InvalidQuery(f"Expected values that the database can hold but: {error}") from error
        except psycopg.OperationalError as error:
            # After a restart of the server all idle connections are dead: find that out at once, not one by one.
            await self._pool.check()
            raise Unavailable(f"Expected an answer of the database but: {error}") from error

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A connection inside a transaction, committed at the end and rolled back by an exception."""
        async with self.connection() as connection, connection.transaction():
            yield connection

    async def repeatedly(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Do `work` on a connection, and again when the connection broke. Only for work that may be done twice."""
        pause = _RETRY_PAUSE
        for attempt in range(_RETRIES):
            try:
                async with self.connection() as connection:
                    return await work(connection)
            except Unavailable:
                if attempt == _RETRIES - 1:
                    raise
            await asyncio.sleep(pause)
            pause *= 2
        raise AssertionError("the last attempt returns or raises")

    async def fetch(self, statement: str, params: Params | None = None) -> list[DictRow]:
        """All rows of a SELECT."""

        async def work(connection: Connection) -> list[DictRow]:
            cursor = await connection.execute(cast(LiteralString, statement), params)
            return await cursor.fetchall()

        return await self.repeatedly(work)

    async def fetch_one(self, statement: str, params: Params | None = None) -> DictRow | None:
        """The first row of a SELECT, or None."""
        rows = await self.fetch(statement, params)
        return rows[0] if rows else None

    async def execute(self, statement: str, params: Params | None = None) -> int:
        """Run a statement that changes rows, once; how many it changed."""
        async with self.connection() as connection:
            cursor = await connection.execute(cast(LiteralString, statement), params)
            return cursor.rowcount

    async def change(self, statement: str, params: Params | None = None) -> list[DictRow]:
        """Run a statement with RETURNING, once; its rows."""
        async with self.connection() as connection:
            cursor = await connection.execute(cast(LiteralString, statement), params)
            return await cursor.fetchall()
