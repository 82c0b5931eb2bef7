"""From rows of the read model to answers: field by field, in the order of the DTO, dates in Camunda's format.

Rows are frozen dataclasses whose fields carry the DTO's names in snake_case; a `Shape` is the compiled way from one to
the other. What a row does not have must be given as a constant, so that nothing is left out by accident.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from operator import attrgetter
from typing import Any, Final

from api.dates import format_date
from api.variables import variable_dto
from interpreter.values import Typed

_CAPITAL: Final = re.compile(r"(?<!^)([A-Z])")


class Shape:
    """Builds answers of the type `dto` from rows.

    Args:
        dto: the TypedDict of the answer.
        constants: fields that rows do not have, with their values.
    """

    def __init__(self, dto: Any, **constants: Any) -> None:
        names = [name for name in dto.__annotations__ if name not in constants]
        self._names = tuple(names)
        self._constants = constants
        self._get: Callable[[Any], tuple[Any, ...]] = attrgetter(*(snake_case(name) for name in names))

    def __call__(self, row: Any, **extra: Any) -> dict[str, Any]:
        """The answer for one row; `extra` overrides or adds fields."""
        values = [format_date(value) if isinstance(value, datetime) else value for value in self._get(row)]
        return {**self._constants, **dict(zip(self._names, values, strict=True)), **extra}

    def all(self, rows: Iterable[Any]) -> list[dict[str, Any]]:
        """The answers for rows."""
        return [self(row) for row in rows]


class VariableShape(Shape):
    """As `Shape`, for rows that carry a variable in `value`, `value_info` and the field `type_field`."""

    def __init__(self, dto: Any, type_field: str = "type", **constants: Any) -> None:
        super().__init__(dto, **dict.fromkeys((type_field, "value", "valueInfo")), **constants)
        self._type_field = type_field
        self._type = attrgetter(snake_case(type_field))

    def variable(self, row: Any, deserialize: bool = True, binary: bool = True) -> dict[str, Any]:
        """The answer for one variable row; `binary` false leaves bytes out, as lists do."""
        value = variable_dto(Typed(self._type(row), row.value, dict(row.value_info or {})), deserialize)
        content = None if value["type"] == "Bytes" and not binary else value["value"]
        return self(row, **{self._type_field: value["type"], "value": content, "valueInfo": value["valueInfo"]})


def row_value(row: Any) -> Any:
    """The engine's value that a variable row holds."""
    return Typed(row.type, row.value, dict(row.value_info or {}))


def snake_case(name: str) -> str:
    """`processInstanceId` -> `process_instance_id`."""
    return _CAPITAL.sub(r"_\1", name).lower()
