"""Something in the history for every second workflow task that does work and asks Temporal for nothing.

Two such tasks in a row can look to Temporal's SDK as one: when a worker that has not the instance in memory is given
the next task for an update, it takes a task without commands that is followed directly by the next one for a heartbeat
(`find_end_index_of_next_wft_seq` in the SDK's core), and hands what belongs to both in one activation. The update would
come first, and the clock would be the later one: the instance would go another way than the one that is in the log.
A command in between keeps them apart. The cheapest is a timer that nobody waits for; the next one is its cancellation.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final, cast

from temporalio import workflow

PATCH: Final = "traces"
_YEAR: Final = 365 * 86_400.0  # seconds


class Traces:
    """One per run of the workflow; `look` is called when a step has been made, after everything that it asks for."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._was_quiet = False
        self._timer: asyncio.TimerHandle | None = None
        self._due = False

    def expect(self) -> None:
        """Something happens in this activation: look before it is over."""
        if not self._due:
            self._due = True
            self._loop.call_soon(self._look)

    def spoken(self) -> None:
        """An update has been accepted, which is an event of its own."""
        self._was_quiet = False

    def _look(self) -> None:
        self._due = False
        is_quiet = not self._has_commands()
        if is_quiet and self._was_quiet and workflow.patched(PATCH):
            self._leave()
            is_quiet = False
        self._was_quiet = is_quiet

    def _leave(self) -> None:
        if self._timer is None:
            self._timer = self._loop.call_later(_YEAR, _nothing)
        else:
            self._timer.cancel()
            self._timer = None

    def _has_commands(self) -> bool:
        """Whether this activation leaves events. The workflow's event loop is the SDK's own object; it has no public
        way to ask for this, and the tests notice if it changes."""
        completion: Any = cast("Any", self._loop)._current_completion
        return any(
            not (command.HasField("update_response") and command.update_response.HasField("rejected"))
            for command in completion.successful.commands
        )


def _nothing() -> None:
    pass
