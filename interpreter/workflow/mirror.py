"""The mirror: keeps Temporal's activities, timers and child workflows equal to the open waits of the state.

After each step the process calls `update` with the keys of the waits that the step touched; what is open and not
running is started, what runs and is not open any more is cancelled. What Temporal reports comes back as a command
through `submit`. User tasks, external tasks and subscriptions have no counterpart here: they are closed by an update
or a signal.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from temporalio import workflow

from interpreter.commands import Command, CompleteWait, FailWait, FireTimer
from interpreter.definition import Definition
from interpreter.state import State
from interpreter.values import Millis
from interpreter.waits import ChildWait, JobWait, TimerWait, Wait
from interpreter.workflow import jobs
from interpreter.workflow.children import Children

MAX_RUNNING_JOBS: Final = 1_000
"""Jobs scheduled at once; Temporal refuses more than 2,000 pending activities. The others wait their turn in order."""

Submit = Callable[[Command], None]


@dataclass(eq=False, slots=True)
class _Running:
    """A counterpart in Temporal. `due` is what a timer or a delayed job was started for."""

    task: asyncio.Future[Any]
    kind: type[Wait]
    due: Millis | None = None


class Mirror:
    """See the module. All methods are called from the workflow's own loop, between steps."""

    def __init__(
        self,
        definition: Definition,
        definition_id: str,
        state: State,
        submit: Submit,
        now: Callable[[], Millis],
        guard: Callable[[Callable[[], None]], None],
        rouse: Callable[[], None],
    ) -> None:
        self.definition = definition
        self.definition_id = definition_id
        self.state = state
        self.paused = False
        """No new jobs are started (a new run is about to begin)."""
        self.jobs = 0
        """Running activities of jobs."""
        self._submit = submit
        self._now = now
        self._guard = guard
        self._rouse = rouse
        self._running: dict[int, _Running] = {}
        self._backlog: dict[int, None] = {}
        self.children = Children(definition_id, submit, now, guard, rouse)

    @property
    def busy(self) -> bool:
        """Whether Temporal holds something that a new run of the workflow would lose."""
        return self.jobs > 0 or self.children.busy

    @property
    def waits_for_jobs(self) -> bool:
        """Whether a job is running or in the queue: the instance goes on by itself."""
        return self.jobs > 0 or bool(self._backlog)

    def update(self, keys: Iterable[int]) -> None:
        """Make Temporal's side equal to the waits with these keys."""
        for key in keys:
            wait = self.state.waits.get(key)
            running = self._running.get(key)
            if wait is None:
                if running is not None:
                    self._stop(key, running)
                self._backlog.pop(key, None)
                self.children.close(key)
            elif isinstance(wait, JobWait):
                if running is not None and running.kind is TimerWait and (wait.suspended or running.due != wait.due):
                    self._stop(key, running)
                    running = None
                if running is None and key not in self._backlog:
                    self._start_job(wait)
            elif isinstance(wait, TimerWait):
                if running is not None and (wait.suspended or running.due != wait.due):
                    self._stop(key, running)
                    running = None
                if running is None and not wait.suspended:
                    self._start_timer(key, wait.due, self._summary(wait), self._fire)
            elif isinstance(wait, ChildWait) and not self._has_incident(key):
                self.children.open(self.state, wait)

    def move_to(self, definition: Definition, definition_id: str) -> None:
        """The instance has been migrated."""
        self.definition = definition
        self.definition_id = self.children.definition_id = definition_id

    def update_all(self) -> None:
        """`update` for every open wait: at the start of a run, and when the instance is resumed."""
        self.update(list(self.state.waits))

    def start_more(self) -> None:
        """Start queued jobs while there is room."""
        while self._backlog and not self.paused and self.jobs < MAX_RUNNING_JOBS:
            key = next(iter(self._backlog))
            del self._backlog[key]
            wait = self.state.waits.get(key)
            if isinstance(wait, JobWait):
                self._start_job(wait)

    # -- jobs

    def _start_job(self, wait: JobWait) -> None:
        if wait.retries <= 0 or wait.suspended or self.state.suspended or self._has_incident(wait.key):
            return
        if wait.due is not None and wait.due > self._now():
            self._start_timer(wait.key, wait.due, f"{self._summary(wait)} (later)", self._job_due)
            return
        if wait.kind in jobs.IMMEDIATE:
            self._later(lambda: self._complete_immediately(wait.key))
            return
        if self.paused or self.jobs >= MAX_RUNNING_JOBS:
            self._backlog[wait.key] = None
            return
        try:
            plan = jobs.plan(self.definition, self.definition_id, self.state, wait)
        except ValueError as error:
            failure = FailWait(now=self._now(), wait=wait.key, message=str(error))
            self._later(lambda: self._submit(failure))
            return
        task = _start_local(plan) if plan.local else start(plan)
        self.jobs += 1
        self._running[wait.key] = _Running(task, JobWait)
        task.add_done_callback(lambda done: self._guard(lambda: self._job_done(wait, done)))

    def _job_done(self, wait: JobWait, task: asyncio.Future[Any]) -> None:
        self.jobs -= 1
        if task.cancelled():  # the worker evicts the workflow
            return
        error = task.exception()
        running = self._running.get(wait.key)
        if running is not None and running.task is task:
            del self._running[wait.key]
            if error is None:
                self._submit(jobs.completion(wait, task.result(), self._now()))
            else:
                self._submit(jobs.failure(wait, error, self._now()))
        self.start_more()
        self._rouse()

    def _job_due(self, key: int) -> None:
        wait = self.state.waits.get(key)
        if isinstance(wait, JobWait):
            self._start_job(wait)

    def _complete_immediately(self, key: int) -> None:
        if key in self.state.waits:
            self._submit(CompleteWait(now=self._now(), wait=key))

    # -- timers

    def _start_timer(self, key: int, due: Millis, summary: str, then: Callable[[int], None]) -> None:
        task = asyncio.ensure_future(_sleep(max(due - self._now(), 0), summary))
        running = self._running[key] = _Running(task, TimerWait, due)

        def done(finished: asyncio.Future[Any]) -> None:
            if self._running.get(key) is running and not finished.cancelled():
                del self._running[key]
                finished.result()
                then(key)

        task.add_done_callback(lambda finished: self._guard(lambda: done(finished)))

    def _fire(self, key: int) -> None:
        self._submit(FireTimer(now=self._now(), wait=key))

    # -- private

    def _stop(self, key: int, running: _Running) -> None:
        self._running.pop(key, None)
        running.task.cancel()

    def _later(self, callback: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_soon(self._guard, callback)

    def _has_incident(self, key: int) -> bool:
        """Whether a person must look before the work of this wait is tried again."""
        return any(incident.wait == key for incident in self.state.incidents.values())

    def _summary(self, wait: Wait) -> str:
        return self.definition.nodes[wait.node].name or wait.node


async def _sleep(milliseconds: Millis, summary: str) -> None:
    if milliseconds > 0:
        await workflow.sleep(timedelta(milliseconds=milliseconds), summary=summary)


def start(plan: jobs.Plan) -> asyncio.Future[Any]:
    """Schedule the activity of a job."""
    return workflow.start_activity(
        plan.activity,
        plan.payload,
        task_queue=plan.task_queue,
        start_to_close_timeout=plan.start_to_close,
        schedule_to_close_timeout=plan.schedule_to_close,
        heartbeat_timeout=plan.heartbeat,
        retry_policy=plan.retry,
        summary=plan.summary,
        priority=plan.priority,
    )


def _start_local(plan: jobs.Plan) -> asyncio.Future[Any]:
    return workflow.start_local_activity(
        plan.activity,
        plan.payload,
        start_to_close_timeout=plan.start_to_close,
        retry_policy=plan.retry,
        summary=plan.summary,
    )
