"""An engine worker that dies in the worst moment: the database has a flush, Temporal has no completed workflow task.

    python -m tests.workflow.dying_worker TEMPORAL_ADDRESS DATABASE_URL READY_FILE DEATH_FILE

It dies as soon as DEATH_FILE exists and a confirmed flush has been written; if the file says `linger`, it only stops
for a moment there.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import worker.main
from interpreter.workflow.connection import TemporalConnection
from worker.direct_flush import QuickFlush
from worker.settings import WorkerSettings

LINGER = 1.2
"""Seconds; Temporal's deadlock detector allows two."""


def main(address: str, database_url: str, ready: str, death: str) -> None:
    """Run until told to die."""

    class DeadlyFlush(QuickFlush):
        def __call__(self, batch: dict[str, Any]) -> bool:
            written = super().__call__(batch)
            if written and os.path.exists(death):
                if Path(death).read_text() == "linger":
                    time.sleep(LINGER)
                else:
                    os._exit(9)
            return written

    worker.main.QuickFlush = DeadlyFlush  # type: ignore[misc]  # the one place where the test reaches inside
    worker.main.run(
        WorkerSettings(
            temporal=TemporalConnection(address=address),
            database_url=database_url,
            task_queue="dying",
            ready_file=Path(ready),
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
