"""Functions that a model takes from outside: an explicit table for Java methods, an allow-list for Python callables.

DMN 1.5 10.3.2.13.3: `function(a, b) external { java: { class: "...", "method signature": "..." } }`. There is no Java
here; the pure static methods of java.lang that models use have Python equivalents in `JAVA_METHODS`, with Java's
argument types honoured (an `int` parameter does not take "1", `char` takes one character). Anything else is refused,
which makes the call null with an error. Python callables are only reachable if the embedder allow-lists them.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from dmn.feel import FeelFunction, HostFunction, Param, Run, from_json
from dmn.shapes import is_context, is_list


class ExternalCallError(ValueError):
    """The external function does not exist, is not allowed, or refused its arguments."""


JavaValue = Any

_INTEGER_RANGES = {"byte": 7, "short": 15, "int": 31, "long": 63}
_BOXED = {
    "java.lang.Byte": "byte",
    "java.lang.Short": "short",
    "java.lang.Integer": "int",
    "java.lang.Long": "long",
    "java.lang.Float": "float",
    "java.lang.Double": "double",
    "java.lang.Character": "char",
    "java.lang.Boolean": "boolean",
    "java.lang.String": "String",
    "java.lang.CharSequence": "String",
    "java.lang.Object": "Object",
    "java.math.BigDecimal": "BigDecimal",
    "[Ljava.lang.Object;": "Object...",
    "java.lang.Object[]": "Object...",
    "java.lang.Object...": "Object...",
    "[Ljava.lang.String;": "Object...",
}
_SIGNATURE = re.compile(r"\s*([A-Za-z_$][\w$]*)\s*\(([^()]*)\)\s*")


def _to_single(value: float) -> Decimal:
    """Java's float as the shortest decimal that reads back as the same 32-bit value."""
    single: float = struct.unpack("f", struct.pack("f", value))[0]
    for digits in range(1, 10):
        text = f"{single:.{digits}g}"
        if struct.unpack("f", struct.pack("f", float(text)))[0] == single:
            return Decimal(text)
    return Decimal(repr(single))


def _argument(kind: str, value: Any) -> JavaValue:
    """A FEEL value as an argument of the Java type. Raises ExternalCallError if it does not fit."""
    match value:
        case Decimal() if kind in _INTEGER_RANGES:
            whole = int(value)
            if -(2 ** _INTEGER_RANGES[kind]) <= whole < 2 ** _INTEGER_RANGES[kind]:
                return whole
        case Decimal() if kind in {"float", "double"}:
            return float(value)
        case Decimal() if kind == "BigDecimal":
            return value
        case bool() if kind == "boolean":
            return value
        case str() if kind == "String" or (kind == "char" and len(value) == 1):
            return value
        case _ if kind == "Object":
            return value
        case _:
            pass
    raise ExternalCallError(f"Expected a value of Java type '{kind}' but it was {value!r}")


def _result(kind: str, value: JavaValue) -> Any:
    if isinstance(value, (bool, str)) or value is None:
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ExternalCallError("Expected a finite number but the Java method returned NaN or infinity")
        return _to_single(value) if kind == "float" else Decimal(repr(value))
    return Decimal(value)


def _numeric(function: Callable[..., Any]) -> dict[tuple[str, ...], tuple[str, Callable[..., Any]]]:
    return {(kind, kind): (kind, function) for kind in ("int", "long", "float", "double")}


def _real(function: Callable[..., float], arity: int = 1) -> dict[tuple[str, ...], tuple[str, Callable[..., Any]]]:
    return {("double",) * arity: ("double", function)}


def _round_half_up(value: float) -> int:
    return math.floor(value + 0.5)


def _integer(bits: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not re.fullmatch(r"[+-]?[0-9]+", text):
            raise ExternalCallError(f"Expected the text of an integer but it was '{text}'")
        value = int(text)
        if not -(2**bits) <= value < 2**bits:
            raise ExternalCallError(f"Expected an integer of {bits + 1} bits but it was '{text}'")
        return value

    return parse


def _identity(value: Any) -> Any:
    return value


def _sum(first: Any, second: Any) -> Any:
    return first + second


def _compare(first: Any, second: Any) -> int:
    return (first > second) - (first < second)


def _floor_divide(first: int, second: int) -> int:
    return first // second


def _floor_modulo(first: int, second: int) -> int:
    return first % second


def _is_true(text: str) -> bool:
    return text.lower() == "true"


def _cube_root(value: float) -> float:
    return math.copysign(abs(value) ** (1 / 3), value)


def _ceil(value: float) -> float:
    return float(math.ceil(value))


def _floor(value: float) -> float:
    return float(math.floor(value))


def _half_even(value: float) -> float:
    return float(round(value))


def _sign(value: float) -> float:
    return float((value > 0) - (value < 0))


def _text(value: Any) -> str:
    """Java's String.valueOf for the values that FEEL has."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value)


_FORMAT = re.compile(r"%(?:(\d+)\$)?([-+ 0,#(]*)(\d+)?(?:\.(\d+))?([sSdfxXboceE%n])")


def _java_format(pattern: str, *arguments: Any) -> str:
    """String.format with the conversions s d f e x o c b % n, width, precision and the flags - + 0 , and blank."""
    position = 0

    def convert(match: re.Match[str]) -> str:
        nonlocal position
        index, flags, width, precision, conversion = match.groups()
        if conversion == "%":
            return "%"
        if conversion == "n":
            return "\n"
        if index is not None:
            chosen = int(index) - 1
        else:
            chosen = position
            position += 1
        if not 0 <= chosen < len(arguments):
            raise ExternalCallError(f"Expected an argument for '{match.group()}' but there was none")
        text = _convert(conversion, flags, precision, arguments[chosen])
        size = int(width or 0)
        if size > 10_000:
            raise ExternalCallError(f"Expected a width of at most 10000 but it was {size}")
        if "-" in flags:
            return text.ljust(size)
        return text.zfill(size) if "0" in flags and conversion in "dfeE" else text.rjust(size)

    return _FORMAT.sub(convert, pattern)


def _convert(conversion: str, flags: str, precision: str | None, value: Any) -> str:
    sign = "+" if "+" in flags else (" " if " " in flags else "")
    comma = "," if "," in flags else ""
    digits = min(int(precision), 1000) if precision is not None else 6
    if conversion in "sS":
        text = _text(value) if precision is None else _text(value)[: int(precision)]
        return text.upper() if conversion == "S" else text
    if conversion == "b":
        return "false" if value is None or value is False else "true"
    if conversion == "c" and isinstance(value, str) and len(value) == 1:
        return value
    if isinstance(value, (Decimal, int, float)) and not isinstance(value, bool):
        if conversion == "d" and value == int(value):
            return format(int(value), f"{sign}{comma}d")
        if conversion in "xXo" and value == int(value):
            return format(int(value), conversion)
        if conversion in "feE":
            return format(Decimal(value), f"{sign}{comma}.{digits}{conversion}")
    raise ExternalCallError(f"Expected a value for conversion '%{conversion}' but it was {value!r}")


_Overloads = dict[tuple[str, ...], tuple[str, Callable[..., Any]]]

_STRING_VALUE_OF: _Overloads = {
    (kind,): ("String", _text) for kind in ("char", "int", "long", "float", "double", "boolean", "Object")
}


def _parse_float(text: str) -> float:
    stripped = text.strip()
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?[fFdD]?", stripped):
        raise ExternalCallError(f"Expected the text of a number but it was '{text}'")
    return float(stripped.rstrip("fFdD"))


def _whole_number_class(kind: str) -> dict[str, _Overloads]:
    bits = _INTEGER_RANGES[kind]
    parse = _integer(bits)
    name = {"byte": "Byte", "short": "Short", "int": "Int", "long": "Long"}[kind]
    return {
        "valueOf": {(kind,): (kind, _identity), ("String",): (kind, parse)},
        f"parse{name}": {("String",): (kind, parse)},
        "toString": {(kind,): ("String", _text)},
        "max": {(kind, kind): (kind, max)},
        "min": {(kind, kind): (kind, min)},
        "sum": {(kind, kind): (kind, _sum)},
        "compare": {(kind, kind): ("int", _compare)},
    }


def _real_class(kind: str, name: str) -> dict[str, _Overloads]:
    return {
        "valueOf": {(kind,): (kind, _identity), ("String",): (kind, _parse_float)},
        f"parse{name}": {("String",): (kind, _parse_float)},
        "max": {(kind, kind): (kind, max)},
        "min": {(kind, kind): (kind, min)},
        "sum": {(kind, kind): (kind, _sum)},
    }


JAVA_METHODS: dict[str, dict[str, _Overloads]] = {
    "java.lang.Math": {
        "max": _numeric(max),
        "min": _numeric(min),
        "abs": {(kind,): (kind, abs) for kind in ("int", "long", "float", "double")},
        "sin": _real(math.sin),
        "cos": _real(math.cos),
        "tan": _real(math.tan),
        "asin": _real(math.asin),
        "acos": _real(math.acos),
        "atan": _real(math.atan),
        "atan2": _real(math.atan2, 2),
        "sinh": _real(math.sinh),
        "cosh": _real(math.cosh),
        "tanh": _real(math.tanh),
        "exp": _real(math.exp),
        "expm1": _real(math.expm1),
        "log": _real(math.log),
        "log10": _real(math.log10),
        "log1p": _real(math.log1p),
        "sqrt": _real(math.sqrt),
        "cbrt": _real(_cube_root),
        "hypot": _real(math.hypot, 2),
        "pow": _real(math.pow, 2),
        "ceil": _real(_ceil),
        "floor": _real(_floor),
        "rint": _real(_half_even),
        "signum": _real(_sign),
        "toRadians": _real(math.radians),
        "toDegrees": _real(math.degrees),
        "round": {("double",): ("long", _round_half_up), ("float",): ("int", _round_half_up)},
        "floorDiv": {(kind, kind): (kind, _floor_divide) for kind in ("int", "long")},
        "floorMod": {(kind, kind): (kind, _floor_modulo) for kind in ("int", "long")},
    },
    "java.lang.Byte": _whole_number_class("byte"),
    "java.lang.Short": _whole_number_class("short"),
    "java.lang.Integer": _whole_number_class("int"),
    "java.lang.Long": _whole_number_class("long"),
    "java.lang.Float": _real_class("float", "Float"),
    "java.lang.Double": _real_class("double", "Double"),
    "java.lang.Boolean": {
        "valueOf": {
            ("boolean",): ("boolean", _identity),
            ("String",): ("boolean", _is_true),
        },
        "parseBoolean": {("String",): ("boolean", _is_true)},
    },
    "java.lang.String": {
        "valueOf": _STRING_VALUE_OF,
        "format": {("String", "Object..."): ("String", _java_format)},
    },
}


def java_function(class_name: Any, signature: Any) -> tuple[int | None, Callable[[list[Any]], Any]]:
    """The Python equivalent of a static Java method: (number of arguments, None for varargs; callable on FEEL values).

    Raises ExternalCallError if the class, method or signature is not in the table; so does the callable if the
    arguments do not fit the signature.
    """
    if not isinstance(class_name, str) or not isinstance(signature, str):
        raise ExternalCallError("Expected the texts 'class' and 'method signature' but at least one is missing")
    match = _SIGNATURE.fullmatch(signature)
    if match is None:
        raise ExternalCallError(f"Expected a signature such as 'max(int,int)' but it was '{signature}'")
    method, listed = match.groups()
    kinds = tuple(_BOXED.get(part.strip(), part.strip()) for part in listed.split(",") if part.strip())
    overloads = JAVA_METHODS.get(class_name, {}).get(method)
    if overloads is None or kinds not in overloads:
        raise ExternalCallError(f"Expected a Java method of the supported table but it was '{class_name}.{signature}'")
    result_kind, function = overloads[kinds]
    variadic = bool(kinds) and kinds[-1] == "Object..."
    fixed = kinds[:-1] if variadic else kinds

    def call(arguments: list[Any]) -> Any:
        if len(arguments) < len(fixed) or (not variadic and len(arguments) > len(fixed)):
            raise ExternalCallError(f"Expected {len(fixed)} arguments but there were {len(arguments)}")
        converted = [_argument(kind, value) for kind, value in zip(fixed, arguments, strict=False)]
        rest: list[Any] = list(arguments[len(fixed) :])
        if len(rest) == 1 and is_list(rest[0]):
            rest = rest[0]
        try:
            return _result(result_kind, function(*converted, *rest))
        except (ArithmeticError, ValueError, TypeError, InvalidOperation) as error:
            raise ExternalCallError(f"Expected '{class_name}.{method}' to accept its arguments but: {error}") from error

    return (None if variadic else len(fixed)), call


def python_function(name: Any, allowed: Mapping[str, Callable[..., Any]]) -> Callable[[list[Any]], Any]:
    """The allow-listed Python callable with this name. Raises ExternalCallError if it is not allow-listed."""
    function = allowed.get(name) if isinstance(name, str) else None
    if function is None:
        raise ExternalCallError(f"Expected an allow-listed Python function but it was {name!r}")
    chosen = function

    def call(arguments: list[Any]) -> Any:
        try:
            return from_json(chosen(*arguments))
        except Exception as error:
            # User code may fail in any way; for the model this is one more function that gives null.
            raise ExternalCallError(f"Expected '{name}' to return a value but it raised {error!r}") from error

    return call


Externals = Callable[[dict[str, Any], Sequence[Param]], FeelFunction | None]


def externals(allowed: Mapping[str, Callable[..., Any]]) -> Externals:
    """What FEEL asks for `function(...) external {...}`: the function behind the mapping, None if it is refused."""

    def find(description: dict[str, Any], params: Sequence[Param]) -> FeelFunction | None:
        java, python = description.get("java"), description.get("python")
        try:
            if is_context(java):
                arity, function = java_function(java.get("class"), java.get("method signature"))
                if arity is not None and arity != len(params):
                    return None
                name = str(java.get("method signature"))
            elif is_context(python):
                function = python_function(python.get("function"), allowed)
                name = str(python.get("function"))
            else:
                return None
        except ExternalCallError:
            return None

        def call(run: Run, values: list[Any]) -> Any:
            try:
                return function(values)
            except ExternalCallError as error:
                run.warn("EXTERNAL_FUNCTION", str(error))
                return None

        return HostFunction(name, params, call)

    return find
