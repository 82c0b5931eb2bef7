"""The nayra suite (ProcessMaker's engine): every `X.bpmn` has an `X.json` with cases {startEvent, data, events,
result, errors, output}.

`result` are the activities in the order in which they are worked on, oldest first, one at a time; when there is none
to work on, the next of `events` happens. Tasks of every kind are work there, so abstract tasks become user tasks
here. Three things are ProcessMaker's own and are translated, not run: PHP expressions (`test.contains("a")` asks
whether `a` is among the data, `$data['x']` is variable x, an expression that throws is false), scripts (`return ['x'
=> ...]`, `throw`), and the two features below.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from interpreter import commands as c
from interpreter import events as ev
from interpreter import queries
from interpreter.bpmn.document import BpmnParseError
from interpreter.elements.reading import CompileError
from interpreter.features import LOOP_INPUT_ERRORS, LOOP_UNTIL, features_of
from interpreter.waits import (
    ConditionWait,
    ExternalTaskWait,
    JobWait,
    MessageWait,
    OpenWait,
    SignalWait,
    TimerWait,
    UserTaskWait,
    Wait,
)
from ostinato.conformance.report import Verdict
from ostinato.testing.world import Run, World

MAX_WORK = 1_000
_PHP = (
    (re.compile(r"test-(?:>|&gt;)data\[['\"](\w+)['\"]\]"), r"\1"),
    (re.compile(r"\$this-(?:>|&gt;)throwException\([^)]*\)"), "false"),
)
_DATA = re.compile(r"\$data\[['\"](\w+)['\"]\]")
_TASK = re.compile(r"<(/?)((?:\w+:)?)task(?=[\s>/])")
_SCRIPT = re.compile(r"(<(?:\w+:)?script>)(.*?)(</(?:\w+:)?script>)", re.DOTALL)
_SCRIPT_TASK = re.compile(r"(<((?:\w+:)?)scriptTask\b[^>]*[^/]>.*?)(</(?:\w+:)?scriptTask>)", re.DOTALL)
_RETURN = re.compile(r"['\"](\w+)['\"]\s*=>\s*(?:\$data\['(\w+)'\]\s*\+\s*(\d+)|\"([^\"]*)\")")


@dataclass(frozen=True, slots=True)
class Case:
    """One case of a model."""

    name: str
    model: Path
    start: str
    data: dict[str, Any]
    events: tuple[str, ...]
    result: tuple[str, ...]
    errors: tuple[str, ...]
    output: dict[str, Any] | None


def cases(folder: Path) -> Iterator[Case]:
    """All cases of the suite's folder."""
    for path in sorted(folder.glob("*.json")):
        model = path.with_suffix(".bpmn")
        if not model.exists():
            continue
        for number, row in enumerate(json.loads(path.read_text(encoding="utf-8-sig")), 1):
            output = row.get("output")
            yield Case(
                f"{path.stem}/{number}",
                model,
                row["startEvent"],
                dict(row["data"] or {}),
                tuple(row.get("events") or ()),
                tuple(row["result"]),
                tuple(e["element"] for e in row.get("errors") or ()),
                # `loopCharacteristics` is where nayra keeps its loop counters, not data of the process.
                None if output is None else {k: v for k, v in output.items() if k != "loopCharacteristics"},
            )


def judge(folder: Path, profile: str = "spec") -> list[Verdict]:
    """Run every case of the suite."""
    return [run_case(case, profile) for case in cases(folder)]


def run_case(case: Case, profile: str = "spec") -> Verdict:
    """Run one case."""
    expected = " ".join(case.result) + "".join(f" !{e}" for e in case.errors)
    try:
        world, worked = _work(case, profile)
    except (BpmnParseError, CompileError) as error:
        return Verdict(case.name, False, expected, "", str(error))
    failed = [node for node in case.errors if _has_failed(world, node)]
    actual = " ".join(worked) + "".join(f" !{e}" for e in failed)
    note = ""
    passed = actual == expected
    if case.output is not None:
        found = next(iter(world.runs.values())).variables
        wrong = [name for name, value in case.output.items() if found.get(name) != value]
        passed = passed and not wrong
        note = "; ".join(f"{name}: expected {case.output[name]!r} but it was {found.get(name)!r}" for name in wrong)
    return Verdict(case.name, passed, expected, actual, note)


def _work(case: Case, profile: str) -> tuple[World, list[str]]:
    world = World(
        translate(case.model.read_bytes()),
        profile=profile,
        features=[*features_of(profile), LOOP_UNTIL, LOOP_INPUT_ERRORS],
    )
    process = next(d for d in world.definitions.values() if case.start in d.nodes)
    world.start(process.process_id, {**case.data, "test": list(case.data)}, start_node=case.start)
    worked: list[str] = []
    events = list(case.events)
    for _ in range(MAX_WORK):
        open_work = [
            (run, wait)
            for run in world.runs.values()
            for wait in run.waits(None, JobWait, UserTaskWait, ExternalTaskWait, OpenWait)
            if not run.state.incidents_by_element.get(wait.element)
        ]
        if open_work:
            run, wait = open_work[0]
            worked.append(wait.node)
            _do(run, wait)
        elif not (events and _happen(world, events.pop(0))):
            break
    return world, worked


def _do(run: Run, wait: Wait) -> None:
    script = str(getattr(wait, "headers", {}).get("script", ""))
    now = run.world.now
    if "throw new" in script:
        run.do(c.ThrowBpmnError(now, wait.key, "exception", "the script threw"))
        return
    known = queries.variables_at(run.state, wait.element)
    run.do(c.CompleteWait(now, wait.key, script_results(script, known)))


def script_results(script: str, known: Mapping[str, Any]) -> dict[str, Any]:
    """The variables that a script returns."""
    return {
        name: int(known.get(source) or 0) + int(plus) if source else text
        for name, source, plus, text in _RETURN.findall(script)
    }


def _happen(world: World, node: str) -> bool:
    for run in world.runs.values():
        for wait in run.waits(node):
            if isinstance(wait, TimerWait):
                run.do(c.FireTimer(world.now, wait.key))
                return True
            if isinstance(wait, MessageWait | SignalWait):
                run.do(c.TriggerEvent(world.now, wait.key))
                return True
            if isinstance(wait, ConditionWait):
                return False
    return False


def _has_failed(world: World, node: str) -> bool:
    return any(
        (isinstance(event, ev.IncidentRaised) and event.node == node)
        or (isinstance(event, ev.ElementTerminated) and event.node == node and event.reason == "error")
        for run in world.runs.values()
        for event in run.events
    )


def _with_script(match: re.Match[str]) -> str:
    return match[0] if "script>" in match[0] else f"{match[1]}<{match[2]}script>nothing</{match[2]}script>{match[3]}"


def translate(model: bytes) -> bytes:
    """A nayra model in BPMN's own terms."""
    text = model.decode("utf-8-sig")
    for pattern, replacement in _PHP:
        text = pattern.sub(replacement, text)
    scripts: list[str] = []

    def keep(match: re.Match[str]) -> str:
        scripts.append(match[0])
        return f"\x00{len(scripts) - 1}\x00"

    text = _SCRIPT.sub(keep, text)
    text = _DATA.sub(r"\1", text)
    text = _TASK.sub(r"<\1\2userTask", text)
    text = re.sub("\x00(\\d+)\x00", lambda m: scripts[int(m[1])], text)
    # A script task without a script is work too.
    text = re.sub(r"<((?:\w+:)?)script>\s*</", r"<\1script>nothing</", text)
    text = _SCRIPT_TASK.sub(_with_script, text)
    return text.encode()
