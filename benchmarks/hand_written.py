"""The peers of the process benchmark: what somebody would write by hand in Temporal for the models in
benchmarks/models.

`recorded` variants also write what happened to the same PostgreSQL: the outcome at the end, and for the human step
the open task as well, since a person has to find it. They use local activities, the cheapest way that Temporal has.

Run as a script, this is a worker process: `python benchmarks/hand_written.py workflows|jobs ADDRESS DATABASE_URL`.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Any

import uvloop
from psycopg_pool import AsyncConnectionPool
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

QUEUE = "bench-hand-written"
JOBS = "ostinato-jobs"
SHORT = timedelta(seconds=30)

TABLES = """
create table if not exists bench_outcome (
  instance text primary key, outcome text not null, variables jsonb, ended timestamptz default now());
create table if not exists bench_task (
  instance text primary key, name text not null, created timestamptz default now(), completed timestamptz);
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
        async with self._pool.connection() as connection:
            await connection.execute(
                "insert into bench_outcome (instance, outcome) values (%s, %s) on conflict do nothing",
                (instance, outcome),
            )

    @activity.defn(name="bench_task")
    async def task(self, instance: str, name: str) -> None:
        async with self._pool.connection() as connection:
            await connection.execute(
                "insert into bench_task (instance, name) values (%s, %s) on conflict do nothing", (instance, name)
            )

    @activity.defn(name="bench_task_done")
    async def task_done(self, instance: str, outcome: str) -> None:
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute("update bench_task set completed = now() where instance = %s", (instance,))
            await connection.execute(
                "insert into bench_outcome (instance, outcome) values (%s, %s) on conflict do nothing",
                (instance, outcome),
            )


async def _record(name: str, *args: str) -> None:
    await workflow.execute_local_activity(name, args=list(args), start_to_close_timeout=SHORT)


@workflow.defn(name="HandService", sandboxed=False)
class HandService:
    """start -> three activities -> condition -> end."""

    @workflow.run
    async def run(self, recorded: bool, total: int) -> str:
        variables = {"total": total}
        for _ in range(3):
            result = await workflow.execute_activity(
                "bench_step", {"variables": variables}, task_queue=JOBS, start_to_close_timeout=SHORT, result_type=dict
            )
            variables.update(result)
        outcome = "big" if variables["total"] >= 3 else "small"
        if recorded:
            await _record("bench_outcome", workflow.info().workflow_id, outcome)
        return outcome


@workflow.defn(name="HandHuman", sandboxed=False)
class HandHuman:
    """start -> a step that somebody completes from outside -> end."""

    def __init__(self) -> None:
        self._completed = False
        self._ready = False
        self._recorded = False

    @workflow.run
    async def run(self, recorded: bool) -> str:
        self._recorded = recorded
        if recorded:
            await _record("bench_task", workflow.info().workflow_id, "approve")
        self._ready = True
        await workflow.wait_condition(lambda: self._completed and workflow.all_handlers_finished())
        return "done"

    @workflow.update
    async def started(self) -> None:
        await workflow.wait_condition(lambda: self._ready)

    @workflow.update
    async def complete(self, variables: dict[str, Any]) -> None:
        if self._recorded:
            await _record("bench_task_done", workflow.info().workflow_id, "done")
        self._completed = True


async def work(role: str, address: str, database_url: str) -> None:
    """Poll until killed."""
    client = await Client.connect(address)
    async with AsyncConnectionPool(
        database_url, min_size=1, max_size=10, open=False, kwargs={"autocommit": True}
    ) as pool:
        async with pool.connection() as connection:
            await connection.execute(TABLES)
        recorder = Recorder(pool)
        if role == "jobs":
            worker = Worker(client, task_queue=JOBS, activities=[bench_step])
        else:
            worker = Worker(
                client,
                task_queue=QUEUE,
                workflows=[HandService, HandHuman],
                activities=[recorder.outcome, recorder.task, recorder.task_done],
                workflow_runner=UnsandboxedWorkflowRunner(),
                max_cached_workflows=1000,
            )
        print("ready", flush=True)
        await worker.run()


if __name__ == "__main__":
    uvloop.run(work(sys.argv[1], sys.argv[2], sys.argv[3]))
