"""One kind of row that can be listed, counted and looked up."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from store.database import Database
from store.errors import InvalidQuery
from store.query.conditions import Filter, Filters, Kind, Sql, every

R = TypeVar("R")

MAX_ROWS = 50_000
"""No list is longer, whatever was asked for."""

OR_QUERIES = "orQueries"
_MAX_OR_QUERIES = 100
_VALUE_TYPES = ("String", "Boolean", "Short", "Integer", "Long", "Double", "Date")


@dataclass(frozen=True, slots=True)
class Sort:
    """Order by a name of the resource. `variable` and `type` only when sorting by a variable's value."""

    by: str
    descending: bool = False
    variable: str | None = None
    type: str | None = None


class Resource(Generic[R]):
    """`row` is a frozen dataclass; `columns` gives the SQL of its fields (fields without one keep their default).

    `source` is what follows FROM, `where` what always holds, `identity` the filter for `get`, `order` the order when
    none is asked for and between equals. `variable_sorts` maps a sort name to the subquery of the variable's value,
    whose only parameter is the name.
    """

    def __init__(
        self,
        row: type[R],
        *,
        columns: Mapping[str, str],
        source: str,
        identity: Filter,
        order: str,
        filters: Mapping[str, Filter],
        sorts: Mapping[str, str],
        where: str = "true",
        variable_sorts: Mapping[str, str] | None = None,
        or_queries: bool = False,
    ) -> None:
        unknown = columns.keys() - {field.name for field in dataclasses.fields(row)}  # type: ignore[arg-type]  # a dataclass
        assert not unknown, f"{row.__name__} has no {sorted(unknown)}"
        self.row = row
        self.or_queries = or_queries
        self.sorts: frozenset[str] = frozenset(sorts) | frozenset(variable_sorts or {})
        self._filters = filters
        self._sorts = sorts
        self._variable_sorts = variable_sorts or {}
        self._identity = identity
        self._order = order
        self._where = where
        self._source = source
        self._select = "SELECT " + ", ".join(f"{sql} AS {name}" for name, sql in columns.items())

    @property
    def filters(self) -> dict[str, Kind]:
        """Names of the filters and the kind of their values."""
        return {name: item.kind for name, item in self._filters.items()}

    async def list(
        self,
        database: Database,
        filters: Filters | None = None,
        sorting: Sequence[Sort] = (),
        first: int = 0,
        maximum: int | None = None,
    ) -> list[R]:
        """The rows that match all filters. Raises `InvalidQuery` for names and values that do not exist."""
        return await self.list_where(database, None, filters, sorting, first, maximum)

    async def list_where(
        self,
        database: Database,
        also: Sql | None,
        filters: Filters | None = None,
        sorting: Sequence[Sort] = (),
        first: int = 0,
        maximum: int | None = None,
    ) -> list[R]:
        """`list`, of the rows for which `also` holds."""
        condition = self.condition(filters or {})
        if also is not None:
            condition = every([condition, also])
        order, values = self._ordering(sorting)
        limit = MAX_ROWS if maximum is None else max(0, min(maximum, MAX_ROWS))
        statement = f"{self._select} FROM {self._source} WHERE {condition.text} ORDER BY {order} LIMIT %s OFFSET %s"
        rows = await database.fetch(statement, (*condition.params, *values, limit, max(0, first)))
        return [self.row(**row) for row in rows]

    async def count(self, database: Database, filters: Filters | None = None) -> int:
        """How many rows match all filters."""
        condition = self.condition(filters or {})
        row = await database.fetch_one(
            f"SELECT count(*) AS n FROM {self._source} WHERE {condition.text}", condition.params
        )
        return row["n"] if row else 0

    async def get(self, database: Database, identifier: str) -> R | None:
        """The row with this id."""
        condition = self._identity.build(identifier, {})
        assert condition is not None, "an identity always has a condition"
        row = await database.fetch_one(
            f"{self._select} FROM {self._source} WHERE {self._where} AND {condition.text} LIMIT 1", condition.params
        )
        return self.row(**row) if row else None

    def condition(self, filters: Filters) -> Sql:
        """What a row must fulfil."""
        parts = [Sql(self._where), *self._conditions(filters)]
        queries = filters.get(OR_QUERIES)
        if queries is not None:
            if not self.or_queries or not isinstance(queries, Sequence) or len(queries) > _MAX_OR_QUERIES:
                raise InvalidQuery(
                    f"Expected '{OR_QUERIES}' only where they exist, as a list of at most {_MAX_OR_QUERIES}."
                )
            for query in queries:
                if OR_QUERIES in query or "sorting" in query:
                    raise InvalidQuery(f"Expected neither '{OR_QUERIES}' nor 'sorting' inside '{OR_QUERIES}'.")
                alternatives = self._conditions(query)
                if alternatives:
                    parts.append(every(alternatives, "OR"))
        return every(parts)

    def _conditions(self, filters: Filters) -> list[Sql]:
        found: list[Sql] = []
        for name, value in filters.items():
            if value is None or name == OR_QUERIES:
                continue
            known = self._filters.get(name)
            if known is None:
                raise InvalidQuery(f"Expected a filter of {self.row.__name__} but it was '{name}'.")
            condition = known.condition(name, value, filters)
            if condition is not None:
                found.append(condition)
        return found

    def _ordering(self, sorting: Sequence[Sort]) -> tuple[str, list[Any]]:
        terms: list[str] = []
        values: list[Any] = []
        for sort in sorting:
            direction = "DESC" if sort.descending else "ASC"
            if sort.by in self._variable_sorts:
                if not sort.variable or (sort.type is not None and sort.type.capitalize() not in _VALUE_TYPES):
                    raise InvalidQuery(f"Expected the name and type of a variable to sort by '{sort.by}'.")
                terms.append(f"({self._variable_sorts[sort.by]}) {direction}")
                values.append(sort.variable)
            elif sort.by in self._sorts:
                terms.append(f"{self._sorts[sort.by]} {direction}")
            else:
                raise InvalidQuery(f"Expected to sort by one of {sorted(self.sorts)} but it was '{sort.by}'.")
        return ", ".join([*terms, self._order]), values
