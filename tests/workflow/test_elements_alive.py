"""Every element of `docs/elements.md` on the real engine: Temporal, PostgreSQL and a worker, as in production.

Each play (`plays.py`) is performed twice: in one run, and with a new run of the workflow at every rest
(continue-as-new). What happens must be what happens on the pure core, the rows of the read model must be what the log
says, and the history must be replayable. All plays of one way are performed together, a few at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from temporalio.worker import Worker

from interpreter.definition import Definition
from interpreter.workflow import contract
from interpreter.workflow.connection import TemporalConnection
from ostinato.dev.temporal import TemporalServer
from store.database import Database
from tests.workflow.alive import Stage, Story, job_activities, on_core
from tests.workflow.cells import cells_of, promised
from tests.workflow.plays import PLAYS
from worker.main import engine
from worker.settings import WorkerSettings

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


def test_every_element_and_every_event_in_every_position_is_played() -> None:
    played = {cell for play in PLAYS.values() for cell in _cells(*on_core(play))}
    assert promised() - played == set()


def _cells(stories: list[Story], definitions: Mapping[str, Definition]) -> Iterator[str]:
    """What has been activated in the stories."""
    for story in stories:
        definition = definitions[story.process_id]
        yield "process"
        for mark, id in story.steps:
            if mark == "+":
                yield from cells_of(definition, definition.nodes[id])
