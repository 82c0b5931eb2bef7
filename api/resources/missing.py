"""Operations of Camunda's API that this server does not have: a clear 501 with the reason, never an invented answer."""

from __future__ import annotations

from typing import Final

from api.errors import not_implemented
from api.operations import Call, Handler, Operation

_DECISIONS: Final = "decision instances are deleted with their process instance"
_TELEMETRY: Final = "this server sends no telemetry"

#: method, path, reason.
_TABLE: Final = (
    ("GET", "/history/decision-definition/cleanable-decision-instance-report", _DECISIONS),
    ("GET", "/history/decision-definition/cleanable-decision-instance-report/count", _DECISIONS),
    ("POST", "/history/decision-instance/delete", _DECISIONS),
    ("POST", "/history/decision-instance/set-removal-time", _DECISIONS),
    ("GET", "/history/decision-requirements-definition/{id}/statistics", "decisions are not counted by graph"),
    ("PUT", "/job-definition/{id}/jobPriority", "the priority of jobs is set in the model or on the job"),
    ("DELETE", "/metrics/task-worker", "metrics are counted from the history"),
    ("GET", "/schema/log", "`ostinato migrate` tells the version of the schema"),
    ("POST", "/schema/log", "`ostinato migrate` tells the version of the schema"),
    ("GET", "/telemetry/configuration", _TELEMETRY),
    ("POST", "/telemetry/configuration", _TELEMETRY),
    ("GET", "/telemetry/data", _TELEMETRY),
)


def _refusal(method: str, path: str, reason: str) -> Handler:
    async def refuse(call: Call) -> None:
        raise not_implemented(f"Expected an operation that this server has but it is {method} {path}: {reason}.")

    return refuse


MISSING: Final = tuple(
    Operation(method, path, _refusal(method, path, reason), "Missing", hidden=True) for method, path, reason in _TABLE
)
