"""The SDK and the command line against the whole stack: what a user does on the first day."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from interpreter.bpmn.builder import bpmn
from ostinato import BpmnError, Client, Worker, task
from ostinato.client import EngineError, NotFound
from ostinato.dev.stack import Stack
from ostinato.worker import Job

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

MODEL = (
    bpmn("day-one", name="Day one")
    .start()
    .user_task("approve", name="Approve it")
    .parallel("fork")
    .service_task("charge", type="day-one-charge", retries=1)
    .parallel("join")
    .end("done")
)
MODEL.branch(at="fork").service_task("ship", topic="day-one-ship").to("join")
MODEL.boundary("declined", on="charge", error="DECLINED").end("unpaid")


@task("day-one-charge")
async def charge(amount: float, job: Job) -> dict[str, Any]:
    if amount > 1000:
        raise BpmnError("DECLINED", "too much", {"limit": 1000})
    if amount == 13:
        raise ValueError("unlucky")
    return {"receipt": job.id, "lucky": job.attempt}


@task(topic="day-one-ship")
def ship(items: list[str], note: str = "none") -> dict[str, Any]:
    return {"shipped": len(items), "note": note, "at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "raw": b"\x00\xff"}


@pytest.fixture
async def engine(stack: Stack) -> AsyncIterator[Client]:
    async with Client(stack.engine_url) as client:
        await client.deploy(contents={"day-one.bpmn": MODEL.xml()})
        worker = Worker([charge, ship], temporal=stack.temporal_address, url=stack.engine_url)
        serving = asyncio.create_task(worker.run())
        await worker.ready.wait()
        yield client
        worker.stop()
        await serving


async def test_a_process_from_start_to_end(engine: Client, unique: Callable[[str], str]) -> None:
    key = unique("order")
    instance = await engine.start("day-one", {"amount": 12.5, "items": ["a", "b"]}, business_key=key)
    (waiting,) = await engine.tasks(instance=instance.id)
    assert (waiting.name, waiting.task_definition_key) == ("Approve it", "approve")
    await engine.claim(waiting.id, "mary")
    with pytest.raises(EngineError):
        await engine.claim(waiting.id, "john")
    assert [child.activity_id for child in (await engine.tree(instance.id)).children] == ["approve"]
    await engine.complete(waiting.id, {"approved": True})
    past = await engine.wait_ended(instance.id)
    assert (past.state, past.business_key) == ("COMPLETED", key)
    variables = await engine.past_variables(instance.id)
    assert variables["shipped"] == 2
    assert variables["note"] == "none"
    assert variables["at"] == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert variables["raw"] == b"\x00\xff"
    assert variables["receipt"].startswith(instance.id)
    assert [row.activity_id for row in await engine.past_activities(instance.id)][-1] == "done"
    with pytest.raises(NotFound):
        await engine.instance(instance.id)


async def test_a_modelled_error_and_a_failure(engine: Client) -> None:
    dear = await engine.start("day-one", {"amount": 5000, "items": []})
    unlucky = await engine.start("day-one", {"amount": 13, "items": []})
    for instance in (dear, unlucky):
        (waiting,) = await engine.tasks(instance=instance.id)
        await engine.complete(waiting.id)
    for _ in range(200):
        found = await engine.incidents(processInstanceId=unlucky.id)
        if found:
            break
        await asyncio.sleep(0.1)
    (incident,) = found
    assert "unlucky" in (incident.incident_message or "")
    assert (await engine.past_variables(dear.id)).get("limit") == 1000
    await engine.set_variables(unlucky.id, {"amount": 14})
    await engine.retry(incident)
    assert (await engine.wait_ended(unlucky.id)).state == "COMPLETED"
    assert [row.activity_id for row in await engine.past_activities(unlucky.id)][-1] == "done"


async def test_a_repeated_start_gives_the_same_instance(engine: Client, unique: Callable[[str], str]) -> None:
    key = unique("once")
    first = await engine.start("day-one", {"amount": 1}, idempotency_key=key)
    again = await engine.start("day-one", {"amount": 1}, idempotency_key=key)
    assert first.id == again.id
    await engine.cancel(first.id)
    assert (await engine.past_instance(first.id)).state == "EXTERNALLY_TERMINATED"


async def test_the_command_line(engine: Client, stack: Stack, tmp_path: Path, unique: Callable[[str], str]) -> None:
    key = unique("cli")
    file = tmp_path / "day-one.bpmn"
    file.write_bytes(MODEL.xml())

    async def ostinato(*words: str, code: int = 0) -> str:
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-P", "-m", "ostinato", *words],
            capture_output=True,
            text=True,
            env={**stack.environment(), "COLUMNS": "200", "NO_COLOR": "1"},
            timeout=60,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    assert "nothing has changed" in await ostinato("deploy", str(file))
    started = await ostinato("start", "day-one", "-k", key, "-v", "amount=20", "-v", 'items=["x"]', "-v", "who=Ann")
    assert "Approve it" in started
    assert re.match(r"[0-9a-f-]{36}", started)
    assert key in await ostinato("ps", "day-one")
    shown = await ostinato("show", key)
    assert "approve" in shown
    assert "Ann" in shown
    assert "Approve it" in await ostinato("tasks", key)
    assert "completed Approve it" in await ostinato("complete", key, "-v", "approved=true")
    instance = (await engine.past_instances(processInstanceBusinessKey=key))[0]
    await engine.wait_ended(instance.id)
    assert "charge" in await ostinato("history", key)
    assert "ended at done" in await ostinato("show", key)
    assert "no incidents" in await ostinato("incidents", key)
    assert "Expected instance 'nobody'" in await ostinato("show", "nobody", code=1)
    assert "NAME=VALUE" in await ostinato("start", "day-one", "-v", "amount", code=1)
