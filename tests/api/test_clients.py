"""Real third-party clients, unmodified, against the running API."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from interpreter.bpmn.builder import bpmn
from tests.api.server import Rest
from tests.api.test_external_tasks import work

Unique = Callable[[str], str]
NODE = Path(__file__).parents[1] / "node"


# --- npm camunda-external-task-client-js ----------------------------------------------------------------------------


def _javascript_worker(rest: Rest, topic: str, count: int) -> dict[str, Any]:
    node = shutil.which("node")
    if node is None or not (NODE / "node_modules" / "camunda-external-task-client-js").exists():
        pytest.skip("node and the packages of tests/node are needed (make setup)")
    done = subprocess.run(
        [node, str(NODE / "external_task_worker.mjs"), rest.url, topic, str(count)],
        capture_output=True,
        text=True,
        timeout=105,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.strip().splitlines()[-1])


def test_the_javascript_client_serves_a_process(rest: Rest, unique: Unique) -> None:
    key, topic = unique("work"), unique("topic")
    rest.deploy(work(key, topic))
    plain = rest.start(
        key,
        variables={
            "a": {"value": 41},
            "long": {"value": 7, "type": "Long"},
            "double": {"value": 1.5},
            "text": {"value": "ä"},
            "yes": {"value": False},
            "nothing": {"value": None},
            "json": {"value": '{"x":[1]}', "type": "Json"},
            "day": {"value": "2026-11-20T14:28:43.123+0000", "type": "Date"},
            "letter": {
                "value": "Z3LDvMOfZQ==",
                "type": "File",
                "valueInfo": {"filename": "brief.txt", "mimetype": "text/plain"},
            },
        },
    )
    error = rest.start(key, variables={"behave": {"value": "bpmnError"}})
    failing = rest.start(key, variables={"behave": {"value": "failOnce"}})
    report = _javascript_worker(rest, topic, 3)
    assert report["errors"] == []
    seen = next(item for item in report["done"] if item["seen"].get("a") == 41)
    assert seen["seen"]["json"] == {"x": [1]}
    assert seen["seen"]["day"] == "2026-11-20T14:28:43.123Z"
    assert seen["types"]["long"] == "long"
    for instance in (plain, error, failing):
        assert rest.get(f"/history/process-instance/{instance['id']}")["state"] == "COMPLETED"
    values = {
        row["name"]: (row["type"], row["value"])
        for row in rest.get("/history/variable-instance", processInstanceId=plain["id"])
    }
    assert values["sum"] == ("Integer", 42)
    assert values["half"] == ("Double", 0.5)
    assert values["big"] == ("Long", 3000000000)
    assert values["nothing"] == ("Null", None)
    assert values["data"][0] == "Json"
    assert json.loads(values["data"][1]) == {"list": [1, "zwei", None]}
    assert values["day"] == ("Date", "2026-11-20T14:28:43.123+0000")
    assert values["read"] == ("String", "grüße")
    assert values["attached"] == ("File", None)
    assert "secret" not in values
    (ended,) = rest.get("/history/activity-instance", processInstanceId=error["id"], activityType="noneEndEvent")
    assert ended["activityName"] == "given up"


# --- PyPI camunda-external-task-client-python3 ----------------------------------------------------------------------


def test_the_python_client_serves_a_process(rest: Rest, unique: Unique) -> None:
    engine_client = pytest.importorskip("camunda.client.engine_client")
    from camunda.external_task.external_task_worker import ExternalTaskWorker

    key, topic = unique("work"), unique("topic")
    rest.deploy(work(key, topic))
    client = engine_client.EngineClient(rest.url)
    started = client.start_process(
        process_key=key, variables={"a": 1, "flag": True, "text": "x", "data": {"b": [1]}}, business_key="B-1"
    )
    failing = client.start_process(process_key=key, variables={"behave": "fail"})
    refused = client.start_process(process_key=key, variables={"behave": "error"})
    assert client.get_process_instance(key, ["text_eq_x"])[0]["id"] == started["id"]
    seen: list[dict[str, Any]] = []

    def handle(task: Any) -> Any:
        seen.append(task.get_variables())
        if task.get_variable("behave") == "fail":
            return task.failure("broken", "in detail", max_retries=0, retry_timeout=10)
        if task.get_variable("behave") == "error":
            return task.bpmn_error("late", "too late", {"why": "snow"})
        assert task.get_business_key() == "B-1"
        assert task.get_extension_properties() == {"unit": "kg"}
        return task.complete({"sum": task.get_variable("a") + 1, "names": ["x"]}, {"mine": 1})

    config = {"maxTasks": 3, "asyncResponseTimeout": 5000, "lockDuration": 10000, "sleepSeconds": 0}
    ExternalTaskWorker("python", rest.url, config).fetch_and_execute(topic, handle)
    assert len(seen) == 3
    assert rest.get(f"/history/process-instance/{started['id']}")["state"] == "COMPLETED"
    assert rest.get(f"/history/process-instance/{refused['id']}")["state"] == "COMPLETED"
    (incident,) = rest.get("/incident", processInstanceId=failing["id"])
    assert incident["incidentMessage"] == "broken"
    values = {
        row["name"]: row["value"] for row in rest.get("/history/variable-instance", processInstanceId=started["id"])
    }
    assert values["sum"] == 2


def test_the_python_client_correlates_messages(rest: Rest, unique: Unique) -> None:
    engine_client = pytest.importorskip("camunda.client.engine_client")
    key, message = unique("message"), unique("paid")
    rest.deploy(bpmn(key).start().catch("wait", message=message).user_task("after").end())
    started = rest.start(key, businessKey="B-9")
    client = engine_client.EngineClient(rest.url)
    result = client.correlate_message(message, business_key="B-9", process_variables={"sum": 5})
    assert result[0]["resultType"] == "Execution"
    assert result[0]["execution"]["processInstanceId"] == started["id"]
    assert rest.only_task(started["id"])["taskDefinitionKey"] == "after"
    assert rest.get(f"/process-instance/{started['id']}/variables/sum")["value"] == 5
    file = {"value": "Z3LDvMOfZQ==", "type": "File", "valueInfo": {"filename": "brief.txt"}}
    rest.put(f"/process-instance/{started['id']}/variables/letter", file, 204)
    assert client.get_process_instance_variable(started["id"], "letter") == "Z3LDvMOfZQ==\n"
    with pytest.raises(Exception, match="400 : RestException"):
        client.correlate_message(message, business_key="nobody")
