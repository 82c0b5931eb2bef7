"""Type guards for the two FEEL values that are Python containers."""

from __future__ import annotations

from typing import Any, TypeGuard


def is_list(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def is_context(value: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)
