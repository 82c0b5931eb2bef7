"""Ad-hoc subprocess (BPMN 2.0.2, 10.3.5, 13.3.5): activities in no given order.

What nothing leads to is enabled at the start: all of it (parallel ordering) or one after another (sequential), or
only what Zeebe's `activeElementsCollection` names. More can be activated from outside while it is open. After each
activity the completion condition is looked at: when it is true the rest is cancelled, or
(cancelRemainingInstances="false") waited for. Without a condition it completes when nothing is left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from interpreter import expressions, jobs, lifecycle, variables
from interpreter.commands import ActivateAdHoc, Rejection
from interpreter.definition import Definition, Expression, FlowNode, Spec
from interpreter.elements.sub_process import SubProcessBehavior, entries
from interpreter.failures import Failure
from interpreter.values import JsonValue
from interpreter.waits import OpenWait

if TYPE_CHECKING:
    from interpreter.bpmn.document import Node
    from interpreter.elements.reading import Reader
    from interpreter.machine import Machine
    from interpreter.state import Element, State
    from interpreter.waits import Wait


@dataclass(frozen=True, slots=True)
class AdHocSubProcess(Spec):
    """`from_outside`: Zeebe's kind, which starts only what it is told to."""

    sequential: bool = False
    completion: Expression | None = None
    cancel_remaining: bool = True
    active: Expression | None = None
    from_outside: bool = False
    output_collection: str | None = None
    output_element: Expression | None = None


def read(node: Node, reader: Reader) -> AdHocSubProcess:
    zeebe = node.zeebe("adHoc")
    active = None if zeebe is None else reader.zeebe(zeebe.attr("activeElementsCollection"))
    return AdHocSubProcess(
        node.attr("ordering", "Parallel") == "Sequential",
        reader.formal(node.child("completionCondition")),
        node.boolean("cancelRemainingInstances", True),
        active,
        zeebe is not None,
        None if zeebe is None else zeebe.attr("outputCollection"),
        None if zeebe is None else reader.zeebe(zeebe.attr("outputElement")),
    )


class AdHocSubProcessBehavior(SubProcessBehavior):
    def execute(self, m: Machine, element: Element, node: FlowNode) -> None:
        spec = node.spec
        assert isinstance(spec, AdHocSubProcess)
        enabled = entries(m, node)
        if spec.active is not None:
            names = expressions.names(m, spec.active, element.key, f"the active elements of {node.id!r}")
            for name in names:
                if name not in node.children:
                    raise Failure(f"Expected an activity of the ad-hoc subprocess {node.id!r} but it was {name!r}.")
            chosen = list(names)
        elif spec.from_outside:
            chosen = []
        else:
            chosen = enabled
        m.open_wait(OpenWait(m.new_key(), element.key, node.id, "adHoc"))
        if spec.sequential:
            m.note(element.key, todo=chosen)
            self._next(m, element)
        else:
            for start in reversed(chosen):
                m.push("start", start, element.key)
        if not chosen and not spec.from_outside:
            m.push("scope", element.key)

    def _next(self, m: Machine, element: Element) -> bool:
        todo: list[str] = (element.data or {}).get("todo", [])
        if not todo:
            return False
        m.note(element.key, todo=todo[1:])
        m.push("start", todo[0], element.key)
        return True

    def inner_completing(self, m: Machine, element: Element, node: FlowNode, inner: Element) -> None:
        """Append the output element of a completing inner activity to the output collection."""
        spec = node.spec
        assert isinstance(spec, AdHocSubProcess)
        if spec.output_collection and spec.output_element is not None:
            value = expressions.evaluate(m, spec.output_element, inner.key)
            known = element.variables.get(spec.output_collection)
            rows: list[JsonValue] = [*known] if isinstance(known, list) else []
            variables.set_local(m, element.key, spec.output_collection, [*rows, expressions.plain(value)])

    def inner_completed(self, m: Machine, element: Element, node: FlowNode) -> None:
        """Something completed inside: is that enough?"""
        spec = node.spec
        assert isinstance(spec, AdHocSubProcess)
        if spec.completion is None or (element.data or {}).get("done"):
            return
        if expressions.condition(m, spec.completion, element.key, f"completing {node.id!r}"):
            m.note(element.key, done=True, todo=[])
            if spec.cancel_remaining:
                lifecycle.clear_scope(m, element, "cancelled")
            lifecycle.look_at_scope(m, element)

    def scope_done(self, m: Machine, element: Element, node: FlowNode) -> None:
        spec = node.spec
        assert isinstance(spec, AdHocSubProcess)
        if self._next(m, element):
            return
        if spec.completion is not None and not (element.data or {}).get("done"):
            m.at = ("scope", element.key)
            if not expressions.condition(m, spec.completion, element.key, f"completing {node.id!r}"):
                return
        if spec.output_collection:
            collected = element.variables.get(spec.output_collection, [])
            variables.set_variable(m, element.scope, spec.output_collection, collected)
        lifecycle.complete(m, element, node)

    def wait_done(self, m: Machine, element: Element, node: FlowNode, wait: Wait, command: Any) -> None:
        """Somebody says that it is done: the rest is cancelled."""
        jobs.accept(m, element, node, command.variables, command.local_variables)
        lifecycle.clear_scope(m, element, "cancelled")
        m.note(element.key, done=True, todo=[])
        m.push("complete", element.key)


def check_activation(definition: Definition, state: State, command: ActivateAdHoc) -> Rejection | None:
    """Whether activities of an ad-hoc subprocess may be started from outside."""
    element = state.elements.get(command.element)
    if element is None:
        return Rejection("not_found", f"Expected a running ad-hoc subprocess {command.element} but there is none.")
    node = definition.nodes[element.node]
    if node.kind != "adHocSubProcess" or element.multi == "body":
        return Rejection("invalid", f"Expected an ad-hoc subprocess but {command.element} is {node.kind} {node.id!r}.")
    if (element.data or {}).get("done"):
        return Rejection("invalid", f"Expected an open ad-hoc subprocess but {node.id!r} is completing.")
    for name in command.nodes:
        inner = definition.nodes.get(name)
        if inner is None or inner.scope != node.id:
            return Rejection(
                "not_found", f"Expected an activity of the ad-hoc subprocess {node.id!r} but it was {name!r}."
            )
    return None


def activate(m: Machine, command: ActivateAdHoc) -> None:
    """Start activities of an ad-hoc subprocess."""
    for name in reversed(command.nodes):
        m.push("start", name, command.element)
