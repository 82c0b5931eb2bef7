"""The suites on the real engine: Temporal, PostgreSQL and a worker, as `--engine temporal` asks for.

Every case is a tenant of its own, so that messages and signals of one do not reach another; several run at the same
time.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from temporalio import activity
from temporalio.client import Client

from interpreter import codec
from interpreter.bpmn.document import BpmnDocument
from interpreter.commands import Command, StartInstance
from interpreter.definition import Definition
from interpreter.workflow import client as process
from interpreter.workflow import contract
from interpreter.workflow.connection import TemporalConnection, connect
from interpreter.workflow.contract import ProcessInput
from interpreter.workflow.payloads import data_converter
from ostinato.dev.stack import Stack, StackOptions
from ostinato.testing.world import definitions_of
from store import deployments
from store.database import Database
from store.incidents import HISTORIC_INCIDENTS, HistoricIncidentRow
from store.instances import HISTORIC_PROCESS_INSTANCES
from store.new_definitions import from_definition

CONCURRENCY = 6
QUIET = 1.0
"""Seconds without any event after which a case has come to rest."""
PATIENCE = 60.0

Script = Callable[["LiveCase", dict[str, Any]], dict[str, Any]]
T = TypeVar("T")


@dataclass
class LiveCase:
    """One case: its definitions, and what its scripts wrote. `script` runs a script task's job."""

    engine: LiveEngine
    tenant: str
    script: Script | None = None
    features: Sequence[str] | None = None
    definitions: dict[str, Definition] = field(default_factory=dict[str, Definition])
    ids: dict[str, str] = field(default_factory=dict[str, str])
    log: list[str] = field(default_factory=list[str])
    began: float = field(default_factory=time.monotonic)
    _seen: tuple[Any, ...] = ()
    _since: float = 0.0

    async def deploy(self, document: BpmnDocument, profile: str) -> None:
        """Deploy every process of the document. CompileError as from the compiler."""
        compiled = definitions_of(document, profile)
        made = await deployments.create(
            self.engine.database,
            name=self.tenant,
            tenant_id=self.tenant,
            resources=[deployments.NewResource("model.bpmn", document.to_bytes())],
            processes=[from_definition(definition, "model.bpmn") for definition in compiled],
            now=datetime.now(UTC),
        )
        self.definitions = {definition.process_id: definition for definition in compiled}
        self.ids = {row.key: row.id for row in made.process_definitions}

    async def start(
        self, process_id: str, variables: Mapping[str, Any] | None = None, start_node: str | None = None
    ) -> str:
        """Start an instance and wait for its first wait state."""
        definition, instance_id = self.definitions[process_id], str(uuid4())
        command = StartInstance(
            now=0, instance_id=instance_id, variables=dict(variables or {}), start_node=start_node, tenant=self.tenant
        )
        request = ProcessInput(
            definition_hash=definition.hash,
            definition_id=self.ids[process_id],
            command=codec.to_json(command),
            meta={"definition_id": self.ids[process_id], "definition_key": process_id, "tenant": self.tenant},
            options={} if self.features is None else {"features": list(self.features)},
        )
        await process.start(self.engine.client, instance_id, request)
        return instance_id

    async def execute(self, instance_id: str, command: Command) -> None:
        """Execute a command; a rejection is an exception."""
        await process.execute(self.engine.client, instance_id, command)

    async def instances(self) -> list[str]:
        """Instances of the case in the order of their start."""
        rows = await HISTORIC_PROCESS_INSTANCES.list(self.engine.database, {"tenantIdIn": [self.tenant]})
        return [row.id for row in sorted(rows, key=lambda row: (row.start_time, row.id))]

    async def running(self) -> list[dict[str, Any]]:
        """The state query's answers of the instances that have not ended."""
        rows = await HISTORIC_PROCESS_INSTANCES.list(
            self.engine.database, {"tenantIdIn": [self.tenant], "unfinished": True}
        )
        answers: list[dict[str, Any]] = []
        for row in sorted(rows, key=lambda row: (row.start_time, row.id)):
            state = await process.ask(self.engine.client, row.id, contract.QUERY_STATE)
            if not state["ended"]:
                answers.append(state)
        return answers

    async def incidents(self) -> list[HistoricIncidentRow]:
        """Everything that went wrong."""
        return await HISTORIC_INCIDENTS.list(self.engine.database, {"tenantIdIn": [self.tenant]})

    async def rest(self, at_least: float = 0.0, quiet: float = QUIET) -> None:
        """Wait until nothing has happened for a while, and `at_least` seconds since the start of the case."""
        deadline = time.monotonic() + PATIENCE + at_least
        while time.monotonic() < deadline:
            seen = await self._events()
            now = time.monotonic()
            if seen != self._seen:
                self._seen, self._since = seen, now
            elif now - self._since >= quiet and now - self.began >= at_least:
                return
            await asyncio.sleep(quiet / 6)

    async def _events(self) -> tuple[Any, ...]:
        rows = await self.engine.database.fetch(
            "SELECT id, written, ended_at FROM process_instance WHERE tenant_id = %s ORDER BY id", (self.tenant,)
        )
        return (len(self.log), *((row["id"], row["written"], row["ended_at"]) for row in rows))


@dataclass
class LiveEngine:
    """The servers and the worker that all cases share."""

    client: Client
    database: Database
    cases: dict[str, LiveCase] = field(default_factory=dict[str, LiveCase])

    def case(self, script: Script | None = None, features: Sequence[str] | None = None) -> LiveCase:
        """A new case."""
        case = LiveCase(self, f"case-{len(self.cases) + 1}", script, features)
        self.cases[case.tenant] = case
        return case

    @activity.defn(name=contract.ACTIVITY_SCRIPT)
    async def run_script(self, job: dict[str, Any]) -> dict[str, Any]:
        """Give a script to the case that its instance belongs to."""
        case = self.cases[job["tenant"]]
        assert case.script is not None
        return case.script(case, job)


@asynccontextmanager
async def live_engine(profile: str) -> AsyncIterator[LiveEngine]:
    """Start the servers in a temporary folder and a worker in this process."""
    from worker.main import engine
    from worker.settings import WorkerSettings

    with tempfile.TemporaryDirectory(prefix="ostinato-suite-") as directory:
        async with Stack(Path(directory), StackOptions(engine=())) as stack:
            connection = TemporalConnection(address=stack.temporal_address)
            client = await connect(connection, data_converter=data_converter())
            settings = WorkerSettings(connection, stack.database_url, profile=profile)
            async with Database(stack.database_url) as database:
                live = LiveEngine(client, database)
                async with engine(settings, script=live.run_script):
                    yield live


async def for_each(cases: Sequence[T], work: Callable[[T], Awaitable[Any]]) -> list[Any]:
    """Do `work` for every case, a few at a time; the answers in order."""
    gate = asyncio.Semaphore(CONCURRENCY)

    async def one(case: T) -> Any:
        async with gate:
            return await work(case)

    return await asyncio.gather(*(one(case) for case in cases))
