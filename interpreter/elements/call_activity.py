"""Call activity (BPMN 2.0.2, 10.3.6): another process (or global task) runs as an instance of its own; this one waits
for it.

What crosses: input mappings and camunda:in going in, camunda:out coming back; without any nothing (Camunda 7), or all
(Zeebe).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from interpreter import expressions, mappings, propagation, variables
from interpreter.definition import Expression, FlowNode, Mapping, Spec
from interpreter.elements.behavior import Behavior
from interpreter.failures import Failure
from interpreter.features import CALLERS_CATCHES_KNOWN
from interpreter.waits import ChildWait

if TYPE_CHECKING:
    from interpreter.bpmn.document import Node
    from interpreter.elements.reading import Reader
    from interpreter.machine import Machine
    from interpreter.state import Element
    from interpreter.waits import Wait

NOT_CARRIED = ("nrOfInstances", "nrOfActiveInstances", "nrOfCompletedInstances")


@dataclass(frozen=True, slots=True)
class CallActivity(Spec):
    """`out`: target "*" brings back all variables of the child; `local_out`: those targets are set on the call
    activity only."""

    called: Expression | None = None
    binding: str = "latest"
    version: Expression | None = None
    tenant: Expression | None = None
    business_key: Expression | None = None
    inputs: tuple[Mapping, ...] = ()
    out: tuple[Mapping, ...] = ()
    local_out: tuple[Mapping, ...] = ()
    kind: str = "process"


def read(node: Node, reader: Reader) -> CallActivity:
    zeebe = node.zeebe("calledElement")
    if zeebe is not None:
        everything = Mapping("*", Expression("literal", "all"))
        tag = zeebe.attr("versionTag")
        parent = zeebe.boolean("propagateAllParentVariables", True)
        child = zeebe.boolean("propagateAllChildVariables", True)
        return CallActivity(
            reader.zeebe(zeebe.attr("processIdExpression")) or reader.zeebe(zeebe.attr("processId")),
            zeebe.attr("bindingType") or "latest",
            reader.zeebe(tag),
            None,
            reader.zeebe(zeebe.attr("businessId")),
            (everything,) if parent else (Mapping("*", Expression("literal", "local")),),
            (everything,) if child else (),
        )
    called = node.attr("calledElement")
    target = node.ref("calledElement")
    if target is not None:
        called = target.id
    elif called is not None and ":" in called and "{" not in called:
        called = called.rpartition(":")[2]
    if not called:
        reader.problem(node, "Expected a called element on the call activity but there was none.")
    kind = "globalTask" if target is not None and target.tag.startswith("global") else "process"
    binding = node.ext("calledElementBinding") or "latest"
    version = node.ext("calledElementVersionTag") if binding == "versionTag" else node.ext("calledElementVersion")
    tenant = node.ext("calledElementTenantId")
    out: list[Mapping] = []
    local: list[Mapping] = []
    for child_node in node.ext_children("out"):
        into = local if child_node.attr("local") == "true" else out
        if child_node.attr("variables") == "all":
            into.append(Mapping("*", Expression("literal", "all")))
        elif child_node.attr("target"):
            into.append(Mapping(child_node.attr("target") or "", reader.mapping_source(child_node)))
    return CallActivity(
        reader.value(called or ""),
        binding,
        None if version is None else reader.value(version),
        None if tenant is None else reader.value(tenant),
        reader.in_business_key(node),
        reader.in_mappings(node),
        tuple(out),
        tuple(local),
        kind,
    )


class CallActivityBehavior(Behavior):
    def execute(self, m: Machine, element: Element, node: FlowNode) -> None:
        spec = node.spec
        assert isinstance(spec, CallActivity)
        key = element.key
        process = expressions.required_text(m, spec.called, key, f"the called element of {node.id!r}")
        version = expressions.text(m, spec.version, key, f"the called version of {node.id!r}")
        tenant = expressions.text(m, spec.tenant, key, f"the called tenant of {node.id!r}")
        business_key = expressions.text(m, spec.business_key, key, f"the business key of {node.id!r}")
        handed = mappings.payload(m, key, spec.inputs)
        every = any(mapping.target == "*" for mapping in (*spec.out, *spec.local_out))
        outputs = "all" if every else "mapped" if spec.out or spec.local_out else "none"
        m.open_wait(
            ChildWait(
                m.new_key(),
                key,
                node.id,
                process,
                spec.binding,
                version,
                tenant if tenant is not None else m.state.tenant,
                business_key,
                spec.kind,
                handed,
                outputs,
                caught=propagation.codes_caught(m, key) if m.state.has(CALLERS_CATCHES_KNOWN) else ("*",),
            )
        )

    def child_completed(self, m: Machine, element: Element, node: FlowNode, values: dict[str, Any]) -> None:
        """The called instance completed: bring back what is mapped, then complete."""
        m.push("complete", element.key)
        self.bring_back(m, element, node, values)

    def bring_back(self, m: Machine, element: Element, node: FlowNode, values: dict[str, Any]) -> None:
        """Set the output mappings of the call, evaluated over the child's variables."""
        spec = node.spec
        assert isinstance(spec, CallActivity)
        for group, local in ((spec.local_out, True), (spec.out, False)):
            found: dict[str, Any] = {}
            for mapping in group:
                if mapping.target == "*":
                    found.update({n: v for n, v in values.items() if n not in NOT_CARRIED})
                else:
                    found[mapping.target] = _from_child(m, mapping.source, values)
            variables.set_all(m, element.key, found, local=local or node.local_results)

    def wait_done(self, m: Machine, element: Element, node: FlowNode, wait: Wait, command: Any) -> None:
        raise Failure("Expected the called instance to end but it was completed by hand.")


def _from_child(m: Machine, source: Expression, values: dict[str, Any]) -> Any:
    """Evaluate a source in the child's scope, which here is just its variables."""
    return expressions.evaluate(m, source, 1, _ChildScope(values))


class _ChildScope(dict[str, Any]):
    """The child's variables; names that it does not have are null, not the caller's."""

    def __contains__(self, key: object) -> bool:
        return True

    def __missing__(self, key: str) -> Any:
        return None
