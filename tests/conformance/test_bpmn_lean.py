"""bpmn-lean: what a fork of Camunda 7 answered after every stimulus, reproduced in profile c7.

Compared are whether the instance still runs, its open user tasks with their names, its open timers and its variables.
Commands that came too late there (stale tasks) are rejected here as well.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from interpreter import commands as c
from interpreter.bpmn.document import parse_bpmn
from interpreter.waits import JobWait, TimerWait, UserTaskWait
from ostinato.testing.world import Run, World
from tests.suites import SUITES

SCENARIOS = SUITES / "scenarios" / "bpmn-lean" / "scenarios"
EVIDENCE = sorted(SCENARIOS.rglob("*cibseven-evidence.json")) if SCENARIOS.exists() else []


HANDLED = {"effectExecutions", "mappingExecutions", "effectJobs"}


def scenario_of(evidence: Path) -> Path:
    return evidence.with_name(evidence.name.replace("cibseven-evidence", "scenario"))


def plain(value: dict[str, Any]) -> Any:
    return value.get("value")


class Player:
    """Plays the stimuli of a scenario."""

    def __init__(self, scenario: dict[str, Any], model: Path) -> None:
        self.world = World(parse_bpmn(model.read_bytes()), profile="c7", now=0)
        self.run: Run | None = None
        self.seen: dict[str, list[int]] = {}

    def play(self, stimulus: dict[str, Any]) -> None:
        match stimulus["kind"]:
            case "startProcess":
                variables = {v["name"]: plain(v["value"]) for v in stimulus["initialVariables"]}
                self.run = self.world.start(stimulus["processId"], variables)
            case "completeUserTaskInstance":
                assert self.run is not None
                task = stimulus["taskId"]
                keys = self.seen.get(task["elementId"], [])
                if len(keys) < task["activation"]:
                    return  # the fork refused it: there is no such activation
                key = keys[task["activation"] - 1]
                values = {v["name"]: plain(v["value"]) for v in stimulus["submittedValues"]}
                result = self.run.attempt(c.CompleteWait(self.world.now, key, values))
                if isinstance(result, c.Rejection):
                    assert result.code in ("already_closed", "ended")
            case "fireTimer":
                assert self.run is not None
                self.world.now = max(self.world.now, stimulus["logicalTimeMs"])
                wait = self.run.wait(stimulus["timerId"]["elementId"], TimerWait)
                self.run.do(c.FireTimer(self.world.now, wait.key))
            case other:
                raise AssertionError(f"a stimulus of kind {other!r}")
        self.world.settle()
        assert self.run is not None
        for wait in self.run.waits(None, UserTaskWait):
            keys = self.seen.setdefault(wait.node, [])
            if wait.key not in keys:
                keys.append(wait.key)


@pytest.mark.skipif(not EVIDENCE, reason="third-party suite absent: scenarios/bpmn-lean")
@pytest.mark.parametrize("path", EVIDENCE, ids=lambda p: f"{p.parent.name}/{p.name.split('.')[0]}")
def test_the_answers_of_a_camunda_fork(path: Path) -> None:
    scenario = json.loads(scenario_of(path).read_text(encoding="utf-8"))
    model = SCENARIOS.parent / scenario["bpmn"]["relativePath"]
    if not model.exists():
        pytest.skip(f"third-party model absent: {scenario['bpmn']['relativePath']}")
    observed = json.loads(path.read_text(encoding="utf-8"))["producerObservations"]
    player = Player(scenario, model)
    states = {q["afterCommandId"]: q for q in observed["stateQueries"]}
    tasks = {q["afterCommandId"]: q["tasks"] for q in observed["taskQueries"]}
    timers = {q["afterCommandId"]: q["jobs"] for q in observed["timerJobs"]}
    compared = 0
    for stimulus in scenario["stimuli"]:
        player.play(stimulus)
        run = player.run
        assert run is not None
        after = stimulus["commandId"]
        if run.waits(None, JobWait) and HANDLED & set(observed):
            return  # from here the fork's own test handler worked, which the scenario does not describe
        if after in states:
            assert (0 if run.ended else 1) == states[after]["processInstanceCount"]
            wanted = {v["name"]: v["value"] for v in states[after]["variables"]}
            assert {n: v for n, v in run.variables.items() if n in wanted} == wanted
            compared += 1
        if after in tasks:
            names = sorted((w.node, getattr(w, "name", "")) for w in run.waits(None, UserTaskWait))
            assert names == sorted((t["elementId"], t["name"] or "") for t in tasks[after])
        if after in timers:
            assert len(run.waits(None, TimerWait)) == len(timers[after])
    assert compared
