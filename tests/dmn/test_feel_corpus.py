"""Every FEEL text in the peers' models and forms compiles: what people really write."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from dmn.feel import FeelSyntaxError, compile_expression
from tests.suites import suite


def texts_of_model(path: Path) -> Iterator[str]:
    try:
        tree = etree.parse(path, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError:
        return
    for element in tree.iter():
        if isinstance(element.tag, str):
            yield from (str(value) for value in element.attrib.values())
            yield element.text or ""


def texts_of_form(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for value in node.values():
            yield from texts_of_form(value)
    elif isinstance(node, list):
        for value in node:
            yield from texts_of_form(value)
    elif isinstance(node, str):
        yield node


def expressions(folder: str, pattern: str) -> set[str]:
    found: set[str] = set()
    for path in sorted(suite(folder).rglob(pattern)):
        texts = texts_of_form(json.loads(path.read_text("utf-8"))) if pattern == "*.json" else texts_of_model(path)
        found |= {text.strip()[1:] for text in texts if text.strip().startswith("=") and len(text.strip()) > 1}
    return found


def refused(texts: set[str]) -> list[str]:
    problems: list[str] = []
    for text in sorted(texts):
        try:
            compile_expression(text, dialect="camunda")
        except FeelSyntaxError as problem:
            problems.append(f"{text}: {problem}")
    return problems


@pytest.mark.parametrize(
    ("folder", "pattern", "least"),
    [("zeebe-models", "*.bpmn", 2), ("form-js-schemas", "*.json", 30), ("bpmnio-models", "*.bpmn", 10)],
)
def test_every_text_compiles(folder: str, pattern: str, least: int) -> None:
    texts = expressions(folder, pattern)
    assert len(texts) >= least
    assert refused(texts) == []
