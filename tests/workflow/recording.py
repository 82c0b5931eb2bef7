"""Records the histories that `test_replay` replays: `python -m tests.workflow.recording`.

A history is recorded once per release and then kept: it shows that instances that began with that release go on with
this one. Each is a JSON file with the definition that it belongs to; a name is never reused. Names of machines and
paths of files are taken out.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Any

from interpreter.bpmn.builder import Builder, bpmn
from interpreter.bpmn.parts import multi
from interpreter.commands import (
    CancelInstance,
    CompleteWait,
    ResolveIncident,
    ResumeInstance,
    SetVariables,
    SuspendInstance,
    TriggerEvent,
)
from interpreter.definition import dump_definition
from interpreter.workflow.connection import TemporalConnection, connect
from interpreter.workflow.payloads import data_converter
from interpreter.workflow.search_attributes import SEARCH_ATTRIBUTES
from ostinato.dev.temporal import TemporalServer
from tests.workflow.engine import Engine

HISTORIES = Path(__file__).parent / "histories"
RELEASE = "0.1"


async def _work(job: dict[str, Any]) -> dict[str, Any]:
    return {"done": job["node"]}


_failures: list[str] = []


async def _fail_once(job: dict[str, Any]) -> None:
    if not _failures:
        _failures.append(job["node"])
        raise RuntimeError("the printer is on fire")


def _everything() -> Builder:
    model = (
        bpmn("everything", name="A bit of everything")
        .start()
        .script_task("compute", "= amount * 2", attrs={"camunda:resultVariable": "double"})
        .exclusive("much")
        .when("= double > 100")
        .user_task("approve")
        .parallel("fork")
        .service_task("left", type="work")
        .parallel("join")
        .service_task("each", type="work", mi=multi(cardinality="3"))
        .subprocess("inside")
        .start("inside_start")
        .catch("pause", timer="PT0.1S")
        .service_task("print", type="print", retries=1)
        .end("inside_end")
        .up()
        .event_based("either")
        .catch("told", message="go")
        .end("by_message")
    )
    model.branch(at="fork").service_task("right", type="work").to("join")
    model.branch(at="either").catch("waited", timer="PT1H").end("by_timer")
    model.otherwise(at="much").end("little")
    model.boundary("late", on="approve", timer="PT1H").end("too_late")
    return model


async def _all_the_way(engine: Engine, instance: str) -> None:
    await engine.execute(instance, SetVariables(now=0, variables={"note": "hello"}))
    await engine.execute(instance, SuspendInstance(now=0))
    await engine.execute(instance, ResumeInstance(now=0))
    await engine.execute(instance, CompleteWait(now=0, wait=engine.wait(instance, "approve")))
    await engine.until(lambda: engine.read_model.named(instance, "IncidentRaised"))
    (incident,) = engine.read_model.named(instance, "IncidentRaised")
    await engine.execute(instance, ResolveIncident(now=0, incident=incident["key"]))
    await engine.until(lambda: any(w["node"] == "told" for w in engine.read_model.open_waits(instance).values()))
    await engine.execute(instance, TriggerEvent(now=0, wait=engine.wait(instance, "told")))
    await engine.result(instance)


async def _half_way(engine: Engine, instance: str) -> None:
    await engine.execute(instance, CompleteWait(now=0, wait=engine.wait(instance, "approve")))
    await engine.until(lambda: engine.read_model.named(instance, "IncidentRaised"))


async def _cancelled(engine: Engine, instance: str) -> None:
    await engine.execute(instance, CancelInstance(now=0, reason="enough"))
    await engine.result(instance)


def _clean(data: Any) -> Any:
    if isinstance(data, list):
        return [_clean(item) for item in data]
    if not isinstance(data, dict):
        return data
    replaced = {"identity": "recorder", "stackTrace": ""}
    if data.get("kind") == "TASK_QUEUE_KIND_STICKY":
        replaced["name"] = "recorder"
    return {key: replaced.get(key, _clean(value)) for key, value in data.items()}


async def record(directory: Path) -> None:
    """Write the histories of this release to `directory` that are not there yet."""
    with tempfile.TemporaryDirectory(prefix="ostinato-") as work:
        server = TemporalServer(Path(work) / "t", Path(work) / "t.log", search_attributes=SEARCH_ATTRIBUTES)
        server.start()
        try:
            connection = TemporalConnection(address=server.address)
            client = await connect(connection, data_converter=data_converter())
            for name, script, options in (
                ("all-the-way", _all_the_way, {"quick_flush": True}),
                ("all-the-way-by-local-activities", _all_the_way, {"quick_flush": False}),
                ("half-way", _half_way, {"quick_flush": True}),
                ("cancelled", _cancelled, {"quick_flush": True}),
                ("later-run", _half_way, {"quick_flush": True, "options": {"new_run_at_every_rest": True}}),
                ("traced-by-timers", _all_the_way, {"quick_flush": True}),
            ):
                target = directory / f"{RELEASE}-{name}.json"
                if target.exists():
                    continue
                _failures.clear()
                jobs = {"work": _work, "print": _fail_once}
                async with Engine(client, f"record-{name}", _everything().xml(), jobs=jobs, **options) as engine:
                    instance = await engine.start(variables={"amount": 60})
                    await script(engine, instance)
                    history = await engine.history(instance)
                    (definition,) = engine.definitions.values()
                    text = {"definition": dump_definition(definition), "history": _clean(json.loads(history.to_json()))}
                    target.write_text(json.dumps(text, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        finally:
            server.kill()


if __name__ == "__main__":
    HISTORIES.mkdir(exist_ok=True)
    asyncio.run(record(HISTORIES))
