"""Query filters: the read model's table of a collection serves GET parameters, POST bodies and the API description.

The store names the filters of each collection (with Camunda's own names) and the properties to sort by. `from_get` and
`from_body` answer the same `Criteria`: filters that are null or false are gone, lists are lists, dates are instants.
What is wrong is a 400 InvalidRequestException that names the parameter. Unknown parameters are ignored, as in Camunda.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol, TypeVar, cast

from api.dates import parse_date
from api.errors import RestError, bad_user_request, invalid_request
from store.query import Sort

#: The most rows that one answer may have; more must be asked for page by page.
MAX_RESULTS: Final = 20_000
MAX_LIST_LENGTH: Final = 10_000
MAX_OR_QUERIES: Final = 50

_T = TypeVar("_T")
_INT: Final = (-(2**31), 2**31 - 1)
_LONG: Final = (-(2**63), 2**63 - 1)
#: Properties to sort by that need the variable's name and type as `parameters`.
VARIABLE_SORTS: Final = (
    "processVariable",
    "executionVariable",
    "taskVariable",
    "caseExecutionVariable",
    "caseInstanceVariable",
)
OPERATORS: Final = ("eq", "neq", "gt", "gteq", "lt", "lteq", "like", "notLike")


@dataclass(slots=True)
class Criteria:
    """What a query asks for. `first` and `limit` page the answer; groups of alternatives are the filter `orQueries`."""

    filters: dict[str, Any] = field(default_factory=dict[str, Any])
    sorting: list[Sort] = field(default_factory=list[Sort])
    first: int = 0
    limit: int | None = None


class Collection(Protocol):
    """What a `Query` needs to know of a collection of the read model (`store.query.Resource`)."""

    @property
    def filters(self) -> Mapping[str, Any]: ...

    @property
    def sorts(self) -> Iterable[str]: ...

    @property
    def or_queries(self) -> bool: ...


class Query:
    """The filters and sort properties of one collection.

    `filters` maps names to kinds: string strings boolean integer date variables value conditions.
    """

    def __init__(self, filters: Mapping[str, str], sorts: Iterable[str] = (), or_queries: bool = False) -> None:
        self.filters = {name: kind for name, kind in filters.items() if name != "orQueries"}
        self.sorts = tuple(sorted(sorts))
        self.or_queries = or_queries

    @classmethod
    def of(cls, collection: Collection) -> Query:
        """The query of a collection of the read model."""
        return cls(
            {name: str(kind) for name, kind in collection.filters.items()}, collection.sorts, collection.or_queries
        )

    def from_get(self, params: Mapping[str, str]) -> Criteria:
        """The criteria of a GET request."""
        criteria = Criteria(first=page_number(params, "firstResult") or 0, limit=page_number(params, "maxResults"))
        for name, text in params.items():
            self._refuse_expression(name)
            kind = self.filters.get(name)
            if kind is None or (text == "" and kind != "string"):
                continue
            value = _from_text(name, kind, text)
            if value is not None:
                criteria.filters[name] = value
        by, order = params.get("sortBy"), params.get("sortOrder")
        if (by is None) != (order is None):
            raise invalid_request("Only a single sorting parameter specified. sortBy and sortOrder required")
        if by is not None and order is not None:
            criteria.sorting.append(self._sort(by, order, None))
        return criteria

    def from_body(self, data: object, params: Mapping[str, str]) -> Criteria:
        """The criteria of a POST request; paging comes from the URL."""
        criteria = self.from_query_object(data)
        criteria.first = page_number(params, "firstResult") or 0
        criteria.limit = page_number(params, "maxResults")
        return criteria

    def from_query_object(self, data: object, where: str = "the query") -> Criteria:
        """The criteria of a query object, such as `processInstanceQuery` inside another body."""
        body = _object(data, where)
        criteria = Criteria(filters=self._filters(body))
        for level in _list(body.get("sorting"), "sorting"):
            item = _object(level, "sorting")
            by, order = item.get("sortBy"), item.get("sortOrder")
            if not isinstance(by, str) or not isinstance(order, str):
                raise invalid_request("Only a single sorting parameter specified. sortBy and sortOrder required")
            criteria.sorting.append(self._sort(by, order, item.get("parameters")))
        groups = _list(body.get("orQueries"), "orQueries")
        if groups and not self.or_queries:
            raise invalid_request('Expected no "orQueries" in this query but there are some.')
        if len(groups) > MAX_OR_QUERIES:
            raise invalid_request(f'Expected at most {MAX_OR_QUERIES} "orQueries" but there are {len(groups)}.')
        for group in groups:
            item = _object(group, "orQueries")
            if item.get("orQueries") or item.get("sorting"):
                raise invalid_request('Expected no "sorting" and no "orQueries" inside "orQueries" but there are some.')
            alternatives = self._filters(item)
            if alternatives:
                criteria.filters.setdefault("orQueries", []).append(alternatives)
        return criteria

    def schema(self) -> dict[str, Any]:
        """JSON schema of the POST body."""
        properties = {name: _schema(kind) for name, kind in self.filters.items()}
        if self.sorts:
            properties["sorting"] = {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "sortBy": {"type": "string", "enum": list(self.sorts)},
                        "sortOrder": {"type": "string", "enum": ["asc", "desc"]},
                        "parameters": {"type": "object", "nullable": True},
                    },
                },
            }
        if self.or_queries:
            properties["orQueries"] = {"type": "array", "items": {"type": "object"}}
        return {"type": "object", "properties": properties}

    def parameters(self, paging: bool = True, sorting: bool = True) -> list[dict[str, Any]]:
        """OpenAPI parameters of the GET request."""
        found = [_parameter(name, _schema(kind, text=True)) for name, kind in self.filters.items()]
        if self.sorts and sorting:
            found.append(_parameter("sortBy", {"type": "string", "enum": list(self.sorts)}))
            found.append(_parameter("sortOrder", {"type": "string", "enum": ["asc", "desc"]}))
        return [*found, *PAGING] if paging else found

    def _filters(self, body: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, given in body.items():
            if given is not None:
                self._refuse_expression(name)
            kind = self.filters.get(name)
            if kind is None or given is None:
                continue
            value = _from_json(name, kind, given)
            if value is not None:
                found[name] = value
        return found

    def _refuse_expression(self, name: str) -> None:
        if name.endswith("Expression") and name.removesuffix("Expression") in self.filters:
            raise bad_user_request(f"Expressions are forbidden in queries but '{name}' is one.")

    def _sort(self, by: str, order: str, parameters: object) -> Sort:
        if by not in self.sorts:
            raise invalid_request(
                f"sortBy parameter has invalid value: {by}; expected one of {', '.join(self.sorts) or 'nothing'}."
            )
        if order not in ("asc", "desc"):
            raise invalid_request(f"sortOrder parameter has invalid value: {order}; expected asc or desc.")
        if by not in VARIABLE_SORTS:
            return Sort(by, order == "desc")
        item = _object(parameters, f'"parameters" of the sorting by {by}')
        variable, kind = item.get("variable"), item.get("type")
        if not isinstance(variable, str) or not isinstance(kind, str):
            raise invalid_request(f'Expected "parameters" with "variable" and "type" for the sorting by {by}.')
        return Sort(by, order == "desc", variable, kind)


def page_number(params: Mapping[str, str], name: str) -> int | None:
    """`firstResult` or `maxResults` of a request. RestError 400 when it is no number from 0 up."""
    text = params.get(name)
    if text is None or text == "":
        return None
    value = _number(name, text, _INT)
    if value < 0:
        raise invalid_request(f"Expected the query parameter '{name}' to be 0 or more but it was {value}.")
    return value


def flag(params: Mapping[str, str], name: str, default: bool = False) -> bool:
    """A boolean request parameter, in any case."""
    text = params.get(name)
    return default if text is None or text == "" else _boolean(name, text)


def text_list(params: Mapping[str, str], name: str) -> list[str] | None:
    """A comma separated request parameter."""
    text = params.get(name)
    return None if text is None else _csv(name, text)


PAGING: Final[list[dict[str, Any]]] = [
    {"name": "firstResult", "in": "query", "schema": {"type": "integer", "minimum": 0}},
    {"name": "maxResults", "in": "query", "schema": {"type": "integer", "minimum": 0}},
]


def _schema(kind: str, text: bool = False) -> dict[str, Any]:
    match kind:
        case "boolean":
            return {"type": "boolean"}
        case "integer":
            return {"type": "integer", "format": "int64"}
        case "date":
            return {"type": "string", "format": "date-time"}
        case "strings" if not text:
            return {"type": "array", "items": {"type": "string"}}
        case "variables" if not text:
            item = {
                "name": {"type": "string"},
                "operator": {"type": "string", "enum": list(OPERATORS)},
                "value": {},
            }
            return {"type": "array", "items": {"type": "object", "properties": item}}
        case "conditions" if not text:
            item = {"operator": {"type": "string", "enum": ["gt", "lt"]}, "value": {"type": "string"}}
            return {"type": "array", "items": {"type": "object", "properties": item}}
        case "value" if not text:
            return {}
        case _:
            return {"type": "string"}


def _parameter(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema or {"type": "string"}}


# --- values ---------------------------------------------------------------------------------------------------------


def _from_text(name: str, kind: str, text: str) -> Any:
    match kind:
        case "boolean":
            return _boolean(name, text) or None
        case "integer":
            return _number(name, text, _LONG)
        case "date":
            return _date(name, text)
        case "strings":
            return _csv(name, text)
        case "variables":
            return [_split_variable(name, part) for part in _csv(name, text)]
        case "conditions":
            return [_split_condition(name, part) for part in _csv(name, text)]
        case _:
            return text


def _from_json(name: str, kind: str, value: object) -> Any:
    match kind:
        case "value":
            return value
        case "boolean":
            if isinstance(value, bool):
                return value or None
            if isinstance(value, str):
                return _boolean(name, value) or None
        case "integer":
            if isinstance(value, int | str) and not isinstance(value, bool):
                return _number(name, str(value), _LONG)
        case "date":
            if isinstance(value, str):
                return _date(name, value)
        case "strings":
            items = [value] if isinstance(value, str) else value
            if isinstance(items, list) and all(isinstance(item, str) for item in cast("list[object]", items)):
                return _bounded(name, cast("list[str]", items))
        case "variables":
            if isinstance(value, list):
                return [_variable(name, item) for item in _bounded(name, cast("list[object]", value))] or None
        case "conditions":
            if isinstance(value, list):
                return [_condition(name, item) for item in _bounded(name, cast("list[object]", value))] or None
        case _:
            if isinstance(value, str):
                return value
            if isinstance(value, bool | int | float):
                return str(value).lower() if isinstance(value, bool) else str(value)
    raise invalid_request(f'Expected "{name}" of the query to be {_EXPECTED[kind]} but it was {str(value)[:80]}.')


_EXPECTED: Final = {
    "string": "a text",
    "boolean": "a boolean",
    "integer": "a whole number",
    "date": "a date as text",
    "strings": "a list of texts",
    "variables": "a list of objects",
    "conditions": "a list of objects",
}


def _boolean(name: str, text: str) -> bool:
    lowered = text.strip().lower()
    if lowered not in ("true", "false"):
        raise _cannot_set(name, text, "expected true or false")
    return lowered == "true"


def _number(name: str, text: str, bounds: tuple[int, int]) -> int:
    stripped = text.strip()
    digits = stripped.lstrip("+-")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 19 or len(stripped) - len(digits) > 1:
        raise _cannot_set(name, text, "expected a whole number")
    value = int(stripped)
    if not bounds[0] <= value <= bounds[1]:
        raise _cannot_set(name, text, f"expected a whole number from {bounds[0]} to {bounds[1]}")
    return value


def _date(name: str, text: str) -> datetime:
    try:
        return parse_date(text)
    except ValueError as error:
        raise invalid_request(f"Cannot set query parameter '{name}' to value '{text}': {error}") from error


def _csv(name: str, text: str) -> list[str]:
    return _bounded(name, [part.strip() for part in text.split(",") if part.strip()])


def _split_variable(name: str, part: str) -> dict[str, Any]:
    pieces = part.split("_")
    if len(pieces) != 3:
        raise invalid_request(
            f"Expected each part of the query parameter '{name}' to be name_operator_value but it was '{part}'."
        )
    return {"name": pieces[0], "operator": _operator(name, pieces[1]), "value": pieces[2]}


def _split_condition(name: str, part: str) -> dict[str, Any]:
    operator, separator, text = part.partition("_")
    if not separator:
        raise invalid_request(
            f"Expected each part of the query parameter '{name}' to be operator_date but it was '{part}'."
        )
    return _condition(name, {"operator": operator, "value": text})


def _variable(name: str, item: object) -> dict[str, Any]:
    data = _object(item, name)
    variable = data.get("name")
    if not isinstance(variable, str) and name != "variableValues":
        raise invalid_request(f'Expected each entry of "{name}" to have a "name".')
    return {"name": variable, "operator": _operator(name, data.get("operator")), "value": data.get("value")}


def _condition(name: str, item: object) -> dict[str, Any]:
    data = _object(item, name)
    operator, value = data.get("operator"), data.get("value")
    if operator not in ("gt", "lt") or not isinstance(value, str):
        raise invalid_request(f'Expected each entry of "{name}" to have the "operator" gt or lt and a date as "value".')
    return {"operator": operator, "value": _date(name, value)}


def _operator(name: str, operator: object) -> str:
    if operator not in OPERATORS:
        raise invalid_request(
            f"Invalid variable comparator specified in '{name}': {operator}; expected {', '.join(OPERATORS)}."
        )
    return cast("str", operator)


def _bounded(name: str, items: list[_T]) -> list[_T]:
    if len(items) > MAX_LIST_LENGTH:
        raise invalid_request(f"Expected at most {MAX_LIST_LENGTH} entries in '{name}' but there are {len(items)}.")
    return items


def _cannot_set(name: str, text: str, expected: str) -> RestError:
    return invalid_request(f"Cannot set query parameter '{name}' to value '{text[:80]}': {expected}.")


def _object(data: object, where: str) -> Mapping[str, Any]:
    if data is None:
        return {}
    if not isinstance(data, Mapping):
        raise invalid_request(f"Expected {where} to be an object but it was {str(data)[:80]}.")
    return cast("Mapping[str, Any]", data)


def _list(data: object, where: str) -> list[object]:
    if data is None:
        return []
    if not isinstance(data, list):
        raise invalid_request(f'Expected "{where}" to be a list but it was {str(data)[:80]}.')
    return cast("list[object]", data)
