"""From deployed files to what the read model stores: parse, check and compile BPMN and DMN, read forms.

Everything is checked before anything is stored. A model that cannot be used is a 400 ParseException whose `details`
name, for each file, every problem with line, column and element.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from api.errors import RestError, engine_error, invalid_request, parse_error
from dmn import DmnXmlError, parse_dmn
from interpreter.bpmn.compile import compile_all
from interpreter.bpmn.document import parse_bpmn
from interpreter.bpmn.problems import BpmnParseError, Problem, Profile, errors
from interpreter.bpmn.refusal import refusal_details, refusal_message
from interpreter.bpmn.validate import validate
from interpreter.elements.reading import CompileError
from store.deployments import NewDecision, NewForm, NewProcess, NewRequirements, NewResource
from store.new_definitions import from_definition

BPMN_SUFFIXES: Final = (".bpmn", ".bpmn20.xml")
DMN_SUFFIXES: Final = (".dmn", ".dmn11.xml")
FORM_SUFFIX: Final = ".form"
DIAGRAM_SUFFIXES: Final = ("svg", "png", "jpg", "gif")


@dataclass(slots=True)
class Prepared:
    """What a deployment's files hold."""

    processes: list[NewProcess] = field(default_factory=list[NewProcess])
    decisions: list[NewDecision] = field(default_factory=list[NewDecision])
    requirements: list[NewRequirements] = field(default_factory=list[NewRequirements])
    forms: list[NewForm] = field(default_factory=list[NewForm])


def prepare(files: Sequence[NewResource], profile: Profile) -> Prepared:
    """Read and check all files. RestError 400 or 500 when one cannot be used; nothing is kept then."""
    names = [file.name for file in files]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise invalid_request(f"Expected resources with different names in a deployment but '{twice}' is there twice.")
    prepared = Prepared()
    reports: dict[str, list[Problem]] = {}
    for file in files:
        if file.name.endswith(BPMN_SUFFIXES):
            problems = _read_bpmn(file, profile, _diagram_of(file.name, names), prepared)
            if problems:
                reports[file.name] = problems
        elif file.name.endswith(DMN_SUFFIXES):
            _read_dmn(file, prepared)
        elif file.name.endswith(FORM_SUFFIX):
            _read_form(file, prepared)
    if any(errors(problems) for problems in reports.values()):
        raise parse_error(refusal_message(reports), refusal_details(reports))
    _check_keys(prepared)
    return prepared


def _read_bpmn(file: NewResource, profile: Profile, diagram: str | None, prepared: Prepared) -> list[Problem]:
    try:
        document = parse_bpmn(file.content, name=file.name)
        problems = validate(document, profile)
        if errors(problems):
            return problems
        for definition in compile_all(document, profile):
            prepared.processes.append(from_definition(definition, file.name, diagram_name=diagram))
    except BpmnParseError as error:
        return list(error.problems)
    except CompileError as error:
        return [
            Problem("compile", "error", sentence, element, line, element_ids=(element,) if element else ())
            for element, line, sentence in error.problems
        ]
    return problems


def _read_dmn(file: NewResource, prepared: Prepared) -> None:
    try:
        definitions = parse_dmn(file.content)
    except DmnXmlError as error:
        raise engine_error(f"ENGINE-22004 Unable to transform DMN resource '{file.name}': {error}") from error
    graph = definitions.id or file.name
    prepared.requirements.append(NewRequirements(graph, definitions.name, file.name))
    for decision in definitions.decisions:
        prepared.decisions.append(NewDecision(decision.id or decision.name, decision.name, file.name, graph))


def _read_form(file: NewResource, prepared: Prepared) -> None:
    try:
        schema: Any = orjson.loads(file.content)
    except orjson.JSONDecodeError as error:
        raise RestError(
            400, "ParseException", f"Could not parse form '{file.name}': it is no JSON ({error}).", 0
        ) from error
    key = schema.get("id") if isinstance(schema, dict) else None
    if not isinstance(key, str) or not key:
        raise RestError(
            400, "ParseException", f"Could not parse form '{file.name}': expected an \"id\" but there is none.", 0
        )
    prepared.forms.append(NewForm(key, file.name))


def _check_keys(prepared: Prepared) -> None:
    for kind, keys in (
        ("process", [process.key for process in prepared.processes]),
        ("decision", [decision.key for decision in prepared.decisions]),
        ("form", [form.key for form in prepared.forms]),
    ):
        twice = next((key for key in keys if keys.count(key) > 1), None)
        if twice is not None:
            raise RestError(
                400,
                "ParseException",
                f"Expected different ids in one deployment but the {kind} '{twice}' is there twice.",
                0,
            )


def _diagram_of(name: str, names: Iterable[str]) -> str | None:
    stem = next(name.removesuffix(suffix) for suffix in (*BPMN_SUFFIXES, "") if name.endswith(suffix))
    candidates = {f"{stem}.{suffix}" for suffix in DIAGRAM_SUFFIXES}
    return next((other for other in names if other in candidates), None)
