"""BPMN 2.0.2's metamodel as looked up by the builder, the editor and the checker: types, elements and their content.

Parsed once from the tables of :mod:`interpreter.bpmn.metamodel_tables`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from interpreter.bpmn import metamodel_tables as tables
from interpreter.bpmn.namespaces import BPMN, BPMNDI, DC, DI, qualified

_PREFIXES: Final = {"bpmndi": BPMNDI, "di": DI, "dc": DC}
NAMESPACES: Final = frozenset({BPMN, BPMNDI, DI, DC})
"""Namespaces whose elements the metamodel defines."""

_PART: Final = re.compile(r"(?P<name>#?[\w:]+?)(?P<many>[?*+]|\{\d+,\d*\})?$")


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute: ``type`` is a lower-case XML Schema type or the name of an enumeration."""

    name: str
    type: str
    required: bool
    default: str | None


@dataclass(frozen=True, slots=True)
class Part:
    """A child element, or a wildcard (``wildcard`` is then "any", "other" or "strict").

    ``tags`` are the qualified names that may stand here (substitutes included); ``type`` is given for a child that is
    declared on the spot; ``maximum`` None means unbounded.
    """

    label: str
    tags: frozenset[str]
    minimum: int
    maximum: int | None
    type: str | None = None
    wildcard: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several sequences."""

    alternatives: tuple[tuple[Part, ...], ...]


Content = tuple["Part | Choice", ...]


@dataclass(slots=True)
class Type:
    """A complex type with everything that it inherits. ``simple`` types have text content and no children."""

    name: str
    bases: tuple[str, ...] = ()
    attributes: dict[str, Attribute] = field(default_factory=dict[str, Attribute])
    content: Content = ()
    abstract: bool = False
    mixed: bool = False
    open: bool = False
    order: dict[str, int] = field(default_factory=dict[str, int])
    """Position of each child tag in the content, for putting children in order."""
    child_types: dict[str, str] = field(default_factory=dict[str, str])
    """Type of each child that is declared on the spot."""


@dataclass(frozen=True, slots=True)
class Element:
    """A global element."""

    tag: str
    type: str
    abstract: bool


def _tag(name: str, prefix: str = "") -> str:
    head, _, local = name.rpartition(":")
    namespace = _PREFIXES.get(head or prefix, BPMN)
    return qualified(namespace, local)


def _elements() -> tuple[dict[str, Element], dict[str, frozenset[str]]]:
    names = tables.STANDALONE_ELEMENTS.split()
    heads: dict[str, list[str]] = {}
    head = ""
    for line in tables.SUBSTITUTIONS.strip().splitlines():
        if line.startswith(" "):
            heads[head] += line.split()
            names += line.split()
        else:
            head = line
            heads[head] = []
    elements: dict[str, Element] = {}
    for name in names:
        type_name = name if ":" in name else tables.IRREGULAR_TYPES.get(name, "t" + name[0].upper() + name[1:])
        elements[_tag(name)] = Element(_tag(name), type_name, name in tables.ABSTRACT_ELEMENTS)

    def members(name: str) -> list[str]:
        found = [name]
        for substitute in heads.get(name, []):
            found += members(substitute)
        return found

    return elements, {name: frozenset(_tag(member) for member in members(name)) for name in names}


ELEMENTS, _MEMBERS = _elements()


def _part(text: str, prefix: str) -> Part:
    match = _PART.match(text)
    assert match is not None, text
    minimum, maximum = 1, 1
    many = match["many"]
    if many in ("?", "*"):
        minimum = 0
    if many in ("*", "+"):
        maximum = None
    elif many and many[0] == "{":
        low, _, high = many[1:-1].partition(",")
        minimum, maximum = int(low), int(high) if high else None
    name = match["name"]
    if name.startswith("#"):
        return Part("any element", frozenset(), minimum, maximum, None, name[1:])
    if name in _MEMBERS:
        return Part(name, _MEMBERS[name], minimum, maximum)
    local, _, type_name = name.partition(":")
    assert type_name, text
    return Part(local, frozenset({_tag(local, prefix)}), minimum, maximum, type_name)


def _content(text: str, prefix: str) -> Content:
    if "|" in text:
        alternatives = [alternative.strip().strip("()") for alternative in text.split("|")]
        return (Choice(tuple(tuple(_part(part, prefix) for part in way.split()) for way in alternatives)),)
    return tuple(_part(part, prefix) for part in text.split())


def parts(content: Content) -> list[Part]:
    """All parts of a content model, those of choices included, in order."""
    found: list[Part] = []
    for item in content:
        if isinstance(item, Choice):
            for alternative in item.alternatives:
                found += alternative
        else:
            found.append(item)
    return found


def _types() -> dict[str, Type]:
    own: dict[str, tuple[str, set[str], list[str], list[str]]] = {}
    current: tuple[str, set[str], list[str], list[str]] = ("", set(), [], [])
    for line in (tables.SEMANTIC_TYPES + tables.DIAGRAM_TYPES).strip().splitlines():
        text = line.strip()
        if text.startswith("@"):
            current[2].extend(text[1:].split())
        elif text.startswith(">"):
            current[3].append(text[1:].strip())
        elif text:
            head, _, flags = text.partition(" [")
            name, _, base = head.partition(" : ")
            current = (base.strip(), set(flags.rstrip("]").split()), [], [])
            own[name.strip()] = current
    types: dict[str, Type] = {}

    def build(name: str) -> Type:
        if name in types:
            return types[name]
        base_name, flags, attributes, content = own[name]
        type_ = Type(name, abstract="abstract" in flags, mixed="mixed" in flags, open="open" in flags)
        if base_name:
            base = build(base_name)
            type_.bases = (base_name, *base.bases)
            type_.attributes = dict(base.attributes)
            type_.content = base.content
            type_.mixed |= base.mixed
            type_.open |= base.open
        for text in attributes:
            spec, _, default = text.partition("=")
            attribute, _, kind = spec.partition(":")
            type_.attributes[attribute] = Attribute(attribute, kind.rstrip("!"), kind.endswith("!"), default or None)
        prefix = name.partition(":")[0] if ":" in name else ""
        type_.content = type_.content + _content(" ".join(content), prefix)
        for position, part in enumerate(parts(type_.content)):
            for tag in part.tags:
                type_.order.setdefault(tag, position)
                if part.type is not None:
                    type_.child_types[tag] = part.type
        types[name] = type_
        return type_

    for name in own:
        build(name)
    return types


TYPES: Final[dict[str, Type]] = _types()

SIMPLE_CONTENT: Final = frozenset({"QName", "IDREF"})
"""Types of child elements that hold text only: references."""


def type_of(tag: str) -> Type | None:
    """The type of a global element by its qualified name; None when BPMN does not define it."""
    element = ELEMENTS.get(tag)
    return None if element is None else TYPES[element.type]


def is_a(type_name: str, base: str) -> bool:
    """Whether a type is, or is derived from, another."""
    return type_name == base or base in TYPES[type_name].bases


def bpmn_type(local: str) -> Type | None:
    """The type of a BPMN element by its local name."""
    return type_of(qualified(BPMN, local))
