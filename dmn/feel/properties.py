"""`value.property` for values that are no context (DMN 1.5, table 65)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .decimals import number_of
from .temporal import NANOS, DaysTimeDuration, FeelDate, FeelDateTime, FeelTime, YearsMonthsDuration
from .values import Range


def _part(size: int, modulus: int) -> Callable[[Any], Any]:
    return lambda value: number_of(value.nanos // size % modulus)


def _duration_part(size: int, modulus: int) -> Callable[[Any], Any]:
    def part(value: DaysTimeDuration) -> Any:
        amount = abs(value.nanos) // size
        amount = amount % modulus if modulus else amount
        return number_of(-amount if value.nanos < 0 else amount)

    return part


def _time_offset(value: FeelTime | FeelDateTime) -> Any:
    offset = value.offset()
    return None if offset is None else DaysTimeDuration(offset * NANOS)


def _timezone(value: FeelTime | FeelDateTime) -> Any:
    return value.zone if isinstance(value.zone, str) else None


def _months(value: YearsMonthsDuration, years: bool) -> Any:
    amount = abs(value.months) // 12 if years else abs(value.months) % 12
    return number_of(-amount if value.months < 0 else amount)


_DATE: Mapping[str, Callable[[Any], Any]] = {
    "year": lambda value: number_of(value.year),
    "month": lambda value: number_of(value.month),
    "day": lambda value: number_of(value.day),
    "weekday": lambda value: number_of(value.weekday()),
}
_TIME: Mapping[str, Callable[[Any], Any]] = {
    "hour": _part(3600 * NANOS, 24),
    "minute": _part(60 * NANOS, 60),
    "second": _part(NANOS, 60),
    "time offset": _time_offset,
    "timezone": _timezone,
}

PROPERTIES: Mapping[type, Mapping[str, Callable[[Any], Any]]] = {
    FeelDate: _DATE,
    FeelTime: _TIME,
    FeelDateTime: {**_DATE, **_TIME},
    YearsMonthsDuration: {
        "years": lambda value: _months(value, True),
        "months": lambda value: _months(value, False),
    },
    DaysTimeDuration: {
        "days": _duration_part(86_400 * NANOS, 0),
        "hours": _duration_part(3600 * NANOS, 24),
        "minutes": _duration_part(60 * NANOS, 60),
        "seconds": _duration_part(NANOS, 60),
    },
    Range: {
        "start": lambda value: value.start,
        "end": lambda value: value.end,
        "start included": lambda value: value.start_included,
        "end included": lambda value: value.end_included,
    },
}
