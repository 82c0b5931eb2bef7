"""One file on its way into the engine: read, checked in all layers, compiled; or refused with all of its problems."""

from __future__ import annotations

from dataclasses import dataclass, field

from interpreter.bpmn.compile import CompileError, compile_all
from interpreter.bpmn.document import BpmnDocument, parse_bpmn
from interpreter.bpmn.problems import BpmnParseError, Problem, Profile, errors, ordered
from interpreter.bpmn.validate import validate
from interpreter.definition import Definition


@dataclass(frozen=True, slots=True)
class Prepared:
    """``definitions`` is empty when ``problems`` has an error (or nothing in the file is executable)."""

    name: str
    problems: tuple[Problem, ...]
    definitions: tuple[Definition, ...] = ()
    document: BpmnDocument | None = field(default=None, compare=False)

    @property
    def is_refused(self) -> bool:
        return bool(errors(self.problems))


def prepare(data: bytes, *, name: str = "", profile: Profile = "c7") -> Prepared:
    """Everything that a deployment of one BPMN file needs. Never raises for what is wrong with the file."""
    try:
        document = parse_bpmn(data, name=name)
    except BpmnParseError as refused:
        return Prepared(name, refused.problems)
    problems = validate(document, profile)
    if errors(problems):
        return Prepared(name, tuple(problems), (), document)
    try:
        definitions = compile_all(document, profile)
    except CompileError as refused:
        found = [_problem(document, id, line, sentence) for id, line, sentence in refused.problems]
        return Prepared(name, tuple(ordered([*problems, *found])), (), document)
    return Prepared(name, tuple(problems), tuple(definitions), document)


def _problem(document: BpmnDocument, id: str, line: int, sentence: str) -> Problem:
    node = document.by_id(id)
    column = node.column if node is not None else 1
    tag = node.tag if node is not None else ""
    return Problem("exec-compile", "error", sentence, id or None, line, column, "", (id,) if id else (), tag)
