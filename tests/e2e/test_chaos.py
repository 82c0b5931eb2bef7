"""A short chaos, as `make chaos` plays it for longer: every element under every kind of fault, and books that agree."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest

from interpreter.bpmn.compile import compile_all
from interpreter.bpmn.document import parse_bpmn
from interpreter.definition import Definition
from tests.e2e.chaos import scenes
from tests.e2e.chaos.play import Result, play
from tests.e2e.chaos.scenes_begun import timed
from tests.e2e.chaos.storm import KINDS
from tests.workflow.cells import cells_of, promised

pytestmark = pytest.mark.e2e


def _definitions() -> list[Definition]:
    files = [content for name, content in scenes.resources().items() if name.endswith(".bpmn")]
    models = [*files, timed(1).xml()]
    return [definition for content in models for definition in compile_all(parse_bpmn(content), "c7")]


def test_the_scenes_have_every_element_every_event_in_every_position_and_every_loop() -> None:
    definitions = _definitions()
    nodes = [(definition, node) for definition in definitions for node in definition.nodes.values()]
    assert promised() - {cell for definition, node in nodes for cell in cells_of(definition, node)} == set()
    begun = {definition.nodes[event.node].kind for definition in definitions for event in definition.start_events()}
    assert begun >= {"startEvent", "receiveTask"}
    assert {"eventBasedGateway"} <= {node.kind for _, node in nodes if not node.incoming}


async def _play(seed: int, seconds: float) -> Result:
    directory = Path(tempfile.mkdtemp(prefix="ostinato-chaos-"))
    result = await play(directory, seed, seconds, at_once=16, tell=print)
    if result.is_clean:  # else the logs are worth reading
        shutil.rmtree(directory, ignore_errors=True)
    return result


@pytest.mark.timeout(400)
async def test_a_short_storm() -> None:
    result = await _play(seed=211, seconds=25)
    assert result.report.flaws == []
    assert result.books.strange == []
    assert result.unfinished is None
    assert result.books.faults.total() >= 2
    assert result.report.counts["outcomes"] >= 20


@pytest.mark.slow
@pytest.mark.timeout(1800)
async def test_every_kind_of_fault() -> None:
    result = await _play(seed=5, seconds=240)
    assert result.report.flaws == []
    assert result.books.strange == []
    assert result.unfinished is None
    assert set(result.books.faults) == set(KINDS)
