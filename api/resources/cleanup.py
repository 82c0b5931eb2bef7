"""/history/cleanup: when history is removed whose time is over, and having it removed now."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from api.chores import window
from api.dates import format_date
from api.dto.history import HistoryCleanupConfigurationDto
from api.dto.runtime import JobDto
from api.operations import Call, Resource, boolean_param
from api.params import flag
from store import chores
from store.chores import HISTORY_CLEANUP

cleanup = Resource("history/cleanup", "History Cleanup")

_ID: Final = HISTORY_CLEANUP


@cleanup.post("", answer=JobDto, params=(boolean_param("immediatelyDue"),), errors=(400,))
async def clean_up(call: Call) -> dict[str, Any]:
    """Remove history whose time is over: now, or with `immediatelyDue=false` in the next window."""
    if flag(call.query, "immediatelyDue", default=True):
        await chores.request(call.services.database, HISTORY_CLEANUP)
        call.services.chores.set()
    return await _job(call)


@cleanup.get("/job", answer=JobDto, errors=(404,))
async def get_job(call: Call) -> dict[str, Any]:
    """The cleanup as a job."""
    return await _job(call)


@cleanup.get("/jobs", answer=list[JobDto], errors=(404,))
async def list_jobs(call: Call) -> list[dict[str, Any]]:
    """The cleanup as jobs: there is one."""
    return [await _job(call)]


@cleanup.get("/configuration", answer=HistoryCleanupConfigurationDto)
async def get_configuration(call: Call) -> HistoryCleanupConfigurationDto:
    """The window that is open, or the next one."""
    span = window(call.services.settings.cleanup, datetime.now(UTC))
    return {
        "batchWindowStartTime": None if span is None else format_date(span.begins),
        "batchWindowEndTime": None if span is None else format_date(span.ends),
        "enabled": True,
    }


async def _job(call: Call) -> dict[str, Any]:
    chore = await chores.get(call.services.database, HISTORY_CLEANUP)
    span = window(call.services.settings.cleanup, datetime.now(UTC))
    due = chore.requested_at or (span and span.begins)
    return {
        "id": _ID,
        "jobDefinitionId": None,
        "dueDate": None if due is None else format_date(due),
        "processInstanceId": None,
        "executionId": None,
        "processDefinitionId": None,
        "processDefinitionKey": None,
        "retries": chore.retries,
        "exceptionMessage": chore.error,
        "failedActivityId": None,
        "suspended": due is None,
        "priority": 0,
        "tenantId": None,
        "createTime": format_date(chore.created_at),
        "batchId": None,
    }
