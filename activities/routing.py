"""Effects: what instances throw reaches who listens: messages, signals, escalations to the caller.

Receivers are found among the subscriptions of the read model, which are confirmed before anybody can send to them.
Every effect has an id; it becomes the update id of each delivery, so that a repeated activity delivers once.
"""

from __future__ import annotations

import logging
from typing import Any, Final
from uuid import NAMESPACE_OID, uuid5

from temporalio import activity
from temporalio.client import Client
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError

from activities.children import meta_of
from activities.messages import MessageRouter
from interpreter import codec
from interpreter.commands import EscalateFromChild, StartInstance, TriggerEvent
from interpreter.effects import (
    BroadcastSignal,
    CompensateChild,
    EscalateToParent,
    PublishMessage,
    RunListener,
    WriteDataStore,
)
from interpreter.ids import split
from interpreter.workflow import client as process
from interpreter.workflow import contract
from interpreter.workflow.contract import ProcessInput
from store import data_stores, definitions
from store.database import Database
from store.errors import Unavailable
from store.subscriptions import EVENT_SUBSCRIPTIONS

logger = logging.getLogger(__name__)

ATTEMPTS: Final = 5
"""So often an effect is tried that fails for another reason than that something does not answer."""


class RoutingActivities:
    """See the module; one per process."""

    def __init__(self, database: Database, client: Client, task_queue: str, messages: MessageRouter) -> None:
        self._messages = messages
        self._database = database
        self._client = client
        self._task_queue = task_queue

    @activity.defn(name=contract.ACTIVITY_EFFECT)
    async def perform(self, request: dict[str, Any]) -> None:
        """Perform one effect of `request["instance_id"]`; may be repeated.

        What does not answer is tried until it does. Another failure is given up after `ATTEMPTS`.
        """
        try:
            await self._perform(request)
        except (ApplicationError, Unavailable, process.EngineUnavailable, RPCError):
            raise
        except Exception as error:
            if activity.info().attempt < ATTEMPTS:
                raise
            raise ApplicationError(str(error), type=type(error).__name__, non_retryable=True) from error

    async def _perform(self, request: dict[str, Any]) -> None:
        effect = codec.from_json(request["effect"])
        sender, effect_id, tenant = request["instance_id"], request["id"], request.get("tenant")
        match effect:
            case BroadcastSignal():
                await self._broadcast(effect, sender, tenant, effect_id)
            case PublishMessage():
                await self._publish(effect, tenant, effect_id)
            case EscalateToParent():
                await self._escalate(effect, sender, effect_id)
            case WriteDataStore():
                await data_stores.write(
                    self._database, tenant, effect.name, effect.value, sender, int(request.get("order") or 0)
                )
            case CompensateChild() | RunListener():
                raise ApplicationError(
                    f"Expected an effect that can be performed but it was {type(effect).__name__}.", non_retryable=True
                )
            case _:
                raise ApplicationError(f"Expected an effect but it was {effect!r:.200}.", non_retryable=True)

    async def _broadcast(self, signal: BroadcastSignal, sender: str, tenant: str | None, effect_id: str) -> None:
        """To every other instance and to start events of the thrower's tenant (from one without tenant: to everybody).

        The thrower's own catchers were served in its step, unless the signal was thrown asynchronously.
        """
        for key in signal.own:
            await self._trigger(f"{sender}:{key}", signal.variables, effect_id)
        for row in await EVENT_SUBSCRIPTIONS.list(self._database, {"eventType": "signal", "eventName": signal.name}):
            if row.process_instance_id not in (None, sender) and tenant in (None, row.tenant_id):
                await self._trigger(row.id, signal.variables, effect_id)
        await self._start_all(signal.name, signal.variables, tenant, effect_id)

    async def _publish(self, message: PublishMessage, tenant: str | None, effect_id: str) -> None:
        await self._messages.publish(
            message.name,
            message.correlation_key,
            message.variables,
            ttl=message.ttl,
            id=message.message_id or effect_id,
            tenant_id=tenant,
        )

    async def _escalate(self, escalation: EscalateToParent, sender: str, effect_id: str) -> None:
        parent, dot, wait = sender.rpartition(".")
        if not dot or not wait.isdigit():
            return  # nobody called this instance
        command = EscalateFromChild(now=0, wait=int(wait), code=escalation.code, variables=escalation.variables)
        await self._execute(parent, codec.to_json(command), f"{effect_id}-{parent}")

    async def _trigger(self, subscription: str, variables: dict[str, Any], effect_id: str) -> bool:
        instance_id, wait = split(subscription)
        command = codec.to_json(TriggerEvent(now=0, wait=wait, variables=variables))
        return await self._execute(instance_id, command, f"{effect_id}-{subscription}")

    async def _execute(self, instance_id: str, command: dict[str, Any], update_id: str) -> bool:
        try:
            await process.execute(self._client, instance_id, command, update_id=update_id)
        except (process.CommandRejected, process.InstanceNotFound) as error:
            logger.info("%s did not take %s: %s", instance_id, command["t"], error)
            return False
        return True

    async def _start_all(self, name: str, variables: dict[str, Any], tenant: str | None, effect_id: str) -> None:
        for row in await definitions.start_subscriptions(self._database, "signal", name):
            definition = await definitions.PROCESS_DEFINITIONS.get(self._database, row.definition_id)
            if definition is None or definition.suspended or tenant not in (None, row.tenant_id):
                continue
            instance_id = str(uuid5(NAMESPACE_OID, f"{effect_id}-{row.definition_id}-{row.node}"))
            start = StartInstance(
                now=0, instance_id=instance_id, variables=variables, start_node=row.node, tenant=row.tenant_id
            )
            request = ProcessInput(
                definition_hash=definition.hash,
                definition_id=definition.id,
                command=codec.to_json(start),
                meta=meta_of(definition),
            )
            try:
                await process.start_only(self._client, instance_id, request, task_queue=self._task_queue)
            except process.InstanceExists:
                logger.debug("%s was started by an earlier attempt", instance_id)
