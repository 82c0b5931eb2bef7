"""The peers of the process benchmarks: what somebody would write by hand in Temporal for `benchmarks/process/shapes`.

Each workflow's first argument says what it keeps in the same PostgreSQL (`Keeps`): nothing; the outcome at its end, and
for the human step the open task as well, since a person has to find it; or what the engine keeps too: besides the
outcome every step with its times, and the variables. They use local activities, the cheapest way that Temporal has, and
as few of them as they can.

Run as a script, this is a worker process: `python benchmarks/hand_written.py workflows|jobs ADDRESS DATABASE_URL`. It
uses Temporal's SDK with its defaults; with `tuned` as a fourth argument it talks to Temporal as the engine's worker
does: without compression, and with as many requests for workflow tasks (`worker.main`).
"""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta
from typing import Any, Literal

import uvloop
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.service import GrpcCompression
from temporalio.worker import PollerBehaviorSimpleMaximum, UnsandboxedWorkflowRunner, Worker
from temporalio.workflow import ParentClosePolicy

QUEUE = "bench-hand-written"
JOBS = "ostinato-jobs"
BRANCHES = 100
SHORT = timedelta(seconds=30)

Keeps = Literal["nothing", "outcome", "history"]

TABLES = """
create table if not exists bench_outcome (
  instance text primary key, outcome text not null, variables jsonb, ended timestamptz default now());
create table if not exists bench_task (
  instance text primary key, name text not null, created timestamptz default now(), completed timestamptz);
create table if not exists bench_history (
  instance text, number int, step text not null, began timestamptz not null, ended timestamptz not null,
  primary key (instance, number));
"""


@activity.defn(name="bench_step")
async def bench_step(job: dict[str, Any]) -> dict[str, Any]:
    """Count one up: `total` of the job's variables."""
    return {"total": job["variables"].get("total", 0) + 1}


class Recorder:
    """Local activities that write to the database."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    @activity.defn(name="bench_outcome")
    async def outcome(self, instance: str, outcome: str) -> None:
        """The end of an instance."""
        async with self._pool.connection() as connection:
            await connection.execute(
                "insert into bench_outcome (instance, outcome) values (%s, %s) on conflict do nothing",
                (instance, outcome),
            )

    @activity.defn(name="bench_history")
    async def history(self, instance: str, outcome: str, kept: dict[str, Any]) -> None:
        """The end of an instance, its variables, and its steps: name, begin, end (seconds since 1970)."""
        steps = [(instance, number, *step) for number, step in enumerate(kept["steps"])]
        async with self._pool.connection() as connection, connection.transaction(), connection.cursor() as cursor:
            await cursor.execute("update bench_task set completed = now() where instance = %s", (instance,))
            await cursor.execute(
                "insert into bench_outcome (instance, outcome, variables) values (%s, %s, %s) on conflict do nothing",
                (instance, outcome, Jsonb(kept["variables"])),
            )
            await cursor.executemany(
                "insert into bench_history (instance, number, step, began, ended) "
                "values (%s, %s, %s, to_timestamp(%s), to_timestamp(%s)) on conflict do nothing",
                steps,
            )

    @activity.defn(name="bench_task")
    async def task(self, instance: str, name: str) -> None:
        """A task that a person must find."""
        async with self._pool.connection() as connection:
            await connection.execute(
                "insert into bench_task (instance, name) values (%s, %s) on conflict do nothing", (instance, name)
            )

    @activity.defn(name="bench_task_done")
    async def task_done(self, instance: str, outcome: str) -> None:
        """The end of that task and of its instance."""
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute("update bench_task set completed = now() where instance = %s", (instance,))
            await connection.execute(
                "insert into bench_outcome (instance, outcome) values (%s, %s) on conflict do nothing",
                (instance, outcome),
            )


async def _record(name: str, *args: Any) -> None:
    await workflow.execute_local_activity(name, args=list(args), start_to_close_timeout=SHORT)


class Job:
    """What the steps of one instance have in common: the variables, and what is to be kept of each step."""

    def __init__(self, keeps: Keeps) -> None:
        self.keeps = keeps
        self.variables = {"total": 0}
        self._steps: list[tuple[str, float, float]] = []

    async def step(self, name: str) -> None:
        began = workflow.time() if self.keeps == "history" else 0.0
        result = await workflow.execute_activity(
            "bench_step",
            {"variables": self.variables},
            task_queue=JOBS,
            start_to_close_timeout=SHORT,
            result_type=dict,
        )
        self.variables.update(result)
        self.note(name, began)

    def note(self, name: str, began: float) -> None:
        """A step is over."""
        if self.keeps == "history":
            self._steps.append((name, began, workflow.time()))

    async def steps(self, *names: str) -> None:
        for name in names:
            await self.step(name)

    async def finish(self, outcome: str) -> str:
        instance = workflow.info().workflow_id
        if self.keeps == "outcome":
            await _record("bench_outcome", instance, outcome)
        elif self.keeps == "history":
            await _record("bench_history", instance, outcome, {"steps": self._steps, "variables": self.variables})
        return outcome


@workflow.defn(name="HandSteps", sandboxed=False)
class HandSteps:
    """start -> activity -> end."""

    @workflow.run
    async def run(self, keeps: Keeps) -> str:
        job = Job(keeps)
        await job.step("work")
        return await job.finish("done")


@workflow.defn(name="HandService", sandboxed=False)
class HandService:
    """start -> three activities -> condition -> end."""

    @workflow.run
    async def run(self, keeps: Keeps) -> str:
        job = Job(keeps)
        await job.steps("first", "second", "third")
        return await job.finish("big" if job.variables["total"] >= 3 else "small")


@workflow.defn(name="HandTen", sandboxed=False)
class HandTen:
    """Ten activities: two, one of two ways, two branches of two, three."""

    @workflow.run
    async def run(self, keeps: Keeps) -> str:
        job = Job(keeps)
        await job.steps("receive", "check")
        await job.step("assess" if job.variables["total"] >= 2 else "wave_through")
        await asyncio.gather(job.steps("pick", "pack"), job.steps("bill", "book"))
        await job.steps("ship", "notify", "archive")
        return await job.finish("done")


@workflow.defn(name="HandHuman", sandboxed=False)
class HandHuman:
    """start -> a step that somebody completes from outside -> end."""

    def __init__(self) -> None:
        self._completed = False
        self._ready = False
        self._job = Job("nothing")
        self._began = 0.0

    @workflow.run
    async def run(self, keeps: Keeps) -> str:
        self._job, self._began = Job(keeps), workflow.time()
        if keeps != "nothing":
            await _record("bench_task", workflow.info().workflow_id, "approve")
        self._ready = True
        await workflow.wait_condition(lambda: self._completed and workflow.all_handlers_finished())
        return "done"

    @workflow.update
    async def started(self) -> None:
        """Answers when the task can be found."""
        await workflow.wait_condition(lambda: self._ready)

    @workflow.update
    async def complete(self, variables: dict[str, Any]) -> None:
        """What the person does."""
        if self._job.keeps == "outcome":
            await _record("bench_task_done", workflow.info().workflow_id, "done")
        elif self._job.keeps == "history":
            self._job.variables |= variables
            self._job.note("approve", self._began)
            await self._job.finish("done")
        self._completed = True


@workflow.defn(name="HandPing", sandboxed=False)
class HandPing:
    """Starts its partner, waits for the partner's signal."""

    def __init__(self) -> None:
        self._answered = False

    @workflow.run
    async def run(self, keeps: Keeps) -> str:
        me = workflow.info().workflow_id
        await workflow.start_child_workflow(
            "HandPong",
            args=[keeps, me],
            id=f"{me}-pong",
            parent_close_policy=ParentClosePolicy.ABANDON,
        )
        await workflow.wait_condition(lambda: self._answered)
        return await Job(keeps).finish("done")

    @workflow.signal
    def pong(self) -> None:
        """The partner's answer."""
        self._answered = True


@workflow.defn(name="HandPong", sandboxed=False)
class HandPong:
    """Signals its partner."""

    @workflow.run
    async def run(self, keeps: Keeps, partner: str) -> str:
        await workflow.get_external_workflow_handle(partner).signal("pong")
        return await Job(keeps).finish("done")


@workflow.defn(name="HandMany", sandboxed=False)
class HandMany:
    """start -> a hundred activities at once -> end."""

    @workflow.run
    async def run(self, keeps: Keeps) -> str:
        job = Job(keeps)
        await asyncio.gather(*(job.step("work") for _ in range(BRANCHES)))
        return await job.finish("done")


@workflow.defn(name="HandCaller", sandboxed=False)
class HandCaller:
    """start -> child workflow with one activity -> end."""

    @workflow.run
    async def run(self, keeps: Keeps) -> str:
        await workflow.execute_child_workflow("HandSteps", keeps, id=f"{workflow.info().workflow_id}-child")
        return await Job(keeps).finish("done")


async def work(role: str, address: str, database_url: str, tuned: bool) -> None:
    """Poll until killed."""
    client = await Client.connect(address, **({"grpc_compression": GrpcCompression.NONE} if tuned else {}))
    async with AsyncConnectionPool[AsyncConnection[TupleRow]](
        database_url, min_size=1, max_size=10, open=False, kwargs={"autocommit": True}
    ) as pool:
        async with pool.connection() as connection:
            await connection.execute("select pg_advisory_lock(4711)")  # "if not exists" is no protection from a race
            await connection.execute(TABLES)
            await connection.execute("select pg_advisory_unlock(4711)")
        recorder = Recorder(pool)
        if role == "jobs":
            worker = Worker(client, task_queue=JOBS, activities=[bench_step])
        else:
            polls: dict[str, Any] = {
                "workflow_task_poller_behavior": PollerBehaviorSimpleMaximum(10),
                "nonsticky_to_sticky_poll_ratio": 0.5,
            }
            worker = Worker(
                client,
                task_queue=QUEUE,
                workflows=[HandSteps, HandService, HandTen, HandHuman, HandPing, HandPong, HandMany, HandCaller],
                activities=[recorder.outcome, recorder.history, recorder.task, recorder.task_done],
                workflow_runner=UnsandboxedWorkflowRunner(),
                max_cached_workflows=1000,
                **(polls if tuned else {}),
            )
        print("ready", flush=True)
        await worker.run()


if __name__ == "__main__":
    uvloop.run(work(sys.argv[1], sys.argv[2], sys.argv[3], "tuned" in sys.argv[4:]))
