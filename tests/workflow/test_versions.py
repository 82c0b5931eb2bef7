"""An instance goes on with another release of the worker when that becomes the current one."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime
from pathlib import Path

from temporalio.api.workflowservice.v1 import SetWorkerDeploymentCurrentVersionRequest
from temporalio.client import Client
from temporalio.service import RPCError

from interpreter import codec
from interpreter.bpmn.builder import bpmn
from interpreter.bpmn.compile import compile_all
from interpreter.bpmn.document import parse_bpmn
from interpreter.commands import CompleteWait, StartInstance
from interpreter.workflow import client as process
from interpreter.workflow.connection import TemporalConnection, connect
from interpreter.workflow.contract import ProcessInput
from interpreter.workflow.payloads import data_converter
from interpreter.workflow.search_attributes import SEARCH_ATTRIBUTES
from ostinato.dev.temporal import TemporalServer
from store import deployments
from store.database import Database
from store.new_definitions import from_definition
from worker.main import DEPLOYMENT, engine
from worker.settings import WorkerSettings


async def _make_current(client: Client, build_id: str) -> None:
    request = SetWorkerDeploymentCurrentVersionRequest(
        namespace=client.namespace, deployment_name=DEPLOYMENT, build_id=build_id, ignore_missing_task_queues=True
    )
    for attempt in range(100):
        try:
            await client.workflow_service.set_worker_deployment_current_version(request)
            return
        except RPCError:  # the server has not seen the worker yet
            if attempt == 99:
                raise
            await asyncio.sleep(0.1)


async def test_an_instance_moves_to_the_current_release(tmp_path: Path, database_url: str) -> None:
    server = TemporalServer(tmp_path / "t", tmp_path / "t.log", search_attributes=SEARCH_ATTRIBUTES)
    server.start()
    try:
        connection = TemporalConnection(address=server.address)
        client = await connect(connection, data_converter=data_converter())
        model = bpmn("p").start().user_task("a").user_task("b").end().xml()
        (definition,) = compile_all(parse_bpmn(model), "c7")
        async with Database(database_url) as database:
            await deployments.create(
                database,
                name="p",
                resources=[deployments.NewResource("p.bpmn", model)],
                processes=[from_definition(definition, "p.bpmn")],
                now=datetime.now(UTC),
            )
        instance = str(uuid.uuid4())
        request = ProcessInput(
            definition.hash,
            "p:1:x",
            codec.to_json(StartInstance(now=0, instance_id=instance)),
            {"definition_id": "p:1:x"},
        )
        async with engine(WorkerSettings(connection, database_url, build_id="one")):
            await _make_current(client, "one")
            await process.start(client, instance, request)
        async with engine(WorkerSettings(connection, database_url, build_id="two")):
            await _make_current(client, "two")
            for node in ("a", "b"):
                state = await process.ask(client, instance, "state")
                (wait,) = state["waits"]
                assert wait["node"] == node
                await process.execute(client, instance, CompleteWait(now=0, wait=wait["key"]))
            assert await client.get_workflow_handle(instance).result() == {"outcome": "completed"}
            used = {
                event.workflow_task_completed_event_attributes.deployment_version.build_id
                async for event in client.get_workflow_handle(instance).fetch_history_events()
                if event.HasField("workflow_task_completed_event_attributes")
            }
            assert used == {"one", "two"}
    finally:
        server.kill()
