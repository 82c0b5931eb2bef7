"""The betsy suite on the real engine: the same cases and the same comparison, timers in real time."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from interpreter.bpmn.document import BpmnParseError, parse_bpmn
from interpreter.elements.reading import CompileError
from interpreter.workflow.client import CommandRejected, ProcessError
from ostinato.conformance.betsy import DATA, Case, agrees, cases, data_names
from ostinato.conformance.live import LiveCase, LiveEngine, for_each, live_engine
from ostinato.conformance.report import Verdict

_AFTER_THE_DELAY = 0.5


def judge(folder: Path, profile: str = "spec") -> list[Verdict]:
    """Run every behaviour case of the suite on Temporal."""
    return asyncio.run(_judge(folder, profile))


async def _judge(folder: Path, profile: str) -> list[Verdict]:
    chosen = [case for case in cases(folder) if (folder / case.model).exists()]
    async with live_engine(profile) as engine:
        return await for_each(chosen, lambda case: _run_case(engine, folder, case, profile))


async def _run_case(engine: LiveEngine, folder: Path, case: Case, profile: str) -> Verdict:
    note = ""
    try:
        actual = await _trace(engine, folder, case, profile)
    except (BpmnParseError, CompileError) as error:
        actual, note = ["ERROR_deployment"], str(error)
    except CommandRejected as error:
        actual, note = ["ERROR_runtime"], str(error)
    except ProcessError as error:  # one case that is stuck must not end the others
        actual, note = ["no_answer"], f"{type(error).__name__}: {error}"
    return Verdict(case.name, agrees(case.expected, actual), " ".join(case.expected), " ".join(actual), note)


async def _trace(engine: LiveEngine, folder: Path, case: Case, profile: str) -> list[str]:
    document = parse_bpmn((folder / case.model).read_bytes(), name=case.model)
    live = engine.case(_script)
    await live.deploy(document, profile)
    main = next(process for process in live.definitions if process != "ParallelProcess")
    if case.parallel_first and "ParallelProcess" in live.definitions:
        await live.start("ParallelProcess", case.variables)
    starts = live.definitions[main].start_events()
    start = starts[0].node if starts and not any(event.type == "none" for event in starts) else None
    await live.start(main, case.variables, start)
    await live.rest(case.delay / 1000 + _AFTER_THE_DELAY if case.delay else 0.0)
    incidents = await live.incidents()
    return live.log + [
        "ERROR_thrownErrorEvent" if incident.incident_type == "unhandledError" else "ERROR_runtime"
        for incident in incidents
        if incident.end_time is None
    ]


def _script(case: LiveCase, job: dict[str, Any]) -> dict[str, Any]:
    """What the placeholders of the suite do; see `betsy`."""
    script = str((job.get("headers") or {}).get("script", "")).strip()
    variables: dict[str, Any] = job.get("variables") or {}
    answer: dict[str, Any] = {"value": None, "variables": {}, "local": {}}
    node = case.definitions[job["process_id"]].nodes[job["node"]]
    if script.startswith("SCRIPT_"):
        case.log.append(script)
    elif script == "CREATE_MARKER_FILE":
        case.log.append("MARKER_exists")
    elif script.startswith("INCREMENT_INTEGER_VARIABLE"):
        if script.endswith("_AND_LOG"):
            case.log.append("INCREMENT_correct")
        answer["variables"] = {"integerVariable": int(variables.get("integerVariable") or 0) + 1}
    elif script == "SET_STRING_DATA":
        answer["local"] = dict.fromkeys(data_names(node, outputs=True), DATA)
    elif script == "LOG_DATA":
        names = data_names(node, outputs=False)
        if names and all(variables.get(name) == DATA for name in names):
            case.log.append("DATA_correct")
    return answer
