"""Camunda 7 decisions whose inputs, cells and outputs are JUEL."""

from __future__ import annotations

from typing import Any

import pytest

from dmn import DmnCompileError, compile_dmn, parse_dmn, to_json
from interpreter.juel.decisions import compile_decision_text
from tests.dmn.documents import decision, document, literal, table


def decide(expression: str, context: dict[str, Any]) -> Any:
    source = parse_dmn(document(decision("d", expression)))
    model = compile_dmn(source, profile="camunda7", languages={"juel": compile_decision_text}, strict=True)
    result = model.evaluate("d", context)
    return to_json(result.value), [message.code for message in result.errors]


@pytest.mark.parametrize(
    ("text", "context", "expected"),
    [
        ("${a + 1}", {"a": 2}, 3),
        ("a + 1", {"a": 2}, 3),
        ("#{a.b}", {"a": {"b": [1, 2]}}, [1, 2]),
        ("${a[0]}", {"a": [7]}, 7),
        ('${a == "x"}', {"a": "x"}, True),
        ("hello ${a}", {"a": "x"}, "hello x"),
    ],
)
def test_literals(text: str, context: dict[str, Any], expected: Any) -> None:
    assert decide(literal(text, language="juel"), context) == (expected, [])


def test_cells_see_the_input() -> None:
    expression = table(["x"], ["y"], [("${cellInput > limit}", '"big"'), ("-", '"small"')], "FIRST")
    assert decide(expression, {"x": 5, "limit": 3}) == ("big", [])
    assert decide(expression, {"x": 2, "limit": 3}) == ("small", [])


def test_what_juel_refuses() -> None:
    assert decide(literal("${nobody}", language="juel"), {}) == (None, ["EXPRESSION"])
    with pytest.raises(DmnCompileError, match="foreign-syntax"):
        decide(literal("${1 +}", language="juel"), {})
