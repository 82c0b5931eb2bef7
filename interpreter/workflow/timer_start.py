"""`TimerStart`: waits for the instants of a timer start event and has an instance started at each.

One workflow per timer start event of a definition, id `timer-start:<definition id>:<node>`. It ends by itself when the
cycle is over or the definition is no longer the latest; the activity that starts an instance says so. Instants are the
engine's own calendar's, so that every cycle that a model may write works, with seconds, zones and days of the month.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from temporalio import workflow
from temporalio.common import RetryPolicy

from interpreter import calendar
from interpreter.values import Millis
from interpreter.workflow import contract

MOST_STARTS: Final = 300
"""Starts of one run."""
RETRY: Final = RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=30))


def workflow_id(definition_id: str, node: str) -> str:
    """Id of the workflow for one timer start event."""
    return f"timer-start:{definition_id}:{node}"


def first_due(kind: str, spec: str, now: Millis) -> tuple[Millis, int] | None:
    """The first instant and how many follow (-1: without end). `kind`: timeDate, timeDuration or timeCycle.

    ValueError if `spec` cannot be read.
    """
    if kind == "timeCycle":
        return calendar.first(spec, now)
    return calendar.instant_or_period(spec, now), 0


@workflow.defn(name=contract.TIMER_START_TYPE)
class TimerStart:
    """Input: definition_id, node, spec, due (ms), left (instants after `due`, -1 without end)."""

    @workflow.run
    async def run(self, data: Any) -> str:
        """Start an instance at each instant; why it ended."""
        due: Millis = data["due"]
        left: int = data["left"]
        for _ in range(MOST_STARTS):
            pause = due - workflow.time_ns() // 1_000_000
            if pause > 0:
                await workflow.sleep(timedelta(milliseconds=pause), summary=data["node"])
            live = await workflow.execute_local_activity(
                contract.ACTIVITY_START_BY_TIMER,
                {"definition_id": data["definition_id"], "node": data["node"], "due": due},
                start_to_close_timeout=timedelta(seconds=15),
                retry_policy=RETRY,
            )
            if not live:
                return "the definition is no longer the latest"
            following = None if left == 0 else calendar.following(data["spec"], due)
            if following is None:
                return "the cycle is over"
            left -= 1 if left > 0 else 0
            due = following
        workflow.continue_as_new({**data, "due": due, "left": left})
