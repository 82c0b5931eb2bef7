"""Scripts: what they see, what they may, what they are refused."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from activities.script_process import ScriptError, run_javascript, run_limited
from activities.scripts import ScriptActivities


@pytest.fixture(scope="module")
def scripts() -> Iterator[ScriptActivities]:
    activities = ScriptActivities(["javascript"])
    yield activities
    activities.close()


def _job(script: str, language: str = "javascript", **variables: Any) -> dict[str, Any]:
    return {"type": language, "headers": {"script": script}, "variables": variables, "instance_id": "i", "node": "n"}


@pytest.mark.parametrize(
    ("script", "value", "variables"),
    [
        ("price * amount", 12, {}),
        ("execution.setVariable('total', price * amount); total + 1", 13, {"total": 12}),
        ("execution.getVariable('nothing')", None, {}),
        ("var list = [1, {a: null}]; list", [1, {"a": None}], {}),
        ("execution.getProcessInstanceId() + execution.getCurrentActivityId()", "in", {}),
        ("order.items.length", 2, {}),
        ("undefined", None, {}),
    ],
)
async def test_result_and_variables(
    scripts: ScriptActivities, script: str, value: Any, variables: dict[str, Any]
) -> None:
    answer = await scripts.run(_job(script, price=3, amount=4, order={"items": [1, 2]}))
    assert answer == {"value": value, "variables": variables, "local": {}}


async def test_local_variables_stay_with_the_task(scripts: ScriptActivities) -> None:
    answer = await scripts.run(_job("execution.setVariableLocal('a', 1); execution.setVariable('b', a + 1); a + b"))
    assert answer == {"value": 3, "variables": {"b": 2}, "local": {"a": 1}}


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("while (true) {}", "within"),
        ("let a = []; while (true) a.push(new Array(100000).fill(1))", "MB"),
        ("(function f() { f() })()", "stack"),
        ("throw new Error('no stock')", "no stock"),
        ("this is not javascript", "SyntaxError"),
        ("missing + 1", "missing"),
        ("10n", "BigInt"),
        ("require('fs')", "require"),
        ("std.open('/etc/passwd')", "std"),
        ("'x'.repeat(3 * 1024 * 1024)", "MB"),
    ],
)
def test_what_a_script_may_not(script: str, message: str) -> None:
    with pytest.raises(ScriptError, match=message):
        run_javascript(script, "{}", "{}", 0.3)


def test_a_loop_that_looks_at_no_clock_is_ended_by_the_system() -> None:
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=run_limited, args=("Array(2 ** 28).join('x')", "{}", "{}", 0.1))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGXCPU


async def test_a_language_must_be_allowed_by_name(scripts: ScriptActivities) -> None:
    with pytest.raises(ApplicationError, match="not allowed"):
        await ScriptActivities().run(_job("1"))
    with pytest.raises(ApplicationError, match="groovy"):
        await scripts.run(_job("1", "groovy"))
    assert (await scripts.run(_job("1", "ECMAScript")))["value"] == 1
