"""Replays what instances of a running API have done: the engine must come to the same decisions again."""

from __future__ import annotations

import asyncio

from temporalio.worker import Replayer, UnsandboxedWorkflowRunner

from interpreter.workflow.connection import connect
from interpreter.workflow.payloads import data_converter
from interpreter.workflow.process import BpmnProcess
from interpreter.workflow.timer_start import TimerStart
from tests.api.server import Rest


def replay_everything(rest: Rest, most: int = 50) -> int:
    """Replay the histories of all instances, at most so many; how many they were."""
    ids = [row["id"] for row in rest.get("/history/process-instance", maxResults=most)]

    async def replay() -> None:
        converter = data_converter()
        client = await connect(rest.settings.temporal, data_converter=converter)
        replayer = Replayer(
            workflows=[BpmnProcess, TimerStart],
            workflow_runner=UnsandboxedWorkflowRunner(),
            data_converter=converter,
        )
        for identifier in ids:
            await replayer.replay_workflow(await client.get_workflow_handle(identifier).fetch_history())

    asyncio.run(replay())
    return len(ids)
