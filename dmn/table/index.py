"""Finding the matching rules of a decision table without trying each rule.

Sets of rules are integers used as bit sets: bit n = rule n. Every column whose cell is made of constants is answered by
look-up: equality by a hash table, comparisons and intervals by a sorted list of end points, where each end point and
each gap between two end points knows its rules. The rules that match are the intersection over the columns; cells
that are not constant stay open and are tried afterwards, but only for the rules that are left.

The constants of a column may be of several kinds (numbers, strings, dates ...); a value is looked up among those of its
own kind only, because a test of another kind is never true. tests/dmn/test_table_index.py holds the index and the
trial of every rule against each other.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from dmn.feel import DaysTimeDuration, FeelDate, YearsMonthsDuration

MAX_INTERVAL_BITS = 256 * 1024 * 1024
"""Bits that the interval lists of one table may take (32 MiB); a column that would go beyond it is not indexed."""

Key = tuple[str, Any]


@dataclass(frozen=True, slots=True)
class Interval:
    """A constant interval of one kind. A bound of None is open to that side."""

    kind: str
    low: Any
    low_included: bool
    high: Any
    high_included: bool


Constant = Key | Interval


def key_of(value: Any) -> Key | None:
    """Kind and orderable, hashable form of a value; None for values that an index cannot answer for."""
    kind = _KINDS.get(value.__class__)
    return None if kind is None else (kind[0], kind[1](value))


def _same(value: Any) -> Any:
    return value


def _of_date(value: Any) -> Any:
    return (value.year, value.month, value.day)


def _of_months(value: Any) -> Any:
    return value.months


def _of_nanos(value: Any) -> Any:
    return value.nanos


_KINDS: dict[type, tuple[str, Callable[[Any], Any]]] = {
    Decimal: ("number", _same),
    str: ("string", _same),
    bool: ("boolean", _same),
    type(None): ("null", _same),
    FeelDate: ("date", _of_date),
    YearsMonthsDuration: ("months", _of_months),
    DaysTimeDuration: ("nanos", _of_nanos),
}


class ColumnIndex:
    """Answers one column. `cells[n]` is None for any value (`-`), OPEN for a cell that must be tried, or constants."""

    __slots__ = ("_always", "_kinds", "bits", "is_useful", "open_rules")

    def __init__(self, cells: Sequence[tuple[Constant, ...] | Open | None], budget: int = MAX_INTERVAL_BITS) -> None:
        self._always = 0
        self.open_rules = 0
        equal: dict[str, dict[Any, int]] = {}
        intervals: dict[str, list[tuple[Interval, int]]] = {}
        for rule, cell in enumerate(cells):
            bit = 1 << rule
            if cell is None:
                self._always |= bit
            elif isinstance(cell, Open):
                self._always |= bit
                self.open_rules |= bit
            else:
                for constant in cell:
                    if isinstance(constant, Interval):
                        intervals.setdefault(constant.kind, []).append((constant, bit))
                    else:
                        kind, value = constant
                        found = equal.setdefault(kind, {})
                        found[value] = found.get(value, 0) | bit
        self._kinds: dict[type, tuple[Callable[[Any], Any] | None, dict[Any, int], IntervalIndex | None]] = {}
        self.is_useful = self.open_rules != (1 << len(cells)) - 1
        self.bits = sum(interval_bits(len(cells), found) for found in intervals.values())
        if self.bits > budget:
            self.is_useful = False
            return
        for cls, (kind, form) in _KINDS.items():
            if kind in equal or kind in intervals:
                self._kinds[cls] = (
                    None if form is _same else form,
                    equal.get(kind, {}),
                    IntervalIndex(intervals[kind]) if kind in intervals else None,
                )

    def find(self, value: Any) -> int:
        """The rules whose cell holds for the value, or must be tried (`open_rules`), as bits."""
        known = self._kinds.get(value.__class__)
        if known is None:
            return self._always
        form, equal, intervals = known
        key = value if form is None else form(value)
        found = self._always | equal.get(key, 0)
        return found if intervals is None else found | intervals.find(key)


class Open:
    """Marks a cell that is not made of constants."""

    __slots__ = ()


OPEN = Open()


class IntervalIndex:
    """Rules by position among the sorted end points.

    Slot 0 is the gap before the first point, slot 2i+1 the point i, slot 2i+2 the gap after it.
    """

    __slots__ = ("_points", "_slots")

    def __init__(self, intervals: Sequence[tuple[Interval, int]]) -> None:
        self._points: list[Any] = sorted(_end_points(intervals))
        positions = {point: index for index, point in enumerate(self._points)}
        last = 2 * len(self._points)
        spans: dict[int, list[tuple[int, int]]] = {}
        for interval, bit in intervals:
            first, final = 0, last
            if interval.low is not None:
                first = 2 * positions[interval.low] + (1 if interval.low_included else 2)
            if interval.high is not None:
                final = 2 * positions[interval.high] + (1 if interval.high_included else 0)
            if first <= final:
                spans.setdefault(bit, []).append((first, final))
        # A rule's bit is toggled where one of its (merged, so never overlapping) spans begins and ends.
        toggles = [0] * (last + 2)
        for bit, rule_spans in spans.items():
            for first, final in _merged(rule_spans):
                toggles[first] ^= bit
                toggles[final + 1] ^= bit
        self._slots: list[int] = []
        current = 0
        for toggle in toggles[:-1]:
            current ^= toggle
            self._slots.append(current)

    def find(self, value: Any) -> int:
        points = self._points
        position = bisect_left(points, value)
        if position < len(points) and points[position] == value:
            return self._slots[2 * position + 1]
        return self._slots[2 * position]


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for first, final in sorted(spans):
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(final, merged[-1][1]))
        else:
            merged.append((first, final))
    return merged


def _end_points(intervals: Sequence[tuple[Interval, int]]) -> set[Any]:
    return {bound for interval, _ in intervals for bound in (interval.low, interval.high) if bound is not None}


def interval_bits(rules: int, intervals: Sequence[tuple[Interval, int]]) -> int:
    """Bits that an `IntervalIndex` of these intervals over so many rules takes at most."""
    return rules * (2 * len(_end_points(intervals)) + 1)
