"""`+ - * / **` and unary minus for everything that is not number with number (DMN 1.5, 10.3.2.13, tables 50-53).

Each function returns None where the operation has no meaning or no result; the compiled node then warns.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from .decimals import CONTEXT, NumberError, number_of, power
from .kinds import kind_of
from .temporal import (
    DAY_NANOS,
    DaysTimeDuration,
    FeelDate,
    FeelDateTime,
    FeelTime,
    YearsMonthsDuration,
    add_months,
    date_of_number,
    datetime_of_instant,
    make_months,
    make_nanos,
)


def add(left: Any, right: Any) -> Any:
    kind = kind_of(left)
    other = kind_of(right)
    if kind is Decimal and other is Decimal:
        return _number(CONTEXT.add, left, right)
    if kind is str and other is str:
        return left + right
    if kind is other and kind is YearsMonthsDuration:
        return make_months(left.months + right.months)
    if kind is other and kind is DaysTimeDuration:
        return make_nanos(left.nanos + right.nanos)
    if other is YearsMonthsDuration:
        return _shift_months(left, right.months)
    if other is DaysTimeDuration:
        return _shift_nanos(left, right.nanos)
    if kind is YearsMonthsDuration:
        return _shift_months(right, left.months)
    if kind is DaysTimeDuration:
        return _shift_nanos(right, left.nanos)
    return None


def subtract(left: Any, right: Any) -> Any:
    kind = kind_of(left)
    other = kind_of(right)
    if kind is Decimal and other is Decimal:
        return _number(CONTEXT.subtract, left, right)
    if other is YearsMonthsDuration:
        if kind is YearsMonthsDuration:
            return make_months(left.months - right.months)
        return _shift_months(left, -right.months)
    if other is DaysTimeDuration:
        if kind is DaysTimeDuration:
            return make_nanos(left.nanos - right.nanos)
        return _shift_nanos(left, -right.nanos)
    if kind is FeelTime and other is FeelTime:
        if (left.zone is None) != (right.zone is None):
            return None
        seconds = (left.offset() or 0) - (right.offset() or 0)
        return make_nanos(left.nanos - right.nanos - seconds * 1_000_000_000)
    if kind in (FeelDate, FeelDateTime) and other in (FeelDate, FeelDateTime):
        return _between(left, right)
    return None


def _between(left: FeelDate | FeelDateTime, right: FeelDate | FeelDateTime) -> DaysTimeDuration | None:
    """The time from right to left. A date counts as its midnight in UTC, local times only go with local times."""
    if isinstance(left, FeelDate):
        left = FeelDateTime(left.year, left.month, left.day, 0, 0)
        if isinstance(right, FeelDate):
            right = FeelDateTime(right.year, right.month, right.day, 0, 0)
    elif isinstance(right, FeelDate):
        right = FeelDateTime(right.year, right.month, right.day, 0, 0)
    if (left.zone is None) != (right.zone is None):
        return None
    return make_nanos(left.instant() - right.instant())


def _shift_months(value: Any, months: int) -> Any:
    if not isinstance(value, (FeelDate, FeelDateTime)):
        return None
    moved = add_months(value.year, value.month, value.day, months)
    if moved is None:
        return None
    if isinstance(value, FeelDate):
        return FeelDate(*moved)
    return FeelDateTime(*moved, value.nanos, value.zone)


def _shift_nanos(value: Any, nanos: int) -> Any:
    if isinstance(value, FeelDateTime):
        return datetime_of_instant(value.instant() + nanos, value.zone)
    if isinstance(value, FeelDate):
        return date_of_number(value.number() + nanos // DAY_NANOS)
    if isinstance(value, FeelTime):
        return FeelTime((value.nanos + nanos) % DAY_NANOS, value.zone)
    return None


def multiply(left: Any, right: Any) -> Any:
    if kind_of(right) is not Decimal:
        left, right = right, left
    if kind_of(right) is not Decimal:
        return None
    kind = kind_of(left)
    if kind is Decimal:
        return _number(CONTEXT.multiply, left, right)
    if kind is YearsMonthsDuration:
        months = _whole(CONTEXT.multiply, Decimal(left.months), right)
        return None if months is None else make_months(months)
    if kind is DaysTimeDuration:
        nanos = _whole(CONTEXT.multiply, Decimal(left.nanos), right)
        return None if nanos is None else make_nanos(nanos)
    return None


def divide(left: Any, right: Any) -> Any:
    kind = kind_of(left)
    other = kind_of(right)
    if other is Decimal:
        if not right:
            return None
        if kind is Decimal:
            return _number(CONTEXT.divide, left, right)
        if kind is YearsMonthsDuration:
            months = _whole(CONTEXT.divide, Decimal(left.months), right)
            return None if months is None else make_months(months)
        if kind is DaysTimeDuration:
            nanos = _whole(CONTEXT.divide, Decimal(left.nanos), right)
            return None if nanos is None else make_nanos(nanos)
        return None
    if kind is other and kind is YearsMonthsDuration:
        return _number(CONTEXT.divide, number_of(left.months), number_of(right.months)) if right.months else None
    if kind is other and kind is DaysTimeDuration:
        return _number(CONTEXT.divide, number_of(left.nanos), number_of(right.nanos)) if right.nanos else None
    return None


def raise_to(left: Any, right: Any) -> Any:
    if kind_of(left) is Decimal and kind_of(right) is Decimal:
        return _number(power, left, right)
    return None


def negate(value: Any) -> Any:
    kind = kind_of(value)
    if kind is Decimal:
        return CONTEXT.minus(value)
    if kind is YearsMonthsDuration:
        return YearsMonthsDuration(-value.months)
    if kind is DaysTimeDuration:
        return DaysTimeDuration(-value.nanos)
    return None


def _number(operation: Any, left: Decimal, right: Decimal) -> Decimal | None:
    try:
        return operation(left, right)
    except NumberError:
        return None


def _whole(operation: Any, left: Decimal, right: Decimal) -> int | None:
    """The integral part of a result that fits a duration."""
    result = _number(operation, left, right)
    return None if result is None or result.adjusted() > 30 else int(result)
