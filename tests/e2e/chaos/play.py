"""The whole play: a stack, a calm round that shows what must come out, the storm, the reckoning, a report."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ostinato.dev.stack import Stack, StackOptions
from tests.e2e.chaos.books import Books
from tests.e2e.chaos.crowd import Crowd
from tests.e2e.chaos.reckoning import Report, reckon
from tests.e2e.chaos.storm import Weather, rage

_DRAIN_SECONDS = 180.0
_SHOWN = 40
_ID = re.compile(r"[0-9a-f]{6,8}(-[0-9a-f]{1,4}){1,3}(-[0-9a-f]{12})?|[0-9]+")


@dataclass(frozen=True, slots=True)
class Result:
    """What came out. `unfinished` is the complaint about instances that did not end."""

    seed: int
    seconds: float
    books: Books
    report: Report
    unfinished: str | None

    @property
    def is_clean(self) -> bool:
        """Nothing lost, nothing twice, no ghost, nothing left."""
        return not self.report.flaws and not self.books.strange and self.unfinished is None


async def play(
    directory: Path,
    seed: int,
    seconds: float,
    at_once: int,
    tell: Callable[[str], None],
    pause: tuple[float, float] = (0.5, 4.0),
) -> Result:
    """Play with faults for `seconds`. `tell` gets lines for people."""
    tell(f"chaos: seed {seed}, {seconds:g} s, {at_once} instances at once")
    ledger = directory / "ledger"
    options = StackOptions(postgres_password=False, postgres_options={"fsync": "off"})  # a kill is not a power cut
    async with Stack(directory, options) as stack:
        ledger.touch()
        weather = Weather(stack, ledger)
        await asyncio.to_thread(weather.begin)
        try:
            books, unfinished, took = await _storm(stack, weather, seed, seconds, at_once, tell, pause)
            report = await reckon(stack.database_url, stack.temporal_address, books, ledger)
        finally:
            await asyncio.to_thread(weather.end)
    result = Result(seed, took, books, report, unfinished)
    _print(result, tell)
    return result


async def _storm(
    stack: Stack,
    weather: Weather,
    seed: int,
    seconds: float,
    at_once: int,
    tell: Callable[[str], None],
    pause: tuple[float, float],
) -> tuple[Books, str | None, float]:
    unfinished = None
    async with Crowd(stack.engine_url, stack.temporal_address, stack.database_url, seed, at_once) as crowd:
        begin = time.monotonic()
        await crowd.play_calm()
        tell(f"calm: {len(crowd.books.started)} instances in {time.monotonic() - begin:.1f} s")
        crowd.begin_storm()
        begin = time.monotonic()
        until = begin + seconds
        raging = asyncio.create_task(rage(weather, seed, until, pause, lambda name: _told(crowd.books.faults, name)))
        await crowd.play(raging.done)
        await raging
        crowd.storm = False
        took = time.monotonic() - begin
        try:
            await crowd.drain(_DRAIN_SECONDS)
        except TimeoutError as error:
            unfinished = str(error)
        books = crowd.books
    return books, unfinished, took


def _told(faults: Counter[str], name: str) -> None:
    faults[name] += 1


def _print(result: Result, tell: Callable[[str], None]) -> None:
    books, counts = result.books, result.report.counts
    storm = sum(attempt.storm for attempt in books.attempts.values())
    tell(f"storm: {result.seconds:.0f} s, {books.faults.total()} faults: {_list(books.faults)}")
    tell(f"load: {storm} starts in the storm ({len(books.started)} answered in all); {_list(books.deeds)}")
    tell(f"clients: {books.yes.total()} yes, {books.no.total()} no, {books.silence.total()} without answer")
    tell(f"errors: {_list(books.errors)}")
    tell(f"compared: {_list(counts)}")
    for what, lines in (("strange", books.strange), ("flaw", result.report.flaws)):
        for number, example in _alike(lines):
            tell(f"{what}: {number} like: {example}")
    if result.unfinished:
        tell(f"unfinished: {result.unfinished}")
    tell(
        f"chaos: {len(result.report.flaws)} flaws, {len(books.strange)} strange answers, "
        f"{'all ended' if result.unfinished is None else 'NOT all ended'} (seed {result.seed})"
    )


def _alike(lines: list[str]) -> list[tuple[int, str]]:
    """How many say the same of different things, and an example of each."""
    groups: dict[str, list[str]] = {}
    for line in lines:
        groups.setdefault(_ID.sub("#", line), []).append(line)
    return [(len(group), group[0]) for group in groups.values()][:_SHOWN]


def _list(counter: Counter[str]) -> str:
    return ", ".join(f"{number} {name}" for name, number in sorted(counter.items())) or "none"
