"""/modification: change many instances at once."""

from __future__ import annotations

from api.bodies import ModificationExecutionBody
from api.errors import invalid_request
from api.instructions import read_instructions
from api.many import execute_all
from api.operations import Call, Resource
from api.resources.process_instance import selected_instances
from interpreter.commands import ModifyInstance

modification = Resource("modification", "Modification")


@modification.post("/execute", body=ModificationExecutionBody, errors=(400,))
async def execute_modification(call: Call) -> None:
    """Apply the same modification to instances of one process definition."""
    body = await call.body(ModificationExecutionBody)
    if not body.processDefinitionId:
        raise invalid_request("processDefinitionId must be set")
    instructions = read_instructions(body.instructions)
    if not instructions:
        raise invalid_request("Executions of a modification need at least one instruction.")
    instances = await selected_instances(
        call, body.processInstanceIds, body.processInstanceQuery, body.historicProcessInstanceQuery
    )
    command = ModifyInstance(
        now=0,
        instructions=instructions,
        skip_listeners=bool(body.skipCustomListeners),
        skip_output_mappings=bool(body.skipIoMappings),
        reason=body.annotation or "",
    )
    await execute_all(call, instances, command, "Cannot modify process instance")
