"""Optimistic writes: late enough to spare short instances, seldom enough not to add to a load."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from worker.side_channel import LONGEST_DELAY, DelayedSideChannel


class Slow:
    """Writes that take a while; remembers when each began."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.began: list[tuple[float, str]] = []

    async def write(self, batch: dict[str, Any]) -> None:
        """One write."""
        self.began.append((asyncio.get_running_loop().time(), batch["instance_id"]))
        await asyncio.sleep(self.seconds)


async def _run(channel: DelayedSideChannel, seconds: float, step: float = 0.01) -> None:
    """Offer the same two instances again and again."""
    running = asyncio.create_task(channel.run())
    until = asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < until:
        channel.offer({"instance_id": "a"})
        channel.offer({"instance_id": "b"})
        await asyncio.sleep(step)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_a_slow_database_gets_fewer_writes() -> None:
    quick, slow = Slow(0.0), Slow(0.05)
    await asyncio.gather(
        _run(DelayedSideChannel(quick.write, delay=0.02), 1.2), _run(DelayedSideChannel(slow.write, delay=0.02), 1.2)
    )
    assert 2 <= len(slow.began) <= 6, "0.05 s of writing ask for 0.45 s of rest"
    assert len(quick.began) > len(slow.began)


async def test_nothing_is_written_that_was_confirmed_meanwhile() -> None:
    slow = Slow(0.0)
    channel = DelayedSideChannel(slow.write, delay=0.1)
    running = asyncio.create_task(channel.run())
    channel.offer({"instance_id": "a"})
    channel.offer({"instance_id": "b"})
    channel.forget("a")
    await asyncio.sleep(0.5)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    assert [name for _, name in slow.began] == ["b"]


async def test_the_pause_has_an_end() -> None:
    channel = DelayedSideChannel(Slow(0.0).write, delay=0.3)
    assert channel._next_delay(0.0) == 0.3
    assert channel._next_delay(60.0) == LONGEST_DELAY
