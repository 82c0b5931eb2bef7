"""Error events (BPMN 2.0.2, 10.5.1): thrown by end events, caught at boundaries and by event subprocesses, always
interrupting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from interpreter import expressions, propagation
from interpreter.definition import Expression, FlowNode, Spec
from interpreter.failures import BpmnError
from interpreter.triggers.trigger import Trigger

if TYPE_CHECKING:
    from interpreter.bpmn.document import Node
    from interpreter.elements.reading import Reader
    from interpreter.machine import Machine
    from interpreter.state import Element


@dataclass(frozen=True, slots=True)
class ErrorSpec(Spec):
    """`code` None catches every error. `thrown` is the code of a throwing event, which may be an expression."""

    code: str | None = None
    thrown: Expression | None = None
    message: Expression | None = None
    code_variable: str | None = None
    message_variable: str | None = None


def read(definition: Node, reader: Reader) -> ErrorSpec:
    reference = definition.attr("errorRef")
    error = definition.ref("errorRef")
    code: str | None = None
    message: Expression | None = None
    if error is not None:
        code = error.attr("errorCode") or error.id
        text = error.ext("errorMessage")
        message = None if text is None else reader.value(text)
    elif reference:
        code = reference
    return ErrorSpec(
        code,
        None if code is None else reader.value(code),
        message,
        definition.ext("errorCodeVariable"),
        definition.ext("errorMessageVariable"),
    )


class ErrorTrigger(Trigger):
    def throw(self, m: Machine, element: Element, node: FlowNode, spec: Spec) -> bool:
        assert isinstance(spec, ErrorSpec)
        code = expressions.text(m, spec.thrown, element.key, f"the error code of {node.id!r}") or ""
        message = expressions.text(m, spec.message, element.key, f"the error message of {node.id!r}") or ""
        propagation.throw_error(m, element.key, BpmnError(code, message))
        return False
