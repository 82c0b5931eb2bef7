"""Event streams for the tests of the read model, in the engine's JSON form."""

from __future__ import annotations

from typing import Any

from interpreter.codec import to_json
from interpreter.events import (
    ElementActivated,
    ElementCompleted,
    Event,
    InstanceEnded,
    InstanceStarted,
    VariableSet,
    WaitClosed,
    WaitOpened,
)
from interpreter.waits import ExternalTaskWait, UserTaskWait
from store.batches import Batch, StepRecord

T0 = 1_763_672_400_000
META = {"definition_id": "order:1:abc", "definition_key": "order"}


def step(first: int, at: int, *events: Event) -> StepRecord:
    """A step whose first event has number `first`."""
    return StepRecord(first, at, [to_json(event) for event in events])


def batch(instance_id: str, base: int, *steps: StepRecord, **changes: Any) -> Batch:
    """A confirmed batch, fenced by its last instant."""
    values: dict[str, Any] = {
        "confirmed": True,
        "definition_hash": "hash-1",
        "fence": steps[-1].at if steps else 0,
        "meta": META,
    }
    return Batch(instance_id=instance_id, base=base, steps=list(steps), **(values | changes))


def started(instance_id: str, **changes: Any) -> list[Event]:
    """An instance, its start event and a variable."""
    return [
        InstanceStarted(instance_id=instance_id, process_id="order", definition_hash="hash-1", **changes),
        VariableSet(scope=1, name="amount", value=120, created=True),
        ElementActivated(key=2, node="start", scope=1),
        ElementCompleted(key=2, node="start"),
    ]


def user_task(key: int = 3, **changes: Any) -> list[Event]:
    """A user task waits at element `key`, wait `key + 1`."""
    return [
        ElementActivated(key=key, node="approve", scope=1, flow="f1"),
        WaitOpened(UserTaskWait(key=key + 1, element=key, node="approve", name="Approve order", **changes)),
    ]


def external_task(key: int = 3, topic: str = "charge", **changes: Any) -> list[Event]:
    """An external task waits at element `key`, wait `key + 1`."""
    return [
        ElementActivated(key=key, node="charge", scope=1, flow="f1"),
        WaitOpened(ExternalTaskWait(key=key + 1, element=key, node="charge", topic=topic, **changes)),
    ]


def finished(key: int = 3, node: str = "approve") -> list[Event]:
    """The wait of element `key` is closed and the instance ends."""
    return [
        WaitClosed(key=key + 1),
        ElementCompleted(key=key, node=node),
        ElementActivated(key=key + 2, node="end", scope=1, flow="f2"),
        ElementCompleted(key=key + 2, node="end"),
        InstanceEnded(outcome="completed"),
    ]
