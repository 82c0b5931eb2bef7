"""Link events (BPMN 2.0.2, 10.5.1): a goto inside one scope, from any number of throwing events to the catching one
of that name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from interpreter import lifecycle
from interpreter.definition import FlowNode, Spec
from interpreter.failures import Failure
from interpreter.triggers.trigger import Trigger

if TYPE_CHECKING:
    from interpreter.bpmn.document import Node
    from interpreter.elements.reading import Reader
    from interpreter.machine import Machine
    from interpreter.state import Element


@dataclass(frozen=True, slots=True)
class LinkSpec(Spec):
    name: str = ""


def read(definition: Node, reader: Reader) -> LinkSpec:
    return LinkSpec(definition.name or "")


def target_of(m: Machine, node: FlowNode, name: str) -> FlowNode | None:
    """The catching link event of this name in the scope of `node`."""
    assert node.scope is not None
    for child in m.nodes[node.scope].children:
        found = m.nodes[child]
        if found.kind == "intermediateCatchEvent" and any(
            isinstance(t, LinkSpec) and t.name == name for t in found.triggers
        ):
            return found
    return None


class LinkTrigger(Trigger):
    def throw(self, m: Machine, element: Element, node: FlowNode, spec: Spec) -> bool:
        assert isinstance(spec, LinkSpec)
        target = target_of(m, node, spec.name)
        if target is None:
            raise Failure(
                f"Expected a catching link event {spec.name!r} in the scope of {node.id!r} but there was none.", "link"
            )
        scope = element.scope
        lifecycle.finish(m, element, node, ())
        m.push("start", target.id, scope)
        return False
