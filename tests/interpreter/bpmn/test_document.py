"""Views on the tree: what a reader sees of BPMN's content, of vendors' extensions, and of references."""

from __future__ import annotations

import pytest

from interpreter.bpmn.document import BpmnParseError, Limits, Node, parse_bpmn
from tests.interpreter.bpmn.models import definitions, document, process

TASK = """
<userTask id="t" name="Task" camunda:assignee="mary" operaton:assignee="tom" flowable:dueDate="2026-01-01">
  <documentation>first</documentation><documentation>second</documentation>
  <extensionElements>
    <camunda:inputOutput><camunda:inputParameter name="a"><![CDATA[<b>]]></camunda:inputParameter></camunda:inputOutput>
    <flowable:inputOutput/><zeebe:userTask/><other:thing x="1"/>
  </extensionElements>
</userTask>"""


def task() -> Node:
    node = document(process(TASK)).by_id("t")
    assert node is not None
    return node


def test_a_node_shows_bpmns_own_content() -> None:
    node = task()
    assert (node.tag, node.id, node.name, node.documentation) == ("userTask", "t", "Task", "first")
    assert node.attr("assignee") is None
    assert node.attr("missing", "default") == "default"
    assert [child.tag for child in node.children()] == ["documentation", "documentation", "extensionElements"]
    assert node.parent is not None
    assert node.parent.tag == "process"


def test_of_two_vendors_the_stronger_one_is_heard() -> None:
    node = task()
    assert node.ext("assignee") == "mary"
    assert node.ext("dueDate") == "2026-01-01"
    assert node.ext("priority", "50") == "50"
    assert [child.namespace for child in node.ext_children("inputOutput")] == ["http://camunda.org/schema/1.0/bpmn"]
    only_operaton = document(process('<userTask id="t" operaton:assignee="tom"/>')).by_id("t")
    assert only_operaton is not None
    assert only_operaton.ext("assignee") == "tom"


def test_a_vendors_element_shows_its_plain_attributes_and_all_children() -> None:
    mapping = task().ext_child("inputOutput")
    assert mapping is not None
    parameter = mapping.child("inputParameter")
    assert parameter is not None
    assert (parameter.attr("name"), parameter.text) == ("a", "<b>")
    assert not parameter.is_bpmn
    assert task().zeebe("userTask") is not None
    assert task().zeebe("nothing") is None


def test_views_of_one_element_are_equal_and_of_two_are_not() -> None:
    doc = document(process(TASK + '<task id="u"/>'))
    assert doc.by_id("t") == doc.by_id("t")
    assert hash(doc.by_id("t")) == hash(doc.by_id("t"))
    assert doc.by_id("t") != doc.by_id("u")


@pytest.mark.parametrize(
    ("written", "found"),
    [("m", "m"), ("tns:m", "m"), ("undeclared:m", "m"), (" m ", "m"), ("other:m", None), ("nothing", None)],
)
def test_references_are_resolved_by_qualified_name(written: str, found: str | None) -> None:
    doc = document(process(f'<receiveTask id="t" messageRef="{written}"/>', '<message id="m" name="m"/>'))
    node = doc.by_id("t")
    assert node is not None
    target = node.ref("messageRef")
    assert (target.id if target is not None else None) == found


def test_references_in_child_elements_are_resolved_and_broken_ones_left_out() -> None:
    lanes = '<laneSet id="l"><lane id="a"><flowNodeRef>t</flowNodeRef><flowNodeRef>x</flowNodeRef></lane></laneSet>'
    doc = document(process(f'{lanes}<task id="t"/>'))
    lane = doc.by_id("a")
    assert lane is not None
    assert [node.id for node in lane.refs("flowNodeRef")] == ["t"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [("true", True), ("1", True), ("false", False), ("0", False), ("perhaps", True), (None, True)],
)
def test_booleans_are_read_as_xml_schema_writes_them(value: str | None, expected: bool) -> None:
    attribute = "" if value is None else f'isInterrupting="{value}"'
    node = document(process(f'<startEvent id="s" {attribute}/>')).by_id("s")
    assert node is not None
    assert node.boolean("isInterrupting", True) is expected


def test_lines_and_columns_are_those_of_the_start_tag() -> None:
    head = b'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"\n  targetNamespace="x">'
    data = b'<?xml version="1.0"?>\n' + head + b'\n  <process\n    id="p"/>\n</definitions>'
    doc = parse_bpmn(data)
    process_node = doc.by_id("p")
    assert process_node is not None
    assert (process_node.line, process_node.column) == (4, 3)
    assert (doc.root.line, doc.root.column) == (2, 1)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "windows-1252", "utf-8-sig"])
def test_every_usual_encoding_is_read_and_written_back(encoding: str) -> None:
    declared = "utf-8" if encoding == "utf-8-sig" else encoding
    text = f'<?xml version="1.0" encoding="{declared}"?>\n' + process('<task id="t" name="Prüfung"/>').decode()
    doc = parse_bpmn(text.encode(encoding))
    node = doc.by_id("t")
    assert node is not None
    assert node.name == "Prüfung"
    assert parse_bpmn(doc.to_bytes()).canonical() == doc.canonical()


def test_what_stands_around_the_root_is_kept() -> None:
    data = (
        b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<!-- made by hand -->\n<?tool x?>\n\n'
        + definitions("<!-- inside --><process id='p'><documentation>a <![CDATA[<b>]]></documentation></process>")
        + b"\n<!-- end -->\n"
    )
    written = parse_bpmn(data).to_bytes()
    assert written.startswith(data[: data.index(b"<definitions")])
    assert written.endswith(b"<!-- end -->\n")
    assert b"<!-- inside -->" in written
    assert b"<![CDATA[<b>]]>" in written


def test_a_namespace_that_is_no_uri_is_tolerated() -> None:
    data = definitions("").replace(b"xmlns:other", b'xmlns:odd="not a uri" xmlns:other')
    assert parse_bpmn(data).root.tag == "definitions"


@pytest.mark.parametrize(
    ("limits", "data"),
    [
        (Limits(size=10), b"<definitions/>"),
        (Limits(elements=3), b"<a><b/><b/><b/></a>"),
        (Limits(attributes=1), b'<a x="1" y="2"/>'),
        (Limits(attribute_length=3), b'<a x="long"/>'),
        (Limits(text_length=3), b"<a>long</a>"),
        (Limits(depth=2), b"<a><b><c/></b></a>"),
    ],
)
def test_bounds_hold(limits: Limits, data: bytes) -> None:
    with pytest.raises(BpmnParseError) as refused:
        parse_bpmn(data, limits=limits)
    assert refused.value.problems[0].rule in ("xml-too-large", "xml-too-deep")


@pytest.mark.parametrize(
    "data", [b"", b"  \n", b"not xml", b"<a", b"<a></b>", b"<x:a/>", b'<?xml version="1.0" encoding="nonsense"?><a/>']
)
def test_what_is_not_well_formed_is_refused_with_line_and_column(data: bytes) -> None:
    with pytest.raises(BpmnParseError) as refused:
        parse_bpmn(data, name="broken.bpmn")
    for problem in refused.value.problems:
        assert problem.rule == "xml-not-well-formed"
        assert problem.line >= 1
        assert problem.column >= 1
    assert "broken.bpmn" in str(refused.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_document_type_is_refused_before_it_is_read(encoding: str) -> None:
    text = '<?xml version="1.0"?>\n<!-- x --> <!DOCTYPE a [<!ENTITY b "c">]>\n<a>&b;</a>'
    with pytest.raises(BpmnParseError) as refused:
        parse_bpmn(text.encode(encoding))
    assert refused.value.problems[0].rule == "xml-doctype"
    assert refused.value.problems[0].line == 2
