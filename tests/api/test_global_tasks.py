"""Global tasks: deployed with the processes of their file, run by call activities of this or another file."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from interpreter.bpmn.builder import bpmn, el
from tests.api.server import Rest

Unique = Callable[[str], str]

NAMESPACES = (
    'xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn" '
    'id="d" targetNamespace="t"'
)


def global_tasks(key: str) -> str:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<definitions {NAMESPACES}>
  <globalUserTask id="{key}-review" name="Review" camunda:assignee="${{boss}}"/>
  <globalScriptTask id="{key}-sum" name="Sum" scriptLanguage="feel" camunda:resultVariable="total">
    <script>= a + 1</script>
  </globalScriptTask>
  <globalBusinessRuleTask id="{key}-rule" name="Rule" camunda:type="external" camunda:topic="{key}-rules"/>
  <globalManualTask id="{key}-hands" name="Hands"/>
  <globalTask id="{key}-any" name="Any"/>
</definitions>"""


def test_call_activities_run_global_tasks(rest: Rest, unique: Unique) -> None:
    key = unique("global")
    rest.deploy(("tasks.bpmn", global_tasks(key).encode()))
    model = bpmn(key).start()
    for name in ("hands", "any", "sum", "review", "rule"):
        model = model.call_activity(
            name, f"{key}-{name}", ext=[el("camunda:in", variables="all"), el("camunda:out", variables="all")]
        )
    rest.deploy(model.user_task("after").end())
    known = rest.get("/process-definition", keyLike=f"{key}%")
    assert {one["key"] for one in known} == {key, *(f"{key}-{n}" for n in ("review", "sum", "rule", "hands", "any"))}
    started = rest.start(key, variables={"boss": {"value": "ann"}, "a": {"value": 41}})
    (task,) = eventually(lambda: rest.get("/task", assignee="ann", processDefinitionKey=f"{key}-review"))
    assert task["name"] == "Review"
    running = rest.get("/process-instance", superProcessInstance=started["id"])
    assert [instance["id"] for instance in running] == [task["processInstanceId"]]
    rest.post(f"/task/{task['id']}/complete", {"variables": {"approved": {"value": True}}})
    wanted = {"workerId": "w", "maxTasks": 1, "topics": [{"topicName": f"{key}-rules", "lockDuration": 10_000}]}
    (locked,) = eventually(lambda: rest.post("/external-task/fetchAndLock", wanted))
    rest.post(f"/external-task/{locked['id']}/complete", {"workerId": "w", "variables": {"rate": {"value": 3}}})
    eventually(lambda: rest.get("/task", processInstanceId=started["id"]))
    variables = rest.get(f"/process-instance/{started['id']}/variables")
    assert {name: variables[name]["value"] for name in ("total", "approved", "rate")} == {
        "total": 42,
        "approved": True,
        "rate": 3,
    }


def eventually(ask: Callable[[], Any]) -> Any:
    """The first answer that is not empty: what another instance brings about comes a little later."""
    for _ in range(100):
        found = ask()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("it did not come about")
