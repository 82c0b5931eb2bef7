"""Metrics are summed up by quarters of an hour: the sum is the same before and after, and outlives the rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from store import metrics
from store.database import Database
from store.history import delete_instance
from store.projection import Projector
from tests.store.streams import T0, batch, finished, started, step, user_task

AT = datetime.fromtimestamp(T0 / 1000, UTC)
DAY = timedelta(days=1)


async def test_summing_up_changes_no_sum(
    database: Database, projector: Projector, unique: Callable[[str], str]
) -> None:
    ids = [unique("metric") for _ in range(3)]
    for number, one in enumerate(ids):
        at = T0 + number * 3_600_000
        await projector.write(batch(one, 0, step(1, at, *started(one), *user_task(), *finished())))

    async def sums() -> tuple[list[int], list[tuple[datetime, int]]]:
        totals = [
            await metrics.total(database, name, AT - DAY, AT + DAY)
            for name in ("process-instances", "flow-node-instances", "activity-instance-end")
        ]
        rows = await metrics.by_interval(database, ["process-instances"], start=AT - DAY, end=AT + DAY)
        return totals, [(row.timestamp, row.value) for row in rows]

    before = await sums()
    totals, intervals = before
    assert totals[0] == 3
    assert len(intervals) == 3
    await metrics.sum_up(database, AT + timedelta(hours=1, minutes=40))
    assert await sums() == before, "two are summed up, one is counted"
    await metrics.sum_up(database, AT + timedelta(hours=1, minutes=40))
    await metrics.sum_up(database, AT + timedelta(hours=5))
    assert await sums() == before
    for one in ids:
        await delete_instance(database, one)
    assert await sums() == before, "what was counted stays counted"
    hours = await metrics.by_interval(database, ["process-instances"], seconds=86_400, start=AT - DAY, end=AT + DAY)
    assert sum(row.value for row in hours) == 3


async def test_what_has_no_rows_is_added(database: Database) -> None:
    before = await metrics.total(database, metrics.REMOVED_BATCHES)
    await metrics.add(database, metrics.REMOVED_BATCHES, 2, AT)
    await metrics.add(database, metrics.REMOVED_BATCHES, 3, AT)
    await metrics.add(database, metrics.REMOVED_BATCHES, 0, AT)
    assert await metrics.total(database, metrics.REMOVED_BATCHES) == before + 5
