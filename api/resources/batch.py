"""/batch, /history/batch, and the operations on many things that make batches."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from api.batches import batch_dto, command_options, start_batch
from api.bodies import (
    BatchRemovalTimeBody,
    CorrelationAsyncBody,
    DeleteHistoricInstancesBody,
    DeleteInstancesBody,
    ExternalTaskRetriesBody,
    JobRetriesByProcessBody,
    JobsRetriesBody,
    ModificationBody,
    ModificationExecutionBody,
    ProcessInstancesSuspensionBody,
    RemovalTimeBody,
    SetVariablesAsyncBody,
    SuspensionBody,
)
from api.collections import row_by_id, rows_of, serve_queries, serve_single
from api.dates import millis, parse_date
from api.dto.history import CleanableHistoricBatchReportResultDto, HistoricBatchDto
from api.dto.identity import CountResultDto
from api.dto.runtime import BatchDto, BatchStatisticsDto
from api.errors import bad_user_request, invalid_request
from api.instructions import read_instructions
from api.operations import Call, Resource, boolean_param
from api.params import Criteria, Query, flag
from api.resources.process_instance import selected_instances
from api.shapes import Shape
from api.variables import read_variables
from interpreter import codec
from interpreter.commands import CancelInstance, ModifyInstance, ResumeInstance, SetVariables, SuspendInstance
from store import bulk
from store.bulk import BULKS, HISTORIC_BULKS
from store.external_tasks import EXTERNAL_TASKS
from store.jobs import JOBS

_HISTORIC_QUERY = Query.of(HISTORIC_BULKS)

batch = Resource("batch", "Batch")
batch_statistics = Resource("batch/statistics", "Batch")
historic_batch = Resource("history/batch", "Historic Batch")
instances = Resource("process-instance", "Process Instance")
jobs = Resource("job", "Job")
external_tasks = Resource("external-task", "External Task")
modification = Resource("modification", "Modification")
historic_instances = Resource("history/process-instance", "Historic Process Instance")
BATCHES = (
    batch_statistics,
    batch,
    historic_batch,
    instances,
    jobs,
    external_tasks,
    modification,
    historic_instances,
)

_historic_shape = Shape(
    HistoricBatchDto,
    seedJobDefinitionId=None,
    monitorJobDefinitionId=None,
    batchJobDefinitionId=None,
    batchJobsPerSeed=100,
    invocationsPerBatchJob=1,
)


# --- look -----------------------------------------------------------------------------------------------------------


def _statistics_dto(row: Any) -> dict[str, Any]:
    return {
        **batch_dto(row),
        "remainingJobs": row.remaining_jobs,
        "completedJobs": row.completed_jobs,
        "failedJobs": row.failed_jobs,
    }


def _historic_dto(row: Any) -> dict[str, Any]:
    ids = {name: f"{row.id}:{part}" for name, part in _PARTS}
    return _historic_shape(row, **ids)


_PARTS = (
    ("seedJobDefinitionId", "seed"),
    ("monitorJobDefinitionId", "monitor"),
    ("batchJobDefinitionId", "batch"),
)

serve_queries(batch_statistics, BULKS, BatchStatisticsDto, _statistics_dto, post=False)
serve_queries(batch, BULKS, BatchDto, batch_dto, post=False)
serve_single(batch, BULKS, BatchDto, "Batch", batch_dto)
serve_queries(historic_batch, HISTORIC_BULKS, HistoricBatchDto, _historic_dto, post=False)
serve_single(historic_batch, HISTORIC_BULKS, HistoricBatchDto, "Historic batch", _historic_dto)


@batch.put("/{id}/suspended", body=SuspensionBody, errors=(400,))
async def suspend_batch(call: Call) -> None:
    """Hold a batch or let it go on."""
    body = await call.body(SuspensionBody)
    if body.suspended is None:
        raise invalid_request("Expected 'suspended' to be true or false but it is absent.")
    if not await bulk.set_suspended(call.services.database, call["id"], body.suspended):
        raise bad_user_request(f"Batch for id '{call['id']}' cannot be found")
    call.services.batches.set()


@batch.delete("/{id}", params=(boolean_param("cascade"),), errors=(400,))
async def delete_batch(call: Call) -> None:
    """End a batch: what is not done yet will not be done. With `cascade` its history goes as well."""
    database = call.services.database
    remove = bulk.delete if flag(call.query, "cascade") else bulk.stop
    if await BULKS.get(database, call["id"]) is None or not await remove(database, call["id"]):
        raise bad_user_request(f"Batch for id '{call['id']}' cannot be found")


@historic_batch.delete("/{id}", errors=(404,))
async def delete_historic_batch(call: Call) -> None:
    """Delete an ended batch from the history."""
    row = await row_by_id(call, HISTORIC_BULKS, call["id"], "Historic batch")
    if row.end_time is None:
        raise bad_user_request(f"Historic batch '{row.id}' cannot be deleted: it is still running.")
    await bulk.delete(call.services.database, row.id)


# --- instances ------------------------------------------------------------------------------------------------------


@instances.post("/delete", answer=BatchDto, body=DeleteInstancesBody, errors=(400,))
@instances.post("/delete-historic-query-based", answer=BatchDto, body=DeleteInstancesBody, errors=(400,))
async def delete_instances(call: Call) -> Any:
    """Cancel running instances chosen by ids and queries."""
    body = await call.body(DeleteInstancesBody)
    chosen = await selected_instances(
        call, body.processInstanceIds, body.processInstanceQuery, body.historicProcessInstanceQuery
    )
    command = CancelInstance(
        now=0,
        reason=body.deleteReason or "",
        skip_listeners=bool(body.skipCustomListeners),
        skip_output_mappings=bool(body.skipIoMappings),
    )
    return await start_batch(call, "instance-deletion", chosen, command_options(command))


@instances.post("/suspended-async", answer=BatchDto, body=ProcessInstancesSuspensionBody, errors=(400,))
async def suspend_instances(call: Call) -> Any:
    """Suspend or activate instances chosen by ids and queries."""
    body = await call.body(ProcessInstancesSuspensionBody)
    if body.suspended is None:
        raise invalid_request("Expected 'suspended' to be true or false but it is absent.")
    chosen = await selected_instances(
        call, body.processInstanceIds, body.processInstanceQuery, body.historicProcessInstanceQuery
    )
    command = SuspendInstance(now=0) if body.suspended else ResumeInstance(now=0)
    return await start_batch(call, "instance-update-suspension-state", chosen, command_options(command))


@instances.post("/variables-async", answer=BatchDto, body=SetVariablesAsyncBody, errors=(400,))
async def set_variables(call: Call) -> Any:
    """Set variables of instances chosen by ids and queries."""
    body = await call.body(SetVariablesAsyncBody)
    if not body.variables:
        raise bad_user_request("Expected variables to set but there are none.")
    variables = read_variables(body.variables)
    chosen = await selected_instances(
        call, body.processInstanceIds, body.processInstanceQuery, body.historicProcessInstanceQuery
    )
    return await start_batch(call, "set-variables", chosen, command_options(SetVariables(now=0, variables=variables)))


@instances.post("/message-async", answer=BatchDto, body=CorrelationAsyncBody, errors=(400,))
async def correlate_messages(call: Call) -> Any:
    """Deliver a message to instances chosen by ids and queries."""
    body = await call.body(CorrelationAsyncBody)
    if not body.messageName:
        raise bad_user_request("No message name supplied")
    variables = {name: codec.encode_value(value) for name, value in read_variables(body.variables).items()}
    chosen = await selected_instances(
        call, body.processInstanceIds, body.processInstanceQuery, body.historicProcessInstanceQuery
    )
    return await start_batch(call, "correlate-message", chosen, {"name": body.messageName, "variables": variables})


@instances.post("/{id}/modification-async", answer=BatchDto, body=ModificationBody, errors=(400,))
async def modify_instance(call: Call) -> Any:
    """Modify one instance in the background."""
    return await _modify(call, await call.body(ModificationBody), [call["id"]])


@modification.post("/executeAsync", answer=BatchDto, body=ModificationExecutionBody, errors=(400,))
async def execute_modification(call: Call) -> Any:
    """Modify instances of one process definition in the background."""
    body = await call.body(ModificationExecutionBody)
    if not body.processDefinitionId:
        raise invalid_request("processDefinitionId must be set")
    chosen = await selected_instances(
        call, body.processInstanceIds, body.processInstanceQuery, body.historicProcessInstanceQuery
    )
    return await _modify(call, body, chosen)


async def _modify(call: Call, body: ModificationBody, chosen: list[str]) -> Any:
    instructions = read_instructions(body.instructions)
    if not instructions:
        raise invalid_request("Expected at least one instruction but there is none.")
    command = ModifyInstance(
        now=0,
        instructions=instructions,
        skip_listeners=bool(body.skipCustomListeners),
        skip_output_mappings=bool(body.skipIoMappings),
        reason=body.annotation or "",
    )
    return await start_batch(call, "instance-modification", chosen, command_options(command))


# --- retries --------------------------------------------------------------------------------------------------------

_job_query = Query.of(JOBS)
_external_task_query = Query.of(EXTERNAL_TASKS)


@jobs.post("/retries", answer=BatchDto, body=JobsRetriesBody, errors=(400,))
async def set_retries_of_jobs(call: Call) -> Any:
    """Set the retries of jobs chosen by ids and a query."""
    body = await call.body(JobsRetriesBody)
    chosen = list(body.jobIds or ())
    if body.jobQuery is not None:
        criteria = _job_query.from_query_object(body.jobQuery, "jobQuery")
        chosen += [row.id for row in await rows_of(call, JOBS, criteria)]
    return await start_batch(call, "set-job-retries", chosen, _retries(body))


@instances.post("/job-retries", answer=BatchDto, body=JobRetriesByProcessBody, errors=(400,))
@instances.post("/job-retries-historic-query-based", answer=BatchDto, body=JobRetriesByProcessBody, errors=(400,))
async def set_retries_of_instances(call: Call) -> Any:
    """Set the retries of the failed jobs of instances."""
    body = await call.body(JobRetriesByProcessBody)
    chosen = await selected_instances(
        call, body.processInstances, body.processInstanceQuery, body.historicProcessInstanceQuery
    )
    failed = Criteria(filters={"processInstanceIds": chosen, "noRetriesLeft": True})
    found = [row.id for row in await rows_of(call, JOBS, failed)] if chosen else []
    return await start_batch(call, "set-job-retries", found, _retries(body))


@external_tasks.post("/retries-async", answer=BatchDto, body=ExternalTaskRetriesBody, errors=(400,))
async def set_retries_of_external_tasks(call: Call) -> Any:
    """Set the retries of external tasks chosen by ids and queries."""
    body = await call.body(ExternalTaskRetriesBody)
    chosen = list(body.externalTaskIds or ())
    if body.externalTaskQuery is not None:
        criteria = _external_task_query.from_query_object(body.externalTaskQuery, "externalTaskQuery")
        chosen += [row.id for row in await rows_of(call, EXTERNAL_TASKS, criteria)]
    if body.processInstanceIds or body.processInstanceQuery or body.historicProcessInstanceQuery:
        of_instances = await selected_instances(
            call, body.processInstanceIds, body.processInstanceQuery, body.historicProcessInstanceQuery
        )
        found = Criteria(filters={"processInstanceIdIn": of_instances})
        chosen += [row.id for row in await rows_of(call, EXTERNAL_TASKS, found)]
    return await start_batch(call, "set-external-task-retries", chosen, _retries(body))


def _retries(body: Any) -> dict[str, Any]:
    if body.retries is None or body.retries < 0:
        raise bad_user_request("The number of retries must be there and not negative.")
    options = {"retries": body.retries}
    due = getattr(body, "dueDate", None)
    if due is not None:
        try:
            options["due"] = millis(parse_date(due))
        except ValueError as error:
            raise invalid_request(f'Cannot read "dueDate": {error}') from error
    return options


# --- history --------------------------------------------------------------------------------------------------------


@historic_instances.post("/delete", answer=BatchDto, body=DeleteHistoricInstancesBody, errors=(400,))
async def delete_history(call: Call) -> Any:
    """Delete the history of ended instances chosen by ids and a query."""
    body = await call.body(DeleteHistoricInstancesBody)
    chosen = await selected_instances(call, body.historicProcessInstanceIds, None, body.historicProcessInstanceQuery)
    return await start_batch(call, "historic-instance-deletion", chosen, {})


@historic_instances.post("/set-removal-time", answer=BatchDto, body=RemovalTimeBody, errors=(400,))
async def set_removal_time(call: Call) -> Any:
    """Set when the history of instances may be removed."""
    body = await call.body(RemovalTimeBody)
    options = _removal_options(body)
    chosen = await selected_instances(call, body.historicProcessInstanceIds, None, body.historicProcessInstanceQuery)
    return await start_batch(call, "process-set-removal-time", chosen, options)


@historic_batch.post("/set-removal-time", answer=BatchDto, body=BatchRemovalTimeBody, errors=(400,))
async def set_removal_time_of_batches(call: Call) -> Any:
    """Set when the history of batches may be removed."""
    body = await call.body(BatchRemovalTimeBody)
    options = _removal_options(body) | {"days": call.services.settings.cleanup.batch_days}
    chosen = [*(body.historicBatchIds or ())]
    if body.historicBatchQuery is not None:
        criteria = _HISTORIC_QUERY.from_query_object(body.historicBatchQuery, "historicBatchQuery")
        chosen += [row.id for row in await rows_of(call, HISTORIC_BULKS, criteria)]
    return await start_batch(call, "batch-set-removal-time", chosen, options)


_CLEANABLE = Query({}, ["finished"])


@historic_batch.get(
    "/cleanable-batch-report", answer=list[CleanableHistoricBatchReportResultDto], query=_CLEANABLE, paging=True
)
async def report_cleanable(call: Call) -> list[Any]:
    """Ended batches of each type, and how many of them are past their time to live."""
    criteria = _CLEANABLE.from_get(call.query)
    rows = await _cleanable(call)
    if criteria.sorting:
        rows.sort(key=lambda row: row.finished_batches_count, reverse=criteria.sorting[0].descending)
    end = None if criteria.limit is None else criteria.first + criteria.limit
    return Shape(CleanableHistoricBatchReportResultDto).all(rows[criteria.first : end])


@historic_batch.get("/cleanable-batch-report/count", answer=CountResultDto)
async def count_cleanable(call: Call) -> CountResultDto:
    """How many rows the report has."""
    return {"count": len(await _cleanable(call))}


async def _cleanable(call: Call) -> list[Any]:
    return await bulk.cleanable(call.services.database, datetime.now(UTC), call.services.settings.cleanup.batch_days)


def _removal_options(body: RemovalTimeBody) -> dict[str, Any]:
    wanted = [body.absoluteRemovalTime is not None, bool(body.clearedRemovalTime), bool(body.calculatedRemovalTime)]
    if sum(wanted) != 1:
        raise bad_user_request(
            "Expected exactly one of absoluteRemovalTime, clearedRemovalTime, calculatedRemovalTime to be set."
        )
    options: dict[str, Any] = {
        "calculated": bool(body.calculatedRemovalTime),
        "hierarchical": bool(body.hierarchical),
    }
    if body.absoluteRemovalTime is not None:
        try:
            options["at"] = parse_date(body.absoluteRemovalTime).isoformat()
        except ValueError as error:
            raise invalid_request(f'Cannot read "absoluteRemovalTime": {error}') from error
    return options
