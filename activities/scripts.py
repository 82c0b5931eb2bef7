"""Scripts in JavaScript, in a sandbox: no files, no network, no clock of ours, bounded memory, stack and time.

Off unless the settings allow the language by name. The script runs in a process of its own (a crash of the
interpreter hurts no instance), sees the variables as globals and as Camunda's `execution`, and its last value is the
result:

    execution.setVariable("total", price * amount);
    total > 100
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Final

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.script_process import ScriptError, run_limited
from interpreter import codec
from interpreter.values import Typed
from interpreter.workflow import contract

JAVASCRIPT: Final = frozenset({"javascript", "ecmascript", "js", "graal.js"})
TIME_LIMIT: Final = 2.0
_PATIENCE: Final = 5.0
_PROCESSES: Final = 2


class ScriptActivities:
    """See the module; one per process. `allowed` are names of languages as models write them."""

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        names = {name.strip().lower() for name in allowed}
        self._allowed = names | (JAVASCRIPT if names & JAVASCRIPT else frozenset[str]())
        self._pool: ProcessPoolExecutor | None = None

    @activity.defn(name=contract.ACTIVITY_SCRIPT)
    async def run(self, job: dict[str, Any]) -> dict[str, Any]:
        """Run the script of `job`: {"value": its last value, "variables": what it set}. What is wrong with it is not
        retried."""
        language, script = str(job["type"]).lower(), (job.get("headers") or {}).get("script")
        if language not in self._allowed:
            raise _final(
                f"Expected a script in FEEL or JUEL but it is in {job['type']!r}, which is not allowed here. Allow the "
                "language in the engine's settings (OSTINATO_SCRIPTS) or make the task a job for a worker."
            )
        if language not in JAVASCRIPT:
            raise _final(f"Expected a script in JavaScript but it is in {job['type']!r}, which nothing here runs.")
        if not isinstance(script, str):
            raise _final("Expected the script in the model but it is in a resource, which is not supported.")
        variables = {name: _plain(codec.decode_value(value)) for name, value in (job.get("variables") or {}).items()}
        context = {name: job.get(name) for name in ("instance_id", "business_key", "node", "process_id")}
        return await self._run(script, json.dumps(variables), json.dumps(context))

    async def _run(self, script: str, variables: str, context: str) -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        if self._pool is None:
            self._pool = ProcessPoolExecutor(_PROCESSES, mp_context=multiprocessing.get_context("spawn"))
        try:
            async with asyncio.timeout(_PATIENCE + TIME_LIMIT):
                answer = await loop.run_in_executor(self._pool, run_limited, script, variables, context, TIME_LIMIT)
        except ScriptError as error:
            raise _final(str(error)) from error
        except (BrokenProcessPool, TimeoutError) as error:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None
            raise ApplicationError("Expected the script to end but its process died or hung.") from error
        return json.loads(answer)

    def close(self) -> None:
        """End the processes."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Typed) else value


def _final(message: str) -> ApplicationError:
    return ApplicationError(message, type="Script", non_retryable=True)
