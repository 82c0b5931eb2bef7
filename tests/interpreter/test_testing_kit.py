"""The test kit: traces, work by name, the clock, coverage and its pytest option."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ostinato.errors import UserError
from ostinato.testing import Coverage, World, bpmn, run
from ostinato.testing.work import BpmnError, Job


def order() -> object:
    b = bpmn("order").start().user_task("approve").exclusive("ok").when("= approved").service_task("ship", type="ship")
    return b.end("done").otherwise(at="ok").end("refused")


def test_a_process_is_driven_by_name_and_read_by_its_trace() -> None:
    r = run(order(), amount=5)
    assert r.trace() == "+start -start >start-approve +approve ?approve"
    r.complete("approve", approved=True).complete("ship")
    assert r.ended
    assert r.outcome == "completed"
    assert r.trace("+") == "+start +approve +ok +ship +done"
    assert r.variables == {"amount": 5, "approved": True}


def test_handlers_do_the_work() -> None:
    def ship(job: Job) -> dict[str, object]:
        if job.variables["amount"] > 10:
            raise BpmnError("too-much")
        return {"shipped": True}

    r = run(order(), handlers={"ship": ship}, amount=5)
    assert r.complete("approve", approved=True).variables["shipped"] is True
    heavy = run(order(), handlers={"ship": ship}, profile="spec", amount=50).complete("approve", approved=True)
    assert heavy.trace("#") == "#ship"


def test_what_is_not_there_is_said() -> None:
    r = run(order())
    with pytest.raises(AssertionError, match="open ones are: approve"):
        r.complete("zzz")
    with pytest.raises(UserError, match="'order'"):
        World(order()).start("zzz")


def test_processes_talk_to_each_other() -> None:
    asker = bpmn("asker").start().throw("ask", message="question").catch("wait", message="answer").end()
    answerer = bpmn("answerer").start("in", message="question").end("out", message="answer")
    world = World(asker, answerer)
    assert world.start("asker").state.waits or world.runs["asker-1"].ended
    assert {r.definition.process_id for r in world.runs.values()} == {"asker", "answerer"}


def test_coverage_counts_nodes_and_flows(tmp_path: Path) -> None:
    with Coverage() as coverage:
        run(order()).complete("approve", approved=False)
    found = next(iter(coverage.processes.values()))
    assert found.missed == ["ship", "done", "ok-ship", "ship-done"]
    assert "order: " in coverage.text()
    page = coverage.write(tmp_path)[0].read_text(encoding="utf-8")
    assert "<svg" in page
    assert page.count('class="shape missed"') == 2


def test_the_pytest_option(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "from ostinato.testing import bpmn, run\n"
        "def test_it():\n    assert run(bpmn('tiny').start().task('t').end()).ended\n"
    )
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            *([] if _is_installed() else ["-p", "ostinato.pytest_plugin"]),
            "-p",
            "no:cacheprovider",
            f"--rootdir={tmp_path}",
            f"--bpmn-coverage={tmp_path / 'out'}",
            str(tmp_path),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).resolve().parents[2],
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "tiny: 100%" in done.stdout
    assert len(list((tmp_path / "out").glob("tiny-*.html"))) == 1


def _is_installed() -> bool:
    from importlib.metadata import entry_points

    return any(e.value == "ostinato.pytest_plugin" for e in entry_points(group="pytest11"))


def test_importing_the_kit_imports_no_room() -> None:
    code = (
        "import sys, ostinato.testing; print([m for m in ('interpreter', 'dmn', 'store', 'api') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).resolve().parents[2],
    )
    assert done.stdout.strip() == "[]"
