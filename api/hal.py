"""Tasks as HAL (`application/hal+json`), as old browser applications ask for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from starlette.responses import Response

from api.dto.repository import ProcessDefinitionDto
from api.operations import Call, JsonResponse
from api.shapes import Shape
from store.definitions import PROCESS_DEFINITIONS

_definition_shape = Shape(ProcessDefinitionDto)


class HalResponse(JsonResponse):
    """JSON with HAL's media type."""

    media_type = "application/hal+json"


async def hal_tasks(
    call: Call, rows: Iterable[Any], count: int, to_answer: Callable[[Any], dict[str, Any]]
) -> Response:
    """A page of tasks with links, and their process definitions embedded."""
    answers: list[dict[str, Any]] = []
    definition_ids: dict[str, None] = {}
    for row in rows:
        answers.append({**to_answer(row), "_links": _task_links(row), "_embedded": {}})
        if row.process_definition_id is not None:
            definition_ids[row.process_definition_id] = None
    definitions: list[dict[str, Any]] = []
    if definition_ids:
        found = await PROCESS_DEFINITIONS.list(call.services.database, {"processDefinitionIdIn": list(definition_ids)})
        definitions = [
            {**_definition_shape(row), "_links": {"self": _link("process-definition", row.id)}, "_embedded": None}
            for row in found
        ]
    return HalResponse(
        {
            "_links": {"self": {"href": "/task"}},
            "_embedded": {"processDefinition": definitions, "task": answers},
            "count": count,
        }
    )


def _task_links(row: Any) -> dict[str, Any]:
    return {
        "self": _link("task", row.id),
        "assignee": _link("user", row.assignee),
        "execution": _link("execution", row.execution_id),
        "identityLink": None if row.id is None else {"href": f"/task/{row.id}/identity-links"},
        "owner": _link("user", row.owner),
        "parentTask": _link("task", row.parent_task_id),
        "processDefinition": _link("process-definition", row.process_definition_id),
        "processInstance": _link("process-instance", row.process_instance_id),
    }


def _link(kind: str, identifier: str | None) -> dict[str, str] | None:
    return None if identifier is None else {"href": f"/{kind}/{identifier}"}
