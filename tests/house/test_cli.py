"""The command line: quick help, lazy commands, errors without tracebacks."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

from ostinato.cli import COMMANDS, CONFORMANCE, build


def ostinato(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ostinato", *words],
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "100", **environment},
        check=False,
    )


def test_help_lists_every_command_and_imports_none() -> None:
    done = ostinato("--help")
    assert done.returncode == 0
    assert [name for name in COMMANDS if f" {name} " not in done.stdout] == []
    program = (
        "import sys\nfrom ostinato.cli import build\nbuild(['--help'])\n"
        "print([m for m in sys.modules if m.startswith('ostinato.commands')])"
    )
    imported = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert imported.strip() == "[]"


def test_help_is_quick() -> None:
    best = min(_seconds("--help") for _ in range(3))
    assert best < 1.0, "the budget is 0.4 s on a quiet machine"


def _seconds(*words: str) -> float:
    """Processor time, so that other work on the machine counts little."""
    before = os.times()
    ostinato(*words)
    after = os.times()
    return (after.children_user + after.children_system) - (before.children_user + before.children_system)


def test_version() -> None:
    done = ostinato("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("ostinato 0.")


def test_a_users_error_is_one_line_without_a_traceback() -> None:
    done = ostinato("worker", OSTINATO_DATABASE_URL="", OSTINATO_TEMPORAL_ADDRESS="")
    assert done.returncode == 1
    assert "Expected OSTINATO_DATABASE_URL" in done.stderr
    assert "Traceback" not in done.stderr


def test_debug_shows_the_traceback() -> None:
    done = ostinato("worker", OSTINATO_DATABASE_URL="", OSTINATO_DEBUG="1")
    assert "Traceback" in done.stderr


def test_an_unknown_command_is_wrong_usage() -> None:
    done = ostinato("nonsense")
    assert done.returncode == 2
    assert "nonsense" in done.stderr


@pytest.mark.parametrize("entry", [*COMMANDS.values(), *CONFORMANCE.values()], ids=lambda entry: entry.target)
def test_every_command_exists_and_has_help(entry: object) -> None:
    assert find_spec(entry.target.partition(":")[0]) is not None  # type: ignore[attr-defined]  # ids want an object
    function = entry.load()  # type: ignore[attr-defined]  # as above
    assert callable(function)
    assert function.__doc__


def test_options_of_a_command_are_shown_by_its_own_help() -> None:
    done = ostinato("dev", "--help")
    assert done.returncode == 0
    assert "--durable" in done.stdout


def test_only_the_named_command_is_loaded() -> None:
    app = build(["-x", "dev", "worker"])
    callbacks = {command.name: command.callback.__name__ for command in app.registered_commands if command.callback}
    assert callbacks["dev"] == "dev"
    assert callbacks["worker"] == "_not_loaded"
