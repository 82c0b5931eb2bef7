"""Decisions of business rule tasks: the DMN model is found by its binding, compiled once per process, and evaluated.

The answer has the shape that `interpreter.decisions` reads: `value`, `rows` (one map per matched rule) and `trace`.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from datetime import UTC, datetime
from typing import Any, Final

from temporalio import activity
from temporalio.exceptions import ApplicationError

from dmn import DecisionModel, DmnError, UnknownDecisionError, compile_dmn, parse_dmn, to_json
from interpreter import codec
from interpreter.juel.decisions import compile_decision_text
from interpreter.values import Typed
from interpreter.workflow import contract
from store import decisions, definitions
from store.database import Database
from store.decisions import DecisionDefinitionRow

_CACHED: Final = 200
_PROFILES: Final = {"c7": "camunda7", "spec": "spec"}


class DecisionActivities:
    """See the module; one per process. `profile` is the engine's (c7, spec)."""

    def __init__(self, database: Database, profile: str = "c7") -> None:
        self._database = database
        self._profile = _PROFILES[profile]
        self._models: OrderedDict[str, DecisionModel] = OrderedDict()

    @activity.defn(name=contract.ACTIVITY_DECISION)
    async def decide(self, job: dict[str, Any]) -> dict[str, Any]:
        """Evaluate the decision `job["type"]`. What is wrong with model or data is not retried: a person must look."""
        row = await self._find(job)
        model = await self._model(row)
        variables = {name: _value(codec.decode_value(value)) for name, value in (job.get("variables") or {}).items()}
        try:
            result = await asyncio.to_thread(model.evaluate, row.key, variables, now=datetime.now(UTC), trace=True)
        except UnknownDecisionError as error:
            raise _final(str(error)) from error
        if result.errors:
            raise _final(f"Expected decision {row.key!r} to have a result but: {result.errors[0].message}")
        trace = [record.to_json() for record in result.trace]
        return {
            "value": to_json(result.value),
            "rows": [to_json(one) for one in result.rule_results],
            "trace": {
                "decision": row.key,
                "definition_id": row.id,
                "name": row.name,
                "evaluated": trace,
            },
        }

    async def _model(self, row: DecisionDefinitionRow) -> DecisionModel:
        cached = self._models.get(row.id)
        if cached is not None:
            self._models.move_to_end(row.id)
            return cached
        source = await decisions.decision_source(self._database, row.id)
        if source is None:
            raise _final(f"Expected the DMN file of {row.id} but it is not there.")
        try:
            model = await asyncio.to_thread(lambda: _compiled(source[1], self._profile))
        except DmnError as error:
            raise _final(f"Expected a DMN model in {source[0]!r} but: {error}") from error
        self._models[row.id] = model
        while len(self._models) > _CACHED:
            self._models.popitem(last=False)
        return model

    async def _find(self, job: dict[str, Any]) -> DecisionDefinitionRow:
        key, headers, tenant = job["type"], job.get("headers") or {}, job.get("tenant")
        binding, version = headers.get("binding") or "latest", headers.get("version")
        row: DecisionDefinitionRow | None
        match binding:
            case "version" if version is not None and str(version).isdigit():
                row = await decisions.decision_by_version(self._database, key, int(version), tenant)
            case "versionTag" if version is not None:
                row = await decisions.decision_by_version_tag(self._database, key, str(version), tenant)
            case "deployment":
                caller = await definitions.PROCESS_DEFINITIONS.get(self._database, job["definition_id"])
                found = None if caller is None else caller.deployment_id
                row = None if found is None else await decisions.decision_in_deployment(self._database, key, found)
            case _:
                row = await decisions.latest_decision(self._database, key, tenant)
                if row is None and tenant is not None:  # a decision without tenant is everybody's
                    row = await decisions.latest_decision(self._database, key, None)
        if row is None:
            which = f"{binding} {version}" if version is not None else binding
            raise _final(f"Expected a deployed decision {key!r} ({which}) but there is none.")
        return row


def _compiled(source: bytes, profile: str) -> DecisionModel:
    return compile_dmn(parse_dmn(source), profile=profile, languages={"juel": compile_decision_text})


def _value(value: Any) -> Any:
    """A variable as FEEL takes it: a Date is a point in time, another typed value its JSON form."""
    if not isinstance(value, Typed):
        return value
    if value.type == "Date" and isinstance(value.value, str):
        return datetime.fromisoformat(value.value)
    return value.value


def _final(message: str) -> ApplicationError:
    return ApplicationError(message, type="Decision", non_retryable=True)
