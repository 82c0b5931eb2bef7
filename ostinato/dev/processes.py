"""Child processes that never outlive their owner.

Each child runs in a process group of its own, so that Ctrl-C in the terminal reaches only the owner, which stops the
parts in order. Should the owner die without a word (SIGKILL, a closed container), the reaper ends the children: one
small process that holds a pipe from the owner and acts on its end of file. The kernel's parent-death signal would not
do: it is bound to the thread that forked, and macOS has none.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

_POLL_SECONDS = 0.01
_LOG_TAIL_BYTES = 16_384
_LOG_KEEP_BYTES = 20_000_000


class StartError(RuntimeError):
    """A part of the stack did not start; the message ends with the tail of its log."""


@dataclass(slots=True)
class Child:
    """One child process: a command, where its output goes, and how it is asked to stop.

    `user` and `group` are numeric ids to run as (only root may set them). `stop_signal` asks for an orderly end;
    whoever has not ended after `stop_seconds` is killed.
    """

    name: str
    command: Sequence[str]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    directory: Path | None = None
    user: int | None = None
    group: int | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 15.0
    _process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id, or None if it was never started or has been stopped."""
        return None if self._process is None else self._process.pid

    @property
    def is_running(self) -> bool:
        """True from start to exit."""
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """The exit code (negative: the signal) once it has exited, else None."""
        return None if self._process is None else self._process.poll()

    def start(self) -> None:
        """Start the command. Raises StartError if it cannot be executed, RuntimeError if it already runs."""
        if self.is_running:
            raise RuntimeError(f"Expected {self.name!r} to be stopped but it runs as process {self.pid}")
        self.log.parent.mkdir(parents=True, exist_ok=True)
        _bound_log(self.log)
        with self.log.open("ab") as output:
            try:
                self._process = _spawn(self, output)
            except OSError as error:
                raise StartError(
                    f"Expected to start {self.name!r} but {self.command[0]} failed: {error.strerror or error}"
                ) from error
        reaper().watch(self._process.pid, self.stop_signal)

    def stop(self) -> None:
        """Ask for an orderly end, wait, and kill what is left of the group. Does nothing if it does not run."""
        if self._process is None:
            return
        if self.is_running:
            _signal_process(self._process.pid, self.stop_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):  # the group is killed below
                self._process.wait(self.stop_seconds)
        self.kill()

    def kill(self) -> None:
        """SIGKILL to the whole group, as a crash would; returns when the process is gone."""
        process = self._process
        if process is None:
            return
        _signal_group(process.pid, signal.SIGKILL)
        process.wait()
        reaper().forget(process.pid)
        self._process = None

    def wait_until(self, is_ready: Callable[[], bool], seconds: float) -> None:
        """Wait until `is_ready()`; raises StartError if the process exits or the time is over before."""
        deadline = time.monotonic() + seconds
        while not is_ready():
            if not self.is_running:
                raise StartError(
                    f"Expected {self.name!r} to become ready but it exited with code {self.exit_code}{self.log_tail()}"
                )
            if time.monotonic() > deadline:
                raise StartError(
                    f"Expected {self.name!r} to be ready within {seconds:g} s but it was not{self.log_tail()}"
                )
            time.sleep(_POLL_SECONDS)

    def log_tail(self, lines: int = 20) -> str:
        """The last lines of the log, indented, to be appended to an error message."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(0, self.log.stat().st_size - _LOG_TAIL_BYTES))
                text = file.read().decode(errors="replace")
        except OSError as error:
            return f" (and its log cannot be read: {error})"
        tail = text.splitlines()[-lines:]
        return "".join(["\n", *(f"    {line}\n" for line in tail), f"    (log: {self.log})"])


def _spawn(child: Child, output: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        list(child.command),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        cwd=child.directory,
        env=dict(child.environment),
        start_new_session=True,
        user=child.user,
        group=child.group,
        extra_groups=None if child.group is None else [],
    )


def _signal_process(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)


def _bound_log(log: Path) -> None:
    """Start a new file when the old one is large; one predecessor is kept."""
    if log.exists() and log.stat().st_size > _LOG_KEEP_BYTES:
        log.replace(log.with_suffix(log.suffix + ".1"))


def command_of(pid: int) -> str:
    """The command line of a process; empty if there is no such process or it is a zombie."""
    import psutil

    try:
        return " ".join(psutil.Process(pid).cmdline())
    except psutil.NoSuchProcess:
        return ""


def children_of(pid: int) -> list[int]:
    """Ids of the processes that this one started and that still run."""
    import psutil

    try:
        return [child.pid for child in psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def end(pid: int, number: signal.Signals, seconds: float = 5.0) -> None:
    """Signal a process that is not our child, wait until it is gone, kill it if that takes longer than `seconds`."""
    for last_word in (number, signal.SIGKILL):
        _signal_process(pid, last_word)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not command_of(pid):
                return
            time.sleep(_POLL_SECONDS)


class Reaper:
    """The process that ends the children of an owner that died. Started with the first child; safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(__file__).with_name("reaper.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._owner = os.getpid()
        atexit.register(self.close)

    def watch(self, pid: int, stop_signal: signal.Signals) -> None:
        """End this process group when the owner is gone."""
        self._tell(f"+ {pid} {int(stop_signal)}\n")

    def forget(self, pid: int) -> None:
        """It has ended; its number may be given to a stranger."""
        self._tell(f"- {pid}\n")

    @property
    def is_ours(self) -> bool:
        """False in a process that was forked from the owner."""
        return self._owner == os.getpid()

    def close(self) -> None:
        """End what is still watched, and the reaper with it."""
        if self.is_ours and self._process.stdin is not None:
            self._process.stdin.close()
            self._process.wait()

    def _tell(self, line: str) -> None:
        pipe = self._process.stdin
        if pipe is None or pipe.closed or not self.is_ours:
            return
        with (
            self._lock,
            contextlib.suppress(BrokenPipeError),
        ):  # without a reaper the children are still stopped in order
            pipe.write(line.encode())
            pipe.flush()


_reaper: Reaper | None = None
_reaper_lock = threading.Lock()


def reaper() -> Reaper:
    """The one reaper of this process."""
    global _reaper
    with _reaper_lock:
        if _reaper is None or not _reaper.is_ours:
            _reaper = Reaper()
        return _reaper
