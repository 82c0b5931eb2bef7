"""Changes to a model that leave the rest of the file as it was.

    editor = Editor(document)
    editor.rename("Task_1", "approve")            # and every reference to it
    editor.reconnect("Flow_3", target="approve")  # and the lists of incoming and outgoing flows
    editor.set("approve", "camunda:assignee", "mary")
    document.to_bytes()

A new element is put where the schema wants it, with the indentation around it. Errors are :class:`BpmnEditError`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from interpreter.bpmn.document import BpmnDocument, Node
from interpreter.bpmn.metamodel import TYPES, bpmn_type, type_of
from interpreter.bpmn.namespaces import (
    ACTIVITI,
    BPMN,
    CAMUNDA,
    CAMUNDA_FAMILY,
    CIBSEVEN,
    FLOWABLE,
    OPERATON,
    ZEEBE,
    qualified,
    split,
)
from interpreter.bpmn.parts import is_id
from interpreter.bpmn.problems import BpmnEditError
from interpreter.bpmn.xml import XmlElement, declare_prefix, new_element, own_text

_PREFIXES: Final = {
    "camunda": CAMUNDA,
    "operaton": OPERATON,
    "cibseven": CIBSEVEN,
    "activiti": ACTIVITI,
    "flowable": FLOWABLE,
    "zeebe": ZEEBE,
}
_REFERENCES: Final = frozenset({"QName", "IDREF"})


class Editor:
    """Edits one document in place. Views on elements that stay in the file stay valid."""

    def __init__(self, document: BpmnDocument) -> None:
        self.document = document

    def set(self, id: str, name: str, value: str | None) -> None:
        """Sets an attribute (a vendor's with its prefix), or removes it with None. Not for ids: see :meth:`rename`."""
        if name == "id":
            raise BpmnEditError("Expected an attribute other than 'id' but was 'id'; use rename.")
        element = self._element(id)
        self.document.about_to_change()
        key = self._key(element, name)
        if value is None:
            element.attrib.pop(key, None)
        else:
            element.set(key, value)
            self._declare(name)
        self.document.changed()

    def set_text(self, id: str, child: str, text: str) -> None:
        """Sets the text of a BPMN child element (documentation, script, conditionExpression ...), made when missing."""
        element = self._element(id)
        self.document.about_to_change()
        tag = qualified(BPMN, child)
        found = next(iter(element.iterchildren(tag)), None)
        if found is None:
            found = new_element(tag)
            self._insert(element, found)
        for inner in list(found):
            found.remove(inner)
        found.text = text
        self.document.changed()

    def rename(self, old: str, new: str) -> int:
        """Gives an element another id and corrects every reference to it, the diagram's included.

        Returns the number of references changed.
        """
        element = self._element(old)
        if not is_id(new):
            raise BpmnEditError(f"Expected an XML id but was {new!r}.")
        if self.document.by_id(new) is not None:
            raise BpmnEditError(f"Expected a new id but {new!r} is taken.")
        self.document.about_to_change()
        count = 0
        for holder, key in self._references(old):
            count += 1
            if key is None:
                holder.text = (holder.text or "").replace(old, new)
            else:
                value = holder.get(key) or ""
                holder.set(key, value[: len(value) - len(old)] + new)
        element.set("id", new)
        self.document.changed()
        return count

    def reconnect(self, flow: str, *, source: str | None = None, target: str | None = None) -> None:
        """Moves the beginning or end of a sequence flow; where nodes list their flows, the lists follow."""
        element = self._element(flow)
        if split(element.tag)[1] != "sequenceFlow":
            raise BpmnEditError(f"Expected the id of a sequence flow but {flow!r} is a {split(element.tag)[1]!r}.")
        moves = [("sourceRef", "outgoing", source), ("targetRef", "incoming", target)]
        for _attribute, _tag, node in moves:
            if node is not None:
                self._element(node)
        self.document.about_to_change()
        for attribute, tag, node in moves:
            if node is None:
                continue
            before = element.get(attribute)
            element.set(attribute, node)
            if before is not None and self._unlist(before, tag, flow):
                link = new_element(qualified(BPMN, tag))
                link.text = flow
                self._insert(self._element(node), link)
        self.document.changed()

    def add(self, parent: str | None, tag: str, attributes: Mapping[str, str] | None = None, text: str = "") -> Node:
        """Adds a BPMN element to another (None: to the definitions) and returns a view on it."""
        holder = self.document.root.element if parent is None else self._element(parent)
        given = dict(attributes or {})
        id = given.get("id")
        if id is not None and (not is_id(id) or self.document.by_id(id) is not None):
            raise BpmnEditError(f"Expected a new id but was {id!r}.")
        holder_type = type_of(holder.tag)
        key = qualified(BPMN, tag)
        if holder_type is None or key not in holder_type.order:
            raise BpmnEditError(f"Expected a child element of {split(holder.tag)[1]!r} but {tag!r} is none.")
        self.document.about_to_change()
        element = new_element(key)
        for name, value in given.items():
            element.set(self._key(holder, name), value)
        if text:
            element.text = text
        self._insert(holder, element)
        for name in given:
            self._declare(name)
        self.document.changed()
        return Node(self.document, element)

    def remove(self, id: str) -> None:
        """Removes an element with its diagram elements, the flows at it, and what is attached to it."""
        element = self._element(id)
        self.document.about_to_change()
        gone = {part.get("id") for part in element.iter("*") if part.get("id")}
        for other in list(self.document.root.element.iter("*")):
            if other.getparent() is None or split(other.tag)[0] != BPMN:
                continue
            ends = {other.get(name) for name in ("sourceRef", "targetRef", "attachedToRef")}
            if ends & gone and other is not element and other.get("id") is not None:
                gone.add(other.get("id"))
                self._detach(other)
        self._detach(element)
        for other in list(self.document.root.element.iter("*")):
            if other.get("bpmnElement") in gone or (split(other.tag) in _LISTS and own_text(other).strip() in gone):
                self._detach(other)
        self.document.changed()

    # -- inside

    def _element(self, id: str) -> XmlElement:
        node = self.document.by_id(id)
        if node is None:
            raise BpmnEditError(f"Expected the id of an element but {id!r} does not exist.")
        return node.element

    def _key(self, element: XmlElement, name: str) -> str:
        prefix, colon, local = name.partition(":")
        if not colon:
            return name
        namespace = element.nsmap.get(prefix) or _PREFIXES.get(prefix)
        if namespace is None:
            raise BpmnEditError(f"Expected a declared prefix but was {prefix!r}.")
        return qualified(namespace, local)

    def _declare(self, name: str) -> None:
        """Declares a vendor's usual prefix at the root when the file does not have it yet."""
        prefix, colon, _ = name.partition(":")
        root = self.document.root.element
        if colon and prefix in _PREFIXES and prefix not in root.nsmap:
            declare_prefix(root, prefix, _PREFIXES[prefix])

    def _references(self, id: str) -> Iterator[tuple[XmlElement, str | None]]:
        """Places that refer to an id: (element, attribute), or (element, None) when its text does."""
        for element in self.document.root.element.iter("*"):
            namespace = split(element.tag)[0]
            type_ = type_of(element.tag)
            if type_ is not None:
                for name, attribute in type_.attributes.items():
                    if attribute.type in _REFERENCES and _names(element.get(name), id):
                        yield element, name
            elif namespace in CAMUNDA_FAMILY and _names(element.get("errorRef"), id):
                yield element, "errorRef"
            elif namespace == BPMN and len(element) == 0 and _names(own_text(element), id):
                parent = element.getparent()
                holder = type_of(parent.tag) if parent is not None else None
                if holder is not None and holder.child_types.get(element.tag) in _REFERENCES:
                    yield element, None

    def _unlist(self, node: str, tag: str, flow: str) -> bool:
        """Takes a flow off a node's list; whether lists are kept in this scope at all."""
        holder = self.document.by_id(node)
        if holder is None:
            return False
        for child in list(holder.element.iterchildren(qualified(BPMN, tag))):
            if own_text(child).strip().rpartition(":")[2] == flow:
                self._detach(child)
                return True
        return False

    def _detach(self, element: XmlElement) -> None:
        """Removes an element and the white space before it, keeping the text that follows."""
        parent = element.getparent()
        if parent is None:
            return
        previous = element.getprevious()
        tail = element.tail
        element.tail = None
        parent.remove(element)
        if previous is not None:
            previous.tail = tail
        else:
            parent.text = tail if len(parent) == 0 or not (parent.text or "").strip() else parent.text

    def _insert(self, parent: XmlElement, child: XmlElement) -> None:
        type_ = bpmn_type(split(parent.tag)[1]) or TYPES.get("t" + split(parent.tag)[1])
        order = type_.order if type_ is not None else {}
        position = order.get(child.tag, len(order))
        siblings = list(parent)
        index = len(siblings)
        for place, sibling in enumerate(siblings):
            if isinstance(sibling.tag, str) and order.get(sibling.tag, len(order) + 1) > position:
                index = place
                break
        indentation = _indentation(parent)
        if not siblings:
            outer = indentation[:-2] if indentation.endswith("  ") else indentation
            parent.text = indentation
            child.tail = outer
        elif index == 0:
            child.tail = parent.text
        else:
            before = siblings[index - 1]
            child.tail = before.tail
            before.tail = parent.text if (parent.text or "").strip() == "" else before.tail
        parent.insert(index, child)


_LISTS: Final = frozenset({(BPMN, "incoming"), (BPMN, "outgoing"), (BPMN, "flowNodeRef")})


def _names(value: str | None, id: str) -> bool:
    return value is not None and (value.strip() == id or value.strip().endswith(f":{id}"))


def _indentation(parent: XmlElement) -> str:
    """White space that a child of an element without children is indented by."""
    if len(parent) and parent.text is not None:
        return parent.text
    depth = sum(1 for _ in parent.iterancestors()) + 1
    return "\n" + "  " * depth
