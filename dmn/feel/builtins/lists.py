"""List functions (DMN 1.5, 10.3.4.4); those that compute a number are in statistics.py."""

from __future__ import annotations

from decimal import Decimal
from functools import cmp_to_key
from typing import Any

from ..decimals import number_of, truncated
from ..errors import InvalidOperation
from ..kinds import as_list, kind_of
from ..run import Run
from ..values import FeelFunction, is_same
from .signature import Library
from .statistics import ordered

library = Library()

_HASHABLE = frozenset((Decimal, str, bool))


def position_in(values: list[Any], position: Decimal, extra: int = 0) -> int:
    """The 0-based index of a 1-based position; a negative one counts from the end, a fraction is cut off.

    `extra` positions beyond the list are allowed.
    """
    index = truncated(position)
    if index is None or index == 0 or abs(index) > len(values) + (extra if index > 0 else 0):
        raise InvalidOperation(f"Expected a position within a list of {len(values)} but found {position}")
    return index - 1 if index > 0 else len(values) + index


@library.builtin("list contains(list: list, element: any)", needs_run=True)
def list_contains(run: Run, values: list[Any], element: Any) -> bool:
    run.charge(len(values))
    return any(is_same(value, element, run) for value in values)


@library.builtin("count(list: list)")
def count(values: list[Any]) -> Decimal:
    return number_of(len(values))


@library.builtin("all(list: list)", variadic=True, needs_run=True)
def all_(run: Run, values: list[Any]) -> bool | None:
    run.charge(len(values))
    return _three_valued(values, False)


@library.builtin("any(list: list)", variadic=True, needs_run=True)
def any_(run: Run, values: list[Any]) -> bool | None:
    run.charge(len(values))
    return _three_valued(values, True)


def _three_valued(values: list[Any], decisive: bool) -> bool | None:
    """The decisive value if it occurs; null if anything but booleans and nulls does; else three-valued logic."""
    if decisive in [value for value in values if kind_of(value) is bool]:
        return decisive
    if any(value is not None and kind_of(value) is not bool for value in values):
        raise InvalidOperation("Expected a list of booleans but found another item")
    return None if None in values else not decisive


@library.builtin("sublist(list: list, start position: number, length: number?)", needs_run=True)
def sublist(run: Run, values: list[Any], start: Decimal, length: Decimal | None = None) -> list[Any]:
    run.charge_list(len(values))
    first = position_in(values, start)
    if length is None:
        return values[first:]
    size = truncated(length)
    if size is None or size < 0 or first + size > len(values):
        raise InvalidOperation(f"Expected a length within the list but found {length}")
    return values[first : first + size]


@library.builtin("append(list: list, item: any)", rest=True, needs_run=True)
def append(run: Run, values: list[Any], *items: Any) -> list[Any]:
    run.charge_list(len(values) + len(items))
    return [*values, *items]


@library.builtin("concatenate(list: list)", rest=True, needs_run=True)
def concatenate(run: Run, *lists: list[Any]) -> list[Any]:
    run.charge_list(sum(map(len, lists)))
    return [value for values in lists for value in values]


@library.builtin("insert before(list: list, position: number, newItem: any)", needs_run=True)
def insert_before(run: Run, values: list[Any], position: Decimal, item: Any) -> list[Any]:
    run.charge_list(len(values) + 1)
    at = position_in(values, position, extra=1)
    return [*values[:at], item, *values[at:]]


@library.builtin("remove(list: list, position: number)", needs_run=True)
def remove(run: Run, values: list[Any], position: Decimal) -> list[Any]:
    run.charge_list(len(values))
    at = position_in(values, position)
    return [*values[:at], *values[at + 1 :]]


@library.builtin("list replace(list: list, position: any, newItem: any)", needs_run=True, calls=True)
def list_replace(run: Run, values: list[Any], position: Any, item: Any) -> list[Any]:
    """Replaces one position, or every item for which `match(item, newItem)` is true."""
    if isinstance(position, FeelFunction):
        return _replace_matching(run, values, position, item)
    if kind_of(position) is list and len(as_list(position)) == 1:
        position = as_list(position)[0]
    if not isinstance(position, Decimal):
        raise InvalidOperation("Expected a position or a function for 'list replace' but found another value")
    run.charge_list(len(values))
    at = position_in(values, position)
    return [*values[:at], item, *values[at + 1 :]]


def _replace_matching(run: Run, values: list[Any], match: FeelFunction, item: Any) -> list[Any]:
    if len(match.params) != 2:
        raise InvalidOperation("Expected a function of an item and the new item for 'list replace'")
    run.charge_list(len(values))
    replaced: list[Any] = []
    for value in values:
        verdict = match.invoke(run, [value, item])
        if kind_of(verdict) is not bool:
            raise InvalidOperation("Expected the function of 'list replace' to answer true or false but it did not")
        replaced.append(item if verdict else value)
    return replaced


@library.builtin("list replace(list: list, match: function, newItem: any)", needs_run=True, calls=True)
def list_replace_matching(run: Run, values: list[Any], match: Any, item: Any) -> list[Any]:
    return list_replace(run, values, match, item)


@library.builtin("reverse(list: list)", needs_run=True)
def reverse(run: Run, values: list[Any]) -> list[Any]:
    run.charge_list(len(values))
    return values[::-1]


@library.builtin("index of(list: list, match: any)", needs_run=True)
def index_of(run: Run, values: list[Any], match: Any) -> list[Any]:
    run.charge_list(len(values))
    return [number_of(index) for index, value in enumerate(values, 1) if is_same(value, match, run)]


@library.builtin("union(list: list)", rest=True, needs_run=True)
def union(run: Run, *lists: list[Any]) -> list[Any]:
    return distinct(run, concatenate(run, *lists))


@library.builtin("distinct values(list: list)", needs_run=True)
def distinct(run: Run, values: list[Any]) -> list[Any]:
    """The first of each group of equal values."""
    run.charge_list(len(values))
    seen: set[tuple[type, Any]] = set()
    kept: list[Any] = []
    others: list[Any] = []
    for value in values:
        if kind_of(value) in _HASHABLE or value is None:
            key = (kind_of(value), value)
            if key in seen:
                continue
            seen.add(key)
        else:
            run.charge(4 * len(others))
            if any(is_same(value, other, run) for other in others):
                continue
            others.append(value)
        kept.append(value)
    return kept


@library.builtin("flatten(list: list)", needs_run=True)
def flatten(run: Run, values: list[Any]) -> list[Any]:
    flat: list[Any] = []
    stack = [iter(values)]
    while stack:
        for value in stack[-1]:
            if kind_of(value) is list:
                run.charge(4)
                stack.append(iter(value))
                break
            flat.append(value)
        else:
            stack.pop()
        if len(stack) > run.limits.depth:
            raise InvalidOperation(f"Expected lists nested at most {run.limits.depth} deep")
    run.charge_list(len(flat))
    return flat


@library.builtin("sort(list: list, precedes: function?)", needs_run=True, calls=True)
def sort(run: Run, values: list[Any], precedes: FeelFunction | None = None) -> list[Any]:
    """A stable sort by a function that tells whether its first argument precedes its second (default: `<`)."""
    run.charge_list(len(values))
    if precedes is None:
        return ordered(values)
    if len(precedes.params) != 2:
        raise InvalidOperation("Expected a function of two parameters for 'sort'")

    def order(left: Any, right: Any) -> int:
        if precedes.invoke(run, [left, right]) is True:
            return -1
        return 1 if precedes.invoke(run, [right, left]) is True else 0

    return sorted(values, key=cmp_to_key(order))
