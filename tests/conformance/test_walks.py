"""Every model of the peers that can be executed compiles, and a random legal walk through it ends or waits
explainably."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from interpreter import lifecycle
from interpreter.bpmn.document import BpmnParseError, parse_bpmn
from interpreter.elements.reading import CompileError
from ostinato.conformance.walks import walk_document
from tests.suites import suite

SCORE = Path(__file__).parent / "scores" / "walks.json"
FOLDERS = (
    "camunda7-models",
    "flowable-models",
    "spiff-models",
    "zeebe-models",
    "bpmnio-models",
    "other-models",
    "miwg",
)


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.timeout(300)
def test_models_run(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "SAME_FLOW_LIMIT", 200)
    found: Counter[str] = Counter()
    refused: list[str] = []
    root = suite(folder)
    for path in sorted(p for p in root.rglob("*") if p.name.endswith((".bpmn", ".bpmn20.xml", ".bpmn2"))):
        try:
            document = parse_bpmn(path.read_bytes(), name=path.name)
        except BpmnParseError:
            found["unreadable"] += 1
            continue
        try:
            walks = walk_document(document, seed=len(path.name))
        except CompileError as refusal:
            refused.append(f"{path.name}: {refusal}")
            found["refused"] += 1
            continue
        for walk in walks:
            assert walk.end != "stuck", f"{path}: {walk}"
            assert walk.end == "ended" or walk.reasons, f"{path}: {walk}"
            found[walk.end] += 1
    score = json.loads(SCORE.read_text(encoding="utf-8"))[folder]
    assert found["refused"] <= score["refused"], refused
    assert found["ended"] >= score["ended"], found
