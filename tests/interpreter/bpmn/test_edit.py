"""Edited models differ in just what was edited."""

from __future__ import annotations

import difflib

import pytest

from interpreter.bpmn.builder import bpmn
from interpreter.bpmn.document import BpmnDocument, parse_bpmn
from interpreter.bpmn.edit import Editor
from interpreter.bpmn.lint.metamodel import check_metamodel
from interpreter.bpmn.problems import BpmnEditError, errors
from interpreter.bpmn.validate import validate


def model() -> BpmnDocument:
    builder = bpmn("p").start().user_task("a", candidate_groups="sales").boundary("late", timer="PT1H").end("e1").back()
    builder.service_task("b", type="work").end("e2").lane("L", ["a", "b"])
    return builder.document()


def changes(before: bytes, after: bytes) -> list[str]:
    lines = difflib.unified_diff(before.decode().splitlines(), after.decode().splitlines(), n=0, lineterm="")
    return [line[0] + line[1:].strip() for line in lines if line[0] in "+-" and line[:3] not in ("+++", "---")]


def test_a_new_id_is_changed_everywhere_and_nowhere_else() -> None:
    document = model()
    before = document.to_bytes()
    count = Editor(document).rename("a", "approve")
    changed = changes(before, document.to_bytes())
    assert all("approve" in line for line in changed if line[0] == "+")
    assert len([line for line in changed if line[0] == "+"]) == count + 1
    assert document.by_id("a") is None
    assert not errors(validate(document))
    assert Editor(document).rename("approve", "a") == count
    assert document.to_bytes() == before


def test_a_moved_flow_changes_its_end_and_the_lists_of_flows() -> None:
    document = model()
    before = document.to_bytes()
    Editor(document).reconnect("a-b", target="e2")
    assert changes(before, document.to_bytes()) == [
        '-<bpmn:sequenceFlow id="a-b" sourceRef="a" targetRef="b"/>',
        '+<bpmn:sequenceFlow id="a-b" sourceRef="a" targetRef="e2"/>',
        "-<bpmn:incoming>a-b</bpmn:incoming>",
        "+<bpmn:incoming>a-b</bpmn:incoming>",
    ]
    assert not check_metamodel(document)


def test_an_added_element_stands_where_the_schema_wants_it() -> None:
    document = model()
    before = document.to_bytes()
    editor = Editor(document)
    node = editor.add("p", "task", {"id": "new", "camunda:asyncBefore": "true"})
    assert node.ext("asyncBefore") == "true"
    assert changes(before, document.to_bytes())[-1].startswith('+<bpmn:task id="new"')
    assert len(changes(before, document.to_bytes())) == 1
    editor.add("new", "documentation", text="why")
    editor.add(None, "message", {"id": "m", "name": "m"})
    assert not check_metamodel(parse_bpmn(document.to_bytes()))


def test_a_removed_node_takes_its_flows_its_boundary_events_and_its_shapes_along() -> None:
    document = model()
    Editor(document).remove("a")
    written = document.to_bytes()
    for gone in (b'"a"', b'"late"', b'"start-a"', b'"a-b"', b'"late-e1"'):
        assert gone not in written
    assert not check_metamodel(parse_bpmn(written))


def test_attributes_and_texts_are_set_and_removed() -> None:
    document = model()
    before = document.to_bytes()
    editor = Editor(document)
    editor.set("a", "camunda:assignee", "mary")
    node = document.by_id("a")
    assert node is not None
    assert node.ext("assignee") == "mary"
    editor.set("a", "camunda:assignee", None)
    editor.set_text("a", "documentation", "why")
    assert node.documentation == "why"
    assert len(changes(before, document.to_bytes())) == 1


def test_a_vendors_prefix_is_declared_once_at_the_root() -> None:
    document = bpmn("p").start().task("a").end().document()
    editor = Editor(document)
    editor.set("a", "camunda:asyncBefore", "true")
    editor.set("a", "camunda:asyncAfter", "true")
    written = document.to_bytes()
    assert written.count(b"http://camunda.org/schema/1.0/bpmn") == 1
    assert b'camunda:asyncBefore="true" camunda:asyncAfter="true"' in written


def test_lines_stay_those_of_the_file_that_was_read() -> None:
    document = model()
    node = document.by_id("b")
    assert node is not None
    line = node.line
    editor = Editor(document)
    editor.add("p", "task", {"id": "new"})
    assert node.line == line
    new = document.by_id("new")
    assert new is not None
    assert new.line == 0


@pytest.mark.parametrize(
    "edit",
    [
        lambda e: e.rename("nowhere", "x"),
        lambda e: e.rename("a", "b"),
        lambda e: e.rename("a", "not an id"),
        lambda e: e.set("a", "id", "x"),
        lambda e: e.set("a", "unknown:x", "y"),
        lambda e: e.reconnect("a", target="b"),
        lambda e: e.reconnect("a-b", target="nowhere"),
        lambda e: e.add("p", "message"),
        lambda e: e.add("p", "task", {"id": "a"}),
        lambda e: e.remove("nowhere"),
    ],
)
def test_edits_that_make_no_sense_are_refused_and_change_nothing(edit: object) -> None:
    document = model()
    before = document.to_bytes()
    with pytest.raises(BpmnEditError, match="Expected"):
        edit(Editor(document))  # type: ignore[operator] -- a lambda of the table above
    assert document.to_bytes() == before
