"""Every element of `docs/elements.md` on the real engine: Temporal, PostgreSQL and a worker, as in production.

Each play (`plays.py`) is performed twice: in one run, and with a new run of the workflow at every rest
(continue-as-new). What happens must be what happens on the pure core, the rows of the read model must be what the log
says, and the history must be replayable. All plays of one way are performed together, a few at a time.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from temporalio.worker import Worker

from interpreter.definition import Definition, FlowNode
from interpreter.elements import table
from interpreter.elements.loop import MultiInstance, StandardLoop
from interpreter.triggers.table import READERS
from interpreter.workflow import contract
from interpreter.workflow.connection import TemporalConnection
from ostinato.dev.temporal import TemporalServer
from store.database import Database
from tests.workflow.alive import Stage, Story, job_activities, on_core
from tests.workflow.plays import PLAYS
from worker.main import engine
from worker.settings import WorkerSettings

DOCS = Path(__file__).resolve().parents[2] / "docs" / "elements.md"
TOGETHER = 6
WAYS: Mapping[str, dict[str, Any]] = {"one run": {}, "a run for every rest": {"new_run_at_every_rest": True}}

Outcomes = dict[tuple[str, str], BaseException | None]


@pytest.fixture(scope="module")
def outcomes(
    request: pytest.FixtureRequest, temporal: TemporalServer, database_url: str
) -> Callable[[str, str], BaseException | None]:
    """What came of the plays that this session has chosen, by name and way; performed when the first is asked for."""
    chosen = [
        (str(item.callspec.params["name"]), str(item.callspec.params["way"]))
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.function is test_on_the_real_engine
    ]
    settings = WorkerSettings(
        TemporalConnection(address=temporal.address), database_url, task_queue="alive", scripts=("javascript",)
    )
    found = asyncio.run(_perform(settings, chosen))
    return lambda name, way: found[name, way]


async def _perform(settings: WorkerSettings, chosen: list[tuple[str, str]]) -> Outcomes:
    async with engine(settings) as worker, Database(settings.database_url) as database:
        jobs = Worker(worker.client, task_queue=contract.JOB_TASK_QUEUE, activities=job_activities())
        async with jobs:
            stage = Stage(worker.client, database, settings.task_queue)
            gate = asyncio.Semaphore(TOGETHER)

            async def one(name: str, way: str) -> BaseException | None:
                async with gate:
                    try:
                        await stage.perform(PLAYS[name], on_core(PLAYS[name])[0], WAYS[way])
                    except Exception as error:
                        return error
                    return None

            found = await asyncio.gather(*(one(name, way) for name, way in chosen))
            return dict(zip(chosen, found, strict=True))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("way", list(WAYS))
@pytest.mark.parametrize("name", list(PLAYS))
def test_on_the_real_engine(name: str, way: str, outcomes: Callable[[str, str], BaseException | None]) -> None:
    error = outcomes(name, way)
    if error is not None:
        raise error


@pytest.mark.parametrize("name", list(PLAYS))
def test_on_the_core(name: str) -> None:
    play = PLAYS[name]
    stories, _ = on_core(play)
    happened = {step for story in stories for step in story.steps}
    assert [node for node in play.reaches if not {("-", node), ("+", node)} & happened] == []
    assert [node for node in play.avoids if ("+", node) in happened] == []
    assert {variable: stories[0].variables.get(variable) for variable in play.gives} == play.gives


# -- no element is left out

POSITIONS = ("S", "ES", "IC", "B", "IT", "E")


def test_every_element_and_every_event_in_every_position_is_played() -> None:
    played = {cell for play in PLAYS.values() for cell in _cells(*on_core(play))}
    wanted = set(table.BEHAVIORS) | set(_positions()) | {"multi-instance", "sequential multi-instance", "standard loop"}
    assert wanted - played == set()


def _positions() -> Iterator[str]:
    """`messageEventDefinition ES I` ..., as the table of event definitions promises."""
    rows = re.findall(r"^\| `(\w+EventDefinition)` \|([^\n]*)\|$", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    assert {name for name, _ in rows} == set(READERS)
    for name, cells in rows:
        for position, cell in zip(POSITIONS, cells.split("|"), strict=False):
            for mark in cell.split():
                if mark in ("I", "N"):
                    yield f"{name} {position} {mark}"
                elif mark == "yes":
                    yield f"{name} {position}"
    for kind in ("multiple", "parallel multiple"):
        for position in ("S", "ES I", "IC", "B I"):
            yield f"{kind} {position}"
    for position in ("IT", "E"):
        yield f"multiple {position}"


def _cells(stories: list[Story], definitions: Mapping[str, Definition]) -> Iterator[str]:
    """What has been activated in the stories."""
    for story in stories:
        definition = definitions[story.process_id]
        yield "process"
        for mark, id in story.steps:
            if mark == "+":
                node = definition.nodes[id]
                yield node.kind
                yield from _loop(node)
                if node.for_compensation:  # its boundary event is only the way to it
                    yield "compensateEventDefinition B"
                position = _position(definition, node)
                for trigger in node.triggers:
                    yield f"{_TAGS[type(trigger).__name__]} {position}"
                    yield f"{_TAGS[type(trigger).__name__]} {position.split()[0]}"
                if len(node.triggers) > 1:
                    yield f"{'parallel ' if node.parallel_multiple else ''}multiple {position}"


_TAGS = {
    "MessageSpec": "messageEventDefinition",
    "TimerSpec": "timerEventDefinition",
    "SignalSpec": "signalEventDefinition",
    "ConditionSpec": "conditionalEventDefinition",
    "ErrorSpec": "errorEventDefinition",
    "EscalationSpec": "escalationEventDefinition",
    "CompensationSpec": "compensateEventDefinition",
    "LinkSpec": "linkEventDefinition",
    "TerminateSpec": "terminateEventDefinition",
    "CancelSpec": "cancelEventDefinition",
}


def _position(definition: Definition, node: FlowNode) -> str:
    match node.kind:
        case "startEvent":
            scope = definition.parent_scope(node.id)
            if scope is None or scope.kind != "eventSubProcess":
                return "S"
            return "ES I" if node.interrupting else "ES N"
        case "boundaryEvent":
            return "B I" if node.interrupting else "B N"
        case "intermediateCatchEvent":
            return "IC"
        case "intermediateThrowEvent":
            return "IT"
        case _:
            return "E"


def _loop(node: FlowNode) -> Iterator[str]:
    if isinstance(node.loop, StandardLoop):
        yield "standard loop"
    elif isinstance(node.loop, MultiInstance):
        yield "sequential multi-instance" if node.loop.sequential else "multi-instance"
