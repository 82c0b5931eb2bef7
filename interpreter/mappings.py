"""Input and output parameters (Camunda's inputOutput, Zeebe's ioMapping).

Inputs are evaluated in order, each seeing those before it, and become local to the element instance. Outputs are
evaluated in the element instance and set as from its parent (or at the path that the target names). All is evaluated
before anything is set.
"""

from __future__ import annotations

from typing import Any

from interpreter import expressions, variables
from interpreter.definition import FlowNode, Mapping
from interpreter.machine import Machine
from interpreter.state import Element


def apply_inputs(m: Machine, element: Element, node: FlowNode) -> None:
    """Set the node's input parameters as local variables."""
    for name, value in _evaluate(m, node.inputs, element.key, True).items():
        variables.set_local(m, element.key, name, value)


def apply_outputs(m: Machine, element: Element, node: FlowNode) -> None:
    """Set the node's output parameters, seen from its parent."""
    for name, value in _evaluate(m, node.outputs, element.key, False).items():
        variables.set_variable(m, element.scope, name, value)


def _evaluate(m: Machine, mappings: tuple[Mapping, ...], element: int, local: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for mapping in mappings:
        value = expressions.evaluate(m, mapping.source, element, found)
        name, *rest = mapping.target.split(".") if "." in mapping.target else (mapping.target,)
        if rest:
            if name in found:
                found[name] = _with_path(found[name], rest, value)
            else:
                at = element if local else m.state.elements[element].scope
                name, value = variables.path_value(m.state, at, mapping.target, value, local)
                found[name] = value
        else:
            found[name] = value
    return found


def _with_path(known: Any, rest: list[str], value: Any) -> Any:
    top: dict[str, Any] = dict(known) if isinstance(known, dict) else {}  # pyright: ignore[reportUnknownArgumentType] JSON
    place = top
    for part in rest[:-1]:
        inner: Any = place.get(part)
        place[part] = dict(inner) if isinstance(inner, dict) else {}  # pyright: ignore[reportUnknownArgumentType] JSON
        place = place[part]
    place[rest[-1]] = value
    return top


def payload(m: Machine, element: int, mappings: tuple[Mapping, ...]) -> dict[str, Any]:
    """What a throwing event or call activity hands over: target "*" stands for every visible variable."""
    from interpreter.definition import Expression

    found: dict[str, Any] = {}
    for mapping in mappings:
        if mapping.target == "*":
            local = mapping.source == Expression("literal", "local")
            found.update(m.state.elements[element].variables if local else variables.visible(m.state, element))
        else:
            found[mapping.target] = expressions.evaluate(m, mapping.source, element)
    return found
