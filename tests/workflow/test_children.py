"""Call activities as child workflows: variables both ways, errors, cancellation, a change of runs meanwhile."""

from __future__ import annotations

from typing import Any

import pytest
from temporalio import activity
from temporalio.client import Client
from temporalio.exceptions import ApplicationError

from activities.children import ChildActivities
from interpreter.bpmn.builder import Builder, bpmn
from interpreter.commands import CancelInstance, CompleteWait, ResolveIncident, TriggerEvent
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
    client: Client, task_queue: str, *models: Builder, options: dict[str, Any] | None = None, profile: str = "c7"
) -> tuple[Engine, Called]:
    called = Called()
    watching = ChildActivities(None, client)  # type: ignore[arg-type]  # watching needs no database
    engine = Engine(
        client,
        task_queue,
        *(model.xml() for model in models),
        options=options,
        profile=profile,
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
