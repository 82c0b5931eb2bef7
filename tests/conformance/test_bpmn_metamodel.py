"""Our metamodel tables against OMG's schema: the same verdict on every file and on mutated copies.

The differences that are left are on purpose (docs/lint.md lists them):

* libxml2 does not check xs:IDREF; we do.
* A schema takes any global element for the root of a file; a BPMN file has definitions.
* libxml2 accepts a laneSet as the last child of some scopes, although the schema puts lane sets before flow elements.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from interpreter.bpmn.document import BpmnDocument, BpmnParseError, parse_bpmn
from interpreter.bpmn.lint.metamodel import check_metamodel
from interpreter.bpmn.metamodel import ELEMENTS
from ostinato.commands.models import bpmn_files
from tests.conformance.bpmn_mutations import mutate
from tests.suites import suite

MUTATED = 1500


@pytest.fixture(scope="module")
def schema() -> Any:
    return etree.XMLSchema(etree.parse(str(suite("metamodels/bpmn-moddle/BPMN20.xsd"))))


def files() -> list[Path]:
    return [file for _name, file in bpmn_files(suite())]


def read(file: Path) -> BpmnDocument | None:
    try:
        return parse_bpmn(file.read_bytes(), name=file.name)
    except BpmnParseError:
        return None


def ours(document: BpmnDocument) -> list[str]:
    return [
        str(problem)
        for problem in check_metamodel(document)
        if problem.rule != "metamodel-idref"
        and not (problem.rule == "metamodel-root" and document.root.element.tag in ELEMENTS)
    ]


def is_justified(mine: list[str]) -> bool:
    return bool(mine) and all("metamodel-order" in problem and "'laneSet'" in problem for problem in mine)


def disagreement(schema: Any, document: BpmnDocument, name: str) -> str | None:
    mine, valid = ours(document), schema.validate(document.tree)
    if valid == (not mine) or (valid and is_justified(mine)):
        return None
    theirs = [f"{error.line} {error.message}" for error in schema.error_log][:1]
    return f"{name}: schema says {theirs or 'valid'}, we say {mine[:1] or 'valid'}"


def test_every_file_gets_the_same_verdict(schema: Any) -> None:
    judged, different = 0, list[str]()
    for file in files():
        document = read(file)
        if document is None:
            continue
        judged += 1
        told = disagreement(schema, document, file.name)
        if told is not None:
            different.append(told)
    assert judged > 4000
    assert different == []


@pytest.mark.timeout(300)
def test_mutated_copies_get_the_same_verdict(schema: Any) -> None:
    rng = random.Random(20120103)
    pool = [file for file in files() if file.stat().st_size < 60_000]
    judged, broken, different = 0, 0, list[str]()
    while judged < MUTATED:
        file = rng.choice(pool)
        document = read(file)
        if document is None or not schema.validate(document.tree):
            continue
        data, told = mutate(document.tree, rng)
        mutant = parse_bpmn(data)
        judged += 1
        broken += not schema.validate(mutant.tree)
        found = disagreement(schema, mutant, f"{file.name}, {told}")
        if found is not None:
            different.append(found)
    assert broken > MUTATED / 3
    assert different == []


def test_broken_references_are_found_though_the_validator_does_not_look(schema: Any) -> None:
    rng = random.Random(7)
    pool = [file for file in files() if file.stat().st_size < 60_000]
    checked = 0
    while checked < 100:
        document = read(rng.choice(pool))
        flows = [node for node in document.nodes("sequenceFlow")] if document is not None else []
        if document is None or not flows or check_metamodel(document):
            continue
        flow = rng.choice(flows)
        flow.element.set(rng.choice(["sourceRef", "targetRef"]), "nowhere_at_all")
        checked += 1
        assert schema.validate(document.tree)
        assert [problem.rule for problem in check_metamodel(document)] == ["metamodel-idref"]
