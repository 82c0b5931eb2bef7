"""Escalation events (BPMN 2.0.2, 10.5.1): like errors, but the catcher need not interrupt and nobody need catch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from interpreter import expressions, propagation
from interpreter.definition import Expression, FlowNode, Spec
from interpreter.triggers.trigger import Trigger

if TYPE_CHECKING:
    from interpreter.bpmn.document import Node
    from interpreter.elements.reading import Reader
    from interpreter.machine import Machine
    from interpreter.state import Element


@dataclass(frozen=True, slots=True)
class EscalationSpec(Spec):
    """`code` None catches every escalation."""

    code: str | None = None
    thrown: Expression | None = None
    code_variable: str | None = None


def read(definition: Node, reader: Reader) -> EscalationSpec:
    escalation = definition.ref("escalationRef")
    code = None if escalation is None else escalation.attr("escalationCode") or escalation.id
    return EscalationSpec(code, None if code is None else reader.value(code), definition.ext("escalationCodeVariable"))


class EscalationTrigger(Trigger):
    def throw(self, m: Machine, element: Element, node: FlowNode, spec: Spec) -> bool:
        assert isinstance(spec, EscalationSpec)
        code = expressions.text(m, spec.thrown, element.key, f"the escalation code of {node.id!r}")
        return not propagation.throw_escalation(m, element.key, code)
