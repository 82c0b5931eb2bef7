"""Hit policies, aggregators, default outputs and input values (DMN 1.5 clause 8.2)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.dmn.documents import decision, input_data, model, requirements, run, table, value

RULES = [("> 10", '"high"'), ("> 5", '"middle"'), ("> 0", '"low"')]
NUMBERS = [("> 10", "1"), ("> 5", "2"), ("> 0", "3")]
ORDER = ['"middle","high","low"']


@pytest.mark.parametrize(
    ("policy", "x", "expected"),
    [
        ("UNIQUE", 3, "low"),
        ("UNIQUE", 0, None),
        ("FIRST", 20, "high"),
        ("FIRST", 7, "middle"),
        ("FIRST", 0, None),
        ("PRIORITY", 20, "middle"),
        ("PRIORITY", 3, "low"),
        ("ANY", 3, "low"),
        ("RULE ORDER", 20, ["high", "middle", "low"]),
        ("OUTPUT ORDER", 20, ["middle", "high", "low"]),
        ("COLLECT", 20, ["high", "middle", "low"]),
        ("COLLECT", 0, []),
        ("RULE ORDER", 0, []),
        ("OUTPUT ORDER", 0, []),
    ],
)
def test_policy(policy: str, x: int, expected: Any) -> None:
    assert value(table(["x"], ["y"], RULES, policy, output_values=ORDER), {"x": x}) == expected


@pytest.mark.parametrize(
    ("aggregation", "x", "expected"),
    [
        ("SUM", 20, 6),
        ("MIN", 20, 1),
        ("MAX", 20, 3),
        ("COUNT", 20, 3),
        ("SUM", 0, None),
        ("MIN", 0, None),
        ("MAX", 0, None),
        ("COUNT", 0, 0),
    ],
)
def test_aggregation(aggregation: str, x: int, expected: Any) -> None:
    assert value(table(["x"], ["y"], NUMBERS, "COLLECT", aggregation), {"x": x}) == expected


@pytest.mark.parametrize(
    ("expression", "x", "code"),
    [
        (table(["x"], ["y"], RULES), 20, "HIT_POLICY"),
        (table(["x"], ["y"], RULES, "ANY"), 20, "HIT_POLICY"),
        (table(["x"], ["y"], RULES, "COLLECT", "SUM"), 20, "AGGREGATION"),
        (table(["x"], ["y"], [("-", "1"), ("-", '"a"')], "COLLECT", "MAX"), 20, "AGGREGATION"),
        (table(["x"], ["y", "z"], [("-", "1", "2"), ("-", "1", "2")], "COLLECT", "SUM"), 20, "AGGREGATION"),
        (table(["x"], ["y"], RULES, input_values=["[0..10]"]), 20, "INPUT_VALUE"),
    ],
)
def test_broken_rules_give_null_and_an_error(expression: str, x: int, code: str) -> None:
    result = run(expression, {"x": x})
    assert result.value is None
    assert [message.code for message in result.errors] == [code]


def test_any_accepts_equal_outputs() -> None:
    assert value(table(["x"], ["y"], [("> 0", "1"), ("> 5", "1.0")], "ANY"), {"x": 9}) == 1


def test_several_outputs_are_a_context() -> None:
    rules = [("> 0", "1", '"a"'), ("> 5", "2", '"b"')]
    assert value(table(["x"], ["n", "s"], rules, "FIRST"), {"x": 9}) == {"n": 1, "s": "a"}
    assert value(table(["x"], ["n", "s"], rules, "COLLECT"), {"x": 9}) == [{"n": 1, "s": "a"}, {"n": 2, "s": "b"}]
    assert value(table(["x"], ["n", "s"], rules, "COLLECT", "COUNT"), {"x": 9}) == 2


def test_priority_compares_column_by_column() -> None:
    rules = [("-", '"b"', '"x"'), ("-", '"a"', '"y"'), ("-", '"a"', '"x"')]
    expression = table(["x"], ["p", "q"], rules, "PRIORITY", output_values=['"a","b"', '"x","y"'])
    assert value(expression, {"x": 1}) == {"p": "a", "q": "x"}


@pytest.mark.parametrize("policy", ["UNIQUE", "FIRST", "ANY", "PRIORITY"])
def test_defaults_apply_when_nothing_matches(policy: str) -> None:
    expression = table(["x"], ["y"], RULES, policy, defaults=['"none"'], output_values=ORDER)
    assert value(expression, {"x": 0}) == "none"
    assert value(expression, {"x": 3}) == "low"


@pytest.mark.parametrize("aggregation", ["SUM", "COUNT"])
def test_a_default_stands_in_for_an_aggregation_too(aggregation: str) -> None:
    result = run(table(["x"], ["y"], NUMBERS, "COLLECT", aggregation, defaults=["-1"]), {"x": 0})
    assert result.value == -1
    assert result.rule_results == [{"y": -1}]


def test_a_default_of_one_output_leaves_the_others_null() -> None:
    expression = table(["x"], ["a", "b"], [("> 9", "1", "2")], defaults=["7", ""])
    assert value(expression, {"x": 0}) == {"a": 7, "b": None}


def test_input_values_do_not_refuse_null() -> None:
    result = run(table(["x"], ["y"], [("null", "1"), ("-", "2")], "FIRST", input_values=["[0..10]"]), {"x": None})
    assert result.value == 1
    assert not result.errors


def test_an_empty_output_cell_is_null() -> None:
    assert value(table(["x"], ["y", "z"], [("-", "", "2")]), {"x": 1}) == {"y": None, "z": 2}


def test_rules_see_the_input_as_question_mark_and_other_variables() -> None:
    rules = [("? > limit and ? < limit * 2", "true"), ("not(1, 2, 3)", "false")]
    expression = table(["x"], ["y"], rules, "FIRST")
    assert value(expression, {"x": 15, "limit": 10}) is True
    assert value(expression, {"x": 25, "limit": 10}) is False
    assert value(expression, {"x": 2, "limit": 10}) is None


def test_priority_falls_back_to_the_allowed_values_of_the_type() -> None:
    kind = (
        '<itemDefinition name="tRisk"><typeRef>string</typeRef><allowedValues><text>"high","low"</text></allowedValues>'
        "</itemDefinition>"
    )
    expression = table(["x"], ["y"], [("-", '"low"'), ("-", '"high"')], "PRIORITY", output_types=["tRisk"])
    compiled = model(kind, input_data("x"), decision("d", expression, requirements(inputs=["x"])))
    assert compiled.evaluate("d", {"x": 1}).value == "high"


def test_input_values_of_a_list_hold_for_its_items() -> None:
    expression = table(["x"], ["y"], [('list contains(?, "a")', "1")], input_values=['"a","b"'])
    assert value(expression, {"x": ["a", "b"]}) == 1
    assert value(expression, {"x": ["a", "z"]}) is None
