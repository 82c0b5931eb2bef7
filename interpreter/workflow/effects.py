"""Effects: what a step asks of the outside besides waits. Each becomes one activity, started after its step is
confirmed.

Activities are at-least-once; each effect carries an id, by which the receiving side drops a repetition. What is away
(the database, Temporal) is waited for without end; another failure is given up after some attempts, becomes an incident
and keeps its id until it is performed. A listener for which nobody waits is an activity of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Final

from temporalio import workflow
from temporalio.common import RetryPolicy

from interpreter import codec
from interpreter.effects import Effect, RepeatEffect, RunListener
from interpreter.workflow import contract, jobs, mirror

TIMEOUT: Final = timedelta(seconds=30)
RETRY: Final = RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=30))


class Effects:
    """Effects of one instance that are not performed yet."""

    def __init__(
        self,
        tenant: Callable[[], str | None],
        guard: Callable[[Callable[[], None]], None],
        rouse: Callable[[], None],
        plan: Callable[[RunListener], jobs.Plan],
        failed: Callable[[RunListener, str], None],
        given_up: Callable[[RepeatEffect, str], None],
    ) -> None:
        self._tenant = tenant
        self._given_up = given_up
        self._plan = plan
        self._failed = failed
        self._guard = guard
        self._rouse = rouse
        self._waiting: list[Effect] = []
        self._running: dict[asyncio.Future[Any], None] = {}

    @property
    def busy(self) -> bool:
        """Whether an effect is waiting or under way."""
        return bool(self._waiting or self._running)

    def add(self, effects: Sequence[Effect]) -> None:
        """Take the effects of a step."""
        self._waiting.extend(effects)

    def perform(self) -> None:
        """Start what waits; call it when the steps are confirmed."""
        waiting, self._waiting = self._waiting, []
        now = workflow.time_ns() // 1_000
        for number, effect in enumerate(waiting):
            if isinstance(effect, RunListener):
                self._run_listener(effect)
                continue
            asked = (
                effect
                if isinstance(effect, RepeatEffect)
                else RepeatEffect(str(workflow.uuid4()), codec.to_json(effect))
            )
            data = asked.effect
            task = workflow.start_activity(
                contract.ACTIVITY_EFFECT,
                {
                    "instance_id": workflow.info().workflow_id,
                    "tenant": self._tenant(),
                    "id": asked.id,
                    "effect": data,
                    "order": now + number,
                },
                start_to_close_timeout=TIMEOUT,
                retry_policy=RETRY,
                summary=str(data.get("name") or data["t"]),
            )
            self._running[task] = None
            self._when_done(task, asked)

    def _when_done(self, task: asyncio.Future[Any], effect: RepeatEffect) -> None:
        task.add_done_callback(lambda done: self._guard(lambda: self._done(effect, done)))

    def _run_listener(self, listener: RunListener) -> None:
        try:
            task = mirror.start(self._plan(listener))
        except ValueError as error:
            self._failed(listener, str(error))
            return
        self._running[task] = None
        task.add_done_callback(lambda done: self._guard(lambda: self._listener_done(listener, done)))

    def _listener_done(self, listener: RunListener, task: asyncio.Future[Any]) -> None:
        self._running.pop(task, None)
        self._rouse()
        if not task.cancelled():
            error = task.exception()
            if error is not None:
                self._failed(listener, str(getattr(error, "cause", None) or error))

    def _done(self, effect: RepeatEffect, task: asyncio.Future[Any]) -> None:
        self._running.pop(task, None)
        self._rouse()
        if not task.cancelled():
            error = task.exception()
            if error is not None:
                self._given_up(effect, str(getattr(error, "cause", None) or error))
