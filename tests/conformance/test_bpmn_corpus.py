"""Files that others wrote: read without loss, imported or refused at a place, false alarms counted."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from interpreter.bpmn.judges import Verdict, judge
from ostinato.commands.models import bpmn_files
from tests.suites import suite

SCORE = Path(__file__).parent / "scores" / "bpmn.json"
COLLECTIONS = [
    "miwg",
    "camunda7-models",
    "flowable-models",
    "spiff-models",
    "zeebe-models",
    "bpmnio-models",
    "other-models",
    "scenarios",
]

# Camunda's names of the models that its own engine refuses.
REFUSED_BY_CAMUNDA = re.compile(
    r"Invalid|invalid|NotAllowed|Disallowed|Fails|ThrowsError|Illegal|Missing|Malformed|NegativeTtl|ParsingErrors"
    r"|shouldNotParse|EmptyExpression|NullExpression|XxeParsing|TwoEqual|testMultipleTimerStartEvents"
    r"|testParseMultipleStartEvent|testNoneEndEvent|EventSubprocessIoSupport|testConnectedToActivity"
    r"|multipleEscalation|multipleInterruptingEscalation|ParseProcessDefinitionFSP"
)


def judged(kind: str, folder: Path) -> list[Verdict]:
    return [judge(kind, name, file.read_bytes(), "c7") for name, file in bpmn_files(folder)]


@pytest.mark.parametrize("name", COLLECTIONS)
def test_reading_and_writing_loses_nothing(name: str) -> None:
    verdicts = judged("bpmn-roundtrip", suite(name))
    assert [verdict for verdict in verdicts if not verdict.passed] == []
    assert len([verdict for verdict in verdicts if verdict.outcome == "identical"]) > 0.9 * len(verdicts)


@pytest.mark.parametrize("name", COLLECTIONS)
def test_every_file_is_imported_or_refused_at_a_place(name: str) -> None:
    verdicts = judged("bpmn-import", suite(name))
    assert [verdict for verdict in verdicts if not verdict.passed] == []
    score = json.loads(SCORE.read_text(encoding="utf-8"))["imported"]
    imported = sum(verdict.outcome == "imported" for verdict in verdicts)
    assert imported >= score[name], f"{imported} of {len(verdicts)} files of {name} are imported"


def test_camundas_models_are_refused_only_where_camunda_refuses_them() -> None:
    verdicts = judged("bpmn-import", suite("camunda7-models"))
    alarms: dict[str, list[str]] = {}
    for verdict in verdicts:
        if verdict.outcome == "refused" and not REFUSED_BY_CAMUNDA.search(Path(verdict.name).name):
            alarms.setdefault(verdict.reason, []).append(Path(verdict.name).name)
    shown = "\n".join(f"{len(names)} {reason}: {', '.join(names[:3])}" for reason, names in sorted(alarms.items()))
    print(f"false alarms by rule:\n{shown}")
    known = json.loads(SCORE.read_text(encoding="utf-8"))["falseAlarms"]
    assert {reason: len(names) for reason, names in alarms.items()} == known
