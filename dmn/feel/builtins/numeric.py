"""Numeric functions (DMN 1.5, 10.3.4.5)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Decimal,
)
from typing import Any

from ..decimals import CONTEXT, ZERO, NumberError, to_index
from ..errors import InvalidOperation
from ..kinds import kind_of
from ..temporal import DaysTimeDuration, YearsMonthsDuration
from .signature import Library

library = Library()

_MIN_SCALE, _MAX_SCALE = -6111, 6176


def _rounded(value: Decimal, scale: Decimal | None, mode: str) -> Decimal:
    places = 0 if scale is None else to_index(scale)
    if places is None or not _MIN_SCALE <= places <= _MAX_SCALE:
        raise InvalidOperation(f"Expected a whole scale from {_MIN_SCALE} to {_MAX_SCALE} but found {scale}")
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and -exponent <= places:
        return value
    if value.adjusted() + 1 < -places:
        away = mode == ROUND_UP or (mode == ROUND_CEILING and value > 0) or (mode == ROUND_FLOOR and value < 0)
        return Decimal((value < 0, (1,), -places)) if away and value else ZERO
    try:
        result = value.quantize(Decimal((0, (1,), -places)), rounding=mode, context=CONTEXT)
    except NumberError as problem:
        raise InvalidOperation("Expected a result of at most 34 digits but it has more") from problem
    return result if result else ZERO


def _rounding(mode: str) -> Callable[[Decimal, Decimal], Decimal]:
    return lambda n, scale: _rounded(n, scale, mode)


library.builtin("decimal(n: number, scale: number)")(_rounding(ROUND_HALF_EVEN))
library.builtin("round up(n: number, scale: number)")(_rounding(ROUND_UP))
library.builtin("round down(n: number, scale: number)")(_rounding(ROUND_DOWN))
library.builtin("round half up(n: number, scale: number)")(_rounding(ROUND_HALF_UP))
library.builtin("round half down(n: number, scale: number)")(_rounding(ROUND_HALF_DOWN))


@library.builtin("floor(n: number, scale: number?)")
def floor(n: Decimal, scale: Decimal | None = None) -> Decimal:
    return _rounded(n, scale, ROUND_FLOOR)


@library.builtin("ceiling(n: number, scale: number?)")
def ceiling(n: Decimal, scale: Decimal | None = None) -> Decimal:
    return _rounded(n, scale, ROUND_CEILING)


@library.builtin("abs(n: any)")
def absolute(n: Any) -> Any:
    if kind_of(n) is list and len(n) == 1:
        n = n[0]
    if isinstance(n, Decimal):
        return CONTEXT.abs(n)
    if isinstance(n, DaysTimeDuration):
        return DaysTimeDuration(abs(n.nanos))
    if isinstance(n, YearsMonthsDuration):
        return YearsMonthsDuration(abs(n.months))
    raise InvalidOperation("Expected a number or duration for 'n' of 'abs' but found another value")


@library.builtin("modulo(dividend: number, divisor: number)")
def modulo(dividend: Decimal, divisor: Decimal) -> Decimal:
    """dividend - divisor * floor(dividend / divisor): the sign is the divisor's."""
    if not divisor:
        raise InvalidOperation("Expected a divisor other than 0 but found 0")
    try:
        rest = CONTEXT.remainder(dividend, divisor)
    except NumberError as problem:
        raise InvalidOperation("Expected a quotient of at most 34 digits but it has more") from problem
    if rest and (rest < 0) != (divisor < 0):
        rest = CONTEXT.add(rest, divisor)
    return rest if rest else ZERO


def _checked(operation: Callable[[Decimal], Decimal], value: Decimal, name: str) -> Decimal:
    try:
        return operation(value)
    except NumberError as problem:
        raise InvalidOperation(f"Expected a number that {name!r} is defined for but found {value}") from problem


@library.builtin("sqrt(number: number)")
def sqrt(number: Decimal) -> Decimal:
    return _checked(CONTEXT.sqrt, number, "sqrt")


@library.builtin("log(number: number)", cost=250)
def log(number: Decimal) -> Decimal:
    if number <= 0:
        raise InvalidOperation(f"Expected a positive number for 'log' but found {number}")
    return _checked(CONTEXT.ln, number, "log")


@library.builtin("exp(number: number)", cost=250)
def exp(number: Decimal) -> Decimal:
    return _checked(CONTEXT.exp, number, "exp")


@library.builtin("odd(number: number)")
def odd(number: Decimal) -> bool:
    return _parity(number) == 1


@library.builtin("even(number: number)")
def even(number: Decimal) -> bool:
    return _parity(number) == 0


def _parity(number: Decimal) -> int:
    """0 or 1 for whole numbers, 2 for others."""
    if number != number.to_integral_value():
        return 2
    if number.adjusted() > 40:
        return 0
    return int(number) % 2
