"""FEEL types: what `instance of` asks, and the implicit conversions of DMN 1.5, 10.3.2.9.4."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from .kinds import as_list, kind_of
from .temporal import DaysTimeDuration, FeelDate, FeelDateTime, FeelTime, YearsMonthsDuration
from .values import FeelFunction, Range

MAX_TYPE_DEPTH = 100


class FeelType:
    """Base of the type tree."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class SimpleType(FeelType):
    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class ListType(FeelType):
    item: FeelType

    def __str__(self) -> str:
        return f"list<{self.item}>"


@dataclass(frozen=True, slots=True)
class RangeType(FeelType):
    item: FeelType

    def __str__(self) -> str:
        return f"range<{self.item}>"


@dataclass(frozen=True, slots=True)
class ContextType(FeelType):
    """Named components; a value may have more entries than these."""

    fields: tuple[tuple[str, FeelType], ...]

    def __str__(self) -> str:
        return "context<" + ", ".join(f"{name}: {kind}" for name, kind in self.fields) + ">"


@dataclass(frozen=True, slots=True)
class FunctionType(FeelType):
    params: tuple[FeelType, ...]
    result: FeelType

    def __str__(self) -> str:
        return "function<" + ", ".join(map(str, self.params)) + f"> -> {self.result}"


@dataclass(frozen=True, slots=True)
class NamedType(FeelType):
    """A type known by name only (an item definition); looked up in the types of the evaluation."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class ConstrainedType(FeelType):
    """A base type with a test on its values (allowed values, type constraints)."""

    name: str
    base: FeelType
    allows: Callable[[Any], bool]

    def __str__(self) -> str:
        return self.name


ANY = SimpleType("Any")
NULL = SimpleType("Null")
NUMBER = SimpleType("number")
STRING = SimpleType("string")
BOOLEAN = SimpleType("boolean")
DATE = SimpleType("date")
TIME = SimpleType("time")
DATE_TIME = SimpleType("date and time")
DAYS_TIME = SimpleType("days and time duration")
YEARS_MONTHS = SimpleType("years and months duration")
ANY_LIST = ListType(ANY)
ANY_CONTEXT = ContextType(())
ANY_RANGE = RangeType(ANY)
ANY_FUNCTION = SimpleType("function")

SIMPLE_TYPES: Mapping[str, FeelType] = {
    "Any": ANY,
    "Null": NULL,
    "number": NUMBER,
    "string": STRING,
    "boolean": BOOLEAN,
    "date": DATE,
    "time": TIME,
    "date and time": DATE_TIME,
    "dateTime": DATE_TIME,
    "days and time duration": DAYS_TIME,
    "dayTimeDuration": DAYS_TIME,
    "years and months duration": YEARS_MONTHS,
    "yearMonthDuration": YEARS_MONTHS,
    "list": ANY_LIST,
    "context": ANY_CONTEXT,
    "range": ANY_RANGE,
    "function": ANY_FUNCTION,
}

_PYTHON_TYPE: Mapping[str, type] = {
    "number": Decimal,
    "string": str,
    "boolean": bool,
    "date": FeelDate,
    "time": FeelTime,
    "date and time": FeelDateTime,
    "days and time duration": DaysTimeDuration,
    "years and months duration": YearsMonthsDuration,
}

_NAME_OF: Mapping[type, str] = {kind: name for name, kind in _PYTHON_TYPE.items()} | {
    kind_of(None): "null",
    list: "list",
    dict: "context",
    Range: "range",
}

_NO_TYPES: Mapping[str, FeelType] = {}


def type_of(value: Any) -> str:
    """The name of a value's type: number, string, boolean, date, time, date and time, days and time duration,
    years and months duration, list, context, range, function, null."""
    name = _NAME_OF.get(kind_of(value))
    if name is not None:
        return name
    return "function" if isinstance(value, FeelFunction) else kind_of(value).__name__


def conforms(value: Any, kind: FeelType, types: Mapping[str, FeelType] = _NO_TYPES) -> bool:
    """Whether a value is of a type without any conversion; null is of every type (DMN 1.5, 10.3.2.9.1)."""
    return _conforms(value, kind, types, {}, 0)


def _conforms(
    value: Any, kind: FeelType, types: Mapping[str, FeelType], seen: dict[tuple[int, int], bool], depth: int
) -> bool:
    """`seen` has the answers for the lists and contexts that occur more than once, by identity."""
    if value is None or kind is ANY:
        return True
    if depth > MAX_TYPE_DEPTH:
        return False
    match kind:
        case SimpleType(name):
            if name == "function":
                return isinstance(value, FeelFunction)
            return kind_of(value) is _PYTHON_TYPE.get(name)
        case ListType(item):
            if kind_of(value) is not list:
                return False
            key = (id(value), id(kind))
            if key not in seen:
                seen[key] = all(_conforms(v, item, types, seen, depth + 1) for v in value)
            return seen[key]
        case ContextType(fields):
            if kind_of(value) is not dict:
                return False
            key = (id(value), id(kind))
            if key not in seen:
                seen[key] = all(
                    name in value and _conforms(value[name], field, types, seen, depth + 1) for name, field in fields
                )
            return seen[key]
        case RangeType(item):
            return (
                kind_of(value) is Range
                and _conforms(value.start, item, types, seen, depth + 1)
                and _conforms(value.end, item, types, seen, depth + 1)
            )
        case FunctionType():
            return isinstance(value, FeelFunction) and _function_conforms(value, kind, types)
        case ConstrainedType(_, base, allows):
            return _conforms(value, base, types, seen, depth + 1) and allows(value)
        case NamedType(name):
            named = types.get(name)
            return named is not None and _conforms(value, named, types, seen, depth + 1)
        case _:
            return False


def is_instance(value: Any, kind: FeelType, types: Mapping[str, FeelType] = _NO_TYPES) -> bool:
    """`value instance of kind`: null is an instance of the null type only."""
    if value is None:
        return kind is NULL
    return conforms(value, kind, types)


def _function_conforms(value: FeelFunction, kind: FunctionType, types: Mapping[str, FeelType]) -> bool:
    if len(value.params) != len(kind.params):
        return False
    for param, wanted in zip(value.params, kind.params, strict=True):
        if param.type is not None and not is_subtype(wanted, param.type, types):
            return False
    result = getattr(value, "result", None)
    return result is None or is_subtype(result, kind.result, types)


def is_subtype(narrow: FeelType, wide: FeelType, types: Mapping[str, FeelType] = _NO_TYPES, depth: int = 0) -> bool:
    """Whether every value of `narrow` is a value of `wide` (DMN 1.5, 10.3.2.9.2)."""
    if wide is ANY or narrow == wide or narrow is NULL:
        return True
    if depth > MAX_TYPE_DEPTH:
        return False
    if isinstance(narrow, NamedType):
        found = types.get(narrow.name)
        return found is not None and is_subtype(found, wide, types, depth + 1)
    if isinstance(wide, NamedType):
        found = types.get(wide.name)
        return found is not None and is_subtype(narrow, found, types, depth + 1)
    if isinstance(narrow, ConstrainedType):
        return is_subtype(narrow.base, wide, types, depth + 1)
    match narrow, wide:
        case (ListType(a), ListType(b)) | (RangeType(a), RangeType(b)):
            return is_subtype(a, b, types, depth + 1)
        case ContextType(a), ContextType(b):
            have = dict(a)
            return all(name in have and is_subtype(have[name], field, types, depth + 1) for name, field in b)
        case FunctionType(a, result), FunctionType(b, wanted):
            return (
                len(a) == len(b)
                and all(is_subtype(y, x, types, depth + 1) for x, y in zip(a, b, strict=True))
                and is_subtype(result, wanted, types, depth + 1)
            )
        case FunctionType(), SimpleType("function"):
            return True
        case _:
            return False


def coerce(value: Any, kind: FeelType, types: Mapping[str, FeelType] = _NO_TYPES) -> tuple[Any, bool]:
    """The value as `kind` and True, after an implicit conversion if one is needed (element <-> singleton list,
    date -> date and time at UTC midnight); the value unchanged and False when it does not fit."""
    if conforms(value, kind, types):
        return value, True
    resolved = _resolved(kind, types)
    if kind_of(value) is list and len(as_list(value)) == 1 and not isinstance(resolved, ListType):
        inner = as_list(value)[0]
        if inner is not None:
            converted, fits = (
                coerce(inner, kind, types) if kind_of(inner) is not list else (inner, conforms(inner, kind, types))
            )
            if fits:
                return converted, True
    if isinstance(resolved, ListType) and kind_of(value) is not list and conforms([value], kind, types):
        return [value], True
    if resolved is DATE_TIME and kind_of(value) is FeelDate:
        return FeelDateTime(value.year, value.month, value.day, 0, 0), True
    return value, False


def _resolved(kind: FeelType, types: Mapping[str, FeelType]) -> FeelType:
    for _ in range(MAX_TYPE_DEPTH):
        if isinstance(kind, NamedType):
            kind = types.get(kind.name, kind)
            if isinstance(kind, NamedType):
                return kind
        elif isinstance(kind, ConstrainedType):
            kind = kind.base
        else:
            return kind
    return kind
