"""Timer start events: a workflow waits for the instants of each, an activity starts an instance at each instant."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from temporalio import activity
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from activities.children import meta_of
from interpreter import codec
from interpreter.commands import StartInstance
from interpreter.workflow import client as process
from interpreter.workflow import contract
from interpreter.workflow.contract import ProcessInput
from interpreter.workflow.timer_start import first_due, workflow_id
from store import definitions
from store.database import Database
from store.definitions import StartSubscriptionRow
from store.deployments import DEPLOYMENTS

logger = logging.getLogger(__name__)


async def arm(database: Database, client: Client, task_queue: str = contract.TASK_QUEUE) -> int:
    """Have a workflow for every timer start event of the latest definitions; how many were new.

    Called after a deployment and when a worker starts; what is there already is left alone, so that it may be called at
    any time. Workflows of older definitions end by themselves.
    """
    armed = 0
    for row in await definitions.start_subscriptions(database, "timer"):
        armed += await _arm_one(database, client, task_queue, row)
    return armed


async def disarm(client: Client, definition_id: str, nodes: Sequence[str]) -> None:
    """End the workflows of a definition that is deleted."""
    for node in nodes:
        try:
            await client.get_workflow_handle(workflow_id(definition_id, node)).terminate("the definition was deleted")
        except Exception as error:
            logger.debug("nothing to disarm for %s %s: %s", definition_id, node, error)


async def _arm_one(database: Database, client: Client, task_queue: str, row: StartSubscriptionRow) -> int:
    deployed = await _deployed_at(database, row.definition_id)
    spec, kind = str(row.spec.get("spec") or ""), str(row.spec.get("kind") or "timeDuration")
    try:
        found = first_due(kind, spec, deployed)
    except ValueError as error:
        logger.warning("the timer of start event %r of %s cannot be read: %s", row.node, row.definition_id, error)
        return 0
    if found is None:
        return 0
    due, left = found
    if left == 0 and due < _now() - 86_400_000 and due != deployed:
        return 0  # a date that passed long ago: its workflow has ended, and Temporal may have forgotten it
    try:
        await client.start_workflow(
            contract.TIMER_START_TYPE,
            {"definition_id": row.definition_id, "node": row.node, "spec": spec, "due": due, "left": left},
            id=workflow_id(row.definition_id, row.node),
            task_queue=task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            static_summary=f"{row.definition_key}: {row.node}",
        )
    except WorkflowAlreadyStartedError:
        return 0
    return 1


async def _deployed_at(database: Database, definition_id: str) -> int:
    definition = await definitions.PROCESS_DEFINITIONS.get(database, definition_id)
    deployment = None if definition is None else await DEPLOYMENTS.get(database, definition.deployment_id)
    return _now() if deployment is None else int(deployment.deployment_time.timestamp() * 1000)


class TimerStartActivities:
    """What `TimerStart` asks for; one per process."""

    def __init__(self, database: Database, client: Client, task_queue: str) -> None:
        self._database = database
        self._client = client
        self._task_queue = task_queue

    @activity.defn(name=contract.ACTIVITY_START_BY_TIMER)
    async def start(self, request: dict[str, Any]) -> bool:
        """Start the instance of one instant, once; False when the definition is not the latest any more.

        While a definition is suspended its instants pass.
        """
        definition_id, node = request["definition_id"], request["node"]
        definition = await definitions.PROCESS_DEFINITIONS.get(self._database, definition_id)
        if definition is None:
            return False
        latest = await definitions.latest(self._database, definition.key, definition.tenant_id)
        if latest is None or latest.id != definition_id:
            return False
        if definition.suspended:
            return True
        instance_id = str(uuid5(NAMESPACE_OID, f"{definition_id}:{node}:{request['due']}"))
        start = StartInstance(now=0, instance_id=instance_id, start_node=node, tenant=definition.tenant_id)
        try:
            await process.start_only(
                self._client,
                instance_id,
                ProcessInput(
                    definition_hash=definition.hash,
                    definition_id=definition_id,
                    command=codec.to_json(start),
                    meta=meta_of(definition),
                ),
                task_queue=self._task_queue,
            )
        except process.InstanceExists:
            logger.debug("instance %s was started by an earlier attempt", instance_id)
        return True


def _now() -> int:
    return int(time.time() * 1000)
