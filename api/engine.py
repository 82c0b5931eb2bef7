"""The port to the engine: start instances, execute commands, ask questions. Behind it is Temporal.

The errors are those of `interpreter.workflow.client`: CommandRejected, InstanceNotFound, InstanceExists,
EngineUnavailable.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any, Final, Protocol
from uuid import UUID, uuid4, uuid5

from temporalio.client import (
    Client,
    WorkflowHandle,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.service import RPCError, RPCStatusCode

from activities import timer_starts
from activities.messages import MessageRouter
from api.settings import ApiSettings
from interpreter import codec
from interpreter.commands import Command, MigrateInstance, StartInstance, Variables
from interpreter.workflow import client as shell
from interpreter.workflow.client import (
    CommandRejected,
    EngineUnavailable,
    InstanceExists,
    InstanceNotFound,
    ProcessError,
)
from interpreter.workflow.connection import connect
from interpreter.workflow.contract import UPDATE_STARTED, Answer, ProcessInput
from interpreter.workflow.payloads import data_converter
from store.database import Database
from store.payloads import Payloads

__all__ = [
    "Answer",
    "CommandRejected",
    "Engine",
    "EngineUnavailable",
    "InstanceExists",
    "InstanceNotFound",
    "ProcessError",
    "TemporalEngine",
    "new_instance_id",
    "repeatable_instance_id",
]


_log = logging.getLogger(__name__)


_STARTS: Final = UUID("0d8f4f52-6d0c-4d54-9b6b-6a2f0b8c7e11")  # namespace of ids derived from idempotency keys


class Engine(Protocol):
    """What the facade needs of the engine."""

    async def start(self, definition: Any, command: StartInstance, restarted_from: str | None = None) -> Answer:
        """Start an instance of `definition` (a row of the read model) and wait for its first wait state or its end.

        `restarted_from` is the ended instance that this one repeats.
        """
        ...

    async def started(self, instance_id: str) -> Answer:
        """Wait for the first wait state of an instance that somebody else started. InstanceNotFound when it is over."""
        ...

    async def execute(self, instance_id: str, command: Command, update_id: str | None = None) -> Answer:
        """Execute a command; the read model shows its result when this returns."""
        ...

    async def migrate(
        self, instance_id: str, command: MigrateInstance, target: Any, update_id: str | None = None
    ) -> Answer:
        """Let an instance go on with the definition `target` (a row of the read model)."""
        ...

    async def ask(self, instance_id: str, query: str, *arguments: Any) -> Any:
        """Ask one of the read-only queries of `interpreter.workflow.contract`."""
        ...

    async def publish(
        self,
        database: Database,
        name: str,
        correlation_key: str | None,
        variables: Variables,
        *,
        ttl: int = 0,
        id: str | None = None,
        tenant: str | None = None,
    ) -> str | None:
        """Publish a message that waits `ttl` ms for a subscription; who has received it, None if nobody has yet."""
        ...

    async def arm_timers(self, database: Database) -> None:
        """Have the timer start events of the latest definitions wait for their instants."""
        ...

    async def check(self) -> None:
        """Return if Temporal answers, else raise EngineUnavailable."""
        ...


@dataclass(frozen=True, slots=True)
class TemporalEngine:
    """The engine behind a Temporal client."""

    client: Client
    task_queue: str

    @classmethod
    async def connect(cls, settings: ApiSettings, database: Database) -> TemporalEngine:
        """A client that connects on first use; what is too large for Temporal goes to `database`."""
        converter = data_converter(shelf=Payloads(database))
        client = await connect(settings.temporal, data_converter=converter, lazy=True)
        return cls(client, settings.task_queue)

    async def start(self, definition: Any, command: StartInstance, restarted_from: str | None = None) -> Answer:
        meta = definition_meta(definition)
        if restarted_from is not None:
            meta["restarted_id"] = restarted_from
        request = ProcessInput(
            definition_hash=definition.hash,
            definition_id=definition.id,
            command=codec.to_json(command),
            meta=meta,
        )
        return await shell.start(self.client, command.instance_id, request, task_queue=self.task_queue)

    async def started(self, instance_id: str) -> Answer:
        handle: WorkflowHandle[Any, Any] = self.client.get_workflow_handle(instance_id)
        try:
            return Answer.from_json(await handle.execute_update(UPDATE_STARTED, rpc_timeout=shell.DEFAULT_TIMEOUT))
        except WorkflowUpdateFailedError as error:
            raise InstanceNotFound(f"Expected a running instance but {instance_id!r} is none: {error.cause}") from error
        except (WorkflowUpdateRPCTimeoutOrCancelledError, RPCError) as error:
            if isinstance(error, RPCError) and error.status is RPCStatusCode.NOT_FOUND:
                raise InstanceNotFound(f"Expected a running instance but {instance_id!r} is over.") from error
            raise EngineUnavailable(f"Expected an answer of instance {instance_id!r} but none came: {error}") from error

    async def execute(self, instance_id: str, command: Command, update_id: str | None = None) -> Answer:
        return await shell.execute(self.client, instance_id, command, update_id=update_id)

    async def migrate(
        self, instance_id: str, command: MigrateInstance, target: Any, update_id: str | None = None
    ) -> Answer:
        data = {**codec.to_json(command), "definition_id": target.id, "meta": definition_meta(target)}
        return await shell.execute(self.client, instance_id, data, update_id=update_id)

    async def ask(self, instance_id: str, query: str, *arguments: Any) -> Any:
        return await shell.ask(self.client, instance_id, query, *arguments)

    async def publish(
        self,
        database: Database,
        name: str,
        correlation_key: str | None,
        variables: Variables,
        *,
        ttl: int = 0,
        id: str | None = None,
        tenant: str | None = None,
    ) -> str | None:
        router = MessageRouter(database, self.client, self.task_queue)
        return await router.publish(name, correlation_key, variables, ttl=ttl, id=id, tenant_id=tenant)

    async def arm_timers(self, database: Database) -> None:
        try:
            await timer_starts.arm(database, self.client, self.task_queue)
        except RPCError as error:  # the next worker that starts does it
            _log.warning("timer start events could not be armed: %s", error)

    async def check(self) -> None:
        try:
            serving = await self.client.service_client.check_health()
        except (RPCError, RuntimeError) as error:
            raise EngineUnavailable(f"Expected Temporal to answer but it does not: {error}") from error
        if not serving:
            raise EngineUnavailable("Expected Temporal to serve but it says that it does not.")


def definition_meta(definition: Any) -> dict[str, Any]:
    """What the read model stores with every instance of a definition."""
    return {
        "definition_id": definition.id,
        "definition_key": definition.key,
        "definition_name": definition.name,
        "version": definition.version,
        "version_tag": definition.version_tag,
        "deployment_id": definition.deployment_id,
        "tenant": definition.tenant_id,
        **({"suspended_jobs": [*definition.suspended_jobs]} if definition.suspended_jobs else {}),
    }


def new_instance_id() -> str:
    """An id for a new process instance: a UUID, as Camunda's."""
    return str(uuid4())


def repeatable_instance_id(definition_key: str, tenant: str | None, idempotency_key: str) -> str:
    """The id of the instance that a client starts under its own key: the same each time."""
    return str(uuid5(_STARTS, "\x1f".join((definition_key, tenant or "", idempotency_key))))
