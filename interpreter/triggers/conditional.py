"""Conditional events (BPMN 2.0.2, 10.5.1): looked at when they are subscribed and whenever a variable that they see
changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from interpreter.definition import Expression, FlowNode, Spec
from interpreter.triggers.trigger import Trigger
from interpreter.waits import ConditionWait, Wait

if TYPE_CHECKING:
    from interpreter.bpmn.document import Node
    from interpreter.elements.reading import Reader
    from interpreter.machine import Machine


NEVER = Expression("literal", "false")


@dataclass(frozen=True, slots=True)
class ConditionSpec(Spec):
    """`names`: only changes of these variables count (none: all); `changes`: only these of create, update, delete
    (none: all)."""

    condition: Expression = NEVER
    names: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()


def read(definition: Node, reader: Reader) -> ConditionSpec:
    condition = reader.formal(definition.child("condition"))
    if condition is None:
        reader.problem(definition, "Expected a condition in the conditional event but there was none.")
        condition = NEVER
    name = definition.ext("variableName")
    events = definition.ext("variableEvents") or ""
    names: tuple[str, ...] = () if name is None else (name,)
    kinds = tuple([e.strip() for e in events.split(",") if e.strip()])
    zeebe = definition.zeebe("conditionalFilter")
    if zeebe is not None:
        names = tuple([n.strip() for n in (zeebe.attr("variableNames") or "").split(",") if n.strip()])
        kinds = tuple([n.strip() for n in (zeebe.attr("variableEvents") or "").split(",") if n.strip()])
    return ConditionSpec(condition, names, kinds)


class ConditionTrigger(Trigger):
    def subscription(self, m: Machine, element: int, node: FlowNode, spec: Spec) -> Wait:
        assert isinstance(spec, ConditionSpec)
        index = node.triggers.index(spec)
        return ConditionWait(0, element, node.id, spec.names, spec.changes, index)

    def condition_of(self, node: FlowNode, wait: ConditionWait) -> Expression:
        spec = node.triggers[wait.index]
        assert isinstance(spec, ConditionSpec)
        return spec.condition
