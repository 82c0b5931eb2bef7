"""What the read model does not have yet: the steps since the last confirmed flush, in their JSON form."""

from __future__ import annotations

from typing import Any

from interpreter import codec
from interpreter.step import Step


class Outbox:
    """The unconfirmed steps of one instance and what a batch of them needs. Events are numbered from 1 here.

    `confirmed` is the number of the last event that a confirmed flush wrote, `sequence` that of the last event of
    all.
    """

    __slots__ = ("confirmed", "definition_hash", "events", "instance_id", "meta", "sequence", "steps")

    def __init__(
        self,
        instance_id: str,
        definition_hash: str,
        meta: dict[str, Any],
        confirmed: int = 0,
    ) -> None:
        self.instance_id = instance_id
        self.definition_hash = definition_hash
        self.meta = meta
        self.confirmed = confirmed
        self.sequence = confirmed
        self.events = 0
        self.steps: list[dict[str, Any]] = []

    def add(self, step: Step) -> None:
        """Take the events of a step; a step without events leaves no trace."""
        if not step.events:
            return
        self.steps.append(
            {"first": step.first + 1, "at": step.at, "events": [codec.to_json(event) for event in step.events]}
        )
        self.events += len(step.events)
        self.sequence = step.first + len(step.events)

    def batch(self, fence: int, *, confirmed: bool) -> dict[str, Any]:
        """Everything that is not confirmed, as `store.batches` wants it. `fence` is the instant (ms) of the workflow
        task."""
        return {
            "instance_id": self.instance_id,
            "base": self.confirmed,
            "steps": list(self.steps),
            "confirmed": confirmed,
            "definition_hash": self.definition_hash,
            "meta": self.meta,
            "fence": fence,
        }

    def confirm(self, sequence: int) -> None:
        """The events up to `sequence` (the end of a step) are in the read model."""
        self.confirmed = sequence
        kept = [step for step in self.steps if step["first"] > sequence]
        self.events = sum(len(step["events"]) for step in kept)
        self.steps = kept
