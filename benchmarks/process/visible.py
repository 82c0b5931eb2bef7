"""What a person waits for: from a start over REST until the first task is in the list, and completing it.

The peer starts its workflow by update-with-start and reads its own table: no HTTP, no query language, one column.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from dataclasses import dataclass, field

import httpx
import psycopg

from benchmarks.process.load import Load
from benchmarks.process.shapes import SHAPES

HUMAN = SHAPES["human"]


@dataclass
class Visible:
    """Milliseconds. `retries` are lists that did not have the task yet: 0, or a promise is broken."""

    start_to_task: list[float] = field(default_factory=list)
    complete: list[float] = field(default_factory=list)
    by_hand: list[float] = field(default_factory=list)
    retries: int = 0
    cpu: dict[str, float] = field(default_factory=dict)


async def measure_visible(load: Load, count: int, concurrency: int) -> Visible:
    """`count` instances with `concurrency` callers, each way in turn."""
    seen = Visible()
    gate = asyncio.Semaphore(concurrency)
    key = load.definition_key(HUMAN)
    async with (
        httpx.AsyncClient(base_url=load.stack.engine_url, timeout=30) as http,
        await psycopg.AsyncConnection.connect(load.stack.database_url, autocommit=True) as connection,
    ):

        async def over_rest(counted: bool) -> None:
            async with gate:
                began = time.perf_counter()
                started = await http.post(f"process-definition/key/{key}/start", json={})
                started.raise_for_status()
                instance = started.json()["id"]
                while True:
                    tasks = (await http.get("task", params={"processInstanceId": instance})).json()
                    if tasks:
                        break
                    seen.retries += 1
                found = time.perf_counter()
                done = await http.post(f"task/{tasks[0]['id']}/complete", json={})
                done.raise_for_status()
                if counted:
                    seen.start_to_task.append(1000 * (found - began))
                    seen.complete.append(1000 * (time.perf_counter() - found))

        async def by_hand() -> None:
            async with gate:
                instance = f"visible-{uuid.uuid4().hex}"
                began = time.perf_counter()
                await load.start_human_by_hand(HUMAN, instance, "outcome")
                row = await (
                    await connection.execute("select name from bench_task where instance = %s", (instance,))
                ).fetchone()
                seen.by_hand.append(1000 * (time.perf_counter() - began))
                assert row is not None
                await load.plain.get_workflow_handle(instance).execute_update("complete", {"ok": True})

        await asyncio.gather(*(over_rest(counted=False) for _ in range(concurrency)))
        before = load.spent()
        await asyncio.gather(*(over_rest(counted=True) for _ in range(count)))
        nodes = count * HUMAN.nodes
        seen.cpu = {name: 1000 * (seconds - before[name]) / nodes for name, seconds in load.spent().items()}
        await asyncio.gather(*(by_hand() for _ in range(count)))
    return seen
