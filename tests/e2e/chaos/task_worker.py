"""A worker process of the chaos: serves the scenes' jobs and topics and keeps a ledger that survives its own death.

    python -m tests.e2e.chaos.task_worker LEDGER    (addresses from OSTINATO_URL and OSTINATO_TEMPORAL_ADDRESS)

One line of the ledger per handler call: `<job id> <type>`. A line is written before the answer is given, in one write,
so that whatever the engine took as done is in the books of the one who did it.
"""

from __future__ import annotations

import asyncio
import os
import sys

from ostinato import BpmnError, Worker, task
from ostinato.worker import Job, Task
from tests.e2e.chaos import stage


class Ledger:
    """An append-only file that several processes share."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._path = path

    def write(self, job: Job) -> None:
        os.write(self._file, f"{job.id} {job.type}\n".encode())

    def knows(self, job: Job) -> bool:
        """Whether anybody has had this job before; read from the file, as the one who had it may be dead."""
        with open(self._path) as file:
            return any(line.startswith(f"{job.id} ") for line in file)


def handlers(ledger: Ledger) -> list[Task]:
    """The tasks of one worker."""

    @task(stage.WORK)
    async def work(job: Job) -> dict[str, object]:
        await asyncio.sleep(0.02)
        ledger.write(job)
        return {f"did_{job.node}": True}

    @task(stage.DECLINE)
    async def decline(job: Job) -> None:
        ledger.write(job)
        raise BpmnError("DECLINED", "as always")

    @task(stage.FLAKY)
    async def flaky(job: Job) -> None:
        ledger.write(job)
        if job.attempt == 1:
            raise RuntimeError("the first attempt fails")

    @task(stage.MOODY)
    async def moody(job: Job) -> None:
        again = ledger.knows(job)
        ledger.write(job)
        if not again:
            raise RuntimeError("somebody has to look at this")

    @task(topic=stage.SHIP, lock_duration=3.0)
    async def ship(job: Job) -> dict[str, object]:
        await asyncio.sleep(0.02)
        ledger.write(job)
        return {f"did_{job.node}": True}

    @task(topic=stage.SHAKY, lock_duration=3.0, retry_pause=0.2)
    async def shaky(job: Job) -> None:
        ledger.write(job)
        if job.attempt == 1:
            raise RuntimeError("the first attempt fails")

    return [work, decline, flaky, moody, ship, shaky]


def main() -> None:
    """Serve until killed."""
    worker = Worker(
        handlers(Ledger(sys.argv[1])),
        temporal=os.environ["OSTINATO_TEMPORAL_ADDRESS"],
        url=os.environ["OSTINATO_URL"],
        worker_id=f"chaos-{os.getpid()}",
    )
    worker.run_forever()


if __name__ == "__main__":
    main()
