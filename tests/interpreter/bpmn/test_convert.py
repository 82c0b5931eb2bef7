"""From Camunda's relatives to Camunda: what means the same is carried, the rest stays and is listed."""

from __future__ import annotations

from interpreter.bpmn.convert import Conversion, convert_to_camunda
from interpreter.bpmn.document import parse_bpmn
from tests.interpreter.bpmn.models import definitions, process


def convert(data: bytes) -> Conversion:
    return convert_to_camunda(parse_bpmn(data))


def test_operaton_is_carried_one_to_one() -> None:
    task = '<serviceTask id="t" operaton:type="external" operaton:topic="x"/>'
    done = convert(process(task))
    node = done.document.by_id("t")
    assert node is not None
    assert (done.carried, done.left) == (2, [])
    assert node.attr("{http://camunda.org/schema/1.0/bpmn}topic") == "x"


def test_names_of_activiti_that_mean_the_same_are_translated() -> None:
    task = (
        '<serviceTask id="t" activiti:class="a.B" activiti:resultVariableName="r" flowable:async="true">'
        '<extensionElements><activiti:field name="f"><activiti:string>v</activiti:string></activiti:field>'
        "</extensionElements></serviceTask>"
    )
    done = convert(process(task))
    written = done.document.to_bytes()
    assert done.left == []
    for expected in (
        b'camunda:class="a.B"',
        b'camunda:resultVariable="r"',
        b'camunda:asyncBefore="true"',
        b"<camunda:string>v",
    ):
        assert expected in written


def test_a_call_activity_of_flowable() -> None:
    call = (
        '<callActivity id="t" calledElement="q" flowable:inheritVariables="true" flowable:sameDeployment="true" '
        'flowable:businessKey="${k}" flowable:calledElementType="key"/>'
    )
    written = convert(process(call)).document.to_bytes()
    assert b'camunda:calledElementBinding="deployment"' in written
    assert b'<camunda:in variables="all"/>' in written
    assert b'<camunda:in businessKey="${k}"/>' in written
    assert b"calledElementType" not in written


def test_what_has_no_equivalent_stays_and_is_listed_with_its_place() -> None:
    task = (
        '<serviceTask id="t" flowable:type="http" flowable:skipExpression="${x}"><extensionElements>'
        "<flowable:unknown/></extensionElements></serviceTask>"
    )
    done = convert(process(task))
    assert [(remark.what, remark.element_id, remark.line) for remark in done.left] == [
        ("flowable:type", "t", 1),
        ("flowable:skipExpression", "t", 1),
        ("<flowable:unknown>", "t", 1),
    ]
    written = done.document.to_bytes()
    for kept in (b'flowable:type="http"', b"flowable:skipExpression", b"<flowable:unknown/>"):
        assert kept in written


def test_camundas_own_value_wins_over_a_relatives() -> None:
    done = convert(process('<userTask id="t" camunda:assignee="a" activiti:assignee="b"/>'))
    node = done.document.by_id("t")
    assert node is not None
    assert node.ext("assignee") == "a"
    assert len(done.left) == 1


def test_a_model_of_camunda_is_not_touched() -> None:
    data = process('<userTask id="t" camunda:assignee="a"/>')
    done = convert(data)
    assert (done.carried, done.left) == (0, [])
    assert done.document.to_bytes().strip() == data


def test_a_file_whose_camunda_prefix_is_activitis_namespace() -> None:
    data = definitions('<process id="p"><userTask id="t" camunda:assignee="a"/></process>').replace(
        b"http://camunda.org/schema/1.0/bpmn", b"http://activiti.org/bpmn"
    )
    done = convert(data)
    node = parse_bpmn(done.document.to_bytes()).by_id("t")
    assert node is not None
    assert node.attr("{http://camunda.org/schema/1.0/bpmn}assignee") == "a"
