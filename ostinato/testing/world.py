"""The world of a test: instances of the engine's pure core, a clock that the test moves, and messages, signals and
called processes delivered between them at once.

`World` holds several instances (a process and those it calls or talks to); `run` is the short way to one of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, cast

from interpreter import calendar, data, effects, ids, queries
from interpreter import commands as c
from interpreter import events as ev
from interpreter.apply import fold
from interpreter.codec import from_json, to_json
from interpreter.definition import Definition
from interpreter.effects import BroadcastSignal, Effect, EscalateToParent, PublishMessage, RunListener
from interpreter.state import State, dump_state, load_state
from interpreter.step import Step, new_state, step
from interpreter.waits import (
    ChildWait,
    ExternalTaskWait,
    JobWait,
    MessageWait,
    OpenWait,
    SignalWait,
    TimerWait,
    UserTaskWait,
    Wait,
)
from ostinato.errors import UserError
from ostinato.testing.models import Model, definitions_of, source_of
from ostinato.testing.traces import marks
from ostinato.testing.work import BpmnError, Handler, Job

START = int(datetime(2030, 1, 1, tzinfo=UTC).timestamp() * 1000)
MAX_DELIVERIES = 100_000

ASYNC = ("async_before", "async_after")

OBSERVERS: list[Callable[[Any, list[Any]], None]] = []
"""Called with every run and the events of its every step; for coverage."""


class World:
    """Instances that share a clock and hear each other. `handlers` serve jobs by type, topic, script language or node
    id.

    With `laws`, every step is checked: folding the events gives the state, and the state survives dump and load.
    """

    def __init__(
        self,
        *models: Model,
        profile: str = "c7",
        handlers: Mapping[str, Handler] | None = None,
        laws: bool = True,
        now: int = START,
        start_subscribers: bool = True,
        features: Iterable[str] | None = None,
    ) -> None:
        self.profile = profile
        self.features = None if features is None else tuple(sorted(features))
        self.now = now
        self.laws = laws
        self.handlers = dict(handlers or {})
        self.start_subscribers = start_subscribers
        self.definitions: dict[str, Definition] = {}
        self.sources: dict[str, bytes] = {}
        """The models as files, kept while coverage is collected."""
        self.runs: dict[str, Run] = {}
        self._settling = False
        self.log: list[str] = []
        """What handlers want to remember, in order."""
        self.outbox: list[tuple[Run, Effect]] = []
        self.undelivered: list[PublishMessage] = []
        self.data_stores: dict[str, Any] = {}
        """What instances wrote, in JSON form: read by later ones."""
        for model in models:
            self.add(model)

    def add(self, model: Model) -> list[Definition]:
        """Make the processes of a model known; the first is what `run` starts."""
        found = definitions_of(model, self.profile)
        source = source_of(model) if OBSERVERS else None
        for definition in found:
            self.definitions[definition.process_id] = definition
            if source is not None:
                self.sources[definition.process_id] = source
        return found

    def start(
        self,
        process_id: str | None = None,
        variables: Mapping[str, Any] | None = None,
        *,
        business_key: str | None = None,
        start_node: str | None = None,
        start_trigger: int = 0,
        instance_id: str | None = None,
        initiator: str | None = None,
        instructions: Iterable[c.ModificationInstruction] = (),
        parent_id: str | None = None,
        compensation: Mapping[str, Any] | None = None,
        caught: Iterable[str] = ("*",),
        settle: bool = True,
    ) -> Run:
        """Start an instance and let everything that needs nobody happen."""
        if process_id is None:
            process_id = next(iter(self.definitions))
        definition = self.definitions.get(process_id)
        if definition is None:
            raise UserError(
                f"Expected a process {process_id!r} but known are {', '.join(map(repr, self.definitions))}."
            )
        instance_id = instance_id or f"{process_id}-{len(self.runs) + 1}"
        run = Run(self, definition, instance_id)
        self.runs[instance_id] = run
        run.do(
            c.StartInstance(
                self.now,
                instance_id,
                dict(variables or {}),
                business_key,
                start_node,
                initiator,
                parent_id=parent_id,
                root_id=parent_id,
                instructions=tuple(instructions),
                start_trigger=start_trigger,
                compensation=dict(compensation or {}),
                caught=tuple(caught),
            ),
            settle=settle,
        )
        return run

    # -- what happens by itself

    def settle(self) -> None:
        """Serve handlers, children and asynchronous continuations until nothing is left to do."""
        if self._settling:
            return
        self._settling = True
        try:
            for _ in range(MAX_DELIVERIES):
                if self.outbox:
                    run, effect = self.outbox.pop(0)
                    run.perform(effect)
                elif not any([run.serve() for run in list(self.runs.values())]):
                    return
        finally:
            self._settling = False
        raise AssertionError("the world did not come to rest")

    def advance(self, duration: str | int) -> None:
        """Move the clock by an ISO duration or by ms, firing timers when they are due, in order of their instants."""
        end = (
            calendar.add(self.now, calendar.parse_duration(duration))
            if isinstance(duration, str)
            else self.now + duration
        )
        for _ in range(MAX_DELIVERIES):
            due = self.due()
            if due is None or due[0] > end:
                break
            instant, run, wait = due
            self.now = max(self.now, instant)
            run.do(c.FireTimer(self.now, wait))
        self.now = end

    def advance_to_next(self) -> bool:
        """Move the clock to the next timer and fire it; False when there is none."""
        due = self.due()
        if due is None:
            return False
        instant, run, wait = due
        self.now = max(self.now, instant)
        run.do(c.FireTimer(self.now, wait))
        return True

    def due(self) -> tuple[int, Run, int] | None:
        """The next timer: instant, instance, wait."""
        found: tuple[int, int, int] | None = None
        chosen: tuple[int, Run, int] | None = None
        for order, run in enumerate(self.runs.values()):
            if run.state.suspended:
                continue
            for wait in run.state.waits.values():
                if isinstance(wait, TimerWait):
                    rank = (wait.due, order, wait.key)
                    if found is None or rank < found:
                        found, chosen = rank, (wait.due, run, wait.key)
        return chosen

    def message(
        self, name: str, variables: Mapping[str, Any] | None = None, *, key: str | None = None, start: bool = True
    ) -> bool:
        """Deliver a message to one subscription, or to a message start event; False when nobody takes it."""
        for run in list(self.runs.values()):
            for wait in run.state.waits.values():
                if isinstance(wait, MessageWait) and wait.name == name and key in (None, wait.correlation_key):
                    run.do(c.TriggerEvent(self.now, wait.key, dict(variables or {})))
                    return True
        if start:
            for definition in self.definitions.values():
                for event in definition.start_events():
                    if event.type == "message" and event.name == name:
                        self.start(definition.process_id, variables, start_node=event.node, start_trigger=event.index)
                        return True
        return False

    def signal(self, name: str, variables: Mapping[str, Any] | None = None, *, source: Run | None = None) -> int:
        """Broadcast a signal; how many took it. Who listens is fixed before the first gets it."""
        listening = [
            (run, wait.key)
            for run in self.runs.values()
            if run is not source
            for wait in run.state.waits.values()
            if isinstance(wait, SignalWait) and wait.name == name
        ]
        taken = 0
        for run, key in listening:
            if key in run.state.waits and not run.state.suspended:
                run.do(c.TriggerEvent(self.now, key, dict(variables or {})))
                taken += 1
        for definition in list(self.definitions.values()) if self.start_subscribers else ():
            for event in definition.start_events():
                if event.type == "signal" and event.name == name:
                    self.start(definition.process_id, variables, start_node=event.node, start_trigger=event.index)
                    taken += 1
        return taken


class Run:
    """One instance in a world. Nodes are named by id; waits are found by node id, job type, topic or task name."""

    def __init__(self, world: World, definition: Definition, instance_id: str) -> None:
        self.world = world
        self.definition = definition
        self.instance_id = instance_id
        self.state: State = new_state(definition, world.features)
        self.events: list[Any] = []
        self.messages: list[PublishMessage] = []
        self.signals: list[BroadcastSignal] = []
        self.listeners: list[RunListener] = []
        """Listeners of what was cancelled, for which nobody waits."""
        self._replica: State = new_state(definition, world.features)
        self._started: set[int] = set()
        self._reported = False

    # -- commands

    def do(self, command: Any, *, settle: bool = True) -> Step:
        """Carry out a command; AssertionError with the sentence when it is rejected."""
        result = self.attempt(command)
        if isinstance(result, c.Rejection):
            raise AssertionError(f"{result.code}: {result.message}")
        if settle:
            self.world.settle()
        return result

    def attempt(self, command: Any, **ports: Any) -> Step | c.Rejection:
        """Carry out a command, and what it parked; a Rejection is given back."""
        before = dump_state(self.state) if self.world.laws else None
        result = step(self.definition, self.state, command, **ports)
        if isinstance(result, c.Rejection):
            if before is not None:
                assert dump_state(self.state) == before, "a rejected command changed the state"
            return result
        if isinstance(command, c.MigrateInstance):
            self.definition = ports["target"]
        self._record(result)
        while self.state.pending and not self.state.suspended:
            more = step(self.definition, self.state, c.Continue(max(self.world.now, command.now)))
            assert isinstance(more, Step)
            self._record(more)
        return result

    def _record(self, result: Step) -> None:
        assert result.first == len(self.events), "events are numbered without gaps"
        self.events.extend(result.events)
        for observer in OBSERVERS:
            observer(self, result.events)
        if self.world.laws:
            self._check_laws(result)
        self.world.outbox.extend((self, effect) for effect in result.effects)

    def perform(self, effect: Effect) -> None:
        """Do what a step asked of the outside."""
        if isinstance(effect, PublishMessage):
            self.messages.append(effect)
            if not self.world.message(effect.name, effect.variables, key=effect.correlation_key):
                self.world.undelivered.append(effect)
        elif isinstance(effect, BroadcastSignal):
            self.signals.append(effect)
            for key in effect.own:
                if key in self.state.waits and not self.state.suspended:
                    self.do(c.TriggerEvent(self.world.now, key, dict(effect.variables)))
            self.world.signal(effect.name, effect.variables, source=self)
        elif isinstance(effect, effects.WriteDataStore):
            self.world.data_stores[effect.name] = effect.value
        elif isinstance(effect, effects.RepeatEffect):
            self.perform(from_json(effect.effect))
        elif isinstance(effect, RunListener):
            self.listeners.append(effect)
        elif isinstance(effect, EscalateToParent):
            parent = self._parent()
            if parent is not None:
                run, wait = parent
                run.do(c.EscalateFromChild(self.world.now, wait, effect.code, effect.variables))

    def _check_laws(self, result: Step) -> None:
        wire = json.loads(json.dumps([to_json(e) for e in result.events]))
        fold(self._replica, [from_json(e) for e in wire])
        dumped = dump_state(self.state)
        assert dump_state(self._replica) == dumped, "fold(events) is not the state"
        text = json.dumps(dumped)
        self.state = load_state(json.loads(text))
        assert json.dumps(dump_state(self.state)) == text, "dump and load changed the state"

    # -- what happens by itself

    def serve(self) -> bool:
        """Do one thing that needs nobody; False when there is nothing."""
        if self.state.suspended:
            return False
        world = self.world
        if self.state.ended:
            return self._report_end() or self._cancel_children()
        for wait in list(self.state.waits.values()):
            if isinstance(wait, JobWait) and wait.kind in ASYNC and not self._failed(wait):
                self.do(c.CompleteWait(world.now, wait.key), settle=False)
                return True
            if isinstance(wait, JobWait) and wait.kind == data.READ and not self._failed(wait):
                names = cast("list[str]", wait.headers["stores"])
                found = {name: world.data_stores[name] for name in names if name in world.data_stores}
                self.do(c.CompleteWait(world.now, wait.key, result=found), settle=False)
                return True
            if isinstance(wait, ChildWait) and wait.key not in self._started and wait.process_id in world.definitions:
                self._started.add(wait.key)
                world.start(
                    wait.process_id,
                    wait.variables,
                    business_key=wait.business_key,
                    instance_id=ids.child_instance_id(self.instance_id, wait.key),
                    parent_id=self.instance_id,
                    compensation=wait.compensation,
                    caught=wait.caught,
                    settle=False,
                )
                return True
            if isinstance(wait, JobWait | ExternalTaskWait) and not self._failed(wait):
                job = Job(self, wait)
                handler = world.handlers.get(wait.node) or world.handlers.get(job.type)
                if handler is not None:
                    self._work(job, handler)
                    return True
        return self._cancel_children()

    def _work(self, job: Job, handler: Handler) -> None:
        now, key = self.world.now, job.wait.key
        try:
            result = handler(job)
        except BpmnError as error:
            self.do(c.ThrowBpmnError(now, key, error.code, error.message, error.variables), settle=False)
            return
        if key in self.state.waits:
            about_task = result if result is not None and result.get("type") == "userTask" else None
            self.do(c.CompleteWait(now, key, dict(result or {}), result=cast("Any", about_task)), settle=False)

    def _failed(self, wait: Wait) -> bool:
        return any(
            self.state.incidents[i].wait == wait.key for i in self.state.incidents_by_element.get(wait.element, ())
        )

    def _parent(self) -> tuple[Run, int] | None:
        parent_id, _, key = self.instance_id.rpartition(".")
        parent = self.world.runs.get(parent_id)
        if parent is None or self.state.parent_id != parent_id or int(key) not in parent.state.waits:
            return None
        return parent, int(key)

    def _report_end(self) -> bool:
        if self._reported or self.state.parent_id is None:
            return False
        self._reported = True
        parent = self._parent()
        if parent is None:
            return False
        run, wait = parent
        end = next(e for e in reversed(self.events) if isinstance(e, ev.InstanceEnded))
        outcome = "error" if end.error_code is not None else "completed" if end.outcome == "completed" else "cancelled"
        run.do(
            c.CompleteChild(
                self.world.now,
                wait,
                outcome,
                self.variables,
                end.error_code,
                end.error_message,
                queries.compensation_of(self.state),
                self.definition.process_id,
            ),
            settle=False,
        )
        return True

    def _cancel_children(self) -> bool:
        for key in sorted(self._started):
            if key not in self.state.waits:
                self._started.discard(key)
                child = self.world.runs.get(ids.child_instance_id(self.instance_id, key))
                if child is not None and not child.state.ended:
                    child._reported = True
                    child.do(c.CancelInstance(self.world.now, "the caller was cancelled"), settle=False)
                    return True
        return False

    # -- by name

    def waits(self, name: str | None = None, *kinds: type[Any]) -> list[Wait]:
        """Open waits, or those of a node id, job type, topic, message or task name, oldest first."""
        return [
            w
            for w in self.state.waits.values()
            if (not kinds or isinstance(w, kinds))
            and (
                name is None
                or name in (w.node, getattr(w, "type", None), getattr(w, "topic", None), getattr(w, "name", None))
            )
        ]

    def wait(self, name: str, *kinds: type[Any]) -> Wait:
        """The oldest open wait of this name."""
        found = self.waits(name, *kinds)
        if not found:
            opened = ", ".join(sorted({w.node for w in self.state.waits.values()})) or "none"
            raise AssertionError(f"Expected an open wait at {name!r} but the open ones are: {opened}.")
        return found[0]

    def complete(self, name: str, **variables: Any) -> Run:
        """Complete the oldest job, external task, user task or open wait of this name."""
        wait = self.wait(name, JobWait, ExternalTaskWait, UserTaskWait, OpenWait)
        self.do(c.CompleteWait(self.world.now, wait.key, variables))
        return self

    def complete_with(self, name: str, result: Any, **variables: Any) -> Run:
        """Complete with a raw result (decision, script)."""
        self.do(c.CompleteWait(self.world.now, self.wait(name, JobWait).key, variables, result=result))
        return self

    def fail(self, name: str, message: str = "failed", *, retries: int = 0) -> Run:
        self.do(
            c.FailWait(
                self.world.now, self.wait(name, JobWait, ExternalTaskWait, ChildWait).key, message, retries=retries
            )
        )
        return self

    def throw_error(self, name: str, code: str, message: str = "", **variables: Any) -> Run:
        wait = self.wait(name, JobWait, ExternalTaskWait, UserTaskWait)
        self.do(c.ThrowBpmnError(self.world.now, wait.key, code, message, variables))
        return self

    def escalate(self, name: str, code: str, **variables: Any) -> Run:
        wait = self.wait(name, JobWait, ExternalTaskWait, UserTaskWait)
        self.do(c.ThrowEscalation(self.world.now, wait.key, code, variables))
        return self

    def fire(self, name: str) -> Run:
        """Fire a timer now, whenever it is due."""
        self.do(c.FireTimer(self.world.now, self.wait(name, TimerWait).key))
        return self

    def advance(self, duration: str | int) -> Run:
        """Move the world's clock."""
        self.world.advance(duration)
        return self

    def message(self, name: str, **variables: Any) -> Run:
        """Deliver a message to this instance."""
        wait = self.wait(name, MessageWait)
        self.do(c.TriggerEvent(self.world.now, wait.key, variables))
        return self

    def signal(self, name: str, **variables: Any) -> Run:
        """Broadcast a signal in the world."""
        self.world.signal(name, variables)
        return self

    def set(self, **variables: Any) -> Run:
        """Set variables of the process instance."""
        self.do(c.SetVariables(self.world.now, variables))
        return self

    def resolve(self, *, retries: int = 1) -> Run:
        """Resolve the oldest incident."""
        self.do(c.ResolveIncident(self.world.now, next(iter(self.state.incidents)), retries))
        return self

    def modify(self, *instructions: c.ModificationInstruction) -> Run:
        self.do(c.ModifyInstance(self.world.now, instructions))
        return self

    def migrate(self, target: Definition, instructions: Mapping[str, str], **variables: Any) -> Run:
        """Go on with another definition; the plan maps old node ids to new ones."""
        command = c.MigrateInstance(
            self.world.now, target.hash, tuple(c.MigrationInstruction(a, b) for a, b in instructions.items()), variables
        )
        result = self.attempt(command, target=target)
        if isinstance(result, c.Rejection):
            raise AssertionError(f"{result.code}: {result.message}")
        return self

    def suspend(self) -> Run:
        self.do(c.SuspendInstance(self.world.now))
        return self

    def resume(self) -> Run:
        self.do(c.ResumeInstance(self.world.now))
        return self

    def cancel(self, reason: str = "") -> Run:
        self.do(c.CancelInstance(self.world.now, reason))
        return self

    # -- seeing

    @property
    def ended(self) -> bool:
        return self.state.ended

    @property
    def outcome(self) -> str:
        """completed | terminated | cancelled; empty while it runs."""
        return self.state.outcome

    @property
    def variables(self) -> dict[str, Any]:
        """Variables of the process instance, also after its end."""
        found: dict[str, Any] = {}
        for event in self.events:
            if isinstance(event, ev.VariableSet) and event.scope == 1:
                found[event.name] = event.value
            elif isinstance(event, ev.VariableRemoved) and event.scope == 1:
                found.pop(event.name, None)
        return found

    @property
    def active(self) -> list[str]:
        """Node ids of the running element instances, the process itself left out, sorted."""
        return sorted(e.node for e in self.state.elements.values() if e.key != 1)

    @property
    def incidents(self) -> list[str]:
        """Messages of the open incidents."""
        return [i.message for i in self.state.incidents.values()]

    def element(self, node: str) -> int:
        """Key of the oldest running instance of a node."""
        return next(e.key for e in self.state.elements.values() if e.node == node)

    def trace(self, kinds: str = "+-x>?!#") -> str:
        """What happened, compact; `kinds` are the marks wanted."""
        return " ".join(mark + name for mark, name in self.steps() if mark in kinds)

    def steps(self) -> list[tuple[str, str]]:
        """What happened as (mark, name)."""
        return marks(self.events)

    def explain(self) -> list[dict[str, Any]]:
        """Why the instance does not move."""
        return queries.explain(self.definition, self.state)


def run(
    model: Model,
    variables: Mapping[str, Any] | None = None,
    *,
    process_id: str | None = None,
    profile: str = "c7",
    handlers: Mapping[str, Handler] | None = None,
    library: Iterable[Model] = (),
    business_key: str | None = None,
    start_node: str | None = None,
    laws: bool = True,
    **more: Any,
) -> Run:
    """Start an instance of the first process of `model` in a world of its own; `more` are variables too."""
    world = World(model, *library, profile=profile, handlers=handlers, laws=laws)
    return world.start(process_id, {**(variables or {}), **more}, business_key=business_key, start_node=start_node)
