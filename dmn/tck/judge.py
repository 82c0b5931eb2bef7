"""Evaluating one folder of the TCK: its models, its test-case documents, its cases.

A case passes if each of its result nodes does. A node passes if the value equals the expected one and, with
errorResult="true", at least one warning or error was reported. Numbers may differ by 1e-8 as in the TCK's own
runners, but also relatively by no more than that. What cannot run has failed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from dmn.compiler import compile_dmn
from dmn.diagnostics import DmnError, UnknownDecisionError
from dmn.executable import DecisionModel, DecisionResult
from dmn.feel import ContextType, FeelType, ListType, SimpleType, feel_equals, feel_string, parse_number, parse_temporal
from dmn.model import Definitions
from dmn.shapes import is_context, is_list
from dmn.xml import parse_dmn
from dmn.xml.test_cases import RawValue, ResultNode, Scalar, TestCase, TestCases, parse_test_cases

TOLERANCE = Decimal("1e-8")


@dataclass(frozen=True, slots=True)
class NodeResult:
    """`expected` and `actual` are texts; `reason` is empty for a node that passed."""

    name: str
    passed: bool
    expected: str = ""
    actual: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CaseResult:
    folder: str
    file: str
    case_id: str
    nodes: tuple[NodeResult, ...]

    @property
    def passed(self) -> bool:
        return all(node.passed for node in self.nodes)

    @property
    def key(self) -> str:
        return f"{self.folder}/{self.file}#{self.case_id}"


@dataclass(frozen=True, slots=True)
class FolderResult:
    folder: str
    labels: tuple[str, ...]
    cases: tuple[CaseResult, ...]


def judge_folder(folder: str, files: Mapping[str, bytes], now: datetime) -> FolderResult:
    """Run every test-case document among the files (name to content) of one folder."""
    documents: dict[str, Definitions | DmnError] = {}
    for name in sorted(files):
        if name.endswith(".dmn"):
            try:
                documents[name] = parse_dmn(files[name])
            except DmnError as error:
                documents[name] = error
    labels: dict[str, None] = {}
    cases: list[CaseResult] = []
    for name in sorted(files):
        if not name.endswith(".xml"):
            continue
        try:
            tests = parse_test_cases(files[name])
        except DmnError as error:
            if b"testCases" in files[name]:
                cases.append(_unrunnable(folder, name, "", str(error)))
            continue
        labels.update(dict.fromkeys(tests.labels))
        cases.extend(_judge_document(folder, name, tests, documents, now))
    return FolderResult(folder, tuple(labels), tuple(cases))


def _unrunnable(folder: str, file: str, case_id: str, reason: str) -> CaseResult:
    return CaseResult(folder, file, case_id, (NodeResult("", False, reason=reason),))


def _judge_document(
    folder: str, file: str, tests: TestCases, documents: Mapping[str, Definitions | DmnError], now: datetime
) -> list[CaseResult]:
    wanted = tests.model_name or f"{folder.rpartition('/')[2]}.dmn"
    document = documents.get(wanted)
    if document is None and len(documents) == 1:
        document = next(iter(documents.values()))  # a document that misnames the only model there is
    if document is None or isinstance(document, DmnError):
        reason = f"Expected a model '{wanted}' in the folder but there is none" if document is None else str(document)
        return [_unrunnable(folder, file, case.id, reason) for case in tests.cases]
    others = [other for other in documents.values() if isinstance(other, Definitions) and other is not document]
    model = compile_dmn(document, imports=others)
    return [
        CaseResult(folder, file, case.id, tuple(_judge_node(case, node, model, now) for node in case.results))
        for case in tests.cases
    ]


def _judge_node(case: TestCase, node: ResultNode, model: DecisionModel, now: datetime) -> NodeResult:
    expected = value_of(node.expected)
    shown = _shown(expected) if node.has_expected else "an error" if node.error_result else "anything"
    try:
        result = _evaluate(case, node, model, now)
    except UnknownDecisionError as error:
        return NodeResult(node.name, False, shown, "", str(error))
    except Exception as error:
        # A judge must survive any defect of the engine under test; the case has failed and says how.
        return NodeResult(node.name, False, shown, "", f"{type(error).__name__}: {error}")
    actual = result.value
    if case.kind == "decisionService" and is_context(actual) and node.name in actual:
        actual = actual[node.name]
    said = "; ".join(str(message) for message in result.messages[:5])
    if node.has_expected and not values_match(expected, actual):
        return NodeResult(node.name, False, shown, _shown(actual), said)
    if node.error_result and actual is not None:
        return NodeResult(node.name, False, f"{shown} and an error", _shown(actual), said)
    if node.error_result and not result.messages:
        return NodeResult(node.name, False, f"{shown} and an error", f"{_shown(actual)} without an error", said)
    return NodeResult(node.name, True, shown, _shown(actual))


def _evaluate(case: TestCase, node: ResultNode, model: DecisionModel, now: datetime) -> DecisionResult:
    kinds = {data.name: data.type for data in model.inputs.values()}
    inputs = {item.name: value_of(item.value, kinds.get(item.name), model) for item in case.inputs}
    match case.kind:
        case "decisionService":
            return model.evaluate_service(case.invocable_name or node.name, inputs, now=now)
        case "bkm":
            return model.invoke(case.invocable_name or node.name, inputs, now=now)
        case _:
            return model.evaluate(node.name, inputs, now=now)


def value_of(raw: RawValue, kind: FeelType | None = None, model: DecisionModel | None = None) -> Any:
    """The FEEL value that a test-case document writes; a text without a type is read as `kind`, else it is a string."""
    resolved = None if model is None else model.types.resolve(kind)
    match raw:
        case None:
            return None
        case Scalar():
            return _scalar(raw, resolved.name if isinstance(resolved, SimpleType) else None)
        case list():
            item = resolved.item if isinstance(resolved, ListType) else None
            return [value_of(entry, item, model) for entry in raw]
        case dict():
            fields = dict(resolved.fields) if isinstance(resolved, ContextType) else {}
            return {name: value_of(entry, fields.get(name), model) for name, entry in raw.items()}


def _scalar(raw: Scalar, declared: str | None) -> Any:
    text = raw.text.strip()
    match raw.type or declared:
        case "decimal" | "double" | "float" | "integer" | "int" | "long" | "number":
            return parse_number(text)
        case "boolean":
            return text in {"true", "1"}
        case "date" | "time" | "dateTime" | "date and time" | "duration" | "yearMonthDuration" | "dayTimeDuration":
            return parse_temporal(text)
        case "days and time duration" | "years and months duration":
            return parse_temporal(text)
        case None:
            return UntypedText(raw.text)
        case _:
            return raw.text


class UntypedText(str):
    """A value without a type in the document: equals whatever is written like it."""

    __slots__ = ()


def values_match(expected: Any, actual: Any) -> bool:
    """Whether a result is the expected one: same shape, same context keys, numbers within the tolerance."""
    if isinstance(expected, UntypedText):
        if actual is None:
            return not expected.strip()
        number = parse_number(expected.strip()) if isinstance(actual, Decimal) else None
        return str(expected) == feel_string(actual) if number is None else values_match(number, actual)
    if isinstance(expected, Decimal) and isinstance(actual, Decimal):
        difference = abs(expected - actual)
        return difference <= TOLERANCE and difference <= TOLERANCE * max(abs(expected), abs(actual))
    if is_list(expected) and is_list(actual):
        left: list[Any] = expected
        right: list[Any] = actual
        return len(left) == len(right) and all(values_match(a, b) for a, b in zip(left, right, strict=True))
    if is_context(expected) and is_context(actual):
        wanted: dict[str, Any] = expected
        found: dict[str, Any] = actual
        return wanted.keys() == found.keys() and all(values_match(value, found[key]) for key, value in wanted.items())
    if expected is None or actual is None:
        return expected is actual
    return feel_equals(expected, actual) is True


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    return feel_string(value) or "null"
