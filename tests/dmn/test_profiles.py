"""Each difference between the standard and Camunda's profiles, on both sides."""

from __future__ import annotations

from typing import Any

import pytest

from dmn import CAMUNDA7, SPEC, DmnCompileError, compile_dmn, parse_dmn, to_json
from dmn.profile import profile_named
from tests.dmn.documents import decision, document, input_data, literal, model, requirements, run, table

Rows = list[tuple[str, ...]]


def decide(profile: str, expression: str, context: dict[str, Any]) -> Any:
    """A decision that declares no requirements at all, as many Camunda 7 models do."""
    return model(decision("d", expression), profile=profile).evaluate("d", context)


def test_whole_context() -> None:
    assert decide("spec", literal("x + 1"), {"x": 1}).value is None
    assert decide("camunda7", literal("x + 1"), {"x": 1}).value == 2
    assert decide("camunda8", literal("x + 1"), {"x": 1}).value == 2


@pytest.mark.parametrize(("profile", "expected"), [("spec", None), ("camunda7", "a"), ("camunda8", "a")])
def test_checks_types(profile: str, expected: Any) -> None:
    compiled = model(decision("d", literal('"a"'), type_ref="number"), profile=profile)
    assert compiled.evaluate("d", {}).value == expected


@pytest.mark.parametrize(
    ("kind", "given", "test", "matches"),
    [
        ("integer", "5", "5", True),
        ("long", 5.0, "5", True),
        ("date", "2024-02-29T10:00:00", '< date and time("2024-03-01T00:00:00")', True),
        ("double", "5.5", "> 5", True),
        ("boolean", "true", "true", True),
        ("string", 5, '"5"', True),
    ],
)
def test_converts_types(kind: str, given: Any, test: str, matches: bool) -> None:
    expression = table(["x"], ["y"], [(test, "true")], input_types=[kind])
    assert decide("camunda7", expression, {"x": given}).value is (True if matches else None)
    assert run(expression, {"x": given}).value is None or kind == "long"


@pytest.mark.parametrize(("kind", "given"), [("integer", 5.7), ("integer", "x"), ("boolean", 1), ("date", "soon")])
def test_values_that_do_not_convert(kind: str, given: Any) -> None:
    result = decide("camunda7", table(["x"], ["y"], [("-", "1")], input_types=[kind]), {"x": given})
    assert [error.code for error in result.errors] == ["TYPE_CONVERSION"]


def test_output_types_convert() -> None:
    expression = table(["x"], ["y"], [("-", '"7"')], output_types=["integer"])
    assert decide("camunda7", expression, {"x": 1}).rule_results == [{"y": 7}]
    assert run(expression.replace("integer", "number"), {"x": 1}).value is None


def test_checks_input_values() -> None:
    expression = table(["x"], ["y"], [("-", "1")], input_values=["1,2"])
    assert run(expression, {"x": 3}).value is None
    assert decide("camunda7", expression, {"x": 3}).value == 1


def test_omits_empty_outputs() -> None:
    expression = table(["x"], ["y", "z"], [("-", "", "2")])
    assert run(expression, {"x": 1}).rule_results == [{"y": None, "z": 2}]
    assert decide("camunda7", expression, {"x": 1}).rule_results == [{"z": 2}]
    assert decide("camunda8", expression, {"x": 1}).rule_results == [{"y": None, "z": 2}]


def test_omitted_outputs_are_not_aggregated() -> None:
    for aggregation, standard, camunda in (("COUNT", 2, 1), ("SUM", None, 5)):
        expression = table(["x"], ["y"], [("-", ""), ("-", "5")], "COLLECT", aggregation)
        assert run(expression, {"x": 1}).value == standard
        assert decide("camunda7", expression, {"x": 1}).value == camunda


@pytest.mark.parametrize("policy", ["PRIORITY", "OUTPUT ORDER"])
def test_has_ordered_policies(policy: str) -> None:
    source = parse_dmn(document(decision("d", table(["x"], ["y"], [("-", "1")], policy, output_values=["1,2"]))))
    compile_dmn(source, strict=True)
    with pytest.raises(DmnCompileError, match="hit policy"):
        compile_dmn(source, profile="camunda7", strict=True)
    result = compile_dmn(source, profile="camunda7").evaluate("d", {"x": 1})
    assert [error.code for error in result.errors] == ["HIT_POLICY"]


def test_applies_defaults() -> None:
    expression = table(["x"], ["y"], [("> 5", "1")], defaults=["0"])
    assert run(expression, {"x": 1}).value == 0
    assert decide("camunda7", expression, {"x": 1}).value is None
    assert decide("camunda7", expression, {"x": 1}).rule_results == []


def test_cell_input() -> None:
    named = table(["x"], ["y"], [("amount > 5", "1")]).replace(
        '<input id="in0"', '<input id="in0" camunda:inputVariable="amount"'
    )
    plain = table(["x"], ["y"], [("cellInput > 5", "1")])
    for expression in (named, plain):
        assert decide("camunda7", expression, {"x": 6}).value == 1
        assert run(expression, {"x": 6}).value is None


def test_juel_in_braces() -> None:
    source = parse_dmn(document(decision("d", literal("${x + 1}"))))
    with pytest.raises(DmnCompileError, match="'\\$'"):
        compile_dmn(source, strict=True)
    with pytest.raises(DmnCompileError, match="'juel'"):
        compile_dmn(source, profile="camunda7", strict=True)


def required(profile: str, rows: Rows, policy: str, top: str) -> Any:
    compiled = model(
        decision("season id", table(["x"], ["season", "hint"], rows, policy)).replace(
            'name="season id"', 'name="Season"'
        ),
        decision("top", literal(top), requirements(decisions=["season id"])),
        profile=profile,
    )
    return to_json(compiled.evaluate("top", {"x": 1}).value)


def test_required_result() -> None:
    one: Rows = [("1", '"summer"', '"hot"')]
    assert required("spec", one, "UNIQUE", "Season.season") is None  # x is not required by the decision "Season"
    assert required("camunda7", one, "UNIQUE", 'season + " " + hint') == "summer hot"
    assert required("camunda8", one, "UNIQUE", "Season.season") == "summer"
    two: Rows = [*one, ("1", '"spring"', '"mild"')]
    assert required("camunda7", two, "COLLECT", "season") == ["summer", "spring"]
    assert required("camunda7", one, "COLLECT", "season") == ["summer"]


def test_other_languages_are_refused_by_name_or_plugged_in() -> None:
    source = parse_dmn(document(input_data("x"), decision("d", literal("${x + 1}", language="juel"))))
    with pytest.raises(DmnCompileError, match="language of feel but it was 'juel'"):
        compile_dmn(source, profile="camunda7", strict=True)

    def juel(text: str, names: tuple[str, ...]) -> Any:
        return lambda variables: variables["x"] * 10

    plugged = compile_dmn(source, profile="camunda7", languages={"juel": juel}, strict=True)
    assert plugged.evaluate("d", {"x": 2}).value == 20


def test_profiles_by_name() -> None:
    assert profile_named("camunda7") is CAMUNDA7
    assert profile_named(SPEC) is SPEC
    with pytest.raises(ValueError, match="camunda9"):
        profile_named("camunda9")
