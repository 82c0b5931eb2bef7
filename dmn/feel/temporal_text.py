"""Reading dates, times and durations from text (XML Schema forms, plus `@Zone/Name`)."""

from __future__ import annotations

import re

from .temporal import (
    DAY_NANOS,
    NANOS,
    DaysTimeDuration,
    FeelDate,
    FeelDateTime,
    FeelTime,
    YearsMonthsDuration,
    date_of_number,
    make_date,
    make_months,
    make_nanos,
)
from .zones import parse_zone

_DATE = re.compile(r"(-?)(\d{4}|[1-9]\d{4,8})-(\d\d)-(\d\d)\Z", re.ASCII)
_TIME = re.compile(r"(\d\d):(\d\d):(\d\d)(?:\.(\d{1,18}))?(.*)\Z", re.ASCII | re.DOTALL)
_MONTHS = re.compile(r"(-?)P(?=\d)(?:(\d{1,18})Y)?(?:(\d{1,18})M)?\Z", re.ASCII)
_DAYS = re.compile(
    r"(-?)P(?=[\dT])(?:(\d{1,18})D)?(?:T(?=[\d])(?:(\d{1,18})H)?(?:(\d{1,18})M)?(?:(\d{1,18})(?:\.(\d{0,18}))?S)?)?\Z",
    re.ASCII,
)
MAX_TEXT = 128

Temporal = FeelDate | FeelTime | FeelDateTime | YearsMonthsDuration | DaysTimeDuration


def _nanos(fraction: str | None) -> int:
    return int(fraction[:9].ljust(9, "0")) if fraction else 0


def parse_date(text: str) -> FeelDate | None:
    match = _DATE.match(text) if len(text) <= MAX_TEXT else None
    if match is None:
        return None
    year = int(match[2])
    return make_date(-year if match[1] else year, int(match[3]), int(match[4]))


def _parse_clock(text: str) -> tuple[int, int | str | None] | None:
    """Nanoseconds of the day (24:00:00 gives a whole day) and zone."""
    match = _TIME.match(text) if len(text) <= MAX_TEXT else None
    if match is None:
        return None
    hour, minute, second, fraction = int(match[1]), int(match[2]), int(match[3]), _nanos(match[4])
    if minute > 59 or second > 59 or hour > 24 or (hour == 24 and (minute or second or fraction)):
        return None
    zone = None
    if match[5]:
        zone = parse_zone(match[5])
        if zone is None:
            return None
    return (hour * 3600 + minute * 60 + second) * NANOS + fraction, zone


def parse_time(text: str) -> FeelTime | None:
    clock = _parse_clock(text)
    return None if clock is None else FeelTime(clock[0] % DAY_NANOS, clock[1])


def parse_datetime(text: str) -> FeelDateTime | None:
    """`2024-01-31T10:00:00Z`; a date alone is its midnight; 24:00:00 is the next day's midnight."""
    if len(text) > MAX_TEXT:
        return None
    head, separator, tail = text.partition("T")
    day = parse_date(head)
    if day is None:
        return None
    if not separator:
        return FeelDateTime(day.year, day.month, day.day)
    clock = _parse_clock(tail)
    if clock is None:
        return None
    if clock[0] == DAY_NANOS:
        following = date_of_number(day.number() + 1)
        return None if following is None else FeelDateTime(following.year, following.month, following.day, 0, clock[1])
    return FeelDateTime(day.year, day.month, day.day, clock[0], clock[1])


def parse_duration(text: str) -> YearsMonthsDuration | DaysTimeDuration | None:
    if len(text) > MAX_TEXT:
        return None
    match = _MONTHS.match(text)
    if match is not None:
        months = int(match[2] or 0) * 12 + int(match[3] or 0)
        return make_months(-months if match[1] else months)
    match = _DAYS.match(text)
    if match is None:
        return None
    seconds = int(match[2] or 0) * 86_400 + int(match[3] or 0) * 3600 + int(match[4] or 0) * 60 + int(match[5] or 0)
    nanos = seconds * NANOS + _nanos(match[6])
    return make_nanos(-nanos if match[1] else nanos)


def parse_temporal(text: str) -> Temporal | None:
    """The value of an at-literal (`@"..."`): its form decides the type."""
    if text.startswith(("P", "-P")):
        return parse_duration(text)
    if text[2:3] == ":":
        return parse_time(text)
    return parse_datetime(text) if "T" in text else parse_date(text)
