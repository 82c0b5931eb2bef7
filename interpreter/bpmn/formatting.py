"""Writing a file evenly, and drawing a diagram for one without."""

from __future__ import annotations

from interpreter.bpmn.document import BpmnDocument
from interpreter.bpmn.layout import lay_out
from interpreter.bpmn.namespaces import BPMN, BPMNDI, DC, DI, qualified
from interpreter.bpmn.xml import declare_prefix, indent


def formatted(document: BpmnDocument, *, indent: bool = True, layout: bool = False) -> bytes:
    """The file's bytes with even indentation (of white space between elements only), and a diagram when it has none.

    The document itself is changed; nothing but white space and the diagram is.
    """
    if layout:
        add_diagram(document)
    if indent:
        _indent(document)
    return document.to_bytes()


def add_diagram(document: BpmnDocument) -> bool:
    """Draws the processes of a file that has no diagram; whether anything was drawn."""
    root = document.root.element
    if root.tag != qualified(BPMN, "definitions") or any(
        True for _ in root.iterchildren(qualified(BPMNDI, "BPMNDiagram"))
    ):
        return False
    document.about_to_change()
    lay_out(root)
    for prefix, namespace in (("bpmndi", BPMNDI), ("dc", DC), ("di", DI)):
        if root.nsmap.get(prefix) in (None, namespace):
            declare_prefix(root, prefix, namespace)
    document.changed()
    return True


def _indent(document: BpmnDocument) -> None:
    document.about_to_change()
    indent(document.tree)
    document.changed()
