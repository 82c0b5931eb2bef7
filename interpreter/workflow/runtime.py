"""What the workflow finds in its process and cannot get as an argument: the definitions, the side channel to the read
model and the job policies. Installed once by the worker (or a test) before it polls.

Everything here is either content-addressed, constant for the life of an instance (copied into its state when it
starts), or has no influence on the workflow's commands: replay gives the same result in any process.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from interpreter.workflow import contract
from interpreter.workflow.definitions import DefinitionCache


class SideChannel(Protocol):
    """Takes batches for an optimistic write to the read model, outside the workflow's history."""

    def offer(self, batch: dict[str, Any]) -> None:
        """Write `batch` soon unless something newer of the same instance comes first. Called from workflow threads;
        must not block."""
        ...

    def forget(self, instance_id: str) -> None:
        """A confirmed write of this instance begins: what was offered is not needed any more."""
        ...


class DirectFlush(Protocol):
    """Writes a confirmed batch from the workflow's thread, before the workflow task completes."""

    def __call__(self, batch: dict[str, Any]) -> bool:
        """Block until `batch` is in the read model; False when that takes too long or fails. Must not raise."""
        ...


def no_direct_flush(batch: dict[str, Any]) -> bool:
    """There is none: every confirmed flush is a local activity."""
    return False


class NoSideChannel:
    """The read model shows confirmed states only."""

    def offer(self, batch: dict[str, Any]) -> None:
        """Ignore it."""

    def forget(self, instance_id: str) -> None:
        """Nothing is kept."""


@dataclass(slots=True)
class Runtime:
    """See the module."""

    definitions: DefinitionCache = field(default_factory=DefinitionCache)
    side_channel: SideChannel = field(default_factory=NoSideChannel)
    direct_flush: DirectFlush = no_direct_flush
    job_task_queue: str = contract.JOB_TASK_QUEUE


_runtime = Runtime()


def install(runtime: Runtime) -> None:
    """Make `runtime` the one of this process."""
    global _runtime
    _runtime = runtime


def current() -> Runtime:
    """The runtime of this process."""
    return _runtime
