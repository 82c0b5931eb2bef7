"""Child processes: readiness, orderly end, kill, and the death of the owner."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ostinato.dev.ports import free_port, is_free
from ostinato.dev.processes import Child, StartError, command_of

ENVIRONMENT = {"PATH": os.defpath}


def child(tmp_path: Path, program: str, **options: object) -> Child:
    return Child("test", [sys.executable, "-c", program], tmp_path / "log", ENVIRONMENT, **options)  # type: ignore[arg-type]  # keywords of the dataclass


def gone(pid: int, seconds: float = 20.0) -> bool:
    deadline = time.monotonic() + seconds
    while command_of(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_a_child_that_exits_early_is_reported_with_its_log(tmp_path: Path) -> None:
    broken = child(tmp_path, "print('no such thing'); raise SystemExit(3)")
    broken.start()
    with pytest.raises(StartError, match=r"exited with code 3\n +no such thing"):
        broken.wait_until(lambda: False, 10)
    broken.stop()


def test_a_child_that_is_never_ready_is_reported(tmp_path: Path) -> None:
    slow = child(tmp_path, "import time; time.sleep(60)")
    slow.start()
    with pytest.raises(StartError, match="ready within 0.1 s"):
        slow.wait_until(lambda: False, 0.1)
    slow.stop()
    assert not slow.is_running


def test_a_command_that_is_not_there_is_reported(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="No such file"):
        Child("test", ["/no/such/program"], tmp_path / "log").start()


def test_stop_asks_first_and_kills_the_whole_group_after_the_time_limit(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    program = (
        "import signal, subprocess, sys, time, pathlib\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "inner = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"pathlib.Path({str(ready)!r}).write_text(str(inner.pid))\n"
        "time.sleep(60)"
    )
    stubborn = child(tmp_path, program, stop_seconds=0.3)
    stubborn.start()
    stubborn.wait_until(lambda: ready.exists() and ready.read_text() != "", 10)
    inner = int(ready.read_text())
    outer = stubborn.pid
    assert outer is not None
    stubborn.stop()
    assert gone(outer)
    assert gone(inner)
    stubborn.start()
    assert stubborn.is_running
    stubborn.kill()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_children_end_when_their_owner_dies(tmp_path: Path, number: signal.Signals) -> None:
    program = (
        "import pathlib, sys, threading, time\n"
        "from ostinato.dev.processes import Child\n"
        f"log = pathlib.Path({str(tmp_path)!r}, 'log')\n"
        "c = Child('c', [sys.executable, '-c', 'import time; time.sleep(60)'], log)\n"
        # started by a thread that ends: the kernel's parent-death signal would fire at once
        "t = threading.Thread(target=c.start); t.start(); t.join()\n"
        "time.sleep(0.2)\n"
        "print(c.pid if c.is_running else 'dead', flush=True)\n"
        "time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        owner.send_signal(number)
    assert gone(pid)


def test_a_busy_port_is_moved() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        busy = listener.getsockname()[1]
        assert not is_free(busy)
        other = free_port(busy)
        assert other != busy
        assert is_free(other)
    assert free_port(busy) == busy
    assert free_port(busy, taken={busy}) != busy
