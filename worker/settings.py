"""What the engine's worker process must be told; filled by `ostinato.settings`, which alone reads the environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from activities.connectors.settings import ConnectorSettings
from interpreter.workflow.connection import TemporalConnection


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """Settings of one worker process.

    `database_url` is a plain libpq URL (`postgresql://user@host:port/name`). `profile` is `c7` or `spec`.
    `ready_file`, if given, is written once the worker polls: the supervisor waits for it.
    """

    temporal: TemporalConnection
    database_url: str
    task_queue: str = "ostinato"
    profile: str = "c7"
    max_cached_workflows: int = 1000
    log_level: str = "INFO"
    ready_file: Path | None = None
    build_id: str | None = None
    """Names this release to Temporal's worker versioning; None: the worker is unversioned."""
    connectors: ConnectorSettings = field(default_factory=ConnectorSettings)
    """What the HTTP and e-mail connectors may do; without it, nothing."""
    scripts: tuple[str, ...] = ()
    """Script languages besides FEEL and JUEL that may run (sandboxed); `javascript` is the one there is."""
