"""Load: runs instances of a shape in one of its variants and takes down time, processor time, events, bytes, rows.

Variants: `bpmn`, `recorded` (by hand, records its outcome in the same database), `bare` (by hand, records nothing).
Rounds are interleaved, so that what else happens on the machine meets all variants alike.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import psutil
import psycopg
from temporalio.client import Client, WithStartWorkflowOperation
from temporalio.common import TypedSearchAttributes, WorkflowIDConflictPolicy

from benchmarks.hand_written import QUEUE, Keeps
from benchmarks.process.shapes import Shape
from interpreter import codec
from interpreter.commands import CompleteWait, StartInstance
from interpreter.workflow import attributes
from interpreter.workflow import client as engine
from interpreter.workflow.contract import ProcessInput
from interpreter.workflow.payloads import data_converter
from ostinato.dev.stack import Stack

VARIANTS: Final = ("bpmn", "history", "recorded", "bare")
_KEEPS: Final[dict[str, Keeps]] = {"history": "history", "recorded": "outcome", "bare": "nothing"}
WARM: Final = 8
FEWEST: Final = 4

Run = Callable[[str], Awaitable[None]]


@dataclass
class Deployed:
    """What starting an instance needs."""

    definition_id: str
    hash: str
    meta: dict[str, Any]


@dataclass
class Series:
    """Rounds of one variant of one shape. Times in milliseconds; `cpu` in seconds per 1,000 flow nodes, by process."""

    throughput: list[float] = field(default_factory=list)
    loaded: list[float] = field(default_factory=list)
    alone: list[float] = field(default_factory=list)
    cpu: dict[str, list[float]] = field(default_factory=dict)
    events: int = 0
    bytes: int = 0
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Amount:
    """How much of everything: rounds, instances a round, how many at once, how many one by one after each round."""

    rounds: int = 3
    instances: int = 64
    concurrency: int = 8
    singles: int = 6


class Load:
    """One running stack with every worker connected."""

    def __init__(self, stack: Stack, plain: Client, client: Client) -> None:
        self.stack, self.plain, self.client = stack, plain, client
        self.processes: dict[str, list[psutil.Process]] = {}
        self._deployed: dict[str, Deployed] = {}
        self._task_wait = 0

    def deploy(self, shapes: Iterable[Shape]) -> None:
        """Deploy all models of these shapes over REST."""
        for shape in shapes:
            for model in reversed(shape.models):  # the first is the one to be started
                self._deployed[shape.name] = self._deploy(shape.name, model().xml())

    def _deploy(self, name: str, xml: bytes) -> Deployed:
        answer = httpx.post(
            f"{self.stack.engine_url}/deployment/create",
            data={"deployment-name": name},
            files={f"{name}.bpmn": (f"{name}.bpmn", xml, "text/xml")},
            timeout=30,
        )
        assert answer.is_success, answer.text
        (row,) = answer.json()["deployedProcessDefinitions"].values()
        with psycopg.connect(self.stack.database_url) as connection:
            found = connection.execute("select hash from process_definition where id = %s", (row["id"],)).fetchone()
        assert found is not None
        meta = {
            "definition_id": row["id"],
            "definition_key": row["key"],
            "definition_name": row["name"],
            "version": row["version"],
            "deployment_id": row["deploymentId"],
        }
        return Deployed(row["id"], found[0], meta)

    def definition_key(self, shape: Shape) -> str:
        """Key of the started model, for starts over REST."""
        return self._deployed[shape.name].meta["definition_key"]

    # -- one instance

    def runner(self, shape: Shape, variant: str) -> Run:
        """The coroutine function that runs one instance to its end."""
        if variant == "bpmn":
            run = self._human_bpmn if shape.is_human else self._bpmn
            return lambda instance: run(shape, instance)
        keeps = _KEEPS[variant]
        if shape.is_human:
            return lambda instance: self._human_hand(shape, instance, keeps)
        return lambda instance: self._hand(shape, instance, keeps)

    def request(self, shape: Shape, instance: str) -> ProcessInput:
        """Input of the workflow, as the API makes it."""
        deployed = self._deployed[shape.name]
        command = codec.to_json(StartInstance(now=0, instance_id=instance, variables=shape.variables(instance)))
        return ProcessInput(deployed.hash, deployed.definition_id, command, deployed.meta)

    async def _bpmn(self, shape: Shape, instance: str) -> None:
        await engine.start_only(self.client, instance, self.request(shape, instance))
        result: Any = await self.client.get_workflow_handle(instance).result()
        assert result["outcome"] == "completed", f"Expected {instance} to complete but it answered {result}."

    async def _hand(self, shape: Shape, instance: str, keeps: Keeps) -> None:
        handle = await self.plain.start_workflow(
            shape.hand, keeps, id=instance, task_queue=QUEUE, search_attributes=self._attributes(shape, keeps)
        )
        assert await handle.result() in ("done", "big")

    def _attributes(self, shape: Shape, keeps: Keeps) -> TypedSearchAttributes:
        """By which an instance can be found in Temporal, as the engine sets them."""
        return attributes.initial(self._deployed[shape.name].meta if keeps == "history" else {}, None)

    async def _human_bpmn(self, shape: Shape, instance: str) -> None:
        await engine.start(self.client, instance, self.request(shape, instance))
        if not self._task_wait:
            state = await engine.ask(self.client, instance, "state")
            (wait,) = state["waits"]
            self._task_wait = wait["key"]
        await engine.execute(self.client, instance, CompleteWait(now=0, wait=self._task_wait, variables={"ok": True}))
        await self.client.get_workflow_handle(instance).result()

    async def start_human_by_hand(self, shape: Shape, instance: str, keeps: Keeps) -> None:
        """Returns when the task can be found."""
        operation: Any = WithStartWorkflowOperation(
            "HandHuman",
            keeps,
            id=instance,
            task_queue=QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
            search_attributes=self._attributes(shape, keeps),
        )
        await self.plain.execute_update_with_start_workflow("started", start_workflow_operation=operation)

    async def _human_hand(self, shape: Shape, instance: str, keeps: Keeps) -> None:
        await self.start_human_by_hand(shape, instance, keeps)
        handle = self.plain.get_workflow_handle(instance)
        await handle.execute_update("complete", {"ok": True})
        await handle.result()

    # -- many

    async def warm(self, shape: Shape, variant: str) -> None:
        """Run a few, not counted."""
        run = self.runner(shape, variant)
        await asyncio.gather(*(run(f"warm-{uuid.uuid4().hex}") for _ in range(max(int(WARM * shape.share), 1))))

    async def round(self, shape: Shape, variant: str, amount: Amount, series: Series) -> None:
        """Run instances many at once for throughput and loaded latency, then a few one by one."""
        run, prefix = self.runner(shape, variant), f"{shape.name}-{variant}-{uuid.uuid4().hex[:8]}"
        count = max(int(amount.instances * shape.share), FEWEST)
        gate = asyncio.Semaphore(amount.concurrency)

        async def one(number: int) -> None:
            async with gate:
                began = time.perf_counter()
                await run(f"{prefix}-{number}")
                series.loaded.append(1000 * (time.perf_counter() - began))

        before = self.spent()
        began = time.perf_counter()
        await asyncio.gather(*(one(number) for number in range(count)))
        series.throughput.append(count / (time.perf_counter() - began))
        for name, seconds in self.spent().items():
            series.cpu.setdefault(name, []).append(1000 * (seconds - before[name]) / (count * shape.nodes))
        for number in range(amount.singles):
            began = time.perf_counter()
            await run(f"{prefix}-single-{number}")
            series.alone.append(1000 * (time.perf_counter() - began))
        if not series.events:
            await self._weigh(f"{prefix}-0", series)

    def spent(self) -> dict[str, float]:
        """Processor seconds so far, by name."""
        return {name: sum(_cpu(process) for process in group) for name, group in self.processes.items()}

    async def _weigh(self, instance: str, series: Series) -> None:
        """Events, bytes and rows of one instance and of those that it called or started under its own id."""
        for suffix in ("", "-pong", "-child", ".*"):
            wanted = f"WorkflowId = '{instance}{suffix}'"
            if suffix == ".*":
                wanted = f"WorkflowId STARTS_WITH '{instance}.'"
            async for found in self.plain.list_workflows(wanted):
                description = await self.plain.get_workflow_handle(found.id).describe()
                series.events += description.history_length
                series.bytes += description.raw_description.workflow_execution_info.history_size_bytes
        if not series.events:  # visibility lags behind
            description = await self.plain.get_workflow_handle(instance).describe()
            series.events = description.history_length
            series.bytes = description.raw_description.workflow_execution_info.history_size_bytes
        series.rows = await asyncio.to_thread(self._rows, instance)

    def _rows(self, instance: str) -> int:
        """Rows of this instance and those below it, in any table that has a column for it."""
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
                    f'select count(*) from "{table}" where "{column}"::text = %s or "{column}"::text like %s',  # type: ignore[arg-type]  # names from the catalogue
                    (instance, f"{instance}.%"),
                ).fetchone()
                total += found[0] if found else 0
        return total


def _cpu(process: psutil.Process) -> float:
    """With children, living and ended: PostgreSQL has a process for each connection."""
    try:
        times = process.cpu_times()
        total = times.user + times.system + times.children_user + times.children_system
        return total + sum(sum(child.cpu_times()[:2]) for child in process.children(recursive=True))
    except psutil.NoSuchProcess:
        return 0.0


@asynccontextmanager
async def load(stack: Stack, shapes: Iterable[Shape], *, tuned: bool = False) -> AsyncIterator[Load]:
    """The models deployed and the hand-written workers running, `tuned` or with the SDK's defaults."""
    plain = await Client.connect(stack.temporal_address)
    client = await Client.connect(stack.temporal_address, data_converter=data_converter())
    running = Load(stack, plain, client)
    await asyncio.to_thread(running.deploy, shapes)
    children = {role: _start_peer(role, stack, tuned) for role in ("workflows", "jobs")}
    try:
        for child in children.values():
            assert child.stdout is not None
            line = await asyncio.to_thread(child.stdout.readline)
            assert line == "ready\n", f"Expected the peer's worker to be ready but it said {line!r}."
        assert stack.postgres is not None
        running.processes = {
            "server": [psutil.Process(stack.pid("temporal"))],
            "engine worker": [psutil.Process(stack.pid("worker"))],
            "by hand": [psutil.Process(children["workflows"].pid)],
            "job worker": [psutil.Process(children["jobs"].pid)],
            "database": [psutil.Process(stack.pid("postgres"))],
            "API": [psutil.Process(stack.pid("api"))],
        }
        yield running
    finally:
        for child in children.values():
            child.kill()
            child.wait()


def _start_peer(role: str, stack: Stack, tuned: bool) -> subprocess.Popen[str]:
    script = str(Path(__file__).parents[1] / "hand_written.py")
    arguments = [role, stack.temporal_address, stack.database_url, *(["tuned"] if tuned else [])]
    return subprocess.Popen([sys.executable, script, *arguments], stdout=subprocess.PIPE, text=True)
