"""The read model under random runs of the real engine: flushes cut anywhere, repeated, late, or of dead attempts.

After every run the rows are what the log says (audit), and what is open in the rows is what is open in the engine.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from interpreter import commands as c
from interpreter import waits as w
from interpreter.bpmn.builder import Builder, bpmn
from interpreter.bpmn.compile import compile_all
from interpreter.bpmn.parts import multi
from interpreter.codec import encode_value, to_json
from interpreter.definition import Definition
from interpreter.ids import element_id
from interpreter.state import State, dump_state, load_state
from interpreter.step import Step, new_state, step
from interpreter.values import Typed
from store import definitions, deployments, external_tasks, incidents, tasks
from store.audit import audit
from store.database import Database
from store.definitions import from_definition
from store.external_tasks import EXTERNAL_TASKS
from store.incidents import INCIDENTS
from store.new_definitions import NewResource
from store.projection import Projector, recent
from store.tasks import TASKS
from store.variable_types import columns
from tests.store.streams import T0


def everything() -> Builder:
    """People, workers, timers, messages, loops, scopes and errors side by side."""
    return (
        bpmn("everything")
        .start()
        .parallel("fork")
        .user_task("approve")
        .boundary("late", timer="R/PT1H", interrupting=False)
        .service_task("remind", type="remind")
        .end("reminded")
        .back()
        .parallel("join")
        .end("done")
        .branch(at="fork")
        .service_task("charge", topic="charge", inputs={"sum": "${amount}"})
        .boundary("refused", error="no-money")
        .user_task("call")
        .end("called")
        .back()
        .to("join")
        .branch(at="fork")
        .subprocess("pack")
        .start("packing")
        .user_task("pick", mi=multi("items", element="item"))
        .end("packed")
        .up()
        .boundary("stop", message="stop", interrupting=True)
        .end("stopped")
        .back()
        .event_based("either")
        .catch("paid", message="paid")
        .to("join")
        .branch(at="either")
        .catch("week", timer="P7D")
        .end("given up")
    )


@pytest.fixture
async def definition(database: Database) -> Definition:
    builder = everything()
    (compiled,) = compile_all(builder.document(), "c7")
    await deployments.create(
        database,
        resources=[NewResource("everything.bpmn", builder.xml())],
        processes=[from_definition(compiled, "everything.bpmn")],
    )
    return compiled


class Run:
    """An instance in the engine, and its flushes as the shell makes them: from the last confirmed event on."""

    def __init__(self, instance_id: str, definition: Definition, meta: dict[str, Any], dice: random.Random) -> None:
        self.instance_id = instance_id
        self.definition = definition
        self.meta = meta
        self.dice = dice
        self.state = new_state(definition)
        self.confirmed = 0
        self.steps: list[dict[str, Any]] = []
        self.now = T0
        self.sent: list[dict[str, Any]] = []

    def do(self, command: c.Command) -> bool:
        """Carry a command out; whether it was accepted."""
        result = step(self.definition, self.state, command)
        if not isinstance(result, Step):
            return False
        if result.events:
            events = [to_json(event) for event in result.events]
            self.steps.append({"first": result.first + 1, "at": result.at, "events": events})
        return True

    def batch(self, confirmed: bool) -> dict[str, Any]:
        return {
            "instance_id": self.instance_id,
            "base": self.confirmed,
            "steps": list(self.steps),
            "confirmed": confirmed,
            "definition_hash": self.definition.hash,
            "meta": self.meta,
            "fence": self.now,
        }

    def snapshot(self) -> tuple[Any, ...]:
        return dump_state(self.state), self.confirmed, list(self.steps)

    def restore(self, saved: tuple[Any, ...]) -> None:
        """The attempt died: the next one starts where the last workflow task ended."""
        self.state = load_state(saved[0])
        self.confirmed, self.steps = saved[1], list(saved[2])

    def command(self) -> c.Command:
        """Something that might happen now."""
        dice, now = self.dice, self.now
        if self.dice.random() < 0.15:
            values = {"amount": dice.choice([1, 2.5, "x", None, {"a": [1]}, Typed("Long", 7)]), "odd\x00": "a\x00b"}
            return c.SetVariables(now, dict([dice.choice(list(values.items()))]))
        if self.dice.random() < 0.05:
            return c.ResumeInstance(now) if self.state.suspended else c.SuspendInstance(now)
        if self.dice.random() < 0.02:
            return c.CancelInstance(now, "enough")
        if self.state.incidents and dice.random() < 0.5:
            return c.ResolveIncident(now, dice.choice(list(self.state.incidents)))
        wait = dice.choice(list(self.state.waits.values()) or [None])
        match wait:
            case None:
                return c.ResumeInstance(now)
            case w.TimerWait():
                return c.FireTimer(now, wait.key)
            case w.MessageWait() | w.SignalWait():
                return c.TriggerEvent(now, wait.key, {"message": wait.name})
            case w.JobWait() | w.ExternalTaskWait():
                kind = dice.random()
                if kind < 0.2:
                    return c.FailWait(now, wait.key, "it broke", "line 1", retries=dice.choice([0, 1]))
                if kind < 0.3:
                    return c.ThrowBpmnError(now, wait.key, "no-money", "none left")
                return c.CompleteWait(now, wait.key, {"result": dice.randrange(9)}, {"mine": True})
            case _:
                return c.CompleteWait(now, wait.key, {"by": "mary"})


async def play(run: Run, projector: Projector, database: Database) -> None:
    """A life with crashes. Each round is a workflow task: commands, flushes; perhaps it never committed."""
    start = c.StartInstance(run.now, run.instance_id, {"amount": 10, "items": ["a", "b", "c"]}, business_key="B-1")
    first = True
    for _ in range(run.dice.randrange(4, 30)):
        saved = run.snapshot()
        attempts = run.dice.choice([1, 1, 1, 2, 3])
        for attempt in range(attempts):
            if attempt:
                run.restore(saved)
            run.now += run.dice.randrange(1, 500)
            if first:
                assert run.do(c.StartInstance(run.now, start.instance_id, start.variables, start.business_key))
            for _ in range(run.dice.randrange(0 if first else 1, 4)):
                run.do(run.command())
                if run.dice.random() < 0.2:
                    await projector.write(run.batch(confirmed=False))
            if run.dice.random() < 0.8 or attempt == attempts - 1:
                batch = run.batch(confirmed=True)
                result = await projector.write(batch)
                assert result.status in ("written", "rebuilt", "repeated"), result
                assert result.written >= run.state.sequence
                run.sent.append(batch)
                run.confirmed, run.steps = run.state.sequence, []
        first = False
        if run.dice.random() < 0.3:
            await meddle(run, database)
        if run.dice.random() < 0.3:
            late = run.dice.choice(run.sent)
            status = (await projector.write({**late, "confirmed": run.dice.random() < 0.5})).status
            assert status in ("repeated", "stale", "dropped")
        if run.state.ended:
            break


async def meddle(run: Run, database: Database) -> None:
    """People and workers change what is theirs, between the flushes."""
    mine = {"processInstanceId": run.instance_id}
    for task in await EXTERNAL_TASKS.list(database, mine):
        await external_tasks.lock(database, task.id, "w", run.dice.choice([1, 60_000]))
        if run.dice.random() < 0.5 and task.retries != 0:
            await external_tasks.fail(database, task.id, "w", "not now", "a stack", 2, 0)
    for task in await TASKS.list(database, mine):
        if run.dice.random() < 0.5:
            await tasks.assign(database, task.id, run.dice.choice(["mary", None]))
    for incident in await INCIDENTS.list(database, mine):
        await incidents.set_annotation(database, incident.id, "looking into it")


async def assert_mirrored(database: Database, state: State) -> None:
    """What is open in the rows is what is open in the engine."""
    one = state.instance_id

    async def keys(statement: str) -> list[int]:
        return sorted(row["key"] for row in await database.fetch(statement, (one,)))

    waits = state.waits.items()
    assert await keys("SELECT key FROM task WHERE instance_id = %s AND ended_at IS NULL") == sorted(
        key for key, wait in waits if isinstance(wait, w.UserTaskWait)
    )
    assert await keys("SELECT key FROM external_task WHERE instance_id = %s") == sorted(
        key for key, wait in waits if isinstance(wait, w.ExternalTaskWait)
    )
    assert await keys("SELECT key FROM job WHERE instance_id = %s") == sorted(
        key for key, wait in waits if isinstance(wait, w.JobWait | w.TimerWait)
    )
    assert await keys("SELECT key FROM subscription WHERE instance_id = %s AND kind <> 'compensate'") == sorted(
        key for key, wait in waits if isinstance(wait, w.MessageWait | w.SignalWait | w.ConditionWait | w.OpenWait)
    )
    assert await keys("SELECT key FROM incident WHERE instance_id = %s AND ended_at IS NULL") == sorted(state.incidents)
    assert await keys("SELECT key FROM activity_instance WHERE instance_id = %s AND ended_at IS NULL") == sorted(
        key for key in state.elements if key != 1
    )
    expected = {
        (element.key, name.replace("\x00", "\ufffd")): columns(encode_value(value))[:2]
        for element in state.elements.values()
        for name, value in element.variables.items()
    }
    rows = await database.fetch(
        "SELECT scope, name, type, value FROM variable WHERE instance_id = %s AND deleted_at IS NULL", (one,)
    )
    found = {(row["scope"], row["name"]): (row["type"], row["value"]) for row in rows if row["scope"] in state.elements}
    assert found == {
        key: (kind, value.replace("\x00", "\ufffd") if isinstance(value, str) else value)
        for key, (kind, value) in expected.items()
    }
    instance = await database.fetch_one("SELECT * FROM process_instance WHERE id = %s", (one,))
    assert instance is not None
    assert (instance["written"], instance["confirmed"]) == (state.sequence, state.sequence)
    assert (instance["ended_at"] is not None) == state.ended
    assert (instance["state"] == "SUSPENDED") == (state.suspended and not state.ended)


async def meta_of(database: Database, definition: Definition) -> dict[str, Any]:
    row = await definitions.latest(database, definition.process_id)
    assert row is not None
    return {"definition_id": row.id, "definition_key": row.key}


@pytest.mark.parametrize("seed", range(40))
async def test_the_rows_follow_the_engine(
    database: Database, projector: Projector, definition: Definition, unique: Callable[[str], str], seed: int
) -> None:
    run = Run(unique("run"), definition, await meta_of(database, definition), random.Random(seed))
    await play(run, projector, database)
    assert [str(difference) for difference in await audit(database, [run.instance_id])] == []
    await assert_mirrored(database, run.state)


async def test_a_ghost_that_nobody_repeats_is_taken_back(
    database: Database, projector: Projector, definition: Definition, unique: Callable[[str], str]
) -> None:
    run = Run(unique("run"), definition, await meta_of(database, definition), random.Random(1))
    run.do(c.StartInstance(run.now, run.instance_id, {"amount": 10, "items": ["a"]}))
    await projector.write(run.batch(confirmed=True))
    run.confirmed, run.steps = run.state.sequence, []
    saved = run.snapshot()
    run.now += 1000
    task = next(key for key, wait in run.state.waits.items() if isinstance(wait, w.UserTaskWait))
    assert run.do(c.CompleteWait(run.now, task, {"approved": True}))
    await projector.write(run.batch(confirmed=True))
    run.restore(saved)
    (row,) = [row for row in await recent(database, run.now) if row.instance_id == run.instance_id]
    assert row.written > run.state.sequence
    assert not await projector.truncate(run.instance_id, run.state.sequence, row.fence - 1)
    assert await projector.truncate(run.instance_id, run.state.sequence, row.fence)
    assert not await projector.truncate(run.instance_id, run.state.sequence, row.fence)
    assert await audit(database, [run.instance_id]) == []
    await assert_mirrored(database, run.state)
    assert await projector.truncate(run.instance_id, 0, row.fence)
    assert await database.fetch("SELECT 1 FROM event_batch WHERE instance_id = %s", (run.instance_id,)) == []
    assert await audit(database, [element_id(run.instance_id, 1)]) != []


async def test_names_and_types_come_from_the_definition(
    database: Database, projector: Projector, definition: Definition, unique: Callable[[str], str]
) -> None:
    run = Run(unique("run"), definition, await meta_of(database, definition), random.Random(1))
    run.do(c.StartInstance(run.now, run.instance_id, {"amount": 10, "items": ["a"]}))
    await projector.write(run.batch(confirmed=True))
    rows = await database.fetch(
        "SELECT node, type FROM activity_instance WHERE instance_id = %s ORDER BY sequence", (run.instance_id,)
    )
    types = {row["node"]: row["type"] for row in rows}
    assert types["approve"] == "userTask"
    assert types["pick#multiInstanceBody"] == "multiInstanceBody"
    assert types["pick"] == "userTask"
