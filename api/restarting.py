"""Starting an ended instance again, as a new one: with its last or its first variables, at given places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from uuid import NAMESPACE_OID, uuid5

from api.engine import InstanceExists, new_instance_id
from api.errors import invalid_request, rest_exception
from api.services import Services
from api.shapes import row_value
from api.variables import read_variables, variable_dto
from interpreter import codec
from interpreter.commands import ModificationInstruction, StartInstance, Variables
from interpreter.values import Typed
from store.definitions import PROCESS_DEFINITIONS
from store.instances import HISTORIC_PROCESS_INSTANCES
from store.variables import DETAILS, HISTORIC_VARIABLES


@dataclass(frozen=True, slots=True)
class Restart:
    """How instances of `definition_id` are started again. `user` is the initiator of the new ones."""

    definition_id: str
    instructions: tuple[ModificationInstruction, ...]
    initial_variables: bool = False
    without_business_key: bool = False
    user: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As a batch keeps it."""
        return {
            "definition": self.definition_id,
            "instructions": [codec.to_json(instruction) for instruction in self.instructions],
            "initial_variables": self.initial_variables,
            "without_business_key": self.without_business_key,
            "user": self.user,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Restart:
        """Read `to_json`'s form."""
        return cls(
            data["definition"],
            tuple(cast("ModificationInstruction", codec.from_json(item)) for item in data["instructions"]),
            data["initial_variables"],
            data["without_business_key"],
            data["user"],
        )


async def start_again(services: Services, restart: Restart, instance_id: str, attempt: str | None = None) -> str:
    """Start the ended instance `instance_id` again; the id of the new one. With an `attempt`, which names the item of a
    batch, only once. RestError 400 when there is no such instance or definition, or the instance still runs."""
    definition = await PROCESS_DEFINITIONS.get(services.database, restart.definition_id)
    if definition is None:
        raise invalid_request(f"The process definition '{restart.definition_id}' does not exist.")
    row = await check(services, restart.definition_id, instance_id)
    if definition.suspended:
        raise rest_exception(f"Process definition {definition.key} with id {definition.id} is suspended", 400)
    new_id = new_instance_id() if attempt is None else str(uuid5(NAMESPACE_OID, f"restart-{attempt}"))
    command = StartInstance(
        now=0,
        instance_id=new_id,
        variables=await (_first if restart.initial_variables else _last)(services, row.id),
        business_key=None if restart.without_business_key else row.business_key,
        initiator=restart.user,
        tenant=definition.tenant_id,
        instructions=restart.instructions,
    )
    try:
        await services.engine.start(definition, command, row.id)
    except InstanceExists:
        if attempt is None:
            raise
    return new_id


async def check(services: Services, definition_id: str, identifier: str) -> Any:
    """The row of an instance that can be started again. RestError 400 otherwise."""
    row = await HISTORIC_PROCESS_INSTANCES.get(services.database, identifier)
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


async def _last(services: Services, instance_id: str) -> Variables:
    filters = {"processInstanceId": instance_id, "executionIdIn": [instance_id]}
    rows = await HISTORIC_VARIABLES.list(services.database, filters)
    return _read({row.name: variable_dto(row_value(row)) for row in rows})


async def _first(services: Services, instance_id: str) -> Variables:
    filters = {"processInstanceId": instance_id, "initial": True, "executionId": instance_id}
    rows = await DETAILS.list(services.database, filters)
    return _read(
        {
            row.variable_name: variable_dto(Typed(row.variable_type, row.value, dict(row.value_info or {})), False)
            for row in rows
        }
    )


def _read(wire: Mapping[str, Any]) -> Variables:
    return read_variables({name: value for name, value in wire.items() if value["type"] != "File"})
