"""Mutations of BPMN files for judging the metamodel check against the schema: small, seeded, of many kinds."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from typing import Any

from lxml import etree

from interpreter.bpmn.metamodel import ELEMENTS, TYPES
from interpreter.bpmn.namespaces import BPMN

Mutation = Callable[[random.Random, list[Any]], str | None]

VALUES = [
    "",
    " ",
    "1",
    "-7",
    "1.5",
    "true",
    "TRUE",
    "None",
    "a b",
    "a:b",
    "http://x y",
    "%zz",
    "Ä",
    "x#y#z",
    "9a",
    "a\tb",
]


def _pick(rng: random.Random, elements: list[Any]) -> Any:
    return rng.choice(elements)


def drop_attribute(rng: random.Random, elements: list[Any]) -> str | None:
    element = _pick(rng, [e for e in elements if e.attrib] or elements)
    if not element.attrib:
        return None
    key = rng.choice(sorted(element.attrib))
    del element.attrib[key]
    return f"drop @{key} of {element.tag}"


def change_attribute(rng: random.Random, elements: list[Any]) -> str | None:
    element = _pick(rng, [e for e in elements if e.attrib] or elements)
    if not element.attrib:
        return None
    key = rng.choice(sorted(element.attrib))
    value = rng.choice(VALUES)
    element.set(key, value)
    return f"set @{key}={value!r} of {element.tag}"


def add_attribute(rng: random.Random, elements: list[Any]) -> str | None:
    element = _pick(rng, elements)
    type_ = TYPES[rng.choice(sorted(TYPES))]
    name = rng.choice(sorted(type_.attributes) or ["unknown"])
    if rng.random() < 0.2:
        name = rng.choice(["unknown", f"{{{BPMN}}}id", "{http://x}y", "{http://www.w3.org/XML/1998/namespace}lang"])
    if name in element.attrib:
        return None
    element.set(name, rng.choice(VALUES))
    return f"add @{name}={element.get(name)!r} to {element.tag}"


def drop_element(rng: random.Random, elements: list[Any]) -> str | None:
    element = _pick(rng, elements)
    parent = element.getparent()
    if parent is None:
        return None
    parent.remove(element)
    return f"drop {element.tag} of {parent.tag}"


def duplicate_element(rng: random.Random, elements: list[Any]) -> str | None:
    element = _pick(rng, elements)
    parent = element.getparent()
    if parent is None:
        return None
    made = copy.deepcopy(element)
    if rng.random() < 0.7:
        for part in made.iter("*"):
            if "id" in part.attrib:
                part.set("id", f"{part.get('id')}_copy{rng.randrange(10**6)}")
    parent.insert(parent.index(element) + 1, made)
    return f"duplicate {element.tag}"


def move_element(rng: random.Random, elements: list[Any]) -> str | None:
    element, target = _pick(rng, elements), _pick(rng, elements)
    parent = element.getparent()
    if parent is None or element in list(target.iterancestors()) or target is element:
        return None
    parent.remove(element)
    target.insert(rng.randint(0, len(target)), element)
    return f"move {element.tag} to {target.tag}"


def rename_element(rng: random.Random, elements: list[Any]) -> str | None:
    element = _pick(rng, elements)
    if element.getparent() is None:
        return None
    old = element.tag
    element.tag = rng.choice(sorted(ELEMENTS))
    return f"rename {old} to {element.tag}"


def insert_element(rng: random.Random, elements: list[Any]) -> str | None:
    element = _pick(rng, elements)
    tag = rng.choice([*sorted(ELEMENTS), "unqualified", "{http://x}y"])
    made = etree.Element(tag)
    if rng.random() < 0.3:
        made.text = rng.choice(VALUES)
    element.insert(rng.randint(0, len(element)), made)
    return f"insert {tag} into {element.tag}"


def insert_text(rng: random.Random, elements: list[Any]) -> str | None:
    element = _pick(rng, elements)
    text = rng.choice(["text", "  \n", "x:y", "\u00a0"])
    if len(element) and rng.random() < 0.5:
        element[rng.randrange(len(element))].tail = text
    else:
        element.text = (element.text or "") + text
    return f"text {text!r} in {element.tag}"


def set_type(rng: random.Random, elements: list[Any]) -> str | None:
    element = _pick(rng, elements)
    prefix = element.prefix
    name = rng.choice([*sorted(TYPES), "tFormalExpression", "tFormalExpression", "Nonsense"]).rpartition(":")[2]
    value = f"{prefix}:{name}" if prefix else name
    element.set("{http://www.w3.org/2001/XMLSchema-instance}type", value)
    return f"xsi:type={value} on {element.tag}"


MUTATIONS: list[Mutation] = [
    drop_attribute,
    change_attribute,
    add_attribute,
    drop_element,
    duplicate_element,
    move_element,
    rename_element,
    insert_element,
    insert_text,
    set_type,
]


def mutate(tree: Any, rng: random.Random) -> tuple[bytes, str]:
    """A changed copy of a tree as bytes, and what was changed."""
    made = copy.deepcopy(tree)
    while True:
        elements = list(made.getroot().iter("*"))
        told = rng.choice(MUTATIONS)(rng, elements)
        if told is not None:
            return etree.tostring(made), told
