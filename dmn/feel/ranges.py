"""Ranges as sequences: `1..5`, `@"2024-01-01"..@"2024-02-01"`."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from .decimals import CONTEXT, to_index
from .kinds import kind_of
from .run import Run
from .temporal import FeelDate, date_of_number
from .values import Range


def sequence(start: Any, end: Any, run: Run) -> list[Any] | None:
    """The values from start to end, up or down by one (or one day); None when they cannot be counted through."""
    if kind_of(start) is Decimal and kind_of(end) is Decimal:
        return _numbers(start, end, run)
    if kind_of(start) is FeelDate and kind_of(end) is FeelDate:
        first, last = start.number(), end.number()
        run.charge_list(abs(last - first) + 1)
        return [
            date_of_number(n) for n in range(first, last + (1 if last >= first else -1), 1 if last >= first else -1)
        ]
    return None


def _numbers(start: Decimal, end: Decimal, run: Run) -> list[Any] | None:
    first, last = to_index(start), to_index(end)
    if first is not None and last is not None:
        run.charge_list(abs(last - first) + 1)
        if last >= first:
            return [Decimal(n) for n in range(first, last + 1)]
        return [Decimal(n) for n in range(first, last - 1, -1)]
    distance = CONTEXT.subtract(end, start)
    if abs(distance) > run.limits.list_length:
        run.charge_list(run.limits.list_length + 1)
    count = abs(int(distance)) + 1
    run.charge_list(count)
    sign = 1 if end >= start else -1
    return [CONTEXT.add(start, Decimal(sign * n)) for n in range(count)]


def expand(value: Range, run: Run) -> list[Any] | None:
    """The integers or days of a closed or half-open range value; None when its ends cannot be counted through."""
    if value.operator or value.start is None or value.end is None:
        return None
    if kind_of(value.start) is Decimal:
        first, last = to_index(value.start), to_index(value.end)
        if first is None or last is None:
            return None
        first, last = first + (not value.start_included), last - (not value.end_included)
        if value.start > value.end:
            return None
        run.charge_list(max(0, last - first + 1))
        return [Decimal(n) for n in range(first, last + 1)]
    if kind_of(value.start) is FeelDate:
        first, last = value.start.number() + (not value.start_included), value.end.number() - (not value.end_included)
        if value.start.number() > value.end.number():
            return None
        run.charge_list(max(0, last - first + 1))
        return [date_of_number(n) for n in range(first, last + 1)]
    return None
