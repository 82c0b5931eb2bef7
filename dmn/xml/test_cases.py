"""Test-case documents of the DMN TCK (testCases.xsd, namespace 20160719): inputs, expected results, labels.

Values are kept as the document writes them: `Scalar(type, text)`, None for nil, lists and dicts of these.
"""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from dmn.diagnostics import DiagnosticLog
from dmn.xml.elements import Node
from dmn.xml.reader import parse_xml, refuse

TEST_CASE_NAMESPACE = "http://www.omg.org/spec/DMN/20160719/testcase"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"


@dataclass(frozen=True, slots=True)
class Scalar:
    """`type` is the local name of the XML Schema type (`decimal`, `date`, ...), None if the document gives none."""

    type: str | None
    text: str


RawValue = Scalar | None | list["RawValue"] | dict[str, "RawValue"]


@dataclass(frozen=True, slots=True)
class InputNode:
    name: str
    namespace: str | None
    value: RawValue


@dataclass(frozen=True, slots=True)
class ResultNode:
    """`has_expected` is False where the document only says whether an error is expected."""

    name: str
    namespace: str | None
    error_result: bool
    has_expected: bool
    expected: RawValue


@dataclass(frozen=True, slots=True)
class TestCase:
    """One case. `kind` is decision, bkm or decisionService; the latter two are called by `invocable_name`."""

    __test__ = False  # not a pytest class

    id: str
    kind: str
    invocable_name: str | None
    inputs: tuple[InputNode, ...]
    results: tuple[ResultNode, ...]
    line: int


@dataclass(frozen=True, slots=True)
class TestCases:
    __test__ = False

    model_name: str | None
    labels: tuple[str, ...]
    cases: tuple[TestCase, ...]


def parse_test_cases(source: bytes) -> TestCases:
    """Read a test-case document. Raises `DmnXmlError` if it is not one."""
    root = parse_xml(source)
    name = etree.QName(root)
    if name.localname != "testCases":
        refuse(
            "not-test-cases", f"Expected the root element 'testCases' but it was '{root.tag}'", None, root.sourceline
        )
    node = Node(root, name.namespace or "", "", DiagnosticLog())
    labels = node.child("labels")
    model_name = node.child_text("modelName")
    return TestCases(
        model_name=model_name.strip() if model_name is not None else None,
        labels=() if labels is None else tuple(label.text().strip() for label in labels.children("label")),
        cases=tuple(_case(child) for child in node.children("testCase")),
    )


def _case(node: Node) -> TestCase:
    return TestCase(
        id=node.id or "",
        kind=node.get("type") or "decision",
        invocable_name=node.get("invocableName"),
        inputs=tuple(
            InputNode(child.name() or "", child.get("namespace"), _value(child)) for child in node.children("inputNode")
        ),
        results=tuple(_result(child) for child in node.children("resultNode")),
        line=node.line,
    )


def _result(node: Node) -> ResultNode:
    expected = node.child("expected")
    return ResultNode(
        name=node.name() or "",
        namespace=node.get("namespace"),
        error_result=node.flag("errorResult"),
        has_expected=expected is not None,
        expected=None if expected is None else _value(expected),
    )


def _is_nil(node: Node) -> bool:
    return (node.get(f"{{{_XSI}}}nil") or "").strip() in {"true", "1"}


def _value(node: Node) -> RawValue:
    """The content of a `valueType` element: one value, one list, or components."""
    if _is_nil(node):
        return None
    components = node.children("component")
    if components:
        # Component names keep their blanks: they are context keys, not FEEL names.
        return {component.get("name") or "": _value(component) for component in components}
    items = node.child("list")
    if items is not None:
        return None if _is_nil(items) else [_value(item) for item in items.children("item")]
    value = node.child("value")
    if value is None or _is_nil(value):
        return None
    declared = value.get(f"{{{_XSI}}}type")
    return Scalar(None if declared is None else declared.rpartition(":")[2], value.text())
