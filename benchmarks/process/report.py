"""Tables and ratios of the process benchmarks."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

from benchmarks.process.load import Series
from benchmarks.process.shapes import SHAPES
from benchmarks.process.visible import Visible

NEGLIGIBLE = 0.05
"""Processor seconds per 1,000 flow nodes that are not worth a word."""


def quantiles(values: Sequence[float]) -> tuple[float, float, float]:
    """p50, p95 and p99."""
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return cuts[49], cuts[94], cuts[98]


def print_shape(console: Console, name: str, variants: Mapping[str, Series]) -> None:
    """One table: a row for each variant."""
    table = Table(title=f"{name}: {SHAPES[name].title}, {SHAPES[name].nodes} flow nodes", title_justify="left")
    for column in ("variant", "per s", "alone p50 ms", "loaded p50/p95/p99 ms", "events", "bytes", "rows"):
        table.add_column(column, no_wrap=True)
    table.add_column("CPU s per 1,000 flow nodes")
    for variant, series in variants.items():
        cpu = {label: statistics.mean(values) for label, values in series.cpu.items()}
        table.add_row(
            variant,
            f"{statistics.median(series.throughput):.1f}",
            f"{statistics.median(series.alone):.1f}",
            "/".join(f"{value:.0f}" for value in quantiles(series.loaded)),
            str(series.events),
            str(series.bytes),
            str(series.rows),
            cpu_text(cpu),
        )
    console.print(table)


def print_visible(console: Console, seen: Visible) -> None:
    """Start to first task."""
    table = Table(title="what a person waits for", title_justify="left")
    for column in ("", "p50 ms", "p95 ms", "p99 ms"):
        table.add_column(column)
    rows = (
        ("REST: start until the task is in the list", seen.start_to_task),
        ("REST: complete the task", seen.complete),
        ("by hand: start until its row is there, no HTTP", seen.by_hand),
    )
    for label, values in rows:
        table.add_row(label, *(f"{value:.1f}" for value in quantiles(values)))
    console.print(table)
    console.print(f"lists that did not have the task yet: {seen.retries}; CPU s per 1,000 nodes: {cpu_text(seen.cpu)}")


def cpu_text(cpu: Mapping[str, float]) -> str:
    """`server 1.20, engine worker 2.10, sum 3.30`."""
    named = [f"{name} {value:.2f}" for name, value in cpu.items() if value >= NEGLIGIBLE]
    return ", ".join([*named, f"sum {sum(cpu.values()):.2f}"])


def ratios(name: str, variants: Mapping[str, Series]) -> dict[str, float]:
    """BPMN's throughput divided by the peer's of the same round, medians; and the peer's processor time for all
    processes together, divided by BPMN's. Both are above 1 where BPMN is the better one; the second is the steadier on
    a busy machine."""
    found: dict[str, float] = {}
    spent = {variant: _total(series) for variant, series in variants.items()}
    for peer in (variant for variant in variants if variant != "bpmn"):
        rounds = zip(variants["bpmn"].throughput, variants[peer].throughput, strict=True)
        found[f"{name}_vs_{peer}"] = statistics.median(ours / theirs for ours, theirs in rounds)
        found[f"{name}_cpu_vs_{peer}"] = spent[peer] / spent["bpmn"]
    return found


def _total(series: Series) -> float:
    """Mean over the rounds: the clock ticks in hundredths."""
    return sum(statistics.mean(values) for values in series.cpu.values())
