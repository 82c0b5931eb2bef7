"""The same load over 1, 2 and 4 engine worker processes: what another worker brings on this machine.

    python benchmarks/bench_scaling.py [--shape service] [--workers 1 2 4] [--rounds 2] [--instances 96] [--json FILE]

One server, one job worker, one load; the rounds go up and down through the numbers of workers. Ends with one line per
ratio: throughput with N workers divided by that with the first number, and the processors that were there.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import psutil
import uvloop
from rich.console import Console
from rich.table import Table

from benchmarks.process.load import Amount, Series, load
from benchmarks.process.report import cpu_text, quantiles
from benchmarks.process.shapes import SHAPES, Shape
from ostinato.dev.stack import Stack, StackOptions

READY_SECONDS = 90


class Workers:
    """Engine workers beside the stack's own one."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._processes: list[subprocess.Popen[bytes]] = []

    def scale(self, total: int) -> list[psutil.Process]:
        """Have `total` workers polling, the stack's included."""
        while len(self._processes) > total - 1:
            process = self._processes.pop()
            process.terminate()
            process.wait(30)
        while len(self._processes) < total - 1:
            self._processes.append(self._start(len(self._processes)))
        pids = [self._stack.pid("worker"), *(process.pid for process in self._processes)]
        return [psutil.Process(pid) for pid in pids]

    def _start(self, number: int) -> subprocess.Popen[bytes]:
        ready = self._stack.directory / "run" / f"worker-{number}.ready"
        ready.unlink(missing_ok=True)
        log = (self._stack.logs / f"worker-{number}.log").open("ab")
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "ostinato", "worker"],
            env={**self._stack.environment(), "OSTINATO_READY_FILE": str(ready)},
            stdout=log,
            stderr=log,
        )
        until = time.monotonic() + READY_SECONDS
        while not ready.exists():
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"Expected a worker to become ready but it did not: see {log.name}.")
            time.sleep(0.1)
        return process


async def measure(stack: Stack, shape: Shape, numbers: list[int], amount: Amount) -> dict[int, Series]:
    """Rounds up and down through `numbers`."""
    results = {number: Series() for number in numbers}
    workers = Workers(stack)
    async with load(stack, [shape]) as running:
        try:
            for round_number in range(amount.rounds):
                for number in numbers if round_number % 2 == 0 else reversed(numbers):
                    running.processes["engine worker"] = await asyncio.to_thread(workers.scale, number)
                    for _ in range(number):  # fills the new workers' caches
                        await running.warm(shape, "bpmn")
                    await running.round(shape, "bpmn", amount, results[number])
                print(f"{shape.name}: round {round_number + 1} of {amount.rounds}", file=sys.stderr, flush=True)
        finally:
            await asyncio.to_thread(workers.scale, 1)
    return results


def report(results: dict[int, Series], shape: Shape) -> dict[str, float]:
    """Print the table; the medians of the ratios."""
    table = Table(
        title=f"{shape.name}: {shape.title}; {os.cpu_count()} processors for everything", title_justify="left"
    )
    for column in ("workers", "per s", "loaded p50/p95/p99 ms", "CPU s per 1,000 flow nodes"):
        table.add_column(column)
    for number, series in results.items():
        table.add_row(
            str(number),
            f"{statistics.median(series.throughput):.1f}",
            "/".join(f"{value:.0f}" for value in quantiles(series.loaded)),
            cpu_text({name: statistics.mean(values) for name, values in series.cpu.items()}),
        )
    Console(width=160).print(table)
    first, *others = results
    ratios: dict[str, float] = {}
    for number in others:
        rounds = zip(results[number].throughput, results[first].throughput, strict=True)
        ratios[f"workers_{number}_vs_{first}"] = statistics.median(more / one for more, one in rounds)
    return ratios


def main() -> None:
    """Measure, print, write JSON."""
    parser = argparse.ArgumentParser(description="Interpreted BPMN over several engine workers.")
    parser.add_argument("--shape", default="service", choices=list(SHAPES))
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--instances", type=int, default=96)
    parser.add_argument("--concurrency", type=int, default=24)
    parser.add_argument("--json", type=Path, default=None)
    options = parser.parse_args()
    shape = SHAPES[options.shape]
    amount = Amount(options.rounds, options.instances, options.concurrency, singles=0)
    with tempfile.TemporaryDirectory(prefix="ostinato-bench-") as folder:
        Path(folder).chmod(0o755)
        with Stack(Path(folder), StackOptions()) as stack:
            results = uvloop.run(measure(stack, shape, options.workers, amount))
    ratios = report(results, shape)
    if options.json is not None:
        data = {str(number): asdict(series) for number, series in results.items()}
        options.json.write_text(json.dumps({"workers": data, "ratios": ratios}, indent=2))
    for name, ratio in ratios.items():
        print(f"ratio {name} {ratio:.2f}")


if __name__ == "__main__":
    main()
