"""`BpmnProcess`: the one workflow type. A process instance is one such workflow.

What it does per activation: every job that Temporal delivers (an update, a finished activity, a fired timer) becomes
one command, executed at once by `step`, which runs the tokens until they rest. The main coroutine then writes what
must be confirmed in one local activity, releases the callers that wait for it, performs effects, and rests. It is the
only one that flushes, so batches are in order.

Confirmed before anybody sees it: user tasks, external tasks, subscriptions, incidents, answers to updates, the end,
and any state without running jobs. Between jobs the read model gets what there is through the side channel, without a
trace in the history.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError, FailureError

from interpreter import codec, handlers, queries, reported
from interpreter.commands import (
    CancelInstance,
    Command,
    Continue,
    FailEffect,
    MigrateInstance,
    Rejection,
    ReportIncident,
    StartInstance,
)
from interpreter.definition import Definition
from interpreter.effects import RepeatEffect, RunListener
from interpreter.events import (
    Event,
    IncidentRaised,
    IncidentResolved,
    InstanceEnded,
    InstanceResumed,
    InstanceSuspended,
    WaitChanged,
    WaitClosed,
    WaitOpened,
)
from interpreter.features import features_of
from interpreter.ids import ROOT_KEY
from interpreter.state import dump_state, load_state
from interpreter.step import new_state, step
from interpreter.values import Millis
from interpreter.waits import ExternalTaskWait, MessageWait, OpenWait, SignalWait, UserTaskWait
from interpreter.workflow import attributes, children, contract, details, listeners, runtime
from interpreter.workflow.children import CALLED
from interpreter.workflow.contract import Answer, ProcessInput
from interpreter.workflow.effects import Effects
from interpreter.workflow.mirror import Mirror
from interpreter.workflow.outbox import Outbox
from interpreter.workflow.runs import Runs
from interpreter.workflow.traces import Traces

VISIBLE_WAITS: Final = (UserTaskWait, ExternalTaskWait, MessageWait, SignalWait, OpenWait)
"""Waits that a client can act on as soon as it sees them."""

ABOUT_TARGET: Final = ("definition_id", "meta")
"""What comes with a MigrateInstance beside its own fields: the new definition and what the read model keeps of it."""

MAX_UNCONFIRMED_EVENTS: Final = 2_000
"""A step that never rests (a huge multi-instance) is confirmed in portions; also what bounds the time of one
activation."""

AFTER_PENDING: Final = "after-pending"
"""Patch: what Temporal reports while transitions are parked is executed after them."""

FLUSH_TIMEOUT: Final = timedelta(seconds=15)
FLUSH_RETRY: Final = RetryPolicy(
    initial_interval=timedelta(milliseconds=100), backoff_coefficient=2.0, maximum_interval=timedelta(seconds=5)
)


@workflow.defn(name=contract.WORKFLOW_TYPE)
class BpmnProcess:
    """See the module."""

    @workflow.init
    def __init__(self, data: Any) -> None:
        request = ProcessInput.from_json(data)
        self._runtime = runtime.current()
        self._input = request
        self._loop = asyncio.get_running_loop()
        self._wake: asyncio.Future[None] = self._loop.create_future()
        self._bug: BaseException | None = None
        self._asked: list[tuple[int, asyncio.Future[None]]] = []
        self._visible = False
        self._flushes = 0
        self._flush: tuple[int, asyncio.Future[Any]] | None = None
        self._child_result: dict[str, Any] = {}
        self._is_called = bool(request.options.get(CALLED))
        self._start_rejection: Rejection | None = None
        self._held: list[dict[str, Any]] = []
        self._later: list[Command] = []
        self._touched: dict[int, None] = {}
        self._incidents = 0
        self._traces = Traces(self._loop, always=request.traces)
        self.definition = self._runtime.definitions.get(request.definition_hash)
        carried = request.carried
        if carried is None:
            features = request.options.get("features") or features_of(self.definition.profile, self.definition.rules)
            self.state = new_state(self.definition, tuple(features))
            self.outbox = Outbox(workflow.info().workflow_id, request.definition_hash, request.meta)
            self.runs = Runs(request.options)
        else:
            self.state = load_state(carried["state"])
            self.outbox = Outbox(self.state.instance_id, request.definition_hash, request.meta, carried["confirmed"])
            self.runs = Runs(request.options, carried["runs"])
            self._held = carried["held"]
            self._incidents = len(self.state.incidents)
        self.outbox.meta = {"definition_id": request.definition_id, **request.meta}
        self.mirror = Mirror(
            self.definition, request.definition_id, self.state, self._submit, self._now, self._guard, self._rouse
        )
        self.effects = Effects(
            lambda: self.state.tenant,
            self._guard,
            self._rouse,
            lambda listener: listeners.plan(self.definition, self.state, listener),
            self._listener_failed,
            self._effect_failed,
        )
        if carried is None:
            self._start(request.command)

    # -- the run

    @workflow.run
    async def run(self, data: Any) -> Any:
        """Interpret the process to its end; the result is for the caller of a call activity."""
        if self._input.carried is not None:
            for key, instance_id, definition_id in self._input.carried["children"]:
                self.mirror.children.adopt(key, instance_id, definition_id)
                if key not in self.state.waits:  # an update that came with the first activation took the call away
                    self.mirror.children.close(key)
            self.mirror.update_all()
        self._reconcile()
        self._traces.expect()
        cancelled = False
        while True:
            try:
                if await self._work():
                    break
            except asyncio.CancelledError:
                if cancelled or workflow.cancellation_reason() is None:  # the worker evicts the workflow
                    raise
                cancelled = True
                self._submit(CancelInstance(now=self._now(), reason="cancelled through Temporal"))
            except (
                FailureError
            ) as error:  # Temporal would fail the workflow; a bug or a refused flush must not end an instance
                raise RuntimeError(f"Expected the process to go on but it cannot: {error}") from error
        if cancelled and self.state.outcome == "cancelled":
            raise asyncio.CancelledError("The process instance was cancelled.")
        return self._result()

    async def _work(self) -> bool:
        """One round: bug, parked transitions, flush, effects, end, new run, or rest. True when the instance is over."""
        if self._bug is not None:
            raise self._bug
        if self.state.pending and not self.state.suspended and self.outbox.events < MAX_UNCONFIRMED_EVENTS:
            self._submit(Continue(now=self._now()))
            return False
        if self._later and (not self.state.pending or self.state.suspended):
            later, self._later = self._later, []
            for command in later:
                self._submit(command)
            return False
        if self._must_confirm():
            await self._confirm()
            return False
        self.effects.perform()
        over = self.state.ended and not reported.keeps_open(self.state)
        if (over or self._start_rejection is not None) and not self.effects.busy and not self.mirror.busy:
            await self._handlers_finished()
            return True
        if not self.state.ended and self.runs.wants_another():
            self.mirror.paused = self.runs.must_change()
            if not self.mirror.busy and not self.effects.busy:
                self.mirror.paused = True
                await self._handlers_finished()
                if not self._must_confirm() and not self.effects.busy:
                    self._begin_another_run()
                return False
        self._offer()
        await self._rest()
        return False

    def _must_confirm(self) -> bool:
        outbox = self.outbox
        if outbox.confirmed == outbox.sequence:
            return False
        return (
            self._visible
            or bool(self._asked)
            or self.state.ended
            or outbox.events >= MAX_UNCONFIRMED_EVENTS
            or self.mirror.paused
            or not self.mirror.waits_for_jobs
        )

    async def _confirm(self) -> None:
        """Write everything unconfirmed in one local activity and release who waited for it."""
        if self._flush is None:
            self._visible = False
            self._describe()
            self._runtime.side_channel.forget(self.outbox.instance_id)
            batch = self.outbox.batch(self._now(), confirmed=True)
            if self._needs_activity(batch):
                self._flush = (self.outbox.sequence, self._start_flush(batch))
        sequence = self.outbox.sequence
        if self._flush is not None:
            sequence, flush = self._flush
            await asyncio.shield(flush)  # a cancelled instance still waits for the flush under way
            self._flush = None
        self.outbox.confirm(sequence)
        if self._asked:
            still: list[tuple[int, asyncio.Future[None]]] = []
            for target, future in self._asked:
                if target <= sequence:
                    if not future.done():
                        future.set_result(None)
                else:
                    still.append((target, future))
            self._asked = still

    def _needs_activity(self, batch: dict[str, Any]) -> bool:
        """Write `batch` from here if that goes quickly; a local activity does it otherwise, which is patient.

        Both write before the workflow task commits and are repeated with a repeated task, so that the promise is the
        same. Which of the two it was must be known on replay: the patch marker says it. A full portion of a step that
        does not rest always takes the activity: its end is a new activation, so that no activation grows until
        Temporal takes it for a deadlock (2 s).
        """
        self._flushes += 1
        is_portion = self.outbox.events >= MAX_UNCONFIRMED_EVENTS
        if not is_portion and not workflow.unsafe.is_replaying_history_events() and self._runtime.direct_flush(batch):
            return False
        return workflow.patched(f"flush-{self._flushes}")

    def _start_flush(self, batch: dict[str, Any]) -> asyncio.Future[Any]:
        return workflow.start_local_activity(
            contract.ACTIVITY_FLUSH, batch, start_to_close_timeout=FLUSH_TIMEOUT, retry_policy=FLUSH_RETRY
        )

    async def _handlers_finished(self) -> None:
        if not workflow.all_handlers_finished():  # without a pause, so that the end comes before the look for traces
            await workflow.wait_condition(workflow.all_handlers_finished)

    async def _rest(self) -> None:
        self._wake = self._loop.create_future()
        await self._wake

    def _rouse(self) -> None:
        if not self._wake.done():
            self._wake.set_result(None)
        self._traces.roused()  # looks after what goes on now

    def _begin_another_run(self) -> None:
        started = self.mirror.children.started()
        workflow.continue_as_new(
            ProcessInput(
                definition_hash=self.outbox.definition_hash,
                definition_id=self._input.definition_id,
                meta=self._input.meta,
                options=self._input.options,
                carried={
                    "state": dump_state(self.state),
                    "confirmed": self.outbox.confirmed,
                    "held": self._held,
                    "runs": self.runs.carry(),
                    "children": started,
                },
            ).to_json()
        )

    def _result(self) -> dict[str, Any]:
        if self._start_rejection is not None:
            return {"outcome": "rejected", "message": self._start_rejection.message}
        result: dict[str, Any] = {"outcome": self.state.outcome}
        return result | self._child_result if self._is_called else result

    # -- commands

    def _start(self, data: dict[str, Any] | None) -> None:
        if data is None:
            raise ValueError(
                "Expected a start command or a carried state in the workflow's input but there is neither."
            )
        command = self._read(data)
        if not isinstance(command, StartInstance):
            raise ValueError(f"Expected a StartInstance command but it was {type(command).__name__}.")
        held = self._input.meta.get("suspended_jobs")
        if held:
            command = replace(command, suspended_jobs=tuple(held))
        result = self._step(command)
        if isinstance(result, Rejection):
            self._start_rejection = result

    def _submit(self, command: Command) -> None:
        """Execute a command that nobody waits for: what Temporal reported, or the process's own."""
        self._take(command)
        self._traces.expect()

    def _take(self, command: Command) -> None:
        if self._comes_later(command):
            self._later.append(command)
            self._rouse()
            return
        result = self._step(command)
        if isinstance(result, Rejection):
            if result.code == "suspended":
                self._held.append(codec.to_json(command))
            return
        self._reconcile()
        self._rouse()

    def _comes_later(self, command: Command) -> bool:
        """Every step goes on with the parked transitions of a huge multi-instance, so far as its budget goes. Where
        hundreds of jobs answer while it is being begun, so many steps would be too much for one activation: they wait
        until it has begun, one portion in each activation."""
        return (
            bool(self.state.pending)
            and not self.state.suspended
            and not isinstance(command, Continue | CancelInstance)
            and workflow.patched(AFTER_PENDING)
        )

    def _step(self, command: Command) -> Rejection | None:
        before = self._own_variables()
        result = step(self.definition, self.state, command, target=self._target(command))
        if isinstance(result, Rejection):
            return result
        self.runs.note_progress()
        self.outbox.add(result)
        if result.effects:
            self.effects.add(result.effects)
            self._visible = True
        for event in result.events:
            self._note(event)
        if self.state.ended and self._is_called:
            self._child_result["variables"] = children.last_variables(before, result.events)
            self._child_result["compensation"] = queries.compensation_of(self.state)
        return None

    def _own_variables(self) -> dict[str, Any]:
        """The instance's variables before a step that may be its last, if a caller wants them back."""
        root = self.state.elements.get(ROOT_KEY)
        return dict(root.variables) if self._is_called and root is not None else {}

    def _note(self, event: Event) -> None:
        match event:
            case WaitOpened(wait=wait) | WaitChanged(wait=wait):
                self._touched[wait.key] = None
                if isinstance(wait, VISIBLE_WAITS):
                    self._visible = True
            case WaitClosed(key=key):
                self._touched[key] = None
            case IncidentRaised():
                self._visible = True
                self._incidents += 1
                if self._incidents == 1:
                    attributes.show(attributes.INCIDENT, True)
            case IncidentResolved():
                self._incidents -= 1
                if self._incidents == 0:
                    attributes.show(attributes.INCIDENT, False)
            case InstanceSuspended():
                attributes.show(attributes.SUSPENDED, True)
            case InstanceResumed():
                attributes.show(attributes.SUSPENDED, False)
                self._loop.call_soon(self._guard, self._release)
            case InstanceEnded(error_code=code, error_message=message):
                self._child_result |= {"error_code": code, "message": message}
            case _:
                pass

    def _reconcile(self) -> None:
        if self._touched:
            touched, self._touched = self._touched, {}
            self.mirror.update(touched)

    def _release(self) -> None:
        """The instance goes on after a suspension: what came meanwhile is executed now."""
        held, self._held = self._held, []
        for data in held:
            self._submit(self._read(data))
        self.mirror.update_all()

    def _read(self, data: dict[str, Any]) -> Command:
        fields = {name: value for name, value in data.items() if name not in ABOUT_TARGET}
        command: Command = codec.from_json({**fields, "now": self._now()})
        return command

    def _target(self, command: Command) -> Definition | None:
        return self._runtime.definitions.get(command.target_hash) if isinstance(command, MigrateInstance) else None

    def _moved_to(self, target_hash: str, data: dict[str, Any]) -> None:
        """The instance goes on with another definition; `data` may say its `definition_id` and `meta`."""
        definition_id = str(data.get("definition_id") or self._input.definition_id)
        meta: dict[str, Any] = data.get("meta") or self._input.meta
        self._input = replace(self._input, definition_hash=target_hash, definition_id=definition_id, meta=meta)
        self.definition = self._runtime.definitions.get(target_hash)
        self.mirror.move_to(self.definition, definition_id)
        self.outbox.definition_hash = target_hash
        self.outbox.meta = {"definition_id": definition_id, **meta}

    # -- what Temporal delivers

    @workflow.update(name=contract.UPDATE_EXECUTE)
    async def execute(self, data: Any) -> Any:
        """Execute one command; the answer comes when the read model has its events."""
        update = workflow.current_update_info()
        known = None if update is None else self.runs.answered(update.id)
        if known is not None:
            return known
        command = self._read(data)
        if isinstance(command, MigrateInstance):
            await self._answer()  # a batch tells of one definition: what happened before belongs to the old one
        rejection = self._step(command)
        if rejection is not None:
            raise _refusal(rejection)
        if update is not None:
            self.runs.begin(update.id)
        if isinstance(command, MigrateInstance):
            self._moved_to(command.target_hash, data)
        self._reconcile()
        answer = await self._answer()
        if update is not None:
            self.runs.remember(update.id, answer)
        return answer

    @execute.validator
    def _check_execute(self, data: Any) -> None:
        update = workflow.current_update_info()
        if update is not None and self.runs.answered(update.id) is not None:
            return
        try:
            command = self._read(data)
        except ValueError as error:
            raise _refusal(Rejection("invalid", str(error))) from error
        rejection = handlers.check(self.definition, self.state, command, self._target(command))
        if rejection is not None:
            raise _refusal(rejection)

    @workflow.update(name=contract.UPDATE_STARTED)
    async def started(self) -> Any:
        """Answers when the instance has come to its first wait state and the read model has it."""
        if self._start_rejection is not None:
            raise _refusal(self._start_rejection)
        return await self._answer()

    @workflow.signal(name=contract.SIGNAL_DELIVER)
    def deliver(self, data: Any) -> None:
        """Execute a command without an answer. What no longer fits is dropped."""
        try:
            command = self._read(data)
        except ValueError as error:
            workflow.logger.warning("a delivered command cannot be read and is dropped: %s", error)
            return
        self._submit(command)

    async def _answer(self) -> dict[str, Any]:
        target = self.outbox.sequence
        if self.outbox.confirmed < target:
            confirmed: asyncio.Future[None] = self._loop.create_future()
            self._asked.append((target, confirmed))
            self._rouse()
            await confirmed
        else:
            self._rouse()
        await self.mirror.children.all_begun()
        return Answer(target, self.state.ended).to_json()

    # -- questions

    @workflow.query(name=contract.QUERY_STATE)
    def query_state(self) -> Any:
        """The instance as the engine sees it."""
        return details.describe_state(self.definition, self.state, self.outbox.confirmed)

    @workflow.query(name=contract.QUERY_VARIABLES)
    def query_variables(self, element: int | None = None, local: bool = False) -> Any:
        """Variables visible at an element instance (the process instance by default), in codec form."""
        key = ROOT_KEY if element is None else element
        if key not in self.state.elements:
            raise ApplicationError(f"Expected an open element instance but {key!r} is none.", type=contract.REJECTION)
        found = queries.variables_at(self.state, key, local=local)
        return {name: codec.encode_value(value) for name, value in found.items()}

    @workflow.query(name=contract.QUERY_EXPLAIN)
    def query_explain(self) -> Any:
        """Why each token waits and what would release it."""
        return queries.explain(self.definition, self.state)

    @workflow.query(name=contract.QUERY_ANSWERED)
    def query_answered(self, update_id: str) -> Any:
        """The answer that an update with this id got, an empty one if it was executed and the answer waits for the
        read model; None if it was not executed, or too long ago."""
        return self.runs.answered(update_id) or ({} if self.runs.has_executed(update_id) else None)

    # -- private

    def _now(self) -> Millis:
        return workflow.time_ns() // 1_000_000

    def _offer(self) -> None:
        if self.outbox.confirmed < self.outbox.sequence and not workflow.unsafe.is_replaying():
            self._runtime.side_channel.offer(self.outbox.batch(self._now(), confirmed=False))

    def _listener_failed(self, listener: RunListener, message: str) -> None:
        """A listener of something that was cancelled has failed for good: all that is left to do is to say so."""
        if self.state.ended:
            workflow.logger.error("listener %s of %s failed: %s", listener.type, listener.node, message)
            return
        self._submit(
            ReportIncident(
                now=self._now(),
                element=ROOT_KEY,
                type="listener",
                message=f"Listener {listener.type!r} of {listener.node!r}, which was cancelled, failed: {message}",
            )
        )

    def _effect_failed(self, effect: RepeatEffect, message: str) -> None:
        """An effect was given up: a person must look at it, also when the instance is over by now."""
        workflow.logger.error("an effect could not be performed: %s", message)
        if not workflow.patched("failed-effects"):
            return
        node = str(effect.effect.get("node") or "")
        failure = FailEffect(now=self._now(), id=effect.id, effect=effect.effect, node=node, message=message)
        self._submit(failure)

    def _describe(self) -> None:
        workflow.set_current_details(details.text(self.definition, self.state))

    def _guard(self, callback: Callable[[], None]) -> None:
        """Run a callback of the event loop; an exception in it fails the workflow task instead of being logged and
        lost."""
        try:
            callback()
        except BaseException as error:
            self._bug = error
            self._rouse()


def _refusal(rejection: Rejection) -> ApplicationError:
    return ApplicationError(
        rejection.message, rejection.code, rejection.message, type=contract.REJECTION, non_retryable=True
    )
