"""Each kind of wait on the real server, races between them, and what the read model is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from temporalio.client import Client
from temporalio.exceptions import ApplicationError

from interpreter.bpmn.builder import bpmn
from interpreter.commands import (
    CancelInstance,
    CompleteWait,
    ResolveIncident,
    ResumeInstance,
    SetVariables,
    SuspendInstance,
)
from interpreter.workflow import client as process
from interpreter.workflow import contract
from tests.workflow.engine import Engine


async def test_a_process_without_waits_ends_in_one_workflow_task(temporal_client: Client, task_queue: str) -> None:
    async with Engine(temporal_client, task_queue, bpmn("p").start().end().xml()) as engine:
        instance = await engine.start()
        assert await engine.result(instance) == {"outcome": "completed"}
        assert engine.read_model.ended(instance) == "completed"
        history = await engine.history(instance)
        kinds = [event.event_type for event in history.events]
        assert len(kinds) == 7, "an update-with-start that completes is seven events"
        assert engine.read_model.flushes[instance] == 1


async def test_user_task_is_confirmed_before_the_start_answers(temporal_client: Client, task_queue: str) -> None:
    model = bpmn("p").start().user_task("approve").end("done").xml()
    async with Engine(temporal_client, task_queue, model) as engine:
        instance = await engine.start(variables={"amount": 12})
        key = engine.wait(instance, "approve")
        answer = await engine.execute(instance, CompleteWait(now=0, wait=key, variables={"ok": True}))
        assert answer.ended
        assert engine.read_model.path(instance)[-1] == "done"
        assert await engine.result(instance) == {"outcome": "completed"}


async def test_job_runs_as_activity_and_sets_variables(temporal_client: Client, task_queue: str) -> None:
    seen: list[dict[str, Any]] = []

    async def charge(job: dict[str, Any]) -> dict[str, Any]:
        seen.append(job)
        return {"receipt": "R1"}

    model = bpmn("p").start().service_task("pay", name="Charge card", type="charge").user_task("look").end().xml()
    async with Engine(temporal_client, task_queue, model, jobs={"charge": charge}) as engine:
        instance = await engine.start(variables={"amount": 12}, business_key="B1")
        await engine.until(lambda: any(w["node"] == "look" for w in engine.read_model.open_waits(instance).values()))
        assert seen[0] | {"key": 0, "headers": {}} == {
            "type": "charge",
            "instance_id": instance,
            "business_key": "B1",
            "process_id": "p",
            "node": "pay",
            "node_name": "Charge card",
            "variables": {"amount": 12},
            "headers": {},
            "key": 0,
        }
        variables = await process.ask(temporal_client, instance, contract.QUERY_VARIABLES)
        assert variables == {"amount": 12, "receipt": "R1"}


async def test_what_nobody_named_is_not_in_a_jobs_input(temporal_client: Client, task_queue: str) -> None:
    seen: list[dict[str, Any]] = []

    async def work(job: dict[str, Any]) -> None:
        seen.append(job)

    model = bpmn("p").start().service_task("a", type="w").service_task("b", name="Bee", type="w").end().xml()
    async with Engine(temporal_client, task_queue, model, jobs={"w": work}) as engine:
        instance = await engine.start()
        await engine.result(instance)
        events = (await engine.history(instance)).events
        first, second = (event for event in events if event.HasField("activity_task_scheduled_event_attributes"))
    assert set(seen[0]) == {"type", "instance_id", "process_id", "node", "variables", "headers", "key"}
    assert set(seen[1]) - set(seen[0]) == {"node_name"}
    assert not first.HasField("user_metadata")
    assert second.user_metadata.summary.data == b'"Bee"'


async def test_three_jobs_in_sequence_cost_what_three_activities_cost(
    temporal_client: Client, task_queue: str, unique: Callable[[str], str]
) -> None:
    async def work(job: dict[str, Any]) -> None:
        return None

    model = bpmn("p").start().service_task("a", type="w").service_task("b", type="w").service_task("c", type="w").end()
    async with Engine(temporal_client, task_queue, model.xml(), jobs={"w": work}) as engine:
        instance = unique("i")
        await process.start_only(temporal_client, instance, engine.request(instance), task_queue=task_queue)
        await engine.result(instance)
        history = await engine.history(instance)
        assert len(history.events) == 23, "as many as a hand-written workflow with three activities"
        assert engine.read_model.flushes[instance] == 1


async def test_optimistic_batches_show_progress_between_jobs(temporal_client: Client, task_queue: str) -> None:
    async def work(job: dict[str, Any]) -> None:
        return None

    model = bpmn("p").start().service_task("a", type="w").service_task("b", type="w").end().xml()
    async with Engine(temporal_client, task_queue, model, jobs={"w": work}) as engine:
        instance = await engine.start()
        await engine.result(instance)
        assert engine.read_model.optimistic
        assert all(not batch["confirmed"] for batch in engine.read_model.optimistic)
        assert engine.read_model.ended(instance) == "completed"


async def test_bpmn_error_of_a_job_is_caught_by_its_boundary(temporal_client: Client, task_queue: str) -> None:
    async def decline(job: dict[str, Any]) -> None:
        raise ApplicationError("no", "DECLINED", "no", {"why": "limit"}, type=contract.BPMN_ERROR, non_retryable=True)

    model = (
        bpmn("p")
        .start()
        .service_task("pay", type="pay")
        .end("paid")
        .boundary("no", on="pay", error="DECLINED")
        .end("unpaid")
    )
    async with Engine(temporal_client, task_queue, model.xml(), jobs={"pay": decline}) as engine:
        instance = await engine.start()
        await engine.result(instance)
        assert engine.read_model.path(instance)[-1] == "unpaid"


async def test_exhausted_job_is_an_incident_and_a_retry_goes_on(temporal_client: Client, task_queue: str) -> None:
    attempts: list[int] = []

    async def flaky(job: dict[str, Any]) -> dict[str, Any]:
        attempts.append(1)
        if len(attempts) <= 2:
            raise RuntimeError("the printer is on fire")
        return {"printed": True}

    model = bpmn("p").start().service_task("print", type="print", retries=2, retry_cycle="R2/PT0.1S").end("done").xml()
    async with Engine(temporal_client, task_queue, model, jobs={"print": flaky}) as engine:
        instance = await engine.start()
        await engine.until(lambda: engine.read_model.named(instance, "IncidentRaised"))
        (incident,) = engine.read_model.named(instance, "IncidentRaised")
        assert "the printer is on fire" in incident["message"]
        assert len(attempts) == 2
        await engine.execute(instance, ResolveIncident(now=0, incident=incident["key"]))
        await engine.result(instance)
        assert engine.read_model.path(instance)[-1] == "done"
        assert len(engine.read_model.named(instance, "IncidentResolved")) == 1


@pytest.mark.parametrize(
    ("policy", "what", "expected"),
    [
        ("default", "fails", 2),
        ("strict", "fails", 1),
        ("none", "fails", 1),
        ("default", "is lost", 2),
        ("strict", "is lost", 2),
        ("none", "is lost", 1),
    ],
)
async def test_a_retry_policy_by_name(
    temporal_client: Client, task_queue: str, policy: str, what: str, expected: int
) -> None:
    attempts: list[int] = []

    async def charge(job: dict[str, Any]) -> dict[str, Any]:
        attempts.append(1)
        if len(attempts) == 1:
            if what == "is lost":
                await asyncio.sleep(30)  # no heartbeat: for Temporal its worker is dead
            raise RuntimeError("declined")
        return {}

    headers = {"retryPolicy": policy, "heartbeatTimeout": "PT0.5S"}
    model = bpmn("p").start().service_task("pay", type="charge", retries=2, retry_cycle="R2/PT0.1S", headers=headers)
    async with Engine(temporal_client, task_queue, model.end("paid").xml(), jobs={"charge": charge}) as engine:
        instance = await engine.start()
        if expected == 2:
            await engine.result(instance)
            assert not engine.read_model.named(instance, "IncidentRaised")
        else:
            await engine.until(lambda: engine.read_model.named(instance, "IncidentRaised"))
            (incident,) = engine.read_model.named(instance, "IncidentRaised")
            assert len(attempts) == 1
            assert ("sign of life" if what == "is lost" else "declined") in incident["message"]
            await engine.execute(instance, ResolveIncident(now=0, incident=incident["key"]))
            await engine.result(instance)
        assert len(attempts) == 2
        assert engine.read_model.path(instance)[-1] == "paid"


async def test_a_retry_policy_that_there_is_not(temporal_client: Client, task_queue: str) -> None:
    model = bpmn("p").start().service_task("pay", type="charge", headers={"retryPolicy": "eager"}).end().xml()
    async with Engine(temporal_client, task_queue, model) as engine:
        instance = await engine.start()
        (incident,) = engine.read_model.named(instance, "IncidentRaised")
        assert incident["message"] == (
            "Expected 'default', 'strict' or 'none' in header 'retryPolicy' of job 'charge' but it was 'eager'."
        )


async def test_timer_catch_event_goes_on_by_itself(temporal_client: Client, task_queue: str) -> None:
    model = bpmn("p").start().catch("pause", timer="PT0.2S").end("done").xml()
    async with Engine(temporal_client, task_queue, model) as engine:
        instance = await engine.start()
        assert engine.wait(instance, "pause", "TimerWait")
        await engine.result(instance)
        assert engine.read_model.path(instance)[-1] == "done"


async def test_interrupting_boundary_timer_takes_the_task_away(temporal_client: Client, task_queue: str) -> None:
    model = (
        bpmn("p")
        .start()
        .user_task("decide")
        .end("decided")
        .boundary("late", on="decide", timer="PT0.2S")
        .end("expired")
    )
    async with Engine(temporal_client, task_queue, model.xml()) as engine:
        instance = await engine.start()
        key = engine.wait(instance, "decide", "UserTaskWait")
        await engine.result(instance)
        assert engine.read_model.path(instance)[-1] == "expired"
        with pytest.raises((process.CommandRejected, process.InstanceNotFound)):
            await engine.execute(instance, CompleteWait(now=0, wait=key))


async def test_non_interrupting_boundary_timer_leaves_the_task(temporal_client: Client, task_queue: str) -> None:
    model = (
        bpmn("p")
        .start()
        .user_task("decide")
        .end("decided")
        .boundary("remind", on="decide", timer="PT0.2S", interrupting=False)
        .user_task("call")
        .end("called")
    )
    async with Engine(temporal_client, task_queue, model.xml()) as engine:
        instance = await engine.start()
        await engine.until(lambda: len(engine.read_model.open_waits(instance)) == 2 and _has(engine, instance, "call"))
        for node in ("decide", "call"):
            await engine.execute(instance, CompleteWait(now=0, wait=engine.wait(instance, node)))
        assert await engine.result(instance) == {"outcome": "completed"}


async def test_of_two_completions_one_wins_and_one_is_rejected(temporal_client: Client, task_queue: str) -> None:
    model = bpmn("p").start().user_task("a").user_task("b").end().xml()
    async with Engine(temporal_client, task_queue, model) as engine:
        instance = await engine.start()
        command = CompleteWait(now=0, wait=engine.wait(instance, "a"))
        answers = await asyncio.gather(*(engine.execute(instance, command) for _ in range(12)), return_exceptions=True)
        rejected = [answer for answer in answers if isinstance(answer, process.CommandRejected)]
        assert len(rejected) == 11
        assert {error.code for error in rejected} <= {"not_found", "already_closed"}
        assert engine.read_model.path(instance).count("a") == 1


async def test_parallel_jobs_are_scheduled_together(temporal_client: Client, task_queue: str) -> None:
    running = 0
    together = asyncio.Event()

    async def meet(job: dict[str, Any]) -> None:
        nonlocal running
        running += 1
        if running == 3:
            together.set()
        await asyncio.wait_for(together.wait(), 10)

    model = bpmn("p").start().parallel("fork").service_task("a", type="m").parallel("join").end("done")
    model.branch(at="fork").service_task("b", type="m").to("join")
    model.branch(at="fork").service_task("c", type="m").to("join")
    async with Engine(temporal_client, task_queue, model.xml(), jobs={"m": meet}) as engine:
        instance = await engine.start()
        await engine.result(instance)
        assert engine.read_model.path(instance)[-1] == "done"


async def test_cancelled_instance_cancels_its_job(temporal_client: Client, task_queue: str) -> None:
    started, stopped = asyncio.Event(), asyncio.Event()

    async def endless(job: dict[str, Any]) -> None:
        from temporalio import activity

        started.set()
        try:
            while True:
                activity.heartbeat()
                await asyncio.sleep(0.05)
        except asyncio.CancelledError:
            stopped.set()
            raise

    model = bpmn("p").start().service_task("a", type="e", headers={"heartbeatTimeout": "PT1S"}).end().xml()
    async with Engine(temporal_client, task_queue, model, jobs={"e": endless}) as engine:
        instance = await engine.start()
        await asyncio.wait_for(started.wait(), 10)
        answer = await engine.execute(instance, CancelInstance(now=0, reason="enough"))
        assert answer.ended
        assert await engine.result(instance) == {"outcome": "cancelled"}
        await asyncio.wait_for(stopped.wait(), 10)


async def test_suspended_instance_keeps_what_comes_until_it_is_resumed(
    temporal_client: Client, task_queue: str
) -> None:
    go = asyncio.Event()

    async def slow(job: dict[str, Any]) -> dict[str, Any]:
        await go.wait()
        return {"done": True}

    model = bpmn("p").start().service_task("a", type="s").user_task("b").end().xml()
    async with Engine(temporal_client, task_queue, model, jobs={"s": slow}) as engine:
        instance = await engine.start()
        await engine.execute(instance, SuspendInstance(now=0))
        go.set()
        await asyncio.sleep(0.3)
        assert not _has(engine, instance, "b")
        await engine.execute(instance, ResumeInstance(now=0))
        await engine.until(lambda: _has(engine, instance, "b"))


async def test_what_makes_no_sense_is_rejected_without_a_trace_in_the_history(
    temporal_client: Client, task_queue: str
) -> None:
    model = bpmn("p").start().user_task("a").end().xml()
    async with Engine(temporal_client, task_queue, model) as engine:
        instance = await engine.start()
        before = len((await engine.history(instance)).events)
        with pytest.raises(process.CommandRejected) as refusal:
            await engine.execute(instance, CompleteWait(now=0, wait=4711))
        assert refusal.value.code == "not_found"
        with pytest.raises(process.CommandRejected, match="Expected"):
            await process.execute(temporal_client, instance, {"t": "Nonsense"})
        assert len((await engine.history(instance)).events) == before
        with pytest.raises(process.InstanceNotFound):
            await engine.execute("nobody", CompleteWait(now=0, wait=1))


async def test_an_instance_id_is_used_once(temporal_client: Client, task_queue: str) -> None:
    async with Engine(temporal_client, task_queue, bpmn("p").start().end().xml()) as engine:
        instance = await engine.start()
        await engine.result(instance)
        with pytest.raises(process.InstanceExists):
            await engine.start(instance_id=instance)


async def test_variables_are_set_from_outside(temporal_client: Client, task_queue: str) -> None:
    model = bpmn("p").start().user_task("a").end().xml()
    async with Engine(temporal_client, task_queue, model) as engine:
        instance = await engine.start(variables={"x": 1})
        await engine.execute(instance, SetVariables(now=0, variables={"y": [1, {"z": None}]}, removals=("x",)))
        assert await process.ask(temporal_client, instance, contract.QUERY_VARIABLES) == {"y": [1, {"z": None}]}


async def test_temporal_shows_bpmn_names(temporal_client: Client, task_queue: str) -> None:
    model = bpmn("p", name="Order").start().user_task("approve", name="Approve it").end().xml()
    async with Engine(temporal_client, task_queue, model) as engine:
        instance = await engine.start(business_key="B-7")
        description = await temporal_client.get_workflow_handle(instance).describe()
        assert await description.static_summary() == "Order"
        found = {pair.key.name: pair.value for pair in description.typed_search_attributes}
        assert found["OstinatoDefinitionKey"] == "p"
        assert found["OstinatoBusinessKey"] == "B-7"
        metadata: Any = await temporal_client.get_workflow_handle(instance).query("__temporal_workflow_metadata")
        assert "Approve it" in str(metadata)


async def test_cancellation_through_temporal_ends_the_instance(temporal_client: Client, task_queue: str) -> None:
    model = bpmn("p").start().user_task("a").end().xml()
    async with Engine(temporal_client, task_queue, model) as engine:
        instance = await engine.start()
        await temporal_client.get_workflow_handle(instance).cancel()
        await engine.until(lambda: engine.read_model.ended(instance) == "cancelled")


def _has(engine: Engine, instance: str, node: str) -> bool:
    return any(wait["node"] == node for wait in engine.read_model.open_waits(instance).values())


async def test_a_job_with_too_much_to_carry_is_an_incident_that_says_so(
    temporal_client: Client, task_queue: str
) -> None:
    async def work(job: dict[str, Any]) -> None:
        return None

    model = bpmn("p").start().user_task("a").service_task("b", type="w").end().xml()
    async with Engine(temporal_client, task_queue, model, jobs={"w": work}) as engine:
        instance = await engine.start(variables={"text": "x" * 1_000_000})
        more = CompleteWait(now=0, wait=engine.wait(instance, "a"), variables={"more": "y" * 1_000_000})
        await engine.execute(instance, more)
        await engine.until(lambda: engine.read_model.named(instance, "IncidentRaised"))
        (incident,) = engine.read_model.named(instance, "IncidentRaised")
        assert "input mappings" in incident["message"]
        await engine.execute(instance, SetVariables(now=0, removals=("more",)))
        await engine.execute(instance, ResolveIncident(now=0, incident=incident["key"]))
        assert await engine.result(instance) == {"outcome": "completed"}
