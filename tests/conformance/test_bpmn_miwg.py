"""MIWG's reference models: docs/miwg.md says what becomes of each, and this test holds it to that."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from interpreter.bpmn.deployment import Prepared, prepare
from interpreter.bpmn.document import parse_bpmn
from interpreter.bpmn.lint.graph import Graph
from interpreter.bpmn.problems import Profile, errors
from tests.suites import suite

PAGE = Path(__file__).parents[2] / "docs" / "miwg.md"


def rows() -> dict[str, list[str]]:
    found = re.findall(r"^\| ([ABC]\.\d\.\d) \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return {name: [cell.strip() for cell in rest.split("|")] for name, rest in found}


def told(prepared: Prepared) -> str:
    if prepared.is_refused:
        return "refused: " + ", ".join(f"`{rule}`" for rule in sorted({p.rule for p in errors(prepared.problems)}))
    count = len(prepared.definitions)
    return f"deploys, {count} executable" if count else "deploys, nothing to start"


def test_the_page_has_every_reference_model() -> None:
    assert set(rows()) == {file.stem for file in suite("miwg/reference").glob("*.bpmn")}


@pytest.mark.parametrize("name", rows())
def test_the_page_says_what_happens(name: str) -> None:
    data = (suite("miwg/reference") / f"{name}.bpmn").read_bytes()
    document = parse_bpmn(data)
    processes, executable, nodes, c7, spec, _made = rows()[name]
    assert int(processes) == len(document.processes())
    assert int(executable) == sum(process.boolean("isExecutable") for process in document.processes())
    assert int(nodes) == sum(1 for _ in Graph(document).nodes())
    profiles: list[tuple[Profile, str]] = [("c7", c7), ("spec", spec)]
    for profile, cell in profiles:
        assert told(prepare(data, profile=profile)) == cell, profile


def test_every_executable_model_deploys_in_one_profile_at_least() -> None:
    for name, (_processes, executable, _nodes, c7, spec, _made) in rows().items():
        if executable != "0":
            assert "executable" in c7 or "executable" in spec, name
