"""All layers of checks on one model, in one list: what a deployment or ``ostinato lint`` reports.

Layers (see :mod:`interpreter.bpmn.lint.rules`, docs/lint.md): metamodel, references, structure, executability, likely
mistakes. When the root is not BPMN's definitions the later layers have nothing to look at.
"""

from __future__ import annotations

from interpreter.bpmn.document import BpmnDocument
from interpreter.bpmn.lint.activities import check_activities
from interpreter.bpmn.lint.camunda import check_camunda
from interpreter.bpmn.lint.collaboration import check_collaborations
from interpreter.bpmn.lint.data import check_data
from interpreter.bpmn.lint.events import check_events
from interpreter.bpmn.lint.executability import check_executability
from interpreter.bpmn.lint.expressions import check_expressions
from interpreter.bpmn.lint.flows import check_flows
from interpreter.bpmn.lint.graph import Graph
from interpreter.bpmn.lint.ignored import check_ignored
from interpreter.bpmn.lint.metamodel import check_metamodel
from interpreter.bpmn.lint.mistakes import check_mistakes
from interpreter.bpmn.lint.references import check_references
from interpreter.bpmn.lint.rules import RULES, Report
from interpreter.bpmn.lint.soundness import check_soundness
from interpreter.bpmn.problems import SEVERITIES, Problem, Profile, ordered

MAX_PROBLEMS = 1000
"""Findings of one file that are reported; a file with more is beyond reading them."""


_CHECKS = (
    check_references,
    check_flows,
    check_events,
    check_activities,
    check_data,
    check_collaborations,
    check_camunda,
    check_executability,
    check_ignored,
    check_expressions,
    check_soundness,
    check_mistakes,
)


def validate(document: BpmnDocument, profile: Profile = "c7") -> list[Problem]:
    """Everything that is wrong with a model, in the order of the file. Errors refuse a deployment in this profile."""
    problems = [_weighed(problem, profile) for problem in check_metamodel(document)]
    if any(problem.rule == "metamodel-root" for problem in problems):
        return _limited(problems)
    graph = Graph(document)
    report = Report(graph, profile)
    for check in _CHECKS:
        check(graph, report)
    return _limited(problems + report.problems)


def _limited(problems: list[Problem]) -> list[Problem]:
    """In the order of the file; of too many, the errors first, because they decide."""
    if len(problems) > MAX_PROBLEMS:
        rank = {severity: place for place, severity in enumerate(SEVERITIES)}
        problems = sorted(ordered(problems), key=lambda problem: rank[problem.severity])[:MAX_PROBLEMS]
    return ordered(problems)


def _weighed(problem: Problem, profile: Profile) -> Problem:
    """The finding with the weight that its rule has in the profile (the metamodel itself knows no profiles)."""
    weight = RULES[problem.rule].weight(profile)
    return problem.with_severity(weight) if weight else problem
