"""What a test may give as a model, and the definitions that come of it."""

from __future__ import annotations

from pathlib import Path

from interpreter.bpmn.builder import Builder
from interpreter.bpmn.compile import compile_process
from interpreter.bpmn.document import BpmnDocument, parse_bpmn
from interpreter.definition import Definition

Model = Builder | BpmnDocument | Definition | bytes | str | Path


def definitions_of(model: Model, profile: str = "c7") -> list[Definition]:
    """The definitions of a model: its executable processes, or all when none is marked, and its global tasks."""
    if isinstance(model, Definition):
        return [model]
    document = document_of(model)
    processes = [p for p in document.processes() if p.boolean("isExecutable")] or document.processes()
    tasks = [n for n in document.root.children() if n.tag.startswith("global") and n.tag.endswith("Task")]
    return [compile_process(document, n.id or "", profile) for n in [*processes, *tasks]]


def source_of(model: Model) -> bytes | None:
    """The model as a file; None when there is only its definition."""
    if isinstance(model, Definition):
        return None
    return model.xml() if isinstance(model, Builder) else document_of(model).to_bytes()


def document_of(model: Builder | BpmnDocument | bytes | str | Path) -> BpmnDocument:
    """The model as a document; text is a path."""
    if isinstance(model, BpmnDocument):
        return model
    if isinstance(model, Builder):
        return model.document()
    if isinstance(model, bytes):
        return parse_bpmn(model)
    path = Path(model)
    return parse_bpmn(path.read_bytes(), name=path.name)
