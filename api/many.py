"""Apply one command to many instances, one after the other."""

from __future__ import annotations

from api.engine import CommandRejected, InstanceNotFound
from api.errors import invalid_request, rest_exception
from api.operations import Call
from api.retries import MAX_CHANGES
from interpreter.commands import Command


async def execute_all(call: Call, instances: list[str], command: Command, operation: str) -> None:
    """Execute `command` on each. RestError 400 at the first that refuses; those before it have it done."""
    if not instances:
        raise invalid_request("Process instance ids is empty: expected at least one process instance")
    if len(instances) > MAX_CHANGES:
        raise invalid_request(f"Expected at most {MAX_CHANGES} instances at once but there are {len(instances)}.")
    for instance_id in instances:
        try:
            await call.services.engine.execute(instance_id, command)
        except (CommandRejected, InstanceNotFound) as error:
            raise rest_exception(f"{operation} {instance_id}: {error}", 400) from error
