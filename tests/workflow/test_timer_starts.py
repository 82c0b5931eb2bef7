"""Timer start events: instances at the right instants, once each, and only of the latest definition."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities import timer_starts
from activities.timer_starts import TimerStartActivities, arm
from interpreter.bpmn.builder import Builder, bpmn
from interpreter.bpmn.compile import compile_all
from interpreter.bpmn.document import parse_bpmn
from interpreter.bpmn.parts import timer
from interpreter.workflow.contract import ProcessInput
from interpreter.workflow.timer_start import TimerStart, first_due
from store import deployments
from store.database import Database
from store.new_definitions import from_definition


async def _deploy(database: Database, model: Builder) -> str:
    (definition,) = compile_all(parse_bpmn(model.xml()), "c7")
    made = await deployments.create(
        database,
        name="p",
        resources=[deployments.NewResource("p.bpmn", model.xml())],
        processes=[from_definition(definition, "p.bpmn")],
        now=datetime.now(UTC),
    )
    return made.process_definitions[0].id


async def test_a_cycle_starts_instances_until_it_is_over_or_replaced(
    temporal_client: Client, task_queue: str, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[tuple[str, str]] = []

    async def start_only(client: Client, instance_id: str, request: ProcessInput, **options: object) -> None:
        started.append((request.definition_id, instance_id))

    monkeypatch.setattr(timer_starts.process, "start_only", start_only)
    async with Database(database_url) as database:
        activities = TimerStartActivities(database, temporal_client, task_queue)
        worker = Worker(
            temporal_client,
            task_queue=task_queue,
            workflows=[TimerStart],
            activities=[activities.start],
            workflow_runner=UnsandboxedWorkflowRunner(),
        )
        async with worker:
            first = await _deploy(database, bpmn("p").start("s", timer=timer(cycle="R3/PT0.3S")).end())
            assert await arm(database, temporal_client, task_queue) == 1
            assert await arm(database, temporal_client, task_queue) == 0, "what is there is left alone"
            handle = temporal_client.get_workflow_handle(f"timer-start:{first}:s")
            assert await handle.result() == "the cycle is over"
            assert [definition for definition, _ in started] == [first] * 3
            assert len({instance for _, instance in started}) == 3

            second = await _deploy(database, bpmn("p").start("s", timer=timer(cycle="R/PT0.3S")).task("x").end())
            await arm(database, temporal_client, task_queue)
            third = await _deploy(database, bpmn("p").start("s", timer=timer(duration="PT0.2S")).task("y").end())
            await arm(database, temporal_client, task_queue)
            ended = await temporal_client.get_workflow_handle(f"timer-start:{second}:s").result()
            assert ended == "the definition is no longer the latest"
            await temporal_client.get_workflow_handle(f"timer-start:{third}:s").result()
            assert started[-1][0] == third
            await asyncio.sleep(0)


def test_instants() -> None:
    now = 1_700_000_000_000
    assert first_due("timeDuration", "PT10S", now) == (now + 10_000, 0)
    assert first_due("timeDate", "2030-01-01T00:00:00Z", now) == (1_893_456_000_000, 0)
    assert first_due("timeCycle", "R2/PT1H", now) == (now + 3_600_000, 1)
    assert first_due("timeCycle", "0 0 0 1 1 ?", now) is not None
