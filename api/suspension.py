"""Suspend and resume many instances: one short command each."""

from __future__ import annotations

from collections.abc import Sequence

from api.engine import CommandRejected, InstanceNotFound
from api.operations import Call
from interpreter.commands import ResumeInstance, SuspendInstance


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
