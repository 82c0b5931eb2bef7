"""Ranges written as text: only literals and constructors of constants may be endpoints."""

from __future__ import annotations

from typing import Any

from .ast import Call, Literal, Name, Node, RangeLiteral, UnaryRange
from .kinds import kind_of
from .temporal_text import parse_date, parse_datetime, parse_duration, parse_time
from .types import type_of
from .values import Range, unary_range

_CONSTRUCTORS = {
    "date": parse_date,
    "time": parse_time,
    "date and time": parse_datetime,
    "duration": parse_duration,
}
_ENDPOINTS = frozenset(
    ("number", "string", "date", "time", "date and time", "days and time duration", "years and months duration")
)


class _NotConstant(Exception):
    pass


def _constant(node: Node) -> Any:
    if isinstance(node, Literal):
        return node.value
    if (
        isinstance(node, Call)
        and isinstance(node.function, Name)
        and len(node.args) == 1
        and isinstance(node.args[0], Literal)
        and isinstance(node.args[0].value, str)
        and node.function.name in _CONSTRUCTORS
    ):
        return _CONSTRUCTORS[node.function.name](node.args[0].value)
    raise _NotConstant


def range_of(node: Node) -> Range | None:
    """The range that a tree denotes without evaluating anything, or None."""
    try:
        if isinstance(node, RangeLiteral):
            start, end = _constant(node.start), _constant(node.end)
            if start is None and end is None:
                return None
            if start is None:
                return unary_range("<=" if node.end_included else "<", end) if not node.start_included else None
            if end is None:
                return unary_range(">=" if node.start_included else ">", start) if not node.end_included else None
            if kind_of(start) is kind_of(end) and type_of(start) in _ENDPOINTS:
                return Range(start, end, node.start_included, node.end_included)
        if isinstance(node, UnaryRange):
            endpoint = _constant(node.endpoint)
            return unary_range(node.operator, endpoint) if type_of(endpoint) in _ENDPOINTS else None
    except _NotConstant:
        return None
    return None
