"""Process instance modification (Camunda 7): cancel and start anywhere, in one step.

Instructions run in order. A start creates the scopes between the flow node and the nearest running one, without their
start events; an `ancestor` says which of several. Inside a multi-instance body a start adds an instance to it. An
instance in which nothing is left afterwards is cancelled.
"""

from __future__ import annotations

from collections.abc import Sequence

from interpreter import catching, lifecycle, propagation, variables
from interpreter import events as ev
from interpreter.commands import ModificationInstruction, ModifyInstance, Rejection
from interpreter.definition import Definition, FlowNode
from interpreter.machine import Machine
from interpreter.state import Element, State

CANCEL = "cancel"
BEFORE, AFTER, TRANSITION = "startBeforeActivity", "startAfterActivity", "startTransition"


def check_instructions(
    definition: Definition, state: State | None, instructions: Sequence[ModificationInstruction]
) -> Rejection | None:
    """Whether the instructions make sense; `state` is None before the start."""
    if not instructions:
        return Rejection("invalid", "Expected at least one instruction but there was none.")
    for instruction in instructions:
        rejection = _check(definition, state, instruction)
        if rejection is not None:
            return rejection
    return None


def _check(definition: Definition, state: State | None, instruction: ModificationInstruction) -> Rejection | None:
    kind = instruction.type
    if kind == CANCEL:
        if state is None:
            return Rejection("invalid", "Expected instructions that start something but one cancels.")
        if instruction.element is not None:
            if instruction.element not in state.elements:
                return Rejection(
                    "not_found", f"Expected a running element instance {instruction.element} but there is none."
                )
            return None
        if instruction.node is None or instruction.node not in definition.nodes:
            return Rejection("not_found", f"Expected a flow node of the process but it was {instruction.node!r}.")
        return None
    if kind in (BEFORE, AFTER):
        node = definition.nodes.get(instruction.node or "")
        if node is None or node.scope is None:
            return Rejection("not_found", f"Expected a flow node of the process but it was {instruction.node!r}.")
        if kind == AFTER and len(node.out) != 1:
            return Rejection(
                "invalid", f"Expected {node.id!r} to have one outgoing sequence flow but it has {len(node.out)}."
            )
    elif kind == TRANSITION:
        flow = definition.flows.get(instruction.flow or "")
        if flow is None:
            return Rejection("not_found", f"Expected a sequence flow of the process but it was {instruction.flow!r}.")
        node = definition.nodes[flow.source]
    else:
        return Rejection(
            "invalid", f"Expected an instruction type ({BEFORE}, {AFTER}, {TRANSITION}, {CANCEL}) but it was {kind!r}."
        )
    if state is None:
        return None
    if instruction.ancestor is not None:
        ancestor = state.elements.get(instruction.ancestor)
        if ancestor is None:
            return Rejection(
                "not_found", f"Expected a running element instance {instruction.ancestor} but there is none."
            )
        if ancestor.node != definition.process_id and ancestor.node not in [
            n.id for n in definition.ancestors(node.id)
        ]:
            return Rejection(
                "invalid", f"Expected an ancestor of {node.id!r} but {instruction.ancestor} is {ancestor.node!r}."
            )
        return None
    nearest, count = _nearest_scope(definition, state, node)
    if count > 1:
        return Rejection(
            "invalid",
            f"Expected one running instance of {nearest!r} around {node.id!r} "
            f"but there are {count}: name the ancestor.",
        )
    return None


def _nearest_scope(definition: Definition, state: State, node: FlowNode) -> tuple[str, int]:
    """The innermost enclosing scope that runs, and how many instances of it there are."""
    for scope in definition.ancestors(node.id):
        count = sum(1 for e in state.elements.values() if e.node == scope.id and e.multi != "body")
        if count:
            return scope.id, count
    return definition.process_id, 1


def modify(m: Machine, command: ModifyInstance) -> None:
    """Carry out a modification."""
    m.skip_listeners = command.skip_listeners
    m.skip_outputs = command.skip_output_mappings
    for instruction in command.instructions:
        if instruction.type == CANCEL:
            _cancel(m, instruction)
        else:
            _start(m, instruction)
    m.stack.insert(0, ("modified", command.reason))


def modified(m: Machine, reason: str) -> None:
    """All instructions are carried out: an instance with nothing left in it is cancelled. As a transition."""
    root = m.state.elements.get(1)
    if root is not None and not root.children and not root.tokens and not root.holds:
        propagation.end_instance(m, "cancelled", reason=reason)


def start_by_instructions(m: Machine, instructions: Sequence[ModificationInstruction]) -> None:
    """Begin an instance at the places that its start says."""
    m.stack.clear()
    root = m.state.elements[1]
    if m.nodes[root.node].event_subprocesses:
        catching.subscribe_event_subprocesses(m, root, m.nodes[root.node])
    for instruction in instructions:
        if instruction.variables:
            variables.set_all(m, 1, instruction.variables)
        _start(m, instruction)


def _cancel(m: Machine, instruction: ModificationInstruction) -> None:
    if instruction.element is not None:
        found = m.state.elements.get(instruction.element)
        if found is not None and found.key != 1:
            _cancel_element(m, found)
        elif found is not None:
            lifecycle.clear_scope(m, found, "cancelled")
        return
    for element in [e for e in m.state.elements.values() if e.node == instruction.node and e.multi != "inner"]:
        if element.key in m.state.elements and element.key != 1:
            _cancel_element(m, element)
    for wait in [w for w in m.state.waits.values() if w.node == instruction.node]:
        if getattr(wait, "kind", "") in ("async_before", "async_after"):
            m.close_wait(wait.key, "cancelled")


def _cancel_element(m: Machine, element: Element) -> None:
    """Cancel an element instance, and the scopes that have nothing left then."""
    scope = m.state.elements[element.scope]
    lifecycle.terminate(m, element, "cancelled")
    while scope.key != 1 and not scope.children and not scope.tokens and not scope.holds:
        if _is_awaited(m, scope.key):
            break  # an earlier instruction starts something in it
        outer = m.state.elements[scope.scope]
        lifecycle.terminate(m, scope, "cancelled")
        scope = outer


def _is_awaited(m: Machine, scope: int) -> bool:
    """Whether something is still to start in a scope."""
    return any(
        (t[0] in ("start", "take", "activate") and t[2] == scope) or (t[0] == "inner" and t[1] == scope)
        for t in m.stack
    )


def _start(m: Machine, instruction: ModificationInstruction) -> None:
    if instruction.type == TRANSITION:
        flow = m.flows[instruction.flow or ""]
        node = m.nodes[flow.source]
    else:
        node = m.nodes[instruction.node or ""]
        flow = node.out[0] if instruction.type == AFTER else None
    assert node.scope is not None
    scope = _scope_for(m, node, instruction)
    if instruction.local_variables:
        variables.set_all(m, scope, instruction.local_variables, local=True)
    if instruction.variables:
        variables.set_all(m, scope, instruction.variables)
    # Later instructions run later: the stack is last in, first out.
    if flow is not None:
        m.emit(ev.SequenceFlowTaken(flow.id, scope))
        m.stack.insert(0, ("take", flow.id, scope))
    elif m.state.elements[scope].multi == "body" and m.state.elements[scope].node == node.id:
        body = m.state.elements[scope]
        total = (body.data or {}).get("total", 0) + 1
        m.note(scope, total=total)
        variables.set_local(m, scope, "nrOfInstances", total)
        m.stack.insert(0, ("inner", scope, total - 1))
    else:
        m.stack.insert(0, ("start", node.id, scope))


def _scope_for(m: Machine, node: FlowNode, instruction: ModificationInstruction) -> int:
    """Key of the element instance in which the node starts; scopes that do not run yet are created."""
    state = m.state
    if instruction.ancestor is not None:
        key = instruction.ancestor
        if state.elements[key].node == node.id or (node.scope == state.elements[key].node):
            return key
    elif node.loop is not None:
        bodies = [e.key for e in state.elements.values() if e.node == node.id and e.multi == "body"]
        if len(bodies) == 1:
            return bodies[0]
        key = 1
    else:
        key = 1
    path: list[FlowNode] = []
    for scope in m.definition.ancestors(node.id):
        if scope.scope is None or scope.id == state.elements[key].node:
            break
        running = [
            e.key
            for e in state.elements.values()
            if e.node == scope.id and e.multi != "body" and _is_inside(state, e, instruction.ancestor)
        ]
        if running:
            key = running[0]
            break
        path.append(scope)
    for scope in reversed(path):
        key = _create_scope(m, scope, key)
    return key


def _is_inside(state: State, element: Element, ancestor: int | None) -> bool:
    if ancestor is None:
        return True
    key = element.key
    while key != 1:
        if key == ancestor:
            return True
        key = state.elements[key].scope
    return ancestor == 1


def _create_scope(m: Machine, node: FlowNode, parent: int) -> int:
    """Activate a subprocess without its start event."""
    key = m.new_key()
    if node.loop is not None:
        m.emit(ev.ElementActivated(key, node.id, parent, multi="body"))
        body = m.state.elements[key]
        catching.subscribe_boundary(m, body, node)
        m.note(key, total=1)
        for name in ("nrOfInstances", "nrOfActiveInstances"):
            variables.set_local(m, key, name, 1)
        variables.set_local(m, key, "nrOfCompletedInstances", 0)
        parent, key = key, m.new_key()
        m.emit(ev.ElementActivated(key, node.id, parent, multi="inner", loop_counter=0))
        variables.set_local(m, key, "loopCounter", 0)
    else:
        m.emit(ev.ElementActivated(key, node.id, parent))
        element = m.state.elements[key]
        if node.boundary:
            catching.subscribe_boundary(m, element, node)
    element = m.state.elements[key]
    if node.event_subprocesses:
        catching.subscribe_event_subprocesses(m, element, node)
    return key
