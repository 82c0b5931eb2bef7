"""Something in the history for every workflow task that does work and asks Temporal for nothing.

Such a task can look to Temporal's SDK as one with the next: when a worker that has not the instance in memory is given
the next task for an update, it takes a task without commands that is followed directly by another one for a heartbeat
(`find_end_index_of_next_wft_seq` in the SDK's core), if it is the first of the run or the one before it had no commands
either, and hands what belongs to both in one activation. The update would come first, and the clock would be the later
one: the instance would go another way than the one that is in the log. A command in between keeps them apart. The
cheapest is a timer that nobody waits for, and next time its cancellation.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, Final, cast

from temporalio import workflow

PATCH: Final = "trace"
_BEGINS: Final = {
    "start_timer": "timer",
    "schedule_activity": "activity",
    "schedule_local_activity": "local activity",
    "start_child_workflow_execution": "workflow",
}
_GIVES_UP: Final = {
    "cancel_timer": "timer",
    "request_cancel_activity": "activity",
    "request_cancel_local_activity": "local activity",
    "cancel_child_workflow_execution": "workflow",
}
_YEAR: Final = 365 * 86_400.0  # seconds


class Traces:
    """One per run of the workflow; looks at the end of an activation, after everything that it asks for.

    `always`: the run's input says that it leaves traces. Runs that began before the input said it go by a patch, whose
    marker is their first trace; it is dearer than a timer, as Temporal's SDK writes search attributes with it.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, *, always: bool) -> None:
        self._loop = loop
        self._always = always
        self._is_marked = always
        self._timer: asyncio.TimerHandle | None = None
        self._due = False

    def expect(self) -> None:
        """Something has happened in this activation: look when what it has set in motion rests."""
        if not self._due:
            self._due = True
            self._loop.call_soon(self._look)

    def roused(self) -> None:
        """The workflow goes on, if only because something that it had asked for is done: an effect, a call begun."""
        if self._always:
            self.expect()

    def _look(self) -> None:
        self._due = False
        if self._has_commands() or not (self._always or workflow.patched(PATCH)):
            return
        if not self._is_marked:
            self._is_marked = True  # by the patch's own marker
        elif self._timer is None:
            self._timer = self._loop.call_later(_YEAR, self._forget)
        else:
            self._timer.cancel()
            self._timer = None

    def _forget(self) -> None:
        self._timer = None

    def _has_commands(self) -> bool:
        """Whether this activation leaves events. The workflow's event loop is the SDK's own object; it has no public
        way to ask for this, and the tests notice if it changes."""
        completion: Any = cast("Any", self._loop)._current_completion
        return leaves_events(completion.successful.commands)


def leaves_events(commands: Iterable[Any]) -> bool:
    """Whether Temporal will write anything for `commands` (`WorkflowCommand` of the SDK's core): what is begun and
    given up in one activation is never sent, to give up an activity or a called workflow need not be written, and the
    refusal of an update never is."""
    begun: dict[tuple[str, int], None] = {}
    given_up: dict[tuple[str, int], None] = {}
    for command in commands:
        kind = str(command.WhichOneof("variant"))
        if kind in _BEGINS:
            begun[_BEGINS[kind], getattr(command, kind).seq] = None
        elif kind in _GIVES_UP:
            given_up[_GIVES_UP[kind], _seq_of(getattr(command, kind))] = None
        elif kind != "update_response" or not command.update_response.HasField("rejected"):
            return True
    return any(one not in given_up for one in begun) or any(one not in begun and one[0] == "timer" for one in given_up)


def _seq_of(command: Any) -> int:
    return command.child_workflow_seq if hasattr(command, "child_workflow_seq") else command.seq
