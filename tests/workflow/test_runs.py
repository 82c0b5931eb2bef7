"""Continue-as-new, eviction and replay change nothing that a client can see."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from temporalio.client import Client
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner

from interpreter.bpmn.builder import Builder, bpmn
from interpreter.commands import CompleteWait, ResumeInstance, SetVariables, SuspendInstance
from interpreter.workflow import client as process
from interpreter.workflow import contract
from interpreter.workflow.payloads import data_converter
from interpreter.workflow.process import BpmnProcess
from tests.workflow.engine import Engine

Script = Callable[[Engine, str], Awaitable[None]]


async def _quick(job: dict[str, Any]) -> dict[str, Any]:
    return {"done_" + job["node"]: True}


def _mixed() -> Builder:
    """Jobs, user tasks, timers and a subprocess, one after the other and side by side."""
    model = (
        bpmn("mixed")
        .start()
        .service_task("prepare", type="quick")
        .parallel("fork")
        .user_task("approve")
        .parallel("join")
        .subprocess("sub")
        .start("sub_start")
        .catch("pause", timer="PT0.1S")
        .service_task("work", type="quick")
        .user_task("inspect")
        .end("sub_end")
        .up()
        .end("done")
    )
    model.branch(at="fork").catch("delay", timer="PT0.3S").service_task("beside", type="quick").to("join")
    model.boundary("nag", on="approve", timer="PT0.1S", interrupting=False).service_task("remind", type="quick").end(
        "reminded"
    )
    return model


EVERYTHING = [
    "start",
    "prepare",
    "fork",
    "delay",
    "beside",
    "approve",
    "nag",
    "remind",
    "reminded",
    "join",
    "sub_start",
    "pause",
    "work",
    "inspect",
    "sub_end",
    "sub",
    "done",
]


async def _run_mixed(engine: Engine, instance: str) -> None:
    await engine.until(lambda: _open(engine, instance, "approve"))
    await engine.execute(instance, SetVariables(now=0, variables={"note": "hello"}))
    await engine.until(lambda: engine.read_model.path(instance).count("remind") == 1)
    await engine.execute(instance, SuspendInstance(now=0))
    await engine.execute(instance, ResumeInstance(now=0))
    await engine.execute(instance, CompleteWait(now=0, wait=engine.wait(instance, "approve"), variables={"ok": True}))
    await engine.until(lambda: _open(engine, instance, "inspect"))
    await engine.execute(instance, CompleteWait(now=0, wait=engine.wait(instance, "inspect")))


OPTIONS = [{}, {"new_run_at_every_rest": True}, {"new_run_after_events": 15}, {"new_run_after_updates": 1}]


@pytest.mark.parametrize("cached", [1000, 0], ids=["cached", "evicted"])
@pytest.mark.parametrize("options", OPTIONS, ids=lambda o: next(iter(o), "one_run"))
async def test_runs_change_nothing(
    temporal_client: Client, task_queue: str, options: dict[str, Any], cached: int
) -> None:
    async with Engine(
        temporal_client,
        task_queue,
        _mixed().xml(),
        jobs={"quick": _quick},
        options=options,
        max_cached_workflows=cached,
    ) as engine:
        instance = await engine.start(variables={"x": 1}, business_key="B")
        await _run_mixed(engine, instance)
        assert await engine.result(instance) == {"outcome": "completed"}
        assert sorted(engine.read_model.path(instance)) == sorted(EVERYTHING)
        assert engine.read_model.variables(instance) == {"x": 1, "note": "hello", "ok": True} | {
            f"done_{node}": True for node in ("prepare", "beside", "work", "remind")
        }
        runs = await _runs(engine, instance)
        assert (runs > 1) == bool(options)


async def test_a_repeated_update_gets_its_first_answer_in_a_later_run(temporal_client: Client, task_queue: str) -> None:
    model = bpmn("p").start().user_task("a").end().xml()
    async with Engine(temporal_client, task_queue, model, options={"new_run_at_every_rest": True}) as engine:
        instance = await engine.start()
        command = SetVariables(now=0, variables={"n": 1})
        first = await engine.execute(instance, command, update_id="u1")
        await engine.execute(instance, SetVariables(now=0, variables={"n": 2}), update_id="u2")
        assert await engine.execute(instance, command, update_id="u1") == first
        assert await process.ask(temporal_client, instance, contract.QUERY_VARIABLES) == {"n": 2}


async def test_updates_during_a_change_of_runs_are_all_executed_once(temporal_client: Client, task_queue: str) -> None:
    model = bpmn("p").start().user_task("a").end().xml()
    async with Engine(temporal_client, task_queue, model, options={"new_run_after_updates": 3}) as engine:
        instance = await engine.start()
        await asyncio.gather(
            *(engine.execute(instance, SetVariables(now=0, variables={f"v{n}": n})) for n in range(60))
        )
        assert len(engine.read_model.named(instance, "VariableSet")) == 60
        assert await _runs(engine, instance) > 5


async def test_a_refused_update_before_the_first_task_of_a_run_does_no_harm(
    temporal_client: Client, task_queue: str
) -> None:
    """A run that begins within a second of its predecessor gets its first workflow task late, and what is refused
    before leaves no trace: the server would drop the task, and with it what the SDK must say once per run."""
    model = bpmn("p").start().user_task("a").end().xml()
    options = {"new_run_at_every_rest": True}
    async with Engine(temporal_client, task_queue, model, options=options, quick_flush=False) as engine:
        instance = await engine.start()
        for n in range(20):  # as long as this machine takes more than a second for it
            await engine.execute(instance, SetVariables(now=0, variables={"n": n}))
            started = (await engine.history(instance)).events[0].workflow_execution_started_event_attributes
            if started.first_workflow_task_backoff.ToMilliseconds() > 0:
                break
        else:
            pytest.fail("Expected a run that begins within a second of its predecessor but there was none.")
        with pytest.raises(process.CommandRejected):
            await engine.execute(instance, CompleteWait(now=0, wait=4711))
        await asyncio.sleep(1)
        await engine.execute(instance, CompleteWait(now=0, wait=engine.wait(instance, "a")))
        assert await engine.result(instance) == {"outcome": "completed"}
        replayer = Replayer(
            workflows=[BpmnProcess], workflow_runner=UnsandboxedWorkflowRunner(), data_converter=data_converter()
        )
        await replayer.replay_workflow(await engine.history(instance))


def _open(engine: Engine, instance: str, node: str) -> bool:
    return any(wait["node"] == node for wait in engine.read_model.open_waits(instance).values())


async def _runs(engine: Engine, instance: str) -> int:
    """Number of runs in the chain, counted backwards from the last."""
    count, run_id = 0, None
    while True:
        history = await engine.history(instance, run_id)
        count += 1
        run_id = history.events[0].workflow_execution_started_event_attributes.continued_execution_run_id
        if not run_id:
            return count
