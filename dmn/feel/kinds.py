"""`type()` for values of any type: says `Any` to the type checker instead of narrowing to half-known generics."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeGuard, cast

kind_of: Callable[[object], Any] = type
"""The class of a value."""


def as_list(value: object) -> list[Any]:
    """A value that is known to be a list."""
    return cast("list[Any]", value)


def as_context(value: object) -> dict[str, Any]:
    """A value that is known to be a context."""
    return cast("dict[str, Any]", value)


def is_mapping(value: object) -> TypeGuard[Mapping[Any, Any]]:
    return isinstance(value, Mapping)


def is_sequence(value: object) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, (list, tuple))
