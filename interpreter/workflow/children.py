"""Call activities: each `ChildWait` is a child workflow of the same type.

The child is started with parent close policy ABANDON and answers through Temporal's own child completion. A new run
of the parent cannot await a child of an earlier run, so that after continue-as-new an activity watches the child
instead (`ACTIVITY_WATCH_CHILD`). The called definition is resolved by a local activity; the binding is a matter of
the store.

The id of a called instance is that of its wait, so that it is started once, whatever happens: what is there already,
running or over, is watched. It is there when the data that it brought back could not be taken and somebody says:
again; and when an update that comes with the first activation of a run (it is handled before `adopt`) resumes the
caller.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import timedelta
from typing import Any, Final

from temporalio import workflow
from temporalio.common import RetryPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    ChildWorkflowError,
    FailureError,
    WorkflowAlreadyStartedError,
)

from interpreter import codec
from interpreter.commands import CancelInstance, Command, CompleteChild, FailWait, StartInstance
from interpreter.events import Event, VariableRemoved, VariableSet
from interpreter.ids import ROOT_KEY, child_instance_id
from interpreter.state import State
from interpreter.values import Millis
from interpreter.waits import ChildWait
from interpreter.workflow import attributes, contract

CALLED: Final = "called"
"""Option of an instance that another one called: which of its variables the caller wants back (none | mapped | all)."""


ADOPTS: Final = "adopts-children"
"""Patch: a called instance that is there already is watched; its start is not taken for failed."""

MAX_AWAITED: Final = 20
"""So many children that are just being started an answer waits for."""


def last_variables(before: dict[str, Any], events: Sequence[Event]) -> dict[str, Any]:
    """The process instance's own variables after its last step, in codec form; the state has forgotten them by then."""
    variables = dict(before)
    for event in events:
        if isinstance(event, VariableSet) and event.scope == ROOT_KEY:
            variables[event.name] = event.value
        elif isinstance(event, VariableRemoved) and event.scope == ROOT_KEY:
            variables.pop(event.name, None)
    return {name: codec.encode_value(value) for name, value in variables.items()}


class Children:
    """The child instances of one instance, by the key of their wait."""

    def __init__(
        self,
        definition_id: str,
        submit: Callable[[Command], None],
        now: Callable[[], Millis],
        guard: Callable[[Callable[[], None]], None],
        rouse: Callable[[], None],
    ) -> None:
        self.starting = 0
        """Children whose start Temporal has not confirmed yet."""
        self.definition_id = definition_id
        self._submit = submit
        self._now = now
        self._guard = guard
        self._rouse = rouse
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._started: dict[int, str] = {}
        self._definitions: dict[int, str] = {}
        self._begun: list[asyncio.Future[None]] = []
        self._cancelling: dict[asyncio.Future[None], None] = {}

    def started(self) -> list[tuple[int, str, str]]:
        """Wait key, instance id and definition id of the running children: what a new run must watch."""
        return [(key, instance_id, self._definitions[key]) for key, instance_id in self._started.items()]

    def adopt(self, key: int, instance_id: str, definition_id: str) -> None:
        """Watch a child that an earlier run of this workflow started."""
        self._started[key] = instance_id
        self._definitions[key] = definition_id
        self._run(key, self._watch(key, instance_id))

    def open(self, state: State, wait: ChildWait) -> None:
        """Start the child of `wait` unless it is there."""
        task = self._tasks.get(wait.key)
        if task is not None and not task.done():
            return
        self.starting += 1  # from now on: a run must not end before its children have begun
        self._run(wait.key, self._call(state, wait))

    def close(self, key: int) -> None:
        """The wait is closed: cancel the child if it still runs. One that is just being started is cancelled then."""
        task = self._tasks.pop(key, None)
        instance_id = self._started.pop(key, None)
        if task is None or task.done() or instance_id is None:
            return
        self._begin_cancellation(instance_id)
        task.cancel()

    async def all_begun(self) -> None:
        """Wait until the called instances exist: who is answered may look for them. Not for hundreds of them."""
        if 0 < self.starting <= MAX_AWAITED:
            begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._begun.append(begun)
            await begun

    def _note_begun(self) -> None:
        self.starting -= 1
        if self.starting == 0:
            waiting, self._begun = self._begun, []
            for begun in waiting:
                if not begun.done():
                    begun.set_result(None)
        self._rouse()

    @property
    def busy(self) -> bool:
        """Whether a start or a cancellation is under way, which the end of this run would lose."""
        return self.starting > 0 or bool(self._cancelling)

    def _begin_cancellation(self, instance_id: str) -> None:
        cancelling = asyncio.ensure_future(self._cancel(instance_id))
        self._cancelling[cancelling] = None
        cancelling.add_done_callback(lambda done: self._guard(lambda: self._cancelled(done)))

    def _cancelled(self, task: asyncio.Future[None]) -> None:
        self._cancelling.pop(task, None)
        self._rouse()

    def _run(self, key: int, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(coroutine)
        self._tasks[key] = task

        def done(finished: asyncio.Future[None]) -> None:
            if not finished.cancelled():
                self._guard(finished.result)

        task.add_done_callback(done)

    async def _call(self, state: State, wait: ChildWait) -> None:
        instance_id = child_instance_id(state.instance_id, wait.key)
        try:
            called: Any = await workflow.execute_local_activity(
                contract.ACTIVITY_RESOLVE_CHILD,
                {
                    "process_id": wait.process_id,
                    "binding": wait.binding,
                    "version": wait.version,
                    "tenant": wait.tenant,
                    "definition_id": self.definition_id,
                },
                start_to_close_timeout=timedelta(seconds=10),
                retry_policy=RetryPolicy(
                    initial_interval=timedelta(milliseconds=100), maximum_interval=timedelta(seconds=5)
                ),
            )
            command = StartInstance(
                now=0,
                instance_id=instance_id,
                variables=wait.variables,
                business_key=wait.business_key,
                tenant=wait.tenant or state.tenant,
                parent_id=state.instance_id,
                root_id=state.root_id or state.instance_id,
                compensation=wait.compensation,
                caught=wait.caught,
            )
            start = codec.to_json(command)
            self._definitions[wait.key] = str(called["definition_id"])
            meta: dict[str, Any] = called.get("meta") or {}
            handle = await workflow.start_child_workflow(
                contract.WORKFLOW_TYPE,
                {**called, "command": start, "options": {CALLED: wait.outputs}},
                id=instance_id,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                parent_close_policy=workflow.ParentClosePolicy.ABANDON,
                cancellation_type=workflow.ChildWorkflowCancellationType.ABANDON,
                search_attributes=attributes.initial(meta, start),
                static_summary=meta.get("definition_name"),
            )
        except (ActivityError, FailureError) as error:
            handle = None
            if not self._is_there(wait.key, instance_id, error):
                return
        else:
            if self._is_replaced(wait.key):
                self._begin_cancellation(instance_id)
                return
        finally:
            self._note_begun()
        self._started[wait.key] = instance_id
        if handle is None:
            await self._watch(wait.key, instance_id)
            return
        try:
            result: Any = await handle
        except ChildWorkflowError as error:
            result = {"outcome": "cancelled", "message": str(error.cause or error)}
        self._answer(wait.key, result)

    def _is_there(self, key: int, instance_id: str, error: BaseException) -> bool:
        """Whether the child that could not be started is there and to be watched from here."""
        exists, replaced = isinstance(error, WorkflowAlreadyStartedError), self._is_replaced(key)
        if (exists or replaced) and workflow.patched(ADOPTS):
            if replaced and exists and key not in self._started:
                self._begin_cancellation(instance_id)  # the call was taken away meanwhile
            return not replaced
        cause: BaseException = error.__cause__ or error
        message = cause.message if isinstance(cause, ApplicationError) else str(cause)
        self._submit(FailWait(now=self._now(), wait=key, message=message))
        return False

    def _is_replaced(self, key: int) -> bool:
        """Whether this task is not the one any more that looks after the child: the call was taken away, or the child
        of an earlier run was adopted."""
        return self._tasks.get(key) is not asyncio.current_task()

    async def _watch(self, key: int, instance_id: str) -> None:
        try:
            result: Any = await workflow.execute_activity(
                contract.ACTIVITY_WATCH_CHILD,
                instance_id,
                start_to_close_timeout=timedelta(days=3650),
                heartbeat_timeout=timedelta(seconds=30),
                summary=f"watch {instance_id}",
            )
        except ActivityError:
            if self._is_replaced(key):
                return  # the call was taken away: nobody wants to know any more
            raise
        self._answer(key, result)

    def _answer(self, key: int, result: dict[str, Any]) -> None:
        self._started.pop(key, None)  # it is over: a new run has nothing to watch
        code = result.get("error_code")
        variables: dict[str, Any] = result.get("variables") or {}
        ended = "completed" if result.get("outcome") == "completed" else "cancelled"
        self._submit(
            CompleteChild(
                now=self._now(),
                wait=key,
                outcome="error" if code is not None else ended,
                variables={name: codec.decode_value(value) for name, value in variables.items()},
                code=code,
                message=str(result.get("message") or ""),
                compensation=result.get("compensation") or {},
                definition=self._definitions.pop(key, None),
            )
        )

    async def _cancel(self, instance_id: str) -> None:
        command = codec.to_json(CancelInstance(now=0, reason="the calling activity was cancelled"))
        try:
            await workflow.get_external_workflow_handle(instance_id).signal(contract.SIGNAL_DELIVER, command)
        except FailureError as error:
            workflow.logger.info("child %s was over before it could be cancelled: %s", instance_id, error)
