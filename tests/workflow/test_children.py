"""Call activities as child workflows: variables both ways, errors, cancellation, a change of runs meanwhile."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from temporalio import activity
from temporalio.client import Client
from temporalio.exceptions import ApplicationError

from activities.children import ChildActivities
from interpreter.bpmn.builder import Builder, bpmn
from interpreter.commands import (
    CancelInstance,
    CompleteWait,
    ResolveIncident,
    ResumeInstance,
    SetVariables,
    SuspendInstance,
    TriggerEvent,
)
from interpreter.ids import child_instance_id
from interpreter.workflow import contract
from interpreter.workflow.contract import ProcessInput
from tests.workflow.engine import Engine


class Called:
    """Resolves the definitions of an `Engine` by process id; those in `missing` are not there yet."""

    def __init__(self) -> None:
        self.engine: Engine | None = None
        self.missing: set[str] = set()
        self.calls: list[tuple[str, str | None]] = []

    @activity.defn(name=contract.ACTIVITY_RESOLVE_CHILD)
    async def resolve(self, call: dict[str, Any]) -> Any:
        assert self.engine is not None
        if call["process_id"] in self.missing:
            raise ApplicationError(f"no process {call['process_id']}", non_retryable=True)
        self.calls.append((call["binding"], call["version"]))
        definition = self.engine.definitions[call["process_id"]]
        return ProcessInput(definition.hash, f"{definition.process_id}:1:x").to_json()


def _engine(
    client: Client,
    task_queue: str,
    *models: Builder,
    options: dict[str, Any] | None = None,
    profile: str = "c7",
    one_by_one: bool = False,
) -> tuple[Engine, Called]:
    called = Called()
    watching = ChildActivities(None, client)  # type: ignore[arg-type]  # watching needs no database
    engine = Engine(
        client,
        task_queue,
        *(model.xml() for model in models),
        options=options,
        profile=profile,
        one_by_one=one_by_one,
        activities=(called.resolve, watching.watch),
    )
    called.engine = engine
    return engine, called


PARENT = (
    bpmn("parent")
    .start()
    .call_activity("call", "child", ins={"order": "number"}, outs={"answer": "reply"})
    .end("done")
    .boundary("failed", on="call", error="NO_STOCK")
    .end("unhappy")
)


async def test_variables_go_in_and_come_back(temporal_client: Client, task_queue: str) -> None:
    child = bpmn("child").start().script_task("work", "= number + 1", attrs={"camunda:resultVariable": "answer"}).end()
    engine, _ = _engine(temporal_client, task_queue, PARENT, child)
    async with engine:
        instance = await engine.start("parent", variables={"order": 41, "secret": 1})
        assert await engine.result(instance) == {"outcome": "completed"}
        assert engine.read_model.variables(instance)["reply"] == 42
        assert engine.read_model.path(instance)[-1] == "done"
        (started,) = [
            event
            for events in engine.read_model.events.values()
            for event in events
            if event["t"] == "InstanceStarted" and event["process_id"] == "child"
        ]
        assert started["parent_id"] == instance
        assert "secret" not in engine.read_model.variables(started["instance_id"])


async def test_an_error_of_the_child_is_caught_by_the_parent(temporal_client: Client, task_queue: str) -> None:
    child = bpmn("child").start().end("broken", error="NO_STOCK")
    engine, _ = _engine(temporal_client, task_queue, PARENT, child)
    async with engine:
        instance = await engine.start("parent", variables={"order": 1})
        await engine.result(instance)
        assert engine.read_model.path(instance)[-1] == "unhappy"


async def test_cancelling_the_parent_cancels_the_child(temporal_client: Client, task_queue: str) -> None:
    child = bpmn("child").start().user_task("think").end()
    engine, _ = _engine(temporal_client, task_queue, PARENT, child)
    async with engine:
        instance = await engine.start("parent", variables={"order": 1})
        child_id = child_instance_id(instance, engine.wait(instance, "call"))
        await engine.until(lambda: engine.read_model.open_waits(child_id))
        await engine.execute(instance, CancelInstance(now=0))
        await engine.until(lambda: engine.read_model.ended(child_id) is not None)
        assert engine.read_model.ended(child_id) == "cancelled"


async def test_the_parent_changes_runs_while_the_child_works(temporal_client: Client, task_queue: str) -> None:
    child = bpmn("child").start().user_task("think").end()
    engine, _ = _engine(temporal_client, task_queue, PARENT, child, options={"new_run_at_every_rest": True})
    async with engine:
        instance = await engine.start("parent", variables={"order": 1})
        child_id = child_instance_id(instance, engine.wait(instance, "call"))
        await engine.until(lambda: engine.read_model.open_waits(child_id))
        await engine.execute(
            child_id, CompleteWait(now=0, wait=engine.wait(child_id, "think"), variables={"answer": 7})
        )
        assert await engine.result(instance) == {"outcome": "completed"}
        assert engine.read_model.variables(instance)["reply"] == 7


async def test_a_missing_definition_is_an_incident_and_can_be_retried(temporal_client: Client, task_queue: str) -> None:
    child = bpmn("child").start().end()
    engine, called = _engine(temporal_client, task_queue, PARENT, child)
    called.missing.add("child")
    async with engine:
        instance = await engine.start("parent", variables={"order": 1})
        await engine.until(lambda: engine.read_model.named(instance, "IncidentRaised"))
        (incident,) = engine.read_model.named(instance, "IncidentRaised")
        assert "no process child" in incident["message"]
        called.missing.clear()
        await engine.execute(instance, ResolveIncident(now=0, incident=incident["key"]))
        assert await engine.result(instance) == {"outcome": "completed"}


@pytest.mark.parametrize("options", [{}, {"new_run_at_every_rest": True}], ids=["one_run", "many_runs"])
async def test_a_child_that_is_just_being_started_is_cancelled(
    temporal_client: Client, task_queue: str, options: dict[str, Any]
) -> None:
    parent = bpmn("parent").start().call_activity("call", "child").end("done")
    parent.boundary("stop", on="call", message="stop").end("stopped")
    child = bpmn("child").start().user_task("think").end()
    engine, _ = _engine(temporal_client, task_queue, parent, child, options=options)
    async with engine:
        instance = await engine.start("parent")
        child_id = child_instance_id(instance, engine.wait(instance, "call"))
        await engine.execute(instance, TriggerEvent(now=0, wait=engine.wait(instance, "stop", "MessageWait")))
        await engine.until(lambda: engine.read_model.ended(child_id) == "cancelled")
        assert engine.read_model.path(instance)[-1] == "stopped"
        assert await engine.result(instance) == {"outcome": "completed"}


async def test_what_a_called_instance_did_is_undone(temporal_client: Client, task_queue: str) -> None:
    """Compensation goes into the completed child: an instance of the same definition does the undoing."""
    parent = bpmn("parent").start().call_activity("call", "child").throw("regret", compensation=True).end("done")
    child = (
        bpmn("child")
        .start()
        .task("book")
        .boundary("undo", on="book", compensation=True)
        .handler("user_task", "cancel_booking")
        .end()
    )
    engine, called = _engine(temporal_client, task_queue, parent, child, profile="spec")
    async with engine:
        instance = await engine.start("parent")

        def undoing() -> list[str]:
            return [i for i in engine.read_model.events if i != instance and engine.read_model.open_waits(i)]

        await engine.until(undoing)
        (undoer,) = undoing()
        await engine.execute(undoer, CompleteWait(now=0, wait=engine.wait(undoer, "cancel_booking")))
        assert await engine.result(instance) == {"outcome": "completed"}
        assert engine.read_model.path(instance)[-1] == "done"
        assert called.calls == [("latest", None), ("definition", "child:1:x")]


async def test_a_child_is_not_started_again_when_a_new_run_begins_with_being_resumed(
    temporal_client: Client, task_queue: str
) -> None:
    """The update arrives while the task of the earlier run is on its way: it comes with the first one of the new run,
    before that run knows what it has to watch."""
    child, other = bpmn("child").start().user_task("think").end(), bpmn("other").start().user_task("wait").end()
    many_runs = {"new_run_at_every_rest": True}
    engine, called = _engine(temporal_client, task_queue, PARENT, child, other, options=many_runs, one_by_one=True)
    async with engine:
        instance = await engine.start("parent", variables={"order": 1})
        child_id = child_instance_id(instance, engine.wait(instance, "call"))
        await engine.until(lambda: engine.read_model.open_waits(child_id))
        calls: list[asyncio.Future[Any]] = []

        async def in_between(batch: dict[str, Any]) -> None:
            """While the suspension is written another instance comes into the queue, before the new run; while that
            one is written the new run is still in the queue, and is resumed."""
            told = {event["t"] for step in batch["steps"] for event in step["events"]}
            if "InstanceSuspended" in told:
                calls.append(asyncio.ensure_future(engine.start("other", instance_id=f"{instance}-other")))
                await asyncio.sleep(0.5)
            elif batch["instance_id"] == f"{instance}-other" and len(calls) == 1:
                calls.append(asyncio.ensure_future(engine.execute(instance, ResumeInstance(now=0))))
                await asyncio.sleep(0.5)

        engine.read_model.before_answer = in_between
        await engine.execute(instance, SuspendInstance(now=0))
        await engine.until(lambda: engine.read_model.named(instance, "InstanceResumed"))
        await asyncio.gather(*calls)
        assert len(called.calls) == 2, "expected that the new run began with the update: otherwise this tests nothing"
        assert engine.read_model.named(instance, "IncidentRaised") == []
        await engine.execute(
            child_id, CompleteWait(now=0, wait=engine.wait(child_id, "think"), variables={"answer": 7})
        )
        assert await engine.result(instance) == {"outcome": "completed"}
        assert engine.read_model.variables(instance)["reply"] == 7


@pytest.mark.parametrize("options", [{}, {"new_run_at_every_rest": True}], ids=["one_run", "many_runs"])
async def test_a_child_whose_data_cannot_be_taken_is_not_started_again(
    temporal_client: Client, task_queue: str, options: dict[str, Any]
) -> None:
    parent = bpmn("parent").start().call_activity("call", "child", outs={"${answer.missing.deeper}": "x"}).end()
    child = bpmn("child").start().user_task("think").end()
    engine, _ = _engine(temporal_client, task_queue, parent, child, options=options)
    async with engine:
        instance = await engine.start("parent")
        wait = engine.wait(instance, "call")
        child_id = child_instance_id(instance, wait)
        await engine.until(lambda: engine.read_model.open_waits(child_id))
        await engine.execute(
            child_id, CompleteWait(now=0, wait=engine.wait(child_id, "think"), variables={"answer": 1})
        )
        for number in range(1, 4):
            await engine.until(lambda n=number: len(engine.read_model.named(instance, "IncidentRaised")) == n)
            incident = engine.read_model.named(instance, "IncidentRaised")[-1]
            assert incident["wait"] == wait
            await engine.execute(instance, SetVariables(now=0, variables={"n": number}))
            assert len(engine.read_model.named(instance, "IncidentRaised")) == number
            await engine.execute(instance, ResolveIncident(now=0, incident=incident["key"]))
        assert engine.read_model.ended(child_id) == "completed"
        assert len(engine.read_model.named(child_id, "InstanceEnded")) == 1
        await engine.execute(instance, CancelInstance(now=0))
        await engine.result(instance)


@pytest.mark.parametrize("options", [{}, {"new_run_at_every_rest": True}], ids=["one_run", "many_runs"])
async def test_a_suspended_caller_takes_what_its_child_brought_when_it_is_resumed(
    temporal_client: Client, task_queue: str, options: dict[str, Any]
) -> None:
    child = bpmn("child").start().user_task("think").end()
    engine, _ = _engine(temporal_client, task_queue, PARENT, child, options=options)
    async with engine:
        instance = await engine.start("parent", variables={"order": 1})
        child_id = child_instance_id(instance, engine.wait(instance, "call"))
        await engine.until(lambda: engine.read_model.open_waits(child_id))
        await engine.execute(instance, SuspendInstance(now=0))
        think = CompleteWait(now=0, wait=engine.wait(child_id, "think"), variables={"answer": 7})
        await engine.execute(child_id, think)
        await engine.result(child_id)
        for number in range(3):  # with a new run after each
            await engine.execute(instance, SetVariables(now=0, variables={"n": number}))
        assert "call" not in engine.read_model.path(instance)
        await engine.execute(instance, ResumeInstance(now=0))
        assert await engine.result(instance) == {"outcome": "completed"}
        assert engine.read_model.variables(instance)["reply"] == 7
        assert engine.read_model.path(instance)[-2:] == ["call", "done"]
