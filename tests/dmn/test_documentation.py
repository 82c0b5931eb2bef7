"""docs/dmn.md keeps up with the code: every code of a finding or message, every field of a profile."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from dmn import DecisionModel, Profile
from dmn.external import JAVA_METHODS

ROOT = Path(__file__).resolve().parents[2]
MANUAL = (ROOT / "docs" / "dmn.md").read_text(encoding="utf-8")
SOURCES = [path for path in sorted((ROOT / "dmn").rglob("*.py")) if "feel" not in path.relative_to(ROOT).parts]
CALL = re.compile(r"""\b(?:error|warning|warn|refuse|PolicyError|broken)\(\s*"([A-Za-z_-]+)\"""")


def codes() -> list[str]:
    found = {code for path in SOURCES for code in CALL.findall(path.read_text(encoding="utf-8"))}
    return sorted(found - {"INVALID_ARGUMENT"})


def test_the_first_example_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    code = MANUAL.partition("```python\n")[2].partition("```")[0]
    names: dict[str, object] = {}
    exec(code, names)  # noqa: S102 - the manual's own example
    model = names["model"]
    assert isinstance(model, DecisionModel)
    assert not model.diagnostics
    result = model.evaluate("Beverages", {"Season": "Winter", "Guests": 4, "With Children": True}, trace=True)
    assert result.value == ["Red wine", "Apple juice", "Water"]
    assert [record.name for record in result.trace] == ["Dish", "Beverages"]
    assert model.evaluate("Dish", {"Season": "Winter", "Guests": 4}).value == "Roastbeef"


@pytest.mark.parametrize("code", codes())
def test_every_code_is_documented(code: str) -> None:
    assert f"`{code}`" in MANUAL


@pytest.mark.parametrize("name", [field.name for field in fields(Profile) if field.name != "name"])
def test_every_difference_of_a_profile_is_documented_and_tested(name: str) -> None:
    assert f"| `{name}`" in MANUAL
    if name != "feel_dialect":
        tests = (ROOT / "tests" / "dmn" / "test_profiles.py").read_text(encoding="utf-8")
        assert f"def test_{name}(" in tests


def test_the_java_table_is_described() -> None:
    assert sorted(JAVA_METHODS) == [
        "java.lang.Boolean",
        "java.lang.Byte",
        "java.lang.Double",
        "java.lang.Float",
        "java.lang.Integer",
        "java.lang.Long",
        "java.lang.Math",
        "java.lang.Short",
        "java.lang.String",
    ]
