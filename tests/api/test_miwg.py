"""MIWG's reference C.1.1, which nobody here wrote, deployed unchanged over REST and run to each of its ends."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from ostinato import Worker, task
from ostinato.dev.temporal import TemporalServer
from tests.api.server import Rest
from tests.suites import suite

MODEL = suite("miwg") / "reference" / "C.1.1.bpmn"


@pytest.fixture(scope="module")
def archived(rest: Rest, temporal: TemporalServer) -> Iterator[list[dict[str, Any]]]:
    """Serves the model's one service task; what it was given."""
    seen: list[dict[str, Any]] = []

    @task("archiveService")
    def archive(job: Any) -> None:
        seen.append({"instance": job.instance_id, **job.variables})

    stop: list[Any] = []
    started = threading.Event()

    async def serve() -> None:
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()
        stop.append(lambda: loop.call_soon_threadsafe(stopped.set))
        worker = Worker([archive], temporal=temporal.address, url=rest.url)
        running = asyncio.create_task(worker.run())
        started.set()
        await stopped.wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    started.wait(10)
    yield seen
    for function in stop:
        function()
    thread.join(20)


def _complete(rest: Rest, instance: str, activity: str, **variables: Any) -> None:
    task = rest.only_task(instance)
    assert task["taskDefinitionKey"] == activity
    body = {"variables": {name: {"value": value} for name, value in variables.items()}}
    rest.post(f"/task/{task['id']}/complete", body, 204)


@pytest.fixture
def instance(rest: Rest) -> str:
    with MODEL.open("rb") as file:
        deployed = rest.request("POST", "/deployment/create", 200, files={"C.1.1.bpmn": (MODEL.name, file, "text/xml")})
    (definition,) = deployed["deployedProcessDefinitions"].values()
    assert definition["key"] == "handle-invoice"
    assert rest.get(f"/process-definition/{definition['id']}/xml")["bpmn20Xml"].encode() == MODEL.read_bytes()
    return rest.post(f"/process-definition/{definition['id']}/start", {})["id"]


def _ends(rest: Rest, instance: str) -> list[str]:
    rows = rest.get("/history/activity-instance", processInstanceId=instance, activityType="noneEndEvent")
    return [row["activityId"] for row in rows]


def test_approved_at_once(rest: Rest, instance: str, archived: list[dict[str, Any]]) -> None:
    _complete(rest, instance, "assignApprover", approver="mary")
    assert rest.only_task(instance)["assignee"] == "mary"
    _complete(rest, instance, "approveInvoice", approved=True)
    (group,) = rest.get(f"/task/{rest.only_task(instance)['id']}/identity-links")
    assert group == {"userId": None, "groupId": "accounting", "type": "candidate"}
    before = len(archived)
    _complete(rest, instance, "prepareBankTransfer")
    _wait_for_end(rest, instance)
    assert _ends(rest, instance) == ["invoiceProcessed"]
    assert [item["instance"] for item in archived[before:]] == [instance]


def test_refused_after_a_review(rest: Rest, instance: str) -> None:
    _complete(rest, instance, "assignApprover", approver="mary")
    _complete(rest, instance, "approveInvoice", approved=False)
    _complete(rest, instance, "reviewInvoice", clarified="no")
    assert _ends(rest, instance) == ["invoiceNotProcessed"]


def test_approved_after_a_review(rest: Rest, instance: str, archived: list[dict[str, Any]]) -> None:
    _complete(rest, instance, "assignApprover", approver="mary")
    _complete(rest, instance, "approveInvoice", approved=False)
    _complete(rest, instance, "reviewInvoice", clarified="yes")
    _complete(rest, instance, "approveInvoice", approved=True)
    _complete(rest, instance, "prepareBankTransfer")
    _wait_for_end(rest, instance)
    assert _ends(rest, instance) == ["invoiceProcessed"]


def _wait_for_end(rest: Rest, instance: str) -> None:
    """The service task is done by somebody else, so the end comes when it comes: Temporal's long poll tells."""
    from temporalio.client import Client

    async def result() -> None:
        address = rest.settings.temporal.address
        await (await Client.connect(address)).get_workflow_handle(instance).result()

    asyncio.run(asyncio.wait_for(result(), 30))
