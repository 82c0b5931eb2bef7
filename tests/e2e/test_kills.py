"""Parts of the stack die at random moments under a running load; nothing is lost and nothing happens twice."""

from __future__ import annotations

import asyncio
import random

import pytest

from ostinato.dev.stack import Part, Stack
from tests.e2e.chaos.audit import audit
from tests.e2e.chaos.load import Load

pytestmark = pytest.mark.e2e


async def _storm(stack: Stack, part: Part, instances: int, kills: int, seed: int, timeout: float) -> list[Load]:
    """Kill `part` so many times, at random moments, under load: where one load has ended before, another follows."""
    choice = random.Random(seed)
    loads = [Load(stack.engine_url, stack.temporal_address, instances)]
    running = asyncio.create_task(loads[0].run(timeout))
    for _ in range(kills):
        await asyncio.sleep(choice.uniform(0.2, 1.5))
        if running.done():
            await running
            loads.append(Load(stack.engine_url, stack.temporal_address, instances))
            running = asyncio.create_task(loads[-1].run(timeout))
        await asyncio.to_thread(stack.kill if part in ("worker", "api") else stack.restart, part)
        await asyncio.to_thread(stack.start, part)
    await running
    return loads


async def _reckon(stack: Stack, part: Part, kills: int, loads: list[Load]) -> None:
    """Print the counts; no flaws, and every instance that was asked for is there."""
    for load in loads:
        books = load.books
        print(
            f"{part}: killed {kills} times in all; {len(books.started)} instances, {sum(books.attempts.values())} "
            f"handler calls, {len(books.unanswered)} seen before their start was answered, "
            f"clients saw {dict(books.errors)}"
        )
        assert await audit(stack.database_url, stack.temporal_address, books) == []
        assert len(set(books.started.values())) == load.count


@pytest.mark.timeout(300)
@pytest.mark.parametrize("part", ["worker", "api", "postgres", "temporal"])
async def test_a_few_kills(stack: Stack, part: Part) -> None:
    await _reckon(stack, part, 3, await _storm(stack, part, instances=20, kills=3, seed=7, timeout=240))


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("part", ["worker", "api", "postgres", "temporal"])
async def test_twenty_kills_under_two_hundred_instances(stack: Stack, part: Part) -> None:
    await _reckon(stack, part, 20, await _storm(stack, part, instances=200, kills=20, seed=11, timeout=1500))
