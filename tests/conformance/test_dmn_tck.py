"""The DMN TCK as far as it is shared: the committed score may only rise."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from dmn.tck import judge_folder
from ostinato.commands.decisions import tck_folders
from tests.suites import suite

SCORE = Path(__file__).parent / "scores" / "dmn-tck.json"
NOW = datetime(2024, 2, 29, 12, 30, tzinfo=UTC)


def test_the_score_does_not_fall() -> None:
    folders = [judge_folder(name, files, NOW) for name, files in tck_folders(suite("dmn-tck"))]
    cases = [case for folder in folders for case in folder.cases]
    failed = [case.key for case in cases if not case.passed]
    score = json.loads(SCORE.read_text(encoding="utf-8"))
    unexpected = sorted(set(failed) - set(score["failing"]))
    assert not unexpected, f"{len(unexpected)} cases that passed before fail: {unexpected[:20]}"
    assert len(cases) - len(failed) >= score["passed"]
    assert len(cases) == score["cases"]
