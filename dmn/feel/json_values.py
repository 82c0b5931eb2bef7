"""Between FEEL values and plain Python or JSON data."""

from __future__ import annotations

import math
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from .decimals import CONTEXT, NumberError, number_of
from .kinds import is_mapping, is_sequence, kind_of
from .run import Run
from .temporal import DaysTimeDuration, FeelDate, FeelDateTime, FeelTime, YearsMonthsDuration
from .text import feel_string
from .values import MAX_DEPTH, FeelFunction, Range
from .zones import Zone

ATOMS = frozenset(
    {
        Decimal, str, bool, type(None), Range, FeelDate, FeelTime, FeelDateTime, YearsMonthsDuration,
        DaysTimeDuration,
    }
)  # fmt: skip


def from_json(value: Any) -> Any:
    """The FEEL value of Python data: ints and floats become Decimals, tuples lists, mappings contexts, stdlib dates
    and times their FEEL kinds; strings stay strings. NaN, infinities, foreign objects and cycles become null."""
    kind = kind_of(value)
    if kind is str or kind is bool or value is None:
        return value
    if is_mapping(value) or is_sequence(value):
        return _container(value, {}, 0)
    return _atom(value)


def _container(value: Any, done: dict[int, Any], depth: int) -> Any:
    """Converts what is shared only once; `done` has the results by identity, None while one is under way."""
    identity = id(value)
    if identity in done:
        return done[identity]
    if depth > MAX_DEPTH:
        return None
    done[identity] = None
    result: Any
    if is_mapping(value):
        result = {str(key): _nested(item, done, depth + 1) for key, item in value.items()}
    else:
        result = [_nested(item, done, depth + 1) for item in value]
    done[identity] = result
    return result


def _nested(value: Any, done: dict[int, Any], depth: int) -> Any:
    kind = kind_of(value)
    if kind is str or kind is bool or value is None:
        return value
    if kind is int or kind is Decimal or kind is float:
        return _atom(value)
    if is_mapping(value) or is_sequence(value):
        return _container(value, done, depth)
    return _atom(value)


def _atom(value: Any) -> Any:
    kind = kind_of(value)
    if kind is int:
        return _decimal(value)
    if kind is float:
        return CONTEXT.create_decimal(repr(value)) if math.isfinite(value) else None
    if kind is Decimal:
        return CONTEXT.plus(value) if value.is_finite() and abs(value.adjusted()) < 6111 else None
    return value if kind in ATOMS else _from_python(value)


def _decimal(value: int) -> Decimal | None:
    if value.bit_length() > 20_480:
        return None
    try:
        return number_of(value)
    except NumberError:
        return None


def _zone_of(value: datetime | time) -> Zone:
    info = value.tzinfo
    if info is None:
        return None
    if isinstance(info, ZoneInfo) and info.key:
        return 0 if info.key == "UTC" else info.key
    offset = value.utcoffset()
    return None if offset is None else int(offset.total_seconds())


def _from_python(value: Any) -> Any:
    if isinstance(value, FeelFunction):
        return value
    if isinstance(value, datetime):
        return from_datetime(value)
    if isinstance(value, date):
        return FeelDate(value.year, value.month, value.day)
    if isinstance(value, time):
        return FeelTime(_clock(value), _zone_of(value))
    if isinstance(value, timedelta):
        return DaysTimeDuration((value.days * 86_400 + value.seconds) * 1_000_000_000 + value.microseconds * 1000)
    if isinstance(value, int):
        return _decimal(int(value))
    if isinstance(value, str):
        return str(value)
    return None


def _clock(value: datetime | time) -> int:
    return (value.hour * 3600 + value.minute * 60 + value.second) * 1_000_000_000 + value.microsecond * 1000


def from_datetime(value: datetime) -> FeelDateTime:
    """The date and time of a datetime; its zone keeps its name if it has one."""
    return FeelDateTime(value.year, value.month, value.day, _clock(value), _zone_of(value))


def to_json(value: Any, run: Run | None = None) -> Any:
    """A value as JSON data: integral numbers as int, others as float, dates, times, durations, ranges and functions
    as text. A number beyond 1e300 becomes text too, since it is beyond JSON's usual floats.

    The size counts against the limits of `run`, or else against the default ones: FeelLimitError beyond.
    """
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, Decimal):
        return _json_number(value)
    return _json(value, run or Run(keep_warnings=False), 0)


def _json_number(value: Decimal) -> Any:
    if value.adjusted() > 300:
        return feel_string(value)
    return int(value) if value == value.to_integral_value() else float(value)


def _json(value: Any, run: Run, depth: int) -> Any:
    run.charge(4)
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, Decimal):
        return _json_number(value)
    if depth > MAX_DEPTH:
        return None
    if kind_of(value) is list:
        return [_json(item, run, depth + 1) for item in value]
    if kind_of(value) is dict:
        return {key: _json(item, run, depth + 1) for key, item in value.items()}
    return feel_string(value, run)
