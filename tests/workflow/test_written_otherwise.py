"""The same model written otherwise is the same process: every play on the core, with its file rewritten in ways that
mean nothing to BPMN (order of elements, prefixes, what is implied, event definitions by reference)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from lxml import etree

from interpreter.bpmn.namespaces import BPMN, BPMNDI
from tests.workflow.alive import on_core
from tests.workflow.plays import PLAYS

Element = Any

_EVENTS = ("startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent")


def name(tag: str) -> str:
    return f"{{{BPMN}}}{tag}"


def by_reference(root: Element) -> None:
    """Event definitions are root elements that the events refer to."""
    for event in list(root.iter(*map(name, _EVENTS))):
        for definition in [child for child in event if str(child.tag).endswith("EventDefinition")]:
            number = len(root)
            definition.set("id", definition.get("id") or f"definition_{number}")
            reference = etree.Element(name("eventDefinitionRef"))
            reference.text = definition.get("id")
            event.replace(definition, reference)
            root.insert(0, definition)


def backwards(root: Element) -> None:
    """Flow elements in the opposite order, sequence flows first; the order of flows out of a node is kept."""
    for scope in root.iter(*map(name, ("process", "subProcess", "transaction", "adHocSubProcess"))):
        flows = [child for child in scope if child.tag == name("sequenceFlow")]
        nodes = [child for child in scope if child.tag in {name(tag) for tag in _FLOW_NODES}]
        others = [child for child in scope if child not in flows and child not in nodes]
        for child in list(scope):
            scope.remove(child)
        scope.extend([*others, *flows, *reversed(nodes)])


def without_what_is_implied(root: Element) -> None:
    """No incoming and outgoing, no diagram, no collaboration."""
    for child in list(root.iter(name("incoming"), name("outgoing"))):
        child.getparent().remove(child)
    for child in list(root):
        if str(child.tag).startswith(f"{{{BPMNDI}}}"):
            root.remove(child)


def without_prefix(root: Element) -> Element:
    """BPMN is the default namespace."""
    text = etree.tostring(root).decode().replace("bpmn:", "").replace("xmlns:bpmn=", "xmlns=", 1)
    return etree.fromstring(text.encode())


_FLOW_NODES = (
    *_EVENTS,
    *("task", "userTask", "serviceTask", "sendTask", "receiveTask", "scriptTask", "manualTask", "businessRuleTask"),
    *("callActivity", "subProcess", "transaction", "adHocSubProcess"),
    *("exclusiveGateway", "parallelGateway", "inclusiveGateway", "complexGateway", "eventBasedGateway"),
)

WAYS: Mapping[str, Callable[[Element], Element | None]] = {
    "event definitions by reference": by_reference,
    "backwards": backwards,
    "without what is implied": without_what_is_implied,
    "without a prefix": without_prefix,
}

ORDERED = ("ad-hoc subprocess in sequence",)
"""Plays in which the order of the file says what comes first."""


@pytest.mark.parametrize("way", list(WAYS))
@pytest.mark.parametrize("play", list(PLAYS))
def test_the_same_happens(play: str, way: str) -> None:
    if way == "backwards" and play in ORDERED:
        return
    original = PLAYS[play]
    root: Element = etree.fromstring(original.model.xml())
    changed = WAYS[way](root)
    data: Any = etree.tostring(root if changed is None else changed)
    stories, _ = on_core(original)
    others, _ = on_core(replace(original, model=data))
    assert sorted(map(str, others)) == sorted(map(str, stories))
