"""/job-definition: what of a process becomes jobs."""

from __future__ import annotations

from api.bodies import JobDefinitionSuspensionBody, RetriesBody
from api.collections import row_by_id, rows_of, serve_queries, serve_single
from api.dto.repository import JobDefinitionDto
from api.errors import invalid_request
from api.job_suspension import matching_definitions, of_process, suspend_definitions, wanted
from api.operations import Call, Resource
from api.params import Criteria
from api.retries import set_job_retries
from store import bulk
from store.bulk import BULKS
from store.definitions import JOB_DEFINITIONS
from store.jobs import JOBS

job_definition = Resource("job-definition", "Job Definition")

serve_queries(job_definition, JOB_DEFINITIONS, JobDefinitionDto)
serve_single(job_definition, JOB_DEFINITIONS, JobDefinitionDto, "Job Definition")


@job_definition.put("/{id}/retries", body=RetriesBody, errors=(400, 404))
async def set_retries(call: Call) -> None:
    """Give all failed jobs of a job definition new retries."""
    body = await call.body(RetriesBody)
    if body.retries is None or body.retries < 0:
        raise invalid_request("The number of retries must be there and not negative.")
    batch_id, _, part = call["id"].rpartition(":")
    if part == "batch" and batch_id:  # Camunda keeps a definition for the jobs of each batch
        await row_by_id(call, BULKS, batch_id, "Batch")
        if body.retries > 0 and await bulk.retry_failed(call.services.database, batch_id):
            call.services.batches.set()
        return
    definition = await row_by_id(call, JOB_DEFINITIONS, call["id"], "Job Definition")
    failed = Criteria(filters={"jobDefinitionId": definition.id, "noRetriesLeft": True})
    await set_job_retries(call.services, await rows_of(call, JOBS, failed), body.retries)


@job_definition.put("/{id}/suspended", body=JobDefinitionSuspensionBody, errors=(400, 404))
async def suspend(call: Call) -> None:
    """Hold back or let go what a job definition makes of now on, and with `includeJobs` its open jobs."""
    body = await call.body(JobDefinitionSuspensionBody)
    suspended = wanted(body.suspended, body.executionDate)
    row = await row_by_id(call, JOB_DEFINITIONS, call["id"], "Job Definition")
    await suspend_definitions(call, [row], suspended, bool(body.includeJobs))


@job_definition.put("/suspended", body=JobDefinitionSuspensionBody, errors=(400,))
async def suspend_by_process(call: Call) -> None:
    """Hold back or let go what the job definitions of a process make."""
    body = await call.body(JobDefinitionSuspensionBody)
    suspended = wanted(body.suspended, body.executionDate)
    if (body.processDefinitionId is None) == (body.processDefinitionKey is None):
        raise invalid_request(
            "Either processDefinitionId or processDefinitionKey should be set to update the suspension state."
        )
    rows = await matching_definitions(call, of_process(body))
    await suspend_definitions(call, rows, suspended, bool(body.includeJobs))
