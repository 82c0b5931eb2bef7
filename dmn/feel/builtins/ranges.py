"""Range functions (DMN 1.5, 10.3.4.11): how points and ranges lie to each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import InvalidOperation
from ..types import type_of
from ..values import Range, compare, equals
from .signature import Library

library = Library()


def _order(left: Any, right: Any) -> int:
    """-1, 0, 1; InvalidOperation when the two cannot be compared."""
    order = compare(left, right)
    if order is None:
        raise InvalidOperation(f"Expected comparable points but found {type_of(left)} and {type_of(right)}")
    return order


def _point(value: Any) -> Any:
    if value is None or isinstance(value, (bool, list, dict)):
        raise InvalidOperation(f"Expected a point or a range but found {type_of(value)}")
    return value


def _starts(value: Range) -> int:
    """Where a range's start lies against its own endpoint: 0 on it, 1 just behind it."""
    return 0 if value.start_included else 1


def _ends(value: Range) -> int:
    """Where a range's end lies against its own endpoint: 0 on it, -1 just before it."""
    return 0 if value.end_included else -1


def _compare_starts(a: Range, b: Range) -> int:
    if a.start is None or b.start is None:
        return (a.start is not None) - (b.start is not None)
    return _order(a.start, b.start) or _starts(a) - _starts(b)


def _compare_ends(a: Range, b: Range) -> int:
    if a.end is None or b.end is None:
        return (a.end is None) - (b.end is None)
    return _order(a.end, b.end) or _ends(a) - _ends(b)


def _end_before_start(a: Range, b: Range) -> bool:
    """Whether a ends before b starts, so that they share no point."""
    if a.end is None or b.start is None:
        return False
    order = _order(a.end, b.start)
    return order < 0 or (order == 0 and not (a.end_included and b.start_included))


def _range(value: Any, name: str) -> Range:
    if not isinstance(value, Range):
        raise InvalidOperation(f"Expected a range for {name!r} but found {type_of(value)}")
    if value.operator in ("=", "!="):
        raise InvalidOperation(f"Expected an interval for {name!r} but found a test")
    return value


def _holds(value: Range, point: Any) -> bool:
    verdict = value.contains(_point(point))
    if verdict is None:
        raise InvalidOperation(f"Expected a point of the range's kind but found {type_of(point)}")
    return verdict


@library.builtin("before(point1: any, point2: any)")
def before(a: Any, b: Any) -> bool:
    if isinstance(a, Range):
        if isinstance(b, Range):
            return _end_before_start(a, b)
        if a.end is None:
            return False
        order = _order(a.end, _point(b))
        return order < 0 or (order == 0 and not a.end_included)
    if isinstance(b, Range):
        if b.start is None:
            return False
        order = _order(_point(a), b.start)
        return order < 0 or (order == 0 and not b.start_included)
    return _order(_point(a), _point(b)) < 0


@library.builtin("after(point1: any, point2: any)")
def after(a: Any, b: Any) -> bool:
    return before(b, a)


@library.builtin("meets(range1: any, range2: any)")
def meets(a: Any, b: Any) -> bool:
    a, b = _range(a, "meets"), _range(b, "meets")
    return (
        a.end is not None
        and b.start is not None
        and a.end_included
        and b.start_included
        and _order(a.end, b.start) == 0
    )


@library.builtin("met by(range1: any, range2: any)")
def met_by(a: Any, b: Any) -> bool:
    return meets(b, a)


@library.builtin("overlaps(range1: any, range2: any)")
def overlaps(a: Any, b: Any) -> bool:
    a, b = _range(a, "overlaps"), _range(b, "overlaps")
    return not _end_before_start(a, b) and not _end_before_start(b, a)


@library.builtin("overlaps before(range1: any, range2: any)")
def overlaps_before(a: Any, b: Any) -> bool:
    """a starts first and reaches into b, but not beyond its end."""
    a, b = _range(a, "overlaps before"), _range(b, "overlaps before")
    return _compare_starts(a, b) < 0 and not _end_before_start(a, b) and _compare_ends(a, b) <= 0


@library.builtin("overlaps after(range1: any, range2: any)")
def overlaps_after(a: Any, b: Any) -> bool:
    """The mirror image: a starts later, within b, and reaches at least to b's end."""
    return overlaps_before(b, a)


@library.builtin("finishes(point: any, range: any)")
def finishes(a: Any, b: Any) -> bool:
    b = _range(b, "finishes")
    if isinstance(a, Range):
        return _compare_ends(a, b) == 0 and _compare_starts(a, b) >= 0
    return b.end is not None and b.end_included and _order(_point(a), b.end) == 0


@library.builtin("finished by(range: any, point: any)")
def finished_by(a: Any, b: Any) -> bool:
    return finishes(b, a)


@library.builtin("includes(range: any, point: any)")
def includes(a: Any, b: Any) -> bool:
    a = _range(a, "includes")
    if isinstance(b, Range):
        return _compare_starts(a, b) <= 0 and _compare_ends(a, b) >= 0
    return _holds(a, b)


@library.builtin("during(point: any, range: any)")
def during(a: Any, b: Any) -> bool:
    return includes(b, a)


@library.builtin("starts(point: any, range: any)")
def starts(a: Any, b: Any) -> bool:
    b = _range(b, "starts")
    if isinstance(a, Range):
        return _compare_starts(a, b) == 0 and _compare_ends(a, b) <= 0
    return b.start is not None and b.start_included and _order(_point(a), b.start) == 0


@library.builtin("started by(range: any, point: any)")
def started_by(a: Any, b: Any) -> bool:
    return starts(b, a)


@library.builtin("coincides(point1: any, point2: any)")
def coincides(a: Any, b: Any) -> bool:
    if isinstance(a, Range) and isinstance(b, Range):
        return _compare_starts(a, b) == 0 and _compare_ends(a, b) == 0
    if isinstance(a, Range) or isinstance(b, Range):
        raise InvalidOperation("Expected two points or two ranges for 'coincides'")
    same = equals(_point(a), _point(b))
    if same is None:
        raise InvalidOperation("Expected two points of one kind for 'coincides'")
    return same


_ALTERNATIVES: tuple[tuple[str, Callable[[Any, Any], bool]], ...] = (
    ("before(point: any, range: any)", before),
    ("before(range: any, point: any)", before),
    ("before(range1: any, range2: any)", before),
    ("after(point: any, range: any)", after),
    ("after(range: any, point: any)", after),
    ("after(range1: any, range2: any)", after),
    ("finishes(range1: any, range2: any)", finishes),
    ("finished by(range1: any, range2: any)", finished_by),
    ("includes(range1: any, range2: any)", includes),
    ("during(range1: any, range2: any)", during),
    ("starts(range1: any, range2: any)", starts),
    ("started by(range1: any, range2: any)", started_by),
    ("coincides(range1: any, range2: any)", coincides),
)
for _declaration, _function in _ALTERNATIVES:
    library.builtin(_declaration)(_function)
