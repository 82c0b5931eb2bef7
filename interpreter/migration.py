"""Process instance migration (Camunda 7): go on with another definition, every running element instance at its new
place.

A plan maps flow nodes to flow nodes. What runs keeps its key, variables, waits and incidents; scopes that the target
has in between
are created, plain subprocesses that the plan does not map are dissolved. Subscriptions (boundary events, event
subprocesses) follow
their instruction, keeping their timer or name unless `update_event_trigger`; those without one end, and those that
only the target has are opened. All reasons against a plan are named at once.
"""

from __future__ import annotations

from dataclasses import replace

from interpreter import catching, variables
from interpreter import events as ev
from interpreter.commands import MigrateInstance, Rejection
from interpreter.definition import Definition, FlowNode
from interpreter.elements.loop import MultiInstance
from interpreter.machine import Machine
from interpreter.state import Element, State
from interpreter.waits import ChildWait, JobWait, holds_token


def check(
    definition: Definition, state: State, command: MigrateInstance, target: Definition | None
) -> Rejection | None:
    """Whether the instance can be migrated by this plan."""
    if target is None or target.hash != command.target_hash:
        return Rejection("not_found", "Expected the target definition but it was not there.")
    reasons = check_plan(definition, target, command)
    if not reasons:
        reasons = _check_instance(definition, state, command, target)
    if reasons:
        return Rejection("invalid", "Expected a plan that the instance can migrate by but: " + " ".join(reasons))
    return None


def check_plan(definition: Definition, target: Definition, command: MigrateInstance) -> list[str]:
    """What is wrong with the plan itself, whichever instance it is for."""
    reasons: list[str] = []
    seen: set[str] = set()
    for instruction in command.instructions:
        source, destination = definition.nodes.get(instruction.source), target.nodes.get(instruction.target)
        if source is None or source.scope is None:
            reasons.append(f"There is no flow node {instruction.source!r} in the source.")
            continue
        if destination is None or destination.scope is None:
            reasons.append(f"There is no flow node {instruction.target!r} in the target.")
            continue
        if source.id in seen:
            reasons.append(f"There are several instructions for {source.id!r}.")
        seen.add(source.id)
        if source.kind != destination.kind:
            reasons.append(f"{source.id!r} is a {source.kind} and {destination.id!r} a {destination.kind}.")
        elif _loop_kind(source) != _loop_kind(destination):
            reasons.append(f"{source.id!r} and {destination.id!r} have different loops.")
        elif [type(t) for t in source.triggers] != [type(t) for t in destination.triggers]:
            reasons.append(f"{source.id!r} and {destination.id!r} are about different events.")
    return reasons


def _loop_kind(node: FlowNode) -> str:
    loop = node.loop
    if isinstance(loop, MultiInstance):
        return "sequential" if loop.sequential else "parallel"
    return "" if loop is None else "standard"


def mapping_of(definition: Definition, target: Definition, command: MigrateInstance) -> dict[str, str]:
    """Old flow node id -> new."""
    return {definition.process_id: target.process_id, **{i.source: i.target for i in command.instructions}}


def _check_instance(definition: Definition, state: State, command: MigrateInstance, target: Definition) -> list[str]:
    reasons: list[str] = []
    nodes = mapping_of(definition, target, command)
    if state.pending:
        reasons.append("Its step budget has parked transitions.")
    for element in state.elements.values():
        node = definition.nodes[element.node]
        if element.multi == "compensation":
            reasons.append(f"{node.id!r} is being compensated.")
        elif element.key != 1 and node.id not in nodes:
            if not _dissolves(node):
                reasons.append(f"There is no instruction for the running {node.id!r}.")
        elif element.key != 1:
            around = nodes[definition.nodes[_mapped_ancestor(state, element, nodes).node].id]
            if around != nodes[node.id] and around not in [s.id for s in target.ancestors(nodes[node.id])]:
                reasons.append(f"{nodes[node.id]!r} is not inside {around!r}, where {node.id!r} runs.")
        for flow in element.tokens:
            if nodes.get(definition.flows[flow].target, "") != _target_of(target, flow):
                reasons.append(f"The sequence flow {flow!r}, on which a token waits, does not lead to the same join.")
    for wait in state.waits.values():
        if holds_token(wait) and wait.node not in nodes:
            reasons.append(f"There is no instruction for {wait.node!r}, before which a token is held by a job.")
        if (
            holds_token(wait)
            and wait.kind == "listener"
            and nodes.get(wait.node, "") != _target_of(target, wait.flow or "")
        ):
            reasons.append(f"The sequence flow {wait.flow!r}, whose listener runs, does not lead to the same place.")
    for record in state.records.values():
        if nodes.get(record.node, record.node) not in target.nodes:
            reasons.append(f"There is no instruction for {record.node!r}, which may be compensated.")
    return list(dict.fromkeys(reasons))


def _dissolves(node: FlowNode) -> bool:
    """Whether an unmapped scope may simply vanish around what runs in it."""
    return node.kind == "subProcess" and node.loop is None


def _target_of(target: Definition, flow: str) -> str:
    found = target.flows.get(flow)
    return "?" if found is None else found.target


def _mapped_ancestor(state: State, element: Element, nodes: dict[str, str]) -> Element:
    """The innermost element instance around `element` that stays."""
    found = state.elements[element.scope]
    while found.key != 1 and found.node not in nodes:
        found = state.elements[found.scope]
    return found


def migrate(m: Machine, command: MigrateInstance, target: Definition) -> None:
    """Carry out a checked migration."""
    state = m.state
    nodes = mapping_of(m.definition, target, command)
    updates = {i.target for i in command.instructions if i.update_event_trigger}
    staying = [e for e in state.elements.values() if e.key == 1 or e.node in nodes]
    leaving = [e for e in state.elements.values() if e.key != 1 and e.node not in nodes]
    parents = {e.key: _mapped_ancestor(state, e, nodes).key for e in staying if e.key != 1}
    m.emit(ev.InstanceMigrated(target.hash, target.process_id, nodes))
    m.definition, m.nodes, m.flows = target, target.nodes, target.flows
    created: dict[tuple[int, str], int] = {}
    for element in staying:
        if element.key != 1:
            _place(m, element, parents[element.key], created)
    _move_waits(m, nodes, updates)
    for element in reversed(leaving):
        m.close_waits(element, "cancelled")
        m.emit(ev.ElementTerminated(element.key, element.node, "migrated"))
    variables.set_all(m, 1, command.variables)
    for element in [*staying, *[state.elements[k] for k in created.values()]]:
        _subscribe_new(m, element)


def _place(m: Machine, element: Element, parent: int, created: dict[tuple[int, str], int]) -> None:
    """Put an element instance under `parent`, creating the scopes that the target has in between."""
    state = m.state
    around = state.elements[parent].node
    path: list[str] = []
    if element.multi != "inner":
        for scope in m.definition.ancestors(element.node):
            if scope.id == around:
                break
            path.append(scope.id)
    key = parent
    for id in reversed(path):
        known = created.get((key, id))
        if known is None:
            known = m.new_key()
            m.emit(ev.ElementActivated(known, id, key))
            created[key, id] = known
        key = known
    if element.scope != key:
        m.emit(ev.EngineNoted("moved", {"element": element.key, "scope": key}))


def _move_waits(m: Machine, nodes: dict[str, str], updates: set[str]) -> None:
    for wait in list(m.state.waits.values()):
        element = m.state.elements[wait.element]
        new = nodes.get(wait.node)
        if isinstance(wait, JobWait | ChildWait) or new == element.node:
            if new is not None and new != wait.node:
                m.emit(ev.WaitChanged(replace(wait, node=new)))
        elif new is None or new in updates:
            m.close_wait(wait.key, "cancelled")  # opened anew, if the target has it, by `_subscribe_new`
        elif new != wait.node:
            m.emit(ev.WaitChanged(replace(wait, node=new)))


def _subscribe_new(m: Machine, element: Element) -> None:
    """Open what the target's boundary events and event subprocesses listen to and nobody does yet."""
    if element.key not in m.state.elements:
        return
    node = m.nodes[element.node]
    listening = {m.state.waits[k].node for k in element.waits}
    wanted: list[FlowNode] = []
    if element.multi != "inner":
        wanted.extend(m.nodes[b] for b in node.boundary if b not in listening)
    if element.multi != "body":
        wanted.extend(
            m.nodes[s] for e in node.event_subprocesses for s in m.nodes[e].start_events if s not in listening
        )
    if wanted and not (element.data or {}).get("interrupted"):
        catching.subscribe(m, element, wanted)
