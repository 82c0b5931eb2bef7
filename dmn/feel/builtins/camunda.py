"""Functions that Camunda 8 adds to the standard. They are in scope in the `camunda` dialect only."""

from __future__ import annotations

import base64
import binascii
import json
from decimal import Decimal
from typing import Any

from ..decimals import CONTEXT, to_index
from ..errors import InvalidOperation
from ..json_values import from_json, to_json
from ..run import Run
from ..temporal import FeelDate, FeelDateTime, FeelTime, datetime_of_instant, days_in_month
from ..values import is_same
from ..zones import parse_zone
from . import context, conversion, lists, numeric, strings
from .signature import Library

library = Library()


@library.builtin("is defined(value: any)")
def is_defined(value: Any) -> bool:
    return value is not None


@library.builtin("get or else(value: any, default: any)")
def get_or_else(value: Any, default: Any) -> Any:
    return default if value is None else value


@library.builtin("assert(value: any, condition: any, cause: string?)")
def assert_(value: Any, condition: Any, cause: str | None = None) -> Any:
    if condition is not True:
        raise InvalidOperation(cause or "Expected the condition of 'assert' to be true but it is not")
    return value


@library.builtin("is blank(string: string)")
def is_blank(text: str) -> bool:
    return not text.strip()


@library.builtin("trim(string: string)")
def trim(text: str) -> str:
    return text.strip()


@library.builtin("uuid()", needs_run=True, pure=False)
def uuid(run: Run) -> str:
    digits = "".join(f"{int(_chance(run) * 65_536):04x}" for _ in range(8))
    variant = "89ab"[int(digits[16], 16) % 4]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


@library.builtin("random number()", needs_run=True, pure=False)
def random_number(run: Run) -> Decimal:
    return CONTEXT.create_decimal(repr(_chance(run)))


def _chance(run: Run) -> float:
    if run.random is None:
        raise InvalidOperation("Expected an evaluation with a source of chance but it was given none")
    return run.random()


@library.builtin("to base64(value: string)", needs_run=True)
def to_base64(run: Run, text: str) -> str:
    run.charge_string(2 * len(text))
    return base64.b64encode(text.encode("utf-8", "replace")).decode("ascii")


@library.builtin("from base64(value: string)", needs_run=True)
def from_base64(run: Run, text: str) -> str:
    run.charge_string(len(text))
    try:
        return base64.b64decode(text, validate=True).decode("utf-8")
    except (binascii.Error, ValueError) as problem:
        raise InvalidOperation("Expected the base64 form of a text but found something else") from problem


@library.builtin("extract(input: string, pattern: string, flags: string|null?)", needs_run=True, cost=60)
def extract(run: Run, text: str, pattern: str, flags: str | None = None) -> list[Any]:
    """Every match of the pattern."""
    compiled = strings.pattern_of(run, text, pattern, flags)
    found = [text[spans[0][0] : spans[0][1]] for spans in compiled.finditer(text, run.charge)]
    run.charge_list(len(found))
    return found


@library.builtin(
    "replace(input: string, pattern: string, replacement: string, flags: string|null?)", needs_run=True, cost=60
)
def replace(run: Run, text: str, pattern: str, replacement: str, flags: str | None = None) -> str:
    """As in the standard, but the pattern may match nothing."""
    return strings.replace_all(run, text, strings.pattern_of(run, text, pattern, flags), replacement)


@library.builtin("context(entries: list)", needs_run=True)
def context_of(run: Run, entries: list[Any]) -> dict[str, Any]:
    """As in the standard, but of equal keys the last one counts."""
    return context.make_context(run, entries, last_key_wins=True)


@library.builtin("last day of month(date: date)")
def last_day_of_month(day: FeelDate | FeelDateTime) -> FeelDate:
    return FeelDate(day.year, day.month, days_in_month(day.year, day.month))


@library.builtin("is empty(list: list)")
def is_empty(values: list[Any]) -> bool:
    return not values


@library.builtin("partition(list: list, size: number)", needs_run=True)
def partition(run: Run, values: list[Any], size: Decimal) -> list[Any]:
    length = to_index(size)
    if length is None or length < 1:
        raise InvalidOperation(f"Expected a whole size of at least 1 but found {size}")
    run.charge_list(len(values))
    return [values[at : at + length] for at in range(0, len(values), length)]


@library.builtin("duplicate values(list: list)", needs_run=True)
def duplicate_values(run: Run, values: list[Any]) -> list[Any]:
    found: list[Any] = []
    for index, value in enumerate(values):
        run.charge(4 * (len(values) - index))
        repeated = any(is_same(value, other, run) for other in values[index + 1 :])
        if repeated and not any(is_same(value, other, run) for other in found):
            found.append(value)
    return found


def _refuse_constant(text: str) -> Any:
    raise ValueError(f"{text} is no JSON value")


@library.builtin("from json(value: string)", needs_run=True)
def from_json_text(run: Run, text: str) -> Any:
    run.charge_string(16 * len(text))
    try:
        return from_json(json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant))
    except (ValueError, RecursionError) as problem:
        raise InvalidOperation("Expected JSON text but found something else") from problem


@library.builtin("to json(value: any)", needs_run=True)
def to_json_text(run: Run, value: Any) -> str:
    text = json.dumps(to_json(value, run), ensure_ascii=False, separators=(",", ":"))
    run.charge_string(len(text))
    return text


@library.builtin("fromAi(value: any, description: any?, type: any?, schema: any?, options: any?)")
def from_ai(value: Any, *_: Any) -> Any:
    """Marks a value that an AI agent provides; evaluates to that value."""
    return value


@library.builtin("date and time(from: any)")
def date_and_time(value: Any) -> FeelDateTime:
    return conversion.date_and_time(value)


@library.builtin("date and time(date: any, time: any)")
def date_and_time_of(day: Any, other: Any) -> FeelDateTime:
    if isinstance(day, (FeelDate, FeelDateTime)) and isinstance(other, FeelTime):
        return conversion.date_and_time_of(day, other)
    return in_zone(day, other)


@library.builtin("date and time(date: any, timezone: string)")
def in_zone(moment: Any, timezone: Any) -> FeelDateTime:
    """The same instant as clocks show it in another zone."""
    if not isinstance(moment, FeelDateTime) or moment.zone is None or not isinstance(timezone, str):
        raise InvalidOperation("Expected a date with a time, or a zoned date and time with a zone's name")
    zone = parse_zone(timezone) if timezone[:1] in ("Z", "+", "-") else parse_zone("@" + timezone)
    moved = None if zone is None else datetime_of_instant(moment.instant(), zone)
    if moved is None:
        raise InvalidOperation(f"Expected a time zone but found {timezone!r}")
    return moved


library.builtin("abs(n: any)")(numeric.absolute)
library.builtin("abs(number: any)")(numeric.absolute)
library.builtin("and(list: list)", variadic=True, needs_run=True)(lists.all_)
library.builtin("or(list: list)", variadic=True, needs_run=True)(lists.any_)


@library.builtin("context put(context: context, key: any, value: any)", needs_run=True)
@library.builtin("context put(context: context, keys: list, value: any)", needs_run=True)
@library.builtin("put(context: context, key: any, value: any)", needs_run=True)
def context_put(run: Run, original: dict[str, Any], key: Any, value: Any) -> dict[str, Any]:
    """As in the standard, but nested contexts that are missing are made."""
    return context.put_entry(run, original, key, value, create=True)


library.builtin("put all(contexts: list)", variadic=True, needs_run=True)(context.context_merge)
