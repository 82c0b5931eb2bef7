"""When to continue as new, and what updates have been answered.

Temporal bounds a run: about 4,000 events before it suggests a new one, 2,000 updates, 10,000 signals. A new run
starts when nothing is pending in Temporal that it would lose; from `HARD_EVENTS` on no new job is started until then.
"""

from __future__ import annotations

from typing import Any, Final

from temporalio import workflow

MAX_UPDATES: Final = 1_500
MAX_EVENTS: Final = 4_000
HARD_UPDATES: Final = 1_900
HARD_EVENTS: Final = 20_000
REMEMBERED_ANSWERS: Final = 100


class Runs:
    """Counts of this run, and the answers to the last updates (a client may repeat one after the run has changed).

    `options`: `new_run_at_every_rest` (tests), `new_run_after_events`, `new_run_after_updates`.
    """

    def __init__(self, options: dict[str, Any], carried: dict[str, Any] | None = None) -> None:
        self._at_every_rest = bool(options.get("new_run_at_every_rest"))
        self._max_events = int(options.get("new_run_after_events") or MAX_EVENTS)
        self._max_updates = int(options.get("new_run_after_updates") or MAX_UPDATES)
        carried = carried or {}
        self._number = int(carried.get("number") or 0)
        self._answers: dict[str, Any] = dict(carried.get("answers") or {})
        self._executing: dict[str, None] = {}
        self._updates = 0
        self._anything = self._number == 0

    def wants_another(self) -> bool:
        """Whether this run should end at the next moment at which nothing is pending."""
        if self._at_every_rest and self._anything:
            return True
        info = workflow.info()
        return (
            self._updates >= self._max_updates
            or info.get_current_history_length() >= self._max_events
            or info.is_continue_as_new_suggested()
        )

    def must_change(self) -> bool:
        """Whether the hard limits are so near that nothing new may be started in this run."""
        return self._updates >= HARD_UPDATES or workflow.info().get_current_history_length() >= HARD_EVENTS

    def begin(self, update_id: str) -> None:
        """An update has been executed; its answer waits for the read model."""
        self._executing[update_id] = None

    def has_executed(self, update_id: str) -> bool:
        """Whether an update with this id has been executed, be it answered or not; false if that is too long ago."""
        return update_id in self._executing or update_id in self._answers

    def remember(self, update_id: str, answer: Any) -> None:
        """Keep the answer of an update, for a client that asks again."""
        self._executing.pop(update_id, None)
        self._updates += 1
        self._anything = True
        self._answers[update_id] = answer
        while len(self._answers) > REMEMBERED_ANSWERS:
            del self._answers[next(iter(self._answers))]

    def answered(self, update_id: str) -> Any:
        """The answer that an update with this id got, or None."""
        return self._answers.get(update_id)

    def note_progress(self) -> None:
        """Something happened in this run (tests: a new run at every rest begins only then)."""
        self._anything = True

    def carry(self) -> dict[str, Any]:
        """What the next run needs."""
        return {"number": self._number + 1, "answers": self._answers}
