"""What an activation did stays what it did, and when: a replay must not see two workflow tasks as one."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.bridge.proto.workflow_commands import WorkflowCommand
from temporalio.client import Client

from interpreter import codec
from interpreter.bpmn.builder import Builder, bpmn
from interpreter.bpmn.compile import compile_all
from interpreter.bpmn.document import parse_bpmn
from interpreter.commands import CompleteWait, StartInstance
from interpreter.workflow import client as process
from interpreter.workflow import contract
from interpreter.workflow.connection import TemporalConnection
from interpreter.workflow.contract import ProcessInput
from interpreter.workflow.traces import leaves_events
from ostinato.dev.temporal import TemporalServer
from store import deployments
from store.database import Database
from store.instances import HISTORIC_PROCESS_INSTANCES
from store.new_definitions import from_definition
from store.tasks import TASKS, TaskRow
from store.variables import HISTORIC_VARIABLES
from tests.workflow.engine import Engine, ReadModel
from worker.main import engine
from worker.settings import WorkerSettings


async def _deploy(database: Database, model: Builder) -> Any:
    (definition,) = compile_all(parse_bpmn(model.xml()), "c7")
    made = await deployments.create(
        database,
        name="p",
        resources=[deployments.NewResource("p.bpmn", model.xml())],
        processes=[from_definition(definition, "p.bpmn")],
        now=datetime.now(UTC),
    )
    return made.process_definitions[0]


async def test_a_first_step_without_commands_is_not_moved_by_a_replay(temporal_client: Client, task_queue: str) -> None:
    """An instance that somebody else started rests at once; a worker without memory is given an update, and cannot
    write quickly. If it took both for one step, it would mark its first flush, where every replay has the second."""
    model = bpmn("p").start().user_task("a").user_task("b").end().xml()
    rows, instance = ReadModel(), str(uuid.uuid4())
    async with Engine(temporal_client, task_queue, model, read_model=rows) as room:
        await process.start_only(temporal_client, instance, room.request(instance), task_queue=task_queue)
        await room.until(lambda: rows.open_waits(instance))
    async with Engine(temporal_client, task_queue, model, read_model=rows, quick_flush=False) as room:
        await room.execute(instance, CompleteWait(now=0, wait=room.wait(instance, "a")))
    async with Engine(temporal_client, task_queue, model, read_model=rows) as room:
        await room.execute(instance, CompleteWait(now=0, wait=room.wait(instance, "b")))
        assert await room.result(instance) == {"outcome": "completed"}


async def test_steps_without_commands_are_not_moved_by_a_replay(
    temporal: TemporalServer, temporal_client: Client, task_queue: str, database_url: str, unique: Any
) -> None:
    """Twice the clock leads to a task, for which Temporal has nothing to do; then a worker without memory is given an
    update. Temporal's SDK would hand it the second clock and the update as one activation, at the update's time."""
    model = bpmn(unique("p")).start().parallel("fork").catch("soon", timer="PT0.3S").user_task("a").end("enda")
    model = model.branch(at="fork").catch("later", timer="PT1S")
    model = model.user_task("b", inputs={"seen": "${dateTime().getMillis()}"}).end("endb")
    instance = str(uuid.uuid4())
    settings = WorkerSettings(TemporalConnection(address=temporal.address), database_url, task_queue=task_queue)
    async with Database(database_url) as database:
        row = await _deploy(database, model)
        async with engine(settings):
            command = StartInstance(now=0, instance_id=instance, variables={})
            request = ProcessInput(row.hash, row.id, codec.to_json(command), {"definition_id": row.id})
            await process.start(temporal_client, instance, request, task_queue=task_queue)
            tasks: dict[str, TaskRow] = {}
            while len(tasks) < 2:
                await asyncio.sleep(0.1)
                found = await TASKS.list(database, {"processInstanceId": instance})
                tasks = {task.task_definition_key or "": task for task in found}
        # As if it had waited for weeks: a worker that starts asks only those that were busy lately, and then has them.
        await database.execute("UPDATE process_instance SET fence = fence - 86400000 WHERE id = %s", (instance,))
        (seen,) = await HISTORIC_VARIABLES.list(database, {"processInstanceId": instance})
        async with engine(settings):
            await process.execute(
                temporal_client, instance, CompleteWait(now=0, wait=tasks["a"].wait_key, variables={}, node="a")
            )
            element = tasks["b"].element_key
            variables = await process.ask(temporal_client, instance, contract.QUERY_VARIABLES, element, True)
            assert variables == {"seen": seen.value}
            await process.execute(
                temporal_client, instance, CompleteWait(now=0, wait=tasks["b"].wait_key, variables={}, node="b")
            )
            await temporal_client.get_workflow_handle(instance).result()
        ended = await HISTORIC_PROCESS_INSTANCES.get(database, instance)
        assert ended is not None
        assert ended.end_time is not None


async def test_that_something_was_done_outside_leaves_a_trace(
    temporal: TemporalServer, temporal_client: Client, task_queue: str, database_url: str, unique: Any
) -> None:
    """A signal has been thrown, a called instance has begun: nothing follows from it, and the step is a step.
    (An update in the same step would leave events of its own.)"""
    inner = unique("called")
    called = bpmn(inner).start().user_task("inside").end()
    model = bpmn(unique("p")).start().parallel("fork").throw("shout", signal=unique("anybody")).user_task("a").end()
    model = model.branch(at="fork").call_activity("call", inner).end("endb")
    settings = WorkerSettings(TemporalConnection(address=temporal.address), database_url, task_queue=task_queue)
    async with Database(database_url) as database:
        await _deploy(database, called)
        row = await _deploy(database, model)
        instance = str(uuid.uuid4())
        command = StartInstance(now=0, instance_id=instance, variables={})
        request = ProcessInput(row.hash, row.id, codec.to_json(command), {"definition_id": row.id})
        async with engine(settings):
            await process.start_only(temporal_client, instance, request, task_queue=task_queue)
            handle = temporal_client.get_workflow_handle(instance)
            kinds: list[EventType.ValueType] = []
            seen = (EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED, EventType.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED)
            while not all(kind in kinds for kind in seen) or kinds.count(_SCHEDULED) != kinds.count(_COMPLETED):
                await asyncio.sleep(0.1)
                kinds = [event.event_type for event in (await handle.fetch_history()).events]
    following = [kinds[index + 1 : index + 2] for index, kind in enumerate(kinds) if kind == _COMPLETED]
    assert [] not in following, [EventType.Name(kind) for kind in kinds]
    assert [_SCHEDULED] not in following, [EventType.Name(kind) for kind in kinds]


_SCHEDULED = EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED
_COMPLETED = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED


def test_what_temporal_writes_for_the_commands_of_an_activation() -> None:
    def told(*commands: tuple[str, dict[str, Any]]) -> bool:
        return leaves_events([WorkflowCommand(**{kind: fields}) for kind, fields in commands])

    assert not told()
    assert told(("start_timer", {"seq": 1}))
    assert told(("cancel_timer", {"seq": 1}))
    assert not told(("start_timer", {"seq": 1}), ("cancel_timer", {"seq": 1})), "it is never sent"
    assert told(("start_timer", {"seq": 2}), ("cancel_timer", {"seq": 1}))
    assert told(("schedule_activity", {"seq": 1}), ("cancel_timer", {"seq": 1}))
    assert not told(("schedule_activity", {"seq": 1}), ("request_cancel_activity", {"seq": 1}))
    assert not told(("request_cancel_activity", {"seq": 1})), "depends on how it is given up"
    assert not told(
        ("start_child_workflow_execution", {"seq": 1}), ("cancel_child_workflow_execution", {"child_workflow_seq": 1})
    )
    assert told(("update_response", {"accepted": {}}))
    assert not told(("update_response", {"rejected": {}})), "a refusal leaves nothing"
    assert told(("set_patch_marker", {"patch_id": "x"}))
