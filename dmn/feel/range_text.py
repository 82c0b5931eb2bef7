"""Ranges written as text: only literals and constructors of constants may be endpoints."""

from __future__ import annotations

import re
from typing import Any

from .ast import Call, Literal, Name, Node, RangeLiteral
from .errors import FeelSyntaxError
from .kinds import kind_of
from .parser import parse_expression
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


_OPEN_START = re.compile(r"\s*[(\]]\s*\.\.(.*)([)\]\[])\s*\Z", re.DOTALL)
_OPEN_END = re.compile(r"\s*([\[(\]])(.*)\.\.\s*[)\[]\s*\Z", re.DOTALL)


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


def parse_range(text: str) -> Range | None:
    """The range that a text denotes: both ends given, or one left out behind a round bracket (`(..5]`, `[5..)`)."""
    try:
        match = _OPEN_START.match(text)
        if match is not None:
            return _bounded("<=" if match[2] == "]" else "<", _constant(_parsed(match[1])))
        match = _OPEN_END.match(text)
        if match is not None:
            return _bounded(">=" if match[1] == "[" else ">", _constant(_parsed(match[2])))
        node = _parsed(text)
        if isinstance(node, RangeLiteral):
            start, end = _constant(node.start), _constant(node.end)
            if kind_of(start) is kind_of(end) and type_of(start) in _ENDPOINTS:
                return Range(start, end, node.start_included, node.end_included)
    except (_NotConstant, FeelSyntaxError):
        return None
    return None


def _parsed(text: str) -> Node:
    return parse_expression(text)[0]


def _bounded(operator: str, endpoint: Any) -> Range | None:
    return unary_range(operator, endpoint) if type_of(endpoint) in _ENDPOINTS else None
