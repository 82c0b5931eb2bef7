"""Overlapping and impossible rules: found exactly where trying all values finds them."""

from __future__ import annotations

from decimal import Decimal
from itertools import combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dmn.feel import compile_unary_tests
from dmn.table.analysis import RuleAnalysis
from dmn.table.columns import constants_of
from tests.dmn.documents import decision, input_data, model, requirements, table

VALUES = [Decimal(n) / 2 for n in range(-2, 14)]
"""Every end point that the cells below can have, and a value in every gap."""

bounds = st.integers(0, 5)
tests = st.one_of(
    st.builds(lambda op, n: f"{op}{n}", st.sampled_from(["<", "<=", ">", ">=", ""]), bounds),
    st.builds(lambda o, a, b, c: f"{o}{a}..{b}{c}", st.sampled_from("[("), bounds, bounds, st.sampled_from("])")),
)
cells = st.one_of(st.just("-"), st.lists(tests, min_size=1, max_size=2).map(", ".join))


@st.composite
def grids(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    inputs = draw(st.sampled_from([["a"], ["a", "b"], ["a", "a"], ["a", "b", "a"]]))
    count = draw(st.integers(2, 5))
    return inputs, [[draw(cells) for _ in inputs] for _ in range(count)]


@given(grids())
@settings(max_examples=200, deadline=None)
def test_findings_are_those_of_trying_all_values(grid: tuple[list[str], list[list[str]]]) -> None:
    inputs, rows = grid
    compiled = [[compile_unary_tests(cell) for cell in row] for row in rows]
    columns = [[None if row[c].is_any else constants_of(row[c]) for row in compiled] for c in range(len(inputs))]
    analysis = RuleAnalysis(inputs, columns, len(rows))
    names = sorted(set(inputs))
    matches: list[set[int]] = []
    for values in product(VALUES, repeat=len(names)):
        given_values = dict(zip(names, values, strict=True))
        matches.append(
            {
                number
                for number, row in enumerate(compiled)
                if all(cell.call({"?": given_values[name]}) is True for name, cell in zip(inputs, row, strict=True))
            }
        )
    together = {pair for found in matches for pair in combinations(sorted(found), 2)}
    assert set(analysis.overlapping()) == together
    never = {number for number in range(len(rows)) if not any(number in found for found in matches)}
    assert set(analysis.never_matching()) == never


def findings(inputs: list[str], rows: list[tuple[str, ...]], policy: str = "UNIQUE") -> list[tuple[str, str | None]]:
    names = ["a", "b"]
    elements = [input_data(name) for name in names]
    compiled = model(*elements, decision("d", table(inputs, ["y"], rows, policy), requirements(inputs=names)))
    return [(finding.code, finding.element_id) for finding in compiled.diagnostics]


@pytest.mark.parametrize(
    ("rows", "policy", "found"),
    [
        ([("< 5", "1"), (">= 5", "2")], "UNIQUE", []),
        ([("<= 5", "1"), (">= 5", "2")], "UNIQUE", [("overlapping-rules", "rule2")]),
        ([("<= 5", "1"), (">= 5", "2")], "FIRST", []),
        ([("<= 5", "1"), (">= 5", "2")], "ANY", [("overlapping-rules", "rule2")]),
        ([("<= 5", "1"), (">= 5", "1.0")], "ANY", []),
        ([('"x","y"', "1"), ('"y"', "2")], "UNIQUE", [("overlapping-rules", "rule2")]),
        ([('"x"', "1"), ("5", "2"), ("true", "3")], "UNIQUE", []),
        ([("-", "1"), ("5", "2")], "UNIQUE", [("overlapping-rules", "rule2")]),
        ([("? > 1", "1"), ("5", "2")], "UNIQUE", []),
        ([("[5..3]", "1"), ("-", "2")], "UNIQUE", [("never-matches", "rule1")]),
        ([('(date("2024-02-28")..date("2024-03-01"))', "1"), ('> date("2024-02-29")', "2")], "UNIQUE", []),
        ([('(date("2024-02-28")..date("2024-02-29"))', "1")], "UNIQUE", [("never-matches", "rule1")]),
        ([('< duration("P1Y")', "1"), ('(duration("P11M")..duration("P2Y")]', "2")], "UNIQUE", []),
    ],
)
def test_findings(rows: list[tuple[str, ...]], policy: str, found: list[tuple[str, str]]) -> None:
    assert findings(["a"], rows, policy) == found


def test_inputs_that_may_depend_on_each_other_are_left_alone() -> None:
    rows = [("> 1", "-", "1"), ("> 2", "-", "2")]
    assert findings(["a", "b"], rows) == [("overlapping-rules", "rule2")]
    assert findings(["a", "b * 2"], rows) == []
