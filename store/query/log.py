"""Lists of what the event log tells of all instances, the newest first, without reading all of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from store.database import Database
from store.query.conditions import Filters, Sql
from store.query.resource import Resource, Sort

R = TypeVar("R")

_SKEW: Final = timedelta(minutes=1)
"""How much the clock of the database may be behind that of Temporal."""
_LEAST: Final = 100
_GROWTH: Final = 8
_LARGE_PAGE: Final = 2_000


class LogResource(Resource[R]):
    """A resource whose rows come from functions of one instance (`p.id`). `time` is the name of its sort by time,
    `instant` the SQL of it.

    The newest rows are looked for in the instances that were written to since the last hundred began; then since the
    last eight hundred, and so on. An event is written after it has happened, so that none is missed.
    """

    def __init__(self, row: type[R], *, time: str, instant: str, **description: Any) -> None:
        super().__init__(row, **description)
        self._time = time
        self._instant = instant

    async def list(
        self,
        database: Database,
        filters: Filters | None = None,
        sorting: Sequence[Sort] = (),
        first: int = 0,
        maximum: int | None = None,
    ) -> list[R]:
        newest = bool(sorting) and sorting[0].by == self._time and sorting[0].descending
        wanted = first + (maximum or 0)
        if not newest or maximum is None or wanted > _LARGE_PAGE or (filters or {}).get("processInstanceId"):
            return await super().list(database, filters, sorting, first, maximum)
        started = max(wanted, _LEAST)
        while True:
            # So many instances began since then, each with an entry or more: adapts itself to how busy the times were.
            row = await database.fetch_one(
                "SELECT started_at FROM process_instance ORDER BY started_at DESC OFFSET %s LIMIT 1", (started,)
            )
            if row is None:
                break
            found = await self.list_where(database, self._since(row["started_at"]), filters, sorting, 0, wanted)
            if len(found) >= wanted:
                return found[first:]
            started *= _GROWTH
        return await super().list(database, filters, sorting, first, maximum)

    def _since(self, since: datetime) -> Sql:
        return Sql(
            "p.id IN (SELECT b.instance_id FROM event_batch b WHERE b.written_at >= %s "
            "UNION SELECT f.instance_id FROM external_task_failure f WHERE f.at >= %s) "
            f"AND {self._instant} >= %s",
            (since - _SKEW, since - _SKEW, since),
        )
