"""Small models as text, for tests of single rules."""

from __future__ import annotations

from interpreter.bpmn.document import BpmnDocument, parse_bpmn
from interpreter.bpmn.problems import Problem, Profile
from interpreter.bpmn.validate import validate

_HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
    'xmlns:camunda="http://camunda.org/schema/1.0/bpmn" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" '
    'xmlns:operaton="http://operaton.org/schema/1.0/bpmn" xmlns:flowable="http://flowable.org/bpmn" '
    'xmlns:activiti="http://activiti.org/bpmn" xmlns:other="urn:other" xmlns:tns="urn:model" '
    'id="definitions" targetNamespace="urn:model">'
)


def definitions(content: str) -> bytes:
    """A file with this content."""
    return f"{_HEAD}{content}</definitions>".encode()


def process(body: str, roots: str = "", attributes: str = 'isExecutable="true"') -> bytes:
    """A file with one process ``p``."""
    return definitions(f'{roots}<process id="p" {attributes}>{body}</process>')


def flow(source: str, target: str, content: str = "", attributes: str = "") -> str:
    """A sequence flow ``source-target``."""
    return (
        f'<sequenceFlow id="{source}-{target}" sourceRef="{source}" targetRef="{target}" {attributes}>'
        f"{content}</sequenceFlow>"
    )


def condition(text: str) -> str:
    return f'<conditionExpression xsi:type="tFormalExpression">{text}</conditionExpression>'


def around(node: str, id: str, more: str = "", roots: str = "") -> bytes:
    """``start -> node -> end``."""
    return process(
        f'<startEvent id="s" name="s"/>{flow("s", id)}{node}{flow(id, "e")}<endEvent id="e" name="e"/>{more}', roots
    )


def document(data: bytes) -> BpmnDocument:
    return parse_bpmn(data)


def check(data: bytes, profile: Profile = "c7") -> list[Problem]:
    return validate(parse_bpmn(data), profile)


def rules(data: bytes, profile: Profile = "c7") -> list[str]:
    """Rules found, sorted, each once."""
    return sorted({problem.rule for problem in check(data, profile)})
