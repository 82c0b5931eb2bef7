"""Layer 1: what OMG's XML schemas would say, from our own tables: elements, order, attributes, values, ids.

The verdict (valid or not) agrees with a schema validator; the sentences are meant for modellers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from interpreter.bpmn.document import BpmnDocument
from interpreter.bpmn.lint.lexical import collapse, violation
from interpreter.bpmn.metamodel import (
    ELEMENTS,
    SIMPLE_CONTENT,
    TYPES,
    Choice,
    Content,
    Part,
    Type,
    is_a,
    parts,
)
from interpreter.bpmn.namespaces import BPMN, BPMNDI, DC, DI, DRAFTS, XSD, XSI, qualified, split
from interpreter.bpmn.problems import Problem, Severity
from interpreter.bpmn.xml import XmlElement, own_text

_XSI_TYPE: Final = qualified(XSI, "type")
_TYPE_PREFIX: Final = {BPMN: "", BPMNDI: "bpmndi:", DI: "di:", DC: "dc:"}
_MAX_FINDINGS: Final = 5_000
_SPACE: Final = " \t\r\n"


def check_metamodel(document: BpmnDocument) -> list[Problem]:
    """All deviations from BPMN's schemas."""
    checker = _Checker(document)
    checker.root()
    return checker.problems


class _Checker:
    def __init__(self, document: BpmnDocument) -> None:
        self.document = document
        self.problems: list[Problem] = []
        self.ids: dict[str, XmlElement] = {}
        self.idrefs: list[tuple[str, str, XmlElement]] = []

    def report(
        self,
        rule: str,
        element: XmlElement,
        message: str,
        hint: str = "",
        severity: Severity = "error",
    ) -> None:
        if len(self.problems) >= _MAX_FINDINGS:
            return
        line, column = self.document.position_of(element)
        local = split(element.tag)[1]
        id = element.get("id")
        holder: XmlElement | None = element
        while id is None and holder is not None:
            holder = holder.getparent()
            id = holder.get("id") if holder is not None else None
        self.problems.append(Problem(rule, severity, message, id, line, column, hint, (id,) if id else (), local))

    def root(self) -> None:
        root = self.document.root.element
        namespace, local = split(root.tag)
        if (namespace, local) != (BPMN, "definitions"):
            told = f"was {local!r} of {namespace!r}" if namespace else f"was {local!r} without a namespace"
            hint = f"The root of a BPMN 2.0 file is <definitions> of {BPMN}."
            if namespace in DRAFTS:
                hint += " This file uses a draft of BPMN 2.0: export it again with a current tool."
            self.report("metamodel-root", root, f"Expected a BPMN 2.0 definitions element but {told}.", hint)
        self.lax(root)
        for name, value, element in self.idrefs:
            if value not in self.ids:
                self.report(
                    "metamodel-idref",
                    element,
                    f"Expected the id of an element of this file in {name!r} but {value!r} does not exist.",
                    "Correct the id or remove the reference.",
                )

    # -- elements

    def lax(self, element: XmlElement) -> None:
        """An element in a place where anything may stand: known elements are checked, others looked through."""
        declared = ELEMENTS.get(element.tag)
        if declared is not None:
            self.element(element, declared.type, declared.abstract)
            return
        if _XSI_TYPE in element.attrib:
            named = self.named_type(element)
            if named is not None:
                if named.abstract:
                    self.abstract(element, named.name)
                self.typed(element, named)
                return
            if self.type_namespace(element) != XSD:
                self.report(
                    "metamodel-foreign-type",
                    element,
                    f"Expected xsi:type to name a type that is known but was {element.get(_XSI_TYPE)!r}.",
                    "Strict XML tools refuse a vendor's type whose schema they do not have.",
                    "warning",
                )
        for child in element.iterchildren("*"):
            self.lax(child)

    def named_type(self, element: XmlElement) -> Type | None:
        """The BPMN type that ``xsi:type`` names, or None when it names none."""
        text = collapse(element.get(_XSI_TYPE) or "")
        prefix, colon, local = text.rpartition(":")
        namespace = element.nsmap.get(prefix if colon else None)
        if namespace is None:
            return None
        own = _TYPE_PREFIX.get(namespace)
        return None if own is None else TYPES.get(own + local)

    def type_namespace(self, element: XmlElement) -> str | None:
        prefix, colon, _ = collapse(element.get(_XSI_TYPE) or "").rpartition(":")
        return element.nsmap.get(prefix if colon else None)

    def abstract(self, element: XmlElement, name: str) -> None:
        self.report(
            "metamodel-abstract",
            element,
            f"Expected a concrete element but {name!r} is abstract.",
            "Use one of the elements that it stands for.",
        )

    def element(self, element: XmlElement, type_name: str, abstract: bool = False) -> None:
        if type_name in SIMPLE_CONTENT:
            self.simple(element, type_name)
            return
        type_ = TYPES[type_name]
        if _XSI_TYPE in element.attrib:
            named = self.named_type(element)
            if named is None or not is_a(named.name, type_name):
                self.report(
                    "metamodel-type",
                    element,
                    f"Expected xsi:type to name {type_name!r} or a type derived from it "
                    f"but was {element.get(_XSI_TYPE)!r}.",
                    "Check the prefix: it must be declared for BPMN's namespace.",
                )
                named = None
            type_ = named or type_
        if abstract or type_.abstract:
            self.abstract(element, split(element.tag)[1])
        self.typed(element, type_)

    def typed(self, element: XmlElement, type_: Type) -> None:
        self.attributes(element, type_)
        self.characters(element, type_)
        self.children(element, type_)

    def simple(self, element: XmlElement, type_name: str) -> None:
        local = split(element.tag)[1]
        for key in element.attrib:
            if split(key)[0] != XSI:
                self.report(
                    "metamodel-attribute", element, f"Expected no attributes on {local!r} but there is {key!r}."
                )
        named = element.get(_XSI_TYPE)
        if named is not None and (self.type_namespace(element), collapse(named).rpartition(":")[2]) != (XSD, type_name):
            self.report(
                "metamodel-type", element, f"Expected no other type than {type_name!r} but xsi:type is {named!r}."
            )
        for child in element.iterchildren("*"):
            self.unexpected(child, element, "text only")
        value = collapse(own_text(element))
        self.value(element, local, type_name, value)

    # -- attributes

    def attributes(self, element: XmlElement, type_: Type) -> None:
        local = split(element.tag)[1]
        target = DI if type_.name.startswith(("di:", "bpmndi:")) else BPMN
        for key, value in element.attrib.items():
            if key[0] != "{":
                attribute = type_.attributes.get(key)
                if attribute is None:
                    self.report(
                        "metamodel-attribute",
                        element,
                        f"Expected an attribute of {local!r} but {key!r} is none.",
                        "Remove it, correct its name, or give it the prefix of the vendor that defines it.",
                    )
                else:
                    self.value(element, key, attribute.type, value)
                continue
            namespace, name = split(key)
            if namespace != XSI and (not type_.open or namespace == target):
                self.report(
                    "metamodel-attribute",
                    element,
                    f"Expected no attribute {name!r} of {namespace!r} on {local!r} but there is one.",
                    "BPMN's own attributes carry no prefix." if namespace == target else "",
                )
        for attribute in type_.attributes.values():
            if attribute.required and attribute.name not in element.attrib:
                self.report(
                    "metamodel-attribute-missing",
                    element,
                    f"Expected attribute {attribute.name!r} on {local!r} but it is missing.",
                )

    def value(self, element: XmlElement, name: str, type_name: str, value: str) -> None:
        expected = violation(type_name, value, element.nsmap)
        if expected is not None:
            rule = "metamodel-called-element" if name == "calledElement" else "metamodel-value"
            self.report(rule, element, f"Expected {expected} in {name!r} but was {value!r}.")
            return
        if type_name == "ID":
            id = collapse(value)
            first = self.ids.setdefault(id, element)
            if first is not element:
                line, _ = self.document.position_of(first)
                where = f" (line {line})" if line else ""
                self.report(
                    "metamodel-duplicate-id",
                    element,
                    f"Expected a unique id but {id!r} is already that of a {split(first.tag)[1]!r}{where}.",
                    "Give one of them another id and correct the references to it.",
                )
        elif type_name == "IDREF":
            self.idrefs.append((name, collapse(value), element))

    # -- content

    def characters(self, element: XmlElement, type_: Type) -> None:
        if type_.mixed:
            return
        text = own_text(element)
        if text.strip(_SPACE) or (text and not type_.content):
            shown = " ".join(text.split())[:40]
            self.report(
                "metamodel-text",
                element,
                f"Expected no text in {split(element.tag)[1]!r} but there is {shown!r}.",
            )

    def children(self, element: XmlElement, type_: Type) -> None:
        children = list(element.iterchildren("*"))
        if not type_.content:
            for child in children:
                self.unexpected(child, element, "no child elements")
            return
        problem = False
        position = self.sequence(element, children, 0, type_.content, report=True)
        if position is None:
            problem = True
        elif position < len(children):
            self.out_of_place(children[position], element, type_)
            problem = True
        for child in children:
            self.child(child, type_, problem)

    def child(self, child: XmlElement, type_: Type, problem: bool) -> None:
        type_name = type_.child_types.get(child.tag)
        if type_name is not None:
            self.element(child, type_name)
            return
        declared = ELEMENTS.get(child.tag)
        if declared is not None:
            self.element(child, declared.type, declared.abstract)
            return
        wildcard = next((part.wildcard for part in parts(type_.content) if part.wildcard), "")
        if wildcard == "strict":
            self.unexpected(child, child.getparent() or child, "an element that the schema knows")
        elif wildcard:
            self.lax(child)

    def sequence(
        self, element: XmlElement, children: list[XmlElement], position: int, content: Content, *, report: bool
    ) -> int | None:
        """Takes as many children as the content allows; the position after them, or None when one is missing."""
        for item in content:
            if isinstance(item, Choice):
                taken = self.choice(element, children, position, item, report=report)
            else:
                taken = self.part(element, children, position, item, report=report)
            if taken is None:
                return None
            position = taken
        return position

    def choice(
        self, element: XmlElement, children: list[XmlElement], position: int, item: Choice, *, report: bool
    ) -> int | None:
        optional = False
        for alternative in item.alternatives:
            if position < len(children) and _accepts(alternative[0], children[position]):
                return self.sequence(element, children, position, alternative, report=report)
            optional |= all(part.minimum == 0 for part in alternative)
        if optional:
            return position
        self.missing(element, item.alternatives[0][0], children, position)
        return None

    def part(
        self, element: XmlElement, children: list[XmlElement], position: int, part: Part, *, report: bool
    ) -> int | None:
        count = 0
        while position < len(children) and (part.maximum is None or count < part.maximum):
            if not _accepts(part, children[position]):
                break
            position += 1
            count += 1
        if count < part.minimum:
            if report:
                self.missing(element, part, children, position)
            return None
        return position

    def missing(self, element: XmlElement, part: Part, children: list[XmlElement], position: int) -> None:
        local = split(element.tag)[1]
        many = f"at least {part.minimum} {part.label!r}" if part.minimum > 1 else f"a {part.label!r}"
        told = "it ends" if position >= len(children) else f"there is {split(children[position].tag)[1]!r}"
        self.report("metamodel-child-missing", element, f"Expected {many} in {local!r} but {told}.")

    def out_of_place(self, child: XmlElement, parent: XmlElement, type_: Type) -> None:
        local = split(child.tag)[1]
        if child.tag in type_.order:
            part = next(part for part in parts(type_.content) if child.tag in part.tags)
            before = [other for other in parent.iterchildren("*") if other.tag in part.tags]
            if part.maximum is not None and len(before) > part.maximum:
                self.report(
                    "metamodel-child",
                    child,
                    f"Expected at most {part.maximum} {local!r} in {split(parent.tag)[1]!r} "
                    f"but there are {len(before)}.",
                )
                return
            self.report(
                "metamodel-order",
                child,
                f"Expected {local!r} earlier in {split(parent.tag)[1]!r} but it comes after {_previous(child)!r}.",
                "The schema fixes the order of child elements; move it up.",
            )
            return
        self.unexpected(child, parent, _listed(type_.content))

    def unexpected(self, child: XmlElement, parent: XmlElement, expected: str) -> None:
        namespace, local = split(child.tag)
        hint = ""
        if namespace not in (BPMN, BPMNDI, DC, DI):
            hint = "Elements of vendors belong inside <extensionElements>."
        self.report(
            "metamodel-child",
            child,
            f"Expected {expected} in {split(parent.tag)[1]!r} but there is {local!r}.",
            hint,
        )


def _accepts(part: Part, child: XmlElement) -> bool:
    if part.wildcard:
        namespace = split(child.tag)[0]
        if part.wildcard == "any":
            return True
        own = DI if part.wildcard == "strict" else BPMN
        return namespace not in ("", own)
    return child.tag in part.tags


def _previous(child: XmlElement) -> str:
    sibling = child.getprevious()
    while sibling is not None and not isinstance(sibling.tag, str):
        sibling = sibling.getprevious()
    return split(sibling.tag)[1] if sibling is not None else ""


def _listed(content: Content) -> str:
    labels: Iterable[str] = dict.fromkeys(part.label for part in parts(content))
    shown = [label for label in labels if label not in ("documentation", "extensionElements", "auditing", "monitoring")]
    if not shown:
        return "no such child element"
    return "one of " + ", ".join(shown[:12])
