"""Listeners of what was cancelled: activities for which no wait is open and nobody waits (`effects.RunListener`)."""

from __future__ import annotations

import json
from typing import Any

from temporalio.common import Priority, RawValue, RetryPolicy

from interpreter.definition import Definition
from interpreter.effects import RunListener
from interpreter.state import State
from interpreter.workflow import jobs, retries, runtime
from interpreter.workflow.large_values import inline_json


def plan(definition: Definition, state: State, listener: RunListener) -> jobs.Plan:
    """How to run the listener's job. ValueError when its variables are more than Temporal carries."""
    headers = listener.headers
    node = definition.nodes[listener.node]
    payload: dict[str, Any] = {
        "type": listener.type,
        "kind": "listener",
        "instance_id": state.instance_id,
        "process_id": definition.process_id,
        "node": listener.node,
        "variables": jobs.plain(listener.variables),
        "headers": headers,
        "key": listener.element,
    } | jobs.optional_fields(state, node)
    data = json.dumps(payload, separators=(",", ":")).encode()
    if len(data) > jobs.MAX_INPUT:
        raise ValueError(
            f"Expected at most {jobs.MAX_INPUT / 1e6:g} MB of variables for listener {listener.type!r} but they are "
            f"{len(data) / 1e6:.1f} MB."
        )
    timeout = headers.get("startToCloseTimeout")
    return jobs.Plan(
        activity=listener.type,
        payload=RawValue(inline_json(data)),
        task_queue=str(headers.get("taskQueue") or runtime.current().job_task_queue),
        start_to_close=jobs.START_TO_CLOSE
        if timeout is None
        else jobs.parse_duration(str(timeout), "startToCloseTimeout"),
        schedule_to_close=None,
        heartbeat=jobs.HEARTBEAT,
        retry=RetryPolicy(
            initial_interval=retries.FIRST_PAUSE,
            maximum_interval=retries.LONGEST_PAUSE,
            maximum_attempts=max(listener.retries, 1),
        ),
        summary=node.name or None,
        priority=Priority.default,
        local=False,
    )
