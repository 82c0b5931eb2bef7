"""The worker SDK: one class that serves Temporal job types and Camunda external-task topics.

    @task("charge-card")
    async def charge(amount: float, job: Job) -> dict:
        if amount > 1000:
            raise BpmnError("TOO_EXPENSIVE", "over the limit")
        return {"receipt": f"R-{job.business_key}"}

    @task(topic="ship-parcel")
    def ship(order: dict) -> dict: ...

    Worker([charge, ship]).run_forever()

A handler's parameters are filled with the variables of the same name; one called `job`, or annotated `Job`, gets the
whole job. What it returns, if it is a dict, becomes process variables. `BpmnError` is a modelled error, any other
exception a failure: it is retried, and when no retries are left it becomes an incident. A plain function runs in a
thread.

Handlers may run more than once (a machine can die after the work and before the answer): use `job.id` as an
idempotency key.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import logging
import signal
import traceback
import uuid
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, get_type_hints

from ostinato.client import DEFAULT_URL, Client, EngineError, NotFound, Unreachable, decode, encode
from ostinato.errors import BpmnError, UserError

if TYPE_CHECKING:
    from temporalio.client import Client as TemporalClient

logger = logging.getLogger(__name__)

TASK_QUEUE: Final = "ostinato-jobs"
"""The Temporal task queue on which the engine schedules jobs unless the model says otherwise."""

Handler = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Job:
    """What a handler works on. `id` is the same for every attempt; `attempt` counts from 1."""

    id: str
    type: str
    variables: dict[str, Any]
    instance_id: str
    node: str
    node_name: str = ""
    business_key: str | None = None
    process_id: str = ""
    headers: dict[str, Any] = field(default_factory=dict[str, Any])
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Task:
    """A handler and what it serves: a job type or a topic. Calling it calls the handler."""

    handler: Handler
    type: str | None = None
    topic: str | None = None
    lock_duration: float = 60.0
    retries: int = 3
    retry_pause: float = 5.0
    variables: tuple[str, ...] | None = None

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self.handler(*arguments, **named)

    @property
    def name(self) -> str:
        """The job type or topic."""
        return self.type or self.topic or ""


def task(
    type: str | None = None,
    *,
    topic: str | None = None,
    lock_duration: float = 60.0,
    retries: int = 3,
    retry_pause: float = 5.0,
    variables: Iterable[str] | None = None,
) -> Callable[[Handler], Task]:
    """Make a function serve a job `type` (a Temporal activity) or an external-task `topic`.

    For topics: `lock_duration` in seconds (prolonged while the handler runs), `retries` and `retry_pause` (seconds)
    when the engine has no number yet, `variables` to fetch (all by default). Jobs are retried as the model says.
    """
    if (type is None) == (topic is None):
        raise UserError("Expected @task(type) or @task(topic=...) but got both or neither.")
    names = None if variables is None else tuple(variables)

    def decorate(handler: Handler) -> Task:
        return Task(handler, type, topic, lock_duration, retries, retry_pause, names)

    return decorate


class Worker:
    """Serves tasks until stopped. Types are polled from Temporal, topics from the REST API; what no task needs is not
    connected."""

    def __init__(
        self,
        tasks: Iterable[Task],
        *,
        temporal: str | TemporalClient = "127.0.0.1:7233",
        namespace: str = "default",
        task_queue: str = TASK_QUEUE,
        url: str = DEFAULT_URL,
        auth: tuple[str, str] | None = None,
        worker_id: str | None = None,
        concurrency: int = 20,
        grace: float = 20.0,
    ) -> None:
        self.tasks = list(tasks)
        self.worker_id = worker_id or f"ostinato-{uuid.uuid4().hex[:12]}"
        self._temporal = temporal
        self._namespace = namespace
        self._task_queue = task_queue
        self._url = url
        self._auth = auth
        self._concurrency = concurrency
        self._grace = grace
        self._stop: asyncio.Event | None = None
        self._threads = ThreadPoolExecutor(concurrency, thread_name_prefix="ostinato-task")
        self.ready = asyncio.Event()
        """Set once the worker is connected and polls."""
        names = [item.name for item in self.tasks]
        if not names:
            raise UserError("Expected at least one task but there is none.")
        for name in names:
            if names.count(name) > 1:
                raise UserError(f"Expected one task for {name!r} but there are {names.count(name)}.")

    def run_forever(self) -> None:
        """Run until SIGINT or SIGTERM."""
        asyncio.run(self._run_with_signals())

    def stop(self) -> None:
        """Ask `run` to finish what is under way and return."""
        if self._stop is not None:
            self._stop.set()

    async def run(self) -> None:
        """Serve until `stop` is called or the task is cancelled. Finishes what is under way for at most `grace`
        seconds."""
        self._stop = stop = asyncio.Event()
        types = [item for item in self.tasks if item.type is not None]
        topics = [item for item in self.tasks if item.topic is not None]
        serving: list[asyncio.Task[None]] = []
        ready: list[asyncio.Event] = []
        for kind, served in ((self._serve_types, types), (self._serve_topics, topics)):
            if served:
                up = asyncio.Event()
                ready.append(up)
                serving.append(asyncio.create_task(kind(served, stop, up)))
        announcing = asyncio.create_task(self._announce(ready))
        try:
            await _first_failure(serving, stop)
        finally:
            announcing.cancel()
            stop.set()
            await asyncio.wait(serving, timeout=self._grace + 5)
            self._threads.shutdown(wait=False)

    async def _announce(self, ready: list[asyncio.Event]) -> None:
        for event in ready:
            await event.wait()
        self.ready.set()

    async def _run_with_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(NotImplementedError):
                loop.add_signal_handler(number, self.stop)
        await self.run()

    # -- job types: Temporal activities

    async def _serve_types(self, types: list[Task], stop: asyncio.Event, ready: asyncio.Event) -> None:
        from datetime import timedelta

        from temporalio.client import Client as TemporalClient
        from temporalio.service import GrpcCompression
        from temporalio.worker import Worker as TemporalWorker

        if isinstance(self._temporal, str):  # not encrypted, so a neighbour: compression costs more than it spares
            client = await TemporalClient.connect(
                self._temporal, namespace=self._namespace, grpc_compression=GrpcCompression.NONE
            )
        else:
            client = self._temporal
        worker = TemporalWorker(
            client,
            task_queue=self._task_queue,
            activities=[self._activity(item) for item in types],
            max_concurrent_activities=self._concurrency,
            graceful_shutdown_timeout=timedelta(seconds=self._grace),
        )
        async with worker:
            ready.set()
            await stop.wait()

    def _activity(self, item: Task) -> Callable[..., Any]:
        from temporalio import activity
        from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

        call = self._caller(item)

        @activity.defn(name=item.name)
        async def run(payload: Any) -> Any:
            info = activity.info()
            job = Job(
                id=f"{payload['instance_id']}:{payload['key']}",
                type=item.name,
                variables=payload.get("variables") or {},
                instance_id=payload["instance_id"],
                node=payload.get("node") or "",
                node_name=payload.get("node_name") or "",
                business_key=payload.get("business_key"),
                process_id=payload.get("process_id") or "",
                headers=payload.get("headers") or {},
                attempt=info.attempt,
            )
            beating = None
            if info.heartbeat_timeout is not None:
                pause = info.heartbeat_timeout.total_seconds() / 3
                beating = asyncio.create_task(_beat(activity.heartbeat, pause))
            try:
                return await call(job)
            except BpmnError as error:
                raise ApplicationError(
                    error.message or error.code,
                    error.code,
                    error.message,
                    error.variables,
                    type="BpmnError",
                    non_retryable=True,
                    category=ApplicationErrorCategory.BENIGN,  # modelled: nothing to log
                ) from error
            finally:
                if beating is not None:
                    beating.cancel()

        return run

    # -- topics: external tasks

    async def _serve_topics(self, topics: list[Task], stop: asyncio.Event, ready: asyncio.Event) -> None:
        by_name = {item.name: item for item in topics}
        body: dict[str, Any] = {
            "workerId": self.worker_id,
            "usePriority": True,
            "asyncResponseTimeout": 20_000,
            "topics": [_topic(item) for item in topics],
        }
        running: set[asyncio.Task[None]] = set()
        async with Client(self._url, auth=self._auth) as client:
            ready.set()
            while not stop.is_set():
                free = self._concurrency - len(running)
                if free <= 0:
                    await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                    continue
                poll = asyncio.create_task(
                    client.request("POST", "/external-task/fetchAndLock", json={**body, "maxTasks": free})
                )
                stopping = asyncio.create_task(stop.wait())
                await asyncio.wait({poll, stopping}, return_when=asyncio.FIRST_COMPLETED)
                stopping.cancel()
                if not poll.done():
                    poll.cancel()
                    with suppress(asyncio.CancelledError, EngineError):
                        await poll
                    break
                try:
                    locked = poll.result()
                except EngineError as error:
                    logger.warning("fetching external tasks failed, trying again: %s", error)
                    with suppress(TimeoutError):
                        await asyncio.wait_for(stop.wait(), 1.0)
                    continue
                for row in locked:
                    one = asyncio.create_task(self._external(client, by_name[row["topicName"]], row))
                    running.add(one)
                    one.add_done_callback(running.discard)
            if running:
                await asyncio.wait(running, timeout=self._grace)

    async def _external(self, client: Client, item: Task, row: Mapping[str, Any]) -> None:
        left = row.get("retries")
        job = Job(
            id=row["id"],
            type=item.name,
            variables=decode(row.get("variables") or {}),
            instance_id=row["processInstanceId"],
            node=row["activityId"],
            business_key=row.get("businessKey"),
            process_id=row.get("processDefinitionKey") or "",
            headers=row.get("extensionProperties") or {},
            attempt=1 if left is None else max(item.retries - left + 1, 1),
        )
        extending = asyncio.create_task(self._extend(client, item, job.id))
        path, body = "complete", {}
        try:
            result = await self._caller(item)(job)
            body = {"variables": encode(result if isinstance(result, dict) else None)}
        except BpmnError as error:
            path = "bpmnError"
            body = {
                "errorCode": error.code,
                "errorMessage": error.message,
                "variables": encode(error.variables),
            }
        except Exception as error:
            path = "failure"
            body = {
                "errorMessage": str(error) or type(error).__name__,
                "errorDetails": traceback.format_exc(),
                "retries": max((item.retries if left is None else left) - 1, 0),
                "retryTimeout": int(item.retry_pause * 1000),
            }
        finally:
            extending.cancel()
        await self._report(client, item, job.id, path, body)

    async def _report(self, client: Client, item: Task, task_id: str, path: str, body: dict[str, Any]) -> None:
        """Tell the engine, again and again while it cannot be reached and the lock may still be ours."""
        pause, waited = 0.2, 0.0
        while True:
            try:
                await client.request(
                    "POST", f"/external-task/{task_id}/{path}", json={"workerId": self.worker_id, **body}
                )
                return
            except (Unreachable, EngineError) as error:
                if isinstance(error, NotFound):
                    logger.info("external task %s: %s came late, the task is closed", task_id, path)
                    return
                passing = isinstance(error, Unreachable) or error.status in (502, 503, 504)
                if not passing or waited > item.lock_duration:
                    logger.warning("external task %s: %s was not accepted: %s", task_id, path, error)
                    return
            await asyncio.sleep(pause)
            waited += pause
            pause = min(pause * 2, 5.0)

    async def _extend(self, client: Client, item: Task, task_id: str) -> None:
        while True:
            await asyncio.sleep(item.lock_duration / 2)
            try:
                await client.request(
                    "POST",
                    f"/external-task/{task_id}/extendLock",
                    json={"workerId": self.worker_id, "newDuration": int(item.lock_duration * 1000)},
                )
            except EngineError as error:
                logger.warning("external task %s: the lock could not be extended: %s", task_id, error)

    # -- handlers

    def _caller(self, item: Task) -> Callable[[Job], Any]:
        """A coroutine function that calls the handler with what its parameters ask for."""
        arguments = _arguments(item.handler)
        if inspect.iscoroutinefunction(item.handler):

            async def call(job: Job) -> Any:
                return await item.handler(**arguments(job))

        else:

            async def call(job: Job) -> Any:
                loop = asyncio.get_running_loop()
                return await loop.run_in_executor(self._threads, functools.partial(item.handler, **arguments(job)))

        return call


def _arguments(handler: Handler) -> Callable[[Job], dict[str, Any]]:
    parameters = inspect.signature(handler).parameters
    try:
        hints = get_type_hints(handler)
    except NameError:  # an annotation that exists only for the type checker
        hints = {}
    whole = [name for name in parameters if name == "job" or hints.get(name) is Job]
    rest = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values())
    named = {
        name: p.default
        for name, p in parameters.items()
        if name not in whole and p.kind in (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    }

    def fill(job: Job) -> dict[str, Any]:
        values: dict[str, Any] = dict.fromkeys(whole, job)
        for name, default in named.items():
            if name in job.variables:
                values[name] = job.variables[name]
            elif default is inspect.Parameter.empty:
                raise ValueError(f"Expected a process variable {name!r} for task {job.type!r} but there is none.")
        if rest:
            values.update({name: value for name, value in job.variables.items() if name not in values})
        return values

    return fill


def _topic(item: Task) -> dict[str, Any]:
    topic: dict[str, Any] = {
        "topicName": item.name,
        "lockDuration": int(item.lock_duration * 1000),
        "includeExtensionProperties": True,
    }
    if item.variables is not None:
        topic["variables"] = list(item.variables)
    return topic


async def _beat(heartbeat: Callable[[], None], pause: float) -> None:
    while True:
        await asyncio.sleep(pause)
        heartbeat()


async def _first_failure(serving: list[asyncio.Task[None]], stop: asyncio.Event) -> None:
    """Return when `stop` is set; raise what ends one of `serving` before."""
    stopping = asyncio.create_task(stop.wait())
    try:
        done, _ = await asyncio.wait({*serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        for finished in done:
            if finished is not stopping:
                finished.result()
    finally:
        stopping.cancel()
