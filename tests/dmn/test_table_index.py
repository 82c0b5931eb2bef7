"""The table index gives exactly what trying every rule gives, and makes large tables cheap."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dmn.table import compiled as compiled_table
from dmn.table.index import OPEN, ColumnIndex, Interval
from tests.dmn.documents import NOW, decision, input_data, model, requirements, table

D = Decimal
numbers = st.integers(-3, 6).map(str)
texts = st.sampled_from(['"a"', '"b"', '"c d"', '""'])
dates = st.sampled_from(['date("2024-02-29")', 'date("2023-01-01")', '@"2025-12-31"'])
months = st.sampled_from(['duration("P1Y")', 'duration("P14M")', 'duration("P3M")'])
days = st.sampled_from(['duration("P1D")', 'duration("PT36H")', 'duration("PT0S")'])


def ordered(literals: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operators = st.builds(lambda op, v: op + v, st.sampled_from(["<", "<=", ">", ">=", ""]), literals)
    intervals = st.builds(
        lambda left, low, high, right: f"{left}{low}..{high}{right}",
        st.sampled_from(["[", "(", "]"]),
        literals,
        literals,
        st.sampled_from(["]", ")", "["]),
    )
    single = st.one_of(operators, intervals)
    return st.one_of(st.just("-"), single, st.lists(single, min_size=1, max_size=3).map(", ".join))


cells = st.one_of(
    ordered(numbers),
    ordered(texts),
    ordered(dates),
    ordered(months),
    ordered(days),
    st.sampled_from(
        ["true", "false", "null", "not(1)", 'not("a", "b")', "? = 2", "? > other", "other", "[1,2,3]", "-"]
    ),
)
inputs = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-4, 7),
    st.decimals(-4, 7, places=1),
    st.sampled_from(["a", "b", "c d", "", "z"]),
    st.sampled_from([NOW.date(), NOW]),
    st.lists(st.integers(0, 3), max_size=2),
)
columns = st.sampled_from([ordered(numbers), ordered(texts), ordered(dates), ordered(months), ordered(days), cells])


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[list[str]], str]:
    kinds = draw(st.lists(columns, min_size=1, max_size=3))
    count = draw(st.integers(4, 12))
    rows = [[draw(kind) for kind in kinds] + [str(number)] for number in range(count)]
    return rows, draw(st.sampled_from(["UNIQUE", "FIRST", "COLLECT", "RULE ORDER", "ANY"]))


@given(tables(), st.data())
@settings(max_examples=200, deadline=None)
def test_index_and_scan_agree(drawn: tuple[list[list[str]], str], data: st.DataObject) -> None:
    rows, policy = drawn
    names = [f"c{number}" for number in range(len(rows[0]) - 1)]
    elements = [input_data(name) for name in [*names, "other"]]
    elements.append(decision("d", table(names, ["y"], rows, policy), requirements(inputs=[*names, "other"])))
    indexed = model(*elements)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled_table, "MINIMUM_INDEXED_RULES", 10**9)
        scanned = model(*elements)
    for _ in range(5):
        context = {name: data.draw(inputs) for name in names} | {"other": 2}
        by_index, by_scan = indexed.evaluate("d", context, now=NOW), scanned.evaluate("d", context, now=NOW)
        assert by_index.value == by_scan.value
        assert by_index.rule_results == by_scan.rule_results
        assert [error.code for error in by_index.errors] == [error.code for error in by_scan.errors]


def number(low: Any, low_included: bool, high: Any, high_included: bool) -> Interval:
    return Interval("number", low, low_included, high, high_included)


@pytest.mark.parametrize(
    ("value", "rules"),
    [
        (D(0), {3}),
        (D(1), {0, 3}),
        (D("1.5"), {0, 1, 3}),
        (D(2), {0, 1, 2, 3}),
        (D(3), {1, 3}),
        (D(4), {1, 3, 4}),
    ],
)
def test_intervals(value: Decimal, rules: set[int]) -> None:
    index = ColumnIndex(
        [
            (number(D(1), True, D(3), False),),
            (number(D(1), False, None, False),),
            (("number", D(2)),),
            None,
            (number(D(4), True, D(4), True), number(D(9), True, D(8), True)),
        ]
    )
    assert set(bits(index.find(value))) == rules


def test_overlapping_intervals_of_one_rule_do_not_cancel() -> None:
    cell = (number(D(1), True, D(5), True), number(D(3), True, D(8), True), number(D(5), True, D(6), True))
    index = ColumnIndex([cell, None])
    assert [index.find(D(value)) for value in (0, 1, 4, 5, 7, 8, 9)] == [2, 3, 3, 3, 3, 3, 2]


def bits(found: int) -> list[int]:
    return [rule for rule in range(found.bit_length()) if found >> rule & 1]


def test_a_value_is_looked_up_among_its_own_kind() -> None:
    index = ColumnIndex([(("number", D(1)),), (("string", "1"),), (("null", None),), OPEN, None])
    assert bits(index.find(D(1))) == [0, 3, 4]
    assert bits(index.find("1")) == [1, 3, 4]
    assert bits(index.find(None)) == [2, 3, 4]
    assert bits(index.find([D(1)])) == [3, 4]
    assert bits(index.open_rules) == [3]
    assert not ColumnIndex([OPEN, OPEN]).is_useful


def test_dates_made_from_texts_are_constants_unless_the_name_is_taken() -> None:
    rows = [[f'< date("2024-0{n}-01")', f'duration("P{n}D")', str(n)] for n in range(1, 6)]
    context = {"a": NOW.date(), "b": "x"}

    def indexed(*names: str) -> list[int]:
        inner = model(
            *(input_data(name) for name in names),
            decision("d", table(list(names[:2]), ["y"], rows, "COLLECT"), requirements(inputs=names)),
        )
        compiled = inner.decisions["d"].table
        assert compiled is not None
        assert inner.evaluate("d", context).value == []
        return [column.narrow("no date", 31)[0] for column in compiled.inputs]

    assert indexed("a", "b") == [0, 0]
    assert indexed("a", "b", "date") == [31, 0]


def test_true_is_not_one() -> None:
    index = ColumnIndex([(("boolean", True),), (("number", D(1)),)])
    assert bits(index.find(D(1))) == [1]
    assert bits(index.find(True)) == [0]


def test_constant_cells_are_looked_up_never_tried() -> None:
    def rows(count: int) -> list[list[str]]:
        return [[f'"s{n % 10}"', f"[{n * 10}..{n * 10 + 10})", str(n)] for n in range(count)]

    for count in (10, 1000):
        names = ["s", "n"]
        elements = [input_data(name) for name in names]
        compiled = model(*elements, decision("d", table(names, ["y"], rows(count)), requirements(inputs=names)))
        inner = compiled.decisions["d"].table
        assert inner is not None
        for column in inner.inputs:
            column.tests[:] = [pytest.fail] * count  # none of the cells may be tried
        for number in range(count):
            result = compiled.evaluate("d", {"s": f"s{number % 10}", "n": number * 10 + 5})
            assert result.value == number


def test_the_index_of_a_table_has_a_size_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [[f"[{n}..{n + 1})", f"> {n}", str(n)] for n in range(20)]
    elements = [input_data("a"), input_data("b")]
    elements.append(decision("d", table(["a", "b"], ["y"], rows, "FIRST"), requirements(inputs=["a", "b"])))
    monkeypatch.setattr(compiled_table, "MAX_INTERVAL_BITS", 20 * 43)
    compiled = model(*elements)
    inner = compiled.decisions["d"].table
    assert inner is not None
    assert [column.index_bits > 0 for column in inner.inputs] == [True, False]
    assert compiled.evaluate("d", {"a": 5, "b": 6}).value == 5
    assert compiled.evaluate("d", {"a": 5, "b": 5}).value is None
