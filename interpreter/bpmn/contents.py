"""What a built model holds besides its flow: roots, data, artifacts, lanes, pools; and the bookkeeping of ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

from interpreter.bpmn.options import apply
from interpreter.bpmn.parts import BuilderError, El, el, is_id, slug


@dataclass(slots=True)
class Flow:
    """A sequence flow; ends are looked up when the model is written, so that it may point forward."""

    element: El
    source: str
    target: str


@dataclass(slots=True)
class Scope:
    """A process or subprocess under construction, with the cursor in it."""

    element: El
    outer: Scope | None
    nodes: dict[str, El] = field(default_factory=dict[str, El])
    flows: list[Flow] = field(default_factory=list["Flow"])
    lanes: El | None = None
    cursor: str | None = None
    closed: bool = False
    forks: list[str] = field(default_factory=list[str])
    pending: El | None = None
    hosts: list[str] = field(default_factory=list[str])
    resume: tuple[str | None, bool] = (None, False)


_NAMED_OPTIONS: Final = """
    documentation attrs ext children inputs outputs zeebe_inputs zeebe_outputs type retries headers properties ins
    outs retry_cycle mi loop
"""
_NAMED: Final = frozenset(_NAMED_OPTIONS.split())


class Contents:
    """The part of the builder that does not depend on the cursor's path."""

    def __init__(self, *, target_namespace: str = "http://bpmn.io/schema/bpmn", id: str = "definitions") -> None:
        self.definitions = El("definitions", {"id": id, "targetNamespace": target_namespace})
        self.namespaces: dict[str, str] = {}
        self.processes: list[Scope] = []
        self.collaboration: El | None = None
        self._ids: dict[str, El] = {id: self.definitions}
        self._roots: dict[tuple[str, str], str] = {}
        self._scope: Scope | None = None

    # -- data, artifacts, roots

    def data_object(self, id: str, *, name: str | None = None, reference: str | None = None, **options: Any) -> Self:
        """A data object and a reference to it (``<id>_ref`` unless given), which is what a diagram shows."""
        self.flow_element(el("dataObject", id=id), **options)
        return self.flow_element(
            el("dataObjectReference", id=reference or f"{id}_ref", name=name or id, dataObjectRef=id)
        )

    def data_store(self, id: str, *, name: str | None = None, reference: str | None = None, **options: Any) -> Self:
        """A data store and a reference to it in the current scope."""
        self.root(el("dataStore", id=id, name=name or id), **options)
        return self.flow_element(
            el("dataStoreReference", id=reference or f"{id}_ref", name=name or id, dataStoreRef=id)
        )

    def annotation(self, text: str, *, on: str | None = None, id: str | None = None) -> Self:
        """A text annotation, associated with the node ``on``."""
        scope = self._current()
        made = id or self._free("annotation")
        note = el("textAnnotation", El("text", text=text), id=made)
        self._register(note)
        scope.element.add(note)
        if on is not None:
            scope.element.add(el("association", id=self._free(f"{on}-{made}"), sourceRef=on, targetRef=made))
        return self

    def lane(self, name: str, nodes: Sequence[str], *, id: str | None = None, **options: Any) -> Self:
        """A lane of the current process with these nodes (which may come later)."""
        scope = self._current()
        if scope.lanes is None:
            scope.lanes = scope.element.add(el("laneSet", id=self._free("lanes")))
        element = El("lane", self._identity("lane", id or slug(name), name))
        self._register(element)
        self._options(element, options)
        for node in nodes:
            element.add(El("flowNodeRef", text=node))
        scope.lanes.add(element)
        return self

    def flow_element(self, element: El, **options: Any) -> Self:
        """Adds any BPMN element to the current scope, such as ``el("dataObject", id="order")``."""
        self._register(element)
        self._options(element, options)
        self._current().element.add(element)
        return self

    def root(self, element: El, **options: Any) -> Self:
        """Adds any root element (message, itemDefinition, interface ...)."""
        self._register(element)
        self._options(element, options)
        self.definitions.add(element)
        name = element.attrs.get("errorCode") or element.attrs.get("escalationCode") or element.attrs.get("name")
        if name is not None:
            self._roots[element.tag, name] = element.attrs["id"]
        return self

    def namespace(self, prefix: str, uri: str) -> Self:
        """Declares a vendor's prefix for use in ``el`` and ``attrs``."""
        self.namespaces[prefix] = uri
        return self

    def participant(self, name: str, *, process: str | None = None, id: str | None = None, **options: Any) -> Self:
        """A pool for a process, or a black box without one."""
        collaboration = self._collaboration()
        element = El("participant", self._identity("participant", id or slug(name), name))
        if process is not None:
            element.attrs["processRef"] = process
        self._register(element)
        self._options(element, options)
        collaboration.add(element)
        return self

    def message_flow(self, source: str, target: str, *, message: str | None = None, id: str | None = None) -> Self:
        """A message flow between pools or their nodes."""
        element = el("messageFlow", id=id or self._free(f"{source}-{target}"), sourceRef=source, targetRef=target)
        if message is not None:
            element.attrs["messageRef"] = self._declare("message", message, {})
        self._register(element)
        self._collaboration().add(element)
        return self

    # -- inside

    def _current(self) -> Scope:
        if self._scope is None:
            raise BuilderError("Expected a process but none was begun.")
        return self._scope

    def _collaboration(self) -> El:
        if self.collaboration is None:
            self.collaboration = self.definitions.add(el("collaboration", id=self._free("collaboration")))
            self._register(self.collaboration)
        return self.collaboration

    def _free(self, base: str) -> str:
        base = slug(base)
        candidate, number = base, 1
        while candidate in self._ids:
            number += 1
            candidate = f"{base}_{number}"
        return candidate

    def _identity(self, tag: str, id: str | None, name: str | None) -> dict[str, str]:
        if id is None:
            made = self._free(tag)
        elif is_id(id):
            made = id
        else:
            made, name = self._free(id), name if name is not None else id
        return {"id": made} if name is None else {"id": made, "name": name}

    def _register(self, element: El) -> None:
        id = element.attrs.get("id")
        if id is None:
            return
        if self._ids.get(id, element) is not element:
            raise BuilderError(f"Expected a new id but {id!r} is taken by a {self._ids[id].tag}.")
        self._ids[id] = element

    def _options(self, element: El, options: Mapping[str, Any]) -> None:
        known = {key: options[key] for key in options if key in _NAMED}
        rest = {key: options[key] for key in options if key not in _NAMED}
        apply(element, rest, **known)

    def _declare(self, kind: str, name: str, attributes: Mapping[str, str]) -> str:
        known = self._roots.get((kind, name))
        if known is not None:
            return known
        id = self._free(f"{kind[0].upper()}{kind[1:]}_{slug(name)}")
        element = self.definitions.add(El(kind, {"id": id, "name": name}))
        for key, value in attributes.items():
            if key == "#correlationKey":
                element.extension(el("zeebe:subscription", correlationKey=value))
            else:
                element.attrs[key] = value
        self._register(element)
        self._roots[kind, name] = id
        return id
