"""Migrating and modifying hundreds of instances as batches: paused and resumed on the way, with worker and API killed
in the middle. Every instance is moved, none twice."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from interpreter.bpmn.builder import Builder, bpmn
from ostinato.dev.stack import Stack
from store.audit import audit
from store.database import Database

pytestmark = pytest.mark.e2e

KEY = "moved"
PATIENCE = 240.0


class Operator:
    """A client that asks again while a part of the stack is away. Only for calls that may be repeated, or that must
    succeed at once (`patient=False`)."""

    def __init__(self, url: str) -> None:
        self._http = httpx.AsyncClient(base_url=url, timeout=60)

    async def __aenter__(self) -> Operator:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._http.aclose()

    async def ask(self, method: str, path: str, *, patient: bool = True, **options: Any) -> Any:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                response = await self._http.request(method, path, **options)
            except httpx.TransportError:
                if not patient or time.monotonic() > deadline:
                    raise
            else:
                if response.is_success:
                    return response.json() if response.content else None
                if not patient or response.status_code != 503 or time.monotonic() > deadline:
                    raise AssertionError(f"{method} {path}: {response.status_code} {response.text[:400]}")
            await asyncio.sleep(0.2)

    async def get(self, path: str, **params: Any) -> Any:
        return await self.ask("GET", path, params=params)

    async def deploy(self, model: Builder) -> str:
        await self.ask("POST", "/deployment/create", files={"data": (f"{KEY}.bpmn", model.xml())}, patient=False)
        return (await self.get(f"/process-definition/key/{KEY}"))["id"]

    async def start(self, definition: str, number: int) -> list[str]:
        limit = asyncio.Semaphore(16)

        async def one(index: int) -> str:
            async with limit:
                body = {"businessKey": str(index), "variables": {"number": {"value": index}}}
                return (await self.ask("POST", f"/process-definition/{definition}/start", json=body))["id"]

        return list(await asyncio.gather(*(one(index) for index in range(number))))

    async def progress(self, batch: str, reached: Callable[[Any], bool]) -> Any:
        """The statistics of a batch when they are so; after its end those of its history."""
        deadline = time.monotonic() + PATIENCE
        rows: list[Any] = []
        while time.monotonic() < deadline:
            rows = await self.get("/batch/statistics", batchId=batch)
            if not rows:
                ended = await self.get(f"/history/batch/{batch}")
                return {"completedJobs": ended["totalJobs"], "failedJobs": 0, "remainingJobs": 0, "ended": True}
            if reached(rows[0]):
                return rows[0]
            await asyncio.sleep(0.1)
        raise AssertionError(f"batch {batch} stands still: {rows}")


def first() -> Builder:
    return bpmn(KEY).start().user_task("a").end()


def second() -> Builder:
    return bpmn(KEY).start().user_task("a").boundary("late", timer="P1D").end().at("a").user_task("b").end()


async def move(stack: Stack, number: int, *, kills: bool) -> dict[str, float]:
    """Migrate and modify so many instances; seconds for each part."""
    figures: dict[str, float] = {}
    async with Operator(stack.engine_url) as operator, Database(stack.database_url) as database:
        source = await operator.deploy(first())
        began = time.perf_counter()
        instances = await operator.start(source, number)
        figures["start"] = time.perf_counter() - began
        target = await operator.deploy(second())
        plan = await operator.ask(
            "POST",
            "/migration/generate",
            json={"sourceProcessDefinitionId": source, "targetProcessDefinitionId": target},
        )
        began = time.perf_counter()
        migration = await operator.ask(
            "POST",
            "/migration/executeAsync",
            json={"migrationPlan": plan, "processInstanceQuery": {"processDefinitionId": source}},
            patient=False,
        )
        assert migration["totalJobs"] == number
        await interrupt(stack, operator, migration["id"], number, kills=kills)
        figures["migrate"] = time.perf_counter() - began
        began = time.perf_counter()
        modification = await operator.ask(
            "POST",
            "/modification/executeAsync",
            json={
                "processDefinitionId": target,
                "processInstanceIds": instances,
                "instructions": [
                    {"type": "cancel", "activityId": "a"},
                    {"type": "startBeforeActivity", "activityId": "b"},
                ],
            },
            patient=False,
        )
        await interrupt(stack, operator, modification["id"], number, kills=kills)
        figures["modify"] = time.perf_counter() - began
        rows = await database.fetch(
            "SELECT p.id, p.definition_id, count(*) FILTER (WHERE e.type = 'InstanceMigrated') AS migrated, "
            "count(*) FILTER (WHERE e.type = 'ElementActivated' AND e.event ->> 'node' = 'b') AS modified, "
            "count(*) FILTER (WHERE e.type = 'ElementTerminated' AND e.event ->> 'node' = 'a') AS cancelled "
            "FROM process_instance p JOIN logged_event e ON e.instance_id = p.id WHERE p.id = ANY(%s) GROUP BY p.id",
            (instances,),
        )
        wrong = [
            row
            for row in rows
            if (row["definition_id"], row["migrated"], row["modified"], row["cancelled"]) != (target, 1, 1, 1)
        ]
        assert wrong == [], f"{len(wrong)} of {number} were not moved exactly once"
        assert len(rows) == number
        tasks = await operator.get("/task", processDefinitionId=target, maxResults=number + 1)
        assert sorted(task["processInstanceId"] for task in tasks) == sorted(instances)
        assert {task["taskDefinitionKey"] for task in tasks} == {"b"}
        if kills:
            await finish(operator, tasks)
            for one in instances:
                assert (await operator.get(f"/history/process-instance/{one}"))["state"] == "COMPLETED"
        assert [str(difference) for difference in await audit(database, instances)] == []
    return figures


async def interrupt(stack: Stack, operator: Operator, batch: str, number: int, *, kills: bool) -> None:
    """Pause the batch on the way and let it go on; with `kills`, end the worker while it rests, and both while it
    does not."""
    await operator.progress(batch, lambda row: row["completedJobs"] >= number // 5)
    await operator.ask("PUT", f"/batch/{batch}/suspended", json={"suspended": True})
    await asyncio.sleep(2)  # what was under way ends
    (paused,) = await operator.get("/batch/statistics", batchId=batch)
    assert paused["suspended"] is True
    if kills:
        await asyncio.to_thread(stack.kill, "worker")
        await asyncio.to_thread(stack.start, "worker")
    await asyncio.sleep(1)
    (still,) = await operator.get("/batch/statistics", batchId=batch)
    assert still["completedJobs"] == paused["completedJobs"] < number, "a paused batch does nothing"
    await operator.ask("PUT", f"/batch/{batch}/suspended", json={"suspended": False})
    if kills:
        await operator.progress(batch, lambda row: row["completedJobs"] >= number // 2)
        for part in ("worker", "api"):
            await asyncio.to_thread(stack.kill, part)
            await asyncio.to_thread(stack.start, part)
    done = await operator.progress(batch, lambda row: row["remainingJobs"] == row["failedJobs"])
    assert done["failedJobs"] == 0, done


async def finish(operator: Operator, tasks: list[Any]) -> None:
    limit = asyncio.Semaphore(8)

    async def one(task: Any) -> None:
        async with limit:
            await operator.ask("POST", f"/task/{task['id']}/complete", json={}, patient=False)

    await asyncio.gather(*(one(task) for task in tasks))


@pytest.mark.timeout(600)
async def test_hundreds_are_moved_while_parts_die(stack: Stack) -> None:
    print("seconds:", await move(stack, 300, kills=True))


@pytest.mark.slow
@pytest.mark.timeout(1800)
async def test_thousands_are_moved(stack: Stack) -> None:
    number = 3_000
    figures = await move(stack, number, kills=False)
    print({name: f"{seconds:.1f} s, {number / seconds:.0f} a second" for name, seconds in figures.items()})
