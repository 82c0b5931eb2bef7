"""The machine of one step: emits events, keeps the stack of transitions and runs it down.

A *transition* is a tuple: a name from `step.TRANSITIONS` and JSON-able arguments. The stack makes forks run depth
first, in the order of their flows. Every transition either changes nothing and raises, or leaves the state
consistent: expressions are evaluated before anything is emitted. That is why a `Failure` needs no rollback: `drain`
turns it into an incident that carries the transition `at` which it happened, and resolving the incident pushes that
transition again.

    step ──> command handler ──> push(transition) ... ──> drain ──> events + effects
                                       ^                   │
                                       └── lifecycle, elements, catching, propagation, compensation ...
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from interpreter import events as ev
from interpreter.apply import APPLIERS
from interpreter.definition import Definition, FlowNode
from interpreter.failures import BpmnError, Failure, Runaway
from interpreter.state import Element, State, Transition
from interpreter.values import Millis
from interpreter.waits import JobWait, TimerWait, Wait, job_name

if TYPE_CHECKING:
    from interpreter.effects import Effect
    from interpreter.events import Event

BUDGET = 10_000
"""Transitions of one step; the rest is parked in `state.pending` and continued by `Continue`."""

SAME_FLOW_LIMIT = 10_000
"""How often one sequence flow may be taken in one scope instance without a wait in between: more is a loop without
end."""

TransitionTable = dict[str, Callable[..., None]]
Decide = Callable[..., Any]


class Machine:
    """One step in progress. Made by `step.step`, handed to everything that acts on the state."""

    __slots__ = (
        "at",
        "budget",
        "changes",
        "decide",
        "definition",
        "dirty",
        "effects",
        "events",
        "flows",
        "nodes",
        "now",
        "skip_listeners",
        "skip_outputs",
        "stack",
        "state",
        "visits",
    )

    def __init__(self, definition: Definition, state: State, now: Millis, decide: Decide | None = None) -> None:
        self.definition = definition
        self.nodes: dict[str, FlowNode] = definition.nodes
        self.flows = definition.flows
        self.state = state
        self.now = now
        self.decide = decide
        self.events: list[Event] = []
        self.effects: list[Effect] = []
        self.stack: list[Transition] = []
        self.at: Transition = ()
        self.dirty: dict[int, None] = {}
        """Scopes in which tokens moved and whose inclusive or complex joins must be looked at when the stack is
        empty."""
        self.changes: list[tuple[int, str, str]] = []
        """Variable changes (scope, name, create|update|delete) that conditional events have not seen yet."""
        self.visits: dict[tuple[str, int], int] = {}
        self.budget = BUDGET
        self.skip_listeners = False
        self.skip_outputs = False

    # -- events

    def emit(self, event: Any) -> None:
        """Record a fact and bring it into the state."""
        self.events.append(event)
        state = self.state
        state.sequence += 1
        APPLIERS[type(event)](state, event)

    def new_key(self) -> int:
        """The key of what the next event brings into being. Emit that event before asking again."""
        return self.state.counter

    # -- waits

    def open_wait(self, wait: Wait) -> None:
        """Open a wait; a job that is held back is suspended from the beginning."""
        root = self.state.elements.get(1)
        if root is not None and root.data is not None and isinstance(wait, JobWait | TimerWait):
            held = root.data.get("suspended_jobs")
            if held and job_name(wait) in held:
                wait = replace(wait, suspended=True)
        self.emit(ev.WaitOpened(wait))

    def close_wait(self, key: int, outcome: str = "completed") -> None:
        """Close a wait, and the incidents that were about it."""
        state = self.state
        wait = state.waits[key]
        self.emit(ev.WaitClosed(key, outcome))
        incidents = state.incidents_by_element.get(wait.element)
        if incidents:
            for incident in list(incidents):
                if state.incidents[incident].wait == key:
                    self.emit(ev.IncidentResolved(incident))

    def close_waits(self, element: Element, outcome: str = "cancelled", *, node: str | None = None) -> None:
        """Close all waits of an element instance, or those that `node` opened."""
        for key in list(element.waits):
            if key in element.waits and (node is None or self.state.waits[key].node == node):
                self.close_wait(key, outcome)

    # -- element data

    def note(self, element: int, **entries: Any) -> None:
        """Set entries of the element's own data."""
        self.emit(ev.EngineNoted("data", {"element": element, "set": entries}))

    # -- running

    def push(self, *transition: Any) -> None:
        self.stack.append(transition)

    def touch(self, scope: Element) -> None:
        """Something in `scope` moved: its joins may have become ready."""
        if self.nodes[scope.node].has_joins:
            self.dirty[scope.key] = None

    def raise_incident(
        self,
        type: str,
        message: str,
        element: int,
        node: str,
        *,
        wait: int | None = None,
        details: str = "",
        resume: Transition = (),
    ) -> None:
        self.emit(ev.IncidentRaised(self.new_key(), type, message, element, node, wait, details, resume))

    def drain(self, table: TransitionTable, thrown: Callable[[Machine, int, BpmnError], None]) -> None:
        """Run transitions until there are none, or the budget is used up. The ONE place where failures become
        incidents."""
        stack = self.stack
        state = self.state
        while True:
            while stack or self.changes:
                if self.changes:
                    if state.ended:
                        self.changes.clear()
                        continue
                    stack.append(("conditions", [list(c) for c in self.changes]))
                    self.changes.clear()
                if self.budget <= 0:
                    self._park()
                    return
                self.budget -= 1
                transition = stack.pop()
                self.at = transition
                try:
                    try:
                        table[transition[0]](self, *transition[1:])
                    except BpmnError as error:
                        element, _ = self._place()
                        thrown(self, element, error)
                except Runaway as runaway:
                    element, node = self._place()
                    rest = [list(t) for t in (*stack, transition)]
                    stack.clear()
                    self.dirty.clear()
                    self.raise_incident("stepBudget", runaway.message, element, node, resume=("resume", rest))
                except Failure as failure:
                    element, node = self._place()
                    if self.at[0] == "recheck" and self._is_known(element, self.at):
                        continue
                    self.raise_incident(
                        failure.type, failure.message, element, node, details=failure.details, resume=self.at
                    )
                if state.ended:
                    stack.clear()
            if state.ended or not self.dirty:
                return
            # Nothing moves any more: look at the joins of the scopes in which something has moved.
            stack.extend(("recheck", key) for key in reversed(self.dirty))
            self.dirty.clear()

    def _is_known(self, element: int, resume: Transition) -> bool:
        """Whether an open incident is about this very transition."""
        state = self.state
        return any(state.incidents[i].resume == resume for i in state.incidents_by_element.get(element, ()))

    def _place(self) -> tuple[int, str]:
        """Element instance and flow node at which the current transition stands."""
        at = self.at
        name = at[0]
        if name == "take":
            return at[2], self.flows[at[1]].target
        if name in ("start", "activate"):
            return at[2], at[1]
        if name == "condition":
            wait = self.state.waits[at[1]]
            return wait.element, wait.node
        element = self.state.elements.get(at[1])
        if element is None:
            return 1, self.definition.process_id
        return element.key, element.node

    def _park(self) -> None:
        # `unpark` makes scopes dirty in this order: first those whose turn had come (the stack is taken from its end).
        rechecks = [transition for transition in reversed(self.stack) if transition[0] == "recheck"]
        others = [transition for transition in self.stack if transition[0] != "recheck"]
        transitions = [*rechecks, *(("recheck", scope) for scope in self.dirty), *others]
        self.stack.clear()
        self.dirty.clear()
        self.emit(
            ev.EngineNoted(
                "parked",
                {
                    "transitions": [list(t) for t in transitions],
                    "visits": [[flow, scope, n] for (flow, scope), n in self.visits.items() if n > 100],
                },
            )
        )

    def unpark(self) -> list[Transition]:
        """Take what an earlier step parked; joins are looked at again when nothing else is to do."""
        parked = self.state.pending
        if not parked:
            return parked
        for flow, scope, times in self.state.visits:
            self.visits[flow, scope] = times
        self.emit(ev.EngineNoted("unparked"))
        for transition in parked:
            if transition[0] == "recheck":
                self.dirty[transition[1]] = None
        return [t for t in parked if t[0] != "recheck"]
