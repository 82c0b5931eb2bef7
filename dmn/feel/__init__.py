"""FEEL, the expression language of DMN 1.5: pure, bounded, deterministic. docs/feel.md is its manual.

evaluate("a + 1", {"a": 2}).value                                   parse, compile, evaluate
compiled = compile_expression("amount > 100"); compiled.call(scope)  compile once
"""

from __future__ import annotations

from .compiled import (
    Compiled,
    Result,
    cache_info,
    clear_cache,
    compile_expression,
    compile_unary_tests,
    evaluate,
    evaluate_unary_tests,
    names_used,
)
from .decimals import parse_number
from .errors import FeelLimitError, FeelSyntaxError, Warning
from .functions import HostFunction, UserFunction
from .json_values import from_json, to_json
from .parser import parse_type_text as parse_type
from .run import DEFAULT_LIMITS, RUN, Limits, Run
from .temporal import DaysTimeDuration, FeelDate, FeelDateTime, FeelTime, YearsMonthsDuration
from .temporal_text import parse_date, parse_datetime, parse_duration, parse_temporal, parse_time
from .text import feel_string
from .types import (
    ANY,
    NUMBER,
    SIMPLE_TYPES,
    STRING,
    ConstrainedType,
    ContextType,
    FeelType,
    FunctionType,
    ListType,
    NamedType,
    RangeType,
    SimpleType,
    coerce,
    conforms,
    is_instance,
    is_subtype,
    type_of,
)
from .values import FeelFunction, Param, Range, Value, compare
from .values import equals as feel_equals

__all__ = [
    "ANY",
    "DEFAULT_LIMITS",
    "NUMBER",
    "RUN",
    "SIMPLE_TYPES",
    "STRING",
    "Compiled",
    "ConstrainedType",
    "ContextType",
    "DaysTimeDuration",
    "FeelDate",
    "FeelDateTime",
    "FeelFunction",
    "FeelLimitError",
    "FeelSyntaxError",
    "FeelTime",
    "FeelType",
    "FunctionType",
    "HostFunction",
    "Limits",
    "ListType",
    "NamedType",
    "Param",
    "Range",
    "RangeType",
    "Result",
    "Run",
    "SimpleType",
    "UserFunction",
    "Value",
    "Warning",
    "YearsMonthsDuration",
    "cache_info",
    "clear_cache",
    "coerce",
    "compare",
    "compile_expression",
    "compile_unary_tests",
    "conforms",
    "evaluate",
    "evaluate_unary_tests",
    "feel_equals",
    "feel_string",
    "from_json",
    "is_instance",
    "is_subtype",
    "names_used",
    "parse_date",
    "parse_datetime",
    "parse_duration",
    "parse_number",
    "parse_temporal",
    "parse_time",
    "parse_type",
    "to_json",
    "type_of",
]
