"""Every history is replayed: a worker that has not the instance in memory must come to the same commands as the one
that wrote it. What a storm left in Temporal and nobody can replay would be found only when somebody asks for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from temporalio.client import Client as TemporalClient
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner

from interpreter.definition import load_definition
from interpreter.workflow import runtime
from interpreter.workflow.definitions import DefinitionCache
from interpreter.workflow.payloads import data_converter
from interpreter.workflow.process import BpmnProcess
from store import definitions
from store.database import Database
from store.payloads import Payloads


async def replay(
    database: Database, temporal: TemporalClient, runs: Mapping[str, list[str]]
) -> AsyncIterator[tuple[str, str | None]]:
    """Run id and what is wrong with it, for each of the `runs` (workflow id -> run ids) that a worker has seen."""
    cache = DefinitionCache()
    for row in await database.fetch("SELECT hash FROM compiled_definition"):
        cache.put(load_definition(await definitions.load(database, row["hash"])))
    runtime.install(runtime.Runtime(definitions=cache))
    replayer = Replayer(
        workflows=[BpmnProcess],
        workflow_runner=UnsandboxedWorkflowRunner(),
        data_converter=data_converter(shelf=Payloads(database)),
    )
    async with replayer.workflow_replay_iterator(_histories(temporal, runs)) as results:
        async for result in results:
            failure = result.replay_failure
            yield result.history.run_id, None if failure is None else f"{failure}"


async def _histories(temporal: TemporalClient, runs: Mapping[str, list[str]]) -> AsyncIterator[WorkflowHistory]:
    for workflow_id, run_ids in runs.items():
        for run_id in run_ids:
            history = await temporal.get_workflow_handle(workflow_id, run_id=run_id).fetch_history()
            # The SDK waits for ever with a run of which no workflow task was ever completed.
            if any(event.HasField("workflow_task_completed_event_attributes") for event in history.events):
                yield history
