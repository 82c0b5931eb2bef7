"""A batch: the events of one instance that a flush carries from the workflow to the read model."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from store.json_text import canonical

EventJson = dict[str, Any]
"""The JSON form of an engine event (`interpreter.codec.to_json`): its name under "t", defaults left out."""

_MAX_EVENTS = 200_000

DIGEST = 16
"""Bytes of a step's digest."""


@dataclass(frozen=True, slots=True)
class StepRecord:
    """The events of one engine step: `first` is the number of the first event, `at` the instant in ms."""

    first: int
    at: int
    events: list[EventJson]

    @property
    def last(self) -> int:
        """Number of the last event."""
        return self.first + len(self.events) - 1

    def to_json(self) -> dict[str, Any]:
        """As it stands in the log."""
        return {"first": self.first, "at": self.at, "events": self.events}

    @property
    def digest(self) -> bytes:
        """Equal only for equal steps; the content that attempts are compared by."""
        return hashlib.blake2b(canonical(self.to_json()), digest_size=DIGEST).digest()


@dataclass(frozen=True, slots=True)
class Batch:
    """Steps base+1 ... `reached` of an instance, without a gap.

    `confirmed`: written by the flush on which something outside rests. `fence`: the instant (ms) at which the attempt
    that made the batch began; of two attempts the later one is right. `meta` tells of the definition what the events
    do not: definition_id, definition_key, tenant.
    """

    instance_id: str
    base: int
    steps: list[StepRecord]
    confirmed: bool
    definition_hash: str
    fence: int = 0
    meta: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def reached(self) -> int:
        """Number of the last event."""
        return self.steps[-1].last if self.steps else self.base

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Batch:
        """Read and check a batch. ValueError names what is wrong."""
        instance_id = _text(data, "instance_id")
        base = _number(data, "base")
        steps: list[StepRecord] = []
        expected, total = base + 1, 0
        for item in data.get("steps") or ():
            events = item.get("events") or []
            if not events:
                continue  # a step without events changes nothing and has no number
            step = StepRecord(_number(item, "first"), _number(item, "at"), events)
            if step.first != expected:
                raise ValueError(
                    f"Expected a step that starts at {expected} but it starts at {step.first} ({instance_id!r})."
                )
            expected = step.last + 1
            total += len(events)
            steps.append(step)
        if total > _MAX_EVENTS:
            raise ValueError(f"Expected at most {_MAX_EVENTS} events in a batch but there are {total}.")
        fence = data.get("fence")
        meta: dict[str, Any] = dict(data.get("meta") or {})
        if data.get("definition_id"):
            meta["definition_id"] = data["definition_id"]
        return cls(
            instance_id=instance_id,
            base=base,
            steps=steps,
            confirmed=bool(data.get("confirmed", True)),
            definition_hash=str(data.get("definition_hash") or ""),
            fence=int(fence) if fence is not None else (steps[-1].at if steps else 0),
            meta=meta,
        )


@dataclass(frozen=True, slots=True)
class WriteResult:
    """What became of a batch. `written` is the number of the last event in the rows.

    `status`: written | repeated (all of it was there) | rebuilt (an attempt that never happened was removed) |
    stale (a newer attempt has written; nothing was changed) | dropped (unconfirmed, and it differs from the log).
    """

    status: str
    written: int

    def to_json(self) -> dict[str, Any]:
        """For the local activity's result."""
        return {"status": self.status, "written": self.written}


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"Expected a text in the batch's {name!r} but it was {value!r:.80}.")
    return value


def _number(data: Mapping[str, Any], name: str) -> int:
    value = data.get(name)
    if type(value) is not int or value < 0:
        raise ValueError(f"Expected a whole number in the batch's {name!r} but it was {value!r:.80}.")
    return value
