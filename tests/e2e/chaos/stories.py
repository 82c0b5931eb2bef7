"""An instance's story, read from the log of its events, and what may never be in one.

`flaws` are broken laws of a single instance: numbers without gap, everything that began ended once and in order.
`shape` is what can be compared between two instances: how often each node was completed or terminated, the values.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.e2e.chaos import scenes

Event = dict[str, Any]
Shape = tuple[tuple[str, int], ...]

_ENDS = {"ElementCompleted": "completed", "ElementTerminated": "terminated"}


@dataclass
class Story:
    """One instance. `events` in order with their numbers; `token` is that of the request that caused it."""

    instance_id: str
    key: str
    parent_id: str | None
    ended: bool
    events: list[tuple[int, Event]] = field(default_factory=list[tuple[int, Event]])

    @property
    def token(self) -> str | None:
        """Known from the first value of the variable of this name."""
        for _, event in self.events:
            if event["t"] == "VariableSet" and event["name"] == "token":
                return str(event["value"])
        return None

    def of(self, kind: str) -> Iterator[Event]:
        """The events of one type."""
        return (event for _, event in self.events if event["t"] == kind)

    def waits(self) -> dict[int, Event]:
        """All waits that were ever opened, by key."""
        return {event["wait"]["key"]: event["wait"] for event in self.of("WaitOpened")}

    def closed(self) -> dict[int, str]:
        """How each closed wait was closed."""
        return {event["key"]: event.get("outcome", "completed") for event in self.of("WaitClosed")}

    def taken(self) -> set[int]:
        """Waits whose work was done, or whose event has happened. One that does not interrupt stays open when it
        happens: then its event was activated."""
        activated = {event["node"] for event in self.of("ElementActivated")}
        done = {key for key, outcome in self.closed().items() if outcome in ("completed", "triggered")}
        beside = {key: wait["node"] for key, wait in self.waits().items() if wait.get("interrupting") is False}
        return done | {key for key, node in beside.items() if node in activated}

    def shape(self) -> Shape:
        """Comparable outcome; the token is written as `*`."""
        counted: Counter[str] = Counter()
        last: dict[str, Any] = {}
        for _, event in self.events:
            kind = event["t"]
            if kind in _ENDS and event["node"] not in scenes.LOOSE:
                counted[f"{_ENDS[kind]} {event['node']}"] += 1
            elif kind == "SequenceFlowTaken" and not any(node in event["flow"] for node in scenes.LOOSE):
                counted[f"took {event['flow']}"] += 1
            elif kind == "VariableSet" and event["scope"] == 1:
                last[event["name"]] = event["value"]
            elif kind == "InstanceEnded":
                counted[f"ended {event['outcome']} {event.get('error_code')}"] += 1
        token = self.token or "*"
        for name, value in last.items():
            counted[f"{name} = {str(value).replace(token, '*')}"] += 1
        return tuple(sorted(counted.items()))

    def flaws(self) -> Iterator[str]:
        """Broken laws."""
        numbers = [number for number, _ in self.events]
        if numbers != list(range(1, len(numbers) + 1)):
            yield f"events are numbered {numbers[:3]}...{numbers[-3:]} ({len(numbers)} of them)"
        kinds = Counter(event["t"] for _, event in self.events)
        if kinds["InstanceStarted"] != 1 or self.events[0][1]["t"] != "InstanceStarted":
            yield f"was started {kinds['InstanceStarted']} times"
        if kinds["InstanceEnded"] != int(self.ended):
            yield f"has ended {kinds['InstanceEnded']} times but its row says {self.ended}"
        yield from self._pairs("element", {"ElementActivated"}, set(_ENDS))
        yield from self._pairs("wait", {"WaitOpened"}, {"WaitClosed"})
        yield from self._pairs("incident", {"IncidentRaised"}, {"IncidentResolved"})

    def _pairs(self, what: str, begin: set[str], end: set[str]) -> Iterator[str]:
        """Everything begins once and, unless the instance is still open, ends once, afterwards."""
        is_open: dict[int, str] = {}
        seen: set[int] = set()
        for number, event in self.events:
            if event["t"] in begin:
                thing = event["wait"] if what == "wait" else event
                if thing["key"] in seen:
                    yield f"{what} {thing['key']} ({thing['node']}) begins again at event {number}"
                seen.add(thing["key"])
                is_open[thing["key"]] = thing["node"]
            elif event["t"] in end and is_open.pop(event["key"], None) is None:
                yield f"{what} {event['key']} ends at event {number} but is not open"
        if self.ended:
            yield from (f"{what} {key} ({node}) never ends" for key, node in is_open.items())
