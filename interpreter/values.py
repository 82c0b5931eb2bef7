"""Process variable values: what a scope may hold, and the way into and out of FEEL.

A variable value is JSON data (``None``, ``bool``, ``int``, ``float``, ``str``, ``list``, ``dict``) or a `Typed` value
for what JSON cannot say. Instants in the engine are integers: milliseconds since 1970-01-01T00:00:00Z.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

JsonValue = Any
"""``None | bool | int | float | str | list[JsonValue] | dict[str, JsonValue]`` (kept as Any: recursive types cost
more than they tell)."""

Millis = int
"""Milliseconds since the Unix epoch, UTC."""


@dataclass(frozen=True, slots=True)
class Typed:
    """A value whose type is not the one that its JSON form would suggest (Camunda's Date, Long, Short, Bytes, File,
    Xml, Object ...).

    `type` is Camunda's name with a capital ("Date", "Long"); `value` is its JSON form (a Date is an ISO 8601 string,
    Bytes and File are base64); `info` is Camunda's valueInfo.
    """

    type: str
    value: JsonValue
    info: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])


VariableValue = Any
"""``JsonValue | Typed``."""
