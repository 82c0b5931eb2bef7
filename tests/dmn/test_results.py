"""Camunda's four result mappings, and the results of tables in that shape."""

from __future__ import annotations

from typing import Any

import pytest

from dmn.results import DecisionResultError, map_result
from tests.dmn.documents import literal, run, table


@pytest.mark.parametrize(
    ("mapping", "results", "expected"),
    [
        ("singleEntry", [], None),
        ("singleEntry", [{}], None),
        ("singleEntry", [{"a": 1}], 1),
        ("singleResult", [], None),
        ("singleResult", [{"a": 1, "b": 2}], {"a": 1, "b": 2}),
        ("collectEntries", [], []),
        ("collectEntries", [{"a": 1}, {"a": 2}], [1, 2]),
        ("collectEntries", [{"a": 1}, {}], [1]),
        ("resultList", [], []),
        ("resultList", [{"a": 1}, {"a": 2, "b": 3}], [{"a": 1}, {"a": 2, "b": 3}]),
    ],
)
def test_mapping(mapping: str, results: list[dict[str, Any]], expected: Any) -> None:
    assert map_result(mapping, results) == expected


@pytest.mark.parametrize(
    ("mapping", "results"),
    [
        ("singleEntry", [{"a": 1}, {"a": 2}]),
        ("singleEntry", [{"a": 1, "b": 2}]),
        ("singleResult", [{"a": 1}, {"a": 2}]),
        ("collectEntries", [{"a": 1}, {"b": 2}]),
        ("other", []),
    ],
)
def test_a_result_of_the_wrong_shape_is_refused(mapping: str, results: list[dict[str, Any]]) -> None:
    with pytest.raises(DecisionResultError, match="Expected"):
        map_result(mapping, results)


def test_rule_results_of_tables() -> None:
    rules = [("> 0", "1", '"a"'), ("> 5", "2", '"b"')]
    both = run(table(["x"], ["n", "s"], rules, "COLLECT"), {"x": 9})
    assert both.rule_results == [{"n": 1, "s": "a"}, {"n": 2, "s": "b"}]
    assert run(table(["x"], ["n", "s"], rules, "UNIQUE"), {"x": 0}).rule_results == []
    total = run(table(["x"], ["n"], [("> 0", "1"), ("> 5", "2")], "COLLECT", "SUM"), {"x": 9})
    assert total.rule_results == [{"n": 3}]


def test_rule_results_of_other_expressions_are_the_variable() -> None:
    assert run(literal("1 + 1")).rule_results == [{"d": 2}]
