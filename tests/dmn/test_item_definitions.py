"""Item definitions: structure, allowed values, conversions, instance of, recursion."""

from __future__ import annotations

from typing import Any

import pytest

from dmn import to_json
from tests.dmn.documents import decision, input_data, literal, model, requirements

TYPES = """
<itemDefinition name="tAge"><typeRef>number</typeRef>
  <allowedValues><text>[0..150]</text></allowedValues></itemDefinition>
<itemDefinition name="tColors" isCollection="true"><typeRef>string</typeRef>
  <allowedValues><text>"red", "green"</text></allowedValues></itemDefinition>
<itemDefinition name="tPair" isCollection="true"><typeRef>number</typeRef>
  <typeConstraint><text>count(?) = 2</text></typeConstraint></itemDefinition>
<itemDefinition name="tPerson"><itemComponent name="full name"><typeRef>string</typeRef></itemComponent>
  <itemComponent name="age"><typeRef>tAge</typeRef></itemComponent></itemDefinition>
<itemDefinition name="tPeople" isCollection="true"><typeRef>tPerson</typeRef></itemDefinition>
<itemDefinition name="tTree"><itemComponent name="label"><typeRef>string</typeRef></itemComponent>
  <itemComponent name="children" isCollection="true"><typeRef>tTree</typeRef></itemComponent></itemDefinition>
<itemDefinition name="tFunction"><functionItem outputTypeRef="number"><parameters name="a" typeRef="number"/>
  </functionItem></itemDefinition>
"""


def as_type(type_ref: str, given: Any) -> Any:
    compiled = model(TYPES, input_data("x", type_ref), decision("d", literal("x"), requirements(inputs=["x"])))
    return to_json(compiled.evaluate("d", {"x": given}).value)


@pytest.mark.parametrize(
    ("type_ref", "given", "expected"),
    [
        ("number", 5, 5),
        ("number", "5", None),
        ("number", [5], 5),
        ("number", [5, 6], None),
        ("Any", "x", "x"),
        ("tAge", 5, 5),
        ("tAge", 151, None),
        ("tAge", None, None),
        ("tColors", ["red", "green"], ["red", "green"]),
        ("tColors", ["red", "blue"], None),
        ("tColors", "red", ["red"]),
        ("tColors", [], []),
        ("tPair", [1, 2], [1, 2]),
        ("tPair", [1], None),
        ("tPerson", {"full name": "A", "age": 5}, {"full name": "A", "age": 5}),
        ("tPerson", {"full name": "A", "age": 5, "more": True}, {"full name": "A", "age": 5, "more": True}),
        ("tPerson", {"full name": "A"}, None),
        ("tPerson", {"full name": "A", "age": 200}, None),
        ("tPerson", {"full name": "A", "age": None}, {"full name": "A", "age": None}),
        ("tPeople", {"full name": "A", "age": 5}, [{"full name": "A", "age": 5}]),
        ("tTree", {"label": "a", "children": []}, {"label": "a", "children": []}),
        (
            "tTree",
            {"label": "a", "children": [{"label": "b", "children": []}]},
            {"label": "a", "children": [{"label": "b", "children": []}]},
        ),
        ("tTree", {"label": "a", "children": [{"label": 1, "children": []}]}, None),
        ("list&lt;number&gt;", [1, 2], [1, 2]),
        ("list&lt;number&gt;", ["a"], None),
    ],
)
def test_values_conform_or_are_null(type_ref: str, given: Any, expected: Any) -> None:
    assert as_type(type_ref, given) == expected


def test_dates_become_dates_and_times_where_required() -> None:
    compiled = model(decision("d", literal('date("2024-02-29")'), type_ref="date and time"))
    assert to_json(compiled.evaluate("d", {}).value) == "2024-02-29T00:00:00Z"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("5 instance of tAge", True),
        ("200 instance of tAge", True),
        ('"a" instance of tAge', False),
        ("null instance of tAge", False),
        ('{full name: "A", age: 5} instance of tPerson', True),
        ("{age: 5} instance of tPerson", False),
        ("[1, 2, 3] instance of tPair", True),
    ],
)
def test_instance_of_asks_for_structure_only(expression: str, expected: bool) -> None:
    assert model(TYPES, decision("d", literal(expression))).evaluate("d", {}).value is expected


def test_component_names_with_blanks_and_signs_are_known() -> None:
    types = TYPES.replace("full name", "first-last name")
    compiled = model(
        types, input_data("p", "tPerson"), decision("d", literal("p.first-last name"), requirements(inputs=["p"]))
    )
    assert compiled.evaluate("d", {"p": {"first-last name": "A", "age": 1}}).value == "A"


def test_unknown_types_are_a_finding_and_check_nothing() -> None:
    compiled = model(decision("d", literal("1"), type_ref="tNobody"))
    assert [finding.code for finding in compiled.diagnostics] == ["unknown-type"]
    assert compiled.evaluate("d", {}).value == 1


@pytest.mark.parametrize(
    ("type_ref", "given", "told"),
    [
        ("number", "x", "Expected number but it was string x, in input 'x'"),
        ("tPerson", {"full name": "A"}, "no entry 'age'"),
        ("tPerson", {"full name": 1, "age": 2}, "entry 'full name' with number"),
        ("tPerson", {"full name": "A", "age": 200}, "entry 'age' with a value that is not allowed"),
        (
            "tPeople",
            [{"full name": "A", "age": 2}, {"full name": "A", "age": "y"}],
            "item 2 with entry 'age' with string",
        ),
        ("tColors", ["red", "blue"], "item 2 with a value that is not allowed"),
    ],
)
def test_the_message_says_where_a_value_does_not_fit(type_ref: str, given: Any, told: str) -> None:
    compiled = model(TYPES, input_data("x", type_ref), decision("d", literal("x"), requirements(inputs=["x"])))
    (message,) = compiled.evaluate("d", {"x": given}).messages
    assert told in message.message
    assert message.element_id == "i-x"
