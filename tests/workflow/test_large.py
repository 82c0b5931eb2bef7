"""Large and long instances: what grows stays within Temporal's limits, and the errors beyond them say so."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from temporalio.client import Client

from interpreter.bpmn.builder import bpmn
from interpreter.bpmn.parts import multi
from interpreter.commands import CompleteWait, SetVariables
from tests.workflow.engine import Engine

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


async def _nothing(job: dict[str, Any]) -> None:
    return None


async def test_parallel_multi_instance_of_ten_thousand(temporal_client: Client, task_queue: str) -> None:
    model = bpmn("p").start().service_task("work", type="w", mi=multi(cardinality="10000")).end("done").xml()
    async with Engine(temporal_client, task_queue, model, jobs={"w": _nothing}) as engine:
        instance = await engine.start()
        assert await engine.result(instance) == {"outcome": "completed"}
        assert engine.read_model.path(instance).count("work") == 10_001
        assert engine.read_model.path(instance)[-1] == "done"


async def test_a_loop_of_many_steps_changes_runs(temporal_client: Client, task_queue: str) -> None:
    model = (
        bpmn("p")
        .start()
        .script_task("count", "= if n = null then 1 else n + 1", attrs={"camunda:resultVariable": "n"})
        .service_task("work", type="w")
        .exclusive("again")
        .when("= n < 1500")
        .to("count")
        .otherwise()
        .end("done")
        .xml()
    )
    async with Engine(temporal_client, task_queue, model, jobs={"w": _nothing}) as engine:
        instance = await engine.start()
        assert await engine.result(instance) == {"outcome": "completed"}
        assert engine.read_model.path(instance).count("work") == 1_500


async def test_thousands_of_updates_to_one_instance(temporal_client: Client, task_queue: str) -> None:
    model = bpmn("p").start().user_task("a").end().xml()
    async with Engine(temporal_client, task_queue, model) as engine:
        instance = await engine.start()
        numbers = iter(range(5_000))

        async def send() -> None:
            for number in numbers:
                await engine.execute(instance, SetVariables(now=0, variables={"last": number}))

        await asyncio.gather(*(send() for _ in range(12)))
        assert len(engine.read_model.named(instance, "VariableSet")) == 5_000
        answer = await engine.execute(instance, CompleteWait(now=0, wait=engine.wait(instance, "a")))
        assert answer.ended
