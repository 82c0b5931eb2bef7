"""What a deployment brings: files, and the processes, decisions and forms that were read from them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from interpreter.definition import Definition, FlowNode, dump_definition


@dataclass(frozen=True, slots=True)
class NewResource:
    """A file of a deployment."""

    name: str
    content: bytes

    @property
    def digest(self) -> bytes:
        """Equal contents have equal digests."""
        return hashlib.sha256(self.content).digest()


@dataclass(frozen=True, slots=True)
class NewStart:
    """A way to start the process: `kind` none | message | signal | timer | conditional."""

    node: str
    kind: str
    name: str | None = None
    spec: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class NewJobDefinition:
    """A place in the process where jobs come from, with Camunda's job type and configuration."""

    node: str
    type: str
    configuration: str | None = None


@dataclass(frozen=True, slots=True)
class NewProcess:
    """A compiled process. `nodes` is {flow node id: (name, activity type)}."""

    key: str
    name: str | None
    hash: str
    content: Mapping[str, Any]
    nodes: Mapping[str, tuple[str, str]]
    resource_name: str
    version_tag: str | None = None
    category: str | None = None
    description: str | None = None
    history_ttl: int | None = None
    startable_in_tasklist: bool = True
    profile: str = "c7"
    starts: Sequence[NewStart] = ()
    jobs: Sequence[NewJobDefinition] = ()
    diagram_name: str | None = None


@dataclass(frozen=True, slots=True)
class NewDecision:
    """A decision of a DMN file."""

    key: str
    name: str | None
    resource_name: str
    requirements_key: str | None = None
    version_tag: str | None = None
    history_ttl: int | None = None
    category: str | None = None


@dataclass(frozen=True, slots=True)
class NewRequirements:
    """The definitions element of a DMN file."""

    key: str
    name: str | None
    resource_name: str
    category: str | None = None


@dataclass(frozen=True, slots=True)
class NewForm:
    """A form schema."""

    key: str
    resource_name: str


_TIMER_JOBS = {
    "startEvent": "timer-start-event",
    "boundaryEvent": "timer-transition",
    "intermediateCatchEvent": "timer-intermediate-transition",
}


def from_definition(
    definition: Definition,
    resource_name: str,
    *,
    diagram_name: str | None = None,
    category: str | None = None,
    description: str | None = None,
    startable_in_tasklist: bool = True,
) -> NewProcess:
    """What the read model keeps of a compiled process. ValueError when its history time to live is not in days."""
    return NewProcess(
        key=definition.process_id,
        name=definition.name or None,
        hash=definition.hash,
        content=dump_definition(definition),
        nodes={node.id: (node.name, node.activity_type or node.kind) for node in definition.nodes.values()},
        resource_name=resource_name,
        version_tag=definition.version_tag,
        category=category,
        description=description,
        history_ttl=days(definition.history_ttl),
        startable_in_tasklist=startable_in_tasklist,
        profile=definition.profile,
        starts=[
            NewStart(
                start.node,
                start.type,
                start.name or None,
                {"kind": start.kind, "spec": start.spec, "conditions": start.conditions},
            )
            for start in definition.start_events()
        ],
        jobs=[job for node in definition.nodes.values() for job in _jobs(definition, node)],
        diagram_name=diagram_name,
    )


def _jobs(definition: Definition, node: FlowNode) -> list[NewJobDefinition]:
    """Camunda's job definitions of a flow node; work for a worker is one of type `service`, which Camunda has not."""
    found: list[NewJobDefinition] = []
    if node.async_before or node.loop_async_before:
        found.append(NewJobDefinition(node.id, "async-continuation", "async-before"))
    if node.async_after or node.loop_async_after:
        found.append(NewJobDefinition(node.id, "async-continuation", "async-after"))
    if any(type(trigger).__name__ == "TimerSpec" for trigger in node.triggers):
        kind = _TIMER_JOBS.get(node.kind, "timer-transition")
        scope = definition.parent_scope(node.id)
        if kind == "timer-start-event" and scope is not None and scope.kind == "eventSubProcess":
            kind = "timer-start-event-subprocess"
        found.append(NewJobDefinition(node.id, kind))
    return found


def days(text: str | None) -> int | None:
    """A history time to live: a number of days, or the ISO 8601 form P<n>D. None when there is none; ValueError."""
    if text is None or not text.strip():
        return None
    found = re.fullmatch(r"P?(\d{1,7})D?", text.strip())
    if found is None:
        raise ValueError(f"Expected a history time to live like '180' or 'P180D' but it was '{text}'.")
    return int(found.group(1))
