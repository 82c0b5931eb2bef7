"""/process-definition/{id}/restart: start ended instances again, as new ones."""

from __future__ import annotations

from typing import Any

from api.bodies import ModificationInstructionBody, RestartProcessInstanceBody
from api.collections import row_by_id
from api.errors import invalid_request, rest_exception
from api.instructions import read_instructions
from api.operations import Call, Resource
from api.resources.process_instance import selected_instances
from api.retries import MAX_CHANGES
from api.starting import instance_variables, start_instance
from api.variables import read_variables, variable_dto
from interpreter.commands import Variables
from interpreter.values import Typed
from store.definitions import PROCESS_DEFINITIONS
from store.instances import HISTORIC_PROCESS_INSTANCES
from store.variables import DETAILS

restart = Resource("process-definition", "Process Definition")


@restart.post("/{id}/restart", body=RestartProcessInstanceBody, errors=(400, 404))
async def restart_instances(call: Call) -> None:
    """Start ended instances again: with their last or their first variables, at the given places."""
    body = await call.body(RestartProcessInstanceBody)
    definition = await row_by_id(call, PROCESS_DEFINITIONS, call["id"], "Process definition")
    instructions = read_instructions(
        [ModificationInstructionBody(**item.model_dump()) for item in body.instructions or ()], only_starts=True
    )
    if not instructions:
        raise invalid_request("Restart instructions cannot be empty")
    chosen = await selected_instances(call, body.processInstanceIds, None, body.historicProcessInstanceQuery)
    if not chosen:
        raise invalid_request("processInstanceIds is empty: expected at least one process instance")
    if len(chosen) > MAX_CHANGES:
        raise invalid_request(f"Expected at most {MAX_CHANGES} instances at once but there are {len(chosen)}.")
    rows = [await _ended(call, identifier, definition.id) for identifier in chosen]
    for row in rows:
        await start_instance(
            call,
            definition,
            variables=await _first(call, row.id) if body.initialVariables else await _last(call, row.id),
            business_key=None if body.withoutBusinessKey else row.business_key,
            instructions=instructions,
            restarted_from=row.id,
        )


async def _ended(call: Call, identifier: str, definition_id: str) -> Any:
    row = await HISTORIC_PROCESS_INSTANCES.get(call.services.database, identifier)
    if row is None:
        raise invalid_request(f"Historic process instance cannot be found: historicProcessInstanceId is '{identifier}'")
    if row.end_time is None:
        raise rest_exception(f"Expected an ended process instance to restart but '{identifier}' is running", 400)
    if row.process_definition_id != definition_id:
        raise rest_exception(
            f"Its process definition '{row.process_definition_id}' does not match given process definition "
            f"'{definition_id}': process instance '{identifier}'",
            400,
        )
    return row


async def _last(call: Call, instance_id: str) -> Variables:
    wire = await instance_variables(call, instance_id, ended=True)
    return read_variables({name: value for name, value in wire.items() if value["type"] != "File"})


async def _first(call: Call, instance_id: str) -> Variables:
    filters = {"processInstanceId": instance_id, "initial": True, "executionId": instance_id}
    rows = await DETAILS.list(call.services.database, filters)
    wire = {
        row.variable_name: variable_dto(Typed(row.variable_type, row.value, dict(row.value_info or {})), False)
        for row in rows
        if row.variable_type != "File"
    }
    return read_variables(wire)
