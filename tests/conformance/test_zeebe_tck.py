"""Zeebe's BPMN conformance kit: actions and verifications in YAML, played on the pure engine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from ostinato.testing import World
from ostinato.testing.world import Run
from tests.suites import suite

_MARKS = {"completed": "-", "terminated": "x", "taken": ">"}


def _cases() -> list[Any]:
    folder = suite("scenarios/zeebe-bpmn-tck")
    found: list[Any] = []
    for path in sorted(folder.rglob("*-spec.y*ml")):
        specification = yaml.safe_load(path.read_text(encoding="utf-8"))
        models = [next(folder.rglob(name)) for name in specification["resources"]]
        for case in specification["testCases"]:
            found.append(pytest.param(models, case, id=f"{path.stem}: {case['name']}"))
    return found


def _variables(args: dict[str, Any]) -> dict[str, Any]:
    return json.loads(args.get("variables") or "{}")


def _act(world: World, run: Run | None, action: str, args: dict[str, Any]) -> Run:
    if action == "create-instance":
        return world.start(args["bpmn_process_id"], _variables(args))
    assert run is not None
    match action:
        case "complete-task":
            run.complete(args["job_type"], **_variables(args))
        case "throw-error":
            run.throw_error(args["job_type"], args["error_code"])
        case "publish-message":
            run.message(args["message_name"], **_variables(args))
        case "cancel-instance":
            run.cancel()
        case "await-element-instance-state":
            _verify(run, "element-instance-state", args)
        case _:
            raise AssertionError(f"Expected an action of the kit but it was {action!r}.")
    return run


def _verify(run: Run, verification: str, args: dict[str, Any]) -> None:
    match verification:
        case "element-instance-state":
            node = args.get("element_id") or _named(run, args["element_name"])
            if args["state"] == "activated":
                assert node in run.active
            else:
                assert (_MARKS[args["state"]], node) in run.steps()
        case "workflow-instance-state":
            outcome = {"activated": "", "completed": "completed", "terminated": "cancelled"}[args["state"]]
            assert run.outcome == outcome
        case "workflow-instance-variable":
            assert run.variables[args["name"]] == json.loads(args["value"])
        case "incident-state":
            assert [incident.node for incident in run.state.incidents.values()] == [args["element_id"]]
        case _:
            raise AssertionError(f"Expected a verification of the kit but it was {verification!r}.")


def _named(run: Run, name: str) -> str:
    (found,) = (node.id for node in run.definition.nodes.values() if name in (node.name, node.id))
    return found


@pytest.mark.parametrize("profile", ["c7", "spec"])
@pytest.mark.parametrize(("models", "case"), _cases())
def test_case(models: list[Path], case: dict[str, Any], profile: str) -> None:
    world = World(*models, profile=profile)
    run: Run | None = None
    for step in case["actions"]:
        run = _act(world, run, step["action"], step.get("args", {}))
    assert run is not None
    if not run.ended and "timer" in run.definition.process_id:
        run.advance("PT1S")
    for step in case["verifications"]:
        _verify(run, step["verification"], step["args"])
