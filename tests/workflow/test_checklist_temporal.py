"""The points of the semantics checklist that are about Temporal; the number in a test's name is the point's (T1 to T7).

T8, the idempotent projection, is in tests/store/test_projection.py.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from temporalio.client import Client

from interpreter import codec
from interpreter.bpmn.builder import bpmn
from interpreter.bpmn.compile import compile_all
from interpreter.bpmn.document import parse_bpmn
from interpreter.bpmn.parts import multi
from interpreter.commands import CompleteWait, Continue, SetVariables, StartInstance, TriggerEvent
from interpreter.machine import BUDGET
from interpreter.state import dump_state, load_state
from interpreter.step import Step, new_state, step
from interpreter.waits import MessageWait
from interpreter.workflow import client as process
from interpreter.workflow import contract
from tests.workflow.engine import Engine


async def test_t1_runs_change_by_the_number_of_updates_and_lose_none(temporal_client: Client, task_queue: str) -> None:
    model = bpmn("p").start().user_task("a").end().xml()
    async with Engine(temporal_client, task_queue, model, options={"new_run_after_updates": 5}) as engine:
        instance = await engine.start()
        runs = {await _run_id(engine, instance)}

        async def send(number: int) -> None:
            await engine.execute(instance, SetVariables(now=0, variables={f"v{number}": number}))
            runs.add(await _run_id(engine, instance))

        await asyncio.gather(*(send(number) for number in range(40)))
        assert len(runs) > 3
        created = [event["name"] for event in engine.read_model.named(instance, "VariableSet")]
        assert sorted(created) == sorted(f"v{number}" for number in range(40))
        await engine.execute(instance, CompleteWait(now=0, wait=engine.wait(instance, "a")))
        assert await engine.result(instance) == {"outcome": "completed"}


async def test_t2_what_is_delivered_before_the_first_task_is_not_lost(temporal_client: Client, task_queue: str) -> None:
    model = bpmn("p").start().catch("letter", message="letter").end().xml()
    async with Engine(temporal_client, task_queue, model) as engine:
        wait = _message_wait(model)
        request = engine.request("early-" + task_queue)
        trigger = TriggerEvent(now=0, wait=wait, variables={"text": "hello"})
        await temporal_client.start_workflow(
            contract.WORKFLOW_TYPE,
            request.to_json(),
            id="early-" + task_queue,
            task_queue=task_queue,
            start_signal=contract.SIGNAL_DELIVER,
            start_signal_args=[codec.to_json(trigger)],
        )
        assert await engine.result("early-" + task_queue) == {"outcome": "completed"}
        assert engine.read_model.variables("early-" + task_queue) == {"text": "hello"}


async def test_t2_an_update_that_was_answered_is_known_to_later_runs(temporal_client: Client, task_queue: str) -> None:
    model = bpmn("p").start().user_task("a").end().xml()
    async with Engine(temporal_client, task_queue, model, options={"new_run_after_updates": 1}) as engine:
        instance = await engine.start()
        first = await engine.execute(instance, SetVariables(now=0, variables={"n": 1}), update_id="once")
        await engine.execute(instance, SetVariables(now=0, variables={"m": 1}))
        assert await engine.execute(instance, SetVariables(now=0, variables={"n": 2}), update_id="once") == first
        assert engine.read_model.variables(instance) == {"n": 1, "m": 1}


async def test_t3_a_history_carries_the_hash_of_the_model_and_not_the_model(
    temporal_client: Client, task_queue: str
) -> None:
    model = bpmn("p").start().user_task("a_task_with_a_name_of_its_own").end().xml()
    async with Engine(temporal_client, task_queue, model) as engine:
        instance = await engine.start()
        history = (await engine.history(instance)).to_json()
        assert "sequenceFlow" not in history
        assert "BPMN/20100524" not in history


def test_t4_one_activation_does_a_bounded_piece_of_a_huge_multi_instance() -> None:
    (definition,) = compile_all(
        parse_bpmn(bpmn("p").start().user_task("a", mi=multi(cardinality="10000")).end().xml()), "c7"
    )
    state = new_state(definition)
    result = step(definition, state, StartInstance(now=0, instance_id="i"))
    steps = 0
    while isinstance(result, Step):
        assert len(result.events) <= 4 * BUDGET
        steps += 1
        if not state.pending:
            break
        result = step(definition, state, Continue(now=0))
    assert steps > 1
    assert len(state.waits) == 10_000


@pytest.mark.parametrize("profile", ["c7", "spec"])
def test_t5_an_instance_keeps_the_features_that_it_began_with(profile: str) -> None:
    (definition,) = compile_all(parse_bpmn(bpmn("p").start().user_task("a").end().xml()), profile)
    state = new_state(definition, ["a_feature_of_an_earlier_release"])
    step(definition, state, StartInstance(now=0, instance_id="i"))
    assert load_state(dump_state(state)).features == ("a_feature_of_an_earlier_release",)


async def test_t6_branches_are_started_in_windows(
    temporal_client: Client, task_queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("interpreter.workflow.mirror.MAX_RUNNING_JOBS", 10)
    pending: list[int] = []

    async def work(job: dict[str, Any]) -> None:
        description = await temporal_client.get_workflow_handle(job["instance_id"]).describe()
        pending.append(len(description.raw_description.pending_activities))

    model = bpmn("p").start().service_task("a", type="w", mi=multi(cardinality="35")).end().xml()
    async with Engine(temporal_client, task_queue, model, jobs={"w": work}) as engine:
        instance = await engine.start()
        assert await engine.result(instance) == {"outcome": "completed"}
        assert len(pending) == 35
        assert max(pending) <= 10


async def test_t7_what_comes_after_the_cancellation_is_too_late(temporal_client: Client, task_queue: str) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(job: dict[str, Any]) -> dict[str, Any]:
        begun.set()
        await go_on.wait()
        return {"late": True}

    model = bpmn("p").start().service_task("work", type="slow").end()
    model.boundary("stop", on="work", message="stop").user_task("after").end()
    async with Engine(temporal_client, task_queue, model.xml(), jobs={"slow": slow}) as engine:
        instance = await engine.start()
        await begun.wait()
        stop = engine.wait(instance, "stop")
        await engine.execute(instance, TriggerEvent(now=0, wait=stop))
        go_on.set()
        with pytest.raises(process.CommandRejected) as refused:
            await engine.execute(instance, TriggerEvent(now=0, wait=stop))
        assert refused.value.code in ("not_found", "already_closed")
        await engine.execute(instance, CompleteWait(now=0, wait=engine.wait(instance, "after")))
        assert await engine.result(instance) == {"outcome": "completed"}
        assert engine.read_model.variables(instance) == {}


async def _run_id(engine: Engine, instance: str) -> str:
    return (await engine.client.get_workflow_handle(instance).describe()).run_id or ""


def _message_wait(model: bytes) -> int:
    """Key of the message subscription that an instance of `model` opens first: the engine's keys are deterministic."""
    (definition,) = compile_all(parse_bpmn(model), "c7")
    state = new_state(definition)
    step(definition, state, StartInstance(now=0, instance_id="i"))
    (wait,) = [key for key, wait in state.waits.items() if isinstance(wait, MessageWait)]
    return wait
