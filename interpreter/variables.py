"""Variables: where a name is looked up, and to which element instance a value goes.

Reading walks from an element instance outwards to the process instance. A plain write goes to the innermost element
instance that has the name already, otherwise to the process instance (Camunda's rule); a local write goes exactly
where it says. A transient value (`Typed` with info "transient") is seen until the step ends; it is in no event and no
dump. Changes are collected in `Machine.changes`, and conditional events look at them before the next transition.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from interpreter import events as ev
from interpreter.state import State
from interpreter.values import Typed, VariableValue

if TYPE_CHECKING:
    from interpreter.machine import Machine

MISSING: Any = object()


def lookup(state: State, element: int, name: str) -> VariableValue:
    """The value of `name` as seen from `element`, or MISSING."""
    elements = state.elements
    key = element
    transients = state.transients
    while True:
        found = elements[key]
        if transients and (key, name) in transients:
            return transients[key, name]
        if name in found.variables:
            return found.variables[name]
        if key == 1:
            return MISSING
        key = found.scope


def owner(state: State, element: int, name: str) -> int | None:
    """Key of the innermost element instance, seen from `element`, that has `name`."""
    elements = state.elements
    key = element
    while True:
        found = elements[key]
        if name in found.variables or (key, name) in state.transients:
            return key
        if key == 1:
            return None
        key = found.scope


def visible(state: State, element: int) -> dict[str, VariableValue]:
    """All variables as seen from `element`."""
    chain: list[dict[str, VariableValue]] = []
    key = element
    while True:
        found = state.elements[key]
        if found.variables:
            chain.append(found.variables)
        if key == 1:
            break
        key = found.scope
    merged: dict[str, VariableValue] = {}
    for variables in reversed(chain):
        merged.update(variables)
    for scope, name in state.transients:
        if lookup(state, element, name) is state.transients[scope, name]:
            merged[name] = state.transients[scope, name]
    return merged


def set_local(m: Machine, element: int, name: str, value: VariableValue) -> None:
    """Set `name` exactly in `element`. Setting what it holds already is still a change (conditional events see it)."""
    created = name not in m.state.elements[element].variables
    if type(value) is Typed and value.info.get("transient"):
        info = {k: v for k, v in value.info.items() if k != "transient"}
        m.state.transients[element, name] = Typed(value.type, value.value, info)
        if m.state.conditions:
            m.changes.append((element, name, "create" if created else "update"))
        return
    if m.state.transients:
        m.state.transients.pop((element, name), None)
    m.emit(ev.VariableSet(element, name, value, created))
    if m.state.conditions:
        m.changes.append((element, name, "create" if created else "update"))


def set_variable(m: Machine, element: int, name: str, value: VariableValue) -> None:
    """Set `name` where it is, or in the process instance."""
    scope = owner(m.state, element, name)
    set_local(m, 1 if scope is None else scope, name, value)


def set_all(m: Machine, element: int, variables: Mapping[str, VariableValue], *, local: bool = False) -> None:
    for name, value in variables.items():
        if local:
            set_local(m, element, name, value)
        else:
            set_variable(m, element, name, value)


def remove(m: Machine, element: int, name: str, *, local: bool = False) -> None:
    """Remove `name` from where it is (or from `element` only); nothing happens when it is not there."""
    scope = (
        (element if name in m.state.elements[element].variables else None) if local else owner(m.state, element, name)
    )
    if scope is None:
        return
    m.emit(ev.VariableRemoved(scope, name))
    if m.state.conditions:
        m.changes.append((scope, name, "delete"))


def path_value(state: State, element: int, path: str, value: VariableValue, local: bool) -> tuple[str, VariableValue]:
    """For a target like `a.b.c`: the name `a` and its new value, other entries kept."""
    name, *rest = path.split(".")
    if not rest:
        return name, value
    known = state.elements[element].variables.get(name, MISSING) if local else lookup(state, element, name)
    top: dict[str, Any] = dict(cast("dict[str, Any]", known)) if isinstance(known, dict) else {}
    place = top
    for part in rest[:-1]:
        inner = place.get(part)
        place[part] = dict(cast("dict[str, Any]", inner)) if isinstance(inner, dict) else {}
        place = place[part]
    place[rest[-1]] = value
    return name, top
