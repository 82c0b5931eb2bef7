"""Suspend, resume and cancel many instances: one short command each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from api.engine import CommandRejected, InstanceNotFound
from api.operations import Call
from interpreter.commands import CancelInstance, ResumeInstance, SuspendInstance
from store.instances import PROCESS_INSTANCES


async def suspend_instances(call: Call, instance_ids: Sequence[str], suspended: bool) -> None:
    """Bring the instances into the state. One that is there already, or over by now, is left as it is."""
    command = SuspendInstance(now=0) if suspended else ResumeInstance(now=0)
    for instance_id in instance_ids:
        try:
            await call.services.engine.execute(instance_id, command)
        except InstanceNotFound:
            continue
        except CommandRejected as error:
            if error.code == "not_found":
                raise


async def cancel_instances(call: Call, filters: Mapping[str, Any]) -> None:
    """Cancel the running instances that match, because what they run on is deleted."""
    command = CancelInstance(now=0, reason="deployment deleted")
    for row in await PROCESS_INSTANCES.list(call.services.database, filters):
        try:
            await call.services.engine.execute(row.id, command)
        except InstanceNotFound:
            continue
        except CommandRejected as error:
            if error.code not in ("ended", "not_found"):
                raise
