"""The state of a process instance: data only. `apply.apply` is the one writer; every other module reads.

    State
      elements   key -> Element, a tree (key 1 is the process instance, `scope` is the parent's key)
      waits      key -> open wait
      incidents  key -> Incident
      records    key -> CompensationRecord, what may still be compensated
      pending    transitions that the step budget parked

Everything that a step looks up is indexed here (children and waits of an element, tokens of a scope), so that no step
costs more in a bigger instance. `dump_state`/`load_state` give and take JSON-able data and may come between any two
steps.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any, get_args

from interpreter.codec import decode_value, encode_value
from interpreter.values import JsonValue, VariableValue
from interpreter.waits import ConditionWait, Wait

SCHEMA_VERSION = 1

Transition = tuple[Any, ...]
"""A piece of engine work: the name of a function of `machine.TRANSITIONS` and JSON-able arguments."""


class Element:
    """An element instance. Mutable, but only `apply` changes it.

    `tokens` (scopes only) counts tokens on sequence flows; `holds` counts asynchronous continuations inside the scope
    that stand for a token; `data` is what the element's behaviour keeps (loop progress, arrived triggers ...), JSON
    only.
    """

    __slots__ = (
        "children",
        "completed",
        "data",
        "flow",
        "holds",
        "key",
        "loop_counter",
        "multi",
        "node",
        "scope",
        "started",
        "tokens",
        "variables",
        "waits",
    )

    def __init__(
        self, key: int, node: str, scope: int, flow: str | None = None, multi: str = "", loop_counter: int | None = None
    ) -> None:
        self.key = key
        self.node = node
        self.scope = scope
        self.flow = flow
        self.multi = multi
        self.loop_counter = loop_counter
        self.children: dict[int, None] = {}
        self.waits: dict[int, None] = {}
        self.variables: dict[str, VariableValue] = {}
        self.tokens: dict[str, int] = {}
        self.holds = 0
        self.started = 0
        self.completed = 0
        self.data: dict[str, JsonValue] | None = None

    def __repr__(self) -> str:
        return f"<Element {self.key} {self.node!r} {self.multi}>"


@dataclass(frozen=True, slots=True)
class Incident:
    """An open incident. `resume` is the transition to try again (empty: nothing to try)."""

    key: int
    type: str
    message: str
    element: int
    node: str
    wait: int | None = None
    resume: tuple[JsonValue, ...] = ()


@dataclass(frozen=True, slots=True)
class CompensationRecord:
    """A completed activity that can be compensated. `scope`: the element instance in which it completed; `record` see
    `compensation`."""

    key: int
    node: str
    scope: int
    record: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])


class State:
    """Everything about one instance. `counter` is the next free key, `sequence` the number of events so far."""

    __slots__ = (
        "business_key",
        "conditions",
        "counter",
        "definition_hash",
        "elements",
        "ended",
        "features",
        "incidents",
        "incidents_by_element",
        "instance_id",
        "outcome",
        "parent_id",
        "pending",
        "process_id",
        "records",
        "records_by_scope",
        "root_id",
        "sequence",
        "suspended",
        "tenant",
        "transients",
        "visits",
        "waits",
    )

    def __init__(self, features: tuple[str, ...] = ()) -> None:
        self.features = features
        self.instance_id = ""
        self.process_id = ""
        self.definition_hash = ""
        self.business_key: str | None = None
        self.tenant: str | None = None
        self.parent_id: str | None = None
        self.root_id: str | None = None
        self.sequence = 0
        self.counter = 1
        self.elements: dict[int, Element] = {}
        self.waits: dict[int, Wait] = {}
        self.conditions: dict[int, None] = {}
        self.incidents: dict[int, Incident] = {}
        self.incidents_by_element: dict[int, dict[int, None]] = {}
        self.records: dict[int, CompensationRecord] = {}
        self.records_by_scope: dict[int, dict[int, None]] = {}
        self.pending: list[Transition] = []
        self.transients: dict[tuple[int, str], VariableValue] = {}
        """Variables (element, name) that live only as long as the step: in no event and no dump."""
        self.visits: list[tuple[str, int, int]] = []
        self.ended = False
        self.outcome = ""
        self.suspended = False

    @property
    def started(self) -> bool:
        """Whether there has been a StartInstance."""
        return self.sequence > 0

    def has(self, feature: str) -> bool:
        return feature in self.features


def dump_state(state: State) -> dict[str, Any]:
    """JSON-able form of the whole state."""
    return {
        "schema_version": SCHEMA_VERSION,
        "features": list(state.features),
        "instance_id": state.instance_id,
        "process_id": state.process_id,
        "definition_hash": state.definition_hash,
        "business_key": state.business_key,
        "tenant": state.tenant,
        "parent_id": state.parent_id,
        "root_id": state.root_id,
        "sequence": state.sequence,
        "counter": state.counter,
        "ended": state.ended,
        "outcome": state.outcome,
        "suspended": state.suspended,
        "elements": [_dump_element(e) for e in state.elements.values()],
        "waits": [_dump_wait(w) for w in state.waits.values()],
        "incidents": [
            [i.key, i.type, i.message, i.element, i.node, i.wait, list(i.resume)] for i in state.incidents.values()
        ],
        "records": [[r.key, r.node, r.scope, r.record] for r in state.records.values()],
        "pending": [list(t) for t in state.pending],
        "visits": [list(v) for v in state.visits],
    }


def load_state(data: dict[str, Any]) -> State:
    """The state whose JSON form `data` is; ValueError when its schema is unknown."""
    if data.get("schema_version") != SCHEMA_VERSION:
        raise ValueError(f"Expected a state of schema {SCHEMA_VERSION} but it was {data.get('schema_version')!r}.")
    state = State(tuple(data["features"]))
    state.instance_id = data["instance_id"]
    state.process_id = data["process_id"]
    state.definition_hash = data["definition_hash"]
    state.business_key = data["business_key"]
    state.tenant = data["tenant"]
    state.parent_id = data["parent_id"]
    state.root_id = data["root_id"]
    state.sequence = data["sequence"]
    state.counter = data["counter"]
    state.ended = data["ended"]
    state.outcome = data["outcome"]
    state.suspended = data["suspended"]
    elements = state.elements
    for row in data["elements"]:
        element = _load_element(row)
        elements[element.key] = element
        parent = elements.get(element.scope)
        if parent is not None and element.scope != element.key:
            parent.children[element.key] = None
    for row in data["waits"]:
        wait = _load_wait(row)
        state.waits[wait.key] = wait
        if wait.element in elements:
            elements[wait.element].waits[wait.key] = None
        if isinstance(wait, ConditionWait):
            state.conditions[wait.key] = None
    for key, type_, message, element, node, wait_key, resume in data["incidents"]:
        state.incidents[key] = Incident(key, type_, message, element, node, wait_key, tuple(resume))
        state.incidents_by_element.setdefault(element, {})[key] = None
    for key, node, scope, record in data["records"]:
        state.records[key] = CompensationRecord(key, node, scope, record)
        state.records_by_scope.setdefault(scope, {})[key] = None
    state.pending = [tuple(t) for t in data["pending"]]
    state.visits = [(flow, scope, times) for flow, scope, times in data["visits"]]
    return state


def _columns(cls: type[Any]) -> tuple[Callable[[Any], tuple[Any, ...]], tuple[int, ...], tuple[int, ...]]:
    """How a kind of wait is read: all fields at once, and where tuples and maps of variables are among them."""
    names = [f.name for f in fields(cls)]
    hints = {f.name: str(f.type) for f in fields(cls)}
    tuples = tuple([i for i, n in enumerate(names) if hints[n].startswith("tuple")])
    maps = tuple([i for i, n in enumerate(names) if hints[n].startswith("dict") and "VariableValue" in hints[n]])
    return attrgetter(*names), tuples, maps


_WAITS: dict[str, type[Any]] = {cls.__name__: cls for cls in get_args(Wait)}
_COLUMNS = {cls: _columns(cls) for cls in _WAITS.values()}


def _dump_wait(wait: Wait) -> list[Any]:
    # A row rather than an object: instances with thousands of waits are carried over often.
    cls = type(wait)
    get, tuples, maps = _COLUMNS[cls]
    row: list[Any] = [cls.__name__, *get(wait)]
    for i in tuples:
        row[i + 1] = list(row[i + 1])
    for i in maps:
        row[i + 1] = {k: encode_value(v) for k, v in row[i + 1].items()}
    return row


def _load_wait(row: list[Any]) -> Wait:
    cls = _WAITS[row[0]]
    _, tuples, maps = _COLUMNS[cls]
    values = row[1:]
    for i in tuples:
        values[i] = tuple(values[i])
    for i in maps:
        values[i] = {k: decode_value(v) for k, v in values[i].items()}
    return cls(*values)


def _dump_element(e: Element) -> list[Any]:
    return [
        e.key,
        e.node,
        e.scope,
        e.flow,
        e.multi,
        e.loop_counter,
        {k: encode_value(v) for k, v in e.variables.items()},
        dict(e.tokens),
        e.holds,
        e.started,
        e.completed,
        None if e.data is None else deepcopy(e.data),
    ]


def _load_element(row: list[Any]) -> Element:
    element = Element(row[0], row[1], row[2], row[3], row[4], row[5])
    element.variables = {k: decode_value(v) for k, v in row[6].items()}
    element.tokens = dict(row[7])
    element.holds = row[8]
    element.started = row[9]
    element.completed = row[10]
    element.data = row[11]
    return element
