"""The whole stack as one value: started together, stopped in order, each part to be killed and restarted at will.

    with Stack(Path(".ostinato")) as stack:
        print(stack.engine_url)
        stack.kill("worker")
        stack.start("worker")

The parts are `postgres`, `temporal`, `worker` and `api`. PostgreSQL and Temporal may be external servers; then they are
neither started nor stopped. All methods block; from asyncio use `async with` and `asyncio.to_thread(stack.kill, ...)`.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Literal, Self, cast

from ostinato.dev.ports import LOOPBACK, free_port
from ostinato.dev.postgres import PostgresServer
from ostinato.dev.processes import Child, StartError
from ostinato.dev.temporal import TemporalServer
from ostinato.settings import child_environment

Part = Literal["postgres", "temporal", "worker", "api"]
#: Order of the start; the end is in reverse. Parts of one group do not wait for each other.
_GROUPS: Final[tuple[tuple[Part, ...], ...]] = (("postgres", "temporal"), ("worker", "api"))
PARTS: Final[tuple[Part, ...]] = ("postgres", "temporal", "worker", "api")

_READY_SECONDS = 90.0
_MIGRATE_SECONDS = 120.0
_FIRST_DELAY, _LONGEST_DELAY, _STEADY_SECONDS = 0.5, 30.0, 60.0

Progress = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class StackOptions:
    """What differs between the development stack, the tests and the benchmarks.

    Ports: 0 is any free port, another number is the preferred one. `database_url` and `temporal_address` name external
    servers. `temporal_ui_port` None means no web interface. `environment` goes to the worker and the API on top of this
    process's own. `postgres_options` are configuration parameters.
    """

    database_url: str | None = None
    temporal_address: str | None = None
    postgres_port: int = 0
    postgres_password: bool = True
    postgres_options: Mapping[str, str] = field(default_factory=dict[str, str])
    temporal_port: int = 0
    temporal_ui_port: int | None = None
    temporal_durable: bool = False
    api_host: str = LOOPBACK
    api_port: int = 0
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    engine: tuple[Part, ...] = ("worker", "api")


class Stack:
    """The embedded stack in one directory, which holds the data, the logs and a lock.

    Raises StartError if a part does not start or if another process runs a stack in the same directory.
    """

    def __init__(self, directory: Path, options: StackOptions | None = None, progress: Progress | None = None) -> None:
        self.directory = directory.resolve()
        self.options = options or StackOptions()
        self._progress: Progress = progress or (lambda part, text: None)
        self._lock: IO[str] | None = None
        self._wanted: set[Part] = set()
        self.postgres: PostgresServer | None = None
        self.temporal: TemporalServer | None = None
        self._children: dict[Part, Child] = {}
        self._api_port = 0

    # Addresses, valid once started.

    @property
    def database_url(self) -> str:
        """libpq URL of the engine's database."""
        if self.postgres is not None:
            return self.postgres.url()
        return cast(str, self.options.database_url)

    @property
    def temporal_address(self) -> str:
        """host:port of Temporal's front end."""
        if self.temporal is not None:
            return self.temporal.address
        return cast(str, self.options.temporal_address)

    @property
    def temporal_ui_url(self) -> str | None:
        """Address of Temporal's web interface, if the stack has one."""
        return self.temporal.ui_url if self.temporal is not None else None

    @property
    def api_url(self) -> str:
        """Root of the HTTP server, without a slash at the end."""
        host = LOOPBACK if self.options.api_host in ("0.0.0.0", "::") else self.options.api_host
        return f"http://{host}:{self._api_port}"

    @property
    def engine_url(self) -> str:
        """Root of the Camunda-compatible REST API."""
        return f"{self.api_url}/engine-rest"

    @property
    def logs(self) -> Path:
        """Folder of the parts' log files, `<part>.log`."""
        return self.directory / "logs"

    # The whole.

    def start_all(self) -> None:
        """Start everything, migrate the database, wait until all is ready. On failure nothing is left running."""
        self._take_lock()
        try:
            self._prepare()
            for group in _GROUPS:
                if "worker" in group:
                    self.migrate()
                self._in_parallel(self.start, group)
        except BaseException:
            self.stop_all()
            raise

    def stop_all(self) -> None:
        """Stop everything in reverse order."""
        try:
            for group in reversed(_GROUPS):
                self._in_parallel(self.stop, group)
        finally:
            if self._lock is not None:
                self._lock.close()
                self._lock = None

    def kill_all(self) -> None:
        """SIGKILL to everything."""
        for part in reversed(PARTS):
            self.kill(part)
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def __enter__(self) -> Self:
        self.start_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop_all()

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self.start_all)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.stop_all)

    # One part.

    def start(self, part: Part) -> None:
        """Start a part and wait until it is ready; does nothing if it runs or is not ours."""
        if not self.is_ours(part):
            self._progress(part, "external")
            return
        self._wanted.add(part)
        if self.is_running(part):
            return
        self._progress(part, "starting")
        match part:
            case "postgres":
                assert self.postgres is not None
                self.postgres.start()
                self.postgres.create_database()
            case "temporal":
                assert self.temporal is not None
                self.temporal.start()
            case "worker" | "api":
                self._start_engine(part)
        self._progress(part, "ready")

    def stop(self, part: Part) -> None:
        """Orderly end of a part."""
        self._wanted.discard(part)
        if self.is_running(part):
            self._progress(part, "stopping")
            self._handle(part).stop()
            self._progress(part, "stopped")

    def kill(self, part: Part) -> None:
        """SIGKILL to a part, as a crash would; it stays down until `start`."""
        self._wanted.discard(part)
        if self.is_ours(part):
            self._handle(part).kill()

    def restart(self, part: Part) -> None:
        """Orderly end and new start on the same port."""
        self.stop(part)
        self.start(part)

    def is_ours(self, part: Part) -> bool:
        """True if the stack starts this part itself."""
        match part:
            case "postgres":
                return self.options.database_url is None
            case "temporal":
                return self.options.temporal_address is None
            case "worker" | "api":
                return part in self.options.engine

    def is_running(self, part: Part) -> bool:
        """True if the part is ours and its process runs."""
        match part:
            case "postgres":
                return self.postgres is not None and self.postgres.is_running
            case "temporal":
                return self.temporal is not None and self.temporal.is_running
            case "worker" | "api":
                return part in self._children and self._children[part].is_running

    def pid(self, part: Part) -> int | None:
        """Process id of a part of ours."""
        return self._handle(part).pid

    def kill_worker(self) -> None:
        """`kill("worker")`."""
        self.kill("worker")

    def start_worker(self) -> None:
        """`start("worker")`."""
        self.start("worker")

    def restart_worker(self) -> None:
        """`restart("worker")`."""
        self.restart("worker")

    def kill_api(self) -> None:
        """`kill("api")`."""
        self.kill("api")

    def restart_api(self) -> None:
        """`restart("api")`."""
        self.restart("api")

    def restart_postgres(self) -> None:
        """`restart("postgres")`."""
        self.restart("postgres")

    def restart_temporal(self) -> None:
        """`restart("temporal")`."""
        self.restart("temporal")

    def migrate(self) -> None:
        """Bring the database's tables and Temporal's search attributes up to date."""
        self._progress("database", "migrating")
        done = subprocess.run(
            _ostinato("migrate"),
            capture_output=True,
            text=True,
            env=self.environment(),
            timeout=_MIGRATE_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            raise StartError(f"Expected the migrations to run but they failed:\n{(done.stderr or done.stdout).strip()}")
        self._progress("database", "ready")

    def environment(self) -> dict[str, str]:
        """The environment of a process that belongs to this stack: all addresses are set."""
        return child_environment(
            {
                "OSTINATO_HOME": str(self.directory),
                "OSTINATO_DATABASE_URL": self.database_url,
                "OSTINATO_TEMPORAL_ADDRESS": self.temporal_address,
                "OSTINATO_API_HOST": self.options.api_host,
                "OSTINATO_API_PORT": str(self._api_port),
                "OSTINATO_URL": self.engine_url,
                **self.options.environment,
            }
        )

    def supervise(self, until: threading.Event) -> None:
        """Restart what dies, with growing pauses, until the event is set. A part stopped on purpose stays down."""
        delay: dict[Part, float] = {}
        due: dict[Part, float] = {}
        up_since: dict[Part, float] = {part: time.monotonic() for part in self._wanted}
        while not until.wait(0.2):
            now = time.monotonic()
            wanted: list[Part] = [part for part in PARTS if part in self._wanted]
            for part in wanted:
                if self.is_running(part):
                    if now - up_since.setdefault(part, now) > _STEADY_SECONDS:
                        delay.pop(part, None)
                    continue
                if part not in due:
                    pause = delay[part] = min(delay.get(part, _FIRST_DELAY / 2) * 2, _LONGEST_DELAY)
                    due[part] = now + pause
                    up_since.pop(part, None)
                    self._progress(part, f"died, starts again in {pause:g} s (log: {self.logs / part}.log)")
                elif now >= due[part]:
                    del due[part]
                    try:
                        self.start(part)
                    except StartError as error:
                        self._progress(part, str(error))

    def _handle(self, part: Part) -> PostgresServer | TemporalServer | Child:
        match part:
            case "postgres":
                handle = self.postgres
            case "temporal":
                handle = self.temporal
            case "worker" | "api":
                handle = self._children.get(part)
        if handle is None:
            raise StartError(f"Expected {part!r} to be a started part of this stack but it is not")
        return handle

    def _prepare(self) -> None:
        """Choose ports and make the parts; they keep their ports over restarts."""
        options = self.options
        taken: set[int] = set()
        if options.database_url is None:
            port = free_port(options.postgres_port, taken=taken)
            taken.add(port)
            self.postgres = PostgresServer(
                self.directory / "postgres",
                self.logs / "postgres.log",
                port=port,
                with_password=options.postgres_password,
                options=options.postgres_options,
            )
        if options.temporal_address is None:
            port = free_port(options.temporal_port, taken=taken)
            taken.add(port)
            ui_port = options.temporal_ui_port
            if ui_port is not None:
                ui_port = free_port(ui_port, taken=taken)
                taken.add(ui_port)
            self.temporal = TemporalServer(
                self.directory / "temporal",
                self.logs / "temporal.log",
                database=self.directory / "temporal" / "temporal.db",
                port=port,
                ui_port=ui_port,
                durable=options.temporal_durable,
            )
        self._api_port = free_port(options.api_port, taken=taken)

    def _start_engine(self, part: Literal["worker", "api"]) -> None:
        ready_file = self.directory / "run" / f"{part}.ready"
        ready_file.parent.mkdir(parents=True, exist_ok=True)
        ready_file.unlink(missing_ok=True)
        child = self._children[part] = Child(
            name=part,
            command=_ostinato(part),
            log=self.logs / f"{part}.log",
            environment={**self.environment(), "OSTINATO_READY_FILE": str(ready_file)},
            stop_signal=signal.SIGTERM,
        )
        child.start()
        child.wait_until(self._api_is_ready if part == "api" else ready_file.exists, _READY_SECONDS)

    def _api_is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.api_url}/health", timeout=2) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def _take_lock(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        lock = (self.directory / "lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            owner = lock.read().strip() or "unknown"
            lock.close()
            raise StartError(
                f"Expected no other stack in {self.directory} but process {owner} runs one: "
                "stop it, or set OSTINATO_HOME to another folder"
            ) from error
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        self._lock = lock

    def _in_parallel(self, action: Callable[[Part], None], parts: Iterable[Part]) -> None:
        chosen = list(parts)
        with ThreadPoolExecutor(len(chosen)) as pool:
            for future in [pool.submit(action, part) for part in chosen]:
                future.result()


def _ostinato(command: str) -> list[str]:
    """Our own command in a process of its own; -P keeps a user's `worker.py` in the current folder out of the way."""
    return [sys.executable, "-P", "-m", "ostinato", command]
