"""Layer 3, part 3: activities, loops, subprocesses, processes (BPMN 10.2, 10.3)."""

from __future__ import annotations

import re
from typing import Final

from interpreter.bpmn.document import Node
from interpreter.bpmn.lint.graph import ACTIVITIES, Graph, Scope, described
from interpreter.bpmn.lint.rules import Report

_MIME: Final = re.compile(r"[\w.+\-]+/[\w.+\-]+")
_LANGUAGES: Final = frozenset(
    {
        *("feel", "juel", "javascript", "ecmascript", "js", "groovy", "python", "jython", "ruby", "jruby", "graaljs"),
        *(
            "graal.js",
            "php",
            "lua",
            "java",
            "kotlin",
            "scala",
            "xpath",
            "jsonata",
            "typescript",
            "nashorn",
            "freemarker",
        ),
    }
)
_BEHAVIOR_REFERENCES: Final = {"One": "oneBehaviorEventRef", "None": "noneBehaviorEventRef"}


def check_activities(graph: Graph, report: Report) -> None:
    """Findings on activities and scopes."""
    _process_ids(graph, report)
    for scope in graph.scopes:
        if scope.is_process:
            _process(graph, report, scope)
        elif not scope.is_event_subprocess:
            _subprocess(report, scope)
        for node in scope.nodes:
            if node.tag in ACTIVITIES:
                _quantity(report, node)
                _negative(report, node)
                _multi_instance(report, node)
            if node.tag == "receiveTask" and node.boolean("instantiate") and graph.inflows(node):
                report(
                    "receive-instantiate",
                    node,
                    f"Expected no incoming flow at instantiating {described(node)} but there is one.",
                    "",
                    graph.inflows(node),
                )
            elif node.tag == "scriptTask":
                _script(report, node)


def _process_ids(graph: Graph, report: Report) -> None:
    seen: dict[str, Node] = {}
    for process in graph.document.processes():
        id = process.id
        if not id:
            report("id-missing", process, "Expected an id on the process but there is none.")
        elif id in seen:
            report("process-id-duplicate", process, f"Expected one process {id!r} in the file but there are several.")
        else:
            seen[id] = process


def _process(graph: Graph, report: Report, scope: Scope) -> None:
    process = scope.node
    starts = scope.of("startEvent")
    plain = [start for start in starts if not graph.definitions(start) and start.child("eventDefinitionRef") is None]
    timers = [start for start in starts if "timer" in graph.triggers(start)]
    if scope.executable and not starts and not any(node.boolean("instantiate") for node in scope.nodes):
        implicit = [
            node
            for node in scope.nodes
            if not graph.inflows(node)
            and node.tag != "boundaryEvent"
            and not graph.is_event_subprocess(node)
            and not graph.is_compensation_handler(node)
        ]
        if report.profile == "c7" or not implicit:
            report(
                "process-start",
                process,
                f"Expected a start event in process {process.id!r} but there is none.",
                "Camunda 7 needs one; profile spec begins at nodes without incoming flows." if implicit else "",
            )
    if len(plain) > 1 or (report.profile == "c7" and len(plain) + len(timers) > 1 and plain):
        report(
            "process-start-several",
            process,
            f"Expected one none start event in process {process.id!r} but there are {len(plain) + len(timers)} "
            "none or timer start events.",
            "Use one start event, or several with messages, signals or conditions.",
            [*plain, *timers],
        )
    if scope.executable and process.attr("processType") == "Public":
        report(
            "process-public",
            process,
            f"Expected process {process.id!r} to be private or of no type, as it is executable, but it is public.",
        )


def _subprocess(report: Report, scope: Scope) -> None:
    node = scope.node
    if node.tag == "adHocSubProcess":
        activities = [inner for inner in scope.nodes if inner.tag in ACTIVITIES]
        if not activities:
            report("adhoc-content", node, f"Expected an activity in ad-hoc subprocess {node.id!r} but there is none.")
        for event in scope.of("startEvent", "endEvent"):
            report(
                "adhoc-content",
                event,
                f"Expected no {event.tag} in ad-hoc subprocess {node.id!r} but there is {event.id!r}.",
                "",
                [node],
            )
        return
    if not scope.of("startEvent"):
        report(
            "subprocess-start",
            node,
            f"Expected a start event in {described(node)} but there is none.",
            "Camunda 7 needs one; profile spec begins at nodes without incoming flows.",
        )


def _quantity(report: Report, node: Node) -> None:
    for attribute in ("startQuantity", "completionQuantity"):
        if node.integer(attribute, 1) < 1:
            report(
                "activity-quantity",
                node,
                f"Expected {attribute} of {described(node)} to be 1 or more but was {node.attr(attribute)!r}.",
            )


def _negative(report: Report, node: Node) -> None:
    standard = node.child("standardLoopCharacteristics")
    multiple = node.child("multiInstanceLoopCharacteristics")
    cardinality = multiple.child("loopCardinality") if multiple is not None else None
    for name, value in (
        ("loopMaximum", standard.attr("loopMaximum") if standard is not None else None),
        ("loopCardinality", cardinality.text if cardinality is not None else None),
    ):
        if value is not None and re.fullmatch(r"\s*-\s*\d+\s*", value):
            report(
                "loop-negative",
                node,
                f"Expected {name} of {described(node)} not to be negative but was {value.strip()!r}.",
            )


def _script(report: Report, node: Node) -> None:
    script = node.child("script")
    language = node.attr("scriptFormat")
    if language and language.strip().lower() not in _LANGUAGES and _MIME.fullmatch(language.strip()) is None:
        report(
            "activity-script-format",
            node,
            f"Expected a MIME type or a known language as scriptFormat of {described(node)} but was {language!r}.",
        )
    if script is not None and script.text.strip() and not node.attr("scriptFormat"):
        report(
            "activity-script",
            node,
            f"Expected scriptFormat on {described(node)}, which has a script, but there is none.",
            'For FEEL write scriptFormat="feel".',
        )


def _multi_instance(report: Report, node: Node) -> None:
    loop = node.child("multiInstanceLoopCharacteristics")
    if loop is None:
        return
    cardinality = loop.child("loopCardinality")
    data = loop.child("loopDataInputRef")
    zeebe = loop.zeebe("loopCharacteristics")
    collection = loop.ext("collection") or (zeebe.attr("inputCollection") if zeebe is not None else None)
    if cardinality is None and data is None and not collection:
        report(
            "loop-definition",
            node,
            f"Expected a cardinality or a collection on multi-instance {described(node)} but there is neither.",
        )
    if cardinality is not None and data is not None:
        report(
            "loop-cardinality-and-collection",
            node,
            f"Expected a cardinality or a collection on multi-instance {described(node)} but there are both.",
        )
    if loop.ext("elementVariable") is not None and data is None and not collection:
        report(
            "loop-element-variable",
            node,
            f"Expected a collection with the element variable of {described(node)} but there is none.",
        )
    behavior = loop.attr("behavior") or "All"
    reference = _BEHAVIOR_REFERENCES.get(behavior)
    if reference is not None and loop.attr(reference) is None:
        report(
            "loop-behavior",
            node,
            f"Expected {reference} on {described(node)}, whose behavior is {behavior}, but there is none.",
        )
    if behavior == "Complex" and loop.child("complexBehaviorDefinition") is None:
        report(
            "loop-behavior",
            node,
            f"Expected a complexBehaviorDefinition on {described(node)}, whose behavior is Complex, but there is none.",
        )
