"""Variables beyond what Temporal carries: they go in, wait, are changed, and come out again, and Temporal never sees
them."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest
from temporalio.client import Client as TemporalClient

from interpreter.bpmn.builder import bpmn
from ostinato import Client, Worker, task
from ostinato.dev.stack import Stack
from ostinato.worker import Job

pytestmark = pytest.mark.e2e

LARGE = 10_000_000
MODEL = (
    bpmn("large")
    .start()
    .user_task("look")
    .exclusive("long?")
    .when("= count(data.rows) = 3")
    .user_task("again")
    .end("seen")
    .otherwise()
    .end("not_seen")
    .xml()
)


async def test_a_variable_of_ten_megabytes(stack: Stack) -> None:
    value = json.dumps({"rows": ["a" * LARGE, "b", "c"]})
    async with httpx.AsyncClient(base_url=stack.engine_url, timeout=60) as http:
        deployed = await http.post("/deployment/create", files={"large.bpmn": ("large.bpmn", MODEL, "text/xml")})
        assert deployed.status_code == 200, deployed.text
        started = await http.post(
            "/process-definition/key/large/start", json={"variables": {"data": {"type": "Json", "value": value}}}
        )
        assert started.status_code == 200, started.text
        instance = started.json()["id"]
        (task,) = (await http.get("/task", params={"processInstanceId": instance})).json()
        stack.restart_worker()  # what waits must be found again by another process
        done = await http.post(
            f"/task/{task['id']}/complete", json={"variables": {"more": {"type": "Json", "value": value}}}
        )
        assert done.status_code == 204, done.text
        (task,) = (await http.get("/task", params={"processInstanceId": instance})).json()
        assert task["taskDefinitionKey"] == "again"
        for name in ("data", "more"):
            found = await http.get(
                f"/process-instance/{instance}/variables/{name}", params={"deserializeValue": "false"}
            )
            assert json.loads(found.json()["value"]) == json.loads(value)
    client = await TemporalClient.connect(stack.temporal_address)
    description = await client.get_workflow_handle(instance).describe()
    assert description.raw_description.workflow_execution_info.history_size_bytes < 20_000


async def test_a_plain_string_of_three_megabytes_is_refused_and_nothing_is_lost(stack: Stack) -> None:
    async with httpx.AsyncClient(base_url=stack.engine_url, timeout=60) as http:
        await http.post("/deployment/create", files={"large.bpmn": ("large.bpmn", MODEL, "text/xml")})
        started = await http.post("/process-definition/key/large/start", json={})
        instance = started.json()["id"]
        (task,) = (await http.get("/task", params={"processInstanceId": instance})).json()
        refused = await http.post(
            f"/task/{task['id']}/complete", json={"variables": {"note": {"value": "x" * 3_000_000}}}
        )
        assert refused.status_code == 400
        assert refused.json()["type"] == "InvalidRequestException"
        assert '"note"' in refused.json()["message"]
        assert "1000000" in refused.json()["message"]
        assert (await http.get(f"/task/{task['id']}")).status_code == 200


async def test_a_job_is_given_values_that_the_engine_keeps_elsewhere(stack: Stack) -> None:
    """Whoever serves jobs cannot read the engine's store: what it is given comes with the job."""
    sizes: list[int] = []

    @task("large_weigh")
    async def weigh(job: Job) -> dict[str, object]:
        sizes.append(len(job.variables["text"]))
        return {"twice": job.variables["text"] * 2}

    model = bpmn("weighed").start().service_task("weigh", type="large_weigh").end()
    worker = Worker([weigh], temporal=stack.temporal_address, url=stack.engine_url)
    serving = asyncio.create_task(worker.run())
    try:
        async with Client(stack.engine_url) as client:
            await client.deploy(contents={"weighed.bpmn": model.xml()})
            instance = await client.start("weighed", {"text": "x" * 400_000})
            await client.wait_ended(instance.id)
            assert len((await client.past_variables(instance.id))["twice"]) == 800_000
    finally:
        worker.stop()
        await serving
    assert sizes == [400_000]
