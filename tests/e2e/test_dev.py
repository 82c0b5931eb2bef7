"""`ostinato dev` as a user sees it: addresses at the end, Ctrl-C leaves nothing, the second start continues."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from ostinato.dev.postgres import PostgresServer
from ostinato.dev.temporal import TemporalServer

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

PROCESS = b"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="http://example.org">
  <process id="patience" isExecutable="true">
    <startEvent id="start"/>
    <sequenceFlow id="a" sourceRef="start" targetRef="wait"/>
    <userTask id="wait" name="Wait"/>
    <sequenceFlow id="b" sourceRef="wait" targetRef="end"/>
    <endEvent id="end"/>
  </process>
</definitions>"""


class Dev:
    """One `ostinato dev` in a process of its own."""

    def __init__(self, directory: Path, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ostinato", "dev", "--dir", str(directory)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "COLUMNS": "200", **environment},
        )
        self.output = ""

    def wait_until_ready(self) -> str:
        """Root of the REST API, as printed."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output += line
            if line.startswith("Ready after"):
                return self.address("REST API")
        raise AssertionError(f"Expected 'Ready after' but the output was:\n{self.output}")

    def address(self, name: str) -> str:
        found = re.search(rf"{name}\s+(\S+)", self.output)
        assert found, self.output
        return found[1]

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        assert self.process.stdout is not None
        self.output += self.process.stdout.read()
        self.process.stdout.close()
        return self.process.wait(60)


def processes_in(directory: Path) -> list[str]:
    """Command lines of the processes that work in or for the directory."""
    found: list[str] = []
    for process in psutil.process_iter():
        try:
            words = [*process.cmdline(), process.environ().get("OSTINATO_HOME", "")]
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        if any(str(directory) in word for word in words):
            found.append(" ".join(words))
    return found


def assert_nothing_left(directory: Path) -> None:
    deadline = time.monotonic() + 20
    while left := processes_in(directory):
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


@pytest.fixture
def directory() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="ostinato-"))
    yield path
    shutil.rmtree(path)


def test_an_instance_survives_ctrl_c_and_the_death_of_everything(directory: Path) -> None:
    first = Dev(directory)
    engine = first.wait_until_ready()
    deployed = httpx.post(f"{engine}/deployment/create", files={"data": ("patience.bpmn", PROCESS)})
    assert deployed.status_code == 200, deployed.text
    started = httpx.post(f"{engine}/process-definition/key/patience/start", json={})
    assert started.status_code == 200, started.text
    instance = started.json()["id"]
    assert first.end(signal.SIGINT) == 0
    assert "Stopped" in first.output
    assert_nothing_left(directory)

    second = Dev(directory)
    engine = second.wait_until_ready()
    tasks = httpx.get(f"{engine}/task", params={"processInstanceId": instance}).json()
    assert [task["name"] for task in tasks] == ["Wait"]
    second.end(signal.SIGKILL)
    assert_nothing_left(directory)

    third = Dev(directory)
    engine = third.wait_until_ready()
    assert httpx.post(f"{engine}/task/{tasks[0]['id']}/complete", json={}, timeout=30).status_code == 204
    assert httpx.get(f"{engine}/process-instance/{instance}").status_code == 404
    assert third.end(signal.SIGTERM) == 0
    assert_nothing_left(directory)


def test_busy_ports_are_moved_and_a_dead_part_comes_back(directory: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        busy = listener.getsockname()[1]
        dev = Dev(directory, OSTINATO_API_PORT=str(busy))
        engine = dev.wait_until_ready()
        assert f":{busy}/" not in engine
        workers = [p for p in psutil.Process(dev.process.pid).children() if p.cmdline()[-1:] == ["worker"]]
        assert len(workers) == 1
        workers[0].kill()
        assert dev.process.stdout is not None
        lines = iter(dev.process.stdout.readline, "")
        assert any("worker" in line and "died" in line for line in lines)
        assert any("worker" in line and "ready" in line for line in lines)
        assert dev.end(signal.SIGINT) == 0
    assert_nothing_left(directory)


def test_a_second_stack_in_the_same_folder_is_refused(directory: Path) -> None:
    first = Dev(directory)
    first.wait_until_ready()
    second = Dev(directory)
    assert second.process.stdout is not None
    said = second.process.stdout.read()
    second.process.stdout.close()
    assert second.process.wait(30) == 1
    assert f"process {first.process.pid} runs one" in said
    first.end(signal.SIGINT)


def test_external_servers_are_used_and_left_alone(
    directory: Path, postgres: PostgresServer, temporal: TemporalServer
) -> None:
    name = f"external_{directory.name}"
    dev = Dev(
        directory,
        OSTINATO_DATABASE_URL=postgres.create_database(name),
        OSTINATO_TEMPORAL_ADDRESS=temporal.address,
        OSTINATO_TASK_QUEUE=name,
    )
    engine = dev.wait_until_ready()
    assert httpx.get(f"{engine}/process-definition").json() == []
    assert dev.address("Temporal") == temporal.address
    assert dev.end(signal.SIGINT) == 0
    assert sorted(path.name for path in directory.iterdir()) == ["lock", "logs", "run"]
    assert postgres.is_running
    assert temporal.is_running
    postgres.drop_database(name)
