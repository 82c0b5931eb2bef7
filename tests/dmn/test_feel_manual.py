"""Every example of docs/feel.md is true, and every built-in has one."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dmn.feel import FeelSyntaxError, evaluate, feel_string
from dmn.feel.builtins import CAMUNDA_BUILTINS, STANDARD_BUILTINS

MANUAL = (Path(__file__).resolve().parents[2] / "docs" / "feel.md").read_text(encoding="utf-8")
NOW = datetime(2024, 2, 29, 12, tzinfo=UTC)
_CODE = r"(?:`` (.+?) ``|`([^`]+)`)"
EXAMPLES = re.findall(rf"^\| {_CODE} \| `([^`]+)` \|$", MANUAL, re.MULTILINE)
DIFFERENCES = re.findall(rf"^\| [^|]*\| {_CODE} \| (syntax error|`[^`]+`) \| `([^`]+)` \|$", MANUAL, re.MULTILINE)


def printed(text: str, dialect: str = "spec") -> str:
    try:
        return str(feel_string([evaluate(text.replace("\\|", "|"), dialect=dialect, now=NOW).value]))
    except FeelSyntaxError:
        return "syntax error"


@pytest.mark.parametrize(("text", "result"), [(a or b, result) for a, b, result in EXAMPLES])
def test_example(text: str, result: str) -> None:
    assert printed(text) == printed(result)


@pytest.mark.parametrize(("text", "standard", "camunda"), [(a or b, s, c) for a, b, s, c in DIFFERENCES])
def test_difference(text: str, standard: str, camunda: str) -> None:
    assert printed(text) == (standard if standard == "syntax error" else printed(standard.strip("`")))
    assert printed(text, "camunda") == printed(camunda)


@pytest.mark.parametrize("name", STANDARD_BUILTINS)
def test_every_standard_built_in_has_an_example(name: str) -> None:
    assert any((a or b).startswith(name + "(") or f"({name}(" in (a or b) for a, b, _ in EXAMPLES), name


@pytest.mark.parametrize("name", CAMUNDA_BUILTINS)
def test_every_built_in_of_camunda_has_an_example(name: str) -> None:
    assert any((a or b).startswith(name + "(") for a, b, *_ in DIFFERENCES), name
