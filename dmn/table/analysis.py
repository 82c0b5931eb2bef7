"""What is wrong with a table's rules as a whole: rules that overlap where only one may match, rules that never match.

A finding is never a guess. Only cells made of constants are looked at, and only tables whose inputs are plain names or
paths: different names have independent values. Columns with the same input are one column here, whose cell holds where
all of them hold. Between two end points there is always another value, except for dates and whole months.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from dmn.feel.temporal import civil, day_number
from dmn.table.index import Constant, Interval, Open

MAX_RULES = 1000
"""Larger tables are not analysed: the work grows with the square of the number of rules."""

Cell = tuple[Constant, ...] | Open | None
Span = tuple[Interval, ...]
_PATH = re.compile(r"[^\W\d][\w ]*(\.[^\W\d][\w ]*)*")


class RuleAnalysis:
    """Finds overlaps of the rules of one table. `expressions` are the inputs' texts, `columns` their cells by rule."""

    def __init__(self, expressions: Sequence[str], columns: Sequence[Sequence[Cell]], rules: int) -> None:
        self._rules = rules
        self._columns: list[_Column] = []
        self.is_possible = 0 < rules <= MAX_RULES and all(_PATH.fullmatch(text.strip()) for text in expressions)
        if not self.is_possible:
            return
        merged: dict[str, list[Sequence[Cell]]] = {}
        for text, cells in zip(expressions, columns, strict=True):
            merged.setdefault(" ".join(text.split()), []).append(cells)
        for group in merged.values():
            self._columns.append(_Column([_conjunction([cells[rule] for cells in group]) for rule in range(rules)]))

    def never_matching(self) -> Iterator[int]:
        """Rules (from 0) with a cell, or cells of one input, that no value satisfies."""
        for rule in range(self._rules if self.is_possible else 0):
            if any(column.is_empty(rule) for column in self._columns):
                yield rule

    def overlapping(self) -> Iterator[tuple[int, int]]:
        """Pairs of rules (from 0) that certainly match together for some input, in order."""
        everything = (1 << self._rules) - 1 if self.is_possible else 0
        for rule in range(self._rules if self.is_possible else 0):
            candidates = everything >> (rule + 1) << (rule + 1)  # every pair once
            for column in self._columns:
                candidates &= column.overlapping(rule)
            while candidates:
                lowest = candidates & -candidates
                candidates ^= lowest
                yield rule, lowest.bit_length() - 1


def _conjunction(cells: Sequence[Cell]) -> Span | Open | None:
    """What all cells of one input together accept; None for everything."""
    accepted: Span | None = None
    for cell in cells:
        if isinstance(cell, Open):
            return cell
        if cell is None:
            continue
        spans = tuple(interval for constant in cell if not _is_void(interval := _closed(constant)))
        accepted = spans if accepted is None else tuple(_meets(accepted, spans))
    return accepted


def _meets(first: Span, second: Span) -> Iterator[Interval]:
    for a in first:
        for b in second:
            if a.kind == b.kind:
                met = _closed(_meet(a, b))
                if not _is_void(met):
                    yield met


def _meet(a: Interval, b: Interval) -> Interval:
    low, low_included = a.low, a.low_included
    if b.low is not None and (low is None or b.low > low or (b.low == low and not b.low_included)):
        low, low_included = b.low, b.low_included
    high, high_included = a.high, a.high_included
    if b.high is not None and (high is None or b.high < high or (b.high == high and not b.high_included)):
        high, high_included = b.high, b.high_included
    return Interval(a.kind, low, low_included, high, high_included)


def _is_void(interval: Interval) -> bool:
    if interval.low is None or interval.high is None:
        return False
    if interval.low == interval.high:
        return not (interval.low_included and interval.high_included)
    return bool(interval.low > interval.high)


def _closed(constant: Constant) -> Interval:
    """The constant as an interval; open ends of dates and months are moved to the next value inside."""
    if not isinstance(constant, Interval):
        kind, value = constant
        point: Any = 0 if kind == "null" else value
        return Interval(kind, point, True, point, True)
    if constant.kind not in ("date", "months"):
        return constant
    low, high = constant.low, constant.high
    if low is not None and not constant.low_included:
        low = _moved(constant.kind, low, 1)
    if high is not None and not constant.high_included:
        high = _moved(constant.kind, high, -1)
    return Interval(constant.kind, low, True, high, True)


def _moved(kind: str, value: Any, step: int) -> Any:
    return civil(day_number(*value) + step) if kind == "date" else value + step


class _Column:
    """One input: for each rule, the rules whose cells accept a value that its own cell accepts too, as bits."""

    def __init__(self, cells: Sequence[Span | Open | None]) -> None:
        self._cells = cells
        self._any = 0
        self._certain = 0
        kinds: dict[str, list[tuple[int, Interval]]] = {}
        for rule, cell in enumerate(cells):
            if cell is None:
                self._any |= 1 << rule
            elif not isinstance(cell, Open):
                self._certain |= bool(cell) << rule
                for interval in cell:
                    kinds.setdefault(interval.kind, []).append((rule, interval))
        self._certain |= self._any
        self._spans: dict[int, list[tuple[str, int, int]]] = {}
        self._slots = {kind: self._slotted(kind, found) for kind, found in kinds.items()}

    def _slotted(self, kind: str, found: list[tuple[int, Interval]]) -> list[int]:
        """The rules by end point and gap (as in the table's index); notes each rule's spans on the way."""
        points = sorted({bound for _, item in found for bound in (item.low, item.high) if bound is not None})
        positions = {point: index for index, point in enumerate(points)}
        slots = [0] * (2 * len(points) + 1)
        for rule, item in found:
            first = 0 if item.low is None else 2 * positions[item.low] + (1 if item.low_included else 2)
            final = len(slots) - 1
            if item.high is not None:
                final = 2 * positions[item.high] + (1 if item.high_included else 0)
            self._spans.setdefault(rule, []).append((kind, first, final))
            for slot in range(first, final + 1):
                slots[slot] |= 1 << rule
        return slots

    def is_empty(self, rule: int) -> bool:
        return self._cells[rule] == ()

    def overlapping(self, rule: int) -> int:
        if self._cells[rule] is None:
            return self._certain
        found = 0
        for kind, first, final in self._spans.get(rule, []):
            for bits in self._slots[kind][first : final + 1]:
                found |= bits
        return found | self._any if rule in self._spans else 0
