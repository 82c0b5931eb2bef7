"""Typed variables on the wire: types and inference in, types and valueInfo out, sizes."""

from __future__ import annotations

from typing import Any

import pytest

from api.errors import RestError
from api.variables import (
    MAX_STRING_BYTES,
    MAX_VARIABLE_BYTES,
    MAX_VARIABLES_BYTES,
    read_variable,
    read_variables,
    variable_dto,
)
from interpreter.values import Typed


def _read(**dto: Any) -> Any:
    return read_variable(dto, "variables", "x")


@pytest.mark.parametrize(
    ("value", "type_name"),
    [
        (None, "Null"),
        (True, "Boolean"),
        (0, "Integer"),
        (2**31 - 1, "Integer"),
        (2**31, "Long"),
        (-(2**63), "Long"),
        (1.5, "Double"),
        ("", "String"),
        ([1], "Object"),
        ({"a": 1}, "Object"),
    ],
)
def test_the_type_is_inferred(value: Any, type_name: str) -> None:
    read = _read(value=value)
    assert read == value
    out = variable_dto(read)
    assert out["type"] == type_name
    assert out["value"] == value
    assert isinstance(out["valueInfo"], dict)


@pytest.mark.parametrize("spelling", ["Integer", "integer", "INTEGER"])
def test_types_are_read_in_any_case(spelling: str) -> None:
    assert _read(value=5, type=spelling) == 5


@pytest.mark.parametrize(
    ("type_name", "value", "expected"),
    [
        ("Integer", "7", 7),
        ("Integer", 7.0, 7),
        ("Long", "3000000000", 3000000000),
        ("Long", 7, Typed("Long", 7)),
        ("Short", "7", Typed("Short", 7)),
        ("Double", 7, 7.0),
        ("Double", "7.25", 7.25),
        ("Boolean", "true", True),
        ("Boolean", "FALSE", False),
        ("String", 5, "5"),
        ("String", None, Typed("String", None)),
        ("Null", None, None),
        ("Xml", "<a/>", Typed("Xml", "<a/>")),
        ("Json", '{"a": [1, 2]}', Typed("Json", {"a": [1, 2]})),
        ("Bytes", "aGk=", Typed("Bytes", "aGk=")),
        ("Date", "2013-01-23T13:42:42.657+0200", Typed("Date", "2013-01-23T11:42:42.657Z")),
    ],
)
def test_values_are_converted_to_their_type(type_name: str, value: Any, expected: Any) -> None:
    read = _read(value=value, type=type_name)
    assert read == expected
    assert type(read) is type(expected)


@pytest.mark.parametrize(
    ("type_name", "value"),
    [
        ("Integer", "seven"),
        ("Integer", 7.5),
        ("Integer", 2**31),
        ("Integer", True),
        ("Short", 40000),
        ("Long", 2**63),
        ("Double", "x"),
        ("Double", "nan"),
        ("Boolean", "yes"),
        ("Boolean", 1),
        ("String", {"a": 1}),
        ("Null", 1),
        ("Date", "soon"),
        ("Date", 5),
        ("Json", "{"),
        ("Object", {"a": 1}),
        ("Bytes", "*"),
        ("File", "aGk="),
        ("Wrong", 1),
    ],
)
def test_a_value_that_does_not_fit_its_type_is_400_and_names_the_variable(type_name: str, value: Any) -> None:
    with pytest.raises(RestError) as caught:
        _read(value=value, type=type_name)
    assert caught.value.status == 400
    assert caught.value.type == "InvalidRequestException"
    assert '"x"' in caught.value.message


@pytest.mark.parametrize(
    ("dto", "expected"),
    [
        ({"type": "Long", "value": 7}, {"type": "Long", "value": 7, "valueInfo": {}}),
        ({"type": "String", "value": None}, {"type": "String", "value": None, "valueInfo": {}}),
        ({"type": "json", "value": '{"b":1,"a":2}'}, {"type": "Json", "value": '{"b":1,"a":2}', "valueInfo": {}}),
        (
            {"type": "Date", "value": "2013-01-23T13:42:42.657+0200"},
            {"type": "Date", "value": "2013-01-23T11:42:42.657+0000", "valueInfo": {}},
        ),
        (
            {"type": "File", "value": "aGk=", "valueInfo": {"filename": "a.txt", "mimetype": "text/plain"}},
            {"type": "File", "value": None, "valueInfo": {"filename": "a.txt", "mimetype": "text/plain"}},
        ),
    ],
)
def test_what_goes_in_comes_out(dto: dict[str, Any], expected: dict[str, Any]) -> None:
    assert variable_dto(_read(**dto)) == expected


def test_objects_are_structure_or_text() -> None:
    info = {"objectTypeName": "org.Order", "serializationDataFormat": "application/json"}
    read = _read(type="Object", value='{"a":1}', valueInfo=info)
    assert variable_dto(read) == {"type": "Object", "value": {"a": 1}, "valueInfo": info}
    assert variable_dto(read, deserialize=False) == {"type": "Object", "value": '{"a":1}', "valueInfo": info}


def test_untyped_lists_and_maps_are_objects_in_json() -> None:
    out = variable_dto([1, 2], deserialize=False)
    assert out["value"] == "[1,2]"
    assert out["valueInfo"]["serializationDataFormat"] == "application/json"


def test_java_objects_are_refused() -> None:
    with pytest.raises(RestError, match="Java"):
        _read(
            type="Object", value="rO0A", valueInfo={"serializationDataFormat": "application/x-java-serialized-object"}
        )


def test_transient_is_told_to_the_engine_and_not_to_clients() -> None:
    read = _read(value=1, valueInfo={"transient": True})
    assert read == Typed("Integer", 1, {"transient": True})
    assert variable_dto(read) == {"type": "Integer", "value": 1, "valueInfo": {}}


def test_null_type_and_value_info_are_absent_ones() -> None:
    assert _read(value=1, type=None, valueInfo=None) == 1


def test_no_variables() -> None:
    assert read_variables(None) == {}
    assert read_variables({}) == {}


@pytest.mark.parametrize("wrong", [[], "x", 5])
def test_variables_must_be_a_map_of_objects(wrong: Any) -> None:
    with pytest.raises(RestError, match='"variables"'):
        read_variables(wrong)
    with pytest.raises(RestError, match=r"variables\.a"):
        read_variables({"a": wrong})


@pytest.mark.parametrize(
    ("dto", "limit"),
    [
        ({"value": "x" * 3_000_000}, MAX_STRING_BYTES),
        ({"value": "x" * (MAX_STRING_BYTES + 1), "type": "String"}, MAX_STRING_BYTES),
        ({"value": ["x" * (MAX_VARIABLE_BYTES + 1)]}, MAX_VARIABLE_BYTES),
        ({"value": "€" * (MAX_VARIABLE_BYTES // 2), "type": "Json"}, MAX_VARIABLE_BYTES),
    ],
)
def test_a_variable_that_is_too_large_is_named_with_the_limit(dto: dict[str, Any], limit: int) -> None:
    with pytest.raises(RestError, match=f'"big" of "variables" to take at most {limit} bytes') as caught:
        read_variables({"big": dto})
    assert caught.value.status == 400


def test_structured_and_binary_values_may_be_larger_than_strings() -> None:
    large = "x" * 10_000_000
    assert read_variables({"a": {"value": f'"{large}"', "type": "Json"}})
    assert read_variables({"a": {"value": [large]}})


def test_variables_together_are_bounded() -> None:
    third = {"value": ["x" * (MAX_VARIABLES_BYTES // 3)]}
    assert len(read_variables({"a": third, "b": third})) == 2
    with pytest.raises(RestError, match=f"at most {MAX_VARIABLES_BYTES} bytes together"):
        read_variables({"a": third, "b": third, "c": third})
