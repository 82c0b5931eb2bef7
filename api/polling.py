"""fetchAndLock with long polling.

A poll that finds nothing waits for PostgreSQL's notification of its topics. A poll whose client has gone locks
nothing: it ends as soon as the connection closes, looks once more right before it locks, and gives back what it locked
if the client went while it did so.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Coroutine, Sequence
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from api.bodies import FetchAndLockBody, FetchTopicBody
from api.dto.runtime import LockedExternalTaskDto
from api.errors import engine_error, invalid_request, null_value
from api.operations import Call
from api.shapes import Shape, row_value
from api.variables import variable_dto
from store import external_tasks
from store.errors import StoreError
from store.external_tasks import Topic
from store.query import Sort

MAX_WAIT_MS: Final = 1_800_000
MAX_TASKS: Final = 1000
MAX_TOPICS: Final = 1000
#: Locks run out without a notification; a waiting poll looks again at least this often, in seconds.
LOOK_AGAIN_SECONDS: Final = 5.0

_shape = Shape(LockedExternalTaskDto, variables=None, extensionProperties=None)


async def fetch_and_lock(call: Call, body: FetchAndLockBody) -> Any:
    """The locked tasks, at once or within `asyncResponseTimeout`. RestError 400 or 500 as Camunda answers."""
    wait_ms = body.asyncResponseTimeout or 0
    if wait_ms > MAX_WAIT_MS:
        raise invalid_request(
            f"The asynchronous response timeout cannot be set to a value greater than {MAX_WAIT_MS} milliseconds"
        )
    if not body.workerId:
        raise null_value("workerId is null")
    if body.maxTasks is not None and body.maxTasks < 0:
        raise engine_error("maxResults is not greater than or equal to 0")
    topics = [_topic(topic) for topic in body.topics or ()]
    if len(topics) > MAX_TOPICS:
        raise invalid_request(f"Expected at most {MAX_TOPICS} topics but there are {len(topics)}.")
    if not topics or not body.maxTasks:
        return []
    poll = _Poll(call, body, topics)
    if wait_ms <= 0:
        return await poll.once()
    with call.services.polls.counted():
        return await poll.until(time.monotonic() + wait_ms / 1000)


class _Poll:
    """One request for tasks."""

    def __init__(self, call: Call, body: FetchAndLockBody, topics: list[Topic]) -> None:
        self._request = call.request
        self._services = call.services
        self._worker = body.workerId or ""
        self._topics = topics
        self._deserialize = {topic.topicName: bool(topic.deserializeValues) for topic in body.topics or ()}
        self._maximum = min(body.maxTasks or 0, MAX_TASKS)
        self._use_priority = body.usePriority is not False
        self._sorting = [_sort(level) for level in body.sorting or ()]

    async def until(self, deadline: float) -> Any:
        """Look, and look again when something may have changed, until there is a task or the time is over."""
        async with (
            self._services.listener.watch([topic.name for topic in self._topics]) as waiter,
            _watch_connection(self._request) as gone,
        ):
            polls = self._services.polls
            while not gone.is_set():
                found = await self.once()
                left = deadline - time.monotonic()
                if found or left <= 0 or polls.stopping.is_set():
                    return found
                await _first((gone.wait(), polls.stopping.wait()), waiter, min(left, LOOK_AGAIN_SECONDS))
        return Response(status_code=204)  # nobody is there to read it

    async def once(self) -> Any:
        """Lock what is there, unless the client has gone."""
        if await self._request.is_disconnected():
            return Response(status_code=204)
        tasks = await external_tasks.fetch_and_lock(
            self._services.database,
            self._worker,
            self._maximum,
            self._topics,
            use_priority=self._use_priority,
            sorting=self._sorting,
        )
        if tasks and await self._request.is_disconnected():
            await self._give_back(tasks)
            return Response(status_code=204)
        return [self._answer(task) for task in tasks]

    async def _give_back(self, tasks: list[Any]) -> None:
        for task in tasks:
            with contextlib.suppress(StoreError):  # an expired lock frees it anyway; the others must be tried too
                await external_tasks.unlock(self._services.database, task.id)

    def _answer(self, task: Any) -> dict[str, Any]:
        deserialize = self._deserialize.get(task.topic_name, False)
        variables = {name: variable_dto(row_value(value), deserialize) for name, value in task.variables.items()}
        return _shape(task, variables=variables, extensionProperties=dict(task.extension_properties or {}))


def _topic(body: FetchTopicBody) -> Topic:
    if not body.topicName:
        raise null_value("topicName is null")
    if body.lockDuration is None or body.lockDuration <= 0:
        raise engine_error(
            f"lockTime is not greater than 0: the lockDuration of topic '{body.topicName}' is {body.lockDuration}"
        )
    return Topic(
        name=body.topicName,
        lock_duration=body.lockDuration,
        variables=body.variables,
        local_variables=bool(body.localVariables),
        business_key=body.businessKey,
        process_definition_id=body.processDefinitionId,
        process_definition_id_in=tuple(body.processDefinitionIdIn or ()),
        process_definition_key=body.processDefinitionKey,
        process_definition_key_in=tuple(body.processDefinitionKeyIn or ()),
        process_definition_version_tag=body.processDefinitionVersionTag,
        without_tenant_id=bool(body.withoutTenantId),
        tenant_id_in=tuple(body.tenantIdIn or ()),
        process_variables=body.processVariables or None,
        include_extension_properties=bool(body.includeExtensionProperties),
    )


def _sort(level: dict[str, Any]) -> Sort:
    by, order = level.get("sortBy"), level.get("sortOrder")
    if by != "createTime" or order not in ("asc", "desc"):
        raise invalid_request(f"Expected a sorting by createTime, asc or desc, but it was by {by}, {order}.")
    return Sort(by, order == "desc")


@contextlib.asynccontextmanager
async def _watch_connection(request: Request) -> AsyncIterator[asyncio.Event]:
    """An event that is set when the client closes its connection. The body has been read before."""
    gone = asyncio.Event()

    async def watch() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            continue
        gone.set()

    watcher = asyncio.create_task(watch())
    try:
        yield gone
    finally:
        watcher.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watcher


async def _first(events: Sequence[Coroutine[Any, Any, object]], waiter: Any, seconds: float) -> None:
    """Wait until one of the events, a notification of a topic, or the end of the time."""
    tasks = [asyncio.create_task(event) for event in (*events, waiter.wait(seconds))]
    _, pending = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
