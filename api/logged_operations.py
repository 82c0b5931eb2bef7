"""What goes into the user operation log: method and path of an operation, and its type, entity and properties there.

A change of state is in `LOGGED` or, with the reason, in `NOT_LOGGED`; a test holds that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from api.definitions import VARIANTS
from api.operation_log import Context, Facts, Logged, Property

Properties = Callable[[Facts], Sequence[Property]]


def _number_of(value: Any) -> int:
    return len(value) if isinstance(value, (list, dict)) else 0


def _many(*names: str, ids: str = "processInstanceIds") -> Properties:
    """How many, whether they are done later, and properties of the body by their names."""

    def properties(facts: Facts) -> Sequence[Property]:
        chosen = facts.body.get(ids)
        number = facts.result["totalJobs"] if facts.is_batch else (_number_of(chosen) if chosen else None)
        found = [Property("nrOfInstances", number), Property("async", facts.is_batch)]
        if "nrOfVariables" in names:
            found.append(Property("nrOfVariables", _number_of(facts.body.get("variables"))))
        return found + [Property(n, facts.body[n]) for n in names if facts.body.get(n) is not None]

    return properties


def _given(*names: str) -> Properties:
    """Properties of the body by their names."""
    return lambda facts: [Property(name, facts.body.get(name)) for name in names]


def _changed(name: str, *, attribute: str, key: str | None = None) -> Properties:
    """A property of the subject (`attribute` of its row) that the body sets (under `key`)."""
    return lambda facts: [Property(name, facts.body.get(key or name), getattr(facts.subject, attribute, None))]


def _path(name: str, part: str = "id") -> Properties:
    return lambda facts: [Property(name, facts.path[part])]


def _flag(name: str, parameter: str) -> Properties:
    return lambda facts: [Property(name, facts.query.get(parameter, "false").lower() == "true")]


def _state(suspend: str, activate: str) -> Callable[[Facts], str]:
    return lambda facts: suspend if facts.body.get("suspended") else activate


def _suspension(facts: Facts) -> Sequence[Property]:
    return [Property("suspensionState", "suspended" if facts.body.get("suspended") else "active")]


def _suspension_of_many(facts: Facts) -> Sequence[Property]:
    return [*_suspension(facts), *_many()(facts)]


def _migration(facts: Facts) -> Sequence[Property]:
    plan: Mapping[str, Any] = facts.body.get("migrationPlan") or {}
    return [
        Property("processDefinitionId", plan.get("targetProcessDefinitionId"), plan.get("sourceProcessDefinitionId")),
        *_many()(facts),
        Property("nrOfVariables", _number_of(plan.get("variables"))),
    ]


def _migration_source(facts: Facts) -> Context:
    source = (facts.body.get("migrationPlan") or {}).get("sourceProcessDefinitionId")
    return {"definition_id": source, "definition_key": _key(source)}


def _body_definition(facts: Facts) -> Context:
    definition = facts.body.get("processDefinitionId")
    return {"definition_id": definition, "definition_key": facts.body.get("processDefinitionKey") or _key(definition)}


def _key(definition_id: Any) -> str | None:
    return definition_id.partition(":")[0] if isinstance(definition_id, str) else None


def _started(facts: Facts) -> Context:
    answer = facts.result
    if not isinstance(answer, dict):
        return {}
    return {
        "instance_id": answer["id"],
        "definition_id": answer["definitionId"],
        "definition_key": answer["definitionKey"],
        "tenant_id": answer["tenantId"],
    }


def _removal_time(facts: Facts) -> Sequence[Property]:
    body = facts.body
    mode = "CLEARED" if body.get("clearedRemovalTime") else "CALCULATED"
    mode = "ABSOLUTE" if body.get("absoluteRemovalTime") is not None else mode
    return [
        Property("mode", f"{mode}_REMOVAL_TIME"),
        Property("removalTime", body.get("absoluteRemovalTime")),
        Property("hierarchical", bool(body.get("hierarchical"))),
        *_many()(facts),
    ]


def _link(word: str) -> Callable[[Facts], str]:
    return lambda facts: f"{word}{'UserLink' if facts.body.get('userId') else 'GroupLink'}"


def _link_property(facts: Facts) -> Sequence[Property]:
    return [Property(facts.body.get("type"), facts.body.get("userId") or facts.body.get("groupId"))]


def _of_process(kind: str) -> Callable[[Facts], str | None]:
    """Only for tasks of a process: those of none are logged by the store."""
    return lambda facts: kind if facts.subject is not None and facts.subject.process_instance_id else None


def _due(facts: Facts) -> Sequence[Property]:
    due = getattr(facts.subject, "due_date", None)
    return [Property("duedate", facts.body.get("duedate"), None if due is None else due.isoformat())]


def _recalculated(facts: Facts) -> Sequence[Property]:
    from_creation = facts.query.get("creationDateBased", "true").lower() == "true"
    return [*_due(facts), Property("creationDateBased", from_creation)]


def _deployed(facts: Facts) -> Context:
    return {"deployment_id": facts.result["id"]} if isinstance(facts.result, dict) else {}


_VARIABLES: Final = ("variables", "localVariables")


def _variables() -> dict[tuple[str, str], Logged]:
    """Variables have no values in the log."""
    found: dict[tuple[str, str], Logged] = {}
    for root, subject, paths in (
        ("process-instance", "instance", _VARIABLES[:1]),
        ("execution", "execution", _VARIABLES[1:]),
        ("task", "task", _VARIABLES),
    ):
        for path in paths:
            base = f"/{root}/{{id}}/{path}"
            found["POST", base] = Logged("ModifyVariable", "Variable", subject=subject)
            found["PUT", f"{base}/{{varName}}"] = Logged("SetVariable", "Variable", subject=subject)
            found["POST", f"{base}/{{varName}}/data"] = Logged("SetVariable", "Variable", subject=subject)
            found["DELETE", f"{base}/{{varName}}"] = Logged("RemoveVariable", "Variable", subject=subject)
    return found


def _definitions() -> dict[tuple[str, str], Logged]:
    found: dict[tuple[str, str], Logged] = {}
    ttl = _changed("historyTimeToLive", attribute="history_time_to_live")
    for variant in VARIANTS:
        process, decision = f"/process-definition{variant}", f"/decision-definition{variant}"
        for action in ("start", "submit-form"):
            found["POST", f"{process}/{action}"] = Logged("Create", "ProcessInstance", about=_started)
        found["DELETE", process] = Logged("Delete", "ProcessDefinition", _flag("cascade", "cascade"), "definition")
        found["PUT", f"{process}/history-time-to-live"] = Logged(
            "UpdateHistoryTimeToLive", "ProcessDefinition", ttl, "definition"
        )
        found["PUT", f"{process}/suspended"] = Logged(_DEFINITION_STATE, "ProcessDefinition", _suspension, "definition")
        found["POST", f"{decision}/evaluate"] = Logged("Evaluate", "DecisionDefinition", _decision, "decision")
        found["PUT", f"{decision}/history-time-to-live"] = Logged(
            "UpdateHistoryTimeToLive", "DecisionDefinition", lambda f: [*_decision(f), *ttl(f)], "decision"
        )
    return found


def _decision(facts: Facts) -> Sequence[Property]:
    row = facts.subject
    return [
        Property("decisionDefinitionId", getattr(row, "id", None)),
        Property("decisionDefinitionKey", getattr(row, "key", None)),
    ]


_DEFINITION_STATE: Final = _state("SuspendProcessDefinition", "ActivateProcessDefinition")
_INSTANCE_STATE: Final = _state("Suspend", "Activate")
_JOB_STATE: Final = _state("SuspendJob", "ActivateJob")
_JOB_DEFINITION_STATE: Final = _state("SuspendJobDefinition", "ActivateJobDefinition")
_DELETE_MANY: Final = Logged("Delete", "ProcessInstance", _many("deleteReason"))
_MODIFY_MANY: Final = Logged("ModifyProcessInstance", "ProcessInstance", _many(), about=_body_definition)
_MIGRATE: Final = Logged("Migrate", "ProcessInstance", _migration, about=_migration_source)
_COMPLETE: Final = Logged(_of_process("Complete"), "Task", lambda f: [Property("delete", True)], "task")
_JOB_RETRIES: Final = Logged("SetJobRetries", "Job", _many("retries"))
_TASK_RETRIES: Final = Logged("SetExternalTaskRetries", "ExternalTask", _many("retries", ids="externalTaskIds"))

LOGGED: Final[dict[tuple[str, str], Logged]] = {
    **_variables(),
    **_definitions(),
    ("PUT", "/process-definition/suspended"): Logged(
        _DEFINITION_STATE, "ProcessDefinition", _suspension, about=_body_definition
    ),
    # process instances
    ("DELETE", "/process-instance/{id}"): Logged("Delete", "ProcessInstance", subject="instance"),
    ("POST", "/process-instance/delete"): _DELETE_MANY,
    ("POST", "/process-instance/delete-historic-query-based"): _DELETE_MANY,
    ("POST", "/process-instance/{id}/modification"): Logged(
        "ModifyProcessInstance", "ProcessInstance", subject="instance"
    ),
    ("POST", "/process-instance/{id}/modification-async"): Logged(
        "ModifyProcessInstance", "ProcessInstance", _many(), "instance"
    ),
    ("POST", "/modification/execute"): _MODIFY_MANY,
    ("POST", "/modification/executeAsync"): _MODIFY_MANY,
    ("PUT", "/process-instance/{id}/suspended"): Logged(_INSTANCE_STATE, "ProcessInstance", _suspension, "instance"),
    ("PUT", "/process-instance/suspended"): Logged(
        _INSTANCE_STATE, "ProcessInstance", _suspension_of_many, about=_body_definition
    ),
    ("POST", "/process-instance/suspended-async"): Logged(_INSTANCE_STATE, "ProcessInstance", _suspension_of_many),
    ("POST", "/process-instance/variables-async"): Logged("SetVariables", "ProcessInstance", _many("nrOfVariables")),
    ("POST", "/process-instance/message-async"): Logged(
        "CorrelateMessage", "ProcessInstance", _many("nrOfVariables", "messageName")
    ),
    ("POST", "/migration/execute"): _MIGRATE,
    ("POST", "/migration/executeAsync"): _MIGRATE,
    ("POST", "/process-definition/{id}/restart"): Logged(
        "RestartProcessInstance", "ProcessInstance", _many(), "definition"
    ),
    ("POST", "/process-definition/{id}/restart-async"): Logged(
        "RestartProcessInstance", "ProcessInstance", _many(), "definition"
    ),
    ("POST", "/execution/{id}/create-incident"): Logged(
        "CreateIncident", "ProcessInstance", _given("incidentType", "configuration"), "execution"
    ),
    ("DELETE", "/incident/{id}"): Logged("Resolve", "ProcessInstance", _path("incidentId"), "incident"),
    ("PUT", "/incident/{id}/annotation"): Logged("SetAnnotation", "Incident", _path("incidentId"), "incident"),
    ("DELETE", "/incident/{id}/annotation"): Logged("ClearAnnotation", "Incident", _path("incidentId"), "incident"),
    # tasks
    ("POST", "/task/{id}/complete"): Logged(
        _of_process("Complete"), "Task", lambda f: [Property("delete", True)], "task"
    ),
    ("POST", "/task/{id}/submit-form"): Logged(
        _of_process("Complete"), "Task", lambda f: [Property("delete", True)], "task"
    ),
    ("POST", "/task/{id}/identity-links"): Logged(_link("Add"), "IdentityLink", _link_property, "task"),
    ("POST", "/task/{id}/identity-links/delete"): Logged(_link("Delete"), "IdentityLink", _link_property, "task"),
    ("POST", "/task/{id}/attachment/create"): Logged(
        "AddAttachment", "Attachment", lambda f: [Property("name", f.result["name"])], "task"
    ),
    ("DELETE", "/task/{id}/attachment/{attachmentId}"): Logged(
        "DeleteAttachment", "Attachment", _path("id", "attachmentId"), "task"
    ),
    ("PUT", "/task/{id}/comment"): Logged("UpdateComment", "Comment", _given("message"), "task"),
    ("DELETE", "/task/{id}/comment"): Logged("DeleteComment", "Comment", subject="task"),
    ("DELETE", "/task/{id}/comment/{commentId}"): Logged("DeleteComment", "Comment", _path("id", "commentId"), "task"),
    ("PUT", "/process-instance/{id}/comment"): Logged("UpdateComment", "Comment", _given("message"), "instance"),
    ("DELETE", "/process-instance/{id}/comment"): Logged("DeleteComment", "Comment", subject="instance"),
    ("DELETE", "/process-instance/{id}/comment/{commentId}"): Logged(
        "DeleteComment", "Comment", _path("id", "commentId"), "instance"
    ),
    # jobs and external tasks
    ("PUT", "/job/{id}/retries"): Logged("SetJobRetries", "Job", _changed("retries", attribute="retries"), "job"),
    ("PUT", "/job/{id}/priority"): Logged("SetPriority", "Job", _changed("priority", attribute="priority"), "job"),
    ("PUT", "/job/{id}/duedate"): Logged("SetDueDate", "Job", _due, "job"),
    ("POST", "/job/{id}/duedate/recalculate"): Logged("RecalculateDueDate", "Job", _recalculated, "job"),
    ("POST", "/job/{id}/execute"): Logged("Execute", "Job", _path("jobId"), "job"),
    ("POST", "/job/retries"): _JOB_RETRIES,
    ("POST", "/process-instance/job-retries"): _JOB_RETRIES,
    ("POST", "/process-instance/job-retries-historic-query-based"): _JOB_RETRIES,
    ("PUT", "/job/{id}/suspended"): Logged(_JOB_STATE, "Job", _suspension, "job"),
    ("PUT", "/job/suspended"): Logged(
        _JOB_STATE,
        "Job",
        _suspension,
        about=lambda f: (
            _body_definition(f)
            | {"instance_id": f.body.get("processInstanceId"), "job_definition_id": f.body.get("jobDefinitionId")}
        ),
    ),
    ("PUT", "/job-definition/{id}/retries"): Logged(
        "SetJobRetries", "Job", _given("retries"), about=lambda f: {"job_definition_id": f.path["id"]}
    ),
    ("PUT", "/job-definition/{id}/suspended"): Logged(
        _JOB_DEFINITION_STATE, "JobDefinition", _suspension, about=lambda f: {"job_definition_id": f.path["id"]}
    ),
    ("PUT", "/job-definition/suspended"): Logged(
        _JOB_DEFINITION_STATE, "JobDefinition", _suspension, about=_body_definition
    ),
    ("PUT", "/job-definition/{id}/jobPriority"): Logged(
        "SetPriority",
        "JobDefinition",
        lambda f: [Property("overridingPriority", f.body.get("priority"))],
        about=lambda f: {"job_definition_id": f.path["id"]},
    ),
    ("PUT", "/external-task/{id}/retries"): Logged(
        "SetExternalTaskRetries", "ExternalTask", _changed("retries", attribute="retries"), "external task"
    ),
    ("PUT", "/external-task/{id}/priority"): Logged(
        "SetPriority", "ExternalTask", _changed("priority", attribute="priority"), "external task"
    ),
    ("POST", "/external-task/{id}/unlock"): Logged("Unlock", "ExternalTask", subject="external task"),
    ("PUT", "/external-task/retries"): _TASK_RETRIES,
    ("POST", "/external-task/retries-async"): _TASK_RETRIES,
    # deployments, batches, history
    ("POST", "/deployment/create"): Logged("Create", "Deployment", about=_deployed),
    ("POST", "/deployment/{id}/redeploy"): Logged("Create", "Deployment", about=_deployed),
    ("DELETE", "/deployment/{id}"): Logged(
        "Delete", "Deployment", _flag("cascade", "cascade"), about=lambda f: {"deployment_id": f.path["id"]}
    ),
    ("PUT", "/batch/{id}/suspended"): Logged(_state("SuspendBatch", "ActivateBatch"), "Batch", _suspension, "batch"),
    ("DELETE", "/batch/{id}"): Logged("Delete", "Batch", _flag("cascadeToHistory", "cascade"), "batch"),
    ("DELETE", "/history/batch/{id}"): Logged("DeleteHistory", "Batch", subject="batch"),
    ("POST", "/history/batch/set-removal-time"): Logged("SetRemovalTime", "Batch", _removal_time),
    ("POST", "/history/process-instance/delete"): Logged("DeleteHistory", "ProcessInstance", _many("deleteReason")),
    ("POST", "/history/process-instance/set-removal-time"): Logged("SetRemovalTime", "ProcessInstance", _removal_time),
    ("DELETE", "/history/process-instance/{id}"): Logged("DeleteHistory", "ProcessInstance", subject="instance"),
    ("DELETE", "/history/process-instance/{id}/variable-instances"): Logged(
        "DeleteHistory", "Variable", subject="instance"
    ),
    ("DELETE", "/history/variable-instance/{id}"): Logged(
        "DeleteHistory", "Variable", lambda f: [Property("name", getattr(f.subject, "name", None))], "variable"
    ),
    ("POST", "/history/cleanup"): Logged("CreateHistoryCleanupJobs", "Job", _flag("immediatelyDue", "immediatelyDue")),
    ("PUT", "/history/user-operation/{operationId}/set-annotation"): Logged(
        "SetAnnotation", "OperationLog", _path("operationId", "operationId")
    ),
    ("PUT", "/history/user-operation/{operationId}/clear-annotation"): Logged(
        "ClearAnnotation", "OperationLog", _path("operationId", "operationId")
    ),
    ("DELETE", "/metrics/task-worker"): Logged(
        "Delete", "TaskMetrics", lambda f: [Property("timestamp", f.query.get("date"))]
    ),
    # people
    ("POST", "/user/create"): Logged(
        "Create", "User", lambda f: [Property("userId", (f.body.get("profile") or {}).get("id"))]
    ),
    ("PUT", "/user/{id}/profile"): Logged("Update", "User", _path("userId")),
    ("PUT", "/user/{id}/credentials"): Logged("Update", "User", _path("userId")),
    ("POST", "/user/{id}/unlock"): Logged("Unlock", "User", _path("userId")),
    ("DELETE", "/user/{id}"): Logged("Delete", "User", _path("userId")),
    ("POST", "/group/create"): Logged("Create", "Group", lambda f: [Property("groupId", f.body.get("id"))]),
    ("PUT", "/group/{id}"): Logged("Update", "Group", _path("groupId")),
    ("DELETE", "/group/{id}"): Logged("Delete", "Group", _path("groupId")),
    ("POST", "/tenant/create"): Logged("Create", "Tenant", lambda f: [Property("tenantId", f.body.get("id"))]),
    ("PUT", "/tenant/{id}"): Logged("Update", "Tenant", _path("tenantId")),
    ("DELETE", "/tenant/{id}"): Logged("Delete", "Tenant", _path("tenantId")),
    **{
        (method, path): Logged(
            kind, entity, lambda f, names=names: [Property(name, f.path[part]) for name, part in names.items()]
        )
        for path, entity, names in (
            ("/group/{id}/members/{userId}", "Group membership", {"userId": "userId", "groupId": "id"}),
            ("/tenant/{id}/user-members/{userId}", "TenantMembership", {"userId": "userId", "tenantId": "id"}),
            ("/tenant/{id}/group-members/{groupId}", "TenantMembership", {"groupId": "groupId", "tenantId": "id"}),
        )
        for method, kind in (("PUT", "Create"), ("DELETE", "Delete"))
    },
    ("POST", "/authorization/create"): Logged(
        "Create", "Authorization", lambda f: [Property("resourceType", f.body.get("resourceType"))]
    ),
    ("PUT", "/authorization/{id}"): Logged("Update", "Authorization", _path("authorizationId")),
    ("DELETE", "/authorization/{id}"): Logged("Delete", "Authorization", _path("authorizationId")),
    ("POST", "/filter/create"): Logged("Create", "Filter", lambda f: [Property("filterId", f.result["id"])]),
    ("PUT", "/filter/{id}"): Logged("Update", "Filter", _path("filterId")),
    ("DELETE", "/filter/{id}"): Logged("Delete", "Filter", _path("filterId")),
}

_BY_STORE: Final = "logged by the store, with the old values"
_WORK: Final = "part of a process's run, not an operation on it"
_ASKS: Final = "changes nothing"

NOT_LOGGED: Final[Mapping[tuple[str, str], str]] = {
    ("POST", "/task/create"): _BY_STORE,
    ("PUT", "/task/{id}"): _BY_STORE,
    ("DELETE", "/task/{id}"): _BY_STORE,
    **{("POST", f"/task/{{id}}/{name}"): _BY_STORE for name in ("claim", "unclaim", "assignee", "delegate", "resolve")},
    ("POST", "/task/{id}/bpmnError"): _WORK,
    ("POST", "/task/{id}/bpmnEscalation"): _WORK,
    ("POST", "/task/{id}/comment/create"): "a comment tells itself who wrote it",
    **{
        ("POST", f"/external-task/{path}"): _WORK
        for path in (
            "fetchAndLock",
            *(f"{{id}}/{n}" for n in ("complete", "failure", "bpmnError", "lock", "extendLock")),
        )
    },
    ("POST", "/execution/{id}/signal"): _WORK,
    ("POST", "/execution/{id}/messageSubscriptions/{messageName}/trigger"): _WORK,
    ("POST", "/message"): _WORK,
    ("POST", "/signal"): _WORK,
    ("POST", "/condition"): _WORK,
    ("DELETE", "/job/{id}"): "refused",
    ("POST", "/identity/verify"): _ASKS,
    ("POST", "/identity/password-policy"): _ASKS,
    ("POST", "/migration/generate"): _ASKS,
    ("POST", "/migration/validate"): _ASKS,
    ("POST", "/filter/{id}/list"): _ASKS,
    ("POST", "/filter/{id}/count"): _ASKS,
    ("POST", "/filter/{id}/singleResult"): _ASKS,
}
