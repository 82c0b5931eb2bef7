"""Message routing: one receiver for each message, now or as soon as there is one within its time to live.

    publish    keep the message, look for a subscription or a start event, deliver
    arrived    an instance has new subscriptions: look for messages that wait for it
    sweep      what a crash left half done

Delivery is an update with the message's own id, by which the instance can tell later whether it had it. A rejected
delivery (the instance went another way meanwhile) gives the message back to the buffer.

A subscription's row goes with the flush of the step that takes the message, before that step commits. If the step is
lost (the server or the worker died), the row is missing until the next flush, or a doubt, puts it back. So a delivery
of which nobody knows how it ended is settled with the receiver itself: if it still waits, it gets the message again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC
from typing import Any, Final
from uuid import NAMESPACE_OID, uuid4, uuid5

from temporalio.client import Client

from activities.children import meta_of
from interpreter import codec
from interpreter.commands import StartInstance, TriggerEvent
from interpreter.ids import split
from interpreter.waits import MessageWait
from interpreter.workflow import client as process
from interpreter.workflow import contract
from interpreter.workflow.contract import ProcessInput
from store import definitions, messages
from store.database import Database
from store.errors import StoreError
from store.messages import Match, MessageRow

logger = logging.getLogger(__name__)

SWEEP_PAUSE: Final = 5.0


class MessageRouter:
    """See the module; one per process."""

    def __init__(self, database: Database, client: Client, task_queue: str) -> None:
        self._database = database
        self._client = client
        self._task_queue = task_queue
        self._looking: set[asyncio.Task[None]] = set()

    async def publish(
        self,
        name: str,
        correlation_key: str | None = None,
        variables: Mapping[str, Any] | None = None,
        *,
        ttl: int = 0,
        id: str | None = None,
        tenant_id: str | None = None,
    ) -> str | None:
        """Publish a message that lives `ttl` ms; with an `id` only once.

        Answers who has received it: `<instance id>:<key>`, or the id of the instance that it started. None while it
        waits, when it found nobody and does not wait, or when it was published before.
        """
        message = await messages.publish(
            self._database,
            id=id or str(uuid4()),
            name=name,
            correlation_key=correlation_key,
            tenant_id=tenant_id,
            variables={key: codec.encode_value(value) for key, value in (variables or {}).items()},
            ttl=ttl,
        )
        if message is None:
            return None
        receiver = await self._deliver(message) or await self._start(message)
        if receiver is None and ttl <= 0:
            await messages.give_up(self._database, message.number)
        return receiver

    def arrived(self, batch: Mapping[str, Any]) -> None:
        """A flush has been written: if it opened message subscriptions, look for waiting messages. Returns at once."""
        if any(
            event["t"] == "WaitOpened" and event["wait"]["t"] == "MessageWait"
            for step in batch["steps"]
            for event in step["events"]
        ):
            task = asyncio.create_task(self._look(batch["instance_id"]))
            self._looking.add(task)
            task.add_done_callback(self._looking.discard)

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            await asyncio.sleep(SWEEP_PAUSE)
            try:
                await self.sweep()
            except (StoreError, process.ProcessError) as error:
                logger.warning("waiting messages could not be looked at: %s", error)

    async def sweep(self) -> int:
        """Deliver what waits although there is a receiver; forget what has expired. How many were delivered."""
        delivered = 0
        for message in await messages.stale(self._database):
            with self._left_for_later(message):
                await self._settle(message)
        for match in await messages.matches(self._database):
            with self._left_for_later(match.message):
                delivered += await self._deliver(match.message) is not None
        await messages.expire(self._database)
        return delivered

    @contextmanager
    def _left_for_later(self, message: MessageRow) -> Iterator[None]:
        """One receiver that does not answer keeps no other message waiting."""
        try:
            yield
        except process.ProcessError as error:
            logger.warning("message %r (%s) is left to the next sweep: %s", message.name, message.id, error)

    async def _look(self, instance_id: str) -> None:
        try:
            for match in await messages.matches(self._database, instance_id=instance_id):
                await self._deliver(match.message)
        except (StoreError, process.ProcessError) as error:
            logger.info("messages for %s are left to the sweep: %s", instance_id, error)

    async def _deliver(self, message: MessageRow, claimed_for: Match | None = None) -> str | None:
        """Give the message to the subscription that it is claimed for, or else to the first one that takes it. If only
        suspended instances wait for it, it stays claimed for the first of them: such a claim becomes stale, and then it
        is tried again."""
        refused: dict[str, str] = {}
        match = claimed_for
        while True:
            if match is None:
                found = [
                    match
                    for match in await messages.matches(self._database, number=message.number)
                    if match.receiver not in refused
                ]
                if not found:
                    held = next((receiver for receiver, code in refused.items() if code == "suspended"), None)
                    if held is not None:
                        await messages.claim(self._database, message.number, held)
                    return None
                match = found[0]
                if not await messages.claim(self._database, message.number, match.receiver):
                    return None  # somebody else delivers it
            command = TriggerEvent(
                now=0,
                wait=match.wait,
                variables={name: codec.decode_value(value) for name, value in message.variables.items()},
                message_id=message.id,
            )
            try:
                await process.execute(
                    self._client,
                    match.instance_id,
                    codec.to_json(command),
                    update_id=_update_id(message, match.wait),
                )
            except (process.CommandRejected, process.InstanceNotFound) as error:
                logger.info("message %r was refused by %s: %s", message.name, match.receiver, error)
                refused[match.receiver] = error.code if isinstance(error, process.CommandRejected) else "not_found"
                if not await messages.release(self._database, message.number, match.receiver):
                    return None  # somebody else took it for lost and delivers it
                match = None
                continue
            await messages.confirm(self._database, message.number)
            return match.receiver

    async def _settle(self, message: MessageRow) -> None:
        """Somebody died while delivering: ask the receiver whether it has the message; if not and it still waits, it
        gets it now, whatever its rows say; otherwise look for another one, even if the message's time is over."""
        receiver = message.receiver or ""
        waiting: Match | None = None
        try:
            if ":" in receiver:
                instance_id, wait = split(receiver)
                answer = await process.ask(
                    self._client, instance_id, contract.QUERY_ANSWERED, _update_id(message, wait)
                )
                arrived = answer is not None
                if not arrived and await self._waits(instance_id, wait, message):
                    waiting = Match(message, instance_id, wait)
            else:
                await process.ask(self._client, receiver, contract.QUERY_ANSWERED, "")
                arrived = True
        except process.InstanceNotFound:
            arrived = False
        if arrived:
            await messages.confirm(self._database, message.number)
        elif await messages.reclaim(self._database, message.number):
            if waiting is None and not await messages.release(self._database, message.number, receiver):
                return
            taken = await self._deliver(message, waiting) or await self._start(message)
            if taken is None:
                await messages.limit_to(self._database, message.number, message.expires_at)

    async def _waits(self, instance_id: str, wait: int, message: MessageRow) -> bool:
        """Whether the instance itself says that it waits there for the message."""
        state = await process.ask(self._client, instance_id, contract.QUERY_STATE)
        return any(
            isinstance(found := codec.from_json(data), MessageWait)
            and (found.key, found.name, found.correlation_key) == (wait, message.name, message.correlation_key)
            for data in state["waits"]
        )

    async def _start(self, message: MessageRow) -> str | None:
        """Start the latest definition that begins with the message."""
        starts = await definitions.start_subscriptions(
            self._database, "message", message.name, tenant=message.tenant_id
        )
        for row in starts:
            definition = await definitions.PROCESS_DEFINITIONS.get(self._database, row.definition_id)
            if definition is None or definition.suspended:
                continue
            instance_id = str(uuid5(NAMESPACE_OID, f"{_identity(message)}-{row.definition_id}-{row.node}"))
            if not await messages.claim(self._database, message.number, instance_id):
                return None
            command = StartInstance(
                now=0,
                instance_id=instance_id,
                variables={name: codec.decode_value(value) for name, value in message.variables.items()},
                start_node=row.node,
                tenant=row.tenant_id,
            )
            request = ProcessInput(
                definition_hash=definition.hash,
                definition_id=definition.id,
                command=codec.to_json(command),
                meta=meta_of(definition),
            )
            try:
                await process.start(self._client, instance_id, request, task_queue=self._task_queue)
            except process.InstanceExists:
                logger.debug("instance %s was started by an earlier attempt", instance_id)
            await messages.confirm(self._database, message.number)
            return instance_id
        return None


def _identity(message: MessageRow) -> str:
    """Unlike any other, even if the database was set up anew beside a Temporal server that has been in use."""
    return f"message-{message.number}-{message.published_at.astimezone(UTC):%Y%m%dT%H%M%S.%f}"


def _update_id(message: MessageRow, wait: int) -> str:
    return f"{_identity(message)}-{wait}"
