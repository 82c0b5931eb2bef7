"""Camunda's names for the types of variable values, and the columns that a value is kept in."""

from __future__ import annotations

from typing import Any, cast

from interpreter.codec import decode_value
from interpreter.values import Typed

_INTEGER_MIN, _INTEGER_MAX = -(2**31), 2**31 - 1


def columns(encoded: Any) -> tuple[str, Any, dict[str, Any] | None]:
    """Type, value and value info of a variable value in the engine's JSON form (`interpreter.codec.encode_value`)."""
    kind = type(encoded)
    if kind is str:
        return "String", encoded, None
    if encoded is None:
        return "Null", None, None
    if kind is bool:
        return "Boolean", encoded, None
    if kind is int:
        return ("Integer" if _INTEGER_MIN <= encoded <= _INTEGER_MAX else "Long"), encoded, None
    if kind is float:
        return "Double", encoded, None
    value = decode_value(encoded)
    if type(value) is Typed:
        return value.type, cast(Any, value.value), value.info or None
    return "Object", value, None
