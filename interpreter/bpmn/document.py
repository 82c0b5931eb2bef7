"""A BPMN file as it was read: the XML tree, which is the truth, and typed read-only views on its elements.

Nothing is copied out of the tree, so nothing is lost: whatever a file holds (vendors' extensions, comments, diagram
interchange, choreographies) is written back as it came. BPMN 2.0.2, clause 15.3 defines the file format.

    document = parse_bpmn(data, name="order.bpmn")
    for process in document.processes():
        for task in process.children("userTask"):
            task.ext("assignee"), task.line
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, cast

from interpreter.bpmn.locations import UNKNOWN, Position, element_positions
from interpreter.bpmn.namespaces import BPMN, CAMUNDA_FAMILY, ZEEBE, qualified, split
from interpreter.bpmn.problems import BpmnParseError, Problem
from interpreter.bpmn.xml import (
    DEFAULT_LIMITS,
    Limits,
    XmlElement,
    canonical,
    own_text,
    parse_tree,
    prolog_of,
    serialize,
)

__all__ = ["BpmnDocument", "BpmnParseError", "Limits", "Node", "Problem", "parse_bpmn"]

_BPMN_ANY: Final = qualified(BPMN, "*")
_EXTENSIONS: Final = qualified(BPMN, "extensionElements")
_DOCUMENTATION: Final = qualified(BPMN, "documentation")
_TRUE: Final = frozenset({"true", "1"})
_FALSE: Final = frozenset({"false", "0"})

_tags: dict[str, tuple[str, str]] = {}


def _split(tag: str) -> tuple[str, str]:
    known = _tags.get(tag)
    if known is None:
        known = split(tag)
        if len(_tags) < 4096:
            _tags[tag] = known
    return known


def parse_bpmn(data: bytes, *, name: str = "", limits: Limits = DEFAULT_LIMITS) -> BpmnDocument:
    """Reads a BPMN file.

    Raises :class:`BpmnParseError` when the bytes are not well-formed XML, declare a document type, or exceed
    ``limits``. What is well-formed but not valid BPMN is read; :func:`interpreter.bpmn.validate.validate` tells.
    """
    return BpmnDocument(parse_tree(data, name=name, limits=limits), data, name)


class Node:
    """A view on one element: cheap to make, never stale, equal to another view of the same element.

    For a BPMN element, ``attr`` and ``children`` see BPMN's own attributes and child elements only; vendors' are behind
    ``ext*`` and ``zeebe*``. For a vendor's element (what those return), ``attr`` sees its plain attributes and
    ``children`` all of its child elements.
    """

    __slots__ = ("_document", "_element")

    def __init__(self, document: BpmnDocument, element: XmlElement) -> None:
        self._document = document
        self._element = element

    # -- identity

    @property
    def tag(self) -> str:
        """Local name, such as ``serviceTask``."""
        return _split(self._element.tag)[1]

    @property
    def namespace(self) -> str:
        return _split(self._element.tag)[0]

    @property
    def is_bpmn(self) -> bool:
        return _split(self._element.tag)[0] == BPMN

    @property
    def id(self) -> str | None:
        return self._element.get("id")

    @property
    def name(self) -> str | None:
        return self._element.get("name")

    @property
    def line(self) -> int:
        """Line of the start tag, from 1; 0 for an element that was not read from a file."""
        return self._document.position_of(self._element)[0]

    @property
    def column(self) -> int:
        """Column of the start tag, from 1; 0 when unknown."""
        return self._document.position_of(self._element)[1]

    @property
    def document(self) -> BpmnDocument:
        return self._document

    @property
    def element(self) -> XmlElement:
        """The underlying XML element, for this package only."""
        return self._element

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Node) and other._element is self._element

    def __hash__(self) -> int:
        return hash(self._element)

    def __repr__(self) -> str:
        return f"<{self.tag} {self.id!r}>"

    # -- BPMN content

    def attr(self, name: str, default: str | None = None) -> str | None:
        """Value of an unqualified attribute, as written (schema defaults are not filled in)."""
        return self._element.get(name, default)

    def boolean(self, attr: str, default: bool = False) -> bool:
        """An xs:boolean attribute; ``default`` when absent or not a boolean (the metamodel layer reports that)."""
        return _boolean(self._element.get(attr), default)

    def integer(self, attr: str, default: int) -> int:
        """An xs:integer attribute; ``default`` when absent or not a number."""
        value = self._element.get(attr)
        try:
            return default if value is None else int(value)
        except ValueError:
            return default

    def children(self, tag: str | None = None) -> list[Node]:
        """Child elements in document order, all or those called ``tag``."""
        document = self._document
        if self.is_bpmn:
            wanted = _BPMN_ANY if tag is None else f"{{{BPMN}}}{tag}"
        else:
            wanted = "{*}*" if tag is None else f"{{*}}{tag}"
        return [Node(document, child) for child in self._element.iterchildren(wanted)]

    def child(self, tag: str) -> Node | None:
        """First child element called ``tag``."""
        wanted = f"{{{BPMN}}}{tag}" if self.is_bpmn else f"{{*}}{tag}"
        for child in self._element.iterchildren(wanted):
            return Node(self._document, child)
        return None

    def descendants(self, *tags: str) -> Iterator[Node]:
        """All BPMN elements below this one in document order, or those called one of ``tags``."""
        wanted = [f"{{{BPMN}}}{tag}" for tag in tags] or [_BPMN_ANY]
        own = self._element
        for element in own.iter(*wanted):
            if element is not own:
                yield Node(self._document, element)

    @property
    def text(self) -> str:
        """Character data of the element itself, CDATA included, as written (not stripped)."""
        return own_text(self._element)

    @property
    def parent(self) -> Node | None:
        parent = self._element.getparent()
        return None if parent is None else Node(self._document, parent)

    @property
    def documentation(self) -> str | None:
        """Text of the first documentation element, or None."""
        for child in self._element.iterchildren(_DOCUMENTATION):
            return own_text(child)
        return None

    @property
    def type(self) -> str | None:
        """Local name of the ``xsi:type`` (such as ``tFormalExpression``), or None."""
        value = self._element.get("{http://www.w3.org/2001/XMLSchema-instance}type")
        return None if value is None else value.rpartition(":")[2]

    # -- references

    def ref(self, attr: str) -> Node | None:
        """The element that a QName attribute refers to; None when absent, broken or in another file."""
        value = self._element.get(attr)
        return None if value is None else self._document.resolve(value, self._element)

    def refs(self, tag: str) -> list[Node]:
        """Elements that the child elements called ``tag`` (such as ``flowNodeRef``) refer to; broken ones left out."""
        found: list[Node] = []
        for child in self._element.iterchildren(f"{{{BPMN}}}{tag}"):
            node = self._document.resolve(own_text(child), child)
            if node is not None:
                found.append(node)
        return found

    # -- extensions

    def ext(self, name: str, default: str | None = None) -> str | None:
        """A vendor attribute by its local name, in the first of ``CAMUNDA_FAMILY`` that has it."""
        get = self._element.get
        for key in self._document.extension_keys(name):
            value = get(key)
            if value is not None:
                return value
        return default

    def ext_boolean(self, name: str, default: bool = False) -> bool:
        """A vendor attribute read as a boolean."""
        return _boolean(self.ext(name), default)

    def ext_children(self, name: str | None = None) -> list[Node]:
        """Elements of the Camunda family inside ``extensionElements``, in document order.

        When more than one vendor of the family is present, those of the strongest namespace only.
        """
        found: dict[str, list[Node]] = {}
        wanted = "{*}*" if name is None else f"{{*}}{name}"
        for holder in self._element.iterchildren(_EXTENSIONS):
            for child in holder.iterchildren(wanted):
                namespace = _split(child.tag)[0]
                if namespace in CAMUNDA_FAMILY:
                    found.setdefault(namespace, []).append(Node(self._document, child))
        if not found:
            return []
        return next(found[namespace] for namespace in CAMUNDA_FAMILY if namespace in found)

    def ext_child(self, name: str) -> Node | None:
        """The first of :meth:`ext_children`."""
        found = self.ext_children(name)
        return found[0] if found else None

    def zeebe(self, name: str) -> Node | None:
        """First ``zeebe:`` element called ``name`` inside ``extensionElements``."""
        for node in self.zeebe_all(name):
            return node
        return None

    def zeebe_all(self, name: str | None = None) -> list[Node]:
        """All ``zeebe:`` elements inside ``extensionElements``, or those called ``name``."""
        wanted = f"{{{ZEEBE}}}{name or '*'}"
        return [
            Node(self._document, child)
            for holder in self._element.iterchildren(_EXTENSIONS)
            for child in holder.iterchildren(wanted)
        ]

    def zeebe_attr(self, name: str, default: str | None = None) -> str | None:
        """A ``zeebe:`` attribute."""
        return self._element.get(f"{{{ZEEBE}}}{name}", default)


class BpmnDocument:
    """One BPMN file. Views (:class:`Node`) stay valid as long as the document lives and the element is in it."""

    def __init__(self, tree: Any, source: bytes = b"", name: str = "") -> None:
        self.name = name
        self._tree = tree
        self._source = source
        self._root = cast(XmlElement, tree.getroot())
        self._ids: dict[str, XmlElement] | None = None
        self._duplicates: list[tuple[str, XmlElement]] = []
        self._positions: dict[XmlElement, Position] | None = None
        self._extension_keys: dict[str, tuple[str, ...]] = {}
        self._families: tuple[str, ...] = ()

    @property
    def root(self) -> Node:
        """The document element; ``definitions`` in a BPMN file."""
        return Node(self, self._root)

    @property
    def target_namespace(self) -> str:
        return self._root.get("targetNamespace") or ""

    @property
    def encoding(self) -> str:
        return str(self._tree.docinfo.encoding or "UTF-8")

    @property
    def tree(self) -> Any:
        """The lxml tree, for this package only."""
        return self._tree

    # -- content

    def processes(self) -> list[Node]:
        """All processes, executable or not, in document order."""
        return self._top("process")

    def collaborations(self) -> list[Node]:
        """All collaborations, the global conversations and choreographies (which are collaborations) included."""
        tags = [qualified(BPMN, tag) for tag in ("collaboration", "globalConversation", "choreography")]
        return [Node(self, element) for element in self._root.iterchildren(*tags)]

    @property
    def messages(self) -> list[Node]:
        return self._top("message")

    @property
    def signals(self) -> list[Node]:
        return self._top("signal")

    @property
    def errors(self) -> list[Node]:
        return self._top("error")

    @property
    def escalations(self) -> list[Node]:
        return self._top("escalation")

    @property
    def item_definitions(self) -> list[Node]:
        return self._top("itemDefinition")

    def by_id(self, id: str) -> Node | None:
        """The BPMN element (not diagram element) with this id; the first when there are several."""
        element = self._index().get(id)
        return None if element is None else Node(self, element)

    def ids(self) -> list[str]:
        """All ids of BPMN elements, in document order."""
        return list(self._index())

    def duplicate_ids(self) -> list[Node]:
        """Elements whose id another BPMN or diagram element has already."""
        self._index()
        return [Node(self, element) for _id, element in self._duplicates]

    def nodes(self, *tags: str) -> Iterator[Node]:
        """All BPMN elements of the file in document order, or those called one of ``tags``."""
        wanted = [qualified(BPMN, tag) for tag in tags] or [_BPMN_ANY]
        for element in self._root.iter(*wanted):
            yield Node(self, element)

    def resolve(self, qname: str, context: XmlElement) -> Node | None:
        """What a QName written at ``context`` refers to in this file, or None.

        An id is taken as written first; then the prefix, when it is declared for this file's target namespace (or not
        declared at all, which some tools write), is dropped.
        """
        name = qname.strip()
        index = self._index()
        element = index.get(name)
        if element is None and ":" in name:
            prefix, _, local = name.partition(":")
            namespace = context.nsmap.get(prefix)
            if namespace is None or namespace == self.target_namespace:
                element = index.get(local)
        return None if element is None else Node(self, element)

    # -- writing

    def to_bytes(self) -> bytes:
        """The file, in its encoding. Canonically identical (C14N) to what was read, unless it was edited."""
        return serialize(self._tree, prolog_of(self._source) if self._source else None)

    def canonical(self) -> bytes:
        """Canonical XML with comments, for comparison."""
        return canonical(self._tree)

    # -- for this package

    def extension_keys(self, name: str) -> tuple[str, ...]:
        """Qualified names under which the vendor attribute ``name`` may stand in this file, strongest first."""
        keys = self._extension_keys.get(name)
        if keys is None:
            self._index()
            keys = tuple(f"{{{namespace}}}{name}" for namespace in self._families)
            self._extension_keys[name] = keys
        return keys

    def position_of(self, element: XmlElement) -> Position:
        """Line and column of an element's start tag, from 1; zeros when it was not read from a file."""
        if self._positions is None:
            self._positions = self._locate()
        return self._positions.get(element, UNKNOWN)

    def about_to_change(self) -> None:
        """To be called before the tree is edited: positions are those of the file as it was read."""
        if self._positions is None:
            self._positions = self._locate()

    def changed(self) -> None:
        """To be called after the tree was edited: forgets what was derived from it."""
        self._ids = None
        self._extension_keys = {}

    def _top(self, tag: str) -> list[Node]:
        return [Node(self, element) for element in self._root.iterchildren(qualified(BPMN, tag))]

    def _locate(self) -> dict[XmlElement, Position]:
        if not self._source:
            return {}
        elements = list(self._root.iter("*"))
        positions = element_positions(self._source)
        if len(positions) == len(elements):
            return dict(zip(elements, positions, strict=True))
        return {element: (element.sourceline or 0, 1) for element in elements}

    def _index(self) -> dict[str, XmlElement]:
        if self._ids is not None:
            return self._ids
        ids: dict[str, XmlElement] = {}
        diagram: dict[str, XmlElement] = {}
        duplicates: list[tuple[str, XmlElement]] = []
        attribute_namespaces: set[str] = set()
        prefixes = {namespace: f"{{{namespace}}}" for namespace in CAMUNDA_FAMILY}
        for element in self._root.iter("*"):
            namespace = _split(element.tag)[0]
            if namespace != BPMN and namespace.startswith("http://www.omg.org/spec/BPMN/20100524/DI"):
                id = element.get("id")
                if id is not None:
                    if id in diagram or id in ids:
                        duplicates.append((id, element))
                    diagram.setdefault(id, element)
                continue
            if namespace != BPMN:
                continue
            for key in element.attrib:
                if key[0] == "{":
                    attribute_namespaces.add(_split(key)[0])
                elif key == "id":
                    id = element.get("id") or ""
                    if id in ids:
                        duplicates.append((id, element))
                    else:
                        ids[id] = element
        self._families = tuple(namespace for namespace in prefixes if namespace in attribute_namespaces)
        self._duplicates = duplicates
        self._ids = ids
        return ids


def _boolean(value: str | None, default: bool) -> bool:
    if value is None:
        return default
    lowered = value.strip().lower()
    if lowered in _TRUE:
        return True
    if lowered in _FALSE:
        return False
    return default
