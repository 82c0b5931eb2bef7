"""Every DMN file of the peers' test suites is read and compiled, or refused with a finding that says what and where."""

from __future__ import annotations

from pathlib import Path

import pytest

from dmn import DmnError, compile_dmn, parse_dmn
from tests.suites import SUITES, suite

FOLDERS = ("camunda7-models", "flowable-models", "spiff-models", "zeebe-models", "bpmnio-models", "other-models")

# Files that are no well-formed XML, by name: nothing but a refusal is right.
BROKEN = {
    "wrong_simple_1.dmn",
    "chapter11multiDiagram_invalid.dmn",
    "dmn13_chapter11multiDiagram_invalid.dmn",
    "collectionsRegression_invalid.dmn",
}


def profile_of(path: Path) -> str:
    relative = path.relative_to(SUITES).parts[0]
    return {"camunda7-models": "camunda7", "zeebe-models": "camunda8"}.get(relative, "camunda7")


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_file_imports_or_is_refused_with_a_located_message(folder: str) -> None:
    files = sorted(suite(folder).rglob("*.dmn"))
    assert files or folder not in ("camunda7-models", "flowable-models")
    refused: dict[str, DmnError] = {}
    for path in files:
        name = path.relative_to(SUITES).as_posix()
        try:
            model = compile_dmn(parse_dmn(path.read_bytes()), profile=profile_of(path))
        except DmnError as error:
            refused[name] = error
            continue
        assert path.name not in BROKEN, name
        for finding in model.diagnostics:
            assert finding.message.startswith("Expected") or " in '" in finding.message, f"{name}: {finding}"
            assert finding.line or finding.element_id, f"{name}: {finding}"
    for name, error in refused.items():
        assert name.rpartition("/")[2] in BROKEN or folder == "bpmnio-models", f"{name} is refused: {error}"
        assert error.diagnostics, name
        assert all(finding.message.startswith("Expected") and finding.line for finding in error.diagnostics), name
