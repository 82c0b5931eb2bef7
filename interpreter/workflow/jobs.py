"""Jobs: how a `JobWait` becomes a Temporal activity, and how the activity's failure becomes a command."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, cast

import orjson
from temporalio.api.common.v1 import Payload
from temporalio.common import Priority, RawValue, RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, CancelledError, TimeoutError, TimeoutType

from interpreter import codec, jobs, queries
from interpreter.commands import Command, CompleteWait, FailWait, ThrowBpmnError, ThrowEscalation
from interpreter.definition import Definition, FlowNode
from interpreter.state import State
from interpreter.values import Millis, Typed
from interpreter.waits import JobWait
from interpreter.workflow import contract, retries, runtime
from interpreter.workflow.large_values import inline_json

START_TO_CLOSE: Final = timedelta(hours=1)
"""How long one attempt may take."""
HEARTBEAT: Final = timedelta(seconds=30)
"""After this silence a worker counts as dead and another attempt begins. `ostinato.Worker` beats on its own."""
ENGINE_START_TO_CLOSE: Final = timedelta(minutes=1)
SHORT_START_TO_CLOSE: Final = timedelta(seconds=10)

MAX_INPUT: Final = 1_900_000
"""Bytes of a job's input; Temporal refuses 2 MB, and any SDK's worker must be able to read it."""

_ENGINE_ACTIVITIES: Final = {
    "script": contract.ACTIVITY_SCRIPT,
    "decision": contract.ACTIVITY_DECISION,
    "connector": contract.ACTIVITY_CONNECTOR,
    "data_store": contract.ACTIVITY_READ_STORES,
}
_SHORT: Final = frozenset({"script", "decision", "data_store"})
_WITHOUT_VARIABLES: Final = frozenset({"connector", "data_store"})
_FINAL_ERRORS: Final = (contract.BPMN_ERROR, contract.BPMN_ESCALATION)

IMMEDIATE: Final = frozenset({"async_before", "async_after"})
"""Jobs without work: the point itself is what counts, and every workflow task is durable."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Arguments of `workflow.start_activity` for one job."""

    activity: str
    payload: RawValue
    task_queue: str | None
    start_to_close: timedelta
    schedule_to_close: timedelta | None
    heartbeat: timedelta | None
    retry: RetryPolicy
    summary: str | None
    """What Temporal's interface shows beside the type: the element's name, if it has one."""
    priority: Priority
    local: bool
    """A local activity: short work of the engine's own, which costs one event in the history."""


def plan(definition: Definition, definition_id: str, state: State, wait: JobWait) -> Plan:
    """How to run `wait`. Reads the variables that the job may see."""
    node = definition.nodes[wait.node]
    engine_activity = _ENGINE_ACTIVITIES.get(wait.kind)
    headers = wait.headers
    # A connector is given its inputs only, which are in the headers.
    variables = {} if wait.kind in _WITHOUT_VARIABLES else queries.job_input(definition, state, wait)
    payload: dict[str, Any] = {
        "type": wait.type,
        "instance_id": state.instance_id,
        "process_id": definition.process_id,
        "node": wait.node,
        "variables": plain(variables),
        "headers": headers,
        "key": wait.key,
    } | optional_fields(state, node)
    if wait.kind != "service":
        payload["kind"] = wait.kind
    if engine_activity is not None:
        payload["variables"] = {name: codec.encode_value(value) for name, value in variables.items()}
        payload |= {"definition_id": definition_id, "tenant": state.tenant}
    if wait.kind == "connector":
        payload["secrets"] = named_secrets(node)
    data = _encode(payload)
    if len(data) > MAX_INPUT:
        raise ValueError(
            f"Expected at most {MAX_INPUT / 1e6:g} MB of variables for job {wait.type!r} but they are "
            f"{len(data) / 1e6:.1f} MB: hand over less by input mappings."
        )
    # Whoever serves a job cannot read what the engine keeps elsewhere; the engine's own activities can.
    encoded = Payload(metadata={"encoding": b"json/plain"}, data=data) if engine_activity else inline_json(data)
    return Plan(
        activity=engine_activity or wait.type,
        payload=RawValue(encoded),
        task_queue=None if engine_activity else str(headers.get("taskQueue") or runtime.current().job_task_queue),
        start_to_close=_duration(headers, "startToCloseTimeout")
        or (
            SHORT_START_TO_CLOSE
            if wait.kind in _SHORT
            else ENGINE_START_TO_CLOSE
            if engine_activity
            else START_TO_CLOSE
        ),
        schedule_to_close=_duration(headers, "scheduleToCloseTimeout"),
        heartbeat=None if engine_activity else _heartbeat(headers),
        retry=retries.policy(wait),
        summary=node.name or None,
        priority=_priority(wait),
        local=wait.kind in _SHORT,
    )


def optional_fields(state: State, node: FlowNode) -> dict[str, Any]:
    """The part of a job's input that is there only if the model or who started the instance gave it."""
    given = {"business_key": state.business_key, "node_name": node.name}
    return {name: value for name, value in given.items() if value}


SECRET_REFERENCE: Final = re.compile(r"\{\{\s*secrets\.([A-Za-z0-9_.-]{1,200}?)\s*\}\}")


def named_secrets(node: FlowNode) -> list[str]:
    """Names of the secrets that the model refers to (`{{secrets.NAME}}`) in the inputs of a connector. Only these may
    be looked up: the values of variables cannot ask for others."""
    work = jobs.work_of(node)
    pending = [mapping.source for mapping in node.inputs] + ([] if work is None else list(work.parameters.values()))
    found: dict[str, None] = {}
    while pending:
        expression = pending.pop()
        found |= dict.fromkeys(SECRET_REFERENCE.findall(expression.text))
        pending += expression.parts
    return sorted(found)


def _encode(payload: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(payload, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:  # integers beyond 64 bits, lone surrogates
        return json.dumps(payload, separators=(",", ":")).encode()


def failure(wait: JobWait, error: BaseException, now: Millis) -> Command:
    """The command that a job's final failure asks for: a modelled error, an escalation, or a failure (incident at 0
    retries)."""
    cause = error.cause if isinstance(error, ActivityError) and error.cause is not None else error
    if isinstance(cause, ApplicationError) and cause.type in _FINAL_ERRORS:
        details: Sequence[Any] = cause.details
        if cause.type == contract.BPMN_ERROR:
            return ThrowBpmnError(
                now=now,
                wait=wait.key,
                code=str(_at(details, 0) or ""),
                message=str(_at(details, 1) or cause.message or ""),
                variables=_variables(_at(details, 2)),
            )
        return ThrowEscalation(
            now=now, wait=wait.key, code=str(_at(details, 0) or ""), variables=_variables(_at(details, 1))
        )
    left, retry_at = retries.after(wait, cause, now)
    return FailWait(
        now=now,
        wait=wait.key,
        message=_message(cause),
        details=_details(cause),
        retries=left,
        retry_at=retry_at,
    )


def completion(wait: JobWait, result: Any, now: Millis) -> CompleteWait:
    """The command that a job's result asks for. What a worker answers sets variables, if it is an object; what the
    engine's own activities answer is for the element alone."""
    if wait.kind == "script":
        return CompleteWait(
            now=now,
            wait=wait.key,
            variables=_variables(result.get("variables")),
            local_variables=_variables(result.get("local")),
            result=codec.decode_value(result.get("value")),
        )
    if wait.kind == "connector":
        return CompleteWait(
            now=now, wait=wait.key, variables=_variables(result.get("variables")), result=result.get("result")
        )
    variables = {} if wait.kind in _ENGINE_ACTIVITIES else _variables(result)
    return CompleteWait(now=now, wait=wait.key, variables=variables, result=result)


def plain(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Variables as a worker in any language sees them: JSON, a `Typed` value by its JSON form."""
    return {name: value.value if isinstance(value, Typed) else value for name, value in variables.items()}


def _variables(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        return {}
    items = cast("dict[str, Any]", value)
    return {str(name): codec.decode_value(item) for name, item in items.items()}


def _at(details: Sequence[Any], index: int) -> Any:
    return details[index] if index < len(details) else None


def _message(cause: BaseException) -> str:
    if isinstance(cause, TimeoutError):
        match cause.type:
            case TimeoutType.HEARTBEAT:
                return "Expected a sign of life from the job's worker but none came in time."
            case TimeoutType.SCHEDULE_TO_START:
                return "Expected a worker to take the job but none did in time."
            case _:
                return "Expected the job to be done in time but it was not."
    if isinstance(cause, CancelledError):
        return "Expected the job to be done but its worker gave it up."
    text = str(getattr(cause, "message", "") or cause)
    kind = cause.type if isinstance(cause, ApplicationError) and cause.type else None
    return f"{kind}: {text}" if kind and kind != "RuntimeError" else text


def _details(cause: BaseException) -> str:
    failure_proto: Any = getattr(cause, "failure", None)
    stack = getattr(failure_proto, "stack_trace", "") if failure_proto is not None else ""
    return str(stack)[:16_000]


def _priority(wait: JobWait) -> Priority:
    """Temporal's five levels from Camunda's numbers: 3 is the default 0, above is more urgent."""
    if wait.priority == 0:
        return Priority.default
    return Priority(priority_key=min(max(3 - (wait.priority > 0) - (wait.priority > 50) + (wait.priority < 0), 1), 5))


def _heartbeat(headers: Mapping[str, Any]) -> timedelta | None:
    if str(headers.get("heartbeatTimeout", "")).lower() == "none":
        return None
    return _duration(headers, "heartbeatTimeout") or HEARTBEAT


def _duration(headers: Mapping[str, Any], name: str) -> timedelta | None:
    text = headers.get(name)
    if text is None or text == "" or str(text).lower() == "none":
        return None
    return parse_duration(str(text), name)


def parse_duration(text: str, name: str) -> timedelta:
    """An ISO 8601 duration without years and months (`PT30S`, `P1DT2H`), or seconds. ValueError names the header."""
    match = re.fullmatch(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?", text.strip())
    if match is not None and any(match.groups()):
        weeks, days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
        return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    try:
        return timedelta(seconds=float(text))
    except ValueError:
        raise ValueError(f"Expected a duration like 'PT30S' in header '{name}' but it was {text!r}.") from None
