"""Conversion functions (DMN 1.5, 10.3.4.1)."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from ..decimals import CONTEXT, parse_number, truncated
from ..errors import InvalidOperation
from ..kinds import as_list, kind_of
from ..range_text import parse_range
from ..run import Run
from ..temporal import (
    NANOS,
    DaysTimeDuration,
    FeelDate,
    FeelDateTime,
    FeelTime,
    YearsMonthsDuration,
    make_date,
)
from ..temporal_text import parse_date, parse_datetime, parse_duration, parse_time
from ..text import feel_string
from ..types import type_of
from ..values import Range, compare
from ..zones import MAX_OFFSET
from .signature import Library

library = Library()

_NUMBER = re.compile(r"-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?\Z", re.ASCII)
_GROUPED = re.compile(r"-?\d+(?:~\d+)*(?:\^\d+)?\Z|-?\^\d+\Z", re.ASCII)


def _invalid(what: str, found: Any) -> InvalidOperation:
    shown = repr(found) if isinstance(found, (str, Decimal)) else type_of(found)
    return InvalidOperation(f"Expected {what} but found {shown}")


def _whole(value: Decimal, what: str) -> int:
    whole = truncated(value)
    if whole is None or whole != value:
        raise _invalid(f"a whole number as {what}", value)
    return whole


@library.builtin("date(from: any)")
def date(value: Any) -> FeelDate:
    if kind_of(value) is list and len(as_list(value)) == 1:
        value = as_list(value)[0]
    if isinstance(value, FeelDate):
        return value
    if isinstance(value, FeelDateTime):
        return value.date()
    parsed = parse_date(value) if isinstance(value, str) else None
    if parsed is None:
        raise _invalid("a date such as '2024-01-31'", value)
    return parsed


@library.builtin("date(year: number, month: number, day: number)")
def date_of(year: Decimal, month: Decimal, day: Decimal) -> FeelDate:
    made = make_date(_whole(year, "year"), _whole(month, "month"), _whole(day, "day"))
    if made is None:
        raise InvalidOperation(f"Expected a day of the calendar but found year {year}, month {month}, day {day}")
    return made


@library.builtin("date and time(from: any)")
def date_and_time(value: Any) -> FeelDateTime:
    if kind_of(value) is list and len(as_list(value)) == 1:
        value = as_list(value)[0]
    if isinstance(value, FeelDateTime):
        return value
    if isinstance(value, FeelDate):
        return FeelDateTime(value.year, value.month, value.day, 0, 0)
    parsed = parse_datetime(value) if isinstance(value, str) else None
    if parsed is None:
        raise _invalid("a date and time such as '2024-01-31T10:00:00'", value)
    return parsed


@library.builtin("date and time(date: date, time: time)")
def date_and_time_of(day: FeelDate | FeelDateTime, time_of_day: FeelTime) -> FeelDateTime:
    return FeelDateTime(day.year, day.month, day.day, time_of_day.nanos, time_of_day.zone)


@library.builtin("time(from: any)")
def time(value: Any) -> FeelTime:
    if kind_of(value) is list and len(as_list(value)) == 1:
        value = as_list(value)[0]
    if isinstance(value, FeelTime):
        return value
    if isinstance(value, FeelDateTime):
        return value.time()
    if isinstance(value, FeelDate):
        return FeelTime(0, 0)
    parsed = parse_time(value) if isinstance(value, str) else None
    if parsed is None:
        raise _invalid("a time such as '10:00:00'", value)
    return parsed


@library.builtin("time(hour: number, minute: number, second: number, offset: days and time duration|null?)")
def time_of(hour: Decimal, minute: Decimal, second: Decimal, offset: DaysTimeDuration | None = None) -> FeelTime:
    hours, minutes = _whole(hour, "hour"), _whole(minute, "minute")
    if not (0 <= hours <= 23 and 0 <= minutes <= 59 and 0 <= second < 60):
        raise InvalidOperation(f"Expected a time of the day but found {hours}, {minutes}, {second}")
    zone = None
    if offset is not None:
        seconds = abs(offset.nanos) // NANOS
        if seconds > MAX_OFFSET:
            raise InvalidOperation(f"Expected an offset of at most 18 hours but found {offset}")
        zone = -seconds if offset.nanos < 0 else seconds
    return FeelTime((hours * 3600 + minutes * 60) * NANOS + int(CONTEXT.multiply(second, Decimal(NANOS))), zone)


@library.builtin("number(from: any)")
def number(value: Any) -> Decimal:
    if isinstance(value, Decimal):
        return value
    parsed = parse_number(value.strip()) if isinstance(value, str) and _NUMBER.match(value.strip()) else None
    if parsed is None:
        raise _invalid("the text of a number", value)
    return parsed


@library.builtin("number(from: string, grouping separator: string|null, decimal separator: string|null)")
def number_with_separators(text: str, grouping: str | None, decimal: str | None) -> Decimal:
    if grouping not in (None, " ", ",", ".") or decimal not in (None, ",", "."):
        raise InvalidOperation("Expected ' ', ',' or '.' to group digits and ',' or '.' as the decimal separator")
    if grouping is not None and grouping == decimal:
        raise InvalidOperation("Expected different separators but both are " + repr(grouping))
    point = decimal or "."
    if grouping == point:
        raise InvalidOperation("Expected different separators but both are " + repr(grouping))
    if len(text) > 1000 or any(mark in text for mark in "~^"):
        raise _invalid("the text of a number", text)
    marked = text.replace(point, "^")
    if grouping is not None:
        marked = marked.replace(grouping, "~")
    parsed = parse_number(marked.replace("~", "").replace("^", ".")) if _GROUPED.match(marked) else None
    if parsed is None:
        raise _invalid("the text of a number", text)
    return parsed


@library.builtin("string(from: any)", needs_run=True)
def string(run: Run, value: Any) -> str | None:
    return feel_string(value, run)


@library.builtin("duration(from: any)")
def duration(value: Any) -> YearsMonthsDuration | DaysTimeDuration:
    if kind_of(value) is list and len(as_list(value)) == 1:
        value = as_list(value)[0]
    if isinstance(value, (YearsMonthsDuration, DaysTimeDuration)):
        return value
    parsed = parse_duration(value) if isinstance(value, str) else None
    if parsed is None:
        raise _invalid("a duration such as 'P1DT2H' or 'P1Y6M'", value)
    return parsed


@library.builtin("years and months duration(from: date, to: date)")
def years_and_months_duration(start: FeelDate | FeelDateTime, end: FeelDate | FeelDateTime) -> YearsMonthsDuration:
    """Whole months from the one day to the other, truncated towards zero; times of day do not count."""
    months = (end.year - start.year) * 12 + end.month - start.month
    if months > 0 and end.day < start.day:
        months -= 1
    elif months < 0 and end.day > start.day:
        months += 1
    return YearsMonthsDuration(months)


@library.builtin("range(from: string)")
def range_(text: str) -> Range:
    found = parse_range(text)
    if found is None:
        raise _invalid("the text of a range such as '[1..5]'", text)
    if found.start is not None and found.end is not None:
        order = compare(found.start, found.end)
        if order is None or order > 0:
            raise _invalid("a range whose start is not after its end", text)
    return found
