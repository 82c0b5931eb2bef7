"""Arithmetic, comparison and coercion of EL 2.2, section 1.7 and 1.8."""

from __future__ import annotations

import math
from typing import Any, cast

from interpreter.failures import Failure
from interpreter.juel.values import Moment

MAX_TEXT = 4_000_000


def number(value: Any) -> int | float:
    """Coerce to a number: null and "" are 0."""
    if value is None or value == "":
        return 0
    if isinstance(value, bool):
        raise Failure(f"Expected a number but it was {value!r}.".replace("True", "true").replace("False", "false"))
    if isinstance(value, int | float):
        return value
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            try:
                return float(value)
            except ValueError:
                pass
    raise Failure(f"Expected a number but it was {value!r:.80}.")


def boolean(value: Any) -> bool:
    """Coerce to a boolean: null and "" are false, text is true when it says so."""
    if value is None or value == "":
        return False
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value.lower() == "true"
    raise Failure(f"Expected true or false but it was {value!r:.80}.")


def text(value: Any) -> str:
    """Coerce to text as Java writes it."""
    if value is None:
        return ""
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return _java_double(value)
    if isinstance(value, list):
        items = cast("list[Any]", value)
        return "[" + ", ".join("null" if v is None else text(v) for v in items) + "]"
    if isinstance(value, dict):
        entries = cast("dict[str, Any]", value)
        return "{" + ", ".join(f"{k}={'null' if v is None else text(v)}" for k, v in entries.items()) + "}"
    return str(value)


def _java_double(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    magnitude = abs(value)
    if magnitude == 0 or 1e-3 <= magnitude < 1e7:
        return repr(value) if "e" not in repr(value) else f"{value:f}"
    mantissa, _, exponent = f"{value:.17g}".partition("e")
    short = repr(value)
    if "e" in short:
        mantissa, _, exponent = short.partition("e")
        if "." not in mantissa:
            mantissa += ".0"
        return f"{mantissa}E{int(exponent)}"
    digits = f"{value:e}"
    mantissa, _, exponent = digits.partition("e")
    exact = repr(value / 10 ** int(exponent))
    return f"{exact}E{int(exponent)}"


def _finite(value: int | float) -> int | float:
    if isinstance(value, int) and not -(2**1024) < value < 2**1024:
        raise Failure("Expected a number of less than 1024 bits but it was larger.")
    return value


def add(a: Any, b: Any) -> Any:
    return _finite(number(a) + number(b))


def subtract(a: Any, b: Any) -> Any:
    return _finite(number(a) - number(b))


def multiply(a: Any, b: Any) -> Any:
    return _finite(number(a) * number(b))


def divide(a: Any, b: Any) -> Any:
    """Always a fraction, as in EL."""
    left, right = float(number(a)), float(number(b))
    if right == 0:
        return math.nan if left == 0 or math.isnan(left) else math.copysign(math.inf, left) * math.copysign(1, right)
    return left / right


def modulo(a: Any, b: Any) -> Any:
    left, right = number(a), number(b)
    if right == 0:
        if isinstance(left, int) and isinstance(right, int):
            raise Failure("Expected a divisor other than 0 but it was 0.")
        return math.nan
    if isinstance(left, int) and isinstance(right, int):
        return abs(left) % abs(right) * (1 if left >= 0 else -1)
    return math.fmod(left, right)


def negate(a: Any) -> Any:
    return -number(a)


def equal(a: Any, b: Any) -> bool:
    if a is None or b is None:
        return a is b
    if isinstance(a, bool) or isinstance(b, bool):
        return boolean(a) == boolean(b)
    if isinstance(a, int | float) or isinstance(b, int | float):
        try:
            return number(a) == number(b)
        except Failure:
            return False
    if isinstance(a, str) or isinstance(b, str):
        return text(a) == text(b)
    return a == b


def less(a: Any, b: Any) -> bool:
    if a is None or b is None:
        return False
    return _compare(a, b) < 0


def less_or_equal(a: Any, b: Any) -> bool:
    return equal(a, b) or less(a, b)


def _compare(a: Any, b: Any) -> int:
    if isinstance(a, Moment) and isinstance(b, Moment):
        return (a > b) - (a < b)
    if (isinstance(a, int | float) and not isinstance(a, bool)) or (
        isinstance(b, int | float) and not isinstance(b, bool)
    ):
        left, right = number(a), number(b)
        return (left > right) - (left < right)
    if isinstance(a, str) or isinstance(b, str):
        one, other = text(a), text(b)
        return (one > other) - (one < other)
    raise Failure(f"Expected values that can be compared but they were {a!r:.60} and {b!r:.60}.")


def empty(value: Any) -> bool:
    return value is None or value == "" or value == [] or value == {}
