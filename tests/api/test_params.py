"""Query filters from the URL and from bodies."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from api.errors import RestError
from api.params import Query

QUERY = Query(
    {
        "name": "string",
        "idIn": "strings",
        "active": "boolean",
        "priority": "integer",
        "after": "date",
        "processVariables": "variables",
        "dueDates": "conditions",
        "variableValue": "value",
    },
    ["id", "name", "processVariable"],
    or_queries=True,
)


def test_from_the_url() -> None:
    criteria = QUERY.from_get(
        {
            "name": "",
            "idIn": "a, b,,c",
            "active": "True",
            "priority": "-5",
            "after": "2013-01-23T13:42:42.657+0200",
            "processVariables": "a_eq_1,b_like_x%",
            "dueDates": "gt_2013-01-23T11:42:42.657Z",
            "sortBy": "name",
            "sortOrder": "desc",
            "firstResult": "5",
            "maxResults": "0",
            "whatever": "is ignored",
        }
    )
    assert criteria.filters == {
        "name": "",
        "idIn": ["a", "b", "c"],
        "active": True,
        "priority": -5,
        "after": datetime(2013, 1, 23, 11, 42, 42, 657000, tzinfo=UTC),
        "processVariables": [
            {"name": "a", "operator": "eq", "value": "1"},
            {"name": "b", "operator": "like", "value": "x%"},
        ],
        "dueDates": [{"operator": "gt", "value": datetime(2013, 1, 23, 11, 42, 42, 657000, tzinfo=UTC)}],
    }
    assert [(sort.by, sort.descending) for sort in criteria.sorting] == [("name", True)]
    assert (criteria.first, criteria.limit) == (5, 0)


def test_from_a_body_paging_stays_in_the_url() -> None:
    criteria = QUERY.from_body(
        {
            "name": 5,
            "active": "true",
            "priority": "7",
            "processVariables": [{"name": "a", "operator": "neq", "value": 1}],
            "variableValue": {"any": "thing"},
            "sorting": [
                {"sortBy": "id", "sortOrder": "asc"},
                {"sortBy": "processVariable", "sortOrder": "desc", "parameters": {"variable": "x", "type": "Integer"}},
            ],
            "orQueries": [{"name": "a", "priority": 1}, {}],
            "maxResults": 3,
        },
        {"maxResults": "2"},
    )
    assert criteria.filters == {
        "name": "5",
        "active": True,
        "priority": 7,
        "processVariables": [{"name": "a", "operator": "neq", "value": 1}],
        "variableValue": {"any": "thing"},
        "orQueries": [{"name": "a", "priority": 1}],
    }
    assert [(sort.by, sort.variable, sort.type) for sort in criteria.sorting] == [
        ("id", None, None),
        ("processVariable", "x", "Integer"),
    ]
    assert criteria.limit == 2


@pytest.mark.parametrize("body", [None, {}, {"active": False, "name": None, "sorting": None, "orQueries": None}])
def test_false_and_null_are_no_filter(body: Any) -> None:
    criteria = QUERY.from_body(body, {})
    assert criteria.filters == {}
    assert criteria.sorting == []
    assert criteria.limit is None


@pytest.mark.parametrize("text", ["true", "TRUE", "True", " true "])
def test_booleans_in_any_case(text: str) -> None:
    assert QUERY.from_get({"active": text}).filters == {"active": True}
    assert QUERY.from_get({"active": "False"}).filters == {}


@pytest.mark.parametrize(
    ("params", "named"),
    [
        ({"active": "yes"}, "active"),
        ({"priority": "1.5"}, "priority"),
        ({"priority": "9" * 30}, "priority"),
        ({"after": "now"}, "after"),
        ({"after": '"2013-01-23T13:42:42.657+0200"'}, "after"),
        ({"processVariables": "a_eq"}, "processVariables"),
        ({"processVariables": "a_b_eq_1"}, "processVariables"),
        ({"processVariables": "a_is_1"}, "processVariables"),
        ({"dueDates": "eq_2013-01-23T11:42:42.657Z"}, "dueDates"),
        ({"sortBy": "name"}, "sortBy"),
        ({"sortOrder": "asc"}, "sortOrder"),
        ({"sortBy": "color", "sortOrder": "asc"}, "sortBy"),
        ({"sortBy": "name", "sortOrder": "up"}, "sortOrder"),
        ({"firstResult": "-1"}, "firstResult"),
        ({"maxResults": "many"}, "maxResults"),
    ],
)
def test_a_wrong_parameter_is_400_and_named(params: dict[str, str], named: str) -> None:
    with pytest.raises(RestError, match=named) as caught:
        QUERY.from_get(params)
    assert (caught.value.status, caught.value.type) == (400, "InvalidRequestException")


@pytest.mark.parametrize(
    "body",
    [
        [],
        "x",
        {"name": {}},
        {"idIn": [1]},
        {"idIn": 5},
        {"active": 1},
        {"priority": 1.5},
        {"after": 5},
        {"processVariables": {"name": "a"}},
        {"processVariables": [{"operator": "eq", "value": 1}]},
        {"processVariables": [{"name": "a", "operator": "is", "value": 1}]},
        {"sorting": {}},
        {"sorting": [{"sortBy": "name"}]},
        {"sorting": [{"sortBy": "processVariable", "sortOrder": "asc"}]},
        {"orQueries": [{"orQueries": [{"name": "a"}]}]},
        {"orQueries": [{"sorting": [{"sortBy": "id", "sortOrder": "asc"}]}]},
        {"orQueries": [{"name": "a"}] * 51},
        {"idIn": ["a"] * 10_001},
    ],
)
def test_a_wrong_body_is_400(body: Any) -> None:
    with pytest.raises(RestError) as caught:
        QUERY.from_body(body, {})
    assert (caught.value.status, caught.value.type) == (400, "InvalidRequestException")


def test_or_queries_only_where_they_exist() -> None:
    with pytest.raises(RestError, match="orQueries"):
        Query({"name": "string"}).from_body({"orQueries": [{"name": "a"}]}, {})
