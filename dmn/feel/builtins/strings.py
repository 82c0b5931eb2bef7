"""String functions (DMN 1.5, 10.3.4.3). Positions count characters (code points) from 1."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ..decimals import number_of, truncated
from ..errors import InvalidOperation
from ..regex import Pattern, PatternError, compile_pattern
from ..run import Run
from .signature import Library

library = Library()


@library.builtin("substring(string: string, start position: number, length: number?)", needs_run=True)
def substring(run: Run, text: str, start: Decimal, length: Decimal | None = None) -> str:
    """A negative start counts from the end."""
    run.charge_string(len(text))
    first = truncated(start)
    if first is None or first == 0 or abs(first) > len(text):
        raise InvalidOperation(f"Expected a start position within {len(text)} characters but found {start}")
    begin = first - 1 if first > 0 else len(text) + first
    if length is None:
        return text[begin:]
    size = truncated(length)
    if size is None or size < 1:
        raise InvalidOperation(f"Expected a length of at least 1 but found {length}")
    return text[begin : begin + size]


@library.builtin("string length(string: string)")
def string_length(text: str) -> Decimal:
    return number_of(len(text))


@library.builtin("upper case(string: string)", needs_run=True)
def upper_case(run: Run, text: str) -> str:
    run.charge_string(len(text))
    return text.upper()


@library.builtin("lower case(string: string)", needs_run=True)
def lower_case(run: Run, text: str) -> str:
    run.charge_string(len(text))
    return text.lower()


@library.builtin("substring before(string: string, match: string)", needs_run=True)
def substring_before(run: Run, text: str, match: str) -> str:
    run.charge_string(len(text))
    at = text.find(match)
    return text[:at] if at > 0 else ""


@library.builtin("substring after(string: string, match: string)", needs_run=True)
def substring_after(run: Run, text: str, match: str) -> str:
    run.charge_string(len(text))
    at = text.find(match)
    return text[at + len(match) :] if at >= 0 else ""


@library.builtin("contains(string: string, match: string)", needs_run=True)
def contains(run: Run, text: str, match: str) -> bool:
    run.charge_string(len(text))
    return match in text


@library.builtin("starts with(string: string, match: string)", needs_run=True)
def starts_with(run: Run, text: str, match: str) -> bool:
    run.charge_string(len(text))
    return text.startswith(match)


@library.builtin("ends with(string: string, match: string)", needs_run=True)
def ends_with(run: Run, text: str, match: str) -> bool:
    run.charge_string(len(text))
    return text.endswith(match)


def pattern_of(run: Run, text: str, pattern: str, flags: str | None) -> Pattern:
    run.charge(1 + (len(text) >> 3) + (len(pattern) >> 1))
    try:
        return compile_pattern(pattern, flags or "")
    except PatternError as problem:
        raise InvalidOperation(str(problem)) from problem


@library.builtin("matches(input: string, pattern: string, flags: string|null?)", needs_run=True, cost=60)
def matches(run: Run, text: str, pattern: str, flags: str | None = None) -> bool:
    """Whether the pattern occurs anywhere in the input."""
    return pattern_of(run, text, pattern, flags).search(text, run.charge)


@library.builtin(
    "replace(input: string, pattern: string, replacement: string, flags: string|null?)", needs_run=True, cost=60
)
def replace(run: Run, text: str, pattern: str, replacement: str, flags: str | None = None) -> str:
    r"""Every match replaced; `$1` is a group, `$0` the match, `\$` and `\\` the characters themselves."""
    compiled = pattern_of(run, text, pattern, flags)
    if compiled.search("", run.charge):
        raise InvalidOperation(f"Expected a pattern that does not match the empty string but found {pattern!r}")
    return replace_all(run, text, compiled, replacement)


def replace_all(run: Run, text: str, compiled: Pattern, replacement: str) -> str:
    """Every match of a compiled pattern replaced, matches of nothing included."""
    pieces = _replacement(replacement, compiled.groups)
    result: list[str] = []
    at = length = 0
    for spans in compiled.finditer(text, run.charge):
        start, end = spans[0]
        result.append(text[at:start])
        for piece in pieces:
            part = piece if isinstance(piece, str) else _group(text, spans, piece)
            length += len(part)
            result.append(part)
        at = end
        run.charge(1)
        if length > run.limits.string_length:
            break
    run.charge_string(length + len(text))
    result.append(text[at:])
    return "".join(result)


def _group(text: str, spans: list[tuple[int, int]], number: int) -> str:
    start, end = spans[number] if number < len(spans) else (-1, -1)
    return text[start:end] if start >= 0 else ""


def _replacement(text: str, groups: int) -> list[str | int]:
    pieces: list[str | int] = []
    at = 0
    while at < len(text):
        character = text[at]
        following = text[at + 1 : at + 2]
        if character == "\\":
            if following not in ("\\", "$") or not following:
                raise InvalidOperation("Expected '\\\\' or '\\$' in the replacement but found another escape")
            pieces.append(following)
            at += 2
        elif character == "$":
            if not (following.isascii() and following.isdigit()):
                raise InvalidOperation("Expected a group's number after '$' in the replacement")
            at += 2
            number = int(following)
            while text[at : at + 1].isascii() and text[at : at + 1].isdigit() and number * 10 + int(text[at]) <= groups:
                number = number * 10 + int(text[at])
                at += 1
            pieces.append(number)
        else:
            pieces.append(character)
            at += 1
    return pieces


@library.builtin("split(string: string, delimiter: string)", needs_run=True, cost=60)
def split(run: Run, text: str, delimiter: str) -> list[Any]:
    """The parts between the matches of a pattern. A match of nothing splits between two characters."""
    parts: list[Any] = []
    at = 0
    for spans in pattern_of(run, text, delimiter, None).finditer(text, run.charge):
        start, end = spans[0]
        if end == start and (start == 0 or start == len(text)):
            continue
        parts.append(text[at:start])
        at = end
        run.charge(1)
    parts.append(text[at:])
    run.charge_list(len(parts))
    return parts


@library.builtin(
    "string join(list: list, delimiter: string|null?, prefix: string|null?, suffix: string|null?)", needs_run=True
)
def string_join(
    run: Run, values: list[Any], delimiter: str | None = None, prefix: str | None = None, suffix: str | None = None
) -> str:
    """The strings of a list; nulls are left out."""
    strings: list[str] = []
    for value in values:
        if value is None:
            continue
        if not isinstance(value, str):
            raise InvalidOperation("Expected a list of strings for 'string join' but found another item")
        strings.append(value)
    delimiter = delimiter or ""
    length = sum(map(len, strings)) + len(delimiter) * len(strings) + len(prefix or "") + len(suffix or "")
    run.charge(len(values))
    run.charge_string(length)
    return (prefix or "") + delimiter.join(strings) + (suffix or "")
