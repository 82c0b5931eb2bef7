"""What a connector makes of its answer: result variable, result expression and error expression (FEEL).

    resultVariable      the whole answer becomes this variable
    resultExpression    a context; its entries become variables. Sees `response` and the answer's own entries
    errorExpression     after the call, also a successful one. Sees the same, and `error` (code, message, variables)
                        when the call failed. Answers null (nothing special), or one of

    bpmnError(code, message, variables)                          the modelled error
    jobError(message, variables, retries, retryBackoff)          a failure; retries 0: an incident at once
    ignoreError(variables)                                       the call counts as a success

All arguments but the first are optional; bpmnError and the others may also be called with named arguments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, cast

from temporalio.exceptions import ApplicationError

from activities.connectors.failures import ConnectorFailure, final
from dmn import feel
from interpreter.workflow import contract
from interpreter.workflow.jobs import parse_duration

_KIND: Final = "errorType"


@dataclass(frozen=True, slots=True)
class Outcome:
    """`result` is the element's alone (its output mappings see it); `variables` are set."""

    result: Any = None
    variables: dict[str, Any] = field(default_factory=dict[str, Any])

    def to_json(self) -> dict[str, Any]:
        """What the activity answers."""
        return {"result": self.result, "variables": self.variables}


class _Maker(feel.FeelFunction):
    """Makes a context of what it is given; parameters that are left out are null."""

    __slots__ = ()

    def __init__(self, name: str, *params: str) -> None:
        super().__init__(name, [feel.Param(param) for param in params])

    def invoke(self, run: feel.Run, args: Sequence[Any]) -> Any:
        if len(args) > len(self.params):
            run.warn("INVALID_ARGUMENT", f"Expected at most {len(self.params)} argument(s) for {self.name!r}")
            return None
        return self.invoke_named(run, {param.name: value for param, value in zip(self.params, args, strict=False)})

    def invoke_named(self, run: feel.Run, args: Mapping[str, Any]) -> Any:
        names = [param.name for param in self.params]
        if any(name not in names for name in args):
            run.warn("INVALID_ARGUMENT", f"Expected the parameters {names} for {self.name!r} but found {list(args)}")
            return None
        return {_KIND: self.name, **{name: args.get(name) for name in names}}


_FUNCTIONS: Final = {
    function.name: function
    for function in (
        _Maker("bpmnError", "code", "message", "variables"),
        _Maker("jobError", "message", "variables", "retries", "retryBackoff"),
        _Maker("ignoreError", "variables"),
    )
}


def succeed(answer: Mapping[str, Any], headers: Mapping[str, Any]) -> Outcome:
    """The outcome of a call that succeeded. ApplicationError if the error expression finds something wrong."""
    special = _judge(headers, answer, None)
    if special is not None:
        return special
    variables: dict[str, Any] = {}
    name = headers.get("resultVariable")
    if isinstance(name, str) and name.strip():
        variables[name.strip()] = dict(answer)
    expression = headers.get("resultExpression")
    if isinstance(expression, str) and expression.strip():
        value = _evaluate(expression, {**answer, "response": dict(answer)}, "resultExpression")
        if value is not None:
            if not isinstance(value, dict):
                raise final(f"Expected the resultExpression to yield a context but it was {type(value).__name__}.")
            variables |= cast("dict[str, Any]", value)
    return Outcome(dict(answer), variables)


def fail(failure: ConnectorFailure, headers: Mapping[str, Any]) -> Outcome:
    """The outcome of a call that failed, if the error expression says to ignore it. Otherwise raises ApplicationError
    or `failure` itself."""
    special = _judge(headers, failure.details, failure)
    if special is not None:
        return special
    backoff = headers.get("retryBackoff")
    if failure.temporary and failure.after is None and isinstance(backoff, str) and backoff.strip():
        failure.after = _duration(backoff, "retryBackoff")
    raise failure


def _judge(headers: Mapping[str, Any], answer: Mapping[str, Any], failure: ConnectorFailure | None) -> Outcome | None:
    expression = headers.get("errorExpression")
    if not isinstance(expression, str) or not expression.strip():
        return None
    error = None
    if failure is not None:
        variables = {"response": dict(answer)} if answer else {}
        error = {"code": failure.code, "message": failure.message, "variables": variables}
    value = _evaluate(expression, {**answer, "response": dict(answer) or None, "error": error}, "errorExpression")
    if value is None:
        return None
    found: dict[str, Any] = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    variables = found.get("variables")
    if variables is None:
        variables = {}
    if not isinstance(variables, dict):
        raise final("Expected the variables that the errorExpression hands over to be a context but they are not.")
    message = str(found.get("message") or (failure.message if failure is not None else ""))
    match found.get(_KIND):
        case "bpmnError":
            code = str(found.get("code") or "")
            raise ApplicationError(message, code, message, variables, type=contract.BPMN_ERROR, non_retryable=True)
        case "jobError":
            retries = found.get("retries")
            again = bool(retries) if isinstance(retries, int | float) else failure is None or failure.temporary
            pause = found.get("retryBackoff")
            raise ApplicationError(
                message,
                type="Connector",
                non_retryable=not again,
                next_retry_delay=_duration(str(pause), "retryBackoff") if pause else None,
            )
        case "ignoreError":
            return Outcome(dict(answer), cast("dict[str, Any]", variables))
        case _:
            raise final(
                "Expected the errorExpression to yield null or what bpmnError(...), jobError(...) or ignoreError(...) "
                "answer, but it was something else."
            )


def _evaluate(text: str, scope: Mapping[str, Any], what: str) -> Any:
    text = text.strip().removeprefix("=")
    try:
        compiled = feel.compile_expression(text, dialect="camunda")
    except feel.FeelSyntaxError as error:
        raise final(f"Expected the {what} to be FEEL but: {error}") from None
    result = compiled.evaluate({**_FUNCTIONS, **scope}, now=datetime.now(UTC))
    for warning in result.warnings:
        if warning.code == "LIMIT":
            raise final(f"Expected the {what} to stay within its limits but: {warning.message}")
    return feel.to_json(result.value)


def _duration(text: str, name: str) -> Any:
    try:
        return parse_duration(text, name)
    except ValueError as error:
        raise final(str(error)) from None
