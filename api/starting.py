"""Start an instance and shape the answer: used by start, submit-form, message, signal and condition."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from api.engine import (
    CommandRejected,
    EngineUnavailable,
    InstanceExists,
    InstanceNotFound,
    ProcessError,
    new_instance_id,
    repeatable_instance_id,
)
from api.errors import rest_exception, unavailable
from api.links import instance_links
from api.operations import Call
from api.shapes import row_value
from api.variables import variable_dto, variable_dtos
from interpreter.commands import ModificationInstruction, StartInstance, Variables
from store.instances import HISTORIC_PROCESS_INSTANCES
from store.variables import HISTORIC_VARIABLES, visible


async def start_instance(
    call: Call,
    definition: Any,
    *,
    variables: Variables | None = None,
    business_key: str | None = None,
    instructions: tuple[ModificationInstruction, ...] = (),
    start_node: str | None = None,
    case_instance_id: str | None = None,
    with_variables: bool = False,
    restarted_from: str | None = None,
    idempotency_key: str | None = None,
) -> dict[str, Any]:
    """Start an instance of `definition` (a row) and answer its ProcessInstanceDto, with variables if asked for.

    With an `idempotency_key` that was used before for this process, the answer is the instance of then.

    RestError 500 when the engine refuses, as Camunda answers here; 503 when it does not answer.
    """
    if definition.suspended:
        raise rest_exception(
            f"Cannot instantiate process definition {definition.id}: "
            f"Process definition {definition.key} with id {definition.id} is suspended"
        )
    instance_id = new_instance_id()
    if idempotency_key is not None:
        instance_id = repeatable_instance_id(definition.key, definition.tenant_id, idempotency_key)
    command = StartInstance(
        now=0,
        instance_id=instance_id,
        variables=variables or {},
        business_key=business_key,
        start_node=start_node,
        initiator=call.user,
        tenant=definition.tenant_id,
        instructions=instructions,
    )
    try:
        answer = await call.services.engine.start(definition, command, restarted_from)
    except EngineUnavailable as error:
        raise unavailable(str(error)) from error
    except CommandRejected as error:
        status = 400 if error.code == "invalid" and instructions else 500
        raise rest_exception(f"Cannot instantiate process definition {definition.id}: {error}", status) from error
    except InstanceExists as error:
        if idempotency_key is None:
            raise rest_exception(f"Cannot instantiate process definition {definition.id}: {error}") from error
        return await _started_before(call, instance_id, with_variables)
    except ProcessError as error:
        raise rest_exception(f"Cannot instantiate process definition {definition.id}: {error}") from error
    result: dict[str, Any] = {
        "links": instance_links(call, instance_id),
        "id": instance_id,
        "definitionId": definition.id,
        "definitionKey": definition.key,
        "businessKey": business_key,
        "caseInstanceId": case_instance_id,
        "ended": answer.ended,
        "suspended": False,
        "tenantId": definition.tenant_id,
    }
    if with_variables:
        result["variables"] = await instance_variables(call, instance_id, ended=answer.ended)
    return result


async def _started_before(call: Call, instance_id: str, with_variables: bool) -> dict[str, Any]:
    """The answer for an instance that an earlier call with the same idempotency key started."""
    with suppress(InstanceNotFound):  # it is over: then the read model has it
        try:
            await call.services.engine.started(instance_id)
        except EngineUnavailable as error:
            raise unavailable(str(error)) from error
    row = await HISTORIC_PROCESS_INSTANCES.get(call.services.database, instance_id)
    if row is None:
        raise rest_exception("Expected the instance that was started with this Idempotency-Key but it was refused.")
    result: dict[str, Any] = {
        "links": instance_links(call, row.id),
        "id": row.id,
        "definitionId": row.process_definition_id,
        "definitionKey": row.process_definition_key,
        "businessKey": row.business_key,
        "caseInstanceId": row.case_instance_id,
        "ended": row.end_time is not None,
        "suspended": row.state == "SUSPENDED",
        "tenantId": row.tenant_id,
    }
    if with_variables:
        result["variables"] = await instance_variables(call, row.id, ended=row.end_time is not None)
    return result


async def instance_variables(call: Call, instance_id: str, *, ended: bool) -> Mapping[str, Any]:
    """The variables of an instance on the wire; those it had at its end when it is over."""
    database = call.services.database
    if not ended:
        return variable_dtos({name: row_value(row) for name, row in (await visible(database, instance_id)).items()})
    rows = await HISTORIC_VARIABLES.list(database, {"processInstanceId": instance_id, "executionIdIn": [instance_id]})
    return {row.name: variable_dto(row_value(row)) for row in rows}
