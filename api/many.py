"""The same for many instances, a few at a time: an instance answers in some milliseconds, a thousand shall not take a
thousand times as long."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, TypeVar

from api.engine import CommandRejected, InstanceNotFound
from api.errors import invalid_request, rest_exception
from api.operations import Call
from api.retries import MAX_CHANGES
from interpreter.commands import Command

_AT_ONCE: Final = 8

Item = TypeVar("Item")


async def each(items: Iterable[Item], work: Callable[[Item], Awaitable[object]]) -> None:
    """Do `work` on every item. The first error is raised when those under way are done; the rest is not begun."""
    waiting, failed = iter(items), False

    async def worker() -> None:
        nonlocal failed
        for item in waiting:
            if failed:
                return
            try:
                await work(item)
            except BaseException:
                failed = True
                raise

    results = await asyncio.gather(*(worker() for _ in range(_AT_ONCE)), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result


async def execute_all(call: Call, instances: list[str], command: Command, operation: str) -> None:
    """Execute `command` on each. RestError 400 at the first that refuses; those before it have it done."""
    if not instances:
        raise invalid_request("Process instance ids is empty: expected at least one process instance")
    if len(instances) > MAX_CHANGES:
        raise invalid_request(f"Expected at most {MAX_CHANGES} instances at once but there are {len(instances)}.")

    async def execute(instance_id: str) -> None:
        try:
            await call.services.engine.execute(instance_id, command)
        except (CommandRejected, InstanceNotFound) as error:
            raise rest_exception(f"{operation} {instance_id}: {error}", 400) from error

    await each(instances, execute)
