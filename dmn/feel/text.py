"""`string(value)`: values as text (DMN 1.5, 10.3.4.1)."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from .decimals import plain
from .kinds import as_context, as_list, kind_of
from .lexer import is_spellable, normalized
from .run import Run
from .values import MAX_DEPTH, FeelFunction, Range

_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_ESCAPED = re.compile(r'[\\"\n\r\t]')


def quoted(text: str) -> str:
    """A string as a FEEL literal."""
    return '"' + _ESCAPED.sub(lambda match: _ESCAPES[match[0]], text) + '"'


def feel_string(value: Any, run: Run | None = None) -> str | None:
    """The text of a value; None for null. A string is itself; inside a list or context it is quoted.

    The work counts against the limits of `run`, or else against the default ones: FeelLimitError beyond.
    """
    if value is None:
        return None
    if isinstance(value, str):
        return value
    return _text(value, 0, run or Run(keep_warnings=False))


def _text(value: Any, depth: int, run: Run) -> str:
    run.charge(4)
    if value is None:
        return "null"
    if isinstance(value, str):
        result = quoted(value)
    elif isinstance(value, bool):
        return "true" if value else "false"
    elif isinstance(value, Decimal):
        result = plain(value)
    elif depth > MAX_DEPTH:
        return "..."
    elif kind_of(value) is list:
        items = as_list(value)
        result = "[" + ", ".join([_text(item, depth + 1, run) for item in items]) + "]"
    elif kind_of(value) is dict:
        entries = as_context(value)
        result = "{" + ", ".join([f"{_key(k)}: {_text(v, depth + 1, run)}" for k, v in entries.items()]) + "}"
    elif isinstance(value, Range):
        result = _range(value, depth, run)
    elif isinstance(value, FeelFunction):
        result = value.signature()
    else:
        return str(value)
    run.charge_string(len(result))
    return result


def _key(key: str) -> str:
    return key if is_spellable(key) and normalized(key) == key else quoted(key)


def _range(value: Range, depth: int, run: Run) -> str:
    if value.operator:
        endpoint = value.start if value.operator in (">", ">=") else value.end
        return f"{value.operator}{_text(endpoint, depth + 1, run)}"
    opening, closing = "[" if value.start_included else "(", "]" if value.end_included else ")"
    return f"{opening}{_text(value.start, depth + 1, run)}..{_text(value.end, depth + 1, run)}{closing}"
