"""BPMN's own data flow (BPMN 2.0.2, 10.4): data objects and properties are variables of the scope that declares them,
data inputs and outputs are variables of the activity, associations copy, transform or assign.

A data store outlives the process (10.4.1) and is shared by all instances of a tenant, under its name. An instance has
its value as a variable: read anew before each activity or event with an association from the store, by a job, and
written through by each association to it, as an effect.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from interpreter import expressions, variables
from interpreter.codec import decode_value, encode_value, register
from interpreter.definition import Expression, FlowNode, Mapping, Spec
from interpreter.effects import WriteDataStore
from interpreter.machine import Machine
from interpreter.state import Element
from interpreter.values import JsonValue
from interpreter.waits import JobWait

if TYPE_CHECKING:
    from interpreter.bpmn.document import Node
    from interpreter.elements.reading import Reader


@dataclass(frozen=True, slots=True)
class DataAssociation(Spec):
    """From `sources` (variable names) to `target`; `store` is set when the target is a data store, `stores` are those
    of the sources that are (before it was read, a definition had none)."""

    sources: tuple[str, ...] = ()
    target: str = ""
    transformation: Expression | None = None
    assignments: tuple[Mapping, ...] = ()
    store: str | None = None
    stores: tuple[str, ...] = ()


READ: Final = "data_store"
"""Kind of the job that reads data stores; its answer is {name: value in JSON form}, without those never written."""
_READ_RETRIES: Final = 10


def read_associations(node: Node, reader: Reader, tag: str) -> tuple[DataAssociation, ...]:
    """dataInputAssociation or dataOutputAssociation elements of an activity or event."""
    found: list[DataAssociation] = []
    for child in node.children(tag):
        references = [s.text.strip() for s in child.children("sourceRef")]
        sources = tuple([reader.data_name(reference) for reference in references])
        stores = tuple([reader.data_name(reference) for reference in references if _is_store(reader, reference)])
        reference = child.child("targetRef")
        id = "" if reference is None else reference.text.strip()
        target = reader.data_name(id)
        store = target if _is_store(reader, id) else None
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
            DataAssociation(
                sources, target, reader.formal(child.child("transformation")), tuple(assignments), store, stores
            )
        )
    return tuple(found)


def _is_store(reader: Reader, id: str) -> bool:
    found = reader.document.by_id(id)
    return found is not None and found.tag in ("dataStoreReference", "dataStore")


def declare(m: Machine, element: Element, node: FlowNode) -> None:
    """Give a scope its data objects and properties, empty."""
    for name in node.declares:
        if name not in element.variables:
            variables.set_local(m, element.key, name, None)


def asks_for_stores(m: Machine, element: Element, node: FlowNode) -> bool:
    """Whether data stores must be read first, and were not yet: then a job does it, and `enter` begins again."""
    names = dict.fromkeys(
        name for item in node.data_inputs if isinstance(item, DataAssociation) for name in item.stores
    )
    if not names or (element.data or {}).get(READ):
        return False
    what = ", ".join(names)
    m.open_wait(JobWait(m.new_key(), element.key, node.id, READ, what, _READ_RETRIES, headers={"stores": list(names)}))
    return True


def take_stores(m: Machine, element: Element, wait: JobWait, result: JsonValue) -> None:
    """The data stores were read: their values become variables, and the element goes on."""
    m.close_wait(wait.key)
    values = cast("dict[str, Any]", result) if isinstance(result, dict) else {}
    for name, value in values.items():
        variables.set_variable(m, element.scope, name, decode_value(value))
    m.note(element.key, **{READ: True})
    m.push("enter", element.key)


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
                m.effects.append(WriteDataStore(association.store, encode_value(value), node.id))


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
