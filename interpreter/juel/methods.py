"""Methods that values have inside JUEL: those of Java's String, List, Map, Number and date classes that models use."""

# A method's receiver and arguments have any type: the tables below cannot say more without repeating each line.
# pyright: reportUnknownLambdaType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from interpreter import calendar
from interpreter.failures import Failure
from interpreter.juel import operators as op
from interpreter.juel.values import Moment

Method = Callable[..., Any]


def _index(value: Any, what: str = "an index") -> int:
    found = op.number(value)
    if isinstance(found, float) and not found.is_integer():
        raise Failure(f"Expected {what} but it was {found!r}.")
    return int(found)


def _substring(s: str, start: Any, end: Any = None) -> str:
    first, last = _index(start), len(s) if end is None else _index(end)
    if not 0 <= first <= last <= len(s):
        raise Failure(f"Expected a range within 0 and {len(s)} but it was {first} to {last}.")
    return s[first:last]


def _char_at(s: str, index: Any) -> str:
    return _substring(s, index, _index(index) + 1)


def _get(value: list[Any], index: Any) -> Any:
    at = _index(index)
    if not 0 <= at < len(value):
        raise Failure(f"Expected an index below {len(value)} but it was {at}.")
    return value[at]


def _split(s: str, separator: Any) -> list[str]:
    text = op.text(separator).replace("\\", "")
    if not text:
        return list(s)
    parts = s.split(text)
    while len(parts) > 1 and not parts[-1]:
        parts.pop()
    return parts


def _compare_to(s: Any, other: Any) -> int:
    return -1 if op.less(s, other) else 0 if op.equal(s, other) else 1


def _replace(s: str, old: Any, new: Any) -> str:
    result = s.replace(op.text(old), op.text(new))
    if len(result) > op.MAX_TEXT:
        raise Failure(f"Expected text of at most {op.MAX_TEXT} characters but it was longer.")
    return result


STRING: dict[str, Method] = {
    "length": len,
    "isEmpty": lambda s: not s,
    "isBlank": lambda s: not s.strip(),
    "contains": lambda s, part: op.text(part) in s,
    "startsWith": lambda s, part: s.startswith(op.text(part)),
    "endsWith": lambda s, part: s.endswith(op.text(part)),
    "equals": lambda s, other: isinstance(other, str) and s == other,
    "equalsIgnoreCase": lambda s, other: isinstance(other, str) and s.lower() == other.lower(),
    "compareTo": _compare_to,
    "indexOf": lambda s, part: s.find(op.text(part)),
    "lastIndexOf": lambda s, part: s.rfind(op.text(part)),
    "substring": _substring,
    "charAt": _char_at,
    "toUpperCase": str.upper,
    "toLowerCase": str.lower,
    "trim": str.strip,
    "strip": str.strip,
    "concat": lambda s, other: s + op.text(other),
    "replace": _replace,
    "split": _split,
    "toString": lambda s: s,
    "hashCode": lambda s: _java_hash(s),
}


def _java_hash(s: str) -> int:
    value = 0
    for character in s:
        value = (value * 31 + ord(character)) & 0xFFFFFFFF
    return value - 2**32 if value >= 2**31 else value


LIST: dict[str, Method] = {
    "size": len,
    "isEmpty": lambda v: not v,
    "contains": lambda v, item: any(op.equal(i, item) for i in v),
    "containsAll": lambda v, items: all(any(op.equal(i, item) for i in v) for item in items),
    "get": _get,
    "indexOf": lambda v, item: next((n for n, i in enumerate(v) if op.equal(i, item)), -1),
    "equals": lambda v, other: v == other,
    "toString": op.text,
}

MAP: dict[str, Method] = {
    "size": len,
    "isEmpty": lambda v: not v,
    "get": lambda v, key: v.get(op.text(key)),
    "getOrDefault": lambda v, key, default: v.get(op.text(key), default),
    "containsKey": lambda v, key: op.text(key) in v,
    "containsValue": lambda v, value: any(op.equal(i, value) for i in v.values()),
    "keySet": list,
    "values": lambda v: list(v.values()),
    "equals": lambda v, other: v == other,
    "toString": op.text,
    # Spin's JSON nodes, as far as they only read
    "prop": lambda v, key: v.get(op.text(key)),
    "hasProp": lambda v, key: op.text(key) in v,
    "value": lambda v: v,
}

NUMBER: dict[str, Method] = {
    "intValue": lambda n: int(n),
    "longValue": lambda n: int(n),
    "doubleValue": lambda n: float(n),
    "equals": lambda n, other: type(n) is type(other) and n == other,
    "compareTo": _compare_to,
    "toString": op.text,
}

BOOLEAN: dict[str, Method] = {
    "booleanValue": lambda b: b,
    "equals": lambda b, other: b is other,
    "toString": op.text,
}


def _plus(unit: str, sign: int) -> Method:
    def plus(moment: Moment, amount: Any) -> Moment:
        n = _index(amount, "a whole number") * sign
        kinds = {
            "Years": calendar.Duration(months=12),
            "Months": calendar.Duration(months=1),
            "Weeks": calendar.Duration(days=7),
            "Days": calendar.Duration(days=1),
            "Hours": calendar.Duration(millis=3_600_000),
            "Minutes": calendar.Duration(millis=60_000),
            "Seconds": calendar.Duration(millis=1000),
            "Millis": calendar.Duration(millis=1),
        }
        try:
            return Moment(calendar.add(moment.millis, kinds[unit], n))
        except ValueError as error:
            raise Failure(str(error)) from None

    return plus


MOMENT: dict[str, Method] = {
    "getTime": lambda d: d.millis,
    "getMillis": lambda d: d.millis,
    "toDate": lambda d: d,
    "toInstant": lambda d: d,
    "before": lambda d, other: op.less(d, other),
    "isBefore": lambda d, other: op.less(d, other),
    "after": lambda d, other: op.less(other, d),
    "isAfter": lambda d, other: op.less(other, d),
    "equals": lambda d, other: d == other,
    "compareTo": _compare_to,
    "toString": str,
    **{
        f"{name}{unit}": _plus(unit, sign)
        for name, sign in (("plus", 1), ("minus", -1))
        for unit in ("Years", "Months", "Weeks", "Days", "Hours", "Minutes", "Seconds", "Millis")
    },
}


def call(value: Any, name: str, arguments: list[Any]) -> Any:
    """Call a method of a value."""
    if isinstance(value, str):
        table, what = STRING, "text"
    elif isinstance(value, bool):
        table, what = BOOLEAN, "a boolean"
    elif isinstance(value, int | float):
        table, what = NUMBER, "a number"
    elif isinstance(value, list):
        table, what = LIST, "a list"
    elif isinstance(value, dict):
        table, what = MAP, "a map"
    elif isinstance(value, Moment):
        table, what = MOMENT, "a date"
    elif value is None:
        raise Failure(f"Expected a value to call {name}() of but it was null.", "unresolved")
    else:
        return value.call(name, arguments)
    method = table.get(name)
    if method is None:
        raise Failure(f"Expected a method of {what} that this engine has but it was {name}().")
    try:
        return method(value, *arguments)
    except TypeError:
        raise Failure(f"Expected other arguments for {name}() of {what} but there were {len(arguments)}.") from None
