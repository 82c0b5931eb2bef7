"""/decision-definition and /decision-requirements-definition: what may be decided."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from starlette.responses import Response

from api.bodies import EvaluateDecisionBody, HistoryTimeToLiveBody
from api.collections import serve_queries
from api.definitions import decision_definition, keyed, requirements_definition
from api.dto.repository import (
    DecisionDefinitionDiagramDto,
    DecisionDefinitionDto,
    DecisionRequirementsDefinitionDto,
    DecisionRequirementsDefinitionXmlDto,
)
from api.errors import invalid_request, not_found, rest_exception
from api.operations import Call, Resource
from api.shapes import Shape
from api.variables import VariableValueDto, read_variables, variable_dto
from dmn import DecisionModel, DmnError, compile_dmn, parse_dmn, to_json
from interpreter.expressions import to_feel
from interpreter.juel.decisions import compile_decision_text
from store import decisions
from store.decision_instances import add
from store.decisions import DECISION_DEFINITIONS, DECISION_REQUIREMENTS

decision_definitions = Resource("decision-definition", "Decision Definition")
decision_requirements = Resource("decision-requirements-definition", "Decision Requirements Definition")
_shape = Shape(DecisionDefinitionDto)
_requirements_shape = Shape(DecisionRequirementsDefinitionDto)

serve_queries(decision_definitions, DECISION_DEFINITIONS, DecisionDefinitionDto, _shape, post=False)
serve_queries(decision_requirements, DECISION_REQUIREMENTS, DecisionRequirementsDefinitionDto, post=False)


@keyed(decision_definitions, "GET", answer=DecisionDefinitionDto, errors=(404,))
async def get_decision(call: Call) -> Any:
    """Get a decision definition."""
    return _shape(await decision_definition(call))


@keyed(decision_definitions, "GET", "/xml", answer=DecisionDefinitionDiagramDto, errors=(404,))
async def get_xml(call: Call) -> Any:
    """The DMN of a decision definition, as deployed."""
    row = await decision_definition(call)
    return {"id": row.id, "dmnXml": (await _source(call, row.id)).decode("utf-8", "replace")}


@keyed(decision_definitions, "GET", "/diagram", answer=bytes, media="image/*", errors=(404,))
async def get_diagram(call: Call) -> Response | None:
    """The image of a decision: there is never one, so 204."""
    await decision_definition(call)
    return None


@keyed(decision_requirements, "GET", answer=DecisionRequirementsDefinitionDto, errors=(404,))
async def get_requirements(call: Call) -> Any:
    """Get a decision requirements definition."""
    return _requirements_shape(await requirements_definition(call))


@keyed(decision_requirements, "GET", "/diagram", answer=bytes, media="image/*", errors=(404,))
async def get_requirements_diagram(call: Call) -> Response | None:
    """The image of a decision requirements graph: there is never one, so 204."""
    await requirements_definition(call)
    return None


@keyed(decision_requirements, "GET", "/xml", answer=DecisionRequirementsDefinitionXmlDto, errors=(404,))
async def get_requirements_xml(call: Call) -> Any:
    """The DMN of a decision requirements definition, as deployed."""
    row = await requirements_definition(call)
    found = await decisions.requirements_source(call.services.database, row.id)
    if found is None:
        raise not_found(f"No DMN is stored for the decision requirements definition with id {row.id}")
    return {"id": row.id, "dmnXml": found[1].decode("utf-8", "replace")}


@keyed(
    decision_definitions,
    "POST",
    "/evaluate",
    answer=list[dict[str, VariableValueDto]],
    body=EvaluateDecisionBody,
    errors=(400, 404),
)
async def evaluate(call: Call) -> list[dict[str, Any]]:
    """Evaluate a decision: one map of outputs per matched rule."""
    row = await decision_definition(call)
    body = await call.body(EvaluateDecisionBody)
    variables = {name: to_feel(value) for name, value in read_variables(body.variables).items()}
    source = await _source(call, row.id)
    profile = "camunda7" if call.services.settings.profile == "c7" else "spec"
    try:
        model = await asyncio.to_thread(_compiled, source, profile)
        result = await asyncio.to_thread(model.evaluate, row.key, variables, now=datetime.now(UTC), trace=True)
    except DmnError as error:
        raise rest_exception(f"Cannot evaluate decision {row.id}: {error}") from error
    if result.errors:
        sentences = "; ".join(message.message for message in result.errors)
        raise rest_exception(f"Cannot evaluate decision {row.id}: {sentences}")
    trace = {
        "decision": row.key,
        "definition_id": row.id,
        "name": row.name,
        "evaluated": [record.to_json() for record in result.trace],
    }
    await add(
        call.services.database,
        decision=row.key,
        definition_id=row.id,
        trace=trace,
        user_id=call.user,
        tenant_id=row.tenant_id,
    )
    return [{name: variable_dto(to_json(value)) for name, value in outputs.items()} for outputs in result.rule_results]


@keyed(decision_definitions, "PUT", "/history-time-to-live", body=HistoryTimeToLiveBody, errors=(400, 404))
async def set_history_time_to_live(call: Call) -> None:
    """Set for how many days evaluations are kept; null keeps them."""
    row = await decision_definition(call)
    body = await call.body(HistoryTimeToLiveBody)
    if body.historyTimeToLive is not None and body.historyTimeToLive < 0:
        raise invalid_request(f"Expected historyTimeToLive to be 0 or more but it was {body.historyTimeToLive}.")
    await decisions.set_decision_history_ttl(call.services.database, row.id, body.historyTimeToLive)


async def _source(call: Call, identifier: str) -> bytes:
    found = await decisions.decision_source(call.services.database, identifier)
    if found is None:
        raise not_found(f"No DMN is stored for the decision definition with id {identifier}")
    return found[1]


@lru_cache(maxsize=256)
def _compiled(source: bytes, profile: str) -> DecisionModel:
    return compile_dmn(parse_dmn(source), profile=profile, languages={"juel": compile_decision_text})
