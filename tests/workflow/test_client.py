"""A caller and an engine that is not there, or not yet: no call lasts for ever, a worker's restart is not felt."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    PollWorkflowTaskQueueRequest,
    RespondWorkflowTaskCompletedRequest,
    RespondWorkflowTaskFailedRequest,
)
from temporalio.client import Client
from temporalio.service import GrpcCompression

from interpreter import codec
from interpreter.bpmn.builder import bpmn
from interpreter.bpmn.compile import compile_all
from interpreter.bpmn.document import parse_bpmn
from interpreter.commands import CompleteWait, StartInstance
from interpreter.workflow import client as process
from interpreter.workflow.connection import TemporalConnection, connect
from interpreter.workflow.contract import ProcessInput
from ostinato.dev.temporal import TemporalServer
from store import deployments
from store.database import Database
from store.new_definitions import from_definition
from worker.main import engine
from worker.settings import WorkerSettings


@pytest.mark.parametrize(("tls", "expected"), [(False, GrpcCompression.NONE), (True, GrpcCompression.GZIP)])
async def test_only_what_goes_far_is_compressed(tls: bool, expected: GrpcCompression) -> None:
    client = await connect(TemporalConnection("127.0.0.1:1", tls=tls), lazy=True)
    assert client.service_client.config.grpc_compression is expected


async def _deploy(database_url: str, key: str) -> Any:
    model = bpmn(key).start().user_task("ask").end()
    (definition,) = compile_all(parse_bpmn(model.xml()), "c7")
    async with Database(database_url) as database:
        made = await deployments.create(
            database,
            name="p",
            resources=[deployments.NewResource("p.bpmn", model.xml())],
            processes=[from_definition(definition, "p.bpmn")],
            now=datetime.now(UTC),
        )
    return made.process_definitions[0]


def _request(row: Any, instance: str) -> ProcessInput:
    command = StartInstance(now=0, instance_id=instance, variables={})
    return ProcessInput(row.hash, row.id, codec.to_json(command), {"definition_id": row.id})


async def test_a_start_without_a_worker_ends_in_time_and_says_so(
    temporal_client: Client, task_queue: str, database_url: str, unique: Any
) -> None:
    row, instance = await _deploy(database_url, unique("p")), str(uuid.uuid4())
    with pytest.raises(process.EngineUnavailable, match="is an engine worker running"):
        await process.start(
            temporal_client, instance, _request(row, instance), task_queue=task_queue, timeout=timedelta(seconds=1)
        )


async def test_a_start_waits_for_a_worker_that_comes_back(
    temporal: TemporalServer, temporal_client: Client, task_queue: str, database_url: str, unique: Any
) -> None:
    row, instance = await _deploy(database_url, unique("p")), str(uuid.uuid4())
    start = asyncio.create_task(
        process.start(temporal_client, instance, _request(row, instance), task_queue=task_queue)
    )
    await asyncio.sleep(1)  # nobody is there
    assert not start.done()
    settings = WorkerSettings(TemporalConnection(address=temporal.address), database_url, task_queue=task_queue)
    async with engine(settings):
        answer = await start
        assert not answer.ended
        with pytest.raises(process.InstanceExists):
            await process.start(temporal_client, instance, _request(row, instance), task_queue=task_queue)


@pytest.mark.parametrize("fails", [False, True])
async def test_an_update_that_no_worker_has_looked_at_is_repeated(
    temporal: TemporalServer, temporal_client: Client, task_queue: str, database_url: str, unique: Any, fails: bool
) -> None:
    """Seen in half an hour of chaos: a worker completed its task and left the update out. The server then refuses the
    update, for good, although nobody has executed it."""
    row, instance = await _deploy(database_url, unique("p")), str(uuid.uuid4())
    settings = WorkerSettings(TemporalConnection(address=temporal.address), database_url, task_queue=task_queue)
    async with engine(settings):
        await process.start(temporal_client, instance, _request(row, instance), task_queue=task_queue)
        state = await process.ask(temporal_client, instance, "state")
    (wait,) = state["waits"]
    call = asyncio.create_task(process.execute(temporal_client, instance, CompleteWait(now=0, wait=wait["key"])))
    service, queue = temporal_client.workflow_service, TaskQueue(name=task_queue)
    about: dict[str, Any] = {"namespace": temporal_client.namespace, "identity": "one who overlooks"}
    task = await service.poll_workflow_task_queue(PollWorkflowTaskQueueRequest(task_queue=queue, **about))
    assert len(task.messages) == 1, "the update"
    if fails:
        await service.respond_workflow_task_failed(
            RespondWorkflowTaskFailedRequest(task_token=task.task_token, **about)
        )
    else:
        await service.respond_workflow_task_completed(
            RespondWorkflowTaskCompletedRequest(task_token=task.task_token, **about)
        )
    await asyncio.sleep(0.5)
    assert not call.done()
    async with engine(settings):
        assert (await call).ended
