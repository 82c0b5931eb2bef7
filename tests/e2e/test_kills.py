"""Parts of the stack die at random moments under a running load; nothing is lost and nothing happens twice."""

from __future__ import annotations

import asyncio
import random

import pytest

from ostinato.dev.stack import Part, Stack
from tests.e2e.chaos.audit import audit
from tests.e2e.chaos.load import Load

pytestmark = pytest.mark.e2e


async def _storm(stack: Stack, part: Part, instances: int, kills: int, seed: int, timeout: float) -> tuple[Load, int]:
    """Run the load and kill `part` so many times, at moments spread over it; the load and how often it was killed."""
    choice = random.Random(seed)
    load = Load(stack.engine_url, stack.temporal_address, instances)
    running = asyncio.create_task(load.run(timeout))
    killed = 0
    while killed < kills:
        await asyncio.sleep(choice.uniform(0.2, 2.0))
        if running.done():
            break
        await asyncio.to_thread(stack.kill if part in ("worker", "api") else stack.restart, part)
        await asyncio.to_thread(stack.start, part)
        killed += 1
    await running
    return load, killed


@pytest.mark.timeout(300)
@pytest.mark.parametrize("part", ["worker", "api", "postgres", "temporal"])
async def test_a_few_kills(stack: Stack, part: Part) -> None:
    load, killed = await _storm(stack, part, instances=20, kills=3, seed=7, timeout=240)
    flaws = await audit(stack.database_url, stack.temporal_address, load.books)
    assert flaws == []
    assert len(set(load.books.started.values())) == 20
    assert killed >= 1, "a quick machine has served the load before the third"


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("part", "instances"), [("worker", 200), ("api", 280), ("postgres", 200), ("temporal", 200)])
async def test_twenty_kills_under_two_hundred_instances(stack: Stack, part: Part, instances: int) -> None:
    load, killed = await _storm(stack, part, instances, kills=20, seed=11, timeout=1500)
    flaws = await audit(stack.database_url, stack.temporal_address, load.books)
    print(
        f"{part}: killed {killed} times under {len(load.books.started)} instances, "
        f"{sum(load.books.attempts.values())} handler calls"
    )
    print(f"{part}: clients saw {dict(load.books.errors)}")
    assert flaws == []
    print(f"{part}: {len(load.books.unanswered)} starts whose answer was lost")
    assert len(set(load.books.started.values())) == instances
    assert killed == 20
