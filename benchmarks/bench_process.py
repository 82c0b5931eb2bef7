"""Interpreted BPMN against the same job written by hand in Temporal: one server, one run, interleaved rounds.

Shapes: `service` (start, three activities, a condition, end) and `human` (start, a step completed from outside, end).
Variants: `bpmn`, `recorded` (by hand, and it records its outcome in the same database) and `bare` (by hand, records
nothing).

    python benchmarks/bench_process.py [--rounds 5] [--instances 64] [--concurrency 8] [--json FILE]

Prints throughput and latency of each variant, events and bytes of a history, database rows of an instance, CPU
seconds by process, and ends with one line per ratio: `ratio <name> <median>`. A ratio is BPMN's throughput divided by
the peer's in the same round.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg
import uvloop
from rich.console import Console
from rich.table import Table
from temporalio.client import Client, WithStartWorkflowOperation
from temporalio.common import WorkflowIDConflictPolicy

from benchmarks.hand_written import QUEUE
from interpreter import codec
from interpreter.commands import CompleteWait, StartInstance
from interpreter.workflow import client as engine
from interpreter.workflow.contract import TASK_QUEUE, WORKFLOW_TYPE, ProcessInput
from interpreter.workflow.payloads import data_converter
from ostinato.dev.stack import Stack, StackOptions

MODELS = Path(__file__).parent / "models"
VARIANTS = ("bpmn", "recorded", "bare")


@dataclass
class Deployed:
    """What starting an instance needs."""

    definition_id: str
    hash: str
    meta: dict[str, Any]


@dataclass
class Series:
    """Rounds of one variant of one shape."""

    throughput: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    cpu: dict[str, list[float]] = field(default_factory=dict)
    events: int = 0
    bytes: int = 0
    rows: int = 0


class Bench:
    """One server with all workers connected."""

    def __init__(self, stack: Stack, plain: Client, client: Client, options: argparse.Namespace) -> None:
        self.stack, self.plain, self.client, self.options = stack, plain, client, options
        self.deployed: dict[str, Deployed] = {}
        self.processes: dict[str, psutil.Process] = {}
        self.task_wait = 0

    def deploy(self) -> None:
        """Deploy both models over REST."""
        for shape in ("service", "human"):
            model = MODELS / f"{shape}.bpmn"
            answer = httpx.post(
                f"{self.stack.engine_url}/deployment/create",
                data={"deployment-name": shape},
                files={model.name: (model.name, model.read_bytes(), "text/xml")},
                timeout=30,
            )
            answer.raise_for_status()
            (row,) = answer.json()["deployedProcessDefinitions"].values()
            with psycopg.connect(self.stack.database_url) as connection:
                found = connection.execute("select hash from process_definition where id = %s", (row["id"],)).fetchone()
            assert found is not None
            meta = {
                "definition_key": row["key"],
                "definition_name": row["name"],
                "version": row["version"],
                "deployment_id": row["deploymentId"],
            }
            self.deployed[shape] = Deployed(row["id"], found[0], meta)

    def _input(self, shape: str, instance: str, variables: dict[str, Any]) -> ProcessInput:
        deployed = self.deployed[shape]
        command = codec.to_json(StartInstance(now=0, instance_id=instance, variables=variables))
        return ProcessInput(
            deployed.hash, deployed.definition_id, command, {**deployed.meta, "definition_id": deployed.definition_id}
        )

    async def service_bpmn(self, instance: str) -> None:
        handle = await self.client.start_workflow(
            WORKFLOW_TYPE, self._input("service", instance, {"total": 0}).to_json(), id=instance, task_queue=TASK_QUEUE
        )
        await handle.result()

    async def service_hand(self, instance: str, recorded: bool) -> None:
        handle = await self.plain.start_workflow("HandService", args=[recorded, 0], id=instance, task_queue=QUEUE)
        assert await handle.result() == "big"

    async def human_bpmn(self, instance: str) -> None:
        await engine.start(self.client, instance, self._input("human", instance, {}))
        if not self.task_wait:
            state = await engine.ask(self.client, instance, "state")
            (wait,) = state["waits"]
            self.task_wait = wait["key"]
        await engine.execute(self.client, instance, CompleteWait(now=0, wait=self.task_wait, variables={"ok": True}))
        await self.client.get_workflow_handle(instance).result()

    async def human_hand(self, instance: str, recorded: bool) -> None:
        operation: Any = WithStartWorkflowOperation(
            "HandHuman",
            recorded,
            id=instance,
            task_queue=QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
        )
        await self.plain.execute_update_with_start_workflow("started", start_workflow_operation=operation)
        handle = self.plain.get_workflow_handle(instance)
        await handle.execute_update("complete", {"ok": True})
        await handle.result()

    def job(self, shape: str, variant: str) -> Callable[[str], Awaitable[None]]:
        """The coroutine function that runs one instance."""
        if variant == "bpmn":
            return self.service_bpmn if shape == "service" else self.human_bpmn
        hand = self.service_hand if shape == "service" else self.human_hand
        return lambda instance: hand(instance, variant == "recorded")

    async def round(self, shape: str, variant: str, series: Series) -> None:
        """Run `--instances` at `--concurrency` for throughput, then a few one by one for latency."""
        run, prefix = self.job(shape, variant), f"{shape}-{variant}-{uuid.uuid4().hex[:8]}"
        gate = asyncio.Semaphore(self.options.concurrency)

        async def one(number: int) -> None:
            async with gate:
                await run(f"{prefix}-{number}")

        before = {name: sum(process.cpu_times()[:2]) for name, process in self.processes.items()}
        began = time.perf_counter()
        await asyncio.gather(*(one(n) for n in range(self.options.instances)))
        series.throughput.append(self.options.instances / (time.perf_counter() - began))
        for name, process in self.processes.items():
            spent = sum(process.cpu_times()[:2]) - before[name]
            series.cpu.setdefault(name, []).append(1000 * spent / self.options.instances)
        for number in range(self.options.singles):
            began = time.perf_counter()
            await run(f"{prefix}-single-{number}")
            series.latencies.append(1000 * (time.perf_counter() - began))
        if not series.events:
            description = await self.plain.get_workflow_handle(f"{prefix}-0").describe()
            series.events = description.history_length
            series.bytes = description.raw_description.workflow_execution_info.history_size_bytes
            series.rows = await asyncio.to_thread(self._rows, f"{prefix}-0")

    def _rows(self, instance: str) -> int:
        """Rows with this instance id in any table that has such a column."""
        total = 0
        with psycopg.connect(self.stack.database_url) as connection:
            columns = connection.execute(
                "select table_name, column_name from information_schema.columns join information_schema.tables "
                "using (table_schema, table_name) where table_schema = 'public' and table_type = 'BASE TABLE' and "
                "column_name in ('instance', 'instance_id', 'process_instance_id') "
                "union select 'process_instance', 'id' where to_regclass('process_instance') is not null"
            ).fetchall()
            for table, column in columns:
                found = connection.execute(
                    f'select count(*) from "{table}" where "{column}" = %s',  # type: ignore[arg-type]  # names from the catalogue
                    (instance,),
                ).fetchone()
                total += found[0] if found else 0
        return total


def _start_peer(role: str, stack: Stack) -> subprocess.Popen[str]:
    script = str(Path(__file__).parent / "hand_written.py")
    return subprocess.Popen(
        [sys.executable, script, role, stack.temporal_address, stack.database_url], stdout=subprocess.PIPE, text=True
    )


async def measure(options: argparse.Namespace, stack: Stack) -> dict[str, dict[str, Series]]:
    """All shapes and variants, in rounds."""
    plain = await Client.connect(stack.temporal_address)
    client = await Client.connect(stack.temporal_address, data_converter=data_converter())
    bench = Bench(stack, plain, client, options)
    await asyncio.to_thread(bench.deploy)
    children = {role: _start_peer(role, stack) for role in ("workflows", "jobs")}
    try:
        for child in children.values():
            assert child.stdout is not None
            line = await asyncio.to_thread(child.stdout.readline)
            assert line == "ready\n", f"Expected the peer's worker to be ready but it said {line!r}."
        bench.processes = {
            "server": psutil.Process(stack.pid("temporal")),
            "engine worker": psutil.Process(stack.pid("worker")),
            "hand-written worker": psutil.Process(children["workflows"].pid),
            "job worker": psutil.Process(children["jobs"].pid),
        }
        results: dict[str, dict[str, Series]] = {}
        for shape in options.shapes:
            results[shape] = {variant: Series() for variant in VARIANTS}
            for variant in VARIANTS:  # warm every path, not counted
                await asyncio.gather(*(bench.job(shape, variant)(f"warm-{uuid.uuid4().hex}") for _ in range(8)))
            for number in range(options.rounds):
                order = VARIANTS if number % 2 == 0 else tuple(reversed(VARIANTS))
                for variant in order:
                    await bench.round(shape, variant, results[shape][variant])
                print(f"{shape}: round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)
        return results
    finally:
        for child in children.values():
            child.kill()
            child.wait()


def report(results: dict[str, dict[str, Series]], console: Console) -> dict[str, float]:
    """Print the tables; the medians of the ratios."""
    ratios: dict[str, float] = {}
    for shape, variants in results.items():
        table = Table(title=f"{shape} (medians)")
        for column in ("variant", "per second", "p50 ms", "p95 ms", "events", "bytes", "rows", "CPU ms per instance"):
            table.add_column(column)
        for variant, series in variants.items():
            quantiles = statistics.quantiles(series.latencies, n=20)
            cpu = ", ".join(f"{name} {statistics.median(values):.1f}" for name, values in series.cpu.items())
            table.add_row(
                variant,
                f"{statistics.median(series.throughput):.1f}",
                f"{statistics.median(series.latencies):.1f}",
                f"{quantiles[18]:.1f}",
                str(series.events),
                str(series.bytes),
                str(series.rows),
                cpu,
            )
        console.print(table)
        for peer in ("recorded", "bare"):
            rounds = zip(variants["bpmn"].throughput, variants[peer].throughput, strict=True)
            ratios[f"{shape}_vs_{peer}"] = statistics.median(ours / theirs for ours, theirs in rounds)
    return ratios


def main() -> None:
    """Measure, print, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--instances", type=int, default=64)
    parser.add_argument("--singles", type=int, default=8)
    parser.add_argument("--concurrency", type=int, default=8)
    parser.add_argument("--shapes", nargs="+", default=["service", "human"])
    parser.add_argument("--json", type=Path, default=None)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ostinato-bench-") as folder:
        Path(folder).chmod(0o755)
        with Stack(Path(folder), StackOptions()) as stack:
            results = uvloop.run(measure(options, stack))
    ratios = report(results, Console(width=160))
    if options.json is not None:
        data = {
            shape: {name: asdict(series) for name, series in variants.items()} for shape, variants in results.items()
        }
        options.json.write_text(json.dumps({"results": data, "ratios": ratios}, indent=2))
    for name, ratio in ratios.items():
        print(f"ratio {name} {ratio:.2f}")


if __name__ == "__main__":
    main()
