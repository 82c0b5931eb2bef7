"""A short chaos, as `make chaos` plays it for longer: every element under every kind of fault, and books that agree."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest

from interpreter.bpmn.compile import compile_all
from interpreter.bpmn.document import parse_bpmn
from interpreter.definition import Definition
from interpreter.elements.table import BEHAVIORS
from interpreter.triggers.table import TRIGGERS
from tests.e2e.chaos import scenes
from tests.e2e.chaos.play import Result, play
from tests.e2e.chaos.storm import KINDS

pytestmark = pytest.mark.e2e


def _definitions() -> list[Definition]:
    files = [content for name, content in scenes.resources().items() if name.endswith(".bpmn")]
    return [definition for content in files for definition in compile_all(parse_bpmn(content), "c7")]


def test_the_scenes_have_every_kind_of_element_and_event() -> None:
    nodes = [node for definition in _definitions() for node in definition.nodes.values()]
    assert {node.kind for node in nodes} == set(BEHAVIORS)
    assert {type(trigger) for node in nodes for trigger in node.triggers} == set(TRIGGERS)


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
