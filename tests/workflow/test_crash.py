"""A crash exactly between the flush and the workflow task's completion leaves no row of what never happened."""

from __future__ import annotations

import asyncio
import sys
import uuid
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from interpreter import codec
from interpreter.bpmn.builder import bpmn
from interpreter.bpmn.compile import compile_all
from interpreter.bpmn.document import parse_bpmn
from interpreter.commands import CompleteWait, StartInstance
from interpreter.definition import Definition
from interpreter.workflow import client as process
from interpreter.workflow.connection import TemporalConnection, connect
from interpreter.workflow.contract import ProcessInput
from interpreter.workflow.payloads import data_converter
from interpreter.workflow.search_attributes import SEARCH_ATTRIBUTES
from ostinato.dev.temporal import TemporalServer
from store import deployments
from store.audit import audit
from store.database import Database
from store.new_definitions import from_definition
from store.tasks.queries import TASKS

pytestmark = pytest.mark.timeout(180)

MODEL = (
    bpmn("p")
    .start()
    .user_task("decide")
    .exclusive("ok")
    .when("= ok")
    .user_task("yes")
    .end()
    .otherwise()
    .user_task("no")
    .end()
)


@pytest.fixture
def own_temporal(tmp_path: Path) -> Iterator[TemporalServer]:
    """A Temporal server whose state survives its death."""
    server = TemporalServer(
        tmp_path / "t", tmp_path / "t.log", database=tmp_path / "t.db", search_attributes=SEARCH_ATTRIBUTES
    )
    server.start()
    yield server
    server.kill()


@dataclass
class World:
    """What a test has at hand."""

    temporal: TemporalServer
    database_url: str
    directory: Path
    definition: Definition
    definition_id: str

    @property
    def death(self) -> Path:
        """While this file exists a flush is deadly."""
        return self.directory / "death"

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[Process]:
        """A worker process, killed in the end."""
        ready = self.directory / f"ready-{uuid.uuid4().hex[:6]}"
        arguments = ["-m", "tests.workflow.dying_worker", self.temporal.address, self.database_url, ready, self.death]
        with (self.directory / "worker.log").open("ab") as log:
            child = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=log, stderr=log)
        try:
            await _until(lambda: ready.exists() or child.returncode is not None)
            assert child.returncode is None, (self.directory / "worker.log").read_text()
            yield child
        finally:
            if child.returncode is None:
                child.kill()
            await child.wait()

    async def client(self) -> Any:
        """A Temporal client."""
        return await connect(TemporalConnection(address=self.temporal.address), data_converter=data_converter())

    async def start(self) -> str:
        """A new instance at its first user task."""
        instance = str(uuid.uuid4())
        await process.start(
            await self.client(),
            instance,
            ProcessInput(
                definition_hash=self.definition.hash,
                definition_id=self.definition_id,
                command=codec.to_json(StartInstance(now=0, instance_id=instance)),
                meta={"definition_id": self.definition_id, "definition_key": "p"},
            ),
            task_queue="dying",
        )
        return instance


@pytest.fixture
async def world(own_temporal: TemporalServer, database_url: str, tmp_path: Path) -> World:
    """A deployed model, a database and a Temporal server."""
    (definition,) = compile_all(parse_bpmn(MODEL.xml()), "c7")
    async with Database(database_url) as database:
        made = await deployments.create(
            database,
            name="p",
            resources=[deployments.NewResource("p.bpmn", MODEL.xml())],
            processes=[from_definition(definition, "p.bpmn")],
            now=datetime.now(UTC),
        )
    return World(own_temporal, database_url, tmp_path, definition, made.process_definitions[0].id)


async def _until(condition: Callable[[], object]) -> None:
    for _ in range(800):
        if condition():
            return
        await asyncio.sleep(0.05)
    raise TimeoutError


async def _open_tasks(database: Database, instance: str) -> list[str | None]:
    return [row.task_definition_key for row in await TASKS.list(database, {"processInstanceId": instance})]


async def test_a_repeated_attempt_goes_another_way(world: World) -> None:
    """The worker dies after the flush; the client's command comes again and the flush with it."""
    async with Database(world.database_url) as database:
        async with world.worker() as child:
            instance = await world.start()
            (task,) = await TASKS.list(database, {"processInstanceId": instance})
            world.death.touch()
            command = CompleteWait(now=0, wait=task.wait_key, variables={"ok": True})
            completing = asyncio.create_task(process.execute(await world.client(), instance, command))
            await child.wait()
        assert await _open_tasks(database, instance) == ["yes"], "the flush was written, its workflow task was not"
        world.death.unlink()
        async with world.worker():
            await completing
            assert await _open_tasks(database, instance) == ["yes"]
            assert await audit(database) == []


async def test_what_nobody_repeats_is_taken_back(world: World) -> None:
    """The worker, the Temporal server and the client die: the command never happened, and no row says that it did."""
    async with Database(world.database_url) as database:
        async with world.worker() as child:
            instance = await world.start()
            (task,) = await TASKS.list(database, {"processInstanceId": instance})
            world.death.touch()
            command = CompleteWait(now=0, wait=task.wait_key, variables={"ok": True})
            completing = asyncio.create_task(process.execute(await world.client(), instance, command))
            await child.wait()
            await asyncio.to_thread(world.temporal.kill)
        completing.cancel()
        await asyncio.gather(completing, return_exceptions=True)
        assert await _open_tasks(database, instance) == ["yes"]
        world.death.unlink()
        await asyncio.to_thread(world.temporal.start)
        async with world.worker():
            for _ in range(600):
                if await _open_tasks(database, instance) == ["decide"]:
                    break
                await asyncio.sleep(0.1)
            assert await audit(database) == []
            (task,) = await TASKS.list(database, {"processInstanceId": instance})
            command = CompleteWait(now=0, wait=task.wait_key, variables={"ok": False})
            await process.execute(await world.client(), instance, command)
            assert await _open_tasks(database, instance) == ["no"]
            assert await audit(database) == []


async def test_a_lost_server_and_client_are_noticed_by_the_living_worker(world: World) -> None:
    """The worker lives, but with the Temporal server the update is gone: the worker takes the flush back."""
    async with Database(world.database_url) as database, world.worker():
        instance = await world.start()
        (task,) = await TASKS.list(database, {"processInstanceId": instance})
        world.death.write_text("linger")
        command = CompleteWait(now=0, wait=task.wait_key, variables={"ok": True})
        completing = asyncio.create_task(process.execute(await world.client(), instance, command))
        for _ in range(200):
            if await _open_tasks(database, instance) == ["yes"]:
                break
            await asyncio.sleep(0.01)
        await asyncio.to_thread(world.temporal.kill)
        completing.cancel()
        await asyncio.gather(completing, return_exceptions=True)
        world.death.unlink()
        assert await _open_tasks(database, instance) == ["yes"]
        await asyncio.sleep(1.5)
        await asyncio.to_thread(world.temporal.start)
        for _ in range(600):
            if await _open_tasks(database, instance) == ["decide"]:
                break
            await asyncio.sleep(0.1)
        assert await audit(database) == []
        (task,) = await TASKS.list(database, {"processInstanceId": instance})
        assert task.task_definition_key == "decide"
        await process.execute(
            await world.client(), instance, CompleteWait(now=0, wait=task.wait_key, variables={"ok": False})
        )
        assert await _open_tasks(database, instance) == ["no"]
        assert await audit(database) == []
