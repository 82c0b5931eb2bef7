"""BPMN's own data flow (BPMN 2.0.2, 10.4): data objects and properties are variables of the scope that declares them,
data inputs and outputs are variables of the activity, associations copy, transform or assign.

A data store is a variable of the process here, and writing it is an effect as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from interpreter import expressions, variables
from interpreter.codec import register
from interpreter.definition import Expression, FlowNode, Mapping, Spec
from interpreter.effects import WriteDataStore
from interpreter.machine import Machine
from interpreter.state import Element

if TYPE_CHECKING:
    from interpreter.bpmn.document import Node
    from interpreter.elements.reading import Reader


@dataclass(frozen=True, slots=True)
class DataAssociation(Spec):
    """From `sources` (variable names) to `target`; `store` is set when the target is a data store."""

    sources: tuple[str, ...] = ()
    target: str = ""
    transformation: Expression | None = None
    assignments: tuple[Mapping, ...] = ()
    store: str | None = None


def read_associations(node: Node, reader: Reader, tag: str) -> tuple[DataAssociation, ...]:
    """dataInputAssociation or dataOutputAssociation elements of an activity or event."""
    found: list[DataAssociation] = []
    for child in node.children(tag):
        sources = tuple([reader.data_name(s.text.strip()) for s in child.children("sourceRef")])
        reference = child.child("targetRef")
        id = "" if reference is None else reference.text.strip()
        target = reader.data_name(id)
        resolved = reader.document.by_id(id)
        store = target if resolved is not None and resolved.tag in ("dataStoreReference", "dataStore") else None
        assignments: list[Mapping] = []
        for assignment in child.children("assignment"):
            source = reader.formal(assignment.child("from"))
            to = assignment.child("to")
            if source is not None and to is not None:
                name = to.text.strip()
                if name[:2] in ("${", "#{") and name.endswith("}"):
                    name = name[2:-1].strip()
                assignments.append(Mapping(reader.data_name(name), source))
        found.append(
            DataAssociation(sources, target, reader.formal(child.child("transformation")), tuple(assignments), store)
        )
    return tuple(found)


def declare(m: Machine, element: Element, node: FlowNode) -> None:
    """Give a scope its data objects and properties, empty."""
    for name in node.declares:
        if name not in element.variables:
            variables.set_local(m, element.key, name, None)


def read_inputs(m: Machine, element: Element, node: FlowNode) -> None:
    """Run the data input associations: their targets become variables of the activity."""
    for association in node.data_inputs:
        assert isinstance(association, DataAssociation)
        for name, value in _values(m, element.key, association).items():
            variables.set_local(m, element.key, name, value)


def write_outputs(m: Machine, element: Element, node: FlowNode) -> None:
    """Run the data output associations: their targets are set as seen from the activity's scope."""
    for association in node.data_outputs:
        assert isinstance(association, DataAssociation)
        for name, value in _values(m, element.key, association).items():
            variables.set_variable(m, element.scope, name, value)
            if association.store is not None:
                m.effects.append(WriteDataStore(association.store, value))


def _values(m: Machine, element: int, association: DataAssociation) -> dict[str, object]:
    found: dict[str, object] = {}
    if association.transformation is not None:
        found[association.target] = expressions.evaluate(m, association.transformation, element)
    elif not association.assignments:
        for source in association.sources:
            value = variables.lookup(m.state, element, source)
            if value is not variables.MISSING:
                found[association.target] = value
    for assignment in association.assignments:
        found[assignment.target] = expressions.evaluate(m, assignment.source, element)
    return found


register(DataAssociation)
