"""Recorded histories replay: instances that began with an earlier release go on with this one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner

from interpreter.definition import load_definition
from interpreter.workflow import runtime
from interpreter.workflow.definitions import DefinitionCache
from interpreter.workflow.payloads import data_converter
from interpreter.workflow.process import BpmnProcess
from tests.workflow.recording import HISTORIES

RECORDED = sorted(HISTORIES.glob("*.json"))


def _load(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    data = json.loads(path.read_text(encoding="utf-8"))
    cache = DefinitionCache()
    cache.put(load_definition(data["definition"]))
    runtime.install(runtime.Runtime(definitions=cache, direct_flush=_nobody_writes))
    return data["definition"], data["history"]


def _nobody_writes(batch: dict[str, Any]) -> bool:
    raise AssertionError(f"a replay must write nothing, but it wrote {batch}")


def _replayer() -> Replayer:
    return Replayer(
        workflows=[BpmnProcess], workflow_runner=UnsandboxedWorkflowRunner(), data_converter=data_converter()
    )


def test_there_are_histories() -> None:
    assert len(RECORDED) >= 5


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
async def test_recorded_history_replays(path: Path) -> None:
    definition, history = _load(path)
    assert load_definition(definition).hash == definition["hash"], "the same model has the same address for ever"
    await _replayer().replay_workflow(WorkflowHistory.from_json("recorded", json.dumps(history)))


async def test_a_changed_history_does_not_replay() -> None:
    """The test above would notice: the same history with another activity in it fails."""
    path = next(path for path in RECORDED if path.stem.endswith("-all-the-way"))
    _, history = _load(path)
    text = json.dumps(history).replace('"name": "print"', '"name": "paint"')
    assert '"paint"' in text
    with pytest.raises(Exception, match="(?i)nondeterminism"):
        await _replayer().replay_workflow(WorkflowHistory.from_json("recorded", text))
