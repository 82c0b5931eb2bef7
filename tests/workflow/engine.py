"""An engine worker in the test's own process, and a read model in memory that checks what it is told.

async with Engine(client, queue, bpmn("p").start().user_task("a").end().xml()) as engine:
    instance = await engine.start()
    await engine.execute(instance, CompleteWait(now=0, wait=engine.wait(instance, "a")))
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any, Self

from temporalio import activity
from temporalio.client import Client, WorkflowHistory
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from interpreter import codec
from interpreter.bpmn.compile import compile_all
from interpreter.bpmn.document import parse_bpmn
from interpreter.commands import Command, StartInstance
from interpreter.definition import Definition
from interpreter.workflow import client as process
from interpreter.workflow import contract, runtime
from interpreter.workflow.contract import Answer, ProcessInput
from interpreter.workflow.definitions import DefinitionCache
from interpreter.workflow.process import BpmnProcess

Handler = Callable[[dict[str, Any]], Awaitable[Any]]


class ReadModel:
    """Keeps the events of every instance as the confirmed flushes told them. What does not fit fails the test."""

    def __init__(self) -> None:
        self.events: dict[str, list[dict[str, Any]]] = {}
        self.flushes: dict[str, int] = {}
        self.complaints: list[str] = []
        self.optimistic: list[dict[str, Any]] = []
        self.changed = asyncio.Event()
        self.before_answer: Callable[[dict[str, Any]], Awaitable[None]] | None = None

    def quick(self, loop: asyncio.AbstractEventLoop) -> Callable[[dict[str, Any]], bool]:
        """The quick flush, from a workflow's thread."""

        def flush(batch: dict[str, Any]) -> bool:
            asyncio.run_coroutine_threadsafe(self.flush(batch), loop).result(1.5)
            return True

        return flush

    @activity.defn(name=contract.ACTIVITY_FLUSH)
    async def flush(self, batch: Any) -> Any:
        """Local activity: what lies beyond the base is an attempt that never happened."""
        instance_id, base = batch["instance_id"], batch["base"]
        known = self.events.setdefault(instance_id, [])
        if len(known) < base:
            self.complaints.append(f"{instance_id}: the batch begins after {base}, the read model ends at {len(known)}")
        expected = base + 1
        for step in batch["steps"]:
            if step["first"] != expected:
                self.complaints.append(f"{instance_id}: a step begins at {step['first']}, expected {expected}")
            expected += len(step["events"])
        del known[base:]
        known += [event for step in batch["steps"] for event in step["events"]]
        self.flushes[instance_id] = self.flushes.get(instance_id, 0) + 1
        if self.before_answer is not None:
            await self.before_answer(batch)
        self.changed.set()
        return {"status": "written", "written": len(known)}

    def offer(self, batch: dict[str, Any]) -> None:
        """The side channel."""
        self.optimistic.append(batch)

    def forget(self, instance_id: str) -> None:
        """The side channel; nothing is delayed here."""

    def named(self, instance_id: str, kind: str) -> list[dict[str, Any]]:
        """Events of one kind."""
        return [event for event in self.events.get(instance_id, []) if event["t"] == kind]

    def open_waits(self, instance_id: str) -> dict[int, dict[str, Any]]:
        """Waits by key that are open according to the events."""
        waits: dict[int, dict[str, Any]] = {}
        for event in self.events.get(instance_id, []):
            match event["t"]:
                case "WaitOpened" | "WaitChanged":
                    waits[event["wait"]["key"]] = event["wait"]
                case "WaitClosed":
                    waits.pop(event["key"], None)
                case _:
                    pass
        return waits

    def path(self, instance_id: str) -> list[str]:
        """Flow nodes in the order of their completion."""
        return [event["node"] for event in self.named(instance_id, "ElementCompleted") if event["key"] != 1]

    def variables(self, instance_id: str) -> dict[str, Any]:
        """Variables of the process instance, also after its end."""
        found: dict[str, Any] = {}
        for event in self.events.get(instance_id, []):
            if event.get("scope") == 1 and event["t"] == "VariableSet":
                found[event["name"]] = event["value"]
            elif event.get("scope") == 1 and event["t"] == "VariableRemoved":
                found.pop(event["name"], None)
        return found

    def ended(self, instance_id: str) -> str | None:
        """How the instance ended, None while it runs."""
        ends = self.named(instance_id, "InstanceEnded")
        return ends[-1]["outcome"] if ends else None


class Engine:
    """One engine worker and one job worker; `jobs` are handlers by job type."""

    def __init__(
        self,
        client: Client,
        task_queue: str,
        *models: bytes,
        jobs: Mapping[str, Handler] | None = None,
        profile: str = "c7",
        options: Mapping[str, Any] | None = None,
        max_cached_workflows: int = 1000,
        activities: tuple[Any, ...] = (),
        read_model: ReadModel | None = None,
        quick_flush: bool = True,
        one_by_one: bool = False,
    ) -> None:
        """With `one_by_one` the workflow tasks of all instances are done one after the other, without a cache."""
        self.client = client
        self.task_queue = task_queue
        self.job_queue = f"{task_queue}-jobs"
        self.read_model = read_model or ReadModel()
        self.options = dict(options or {})
        self.definitions: dict[str, Definition] = {}
        for model in models:
            for definition in compile_all(parse_bpmn(model), profile):
                self.definitions[definition.process_id] = definition
        self._jobs = dict(jobs or {})
        self._max_cached = 0 if one_by_one else max_cached_workflows
        self._one_by_one = one_by_one
        self._activities = activities
        self._quick_flush = quick_flush
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        cache = DefinitionCache()
        for definition in self.definitions.values():
            cache.put(definition)
        quick = self.read_model.quick(asyncio.get_running_loop()) if self._quick_flush else runtime.no_direct_flush
        runtime.install(
            runtime.Runtime(
                definitions=cache,
                side_channel=self.read_model,
                direct_flush=quick,
                job_task_queue=self.job_queue,
            )
        )
        await self._stack.enter_async_context(self.worker())
        if self._jobs:
            await self._stack.enter_async_context(
                Worker(
                    self.client,
                    task_queue=self.job_queue,
                    activities=[_job(name, handler) for name, handler in self._jobs.items()],
                )
            )
        return self

    async def __aexit__(self, *error: Any) -> None:
        await self._stack.aclose()
        assert not self.read_model.complaints, self.read_model.complaints

    def worker(self) -> Worker:
        """Another engine worker on the same queue."""
        return Worker(
            self.client,
            task_queue=self.task_queue,
            workflows=[BpmnProcess],
            activities=[self.read_model.flush, *self._activities],
            workflow_runner=UnsandboxedWorkflowRunner(),
            max_cached_workflows=self._max_cached,
            max_concurrent_workflow_tasks=1 if self._one_by_one else None,
            max_concurrent_workflow_task_polls=1 if self._max_cached == 0 else 2,
            graceful_shutdown_timeout=timedelta(seconds=2),
        )

    def request(self, instance_id: str, process_id: str | None = None, **start: Any) -> ProcessInput:
        """The workflow's input for a new instance."""
        definition = self.definitions[process_id or next(iter(self.definitions))]
        return ProcessInput(
            definition_hash=definition.hash,
            definition_id=f"{definition.process_id}:1:{definition.hash[:8]}",
            command=codec.to_json(StartInstance(now=0, instance_id=instance_id, **start)),
            meta={"definition_key": definition.process_id, "version": 1, "definition_name": definition.name},
            options=self.options,
        )

    async def start(self, process_id: str | None = None, *, instance_id: str | None = None, **start: Any) -> str:
        """Start an instance; its id, at the first wait state."""
        instance_id = instance_id or f"i-{uuid.uuid4().hex[:12]}"
        await process.start(
            self.client, instance_id, self.request(instance_id, process_id, **start), task_queue=self.task_queue
        )
        return instance_id

    async def execute(self, instance_id: str, command: Command, **options: Any) -> Answer:
        """One command by update."""
        return await process.execute(self.client, instance_id, command, **options)

    def wait(self, instance_id: str, node: str, kind: str | None = None) -> int:
        """Key of the open wait of a flow node."""
        found = [
            key
            for key, wait in self.read_model.open_waits(instance_id).items()
            if wait["node"] == node and (kind is None or wait["t"] == kind)
        ]
        assert len(found) == 1, f"{node}: {self.read_model.open_waits(instance_id)}"
        return found[0]

    async def until(self, condition: Callable[[], object], timeout: float = 20.0) -> None:
        """Wait until the read model says so."""
        async with asyncio.timeout(timeout):
            while not condition():
                self.read_model.changed.clear()
                await self.read_model.changed.wait()

    async def result(self, instance_id: str) -> Any:
        """Wait for the end of the last run."""
        return await self.client.get_workflow_handle(instance_id).result()

    async def history(self, instance_id: str, run_id: str | None = None) -> WorkflowHistory:
        """Temporal's history of the last run."""
        return await self.client.get_workflow_handle(instance_id, run_id=run_id).fetch_history()


def _job(name: str, handler: Handler) -> Any:
    @activity.defn(name=name)
    async def run(payload: Any) -> Any:
        return await handler(payload)

    return run
