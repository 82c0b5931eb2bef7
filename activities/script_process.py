"""The inside of the script sandbox: what runs in the process of its own. Imports nothing of the engine."""

from __future__ import annotations

from typing import Final

import quickjs

try:
    import resource
except ImportError:  # Windows
    resource = None

MEMORY_LIMIT: Final = 64 * 1024 * 1024
STACK_LIMIT: Final = 512 * 1024
RESULT_LIMIT: Final = 2 * 1024 * 1024

_PRELUDE: Final = """
(function (global) {
    const variables = JSON.parse(global.__variables), context = JSON.parse(global.__context);
    const written = {}, local = {};
    delete global.__variables; delete global.__context;
    for (const name of Object.keys(variables)) if (!(name in global)) global[name] = variables[name];
    const execution = {
        getVariable: name => name in written ? written[name] : name in variables ? variables[name] : null,
        getVariables: () => Object.assign({}, variables, written),
        hasVariable: name => name in written || name in variables,
        setVariable: (name, value) => { written[name] = value === undefined ? null : value; global[name] = value; },
        getProcessInstanceId: () => context.instance_id,
        getProcessBusinessKey: () => context.business_key,
        getBusinessKey: () => context.business_key,
        getCurrentActivityId: () => context.node,
        processInstanceId: context.instance_id, businessKey: context.business_key,
    };
    execution.setVariableLocal = (name, value) => {
        local[name] = value === undefined ? null : value;
        global[name] = value;
    };
    execution.getVariableLocal = name => name in local ? local[name] : execution.getVariable(name);
    global.execution = execution;
    global.__finish = value => JSON.stringify(
        {value: value === undefined ? null : value, variables: written, local: local});
})(globalThis);
"""


class ScriptError(Exception):
    """The script is wrong, or wanted more than it may have."""


def run_limited(script: str, variables: str, context: str, seconds: float) -> str:
    """`run_javascript` in a process that may be killed: some of the interpreter's own loops (joining a huge sparse
    array) look at no clock, so the operating system ends the process when it has used more than its share."""
    if resource is not None:
        used = resource.getrusage(resource.RUSAGE_SELF)
        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        share = int(used.ru_utime + used.ru_stime + seconds) + 2
        if hard == resource.RLIM_INFINITY or share < hard:
            resource.setrlimit(resource.RLIMIT_CPU, (share, hard))
    return run_javascript(script, variables, context, seconds)


def run_javascript(script: str, variables: str, context: str, seconds: float) -> str:
    """Run `script` with variables and context given as JSON objects; JSON {"value", "variables", "local"}. Raises
    ScriptError."""
    sandbox = quickjs.Context()
    sandbox.set_memory_limit(MEMORY_LIMIT)
    sandbox.set_max_stack_size(STACK_LIMIT)
    sandbox.set_time_limit(seconds)
    try:
        sandbox.set("__variables", variables)
        sandbox.set("__context", context)
        sandbox.eval(_PRELUDE)
        sandbox.set("__script", script)
        answer = sandbox.eval("__finish((0, eval)(__script))")
    except quickjs.JSException as error:
        message = str(error).strip()
        if message.startswith("InternalError: interrupted"):
            raise ScriptError(f"Expected the script to end within {seconds:g} s but it did not.") from None
        if message in ("null", "") or "out of memory" in message or "string too long" in message:
            limit = MEMORY_LIMIT >> 20
            raise ScriptError(f"Expected the script to use at most {limit} MB but it wanted more.") from None
        raise ScriptError(f"Expected the script to run but: {message}"[:2000]) from None
    if not isinstance(answer, str):
        raise ScriptError("Expected a result that JSON can say but the script's is none.")
    if len(answer) > RESULT_LIMIT:
        raise ScriptError(f"Expected a result of at most {RESULT_LIMIT >> 20} MB but it was {len(answer) >> 20} MB.")
    return answer
