"""FEEL values and how they compare (DMN 1.5, 10.3.2.3, 10.3.2.13).

    number      Decimal (34 digits)             date                         FeelDate
    string      str                             time                         FeelTime
    boolean     bool                            date and time                FeelDateTime
    null        None                            years and months duration    YearsMonthsDuration
    list        list                            days and time duration       DaysTimeDuration
    context     dict with str keys              range                        Range
    function    FeelFunction

Lists and contexts are never changed once made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from .kinds import kind_of
from .run import Run
from .temporal import NANOS, DaysTimeDuration, FeelDate, FeelDateTime, FeelTime, YearsMonthsDuration

if TYPE_CHECKING:
    from .types import FeelType

Value = Any
"""A FEEL value, see the table above."""

MAX_DEPTH = 200
"""Deepest nesting of lists and contexts that comparing and printing follow."""


@dataclass(slots=True, unsafe_hash=True)
class Range:
    """An interval. `operator` is "" for `[1..2]` and one of < <= > >= = != for a unary test kept as a value;
    only such a test may be open-ended (None)."""

    start: Any
    end: Any
    start_included: bool
    end_included: bool
    operator: str = ""

    def contains(self, value: Any, run: Run | None = None) -> bool | None:
        """True, False, or None when the value cannot be compared with the endpoints."""
        operator = self.operator
        if operator == "=":
            return equals(value, self.end, run)
        if operator == "!=":
            same = equals(value, self.end, run)
            return None if same is None else not same
        if value is None:
            return None
        low: bool | None = True
        if operator not in ("<", "<="):
            order = compare(value, self.start)
            low = None if order is None else order > 0 or (order == 0 and self.start_included)
        high: bool | None = True
        if operator not in (">", ">="):
            order = compare(value, self.end)
            high = None if order is None else order < 0 or (order == 0 and self.end_included)
        if low is None or high is None:
            return None
        return low and high


@dataclass(frozen=True, slots=True)
class Param:
    """A formal parameter; without a type it takes anything."""

    name: str
    type: FeelType | None = None


class FeelFunction:
    """What FEEL can invoke. Wrong arguments give null and a warning, never an exception."""

    __slots__ = ("name", "params")

    def __init__(self, name: str, params: Sequence[Param]) -> None:
        self.name = name
        self.params = tuple(params)

    def invoke(self, run: Run, args: Sequence[Any]) -> Any:
        """The result for positional arguments."""
        raise NotImplementedError

    def invoke_named(self, run: Run, args: Mapping[str, Any]) -> Any:
        """The result for named arguments."""
        raise NotImplementedError

    def signature(self) -> str:
        params = ", ".join(p.name if p.type is None else f"{p.name}: {p.type}" for p in self.params)
        return f"function({params})"


def unary_range(operator: str, endpoint: Any) -> Range:
    """The range that a unary test such as `< 5` stands for."""
    if operator in ("<", "<="):
        return Range(None, endpoint, False, operator == "<=", operator)
    if operator in (">", ">="):
        return Range(endpoint, None, operator == ">=", False, operator)
    return Range(endpoint, endpoint, operator == "=", operator == "=", operator)


def equals(left: Any, right: Any, run: Run | None = None, depth: int = 0) -> bool | None:
    """FEEL's `=`: None when the kinds differ, so that the answer is null. Null equals null and nothing else.

    The items compared count as steps of the `run`; without one, FeelLimitError beyond the default number.
    """
    kind = kind_of(left)
    if left is None or right is None:
        return left is right
    if kind is not kind_of(right):
        both = isinstance(left, FeelFunction) and isinstance(right, FeelFunction)
        return left is right if both else None
    if kind is Decimal or kind is str or kind is bool:
        return left == right
    if kind is list:
        return _lists_equal(left, right, run or Run(keep_warnings=False), depth)
    if kind is dict:
        return _contexts_equal(left, right, run or Run(keep_warnings=False), depth)
    if kind is FeelDateTime:
        return _seconds(left.instant()) == _seconds(right.instant()) and (left.zone is None) == (right.zone is None)
    if kind is FeelTime:
        if left.zone == right.zone:
            return _seconds(left.nanos) == _seconds(right.nanos)
        a, b = left.offset(), right.offset()
        if a is None or b is None:
            return False
        return left.nanos // NANOS - a == right.nanos // NANOS - b
    if kind is Range:
        if (
            left.operator != right.operator
            or left.start_included != right.start_included
            or left.end_included != right.end_included
        ):
            return False
        starts, ends = equals(left.start, right.start, run), equals(left.end, right.end, run)
        return None if starts is None or ends is None else starts and ends
    return left == right


def _seconds(nanos: int) -> int:
    """Equality looks at the properties of a time, and `second` is a whole number."""
    return nanos // NANOS


def _lists_equal(left: list[Any], right: list[Any], run: Run, depth: int) -> bool | None:
    if len(left) != len(right):
        return False
    if depth > MAX_DEPTH:
        return None
    run.charge(4 * len(left) + 4)
    result: bool | None = True
    for a, b in zip(left, right, strict=True):
        same = equals(a, b, run, depth + 1)
        if same is False:
            return False
        if same is None:
            result = None
    return result


def _contexts_equal(left: dict[str, Any], right: dict[str, Any], run: Run, depth: int) -> bool | None:
    if len(left) != len(right):
        return False
    if depth > MAX_DEPTH:
        return None
    run.charge(4 * len(left) + 4)
    result: bool | None = True
    for key, a in left.items():
        if key not in right:
            return False
        same = equals(a, right[key], run, depth + 1)
        if same is False:
            return False
        if same is None:
            result = None
    return result


def compare(left: Any, right: Any) -> int | None:
    """-1, 0 or 1 for values that have an order (numbers, strings, dates, times, durations of one kind); else None."""
    kind = kind_of(left)
    if kind is not kind_of(right):
        return None
    if kind is Decimal or kind is str:
        return -1 if left < right else int(left != right)
    a: Any
    b: Any
    if kind is FeelDate:
        a, b = (left.year, left.month, left.day), (right.year, right.month, right.day)
    elif kind is FeelDateTime:
        if (left.zone is None) != (right.zone is None):
            return None
        a, b = left.instant(), right.instant()
    elif kind is FeelTime:
        if left.zone == right.zone:
            a, b = left.nanos, right.nanos
        else:
            x, y = left.offset(), right.offset()
            if x is None or y is None:
                return None
            a, b = left.nanos - x * NANOS, right.nanos - y * NANOS
    elif kind is DaysTimeDuration:
        a, b = left.nanos, right.nanos
    elif kind is YearsMonthsDuration:
        a, b = left.months, right.months
    else:
        return None
    return -1 if a < b else int(a != b)


def is_same(left: Any, right: Any, run: Run | None = None) -> bool:
    """Whether two values are equal; values of different kinds are not."""
    return equals(left, right, run) is True


def sort_key(value: Any) -> Any:
    """A key that orders values of one comparable kind as `compare` does."""
    if isinstance(value, FeelDate):
        return value.number()
    if isinstance(value, FeelDateTime):
        return value.instant()
    if isinstance(value, FeelTime):
        return value.nanos - (value.offset() or 0) * NANOS
    if isinstance(value, DaysTimeDuration):
        return value.nanos
    if isinstance(value, YearsMonthsDuration):
        return value.months
    return value
