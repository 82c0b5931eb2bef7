"""/process-definition/{id}/restart: start ended instances again, as new ones."""

from __future__ import annotations

from typing import Any

from api.batches import start_batch
from api.bodies import ModificationInstructionBody, RestartProcessInstanceBody
from api.collections import row_by_id
from api.dto.runtime import BatchDto
from api.engine import CommandRejected
from api.errors import invalid_request, rest_exception
from api.instructions import read_instructions
from api.operations import Call, Resource
from api.resources.process_instance import selected_instances
from api.restarting import Restart, check, start_again
from api.retries import MAX_CHANGES
from store.definitions import PROCESS_DEFINITIONS

restart = Resource("process-definition", "Process Definition")


@restart.post("/{id}/restart", body=RestartProcessInstanceBody, errors=(400, 404))
async def restart_instances(call: Call) -> None:
    """Start ended instances again: with their last or their first variables, at the given places."""
    order, chosen = await _read(call)
    if len(chosen) > MAX_CHANGES:
        raise invalid_request(f"Expected at most {MAX_CHANGES} instances at once but there are {len(chosen)}.")
    for identifier in chosen:  # all or none, as far as can be known before
        await check(call.services, order.definition_id, identifier)
    for identifier in chosen:
        try:
            await start_again(call.services, order, identifier)
        except CommandRejected as error:
            raise rest_exception(f"Cannot restart process instance '{identifier}': {error}", 400) from error


@restart.post("/{id}/restart-async", answer=BatchDto, body=RestartProcessInstanceBody, errors=(400, 404))
async def restart_in_background(call: Call) -> Any:
    """Start ended instances again as a batch."""
    order, chosen = await _read(call)
    return await start_batch(call, "instance-restart", chosen, order.to_json())


async def _read(call: Call) -> tuple[Restart, list[str]]:
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
    order = Restart(
        definition.id,
        tuple(instructions),
        bool(body.initialVariables),
        bool(body.withoutBusinessKey),
        call.user,
    )
    return order, chosen
