"""Layer 4, part 2: expressions of executable processes are FEEL or JUEL that can be read.

FEEL after ``=`` or where the language says so, JUEL in ``${...}`` and ``#{...}``; anything else is a literal. Scripts
in FEEL are read too. Whether the variables exist is known at run time only.
"""

from __future__ import annotations

from typing import Final

from dmn import feel
from interpreter.bpmn.document import Node
from interpreter.bpmn.lint.graph import Graph, described
from interpreter.bpmn.lint.rules import Report
from interpreter.bpmn.namespaces import CAMUNDA_FAMILY, ZEEBE, split
from interpreter.bpmn.xml import own_text
from interpreter.juel.syntax import JuelSyntaxError, compile_template

_EXPRESSIONS: Final = frozenset(
    {
        *("conditionExpression", "condition", "completionCondition", "loopCondition", "loopCardinality"),
        *("activationCondition", "timeDate", "timeDuration", "timeCycle"),
    }
)
_TEXTS: Final = frozenset({"inputParameter", "outputParameter", "value", "entry", "failedJobRetryTimeCycle"})
_ZEEBE_TEXT: Final = frozenset({"key", "value"})


def check_expressions(graph: Graph, report: Report) -> None:
    """Findings on expressions that cannot be read."""
    for process in graph.document.processes():
        if not process.boolean("isExecutable"):
            continue
        for element in process.element.iter("*"):
            namespace, local = split(element.tag)
            node = Node(graph.document, element)
            if namespace == ZEEBE:
                for name, value in element.attrib.items():
                    if value.startswith("=") and not (local == "header" and name in _ZEEBE_TEXT):
                        _feel(report, node, value[1:], f"{local} {name}")
                continue
            if namespace in CAMUNDA_FAMILY:
                for name, value in element.attrib.items():
                    _value(report, node, value, f"{local} {name}")
                if local in _TEXTS:
                    _value(report, node, own_text(element).strip(), local)
                elif local == "script" and _is_feel(element.get("scriptFormat")):
                    _feel(report, node, own_text(element).strip(), "script")
                continue
            for key, value in element.attrib.items():
                if key[0] == "{" and split(key)[0] in CAMUNDA_FAMILY:
                    _value(report, node, value, split(key)[1])
            if local in _EXPRESSIONS:
                text = own_text(element).strip()
                if _is_feel(element.get("language")):
                    _feel(report, node, text.removeprefix("="), local)
                elif element.get("language") is None:
                    _value(report, node, text, local)
            elif local == "scriptTask" and _is_feel(element.get("scriptFormat")):
                script = node.child("script")
                if script is not None:
                    _feel(report, node, script.text.strip().removeprefix("="), "script")


def _is_feel(language: str | None) -> bool:
    return language is not None and "feel" in language.lower()


def _value(report: Report, node: Node, text: str, what: str) -> None:
    if text.startswith("="):
        _feel(report, node, text[1:], what)
    elif "${" in text or "#{" in text:
        try:
            compile_template(text)
        except JuelSyntaxError as error:
            _report(report, node, text, what, str(error))


def _feel(report: Report, node: Node, text: str, what: str) -> None:
    if not text.strip():
        return
    try:
        feel.compile_expression(text, dialect="camunda")
    except feel.FeelSyntaxError as error:
        _report(report, node, text, what, str(error))


def _report(report: Report, node: Node, text: str, what: str, told: str) -> None:
    owner = node
    while owner.id is None and owner.parent is not None:
        owner = owner.parent
    shown = " ".join(text.split())
    shown = shown if len(shown) <= 80 else shown[:77] + "..."
    report(
        "expression-syntax",
        owner,
        f"Expected an expression in {what!r} of {described(owner)} but {shown!r} cannot be read: {told}",
    )
