"""The engine's worker process: polls Temporal for `BpmnProcess` workflows and for the engine's own activities.

Stops in order on SIGTERM or SIGINT: no new work, running activities and workflow tasks finish, then the database
closes. A kill at any moment loses nothing that was confirmed: the flush is an activity that Temporal repeats.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import PollerBehaviorSimpleMaximum, Worker, WorkerDeploymentConfig

from activities.children import ChildActivities
from activities.connectors import ConnectorActivities
from activities.data_stores import DataStoreActivities
from activities.decisions import DecisionActivities
from activities.messages import MessageRouter
from activities.projection import ProjectionActivities
from activities.routing import RoutingActivities
from activities.scripts import ScriptActivities
from activities.timer_starts import TimerStartActivities, arm
from interpreter.workflow import runtime
from interpreter.workflow.connection import connect
from interpreter.workflow.definitions import DefinitionCache
from interpreter.workflow.payloads import data_converter
from interpreter.workflow.process import BpmnProcess
from interpreter.workflow.timer_start import TimerStart
from store import definitions
from store.database import Database
from store.errors import NotFound
from store.payloads import Payloads
from store.projection import Projector
from worker.direct_flush import QuickFlush
from worker.doubts import DoubtfulRunner, Doubts, settle
from worker.settings import WorkerSettings
from worker.side_channel import DelayedSideChannel

logger = logging.getLogger(__name__)

GRACE = timedelta(seconds=10)
"""What running activities get to finish after a stop was asked for."""
CONNECT_PAUSE = 1.0
POLLS = PollerBehaviorSimpleMaximum(10)
FOR_NEW_INSTANCES = 0.5
"""How workflow tasks are fetched: so many requests at once, and the part of them that waits for instances which no
worker has in memory yet. The SDK's default is one single request for those; starts queue up behind it."""
DEPLOYMENT = "ostinato"
"""Name of the worker deployment in Temporal."""


def run(settings: WorkerSettings) -> None:
    """Work until SIGTERM or SIGINT."""
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    _runner()(_serve(settings))


async def _serve(settings: WorkerSettings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with engine(settings, stop):
        _spare_the_collector()
        if settings.ready_file is not None:
            settings.ready_file.write_text("ready\n")
        logger.info("polling task queue %r at %s", settings.task_queue, settings.temporal.address)
        await stop.wait()
        logger.info("stopping")
    if settings.ready_file is not None:
        with suppress(FileNotFoundError):
            settings.ready_file.unlink()


def _spare_the_collector() -> None:
    """What is loaded by now stays; what a step allocates is mostly gone with it. Python's defaults, made for small
    programs, go through both so often that it was a sixtieth of the process's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


@asynccontextmanager
async def engine(
    settings: WorkerSettings,
    stop: asyncio.Event | None = None,
    *,
    client: Client | None = None,
    script: Callable[..., Any] | None = None,
) -> AsyncIterator[Worker]:
    """A polling engine worker. It waits for Temporal and the database to come up, until `stop` is set.

    `script` is the activity to be used in place of `ScriptActivities.run`.
    """
    async with Database(settings.database_url, application="ostinato worker") as database:
        cache = definition_cache(database)
        client = client or await _connect(settings, cache, database, stop)
        projector = Projector(database)
        projection = ProjectionActivities(projector)
        side_channel = DelayedSideChannel(projection.optimistic)
        messages = MessageRouter(database, client, settings.task_queue)
        doubts = Doubts(database, projector, client)

        async def flush(batch: dict[str, Any]) -> None:
            await projection.flush(batch)
            messages.arrived(batch)

        runtime.install(
            runtime.Runtime(
                definitions=cache,
                side_channel=side_channel,
                direct_flush=QuickFlush(flush, asyncio.get_running_loop()),
            )
        )
        worker = Worker(
            client,
            task_queue=settings.task_queue,
            workflows=[BpmnProcess, TimerStart],
            activities=engine_activities(settings, database, client, projection, messages, script),
            workflow_runner=DoubtfulRunner(doubts.note),
            max_cached_workflows=settings.max_cached_workflows,
            workflow_task_poller_behavior=POLLS,
            nonsticky_to_sticky_poll_ratio=FOR_NEW_INSTANCES,
            graceful_shutdown_timeout=GRACE,
            deployment_config=_deployment(settings),
        )
        beside = [
            asyncio.create_task(side_channel.run()),
            asyncio.create_task(messages.run()),
            asyncio.create_task(doubts.run()),
            asyncio.create_task(_check_last_flushes(database, projector, client)),
            asyncio.create_task(_arm_timers(settings, database, client)),
        ]
        try:
            async with worker:
                yield worker
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)


async def _arm_timers(settings: WorkerSettings, database: Database, client: Client) -> None:
    """What a deployment did not come to."""
    try:
        await arm(database, client, settings.task_queue)
    except Exception as error:
        logger.warning("timer start events could not be armed: %s", error)


async def _check_last_flushes(database: Database, projector: Projector, client: Client) -> None:
    try:
        await settle(database, projector, client)
    except Exception as error:
        logger.warning("the last flushes before the start could not be checked: %s", error)


def _deployment(settings: WorkerSettings) -> WorkerDeploymentConfig | None:
    """Running instances move to a new release when it is made current: every release replays all histories."""
    if settings.build_id is None:
        return None
    return WorkerDeploymentConfig(
        version=WorkerDeploymentVersion(deployment_name=DEPLOYMENT, build_id=settings.build_id),
        use_worker_versioning=True,
        default_versioning_behavior=VersioningBehavior.AUTO_UPGRADE,
    )


def definition_cache(database: Database) -> DefinitionCache:
    """The process's definitions, loaded from `database` when they are first named."""

    async def load(content_hash: str) -> dict[str, Any]:
        try:
            return dict(await definitions.load(database, content_hash))
        except NotFound as error:
            raise LookupError(str(error)) from error

    return DefinitionCache(load_async=load)


def engine_activities(
    settings: WorkerSettings,
    database: Database,
    client: Client,
    projection: ProjectionActivities,
    messages: MessageRouter,
    script: Callable[..., Any] | None = None,
) -> Sequence[Any]:
    """Every activity of the engine's own task queue."""
    children = ChildActivities(database, client)
    routing = RoutingActivities(database, client, settings.task_queue, messages)
    decisions = DecisionActivities(database, settings.profile)
    scripts = ScriptActivities(settings.scripts)
    connectors = ConnectorActivities(settings.connectors)
    timers = TimerStartActivities(database, client, settings.task_queue)
    return [
        projection.flush,
        children.resolve,
        children.watch,
        decisions.decide,
        routing.perform,
        script or scripts.run,
        connectors.run,
        timers.start,
        DataStoreActivities(database).read,
    ]


async def _connect(
    settings: WorkerSettings, cache: DefinitionCache, database: Database, stop: asyncio.Event | None
) -> Client:
    converter = data_converter(cache, Payloads(database))
    while True:
        try:
            return await connect(settings.temporal, data_converter=converter)
        except RuntimeError as error:
            if stop is not None and stop.is_set():
                raise
            logger.warning("Temporal at %s does not answer, trying again: %s", settings.temporal.address, error)
            await asyncio.sleep(CONNECT_PAUSE)


def _runner() -> Any:
    try:
        import uvloop
    except ImportError:  # not available on Windows
        return asyncio.run
    return uvloop.run
