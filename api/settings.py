"""What the API process must be told; filled by `ostinato.settings`, which alone reads the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path

from interpreter.workflow.connection import TemporalConnection


@dataclass(frozen=True, slots=True)
class CleanupSettings:
    """When history whose time is over is removed: every day from `begins` to `ends` (UTC; past midnight if it ends
    before it begins), or only on request (None). `batch_days`: how long ended batches are kept, None for ever."""

    begins: time | None = None
    ends: time | None = None
    batch_days: int | None = None


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """Settings of one API process.

    `database_url` is a plain libpq URL (`postgresql://user@host:port/name`). `profile` is `c7` or `spec`, the default
    for deployments that do not say. `web_directory` holds the built browser application, if there is one. `users` (name
    -> password) turns HTTP Basic authentication on. `cors_origins` are the origins that browsers may call from.
    """

    temporal: TemporalConnection
    database_url: str
    task_queue: str = "ostinato"
    host: str = "127.0.0.1"
    port: int = 8080
    profile: str = "c7"
    log_level: str = "INFO"
    web_directory: Path | None = None
    ready_file: Path | None = None
    users: Mapping[str, str] = field(default_factory=dict[str, str])
    cors_origins: tuple[str, ...] = ()
    cleanup: CleanupSettings = field(default_factory=CleanupSettings)
