"""A play is a model and what people and partners do to it. It runs twice: on the pure core, and on the real engine with
Temporal and PostgreSQL; what happened must be the same.

    Play(bpmn("p").start().user_task("ask").end("done"), [done("ask", answer=42)])
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from temporalio import activity
from temporalio.client import Client, WorkflowFailureError
from temporalio.exceptions import ApplicationError
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner

from activities.children import meta_of
from activities.messages import MessageRouter
from activities.routing import RoutingActivities
from activities.timer_starts import arm
from api.models import prepare
from interpreter import codec, ids
from interpreter import commands as c
from interpreter.bpmn.builder import Builder
from interpreter.codec import from_json, to_json
from interpreter.definition import Definition
from interpreter.effects import BroadcastSignal
from interpreter.events import (
    ElementActivated,
    ElementCompleted,
    ElementTerminated,
    IncidentRaised,
    InstanceEnded,
    InstanceStarted,
    SequenceFlowTaken,
    VariableRemoved,
    VariableSet,
    WaitClosed,
    WaitOpened,
)
from interpreter.waits import ExternalTaskWait, MessageWait, OpenWait, SignalWait, TimerWait, UserTaskWait
from interpreter.workflow import client as process
from interpreter.workflow import contract
from interpreter.workflow.contract import ProcessInput
from interpreter.workflow.process import BpmnProcess
from ostinato.testing.world import BpmnError, Job, World
from store import deployments
from store.audit import audit
from store.database import Database
from store.new_definitions import NewResource

PATIENCE = 30.0
PAUSE = 0.05
HUMAN = (UserTaskWait, ExternalTaskWait, OpenWait)


@dataclass(frozen=True)
class Act:
    """Something that somebody does, or that happens by itself and must have happened before the next act."""

    kind: str
    name: str = ""
    code: str = ""
    variables: Mapping[str, Any] = field(default_factory=dict[str, Any])
    result: Any = None
    nodes: tuple[str, ...] = ()


def done(node: str, **variables: Any) -> Act:
    """Complete a user task, an external task, or what else waits to be told."""
    return Act("done", node, variables=variables)


def error(node: str, code: str) -> Act:
    """Whoever works on the task reports a modelled error."""
    return Act("error", node, code)


def claim(node: str, user: str) -> Act:
    """Somebody takes a user task."""
    return Act("claim", node, user)


def escalation(node: str, code: str) -> Act:
    """Whoever works on the task escalates."""
    return Act("escalation", node, code)


def message(name: str, **variables: Any) -> Act:
    """A message comes from outside."""
    return Act("message", name, variables=variables)


def signal(name: str, **variables: Any) -> Act:
    """A signal comes from outside."""
    return Act("signal", name, variables=variables)


def change(**variables: Any) -> Act:
    """Somebody sets variables of the process instance."""
    return Act("change", variables=variables)


def timer(node: str) -> Act:
    """A timer of a running instance fires (in real time), or that of a start event."""
    return Act("timer", node)


def decided(node: str, result: Any) -> Act:
    """A decision is made: on the core by this act, on the real engine by the DMN engine."""
    return Act("decided", node, result=result)


def activate(node: str, *nodes: str) -> Act:
    """Activities of an ad-hoc subprocess are started from outside."""
    return Act("activate", node, nodes=nodes)


@dataclass(frozen=True)
class Play:
    """`reaches` are flow nodes that must be completed (or, ending with an error, activated), `avoids` those that must
    not be entered. `begin` is the start event to start at; None: the acts start it (message, signal, timer)."""

    model: Builder
    acts: Sequence[Act] = ()
    reaches: Sequence[str] = ("done",)
    avoids: Sequence[str] = ()
    variables: Mapping[str, Any] = field(default_factory=dict[str, Any])
    profile: str = "c7"
    begin: str | None = ""
    decisions: bytes | None = None
    gives: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Variables of the first instance at the end."""


# -- jobs, the same on both sides


class Refused(Exception):
    """A handler's modelled error."""


def work(type: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    """What the jobs of all plays do."""
    match type:
        case "double":
            return {"n": int(variables.get("n") or 0) * 2}
        case "square":
            return {"square": int(variables["item"]) ** 2}
        case "refuse":
            raise Refused
        case "count":
            return {"count": int(variables.get("count") or 0) + 1}
        case "correct":
            return {"type": "userTask", "corrections": {"assignee": "bob", "priority": 80}}
        case "judge":
            return {"type": "userTask", "denied": variables.get("ok") is not True}
        case _:
            return {}


JOBS = ("work", "double", "square", "refuse", "count", "correct", "judge")


def _on_core(job: Job) -> dict[str, Any]:
    try:
        return work(job.type, job.variables)
    except Refused:
        raise BpmnError("refused") from None


def job_activities() -> list[Any]:
    """The jobs as Temporal activities."""

    def one(type: str) -> Any:
        @activity.defn(name=type)
        async def run(payload: Any) -> Any:
            try:
                return work(type, payload["variables"])
            except Refused:
                details = ("refused", "", {})
                raise ApplicationError("refused", *details, type=contract.BPMN_ERROR, non_retryable=True) from None

        return run

    return [one(type) for type in JOBS]


# -- what happened


@dataclass(frozen=True)
class Story:
    """What happened in one instance, without keys, instants and the order of what is concurrent."""

    process_id: str
    steps: Counter[tuple[str, str]]
    outcome: str
    variables: dict[str, Any]

    def __str__(self) -> str:
        steps = " ".join(
            f"{mark}{name}" + ("" if n == 1 else f"*{n}") for (mark, name), n in sorted(self.steps.items())
        )
        return f"{self.process_id} [{self.outcome or 'running'}] {steps} {json.dumps(self.variables, sort_keys=True)}"


def story(events: Sequence[Any]) -> Story:
    """The story that events tell."""
    steps: Counter[tuple[str, str]] = Counter()
    waits: dict[int, str] = {}
    variables: dict[str, Any] = {}
    process_id = outcome = ""
    for event in events:
        match event:
            case InstanceStarted():
                process_id = event.process_id
            case InstanceEnded():
                outcome = event.outcome
            case ElementActivated():
                steps["+", event.node] += 1
            case ElementCompleted():
                steps["-", event.node] += 1
            case ElementTerminated():
                steps["x", event.node] += 1
            case SequenceFlowTaken():
                steps[">", event.flow] += 1
            case WaitOpened():
                waits[event.wait.key] = event.wait.node
                steps["?", event.wait.node] += 1
            case WaitClosed():
                steps["!", waits[event.key]] += 1
            case IncidentRaised():
                steps["#", event.node] += 1
            case VariableSet() if event.scope == ids.ROOT_KEY:
                variables[event.name] = to_json(event)["value"]
            case VariableRemoved() if event.scope == ids.ROOT_KEY:
                variables.pop(event.name, None)
            case _:
                pass
    return Story(process_id, steps, outcome, variables)


def _sorted(stories: Sequence[Story]) -> list[str]:
    return sorted(str(one) for one in stories)


# -- the core


def on_core(play: Play) -> tuple[list[Story], dict[str, Definition]]:
    """Run a play on the pure core, timers by a clock that jumps."""
    world = World(play.model, profile=play.profile, handlers={type: _on_core for type in JOBS})
    world.handlers["javascript"] = lambda job: {"total": int(job.variables["n"]) * 7}
    main = next(iter(world.definitions))
    if play.begin is not None:
        world.start(main, play.variables, start_node=play.begin or None)
    for act in play.acts:
        _act_on_core(world, main, act)
    return [story(run.events) for run in world.runs.values()], world.definitions


def _act_on_core(world: World, main: str, act: Act) -> None:
    runs = [run for run in world.runs.values() if not run.ended]
    waiting = next((run for run in runs if run.waits(act.name)), None)
    match act.kind:
        case "message":
            assert world.message(act.name, act.variables), f"nobody waits for message {act.name}"
        case "signal":
            assert world.signal(act.name, act.variables), f"nobody waits for signal {act.name}"
        case "change":
            runs[0].set(**act.variables)
        case "timer" if act.name in [start.node for start in world.definitions[main].start_events()]:
            world.start(main, start_node=act.name)
        case "timer":
            assert waiting is not None, f"no timer at {act.name}"
            (wait, *_) = waiting.waits(act.name, TimerWait)
            assert isinstance(wait, TimerWait)
            world.advance(wait.due - world.now)
        case "activate":
            run = next(run for run in runs if act.name in run.active)
            run.do(c.ActivateAdHoc(world.now, run.element(act.name), act.nodes))
        case kind:
            assert waiting is not None, f"nothing waits at {act.name}: {[run.active for run in runs]}"
            match kind:
                case "done":
                    waiting.complete(act.name, **act.variables)
                case "error":
                    waiting.throw_error(act.name, act.code)
                case "claim":
                    wait = waiting.wait(act.name, UserTaskWait)
                    waiting.do(c.ChangeTask(world.now, wait.key, action="claim", user=act.code))
                case "escalation":
                    waiting.escalate(act.name, act.code)
                case "decided":
                    waiting.complete_with(act.name, act.result)
                case _:
                    raise AssertionError(kind)


# -- the real engine


@dataclass
class Stage:
    """The real engine: its servers and a worker run."""

    client: Client
    database: Database
    queue: str

    def __post_init__(self) -> None:
        self.router = MessageRouter(self.database, self.client, self.queue)
        self.routing = RoutingActivities(self.database, self.client, self.queue, self.router)

    async def perform(self, play: Play, expected: Sequence[Story], options: Mapping[str, Any]) -> Performance:
        """Run a play until the same has happened as on the core; AssertionError with the difference otherwise."""
        performance = Performance(self, play, dict(options), f"t-{uuid.uuid4().hex[:12]}")
        await performance.run(expected)
        return performance


@dataclass
class Performance:
    """One run of a play on the real engine; a tenant of its own, so that others do not hear its messages."""

    stage: Stage
    play: Play
    options: dict[str, Any]
    tenant: str
    main: str = ""
    definitions: list[Any] = field(default_factory=list[Any])
    _awaited: Counter[str] = field(default_factory=Counter[str])

    async def run(self, expected: Sequence[Story]) -> None:
        """Deploy, start, act, and compare."""
        await self._deploy()
        if self.play.begin is not None:
            await self._start()
        for act in self.play.acts:
            await self._act(act)
        await self._until_the_same(expected)
        await self._check_workflows()

    async def logs(self) -> dict[str, list[Any]]:
        """The events of every instance in the read model's log, instances in the order of their start."""
        rows = await self.stage.database.fetch(
            "SELECT e.instance_id, e.event FROM logged_event e JOIN process_instance p ON p.id = e.instance_id "
            "WHERE p.tenant_id = %s ORDER BY p.started_at, e.instance_id, e.sequence",
            (self.tenant,),
        )
        found: dict[str, list[Any]] = {}
        for row in rows:
            found.setdefault(row["instance_id"], []).append(from_json(row["event"]))
        return found

    async def _deploy(self) -> None:
        files = [NewResource("model.bpmn", self.play.model.xml())]
        if self.play.decisions is not None:
            files.append(NewResource("decisions.dmn", self.play.decisions))
        prepared = prepare(files, self.play.profile)  # type: ignore[arg-type]  # a Literal there
        made = await deployments.create(
            self.stage.database,
            name=self.tenant,
            tenant_id=self.tenant,
            resources=files,
            processes=prepared.processes,
            decisions=prepared.decisions,
            requirements=prepared.requirements,
            now=datetime.now(UTC),
        )
        self.definitions = made.process_definitions
        self.main = prepared.processes[0].key

    async def _start(self) -> None:
        row = next(row for row in self.definitions if row.key == self.main)
        instance_id = f"{self.tenant}-{uuid.uuid4().hex[:8]}"
        command = c.StartInstance(
            now=0,
            instance_id=instance_id,
            variables=dict(self.play.variables),
            start_node=self.play.begin or None,
            tenant=self.tenant,
        )
        request = ProcessInput(row.hash, row.id, codec.to_json(command), meta_of(row), options=self.options)
        await process.start(self.stage.client, instance_id, request, task_queue=self.stage.queue)

    async def _act(self, act: Act) -> None:
        match act.kind:
            case "message":
                await self._listening(act.name, MessageWait)
                receiver = await self.stage.router.publish(act.name, None, act.variables, tenant_id=self.tenant)
                assert receiver is not None, f"nobody took message {act.name}"
            case "signal":
                await self._listening(act.name, SignalWait)
                effect = codec.to_json(BroadcastSignal(act.name, dict(act.variables)))
                request = {"instance_id": "outside", "tenant": self.tenant, "id": uuid.uuid4().hex, "effect": effect}
                await self.stage.routing.perform(request)
            case "timer":
                if self.play.begin is None:
                    await arm(self.stage.database, self.stage.client, self.stage.queue)
                await self._happened(act.name)
            case "decided":
                await self._happened(act.name)
            case "change":
                await self._execute(next(iter(await self.logs())), c.SetVariables(0, dict(act.variables)))
            case "activate":
                instance, element = await self._running(act.name)
                await self._execute(instance, c.ActivateAdHoc(0, element, act.nodes))
            case kind:
                instance, wait = await self._waiting(act.name)
                variables = dict(act.variables)
                commands: dict[str, Any] = {
                    "done": c.CompleteWait(0, wait, variables),
                    "error": c.ThrowBpmnError(0, wait, act.code),
                    "escalation": c.ThrowEscalation(0, wait, act.code),
                    "claim": c.ChangeTask(0, wait, action="claim", user=act.code),
                }
                await self._execute(instance, commands[kind])

    async def _execute(self, instance_id: str, command: Any) -> None:
        async for _ in self._watch("the listeners of the task to be done"):
            try:
                await process.execute(self.stage.client, instance_id, command)
            except process.CommandRejected as error:
                if "is at work" not in str(error):
                    raise
            else:
                return

    async def _waiting(self, node: str, *kinds: type[Any]) -> tuple[str, int]:
        """Instance and key of the oldest open wait of a flow node."""
        async for logs in self._watch(f"an open wait at {node!r}"):
            for instance, events in logs.items():
                for wait in _open(events).values():
                    if wait.node == node and isinstance(wait, kinds or HUMAN):
                        return instance, wait.key
        raise AssertionError

    async def _running(self, node: str) -> tuple[str, int]:
        """Instance and key of the oldest instance of a flow node."""
        async for logs in self._watch(f"{node!r} to be active"):
            for instance, events in logs.items():
                for event in events:
                    if isinstance(event, ElementActivated) and event.node == node:
                        return instance, event.key
        raise AssertionError

    async def _listening(self, name: str, kind: type[Any]) -> None:
        if self.play.begin is None and not await self.logs():
            return  # a start event: deployed means subscribed
        async for logs in self._watch(f"a subscription to {name!r}"):
            for events in logs.values():
                if any(isinstance(wait, kind) and wait.name == name for wait in _open(events).values()):
                    return

    async def _happened(self, node: str) -> None:
        """The node has been completed once more."""
        self._awaited[node] += 1
        async for logs in self._watch(f"{node!r} to happen ({self._awaited[node]})"):
            completed = [
                event
                for events in logs.values()
                for event in events
                if isinstance(event, ElementCompleted) and event.node == node
            ]
            if len(completed) >= self._awaited[node]:
                return

    async def _watch(self, what: str) -> AsyncIterator[dict[str, list[Any]]]:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE
        while loop.time() < deadline:
            yield await self.logs()
            await asyncio.sleep(PAUSE)
        told = "\n".join(_sorted([story(events) for events in (await self.logs()).values()]))
        raise AssertionError(f"Expected {what} but there was:\n{told}")

    async def _until_the_same(self, expected: Sequence[Story]) -> None:
        wanted = _sorted(expected)
        loop = asyncio.get_running_loop()
        deadline, since, told = loop.time() + PATIENCE, 0.0, list[str]()
        while loop.time() < deadline:
            told = _sorted([story(events) for events in (await self.logs()).values()])
            if told != wanted:
                since = 0.0
            elif not since:
                since = loop.time()
            elif loop.time() - since > 6 * PAUSE:  # nothing follows
                return
            await asyncio.sleep(PAUSE)
        raise AssertionError("\n".join(["Expected as on the core:", *wanted, "but on the real engine:", *told]))

    async def _check_workflows(self) -> None:
        """Rows are what the log says, ended instances are ended workflows, and every history can be replayed."""
        differences = await audit(self.stage.database, list(await self.logs()))
        assert not differences, [str(difference) for difference in differences]
        for instance, events in (await self.logs()).items():
            handle = self.stage.client.get_workflow_handle(instance)
            if not story(events).outcome:
                state = await handle.query(contract.QUERY_STATE)
                assert state["sequence"] == len(events)
            else:
                async with asyncio.timeout(PATIENCE):
                    with suppress(WorkflowFailureError):  # cancelled by its caller
                        await handle.result()
            runs = await self._replay(instance)
            if self.options and "." not in instance and self._has_rested():
                assert runs > 1, f"{instance}: expected several runs"

    def _has_rested(self) -> bool:
        """Whether the instance that the play started has waited for somebody with nothing else under way."""
        waits = any(act.kind in ("done", "message", "change") for act in self.play.acts)
        busy = (b"<bpmn:intermediateThrowEvent", b"<bpmn:callActivity")
        return self.play.begin is not None and waits and not any(tag in self.play.model.xml() for tag in busy)

    async def _replay(self, instance_id: str) -> int:
        """Replay every run of an instance; how many there were."""
        replayer = Replayer(
            workflows=[BpmnProcess],
            workflow_runner=UnsandboxedWorkflowRunner(),
            data_converter=self.stage.client.data_converter,
        )
        run_id, runs = None, 0
        while True:
            history = await self.stage.client.get_workflow_handle(instance_id, run_id=run_id).fetch_history()
            await replayer.replay_workflow(history)
            runs += 1
            run_id = history.events[0].workflow_execution_started_event_attributes.continued_execution_run_id
            if not run_id:
                return runs


def _open(events: Sequence[Any]) -> dict[int, Any]:
    waits: dict[int, Any] = {}
    for event in events:
        if isinstance(event, WaitOpened):
            waits[event.wait.key] = event.wait
        elif isinstance(event, WaitClosed):
            waits.pop(event.key, None)
    return waits
