"""Judges of the reader on files that others wrote: round trip, import, rejection. Pure: bytes in, verdict out.

* *round trip*: reading and writing changes nothing but notation (canonical XML); a file that is not well-formed is
  refused with its position, and only such a file (a second parser, expat, is asked).
* *import*: the file is imported, or refused by a rule with a position; nothing else happens.
* *rejection*: the file is refused.
"""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from xml.parsers import expat

from interpreter.bpmn.deployment import prepare
from interpreter.bpmn.document import parse_bpmn
from interpreter.bpmn.problems import BpmnParseError, Problem, Profile, errors

Outcome = Literal["identical", "imported", "refused", "accepted", "changed", "unlocated", "wrongly refused", "crashed"]

_GOOD: Final[dict[str, frozenset[Outcome]]] = {
    "bpmn-roundtrip": frozenset({"identical", "refused"}),
    "bpmn-import": frozenset({"imported", "refused"}),
    "bpmn-reject": frozenset({"refused"}),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one file: ``reason`` is the first rule that refused it, ``told`` its sentence with position."""

    name: str
    outcome: Outcome
    passed: bool
    reason: str = ""
    told: str = ""
    rules: tuple[str, ...] = ()


def judge(kind: str, name: str, data: bytes, profile: Profile) -> Verdict:
    """One file before the judge ``kind`` (``bpmn-roundtrip``, ``bpmn-import``, ``bpmn-reject``)."""
    try:
        outcome, problems = _JUDGES[kind](data, profile)
    except Exception as error:  # a judge reports every crash as a failed case, whatever it is
        return Verdict(name, "crashed", False, type(error).__name__, str(error))
    first = problems[0] if problems else None
    return Verdict(
        name,
        outcome,
        outcome in _GOOD[kind],
        first.rule if first is not None else "",
        str(first) if first is not None else "",
        tuple(sorted({problem.rule for problem in problems})),
    )


def _roundtrip(data: bytes, _profile: Profile) -> tuple[Outcome, Sequence[Problem]]:
    try:
        document = parse_bpmn(data)
    except BpmnParseError as refused:
        if not _located(refused.problems):
            return "unlocated", refused.problems
        return ("wrongly refused" if _is_well_formed(data) else "refused"), refused.problems
    again = parse_bpmn(document.to_bytes())
    return ("identical" if again.canonical() == document.canonical() else "changed"), ()


def _import(data: bytes, profile: Profile) -> tuple[Outcome, Sequence[Problem]]:
    problems = _refusals(data, profile)
    if not problems:
        return "imported", ()
    return ("refused" if _located(problems) else "unlocated"), problems


def _reject(data: bytes, profile: Profile) -> tuple[Outcome, Sequence[Problem]]:
    problems = _refusals(data, profile)
    return ("refused" if problems else "accepted"), problems


_JUDGES: Final[dict[str, Callable[[bytes, Profile], tuple[Outcome, Sequence[Problem]]]]] = {
    "bpmn-roundtrip": _roundtrip,
    "bpmn-import": _import,
    "bpmn-reject": _reject,
}


def _refusals(data: bytes, profile: Profile) -> Sequence[Problem]:
    return errors(prepare(data, profile=profile).problems)


def _located(problems: Sequence[Problem]) -> bool:
    return all(problem.line > 0 and problem.column > 0 for problem in problems)


def _is_well_formed(data: bytes) -> bool:
    """Whether the file is namespace-well-formed XML without a document type declaration."""
    parser = expat.ParserCreate(namespace_separator=" ")
    refused: list[str] = []

    def doctype(name: str, _system: str | None, _public: str | None, _internal: bool) -> None:
        refused.append(name)

    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError):
        return False
    return not refused


# -- reports


def to_csv(verdicts: Sequence[Verdict]) -> str:
    """One row per file: file, outcome, passed, reason, rules, told."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["file", "outcome", "passed", "reason", "rules", "told"])
    for verdict in verdicts:
        passed = "1" if verdict.passed else "0"
        row = [verdict.name, verdict.outcome, passed, verdict.reason, " ".join(verdict.rules), verdict.told]
        writer.writerow(row)
    return out.getvalue()


def to_html(title: str, verdicts: Sequence[Verdict]) -> str:
    """A page with the counts by outcome and reason, and a table of the files, the failed ones first."""
    counted = counts(verdicts)
    passed = sum(verdict.passed for verdict in verdicts)
    rows = "\n".join(
        f'<tr class="{"ok" if verdict.passed else "bad"}"><td>{html.escape(verdict.name)}</td>'
        f"<td>{html.escape(verdict.outcome)}</td><td>{html.escape(verdict.reason)}</td>"
        f"<td>{html.escape(verdict.told)}</td></tr>"
        for verdict in sorted(verdicts, key=lambda verdict: (verdict.passed, verdict.name))
    )
    summary = "\n".join(f"<tr><td>{html.escape(reason)}</td><td>{count}</td></tr>" for reason, count in counted.items())
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
        "<style>body{font:14px sans-serif;margin:2em}td{padding:2px 8px;border-bottom:1px solid #ddd}"
        ".bad td{background:#fdd}</style>"
        f"<h1>{html.escape(title)}</h1><p>{passed} passed, {len(verdicts) - passed} failed</p>"
        f"<table>{summary}</table><table>{rows}</table></html>\n"
    )


def counts(verdicts: Sequence[Verdict]) -> dict[str, int]:
    """How many files had each outcome and reason, the most frequent first."""
    found: dict[str, int] = {}
    for verdict in verdicts:
        key = f"{verdict.outcome}: {verdict.reason}" if verdict.reason else verdict.outcome
        found[key] = found.get(key, 0) + 1
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))
