"""Items of a batch are handed out once each, to several processes at a time, and what failed comes last."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

from store import bulk
from store.bulk import HISTORIC_BULKS
from store.database import Database


async def test_every_item_is_handed_out_once(database: Database, unique: Callable[[str], str]) -> None:
    kind, number = unique("kind"), 400
    identifier = await bulk.create(database, kind, [str(index) for index in range(number)], {})
    done: Counter[str] = Counter()

    async def work() -> None:
        while True:
            items = [item for item in await bulk.lease(database, 3) if item.type == kind]
            if not items:
                return
            for item in items:
                done[item.target] += 1
                await bulk.finish(database, item)

    await asyncio.gather(*(work() for _ in range(8)))
    assert done == Counter(str(index) for index in range(number))
    row = await HISTORIC_BULKS.get(database, identifier)
    assert row is not None
    assert row.completed_jobs == number
    assert row.execution_start_time is not None
    assert row.end_time is not None


async def test_what_was_left_behind_is_taken_over_last(database: Database, unique: Callable[[str], str]) -> None:
    kind = unique("kind")
    identifier = await bulk.create(database, kind, ["a", "b", "c"], {})

    async def leased(maximum: int) -> list[str]:
        return [item.target for item in await bulk.lease(database, maximum) if item.type == kind]

    assert await leased(1) == ["a"]
    await database.execute("UPDATE bulk_item SET leased_until = '2000-01-01' WHERE leased_until IS NOT NULL")
    assert sorted(await leased(5)) == ["b", "c"]
    assert await leased(5) == ["a"], "its lease ran out"
    assert await leased(5) == []
    assert await bulk.set_suspended(database, identifier, True)
    await database.execute("UPDATE bulk_item SET leased_until = NULL")
    assert await leased(5) == []
    assert await bulk.set_suspended(database, identifier, False)
    assert sorted(await leased(5)) == ["a", "b", "c"]
    assert await bulk.give_up_item(database, identifier, 1, "enough")
    assert not await bulk.give_up_item(database, identifier, 1, "enough")
    assert await bulk.retry_item(database, identifier, 1)
    assert await leased(5) == ["a"]
    assert await bulk.stop(database, identifier)
    await database.execute("UPDATE bulk_item SET leased_until = NULL")
    assert await leased(5) == []
