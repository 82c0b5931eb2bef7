"""List functions that compute a number or pick a value (DMN 1.5, 10.3.4.4)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ..decimals import CONTEXT, ONE, ZERO, NumberError, number_of
from ..errors import InvalidOperation
from ..kinds import kind_of
from ..run import Run
from ..types import type_of
from ..values import compare, sort_key
from .signature import Library

library = Library()

_ORDERED = frozenset(
    ("number", "string", "date", "time", "date and time", "days and time duration", "years and months duration")
)


def _numbers(values: list[Any], name: str) -> list[Decimal]:
    for value in values:
        if kind_of(value) is not Decimal:
            raise InvalidOperation(f"Expected a list of numbers for {name!r} but found {type_of(value)}")
    return values


def ordered(values: list[Any]) -> list[Any]:
    """The values in ascending order; InvalidOperation when they are not of one ordered kind."""
    if not values:
        return []
    kind = kind_of(values[0])
    if type_of(values[0]) not in _ORDERED or any(kind_of(value) is not kind for value in values):
        raise InvalidOperation("Expected values of one kind that has an order")
    if any(compare(values[0], value) is None for value in values):
        raise InvalidOperation("Expected times that are all local or all with a zone")
    return sorted(values, key=sort_key)


def _sum(values: list[Decimal]) -> Decimal:
    try:
        total = ZERO
        for value in values:
            total = CONTEXT.add(total, value)
        return total
    except NumberError as problem:
        raise InvalidOperation("Expected a result that decimal128 can hold") from problem


@library.builtin("min(list: list)", variadic=True, needs_run=True)
def minimum(run: Run, values: list[Any]) -> Any:
    run.charge(len(values))
    return ordered(values)[0] if values else None


@library.builtin("max(list: list)", variadic=True, needs_run=True)
def maximum(run: Run, values: list[Any]) -> Any:
    run.charge(len(values))
    return ordered(values)[-1] if values else None


@library.builtin("sum(list: list)", variadic=True, needs_run=True)
def total(run: Run, values: list[Any]) -> Decimal | None:
    run.charge(len(values))
    return _sum(_numbers(values, "sum")) if values else None


@library.builtin("product(list: list)", variadic=True, needs_run=True)
def product(run: Run, values: list[Any]) -> Decimal | None:
    run.charge(len(values))
    if not values:
        return None
    result = ONE
    try:
        for value in _numbers(values, "product"):
            result = CONTEXT.multiply(result, value)
    except NumberError as problem:
        raise InvalidOperation("Expected a result that decimal128 can hold") from problem
    return result


@library.builtin("mean(list: list)", variadic=True, needs_run=True)
def mean(run: Run, values: list[Any]) -> Decimal | None:
    run.charge(len(values))
    if not values:
        return None
    return CONTEXT.divide(_sum(_numbers(values, "mean")), number_of(len(values)))


@library.builtin("median(list: list)", variadic=True, needs_run=True)
def median(run: Run, values: list[Any]) -> Decimal | None:
    run.charge(len(values))
    if not values:
        return None
    numbers = sorted(_numbers(values, "median"))
    middle = len(numbers) // 2
    if len(numbers) % 2:
        return numbers[middle]
    return CONTEXT.divide(_sum(numbers[middle - 1 : middle + 1]), number_of(2))


@library.builtin("stddev(list: list)", variadic=True, needs_run=True)
def stddev(run: Run, values: list[Any]) -> Decimal:
    """The standard deviation of a sample."""
    run.charge(len(values))
    numbers = _numbers(values, "stddev")
    if len(numbers) < 2:
        raise InvalidOperation(f"Expected at least 2 numbers for 'stddev' but found {len(numbers)}")
    average = CONTEXT.divide(_sum(numbers), number_of(len(numbers)))
    try:
        squares = [CONTEXT.power(CONTEXT.subtract(number, average), 2) for number in numbers]
        return CONTEXT.sqrt(CONTEXT.divide(_sum(squares), number_of(len(numbers) - 1)))
    except NumberError as problem:
        raise InvalidOperation("Expected a result that decimal128 can hold") from problem


@library.builtin("mode(list: list)", variadic=True, needs_run=True)
def mode(run: Run, values: list[Any]) -> list[Any]:
    """The most frequent numbers, ascending."""
    run.charge(len(values))
    counts: dict[Decimal, int] = {}
    for number in _numbers(values, "mode"):
        counts[number] = counts.get(number, 0) + 1
    most = max(counts.values(), default=0)
    return sorted(number for number, times in counts.items() if times == most)
