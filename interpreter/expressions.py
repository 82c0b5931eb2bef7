"""Expressions of a definition, evaluated against the variables that an element instance sees.

FEEL gets only the variables that the expression names, converted; JUEL reads variables as they are. Whatever goes
wrong is a `Failure` with one sentence that names the expression.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from dmn import feel
from interpreter import calendar, juel
from interpreter.definition import Expression, FlowNode
from interpreter.failures import Failure
from interpreter.values import JsonValue, Millis, Typed, VariableValue
from interpreter.variables import MISSING, lookup

if TYPE_CHECKING:
    from interpreter.machine import Machine

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_feel_names: dict[str, tuple[Any, tuple[str, ...]]] = {}
_CACHE_LIMIT = 20_000


def evaluate(m: Machine, expression: Expression, element: int, extra: Mapping[str, Any] | None = None) -> VariableValue:
    """The value of `expression` as seen from `element`; `extra` are names that hide variables."""
    language = expression.language
    if language == "literal":
        return expression.text if expression.value is None else expression.value
    if language == "feel":
        return _evaluate_feel(m, expression.text, element, extra)
    if language == "juel":
        return juel.evaluate(m, expression.text, element, extra)
    if language == "variable":
        value = (
            extra[expression.text]
            if extra is not None and expression.text in extra
            else lookup(m.state, element, expression.text)
        )
        return None if value is MISSING else value
    if language == "null":
        return None
    if language == "list":
        return [evaluate(m, part, element, extra) for part in expression.parts]
    if language == "map":
        return {
            name: evaluate(m, part, element, extra)
            for name, part in zip(expression.names, expression.parts, strict=True)
        }
    raise Failure(
        f"Expected an expression in FEEL or JUEL but its language was {language!r}: {_short(expression.text)}",
    )


def _evaluate_feel(m: Machine, text: str, element: int, extra: Mapping[str, Any] | None) -> Any:
    known = _feel_names.get(text)
    if known is None:
        try:
            compiled = feel.compile_expression(text, dialect="camunda")
        except feel.FeelSyntaxError as error:
            raise Failure(f"Expected a FEEL expression but {_short(text)} was not: {error}") from None
        known = (compiled, feel.names_used(compiled))
        if len(_feel_names) >= _CACHE_LIMIT:
            _feel_names.clear()
        _feel_names[text] = known
    compiled, names = known
    scope: dict[str, Any] = {}
    for name in names:
        value = extra[name] if extra is not None and name in extra else lookup(m.state, element, name)
        if value is not MISSING:
            scope[name] = to_feel(value)
    try:
        return feel.to_json(compiled.call(scope, EPOCH + timedelta(milliseconds=m.now)))
    except feel.FeelLimitError as error:
        raise Failure(f"Expected the FEEL expression {_short(text)} to stay within its limits but {error}") from None


def to_feel(value: VariableValue) -> Any:
    """A variable value as a FEEL value."""
    if type(value) is Typed:
        if value.type == "Date" and isinstance(value.value, str):
            found = feel.parse_temporal(value.value)
            return value.value if found is None else found
        return feel.from_json(value.value)
    return feel.from_json(value)


def condition(
    m: Machine, expression: Expression, element: int, what: str, extra: Mapping[str, Any] | None = None
) -> bool:
    """The truth of a condition; a Failure when it is neither true nor false."""
    value = evaluate(m, expression, element, extra)
    if type(value) is Typed:
        value = value.value
    if value is True or value is False:
        return value
    if expression.language == "literal" and str(value).strip() in ("true", "false"):
        return str(value).strip() == "true"
    raise Failure(
        f"Expected the condition of {what} to be true or false but {_short(expression.text)} "
        f"was {_short(repr(value))}.",
        "condition",
    )


def text(m: Machine, expression: Expression | None, element: int, what: str) -> str | None:
    """A string (or None); numbers are written out."""
    if expression is None:
        return None
    value = plain(evaluate(m, expression, element))
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise Failure(f"Expected {what} to be a string but it was {_short(repr(value))}.")


def required_text(m: Machine, expression: Expression | None, element: int, what: str) -> str:
    """A string that is not empty."""
    value = text(m, expression, element, what)
    if not value:
        raise Failure(f"Expected {what} but it was {'empty' if value == '' else 'null'}.")
    return value


def whole(m: Machine, expression: Expression, element: int, what: str) -> int:
    """A whole number: a number (cut off) or a string that says one."""
    value = plain(evaluate(m, expression, element))
    if isinstance(value, bool) or value is None:
        raise Failure(f"Expected {what} to be a number but it was {value!r}.")
    if isinstance(value, int | float):
        return int(value)
    if isinstance(value, str):
        try:
            return int(value.strip())
        except ValueError:
            pass
    raise Failure(f"Expected {what} to be a number but it was {_short(repr(value))}.")


def names(m: Machine, expression: Expression | None, element: int, what: str) -> tuple[str, ...]:
    """A list of names: a list, or a string with commas."""
    if expression is None:
        return ()
    value = plain(evaluate(m, expression, element))
    if value is None:
        return ()
    if isinstance(value, str):
        return tuple([part.strip() for part in value.split(",") if part.strip()])
    if isinstance(value, list):
        parts = cast("list[Any]", value)
        if all(isinstance(part, str) for part in parts):
            return tuple(parts)
    raise Failure(f"Expected {what} to be a list of names but it was {_short(repr(cast(Any, value)))}.")


def instant(m: Machine, expression: Expression | None, element: int, what: str) -> Millis | None:
    """A date (ISO 8601, or a period from now) in ms."""
    if expression is None:
        return None
    value = plain(evaluate(m, expression, element))
    if value is None or value == "":
        return None
    try:
        if isinstance(value, str):
            return calendar.instant_or_period(value, m.now)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    except ValueError as error:
        raise Failure(f"Expected {what} to be a date but: {error}") from None
    raise Failure(f"Expected {what} to be a date but it was {_short(repr(value))}.")


def priority(m: Machine, node: FlowNode, element: int) -> int:
    """Priority of the jobs of `node`: 0 when its expression cannot be evaluated yet."""
    if node.priority is None:
        default = m.definition.data.get("job_priority")
        return default if isinstance(default, int) else 0
    return whole(m, node.priority, element, f"the priority of {node.id!r}")


def retry_cycle(m: Machine, node: FlowNode, element: int, cycle: Expression | None) -> tuple[int, tuple[Millis, ...]]:
    """Attempts and pauses of jobs of `node`: `R5/PT5M` or a list of periods; Camunda's default without."""
    if cycle is None:
        return 3, ()
    value = text(m, cycle, element, f"the retry cycle of {node.id!r}")
    found = calendar.retry_cycle(value or "")
    return found if found is not None else (3, ())


def plain(value: VariableValue) -> JsonValue:
    """A variable value without its type."""
    return value.value if type(value) is Typed else value


def _short(text: str, limit: int = 120) -> str:
    text = " ".join(text.split())
    return repr(text) if len(text) <= limit else repr(text[:limit] + "...")
