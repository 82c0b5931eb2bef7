"""Talk to process instances through a Temporal client: start, execute a command, ask.

    ProcessError
    ├── CommandRejected     the engine refused the command: `code` (not_found, already_closed, suspended, ended,
    invalid), sentence ├── InstanceNotFound    no such instance, or it is over ├── InstanceExists      an instance
    with this id runs or has run └── EngineUnavailable   nobody answered in time: the command may or may not have been
    executed

Every function takes a connected `temporalio.client.Client`, best with `payloads.data_converter()`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any, Final
from uuid import uuid4
from weakref import WeakKeyDictionary

from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowHandle,
    WorkflowQueryFailedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from interpreter import codec
from interpreter.commands import Command
from interpreter.workflow import attributes, contract
from interpreter.workflow.contract import Answer, ProcessInput

DEFAULT_TIMEOUT: Final = timedelta(seconds=30)
"""How long a caller waits for an answer unless it says otherwise: more than one workflow task timeout (10 s)."""

_PAUSE: Final = 0.2  # seconds before a call is repeated that found no worker, doubled each time
_LONGEST_PAUSE: Final = 2.0
_NO_WORKER: Final = "no poller"
_OVERLOOKED: Final = "UnprocessedUpdate"
_LOST_UPDATE: Final = re.compile('update "|update with ID ')


class ProcessError(Exception):
    """Base of what goes wrong between a caller and an instance."""


class CommandRejected(ProcessError):
    """The engine refused the command; nothing has changed. `code` as in `interpreter.commands.Rejection`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class InstanceNotFound(ProcessError):
    """No process instance with this id, or it is over."""


class InstanceExists(ProcessError):
    """A process instance with this id runs or has run."""


class EngineUnavailable(ProcessError):
    """No worker or no server answered in time; the command may still be executed later."""


_in_flight: WeakKeyDictionary[Client, dict[str, tuple[asyncio.Semaphore, int]]] = WeakKeyDictionary()


class _Slot:
    """At most MAX_UPDATES_IN_FLIGHT unfinished updates per instance from this process; forgets an instance when
    nobody asks it."""

    def __init__(self, client: Client, instance_id: str) -> None:
        self._slots = _in_flight.setdefault(client, {})
        self._instance_id = instance_id

    async def __aenter__(self) -> None:
        semaphore, users = self._slots.get(self._instance_id) or (asyncio.Semaphore(contract.MAX_UPDATES_IN_FLIGHT), 0)
        self._slots[self._instance_id] = (semaphore, users + 1)
        try:
            await semaphore.acquire()
        except BaseException:
            self._forget()
            raise

    async def __aexit__(self, *_: object) -> None:
        self._slots[self._instance_id][0].release()
        self._forget()

    def _forget(self) -> None:
        semaphore, users = self._slots[self._instance_id]
        if users == 1:
            del self._slots[self._instance_id]
        else:
            self._slots[self._instance_id] = (semaphore, users - 1)


async def start(
    client: Client,
    instance_id: str,
    request: ProcessInput,
    *,
    task_queue: str = contract.TASK_QUEUE,
    summary: str | None = None,
    timeout: timedelta = DEFAULT_TIMEOUT,
) -> Answer:
    """Start an instance and wait for its first wait state (or its end), confirmed in the read model.

    Raises InstanceExists, CommandRejected (the start command made no sense) or EngineUnavailable.
    """
    update_id, attempts = str(uuid4()), 0

    async def attempt(number: int) -> Answer:
        nonlocal attempts
        attempts = number
        # A repeated attempt may find what an earlier one has started: the first one made sure that it is new.
        policy = WorkflowIDConflictPolicy.USE_EXISTING if number else WorkflowIDConflictPolicy.FAIL
        operation: WithStartWorkflowOperation[Any, Any] = WithStartWorkflowOperation(
            contract.WORKFLOW_TYPE,
            request.to_json(),
            id=instance_id,
            task_queue=task_queue,
            id_conflict_policy=policy,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            search_attributes=attributes.initial(request.meta, request.command),
            static_summary=summary or _summary(request.meta),
        )
        try:
            data: Any = await client.execute_update_with_start_workflow(  # pyright: ignore[reportUnknownMemberType] overloads
                contract.UPDATE_STARTED, start_workflow_operation=operation, id=update_id, rpc_timeout=timeout
            )
        except (WorkflowAlreadyStartedError, RPCError):
            with suppress(Exception):  # the library tells it a second time, and complains if nobody listens
                async with asyncio.timeout(1):
                    await operation.workflow_handle()
            raise
        return Answer.from_json(data)

    try:
        return await _patiently(attempt, timeout, instance_id, starting=True)
    except WorkflowAlreadyStartedError:
        if attempts:  # an earlier attempt has started it, and it is over by now
            state = await ask(client, instance_id, contract.QUERY_STATE, timeout=timeout)
            return Answer(int(state["sequence"]), ended=True)
        raise InstanceExists(f"Expected a new instance id but {instance_id!r} exists.") from None


async def start_only(
    client: Client,
    instance_id: str,
    request: ProcessInput,
    *,
    task_queue: str = contract.TASK_QUEUE,
    summary: str | None = None,
) -> None:
    """Start an instance without waiting for it: the cheapest start; the read model follows. Raises InstanceExists."""
    try:
        await client.start_workflow(
            contract.WORKFLOW_TYPE,
            request.to_json(),
            id=instance_id,
            task_queue=task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            search_attributes=attributes.initial(request.meta, request.command),
            static_summary=summary or _summary(request.meta),
        )
    except WorkflowAlreadyStartedError:
        raise InstanceExists(f"Expected a new instance id but {instance_id!r} exists.") from None


async def execute(
    client: Client,
    instance_id: str,
    command: Command | Mapping[str, Any],
    *,
    update_id: str | None = None,
    timeout: timedelta = DEFAULT_TIMEOUT,
) -> Answer:
    """Execute one command and wait until its step is confirmed in the read model. `update_id` makes a repeated call
    idempotent.

    Raises CommandRejected, InstanceNotFound or EngineUnavailable.
    """
    data = dict(command) if isinstance(command, Mapping) else codec.to_json(command)
    identity = update_id or str(uuid4())  # one for all attempts
    handle: WorkflowHandle[Any, Any] = client.get_workflow_handle(instance_id)

    async def attempt(_: int) -> Answer:
        answer = await handle.execute_update(  # pyright: ignore[reportUnknownMemberType] overloads
            contract.UPDATE_EXECUTE, data, id=identity, rpc_timeout=timeout
        )
        return Answer.from_json(answer)

    async with _Slot(client, instance_id):
        return await _patiently(attempt, timeout, instance_id)


async def deliver(client: Client, instance_id: str, command: Command | Mapping[str, Any]) -> None:
    """Send a command without waiting for its execution. Raises InstanceNotFound or EngineUnavailable."""
    data = dict(command) if isinstance(command, Mapping) else codec.to_json(command)
    try:
        await client.get_workflow_handle(instance_id).signal(contract.SIGNAL_DELIVER, data)
    except RPCError as error:
        raise _rpc_failure(error, instance_id) from error


async def ask(
    client: Client, instance_id: str, query: str, *arguments: Any, timeout: timedelta = DEFAULT_TIMEOUT
) -> Any:
    """Ask one of the read-only queries; works on ended instances too, until Temporal's retention."""
    handle: WorkflowHandle[Any, Any] = client.get_workflow_handle(instance_id)
    try:
        return await handle.query(query, args=list(arguments), rpc_timeout=timeout)
    except WorkflowQueryFailedError as error:
        raise CommandRejected("invalid", str(error)) from error
    except RPCError as error:
        raise _rpc_failure(error, instance_id) from error


def with_options(request: ProcessInput, **options: Any) -> ProcessInput:
    """A copy of `request` with these run options (see `shell.Options`)."""
    return replace(request, options={**request.options, **options})


async def _patiently(
    attempt: Callable[[int], Awaitable[Answer]], timeout: timedelta, instance_id: str, *, starting: bool = False
) -> Answer:
    """Call `attempt(0)`, and `attempt(1)`, ... while the server knows no worker (one that begins or comes back shows
    itself only after a while), has forgotten the call (it was restarted), or gave it to a worker that completed its
    task without looking at it. Ends after `timeout`, which the client library keeps for each of its calls only."""
    pause = _PAUSE
    try:
        async with asyncio.timeout(timeout.total_seconds()):
            for number in count():
                try:
                    return await attempt(number)
                except RPCError as error:
                    if not _is_worth_repeating(error, starting):
                        raise
                except WorkflowUpdateFailedError as error:
                    if not _was_overlooked(error):
                        raise
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
    except WorkflowUpdateFailedError as error:
        raise _update_failure(error) from error
    except (WorkflowUpdateRPCTimeoutOrCancelledError, RPCError, TimeoutError) as error:
        raise _rpc_failure(error, instance_id) from error
    raise AssertionError("unreachable: count() has no end")


def _is_worth_repeating(error: RPCError, starting: bool) -> bool:
    if error.status is RPCStatusCode.FAILED_PRECONDITION:
        return _NO_WORKER in error.message
    # What is being started cannot be missing, and an update is only missing when a server died with it.
    return error.status is RPCStatusCode.NOT_FOUND and (starting or _LOST_UPDATE.match(error.message) is not None)


def _was_overlooked(error: WorkflowUpdateFailedError) -> bool:
    return isinstance(error.cause, ApplicationError) and error.cause.type == _OVERLOOKED


def _summary(meta: Mapping[str, Any]) -> str | None:
    name = meta.get("definition_name") or meta.get("definition_key")
    return str(name) if name else None


def _update_failure(error: WorkflowUpdateFailedError) -> ProcessError:
    cause = error.cause
    if isinstance(cause, ApplicationError):
        if cause.type == contract.REJECTION:
            details: Any = list(cause.details)
            return CommandRejected(str(details[0]) if details else "invalid", cause.message)
        if cause.type == "AcceptedUpdateCompletedWorkflow":
            return CommandRejected("ended", "Expected a running process instance but it ended meanwhile.")
    return ProcessError(str(cause))


def _rpc_failure(error: Exception, instance_id: str) -> ProcessError:
    if isinstance(error, RPCError) and error.status is RPCStatusCode.NOT_FOUND:
        return InstanceNotFound(f"Expected a running process instance but there is none with id {instance_id!r}.")
    reason = str(error) if isinstance(error, RPCError) else "time is over; is an engine worker running?"
    return EngineUnavailable(f"Expected an answer from instance {instance_id!r} but none came: {reason}")
