"""/migration: move running instances to another definition."""

from __future__ import annotations

from typing import Any

from interpreter.migration import generate_plan, validate_plan

from api.bodies import MigrationExecutionBody, MigrationPlanBody, MigrationPlanGenerationBody
from api.dto.runtime import MigrationPlanDto, MigrationPlanReportDto
from api.errors import RestError, invalid_request
from api.many import execute_all
from api.operations import Call, Resource
from api.resources.process_instance import selected_instances
from api.variables import read_variables
from interpreter.commands import MigrateInstance, MigrationInstruction
from interpreter.definition import load_definition
from store import definitions
from store.definitions import PROCESS_DEFINITIONS

migration = Resource("migration", "Migration")


@migration.post("/generate", answer=MigrationPlanDto, body=MigrationPlanGenerationBody, errors=(400,))
async def generate(call: Call) -> dict[str, Any]:
    """A plan that maps what two process definitions have in common."""
    body = await call.body(MigrationPlanGenerationBody)
    source, target = await _definitions(call, body.sourceProcessDefinitionId, body.targetProcessDefinitionId)
    plan = generate_plan(source, target, update_event_triggers=bool(body.updateEventTriggers))
    return {
        "sourceProcessDefinitionId": body.sourceProcessDefinitionId,
        "targetProcessDefinitionId": body.targetProcessDefinitionId,
        "instructions": [
            {
                "sourceActivityIds": [instruction.source],
                "targetActivityIds": [instruction.target],
                "updateEventTrigger": instruction.update_event_trigger,
            }
            for instruction in plan
        ],
        "variables": body.variables or {},
    }


@migration.post("/validate", answer=MigrationPlanReportDto, body=MigrationPlanBody, errors=(400,))
async def validate(call: Call) -> dict[str, Any]:
    """What is wrong with a plan, instruction by instruction."""
    body = await call.body(MigrationPlanBody)
    return await _report(call, body)


@migration.post("/execute", body=MigrationExecutionBody, errors=(400,))
async def execute_migration(call: Call) -> None:
    """Migrate instances by a plan."""
    body = await call.body(MigrationExecutionBody)
    if body.migrationPlan is None:
        raise invalid_request("Expected a migrationPlan but it is absent.")
    plan = body.migrationPlan
    report = await _report(call, plan)
    if report["instructionReports"]:
        raise RestError(
            400, "MigrationPlanValidationException", "The migration plan is not valid.", 0, {"validationReport": report}
        )
    target = await PROCESS_DEFINITIONS.get(call.services.database, plan.targetProcessDefinitionId or "")
    instances = await selected_instances(call, body.processInstanceIds, body.processInstanceQuery)
    command = MigrateInstance(
        now=0,
        target_hash=target.hash,
        instructions=_instructions(plan),
        variables=read_variables(plan.variables, "migrationPlan.variables"),
    )
    await execute_all(call, instances, command, "Cannot migrate process instance")


async def _report(call: Call, body: MigrationPlanBody) -> dict[str, Any]:
    source, target = await _definitions(call, body.sourceProcessDefinitionId, body.targetProcessDefinitionId)
    failures = validate_plan(source, target, _instructions(body))
    return {
        "instructionReports": [
            {
                "instruction": {
                    "sourceActivityIds": [instruction.source],
                    "targetActivityIds": [instruction.target],
                    "updateEventTrigger": instruction.update_event_trigger,
                },
                "failures": sentences,
            }
            for instruction, sentences in failures
            if sentences
        ],
        "variableReports": {},
    }


def _instructions(body: MigrationPlanBody) -> tuple[MigrationInstruction, ...]:
    instructions: list[MigrationInstruction] = []
    for index, item in enumerate(body.instructions or ()):
        if len(item.sourceActivityIds or ()) != 1 or len(item.targetActivityIds or ()) != 1:
            raise invalid_request(
                f"Expected instructions[{index}] to have one of sourceActivityIds and one of targetActivityIds."
            )
        instructions.append(
            MigrationInstruction(
                (item.sourceActivityIds or [""])[0], (item.targetActivityIds or [""])[0], bool(item.updateEventTrigger)
            )
        )
    return tuple(instructions)


async def _definitions(call: Call, source_id: str | None, target_id: str | None) -> tuple[Any, Any]:
    return await _compiled(call, source_id, "Source"), await _compiled(call, target_id, "Target")


async def _compiled(call: Call, identifier: str | None, which: str) -> Any:
    if not identifier:
        raise invalid_request(f"{which} process definition id is null")
    row = await PROCESS_DEFINITIONS.get(call.services.database, identifier)
    if row is None:
        raise invalid_request(f"{which} process definition with id '{identifier}' does not exist")
    return load_definition(await definitions.load(call.services.database, row.hash))
