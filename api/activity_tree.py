"""The tree of open activity instances: from the read model's nodes to Camunda's ActivityInstanceDto."""

from __future__ import annotations

from typing import Any

from store.activities import InstanceTree


def tree_dto(node: InstanceTree) -> dict[str, Any]:
    """The answer for a node and all below it. Iterative: nesting depth is the model's choice."""
    root = _instance(node, node.process_definition_id or node.activity_id)
    pending = [(node, root)]
    while pending:
        parent, answer = pending.pop()
        answer["childTransitionInstances"] = [_transition(child) for child in parent.transitions]
        for child in parent.children:
            child_answer = _instance(child, child.activity_id)
            answer["childActivityInstances"].append(child_answer)
            pending.append((child, child_answer))
    return root


def _instance(node: InstanceTree, activity_id: str) -> dict[str, Any]:
    return {
        "id": node.id,
        "parentActivityInstanceId": node.parent_activity_instance_id,
        "activityId": activity_id,
        "activityName": node.activity_name,
        "name": node.activity_name,
        "activityType": node.activity_type,
        "processInstanceId": node.process_instance_id,
        "processDefinitionId": node.process_definition_id,
        "childActivityInstances": [],
        "childTransitionInstances": [],
        "executionIds": node.execution_ids,
        **_incidents(node),
    }


def _transition(node: InstanceTree) -> dict[str, Any]:
    """An activity that waits for its asynchronous continuation: it has not begun or has done its work."""
    return {
        "id": node.id,
        "parentActivityInstanceId": node.parent_activity_instance_id,
        "activityId": node.activity_id,
        "activityName": node.activity_name,
        "activityType": node.activity_type,
        "processInstanceId": node.process_instance_id,
        "processDefinitionId": node.process_definition_id,
        "executionId": next(iter(node.execution_ids), None),
        **_incidents(node),
    }


def _incidents(node: InstanceTree) -> dict[str, Any]:
    return {
        "incidentIds": [identifier for identifier, _ in node.incidents],
        "incidents": [{"id": identifier, "activityId": activity} for identifier, activity in node.incidents],
    }
