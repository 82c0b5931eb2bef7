"""Long and large instances on the whole stack: what grows stays within Temporal's limits, nothing is lost, and the
figures are printed (run with -s). What lies beyond the limits is refused with a sentence that says the limit."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client as TemporalClient

from interpreter.bpmn.builder import bpmn
from interpreter.bpmn.parts import multi
from ostinato import Client, Worker, task
from ostinato.client import EngineError
from ostinato.dev.stack import Stack
from ostinato.worker import Job
from store.audit import audit
from store.database import Database

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(1700)]

HISTORY_LIMIT = 51_200
"""Temporal ends a workflow whose run has more events."""
JOB = "limits_work"


class Measured:
    """The stack, what it costs, and the books that must agree."""

    def __init__(self, stack: Stack, client: Client, temporal: TemporalClient, database: Database) -> None:
        self.stack, self.client, self.temporal, self.database = stack, client, temporal, database

    async def reckon(self, name: str, instance: str, seconds: float) -> list[int]:
        """Print the figures of an instance; the events of each of its runs."""
        runs = [
            execution.history_length async for execution in self.temporal.list_workflows(f"WorkflowId = '{instance}'")
        ]
        (row,) = await self.database.fetch(
            "SELECT count(*) AS batches, max(last) AS events FROM event_batch WHERE instance_id = %s", (instance,)
        )
        print(
            f"\n{name}: {seconds:.1f} s, {len(runs)} runs with at most {max(runs)} Temporal events ({sum(runs)} in "
            f"all), {row['events']} events of the engine in {row['batches']} batches; worker's peak "
            f"{_peak(self.stack.pid('worker'))} MB, API's {_peak(self.stack.pid('api'))} MB"
        )
        assert max(runs) < HISTORY_LIMIT
        assert await audit(self.database, [instance]) == []
        return runs

    async def completed(self, instance: str, node: str) -> int:
        """How often a node was completed."""
        (row,) = await self.database.fetch(
            "SELECT count(*) AS number FROM activity_instance WHERE instance_id = %s AND node = %s "
            "AND ended_at IS NOT NULL",
            (instance, node),
        )
        return int(row["number"])


def _peak(pid: int | None) -> int:
    text = Path(f"/proc/{pid}/status")
    found = re.search(r"VmHWM:\s+(\d+)", text.read_text()) if text.exists() else None
    return int(found[1]) // 1000 if found else 0


@task(JOB)
async def _work(job: Job) -> None:
    return None


@asynccontextmanager
async def _measured(stack: Stack) -> AsyncIterator[Measured]:
    worker = Worker([_work], temporal=stack.temporal_address, url=stack.engine_url)
    serving = asyncio.create_task(worker.run())
    temporal = await TemporalClient.connect(stack.temporal_address)
    try:
        async with Client(stack.engine_url, timeout=120) as client, Database(stack.database_url) as database:
            yield Measured(stack, client, temporal, database)
    finally:
        worker.stop()
        await asyncio.gather(serving, return_exceptions=True)


@pytest.fixture
def measured(stack: Stack) -> Callable[[], AbstractAsyncContextManager[Measured]]:
    """`async with measured() as m`."""
    return lambda: _measured(stack)


async def _in_parallel(number: int, deed: Callable[[int], Awaitable[Any]], at_once: int = 12) -> None:
    numbers = iter(range(number))

    async def work() -> None:
        for one in numbers:
            await deed(one)

    await asyncio.gather(*(work() for _ in range(at_once)))


async def test_a_hundred_thousand_steps(measured: Any) -> None:
    rounds = 10_000
    model = bpmn("steps").start().exclusive("back").script_task("count", "n + 1", format="feel", result_variable="n")
    for number in range(6):
        model = model.task(f"t{number}")
    model = model.service_task("work", type=JOB).exclusive("again").when(f"= n < {rounds}").to("back")
    model = model.otherwise(at="again").end("done")
    async with measured() as m:
        await m.client.deploy(contents={"steps.bpmn": model.xml()})
        begin = time.monotonic()
        instance = (await m.client.start("steps", {"n": 0})).id
        past = await m.client.wait_ended(instance, timeout=1500)
        seconds = time.monotonic() - begin
        assert past.state == "COMPLETED"
        assert await m.completed(instance, "work") == rounds
        assert await m.completed(instance, "t5") == rounds
        assert (await m.client.past_variables(instance))["n"] == rounds
        runs = await m.reckon(f"{10 * rounds + 2} flow nodes in {rounds} rounds", instance, seconds)
        assert len(runs) > 1


@pytest.mark.parametrize("times", [10_000])
async def test_a_parallel_multi_instance(measured: Any, times: int) -> None:
    model = bpmn("crowd").start().service_task("work", type=JOB, mi=multi(cardinality=str(times))).end("done")
    async with measured() as m:
        await m.client.deploy(contents={"crowd.bpmn": model.xml()})
        begin = time.monotonic()
        instance = (await m.client.start("crowd")).id
        past = await m.client.wait_ended(instance, timeout=1500)
        seconds = time.monotonic() - begin
        assert past.state == "COMPLETED"
        assert await m.completed(instance, "work") == times
        await m.reckon(f"parallel multi-instance of {times} jobs", instance, seconds)


async def test_a_parallel_multi_instance_of_people(measured: Any) -> None:
    """Ten thousand user tasks that are open at once; one in ten is completed, then the whole is cancelled by a
    message."""
    times = 10_000
    model = bpmn("meeting").start().user_task("sign", mi=multi(cardinality=str(times))).end("done")
    model = model.boundary("stop", on="sign", message="enough", interrupting=True).end("stopped")
    async with measured() as m:
        await m.client.deploy(contents={"meeting.bpmn": model.xml()})
        begin = time.monotonic()
        instance = (await m.client.start("meeting")).id
        while (await m.client.request("GET", "/task/count", params={"processInstanceId": instance}))["count"] < times:
            assert time.monotonic() < begin + 600
            await asyncio.sleep(0.5)
        opened = time.monotonic() - begin
        tasks = await m.client.tasks(instance=instance, maxResults=times // 10)
        await _in_parallel(len(tasks), lambda number: m.client.complete(tasks[number].id))
        await m.client.correlate("enough", instance=instance)
        past = await m.client.wait_ended(instance, timeout=600)
        assert past.state == "COMPLETED"
        assert await m.client.tasks(instance=instance) == []
        seconds = time.monotonic() - begin
        await m.reckon(f"{times} user tasks (open after {opened:.1f} s), 1 in 10 completed", instance, seconds)


async def test_five_thousand_messages_to_one_instance(measured: Any) -> None:
    number = 5_000
    model = bpmn("inbox").start().user_task("wait").end("done").event_subprocess("box")
    model = model.start("letter", message="letter", interrupting=False)
    model = model.script_task("count", "n + 1", format="feel", result_variable="n").end("counted").up()
    async with measured() as m:
        await m.client.deploy(contents={"inbox.bpmn": model.xml()})
        instance = (await m.client.start("inbox", {"n": 0})).id
        begin = time.monotonic()
        await _in_parallel(number, lambda _: m.client.correlate("letter", instance=instance))
        assert (await m.client.variables(instance))["n"] == number
        (item,) = await m.client.tasks(instance=instance)
        await m.client.complete(item.id)
        await m.client.wait_ended(instance)
        runs = await m.reckon(f"{number} messages to one instance", instance, time.monotonic() - begin)
        assert len(runs) > 1


async def test_five_thousand_updates_of_one_instance(measured: Any) -> None:
    number = 5_000
    model = bpmn("changed").start().user_task("wait").end("done")
    async with measured() as m:
        await m.client.deploy(contents={"changed.bpmn": model.xml()})
        instance = (await m.client.start("changed")).id
        begin = time.monotonic()
        await _in_parallel(number, lambda one: m.client.set_variables(instance, {f"v{one % 50}": one, "last": one}))
        assert set(await m.client.variables(instance)) == {"last", *(f"v{one}" for one in range(50))}
        (item,) = await m.client.tasks(instance=instance)
        await m.client.complete(item.id)
        await m.client.wait_ended(instance)
        runs = await m.reckon(f"{number} changes of variables", instance, time.monotonic() - begin)
        assert len(runs) > 1


async def test_a_loop_that_is_too_large_becomes_an_incident(measured: Any) -> None:
    model = bpmn("beyond").start().service_task("work", type=JOB, mi=multi(cardinality="= n")).end("done")
    async with measured() as m:
        await m.client.deploy(contents={"beyond.bpmn": model.xml()})
        instance = (await m.client.start("beyond", {"n": 20_001})).id
        (incident,) = await m.client.incidents(processInstanceId=instance)
        print(f"\nbeyond: {incident.incident_message}")
        assert re.search("between 0 and 20000 but it was 20001; divide it", str(incident.incident_message))
        await m.client.set_variables(instance, {"n": 3})
        await m.client.retry(incident)
        assert (await m.client.wait_ended(instance)).state == "COMPLETED"


async def test_a_loop_that_never_waits_becomes_an_incident(measured: Any) -> None:
    model = bpmn("mill").start().exclusive("in").task("turn").exclusive("out").when("= stop = true").end("done")
    model = model.otherwise(at="out").to("in")
    async with measured() as m:
        await m.client.deploy(contents={"mill.bpmn": model.xml()})
        begin = time.monotonic()
        instance = (await m.client.start("mill", {"stop": False})).id
        while not (found := await m.client.incidents(processInstanceId=instance)):
            assert time.monotonic() < begin + 120
            await asyncio.sleep(0.2)
        print(f"\nmill: after {time.monotonic() - begin:.1f} s: {found[0].incident_message}")
        await m.client.set_variables(instance, {"stop": True})
        await m.client.retry(found[0])
        assert (await m.client.wait_ended(instance)).state == "COMPLETED"


async def test_a_variable_that_is_too_large_is_refused(measured: Any) -> None:
    model = bpmn("heavy").start().user_task("wait").end("done")
    async with measured() as m:
        await m.client.deploy(contents={"heavy.bpmn": model.xml()})
        instance = (await m.client.start("heavy")).id
        with pytest.raises(EngineError) as refused:
            await m.client.set_variables(instance, {"rows": ["x" * 1_000] * 15_000})
        print(f"\nheavy: {refused.value}")
        assert refused.value.status in (400, 413)
        assert re.search(r"at most 1\d{7} bytes", str(refused.value))
        assert await m.client.variables(instance) == {}
