"""Reading one XML element of a DMN document: children in the document's own namespace, names, references, lines."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from lxml import etree

from dmn.diagnostics import DiagnosticLog
from dmn.model import InformationItem, Ref
from dmn.xml.namespaces import CAMUNDA_NAMESPACES, FEEL_NAMESPACES

# DMN 1.1 (XML Schema style) and modeler spellings of FEEL's own type names.
TYPE_ALIASES: dict[str, str] = {
    "dateTime": "date and time",
    "dayTimeDuration": "days and time duration",
    "yearMonthDuration": "years and months duration",
    "any": "Any",
}


def squeeze(name: str) -> str:
    """A FEEL name in its normal form: inner white space is one blank, none outside."""
    return " ".join(name.split())


class Node:
    """A DMN element with what its reader needs: the document's namespace and the log of findings."""

    __slots__ = ("element", "log", "model_namespace", "target_namespace")

    def __init__(self, element: Any, model_namespace: str, target_namespace: str, log: DiagnosticLog) -> None:
        self.element = element
        self.model_namespace = model_namespace
        self.target_namespace = target_namespace
        self.log = log

    @property
    def tag(self) -> str:
        return etree.QName(self.element).localname

    @property
    def line(self) -> int:
        return int(self.element.sourceline or 0)

    @property
    def id(self) -> str | None:
        return self.get("id")

    def get(self, attribute: str) -> str | None:
        value: str | None = self.element.get(attribute)
        return value

    def camunda(self, attribute: str) -> str | None:
        for namespace in sorted(CAMUNDA_NAMESPACES):
            value: str | None = self.element.get(f"{{{namespace}}}{attribute}")
            if value is not None:
                return value
        return None

    def flag(self, attribute: str) -> bool:
        return (self.get(attribute) or "").strip() in {"true", "1"}

    def children(self, *tags: str) -> list[Node]:
        """Children in the DMN namespace, in document order; all of them, or those with one of the tags."""
        found: list[Node] = []
        for child in self.element:
            if not isinstance(child.tag, str):
                continue
            name = etree.QName(child)
            if name.namespace != self.model_namespace:
                continue
            if not tags or name.localname in tags:
                found.append(Node(child, self.model_namespace, self.target_namespace, self.log))
        return found

    def child(self, tag: str) -> Node | None:
        found = self.children(tag)
        return found[0] if found else None

    def text(self) -> str:
        return "".join(self.element.itertext())

    def child_text(self, tag: str) -> str | None:
        child = self.child(tag)
        return None if child is None else child.text()

    def name(self) -> str | None:
        raw = self.get("name")
        return squeeze(raw) if raw is not None and raw.strip() else None

    def error(self, code: str, message: str) -> None:
        self.log.error(code, message, self.nearest_id(), self.line)

    def warning(self, code: str, message: str) -> None:
        self.log.warning(code, message, self.nearest_id(), self.line)

    def nearest_id(self) -> str | None:
        """This element's id, or that of the nearest ancestor that has one: where a person should look."""
        element = self.element
        while element is not None:
            found: str | None = element.get("id")
            if found:
                return found
            element = element.getparent()
        return None

    def type_ref(self) -> str | None:
        """The `typeRef` attribute, or child element (item definitions), in the model's spelling."""
        raw = self.get("typeRef")
        if raw is not None:
            return self._type_name(raw, self.element)
        child = self.child("typeRef")
        return None if child is None else self._type_name(child.text(), child.element)

    def output_type_ref(self) -> str | None:
        raw = self.get("outputTypeRef")
        return None if raw is None else self._type_name(raw, self.element)

    def _type_name(self, raw: str, element: Any) -> str | None:
        text = squeeze(raw)
        if not text or text == "<Undefined>":
            return None
        if ":" in text:
            prefix, _, local = text.partition(":")
            namespace: str | None = element.nsmap.get(prefix)
            if prefix == "feel" or namespace in FEEL_NAMESPACES or namespace == self.target_namespace:
                text = local
            elif namespace is not None:
                return f"{{{namespace}}}{local}"
        return TYPE_ALIASES.get(text, text)

    def reference(self) -> Ref | None:
        """The `href` attribute: `#id`, `namespace#id`, or (old tools) the bare id."""
        raw = (self.get("href") or "").strip()
        namespace, separator, target = raw.rpartition("#")
        if not separator:
            target = raw
        target = unquote(target)
        if not target:
            self.error("missing-href", f"Expected a reference in 'href' of '{self.tag}' but it was '{raw}'")
            return None
        local = not namespace or namespace == self.target_namespace
        return Ref(None if local else namespace, target, self.line)

    def item(self, default_name: str | None = None) -> InformationItem:
        """This element as a named, typed item (variable, parameter, column)."""
        name = self.name() or default_name
        if name is None:
            self.error("missing-name", f"Expected a name on '{self.tag}' but there was none")
            name = ""
        return InformationItem(name, self.type_ref(), self.id, self.line)
