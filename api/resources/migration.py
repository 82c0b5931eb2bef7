"""/migration: move running instances to another definition."""

from __future__ import annotations

from typing import Any, Final

from api.batches import command_options, start_batch
from api.bodies import MigrationExecutionBody, MigrationPlanBody, MigrationPlanGenerationBody
from api.dto.runtime import BatchDto, MigrationPlanDto, MigrationPlanReportDto
from api.engine import CommandRejected, InstanceNotFound
from api.errors import RestError, invalid_request, rest_exception
from api.operations import Call, Resource
from api.resources.process_instance import selected_instances
from api.retries import MAX_CHANGES
from api.variables import read_variables
from interpreter.commands import MigrateInstance, MigrationInstruction
from interpreter.definition import Definition, FlowNode, load_definition
from interpreter.migration import check_plan
from store import definitions
from store.definitions import PROCESS_DEFINITIONS

migration = Resource("migration", "Migration")

_BODY: Final = "#multiInstanceBody"
#: Nodes at which no instance ever rests.
_PASSED: Final = frozenset({"process", "startEvent", "endEvent", "intermediateThrowEvent"})
_EVENTS: Final = frozenset({"boundaryEvent", "intermediateCatchEvent", "startEvent", "receiveTask"})


@migration.post("/generate", answer=MigrationPlanDto, body=MigrationPlanGenerationBody, errors=(400,))
async def generate(call: Call) -> dict[str, Any]:
    """A plan that maps the flow nodes which both definitions have."""
    body = await call.body(MigrationPlanGenerationBody)
    source = await _compiled(call, body.sourceProcessDefinitionId, "Source")
    target = await _compiled(call, body.targetProcessDefinitionId, "Target")
    return {
        "sourceProcessDefinitionId": body.sourceProcessDefinitionId,
        "targetProcessDefinitionId": body.targetProcessDefinitionId,
        "instructions": _matching(source, target, bool(body.updateEventTriggers)),
        "variables": body.variables or {},
    }


@migration.post("/validate", answer=MigrationPlanReportDto, body=MigrationPlanBody, errors=(400,))
async def validate(call: Call) -> dict[str, Any]:
    """What is wrong with a plan, instruction by instruction."""
    report, _ = await _checked(call, await call.body(MigrationPlanBody))
    return report


@migration.post("/execute", body=MigrationExecutionBody, errors=(400,))
async def execute(call: Call) -> None:
    """Migrate instances by a plan, one after the other."""
    body = await call.body(MigrationExecutionBody)
    command = await _command(call, body)
    target = await _target(call, body)
    chosen = await _chosen(call, body)
    if len(chosen) > MAX_CHANGES:
        raise invalid_request(f"Expected at most {MAX_CHANGES} instances at once but there are {len(chosen)}.")
    for instance_id in chosen:
        try:
            await call.services.engine.migrate(instance_id, command, target)
        except InstanceNotFound as error:
            raise rest_exception(f"Process instance '{instance_id}' cannot be migrated: {error}", 400) from error
        except CommandRejected as error:
            raise _refused(instance_id, error) from error


@migration.post("/executeAsync", answer=BatchDto, body=MigrationExecutionBody, errors=(400,))
async def execute_in_background(call: Call) -> Any:
    """Migrate instances by a plan as a batch."""
    body = await call.body(MigrationExecutionBody)
    command = await _command(call, body)
    options = {**command_options(command), "target": (await _target(call, body)).id}
    return await start_batch(call, "instance-migration", await _chosen(call, body), options)


async def _chosen(call: Call, body: MigrationExecutionBody) -> list[str]:
    chosen = await selected_instances(call, body.processInstanceIds, body.processInstanceQuery)
    if not chosen:
        raise invalid_request("process instance ids is empty: expected at least one process instance")
    return chosen


async def _command(call: Call, body: MigrationExecutionBody) -> MigrateInstance:
    """The command that carries out a plan. RestError 400 with the report when the plan is wrong."""
    if body.migrationPlan is None:
        raise invalid_request("Expected a migrationPlan but it is absent.")
    report, command = await _checked(call, body.migrationPlan)
    if report["instructionReports"]:
        sentences = " ".join(sentence for item in report["instructionReports"] for sentence in item["failures"])
        raise RestError(
            400,
            "MigrationPlanValidationException",
            f"The migration plan is not valid: {sentences}",
            0,
            {"validationReport": report},
        )
    return command


async def _checked(call: Call, body: MigrationPlanBody) -> tuple[dict[str, Any], MigrateInstance]:
    source = await _compiled(call, body.sourceProcessDefinitionId, "Source")
    target = await _compiled(call, body.targetProcessDefinitionId, "Target")
    instructions = _instructions(body)
    variables = read_variables(body.variables, "migrationPlan.variables")
    command = MigrateInstance(now=0, target_hash=target.hash, instructions=instructions, variables=variables)
    reports: list[dict[str, Any]] = []
    seen: list[MigrationInstruction] = []
    for instruction in instructions:
        seen.append(instruction)
        only = MigrateInstance(now=0, target_hash=target.hash, instructions=(instruction,))
        failures = check_plan(source, target, only)
        if sum(other.source == instruction.source for other in seen) > 1:
            failures.append(f"There are several instructions for {instruction.source!r}.")
        if failures:
            reports.append({"instruction": _instruction(instruction), "failures": failures})
    if not reports:
        whole = check_plan(source, target, command)
        if whole:
            reports.append({"instruction": None, "failures": whole})
    return {"instructionReports": reports, "variableReports": {}}, command


def _instructions(body: MigrationPlanBody) -> tuple[MigrationInstruction, ...]:
    """The engine's instructions: a multi-instance body goes where its activity goes."""
    instructions: list[MigrationInstruction] = []
    for index, item in enumerate(body.instructions or ()):
        sources, targets = item.sourceActivityIds or [], item.targetActivityIds or []
        if len(sources) != 1 or len(targets) != 1:
            raise invalid_request(
                f"Expected instructions[{index}] to have one of sourceActivityIds and one of targetActivityIds."
            )
        if sources[0].endswith(_BODY) and targets[0].endswith(_BODY):
            continue
        instructions.append(MigrationInstruction(sources[0], targets[0], bool(item.updateEventTrigger)))
    return tuple(instructions)


def _matching(source: Definition, target: Definition, update_triggers: bool) -> list[dict[str, Any]]:
    """Instructions for nodes of the same id, kind and place, outer scopes first."""
    mapped = {source.process_id: target.process_id}
    instructions: list[dict[str, Any]] = []
    for node in source.nodes.values():
        other = target.nodes.get(node.id)
        if other is None or node.scope is None or not _rests(source, node) or mapped.get(node.scope) != other.scope:
            continue
        update = update_triggers and node.kind in _EVENTS and bool(node.triggers)
        instruction = MigrationInstruction(node.id, other.id, update)
        if check_plan(source, target, MigrateInstance(now=0, target_hash=target.hash, instructions=(instruction,))):
            continue
        mapped[node.id] = other.id
        if node.loop is not None:
            instructions.append(_instruction(MigrationInstruction(f"{node.id}{_BODY}", f"{other.id}{_BODY}")))
        instructions.append(_instruction(instruction))
    return instructions


def _rests(definition: Definition, node: FlowNode) -> bool:
    """Whether an instance can be at the node; the start of an event subprocess is waited for."""
    if node.kind != "startEvent":
        return node.kind not in _PASSED
    scope = definition.nodes.get(node.scope or "")
    return scope is not None and scope.kind == "eventSubProcess"


def _instruction(instruction: MigrationInstruction) -> dict[str, Any]:
    return {
        "sourceActivityIds": [instruction.source],
        "targetActivityIds": [instruction.target],
        "updateEventTrigger": instruction.update_event_trigger,
    }


async def _target(call: Call, body: MigrationExecutionBody) -> Any:
    identifier = (body.migrationPlan and body.migrationPlan.targetProcessDefinitionId) or ""
    row = await PROCESS_DEFINITIONS.get(call.services.database, identifier)
    if row is None:
        raise invalid_request(f"Target process definition with id '{identifier}' does not exist")
    return row


async def _compiled(call: Call, identifier: str | None, which: str) -> Definition:
    if not identifier:
        raise invalid_request(f"{which} process definition id is null")
    row = await PROCESS_DEFINITIONS.get(call.services.database, identifier)
    if row is None:
        raise invalid_request(f"{which} process definition with id '{identifier}' does not exist")
    return load_definition(await definitions.load(call.services.database, row.hash))


def _refused(instance_id: str, error: CommandRejected) -> RestError:
    report = {
        "processInstanceId": instance_id,
        "failures": [error.message],
        "migratingActivityInstanceValidationReports": [],
        "migratingTransitionInstanceValidationReports": [],
    }
    return RestError(
        400,
        "MigratingProcessInstanceValidationException",
        f"Cannot migrate process instance '{instance_id}': {error.message}",
        0,
        {"validationReport": report},
    )
