"""Reading DMN documents: versions, names, types, references, findings with line and id, hostile input."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dmn.diagnostics import DmnError, DmnXmlError, Severity
from dmn.model import Context, DecisionTable, FunctionDefinition, LiteralExpression, Ref
from dmn.xml import MAX_DOCUMENT_BYTES, parse_dmn

DMN15 = "https://www.omg.org/spec/DMN/20230324/MODEL/"


def document(body: str, namespace: str = DMN15, attributes: str = "") -> bytes:
    return (
        f'<definitions xmlns="{namespace}" namespace="urn:test" name="test" id="d" {attributes}>{body}</definitions>'
    ).encode()


@pytest.mark.parametrize(
    ("namespace", "version"),
    [
        ("http://www.omg.org/spec/DMN/20151101/dmn.xsd", "1.1"),
        ("http://www.omg.org/spec/DMN/20180521/MODEL/", "1.2"),
        ("https://www.omg.org/spec/DMN/20191111/MODEL/", "1.3"),
        ("https://www.omg.org/spec/DMN/20211108/MODEL/", "1.4"),
        ("https://www.omg.org/spec/DMN/20230324/MODEL/", "1.5"),
    ],
)
def test_the_namespace_gives_the_version(namespace: str, version: str) -> None:
    assert parse_dmn(document("", namespace)).version == version


def test_an_unknown_version_is_read_with_a_warning() -> None:
    definitions = parse_dmn(document("", "http://www.omg.org/spec/DMN/20130901"))
    assert [d.code for d in definitions.diagnostics] == ["unknown-version"]


def test_names_are_squeezed_and_types_lose_their_feel_prefix() -> None:
    body = """<inputData id="i" name=" full
       name "><variable name="full   name" typeRef="feel:string" xmlns:feel="http://www.omg.org/spec/FEEL/20140401"/></inputData>"""
    data = parse_dmn(document(body)).inputs[0]
    assert (data.name, data.variable.name, data.variable.type_ref) == ("full name", "full name", "string")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("number", "number"),
        ("Any", "Any"),
        ("tPerson", "tPerson"),
        ("other.tPerson", "other.tPerson"),
        ("own:tPerson", "tPerson"),
        ("ext:tPerson", "{urn:ext}tPerson"),
        ("dateTime", "date and time"),
        ("dayTimeDuration", "days and time duration"),
        ("yearMonthDuration", "years and months duration"),
        ("days  and time duration", "days and time duration"),
        ("", None),
    ],
)
def test_type_references(written: str, read: str | None) -> None:
    body = f'<inputData id="i" name="i"><variable name="i" typeRef="{written}"/></inputData>'
    definitions = parse_dmn(document(body, attributes='xmlns:own="urn:test" xmlns:ext="urn:ext"'))
    assert definitions.inputs[0].variable.type_ref == read


@pytest.mark.parametrize(
    ("href", "ref"),
    [
        ("#x", Ref(None, "x", 1)),
        ("urn:test#x", Ref(None, "x", 1)),
        ("urn:other#x", Ref("urn:other", "x", 1)),
        ("x", Ref(None, "x", 1)),
        ("#a%20b", Ref(None, "a b", 1)),
    ],
)
def test_references(href: str, ref: Ref) -> None:
    needs = f'<informationRequirement><requiredInput href="{href}"/></informationRequirement>'
    body = f'<decision id="d1" name="d1">{needs}</decision>'
    assert parse_dmn(document(body)).decisions[0].required_inputs == (ref,)


def test_elements_of_other_namespaces_are_ignored() -> None:
    body = """<decision id="d1" name="d1"><extensionElements><x:decision xmlns:x="urn:x"/></extensionElements>
      <x:literalExpression xmlns:x="urn:x"><text>1</text></x:literalExpression>
      <literalExpression><text>2</text></literalExpression></decision>"""
    expression = parse_dmn(document(body)).decisions[0].expression
    assert isinstance(expression, LiteralExpression)
    assert expression.text == "2"


def test_tables_keep_ids_policies_and_camunda_attributes() -> None:
    body = """<decision id="d1" name="d1" camunda:historyTimeToLive="P5D" camunda:versionTag="v2"
        xmlns:camunda="http://camunda.org/schema/1.0/dmn">
      <decisionTable id="t" hitPolicy="COLLECT" aggregation="SUM">
        <input id="in" label="In" camunda:inputVariable="cell"><inputExpression><text>a</text></inputExpression>
          <inputValues><text>1,2</text></inputValues></input>
        <output id="out" name="o" typeRef="number"><defaultOutputEntry><text>0</text></defaultOutputEntry></output>
        <annotation name="why"/>
        <rule id="r"><inputEntry><text><![CDATA[< 5]]></text></inputEntry>
          <outputEntry><text>1</text></outputEntry><annotationEntry><text> note </text></annotationEntry></rule>
      </decisionTable></decision>"""
    decision = parse_dmn(document(body)).decisions[0]
    assert (decision.history_time_to_live, decision.version_tag) == ("P5D", "v2")
    table = decision.expression
    assert isinstance(table, DecisionTable)
    assert (table.hit_policy, table.aggregation, table.inputs[0].variable) == ("COLLECT", "SUM", "cell")
    assert table.rules[0].inputs[0].text == "< 5"
    assert table.rules[0].annotations == ("note",)
    assert table.annotation_names == ("why",)


@pytest.mark.parametrize(
    ("attributes", "policy", "aggregation"),
    [
        ("", "UNIQUE", None),
        ('hitPolicy="RULE ORDER"', "RULE ORDER", None),
        ('hitPolicy="RULE_ORDER"', "RULE ORDER", None),
        ('hitPolicy="output order"', "OUTPUT ORDER", None),
        ('hitPolicy="C" aggregation="MIN"', "COLLECT", "MIN"),
        ('hitPolicy="C+"', "COLLECT", "SUM"),
        ('hitPolicy="C#"', "COLLECT", "COUNT"),
        ('hitPolicy="P"', "PRIORITY", None),
    ],
)
def test_hit_policies_as_tools_write_them(attributes: str, policy: str, aggregation: str | None) -> None:
    body = f'<decision id="d1" name="d1"><decisionTable {attributes}><output/></decisionTable></decision>'
    definitions = parse_dmn(document(body))
    table = definitions.decisions[0].expression
    assert isinstance(table, DecisionTable)
    assert (table.hit_policy, table.aggregation) == (policy, aggregation)
    assert not definitions.diagnostics


def test_function_kinds_and_context_results() -> None:
    body = """<decision id="d1" name="d1"><context>
      <contextEntry><variable name="f"/><functionDefinition kind="Java"><formalParameter name="a"/><context/>
        </functionDefinition></contextEntry>
      <contextEntry><literalExpression><text>f(1)</text></literalExpression></contextEntry></context></decision>"""
    context = parse_dmn(document(body)).decisions[0].expression
    assert isinstance(context, Context)
    function = context.entries[0].expression
    assert isinstance(function, FunctionDefinition)
    assert function.kind == "Java"
    assert context.entries[1].variable is None


@pytest.mark.parametrize(
    ("body", "code", "element_id"),
    [
        ('<decision id="a" name="a"/><decision id="a" name="b"/>', "duplicate-id", "a"),
        ("<decision><literalExpression><text>1</text></literalExpression></decision>", "missing-id", "d"),
        (
            '<decision id="a"><decisionTable hitPolicy="BEST"><output/></decisionTable></decision>',
            "unknown-hit-policy",
            "a",
        ),
        (
            '<decision id="a"><decisionTable hitPolicy="COLLECT" aggregation="AVG"><output/>'
            "</decisionTable></decision>",
            "unknown-aggregation",
            "a",
        ),
        ('<decision id="a"><decisionTable/></decision>', "missing-element", "a"),
        (
            '<decision id="a"><decisionTable><output/><rule id="r"><inputEntry/><outputEntry/></rule>'
            "</decisionTable></decision>",
            "wrong-cell-count",
            "r",
        ),
        ('<decision id="a"><invocation/></decision>', "missing-expression", "a"),
        ('<decision id="a"><conditional id="c"/></decision>', "missing-element", "c"),
        ('<decizion id="z"/>', "unknown-element", "z"),
        (
            '<decision id="a"><informationRequirement id="q"><requiredInput/></informationRequirement></decision>',
            "missing-href",
            "q",
        ),
        ('<decision id="a"><literalExpression/><literalExpression id="two"/></decision>', "two-expressions", "two"),
    ],
)
def test_findings_name_the_element_and_the_line(body: str, code: str, element_id: str) -> None:
    definitions = parse_dmn(document("\n\n" + body))
    found = [d for d in definitions.diagnostics if d.code == code]
    assert found, definitions.diagnostics
    assert found[0].severity is Severity.ERROR
    assert found[0].element_id == element_id
    assert found[0].line == 3


@pytest.mark.parametrize(
    ("source", "code"),
    [
        (b"", "not-well-formed"),
        (b"no xml", "not-well-formed"),
        (b"<a>", "not-well-formed"),
        (b"<a/>", "not-dmn"),
        (b'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"/>', "not-dmn"),
        (b'<decision xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/"/>', "not-dmn"),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "doctype"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "doctype"),
        (b" " * (MAX_DOCUMENT_BYTES + 1), "too-large"),
        (document("<decision>" + "<context>" * 120 + "</context>" * 120 + "</decision>"), "too-deep"),
    ],
    ids=lambda value: value[:30].decode() if isinstance(value, bytes) else value,
)
def test_what_is_no_dmn_document_is_refused(source: bytes, code: str) -> None:
    with pytest.raises(DmnXmlError) as caught:
        parse_dmn(source)
    assert caught.value.diagnostics[0].code == code


def test_entities_are_never_expanded() -> None:
    bombs = b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><a>&b;</a>'
    with pytest.raises(DmnXmlError):
        parse_dmn(bombs)


VALID = document(
    """<decision id="d1" name="d1"><variable name="d1" typeRef="number"/><decisionTable hitPolicy="FIRST">
    <input><inputExpression><text>a</text></inputExpression></input><output name="o"/>
    <rule><inputEntry><text>1</text></inputEntry><outputEntry><text>2</text></outputEntry></rule></decisionTable></decision>"""
)


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_damaged_documents_are_read_or_refused(data: st.DataObject) -> None:
    damaged = bytearray(VALID)
    for _ in range(data.draw(st.integers(1, 8))):
        position = data.draw(st.integers(0, len(damaged) - 1))
        action = data.draw(st.sampled_from(["set", "cut", "copy"]))
        if action == "set":
            damaged[position] = data.draw(st.integers(0, 255))
        elif action == "cut":
            del damaged[position : position + data.draw(st.integers(1, 40))]
        else:
            damaged[position:position] = damaged[position : position + data.draw(st.integers(1, 40))]
        if not damaged:
            break
    # Any other exception, or a hang, fails the test.
    with contextlib.suppress(DmnError):
        parse_dmn(bytes(damaged))
