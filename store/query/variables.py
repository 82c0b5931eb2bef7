"""Conditions on the values of variables: name, operator and value, as Camunda's queries have them.

Numbers are compared as numbers whatever their type, texts as texts, dates (a text that looks like one) as instants.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from store.errors import InvalidQuery
from store.json_text import dumps
from store.query.conditions import Filter, Filters, Sql, every

_ORDERING = {"gt": ">", "gteq": ">=", "lt": "<", "lteq": "<="}
OPERATORS = ("eq", "neq", "gt", "gteq", "lt", "lteq", "like", "notLike")
_MAX_CONDITIONS = 100


def variables(owner: str) -> Filter:
    """A filter whose conditions must each hold for a variable; `owner` ties `v` to the row, e.g.
    ``v.instance_id = t.instance_id AND v.scope = 1``."""

    def build(value: Sequence[Mapping[str, Any]], filters: Filters) -> Sql | None:
        if len(value) > _MAX_CONDITIONS:
            raise InvalidQuery(
                f"Expected at most {_MAX_CONDITIONS} conditions on variables but there are {len(value)}."
            )
        parts = [condition(item, filters) for item in value]
        return every([exists_variable(owner, part) for part in parts]) if parts else None

    return Filter("variables", build)


def exists_variable(owner: str, part: Sql) -> Sql:
    """Some living variable of the owner for which `part` holds."""
    return Sql(f"EXISTS (SELECT 1 FROM variable v WHERE {owner} AND v.deleted_at IS NULL AND {part.text})", part.params)


def condition(item: Mapping[str, Any], filters: Filters) -> Sql:
    """The condition on `v` for one {name, operator, value}. Raises `InvalidQuery`."""
    name, operator, value = item.get("name"), item.get("operator") or "eq", item.get("value")
    if not isinstance(name, str):
        raise InvalidQuery(f"Expected the name of a variable in a condition but it was {name!r:.80}.")
    if operator not in OPERATORS:
        raise InvalidQuery(f"Expected an operator out of {', '.join(OPERATORS)} but it was {operator!r:.80}.")
    if filters.get("variableNamesIgnoreCase"):
        named = Sql("lower(v.name) = lower(%s)", (name,))
    else:
        named = Sql("v.name = %s", (name,))
    return every([named, matches(operator, value, bool(filters.get("variableValuesIgnoreCase")))])


def matches(operator: str, value: Any, ignore_case: bool) -> Sql:
    """The condition on the value of `v` alone."""
    if operator in ("like", "notLike"):
        if not isinstance(value, str):
            raise InvalidQuery(f"Expected a text as the pattern of '{operator}' but it was {value!r:.80}.")
        word = "LIKE" if operator == "like" else "NOT LIKE"
        shape = "lower(v.value #>> '{{}}') {0} lower(%s)" if ignore_case else "v.value #>> '{{}}' {0} %s"
        return Sql("jsonb_typeof(v.value) = 'string' AND " + shape.format(word), (value,))
    if operator in _ORDERING:
        return _ordered(_ORDERING[operator], value, operator)
    return _equal(value, ignore_case) if operator == "eq" else _different(value, ignore_case)


_DATE = (
    "CASE WHEN v.type = 'Date' AND pg_input_is_valid(v.value #>> '{{}}', 'timestamptz') "
    "THEN (v.value #>> '{{}}')::timestamptz {0} %s ELSE {1} END"
)


def _ordered(sign: str, value: Any, operator: str) -> Sql:
    if value is None or isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise InvalidQuery(
            f"Expected a number, a text or a date to compare with '{operator}' but it was {value!r:.80}."
        )
    if isinstance(value, str):
        comparison = f"(jsonb_typeof(v.value) = 'string' AND v.value {sign} %s::text::jsonb)"
        return _or_date(sign, value, Sql(comparison, (dumps(value),)))
    return Sql(f"jsonb_typeof(v.value) = 'number' AND v.value {sign} %s::text::jsonb", (dumps(value),))


def _equal(value: Any, ignore_case: bool) -> Sql:
    if value is None:
        return Sql("v.value IS NULL")
    if isinstance(value, str) and ignore_case:
        return Sql("lower(v.value #>> '{}') = lower(%s) AND jsonb_typeof(v.value) = 'string'", (value,))
    text = dumps(value)
    same = Sql("jsonb_hash(v.value) = jsonb_hash(%s::text::jsonb) AND v.value = %s::text::jsonb", (text, text))
    return _or_date("=", value, same) if isinstance(value, str) else same


def _different(value: Any, ignore_case: bool) -> Sql:
    if value is None:
        return Sql("v.value IS NOT NULL")
    if isinstance(value, str) and ignore_case:
        return Sql("lower(v.value #>> '{}') IS DISTINCT FROM lower(%s)", (value,))
    other = Sql("v.value IS DISTINCT FROM %s::text::jsonb", (dumps(value),))
    return _or_date("<>", value, other) if isinstance(value, str) else other


def _or_date(sign: str, value: str, plain: Sql) -> Sql:
    """A text that is a date is compared with dates as an instant, and with everything else as the text that it is."""
    instant = _instant(value)
    if instant is None:
        return plain
    return Sql(_DATE.format(sign, plain.text), (instant, *plain.params))


def _instant(text: str) -> datetime | None:
    if len(text) < 10 or not text[:4].isdigit() or text[4] != "-":
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
