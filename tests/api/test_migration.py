"""Move running instances to another version over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from interpreter.bpmn.builder import bpmn
from tests.api.server import Rest
from tests.api.test_batches import ended

Unique = Callable[[str], str]


@pytest.fixture
def versions(rest: Rest, unique: Unique) -> tuple[str, str]:
    """Two versions of a process: the second has another task behind, and a boundary message."""
    key = unique("moving")
    rest.deploy(bpmn(key).start().user_task("a").end())
    first = rest.get(f"/process-definition/key/{key}")["id"]
    rest.deploy(
        bpmn(key).start().user_task("a").boundary("stop", message=f"{key}-stop").end().at("a").user_task("b").end()
    )
    return first, rest.get(f"/process-definition/key/{key}")["id"]


def _plan(rest: Rest, versions: tuple[str, str]) -> dict[str, Any]:
    return rest.post(
        "/migration/generate", {"sourceProcessDefinitionId": versions[0], "targetProcessDefinitionId": versions[1]}
    )


def test_generate_validate_execute(rest: Rest, versions: tuple[str, str]) -> None:
    plan = _plan(rest, versions)
    assert plan["instructions"] == [
        {"sourceActivityIds": ["a"], "targetActivityIds": ["a"], "updateEventTrigger": False}
    ]
    assert rest.post("/migration/validate", plan) == {"instructionReports": [], "variableReports": {}}
    started = rest.post(f"/process-definition/{versions[0]}/start", {"variables": {"x": {"value": 1}}})
    rest.post("/migration/execute", {"migrationPlan": plan, "processInstanceIds": [started["id"]]}, 204)
    assert rest.get(f"/process-instance/{started['id']}")["definitionId"] == versions[1]
    task = rest.only_task(started["id"])
    assert task["processDefinitionId"] == versions[1]
    assert rest.get("/event-subscription/count", processInstanceId=started["id"]) == {"count": 1}
    rest.post(f"/task/{task['id']}/complete", {})
    assert rest.only_task(started["id"])["taskDefinitionKey"] == "b"
    assert rest.get(f"/process-instance/{started['id']}/variables/x")["value"] == 1


def test_a_wrong_plan_is_reported(rest: Rest, versions: tuple[str, str]) -> None:
    plan = _plan(rest, versions)
    plan["instructions"][0]["targetActivityIds"] = ["nobody"]
    (report,) = rest.post("/migration/validate", plan)["instructionReports"]
    assert report["instruction"] == plan["instructions"][0]
    assert "nobody" in report["failures"][0]
    started = rest.post(f"/process-definition/{versions[0]}/start", {})
    error = rest.post("/migration/execute", {"migrationPlan": plan, "processInstanceIds": [started["id"]]}, 400)
    assert error["type"] == "MigrationPlanValidationException"
    assert error["validationReport"]["instructionReports"] == [report]
    plan["instructions"] = []
    error = rest.post("/migration/execute", {"migrationPlan": plan, "processInstanceIds": [started["id"]]}, 400)
    assert error["type"] == "MigratingProcessInstanceValidationException"
    assert error["validationReport"]["processInstanceId"] == started["id"]
    rest.post("/migration/execute", {"migrationPlan": plan}, 400)
    rest.post("/migration/generate", {"sourceProcessDefinitionId": "nobody"}, 400)


def test_migrate_in_the_background(rest: Rest, versions: tuple[str, str]) -> None:
    started = [rest.post(f"/process-definition/{versions[0]}/start", {})["id"] for _ in range(3)]
    body = {"migrationPlan": _plan(rest, versions), "processInstanceQuery": {"processDefinitionId": versions[0]}}
    batch = rest.post("/migration/executeAsync", body)
    assert (batch["type"], batch["totalJobs"]) == ("instance-migration", 3)
    ended(rest, batch)
    assert {rest.get(f"/process-instance/{one}")["definitionId"] for one in started} == {versions[1]}
