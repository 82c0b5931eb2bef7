"""What is served, against Camunda's own description of its API: paths, filters, and every field of every answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest

from api.operations import Operation
from api.resources import OPERATIONS
from tests.suites import suite

CONTRACT = json.loads((suite() / "camunda7-rest-contract.json").read_text())
DESCRIBED = {(operation["method"], operation["path"]): operation for operation in CONTRACT["operations"]}
SCORE = Path(__file__).with_name("operations_served.txt")

#: Parameters that change how an answer is made, not which rows are in it.
PRESENTATION = {
    "sortBy",
    "sortOrder",
    "firstResult",
    "maxResults",
    "deserializeValues",
    "sorting",
    "withCommentAttachmentInfo",
    "withTaskVariablesInReturn",
    "withTaskLocalVariablesInReturn",
}


def _normal(path: str) -> str:
    """A path without the names of its parameters, which are not part of the contract."""
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


NORMAL = {(method, _normal(path)): operation for (method, path), operation in DESCRIBED.items()}


def _known(operation: Operation) -> dict[str, Any] | None:
    return NORMAL.get((operation.method, _normal(operation.path)))


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: f"{operation.method} {operation.path}")
def test_only_what_camunda_has_is_served(operation: Operation) -> None:
    assert _known(operation) is not None, "not an operation of Camunda's API"


def test_no_operation_is_there_twice() -> None:
    keys = [(operation.method, _normal(operation.path)) for operation in OPERATIONS]
    assert len(keys) == len(set(keys))


def _fields(name: str) -> set[str]:
    schema = CONTRACT["schemas"][name]
    parts = schema.get("allOf", [schema])
    found: set[str] = set()
    for part in parts:
        if "$ref" in part:
            found |= _fields(part["$ref"].rpartition("/")[2])
        found |= set(part.get("properties", {}))
    return {field for field in found if not field.startswith("@")}


def _dto(kind: Any) -> Any | None:
    while get_origin(kind) in (list, dict):
        kind = get_args(kind)[-1]
    return kind if hasattr(kind, "__annotations__") else None


WITH_DTO = [operation for operation in OPERATIONS if _dto(operation.answer) is not None]
#: Answers whose further fields are only there when they are asked for.
ON_REQUEST = {"variables", "attachment", "comment"}


@pytest.mark.parametrize("operation", WITH_DTO, ids=lambda operation: f"{operation.method} {operation.path}")
def test_answers_have_every_field(operation: Operation) -> None:
    described = _known(operation)
    assert described is not None
    shape = described["responses"].get("200", {}).get("application/json")
    names = [name for name in CONTRACT["schemas"] if name in str(shape).replace("[", " ").replace("]", " ").split()]
    if not names:
        return
    expected = _fields(max(names, key=len))
    dto = _dto(operation.answer)
    assert dto is not None
    assert expected - ON_REQUEST <= set(dto.__annotations__) | ON_REQUEST


LISTS = [operation for operation in OPERATIONS if operation.query is not None and operation.method == "GET"]


@pytest.mark.parametrize("operation", LISTS, ids=lambda operation: operation.path)
def test_every_filter_is_known(operation: Operation) -> None:
    described = _known(operation)
    assert described is not None
    assert operation.query is not None
    wanted = {param["name"] for param in described["params"] if param["in"] == "query"} - PRESENTATION
    offered = set(operation.query.filters) | {param["name"] for param in operation.params}
    missing = wanted - offered
    # expressions are off in Camunda, too, unless it is configured otherwise; the answer is 400 either way
    assert {name for name in missing if not name.endswith("Expression")} == set()


@pytest.mark.parametrize("operation", LISTS, ids=lambda operation: operation.path)
def test_every_sorting_is_known(operation: Operation) -> None:
    described = _known(operation)
    assert described is not None
    assert operation.query is not None
    for param in described["params"]:
        if param["name"] == "sortBy":
            wanted = {name.strip() for name in param.get("enum", ()) if not name.startswith("case")}
            assert wanted <= set(operation.query.sorts)


def test_every_operation_is_served_or_refused_with_a_reason() -> None:
    known = {(operation.method, _normal(operation.path)) for operation in OPERATIONS}
    assert set(NORMAL) - known == set()


def test_the_number_of_operations_only_rises() -> None:
    served = {(operation.method, _normal(operation.path)) for operation in OPERATIONS if not operation.hidden}
    served &= set(NORMAL)
    score = int(SCORE.read_text())
    assert len(served) >= score, f"{len(served)} operations are served, {score} were before"
    if len(served) > score:
        SCORE.write_text(f"{len(served)}\n")
