"""Layer 3, part 5: collaborations, message flows, choreographies (BPMN 9, 11)."""

from __future__ import annotations

from typing import Final

from interpreter.bpmn.document import Node
from interpreter.bpmn.lint.graph import ACTIVITIES, EVENTS, Graph, described
from interpreter.bpmn.lint.rules import Report

_SOURCES: Final = frozenset({"endEvent", "intermediateThrowEvent"})
_TARGETS: Final = frozenset({"startEvent", "intermediateCatchEvent", "boundaryEvent"})


def check_collaborations(graph: Graph, report: Report) -> None:
    """Findings on collaborations."""
    for activity in graph.document.nodes("choreographyTask", "subChoreography", "callChoreography"):
        _initiator(report, activity)
    for collaboration in graph.document.collaborations():
        participants = collaboration.children("participant")
        pools: dict[Node, Node] = {participant: participant for participant in participants}
        for participant in participants:
            process = participant.ref("processRef")
            if process is not None:
                pools.setdefault(process, participant)
            _multiplicity(report, participant)
        for flow in collaboration.children("messageFlow"):
            _message_flow(graph, report, flow, pools)
        _directions(graph, report, collaboration)
        for link in collaboration.children("conversationLink"):
            _conversation_link(report, link)
        if collaboration.tag != "collaboration" and collaboration.child("choreographyRef") is not None:
            report(
                "collaboration-choreography",
                collaboration,
                f"Expected no choreographyRef in {described(collaboration)} but there is one.",
            )


def _multiplicity(report: Report, participant: Node) -> None:
    multiplicity = participant.child("participantMultiplicity")
    if multiplicity is None:
        return
    minimum, maximum = multiplicity.integer("minimum", 0), multiplicity.integer("maximum", 1)
    if minimum < 0 or maximum < 1 or maximum < minimum:
        report(
            "participant-multiplicity",
            participant,
            f"Expected a multiplicity with 0 <= minimum <= maximum and 1 <= maximum at {described(participant)} "
            f"but was {minimum} to {maximum}.",
        )


def _pool(end: Node, pools: dict[Node, Node]) -> Node | None:
    """The participant that an end of a message flow belongs to; ``pools`` maps participants and their processes."""
    current: Node | None = end
    while current is not None and current not in pools:
        current = current.parent
    return None if current is None else pools[current]


def _message_flow(graph: Graph, report: Report, flow: Node, pools: dict[Node, Node]) -> None:
    source, target = flow.ref("sourceRef"), flow.ref("targetRef")
    if source is None or target is None:
        return
    first, second = _pool(source, pools), _pool(target, pools)
    if first is not None and first == second:
        report(
            "message-flow-pool",
            flow,
            f"Expected message flow {flow.id!r} to connect two pools but both ends are in {described(first)}.",
            "Inside a pool use sequence flows.",
            [source, target],
        )
    _end(graph, report, flow, source, _SOURCES, "begin")
    _end(graph, report, flow, target, _TARGETS, "end")


def _end(graph: Graph, report: Report, flow: Node, end: Node, events: frozenset[str], role: str) -> None:
    if end.tag in EVENTS:
        if end.tag not in events or ("message" not in graph.triggers(end) and not _may_have_message(end)):
            report(
                "message-flow-end",
                flow,
                f"Expected message flow {flow.id!r} to {role} at a message event but {described(end)} is none.",
                "",
                [end],
            )
    elif end.tag not in ACTIVITIES and end.tag not in ("participant", "subConversation", "conversation"):
        report(
            "message-flow-end",
            flow,
            f"Expected message flow {flow.id!r} to {role} at a pool, activity or message event "
            f"but {end.id!r} is a {end.tag!r}.",
            "",
            [end],
        )


def _may_have_message(event: Node) -> bool:
    return event.tag != "boundaryEvent" and any(
        definition.tag == "messageEventDefinition" for definition in event.refs("eventDefinitionRef")
    )


def _directions(graph: Graph, report: Report, collaboration: Node) -> None:
    flows = collaboration.children("messageFlow")
    sources = {flow.ref("sourceRef") for flow in flows}
    for flow in flows:
        target = flow.ref("targetRef")
        if target is not None and target in sources and target.tag in EVENTS:
            report(
                "message-flow-several",
                flow,
                f"Expected message flows in one direction at {described(target)} but there are some in both.",
                "",
                [target],
            )


def _conversation_link(report: Report, link: Node) -> None:
    ends = [end for end in (link.ref("sourceRef"), link.ref("targetRef")) if end is not None]
    conversations = [end for end in ends if end.tag in ("conversation", "subConversation", "callConversation")]
    if len(ends) == 2 and len(conversations) != 1:
        report(
            "conversation-link",
            link,
            f"Expected {described(link)} to connect one conversation with a participant "
            f"but it connects {described(ends[0])} and {described(ends[1])}.",
            "",
            ends,
        )


def _initiator(report: Report, activity: Node) -> None:
    initiator = activity.attr("initiatingParticipantRef")
    taking_part = [child.text.strip() for child in activity.children("participantRef")]
    if initiator is not None and initiator.strip() not in taking_part:
        report(
            "choreography-initiator",
            activity,
            f"Expected the initiating participant of {described(activity)} among its participants "
            f"but was {initiator!r}.",
        )
