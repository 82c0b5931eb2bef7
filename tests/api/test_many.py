"""The same for many, a few at a time."""

from __future__ import annotations

import asyncio

import pytest

from api.many import each


async def test_all_are_done_a_few_at_a_time() -> None:
    done: list[int] = []
    running = most = 0

    async def work(number: int) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        done.append(number)

    await each(range(50), work)
    assert sorted(done) == list(range(50))
    assert 1 < most <= 8


async def test_the_first_error_stops_what_has_not_begun() -> None:
    done: list[int] = []

    async def work(number: int) -> None:
        await asyncio.sleep(0)
        if number == 10:
            raise ValueError("ten")
        done.append(number)

    with pytest.raises(ValueError, match="ten"):
        await each(range(1000), work)
    assert len(done) < 30
