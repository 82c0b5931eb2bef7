"""Names that values will bring with them: entries of boxed contexts, columns of relations, outputs of tables.

FEEL's parser must know a name with signs or keywords in it (`a-b`, `profit and loss`) before it can read `Result.a-b`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any, cast

from dmn.model import ContextEntry, DecisionTable, Expression, Relation


def member_names(expression: Expression | None) -> list[str]:
    """The names that are no plain identifiers, in document order, at any depth of the expression."""
    found: dict[str, None] = {}
    for name in _names(expression):
        if not name.isidentifier():
            found[name] = None
    return list(found)


def _names(part: Any) -> Iterator[str]:
    match part:
        case ContextEntry(variable) if variable is not None:
            yield variable.name
        case Relation(columns):
            yield from (column.name for column in columns)
        case DecisionTable():
            # Cells hold no names of their own; a large table is not worth the walk.
            yield from (clause.name for clause in part.outputs if clause.name is not None)
            return
        case _:
            pass
    if isinstance(part, tuple):
        for item in cast("tuple[Any, ...]", part):
            yield from _names(item)
    elif is_dataclass(part):
        for field in fields(part):
            value = getattr(part, field.name)
            if isinstance(value, tuple) or is_dataclass(value):
                yield from _names(value)
