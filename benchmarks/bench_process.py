"""Interpreted BPMN against the same job written by hand in Temporal: one server, one run, interleaved rounds.

    python benchmarks/bench_process.py [--shapes one ten] [--rounds 3] [--instances 64] [--concurrency 8] [--json FILE]

Shapes: see `benchmarks/process/shapes.py`. Variants: `bpmn`, and by hand `history` (keeps the same history in the
same database and the same search attributes), `recorded` (its outcome only) and `bare` (nothing). Prints throughput,
latency alone and under load, events and bytes of the histories, database rows, processor seconds per 1,000 flow nodes
by process, the time from a start over REST until the first task is listed, and ends with one line per ratio: `ratio
<name> <median>`. A ratio is BPMN's throughput divided by the peer's in the same round, or the peer's processor time
divided by BPMN's (`cpu`).
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import uvloop
from rich.console import Console

from benchmarks.process.load import VARIANTS, Amount, Series, load
from benchmarks.process.report import print_shape, print_visible, ratios
from benchmarks.process.shapes import SHAPES
from benchmarks.process.visible import measure_visible
from ostinato.dev.stack import Stack, StackOptions

DEFAULT = ["one", "ten", "human", "ping", "many", "call"]


async def measure(stack: Stack, names: list[str], amount: Amount, visible: int, *, tuned: bool) -> dict[str, Any]:
    """Every shape in turn, its variants in interleaved rounds; prints each table as soon as it is known."""
    console = Console(width=190)
    shapes = [SHAPES[name] for name in names]
    results: dict[str, Any] = {"shapes": {}, "ratios": {}}
    async with load(stack, shapes, tuned=tuned) as running:
        for shape in shapes:
            series = {variant: Series() for variant in VARIANTS}
            for variant in VARIANTS:
                await running.warm(shape, variant)
            for number in range(amount.rounds):
                for variant in VARIANTS if number % 2 == 0 else reversed(VARIANTS):
                    await running.round(shape, variant, amount, series[variant])
                print(f"{shape.name}: round {number + 1} of {amount.rounds}", file=sys.stderr, flush=True)
            print_shape(console, shape.name, series)
            results["shapes"][shape.name] = {variant: asdict(values) for variant, values in series.items()}
            results["ratios"] |= ratios(shape.name, series)
        if visible and "human" in names:
            seen = await measure_visible(running, visible, amount.concurrency)
            print_visible(console, seen)
            results["visible"] = asdict(seen)
    return results


def main() -> None:
    """Measure, print, write JSON."""
    parser = argparse.ArgumentParser(description="Interpreted BPMN against workflows by hand.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--instances", type=int, default=64, help="in a round; long shapes run a part of them")
    parser.add_argument("--singles", type=int, default=6, help="one by one after each round")
    parser.add_argument("--concurrency", type=int, default=8)
    parser.add_argument("--visible", type=int, default=150, help="starts over REST with the shape 'human'; 0: none")
    parser.add_argument("--shapes", nargs="+", default=DEFAULT, choices=list(SHAPES))
    parser.add_argument("--tuned", action="store_true", help="the peers talk to Temporal as the engine's worker does")
    parser.add_argument("--json", type=Path, default=None)
    options = parser.parse_args()
    amount = Amount(options.rounds, options.instances, options.concurrency, options.singles)
    with tempfile.TemporaryDirectory(prefix="ostinato-bench-") as folder:
        Path(folder).chmod(0o755)
        with Stack(Path(folder), StackOptions()) as stack:
            results = uvloop.run(measure(stack, options.shapes, amount, options.visible, tuned=options.tuned))
    if options.json is not None:
        options.json.write_text(json.dumps(results, indent=2))
    for name, ratio in results["ratios"].items():
        print(f"ratio {name} {ratio:.2f}")


if __name__ == "__main__":
    main()
