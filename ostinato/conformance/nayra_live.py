"""The nayra suite on the real engine: the same cases and the same comparison.

The suite decides when each task is worked on, so that tasks with scripts become external tasks here: they wait to be
told. Timers are put far away: the suite says when they fire.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

from interpreter import commands as c
from interpreter.bpmn.document import BpmnParseError, parse_bpmn
from interpreter.elements.reading import CompileError
from interpreter.features import LOOP_INPUT_ERRORS, LOOP_UNTIL, features_of
from interpreter.workflow import client as process
from interpreter.workflow import contract
from ostinato.conformance.live import LiveCase, LiveEngine, for_each, live_engine
from ostinato.conformance.nayra import MAX_WORK, Case, cases, script_results, translate
from ostinato.conformance.report import Verdict
from store import log
from store.variables import HISTORIC_VARIABLES

_QUIET, _SURELY_QUIET = 0.3, 1.5
"""Seconds: before the next piece of work, and before it is believed that there is none."""
_WORK = ("JobWait", "UserTaskWait", "ExternalTaskWait", "OpenWait")
_SCRIPT_TASK = re.compile(r"<(/?)((?:\w+:)?)scriptTask(?=[\s>/])")
_TASK_WITH_SCRIPT = re.compile(
    r"<((?:\w+:)?)scriptTask\b[^>]*?\bid=\"([^\"]+)\".*?<\1script>(.*?)</\1script>", re.DOTALL
)
_SCRIPT = re.compile(r"<((?:\w+:)?)script>.*?</\1script>", re.DOTALL)
_TIMER = re.compile(r"<(?:\w+:)?timerEventDefinition\b.*?</(?:\w+:)?timerEventDefinition>", re.DOTALL)
_DATE, _PERIOD = re.compile(r"\b20\d\d-"), re.compile(r"\bPT?\d[\dTHMSDWY.]*")
_EXTERNAL = ' xmlns:camunda="http://camunda.org/schema/1.0/bpmn" camunda:type="external" camunda:topic="script"'


def judge(folder: Path, profile: str = "spec") -> list[Verdict]:
    """Run every case of the suite on Temporal."""
    return asyncio.run(_judge(folder, profile))


async def _judge(folder: Path, profile: str) -> list[Verdict]:
    async with live_engine(profile) as engine:
        return await for_each(list(cases(folder)), lambda case: _run_case(engine, case, profile))


async def _run_case(engine: LiveEngine, case: Case, profile: str) -> Verdict:
    expected = " ".join(case.result) + "".join(f" !{element}" for element in case.errors)
    live = engine.case(features=[*features_of(profile), LOOP_UNTIL, LOOP_INPUT_ERRORS])
    try:
        worked = await _work(live, case, profile)
    except (BpmnParseError, CompileError, process.ProcessError) as error:
        return Verdict(case.name, False, expected, "", f"{type(error).__name__}: {error}")
    failed = [node for node in case.errors if await _has_failed(live, node)]
    actual = " ".join(worked) + "".join(f" !{element}" for element in failed)
    if case.output is None:
        return Verdict(case.name, actual == expected, expected, actual)
    (first, *_) = await live.instances()
    rows = await HISTORIC_VARIABLES.list(engine.database, {"processInstanceId": first, "executionIdIn": [first]})
    found = {row.name: row.value for row in rows}
    wrong = [name for name, value in case.output.items() if found.get(name) != value]
    note = "; ".join(f"{name}: expected {case.output[name]!r} but it was {found.get(name)!r}" for name in wrong)
    return Verdict(case.name, actual == expected and not wrong, expected, actual, note)


async def _work(live: LiveCase, case: Case, profile: str) -> list[str]:
    text = translate(case.model.read_bytes()).decode()
    scripts = {match[2]: match[3] for match in _TASK_WITH_SCRIPT.finditer(text)}
    text = _TIMER.sub(lambda match: _DATE.sub("2090-", _PERIOD.sub("P10Y", match[0])), _SCRIPT.sub("", text))
    text = _SCRIPT_TASK.sub(lambda match: f"<{match[1]}{match[2]}serviceTask{'' if match[1] else _EXTERNAL}", text)
    await live.deploy(parse_bpmn(text.encode()), profile)
    definition = next(found for found in live.definitions.values() if case.start in found.nodes)
    await live.start(definition.process_id, {**case.data, "test": list(case.data)}, case.start)
    worked: list[str] = []
    events = list(case.events)
    states: list[dict[str, Any]] = []
    found: tuple[dict[str, Any], dict[str, Any]] | None = None
    for _ in range(MAX_WORK):
        for quiet in (_QUIET, _SURELY_QUIET):
            await live.rest(quiet=quiet)
            states = await live.running()
            found = next(((state, wait) for state in states for wait in _open_work(state)), None)
            if found is not None:
                break
        if found is not None:
            state, wait = found
            worked.append(wait["node"])
            await _do(live, state["instance_id"], wait, scripts.get(wait["node"], ""))
        elif not (events and await _happen(live, states, events.pop(0))):
            break
    return worked


def _open_work(state: dict[str, Any]) -> list[dict[str, Any]]:
    stuck = {incident["element"] for incident in state["incidents"]}
    return [wait for wait in state["waits"] if wait["t"] in _WORK and wait["element"] not in stuck]


async def _do(live: LiveCase, instance: str, wait: dict[str, Any], script: str) -> None:
    if "throw new" in script:
        await live.execute(instance, c.ThrowBpmnError(0, wait["key"], "exception", "the script threw"))
        return
    known = await process.ask(live.engine.client, instance, contract.QUERY_VARIABLES, wait["element"], False)
    await live.execute(instance, c.CompleteWait(0, wait["key"], script_results(script, known)))


async def _happen(live: LiveCase, states: list[dict[str, Any]], node: str) -> bool:
    for state in states:
        for wait in state["waits"]:
            if wait["node"] != node:
                continue
            match wait["t"]:
                case "TimerWait":
                    await live.execute(state["instance_id"], c.FireTimer(0, wait["key"]))
                    return True
                case "MessageWait" | "SignalWait":
                    await live.execute(state["instance_id"], c.TriggerEvent(0, wait["key"]))
                    return True
                case _:
                    return False
    return False


async def _has_failed(live: LiveCase, node: str) -> bool:
    for instance in await live.instances():
        found = await log.events(live.engine.database, instance, types=["IncidentRaised", "ElementTerminated"])
        for row in found:
            if row.event.get("node") == node and (
                row.event["t"] == "IncidentRaised" or row.event.get("reason") == "error"
            ):
                return True
    return False
