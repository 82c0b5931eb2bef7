"""Suspend, resume and cancel many instances: one short command each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from api.engine import CommandRejected, InstanceNotFound
from api.many import each
from api.operations import Call
from interpreter.commands import CancelInstance, Command, ResumeInstance, SuspendInstance
from store.instances import PROCESS_INSTANCES


async def suspend_instances(call: Call, instance_ids: Sequence[str], suspended: bool) -> None:
    """Bring the instances into the state. One that is there already, or over by now, is left as it is."""
    await _execute(call, instance_ids, SuspendInstance(now=0) if suspended else ResumeInstance(now=0), ("not_found",))


async def cancel_instances(call: Call, filters: Mapping[str, Any]) -> None:
    """Cancel the running instances that match, because what they run on is deleted."""
    rows = await PROCESS_INSTANCES.list(call.services.database, filters)
    command = CancelInstance(now=0, reason="deployment deleted")
    await _execute(call, [row.id for row in rows], command, ("suspended", "invalid"))


async def _execute(call: Call, instance_ids: Sequence[str], command: Command, serious: tuple[str, ...]) -> None:
    """Execute `command` on each; of the refusals only those with the codes `serious` are errors."""

    async def execute(instance_id: str) -> None:
        try:
            await call.services.engine.execute(instance_id, command)
        except InstanceNotFound:
            return
        except CommandRejected as error:
            if error.code in serious:
                raise

    await each(instance_ids, execute)
