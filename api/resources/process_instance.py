"""/process-instance: what runs."""

from __future__ import annotations

from typing import Any

from api.activity_tree import tree_dto
from api.bodies import ModificationBody, ProcessInstancesSuspensionBody, SuspensionBody
from api.collections import row_by_id, rows_of, serve_queries
from api.dto.runtime import ActivityInstanceDto, ProcessInstanceDto
from api.engine import CommandRejected, InstanceNotFound
from api.errors import invalid_request, not_found, rest_exception
from api.instructions import read_instructions
from api.links import instance_links
from api.operations import Call, Resource, boolean_param
from api.params import Query, flag
from api.scope_variables import Scope, serve_variables
from api.shapes import Shape
from api.suspension import suspend_instances
from interpreter.commands import CancelInstance, ModifyInstance, ResumeInstance, SuspendInstance
from store import activities
from store.instances import HISTORIC_PROCESS_INSTANCES, PROCESS_INSTANCES

process_instance = Resource("process-instance", "Process Instance")
_shape = Shape(ProcessInstanceDto, links=[])
_WHAT = "Process instance"

INSTANCE_QUERY = Query.of(PROCESS_INSTANCES)
HISTORIC_INSTANCE_QUERY = Query.of(HISTORIC_PROCESS_INSTANCES)

serve_queries(process_instance, PROCESS_INSTANCES, ProcessInstanceDto, _shape)


@process_instance.get("/{id}", answer=ProcessInstanceDto, errors=(404,))
async def get_instance(call: Call) -> Any:
    """Get a running process instance."""
    row = await row_by_id(call, PROCESS_INSTANCES, call["id"], _WHAT)
    return _shape(row, links=instance_links(call, row.id))


@process_instance.delete(
    "/{id}",
    params=tuple(
        boolean_param(name) for name in ("skipCustomListeners", "skipIoMappings", "skipSubprocesses", "failIfNotExists")
    ),
    errors=(404,),
)
async def delete_instance(call: Call) -> None:
    """Cancel a running process instance."""
    command = CancelInstance(
        now=0,
        skip_listeners=flag(call.query, "skipCustomListeners"),
        skip_output_mappings=flag(call.query, "skipIoMappings"),
    )
    try:
        await call.services.engine.execute(call["id"], command)
    except InstanceNotFound:
        missing = True
    except CommandRejected as error:
        if error.code not in ("ended", "not_found"):
            raise rest_exception(f"Cannot delete process instance {call['id']}: {error}") from error
        missing = True
    else:
        missing = False
    if missing and flag(call.query, "failIfNotExists", default=True):
        raise not_found(f"Process instance with id {call['id']} does not exist")


@process_instance.get("/{id}/activity-instances", answer=ActivityInstanceDto, errors=(404, 500))
async def get_activity_instances(call: Call) -> Any:
    """The tree of open activity instances."""
    tree = await activities.tree(call.services.database, call["id"])
    if tree is None:
        raise not_found(f"Process instance with id {call['id']} does not exist")
    return tree_dto(tree)


@process_instance.post("/{id}/modification", body=ModificationBody, errors=(400, 500))
async def modify_instance(call: Call) -> None:
    """Cancel activities of a running instance and start others."""
    body = await call.body(ModificationBody)
    instructions = read_instructions(body.instructions)
    command = ModifyInstance(
        now=0,
        instructions=instructions,
        skip_listeners=bool(body.skipCustomListeners),
        skip_output_mappings=bool(body.skipIoMappings),
        reason=body.annotation or "",
    )
    try:
        await call.services.engine.execute(call["id"], command)
    except InstanceNotFound as error:
        raise rest_exception(f"Cannot modify process instance {call['id']}: {error}") from error
    except CommandRejected as error:
        raise rest_exception(f"Cannot modify process instance {call['id']}: {error}", 400) from error


@process_instance.put("/{id}/suspended", body=SuspensionBody, errors=(400, 404))
async def suspend_instance(call: Call) -> None:
    """Suspend or activate one instance."""
    body = await call.body(SuspensionBody)
    if body.suspended is None:
        raise invalid_request("Expected 'suspended' to be true or false but it is absent.")
    row = await row_by_id(call, PROCESS_INSTANCES, call["id"], _WHAT)
    if row.suspended == body.suspended:
        return
    command = SuspendInstance(now=0) if body.suspended else ResumeInstance(now=0)
    await call.services.engine.execute(row.id, command)


@process_instance.put("/suspended", body=ProcessInstancesSuspensionBody, errors=(400,))
async def suspend_selected(call: Call) -> None:
    """Suspend or activate the instances of a process definition, a list of ids or a query."""
    body = await call.body(ProcessInstancesSuspensionBody)
    if body.suspended is None:
        raise invalid_request("Expected 'suspended' to be true or false but it is absent.")
    await suspend_instances(call, await _selected(call, body), body.suspended)


async def _selected(call: Call, body: ProcessInstancesSuspensionBody) -> list[str]:
    if body.processDefinitionId and body.processDefinitionKey:
        raise invalid_request("Only one of processDefinitionId and processDefinitionKey should be set.")
    filters: dict[str, Any] = {}
    if body.processDefinitionId:
        filters["processDefinitionId"] = body.processDefinitionId
    elif body.processDefinitionKey:
        filters["processDefinitionKey"] = body.processDefinitionKey
        if body.processDefinitionTenantId:
            filters["tenantIdIn"] = [body.processDefinitionTenantId]
        elif body.processDefinitionWithoutTenantId:
            filters["processDefinitionWithoutTenantId"] = True
    if filters:
        return [row.id for row in await PROCESS_INSTANCES.list(call.services.database, filters)]
    return await selected_instances(
        call, body.processInstanceIds, body.processInstanceQuery, body.historicProcessInstanceQuery
    )


async def selected_instances(
    call: Call,
    ids: list[str] | None,
    query: dict[str, Any] | None,
    historic_query: dict[str, Any] | None = None,
) -> list[str]:
    """Ids that a body selects by list and queries together, each once. RestError 400 when it selects by neither."""
    if ids is None and query is None and historic_query is None:
        raise invalid_request(
            "Either processInstanceIds, processInstanceQuery or historicProcessInstanceQuery should be set."
        )
    chosen = dict.fromkeys(ids or ())
    if query is not None:
        criteria = INSTANCE_QUERY.from_query_object(query, "processInstanceQuery")
        chosen.update((row.id, None) for row in await rows_of(call, PROCESS_INSTANCES, criteria))
    if historic_query is not None:
        criteria = HISTORIC_INSTANCE_QUERY.from_query_object(historic_query, "historicProcessInstanceQuery")
        chosen.update((row.id, None) for row in await rows_of(call, HISTORIC_PROCESS_INSTANCES, criteria))
    return list(chosen)


async def _find_scope(call: Call, operation: str) -> Scope:
    row = await PROCESS_INSTANCES.get(call.services.database, call["id"])
    if row is None:
        raise rest_exception(f"{operation}: execution {call['id']} doesn't exist: execution is null")
    return Scope(call["id"], 1, local=False)


serve_variables(process_instance, "variables", _find_scope, "process instance")
