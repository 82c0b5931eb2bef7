"""From the builder's elements to a BPMN file: schema order, namespaces, incoming/outgoing, diagram."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from interpreter.bpmn import namespaces
from interpreter.bpmn.layout import lay_out
from interpreter.bpmn.metamodel import TYPES, bpmn_type
from interpreter.bpmn.namespaces import BPMN, qualified
from interpreter.bpmn.parts import BuilderError, El
from interpreter.bpmn.xml import XmlElement, element_tree, indent, new_element, serialize, sub_element

_PREFIXES: Final = {
    "bpmn": BPMN,
    "bpmndi": namespaces.BPMNDI,
    "dc": namespaces.DC,
    "di": namespaces.DI,
    "xsi": namespaces.XSI,
    "xsd": namespaces.XSD,
    "camunda": namespaces.CAMUNDA,
    "operaton": namespaces.OPERATON,
    "cibseven": namespaces.CIBSEVEN,
    "activiti": namespaces.ACTIVITI,
    "flowable": namespaces.FLOWABLE,
    "zeebe": namespaces.ZEEBE,
    "modeler": namespaces.MODELER,
}
_ALWAYS: Final = ("bpmn", "bpmndi", "dc", "di", "xsi")

# Roots that refer to others come after them, which is how modellers write files.
_LATE_ROOTS: Final = {"collaboration": 1, "process": 2}


def assemble(definitions: El, extra: Mapping[str, str]) -> bytes:
    """The elements as the bytes of a BPMN file."""
    known = {**_PREFIXES, **extra}
    used: list[str] = [*_ALWAYS]
    for element in definitions.walk():
        for name in (element.tag, *element.attrs):
            prefix, colon, _ = name.partition(":")
            if colon and prefix not in used:
                if prefix not in known:
                    raise BuilderError(f"Expected a declared prefix but was {prefix!r}; use namespace(prefix, uri).")
                used.append(prefix)
    nsmap: dict[str | None, str] = {prefix: known[prefix] for prefix in used}
    definitions.children.sort(key=lambda child: _LATE_ROOTS.get(child.tag, 0))
    root = new_element(qualified(BPMN, "definitions"), nsmap)
    _fill(root, definitions, known, "tDefinitions")
    _link_flows(root)
    lay_out(root)
    tree = element_tree(root)
    indent(tree)
    return serialize(tree)


def _name(name: str, known: Mapping[str, str], default: str) -> str:
    prefix, colon, local = name.partition(":")
    return qualified(known[prefix], local) if colon else qualified(default, name)


def _fill(target: XmlElement, source: El, known: Mapping[str, str], type_name: str | None) -> None:
    for name, value in source.attrs.items():
        target.set(_name(name, known, ""), value)
    if source.text is not None:
        target.text = source.text
    children = _merged(source.children)
    type_ = TYPES.get(type_name) if type_name else None
    if type_ is not None:
        order = type_.order
        last = len(order) + 1
        children = sorted(children, key=lambda child: order.get(_name(child.tag, known, BPMN), last))
    for child in children:
        tag = _name(child.tag, known, BPMN)
        child_type = None
        if type_ is not None and tag in type_.child_types:
            child_type = type_.child_types[tag]
        elif ":" not in child.tag:
            global_type = bpmn_type(child.tag)
            child_type = global_type.name if global_type is not None else None
        _fill(sub_element(target, tag), child, known, child_type)


def _merged(children: list[El]) -> list[El]:
    """Children with all extensionElements brought into one."""
    merged: list[El] = []
    extensions: El | None = None
    for child in children:
        if child.tag != "extensionElements":
            merged.append(child)
        elif extensions is None:
            extensions = El("extensionElements", dict(child.attrs), list(child.children))
            merged.append(extensions)
        else:
            extensions.children += child.children
    return merged


def _link_flows(root: XmlElement) -> None:
    """Writes ``incoming`` and ``outgoing`` at the nodes, before what the schema wants after them."""
    by_id = {element.get("id"): element for element in root.iter("*")}
    for tag, attribute in (("incoming", "targetRef"), ("outgoing", "sourceRef")):
        for flow in root.iter(qualified(BPMN, "sequenceFlow")):
            node = by_id.get(flow.get(attribute))
            if node is None:
                told = f"{flow.get(attribute)!r} does not exist"
                raise BuilderError(f"Expected a node as {attribute} of flow {flow.get('id')!r} but {told}.")
            link = new_element(qualified(BPMN, tag))
            link.text = flow.get("id")
            _insert_in_order(node, link)


def _insert_in_order(parent: XmlElement, child: XmlElement) -> None:
    type_ = bpmn_type(parent.tag.rpartition("}")[2])
    order = type_.order if type_ is not None else {}
    position = order.get(child.tag, len(order))
    index = 0
    for index, sibling in enumerate(parent):
        if order.get(sibling.tag, len(order) + 1) > position:
            parent.insert(index, child)
            return
    parent.append(child)
