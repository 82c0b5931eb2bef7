"""The tree of open activity instances: from the read model's nodes to Camunda's ActivityInstanceDto."""

from __future__ import annotations

from typing import Any


def tree_dto(node: Any) -> dict[str, Any]:
    """The answer for a node and all below it. Iterative: nesting depth is the model's choice."""
    root = _instance(node)
    pending = [(node, root)]
    while pending:
        parent, answer = pending.pop()
        answer["childTransitionInstances"] = [_transition(child) for child in parent.transitions]
        for child in parent.children:
            child_answer = _instance(child)
            answer["childActivityInstances"].append(child_answer)
            pending.append((child, child_answer))
    return root


def _instance(node: Any) -> dict[str, Any]:
    return {
        "id": node.id,
        "parentActivityInstanceId": node.parent_activity_instance_id,
        "activityId": node.activity_id,
        "activityName": node.activity_name,
        "name": node.activity_name,
        "activityType": node.activity_type,
        "processInstanceId": node.process_instance_id,
        "processDefinitionId": node.process_definition_id,
        "childActivityInstances": [],
        "childTransitionInstances": [],
        "executionIds": list(node.execution_ids),
        "incidentIds": list(node.incident_ids),
        "incidents": _incidents(node),
    }


def _transition(node: Any) -> dict[str, Any]:
    return {
        "id": node.id,
        "parentActivityInstanceId": node.parent_activity_instance_id,
        "activityId": node.activity_id,
        "targetActivityId": node.activity_id,
        "activityName": node.activity_name,
        "activityType": node.activity_type,
        "processInstanceId": node.process_instance_id,
        "processDefinitionId": node.process_definition_id,
        "executionId": next(iter(node.execution_ids), None),
        "incidentIds": list(node.incident_ids),
        "incidents": _incidents(node),
    }


def _incidents(node: Any) -> list[dict[str, Any]]:
    return [{"id": identifier, "activityId": activity} for identifier, activity in node.incidents]
