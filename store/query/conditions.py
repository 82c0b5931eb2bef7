"""SQL conditions from filter values. Values travel as parameters only; the SQL text comes from the tables of filters.

A `Filter` has a kind (what the value must look like) and a function from the value and all filters to a condition.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast

from interpreter.ids import split
from store.errors import InvalidQuery

Kind = Literal["string", "strings", "boolean", "integer", "date", "variables", "value", "conditions"]
Filters = Mapping[str, Any]

_MAX_LIST = 10_000


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of SQL with `%s` and the values for them, in order."""

    text: str
    params: tuple[Any, ...] = ()


NEVER = Sql("false")
Build = Callable[[Any, Filters], Sql | None]


@dataclass(frozen=True, slots=True)
class Filter:
    """`build` answers None when the filter alone changes nothing (a switch that another filter reads)."""

    kind: Kind
    build: Build

    def condition(self, name: str, value: Any, filters: Filters) -> Sql | None:
        """The condition for a value of this filter. Raises `InvalidQuery` when the value has the wrong shape."""
        if not _SHAPES[self.kind](value):
            raise InvalidQuery(f"Expected {_EXPECTED[self.kind]} as the value of '{name}' but it was {value!r:.80}.")
        if self.kind == "boolean" and not value:
            return None
        return self.build(value, filters)


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and len(cast("Sequence[Any]", value)) <= _MAX_LIST


def _are_strings(value: Any) -> bool:
    return _is_list(value) and all(isinstance(item, str) for item in value)


def _are_objects(value: Any) -> bool:
    return _is_list(value) and all(isinstance(item, Mapping) for item in value)


_SHAPES: Mapping[Kind, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "strings": _are_strings,
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63,
    "date": lambda value: isinstance(value, datetime) and value.tzinfo is not None,
    "variables": _are_objects,
    "value": lambda value: True,
    "conditions": _are_objects,
}
_EXPECTED: Mapping[Kind, str] = {
    "string": "a text",
    "strings": f"a list of at most {_MAX_LIST} texts",
    "boolean": "true or false",
    "integer": "a whole number",
    "date": "a date with its zone",
    "variables": "a list of {name, operator, value}",
    "value": "any value",
    "conditions": "a list of {operator, value}",
}


def every(parts: Sequence[Sql], word: str = "AND") -> Sql:
    """All conditions, joined."""
    text = f" {word} ".join(f"({part.text})" for part in parts)
    return Sql(text, tuple(value for part in parts for value in part.params))


# -- filters on one expression


def eq(expression: str, kind: Kind = "string") -> Filter:
    return Filter(kind, lambda value, _: Sql(f"{expression} = %s", (value,)))


def ne(expression: str) -> Filter:
    return Filter("string", lambda value, _: Sql(f"{expression} IS DISTINCT FROM %s", (value,)))


def like(expression: str) -> Filter:
    return Filter("string", lambda value, _: Sql(f"{expression} LIKE %s", (value,)))


def not_like(expression: str) -> Filter:
    return Filter("string", lambda value, _: Sql(f"({expression} IS NULL OR {expression} NOT LIKE %s)", (value,)))


def any_of(expression: str) -> Filter:
    return Filter("strings", lambda value, _: Sql(f"{expression} = ANY(%s)", (list(value),)))


def none_of(expression: str) -> Filter:
    return Filter("strings", lambda value, _: Sql(f"({expression} IS NULL OR {expression} <> ALL(%s))", (list(value),)))


def compare(expression: str, operator: Literal["<", "<=", ">", ">=", "="], kind: Kind = "date") -> Filter:
    return Filter(kind, lambda value, _: Sql(f"{expression} {operator} %s", (value,)))


def when(condition: str) -> Filter:
    """A switch: the condition holds when it is on."""
    return Filter("boolean", lambda _, __: Sql(condition))


def option(kind: Kind = "boolean") -> Filter:
    """Read by other filters."""
    return Filter(kind, lambda _, __: None)


def nothing(kind: Kind = "string") -> Filter:
    """A filter on what this engine does not have (CMMN cases): no row matches."""
    return Filter(kind, lambda _, __: NEVER)


def exists(statement: str, inner: Filter) -> Filter:
    """`statement` is a subquery that ends where the inner condition goes on."""

    def build(value: Any, filters: Filters) -> Sql | None:
        condition = inner.build(value, filters)
        return Sql(f"EXISTS ({statement} {condition.text})", condition.params) if condition else None

    return Filter(inner.kind, build)


# -- ids of things inside an instance: '<instance id>:<key>'


def id_text(alias: str, key: str = "key") -> str:
    """The id as SQL text."""
    return f"({alias}.instance_id || ':' || {alias}.{key})"


def execution_text(alias: str, key: str = "element") -> str:
    """The id of an element instance, which for key 1 is the instance's own."""
    return f"CASE WHEN {alias}.{key} = 1 THEN {alias}.instance_id ELSE {alias}.instance_id || ':' || {alias}.{key} END"


def id_is(alias: str, key: str = "key", *, instance: str | None = None) -> Filter:
    """`instance` is the SQL of the instance's id, if it is not the alias's `instance_id`."""
    owner = instance or f"{alias}.instance_id"

    def build(value: str, _: Filters) -> Sql:
        parts = _split([value])
        return Sql(f"{owner} = %s AND {alias}.{key} = %s", (parts[0][0], parts[1][0])) if parts[0] else NEVER

    return Filter("string", build)


def id_in(alias: str, key: str = "key", *, instance: str | None = None) -> Filter:
    """As `id_is`, for any of several. The instances alone come first: that is what there is an index for."""
    owner = instance or f"{alias}.instance_id"

    def build(value: Sequence[str], _: Filters) -> Sql:
        instances, keys = _split(value)
        return Sql(
            f"{owner} = ANY(%s) AND ({owner}, {alias}.{key}) IN (SELECT * FROM unnest(%s::text[], %s::integer[]))",
            (instances, instances, keys),
        )

    return Filter("strings", build)


def _split(ids: Sequence[str]) -> tuple[list[str], list[int]]:
    instances: list[str] = []
    keys: list[int] = []
    for item in ids:
        try:
            instance_id, key = split(item)
        except ValueError:
            continue  # no such id can exist
        if key < 2**31:
            instances.append(instance_id)
            keys.append(key)
    return instances, keys


# -- tenants


def tenants(expression: str, include: str | None = None) -> dict[str, Filter]:
    """tenantIdIn, withoutTenantId and, under the name `include`, the rows without tenant besides those listed."""

    def build(value: Sequence[str], filters: Filters) -> Sql:
        if include is not None and filters.get(include):
            return Sql(f"({expression} = ANY(%s) OR {expression} IS NULL)", (list(value),))
        return Sql(f"{expression} = ANY(%s)", (list(value),))

    found = {"tenantIdIn": Filter("strings", build), "withoutTenantId": when(f"{expression} IS NULL")}
    if include is not None:
        found[include] = option()
    return found
