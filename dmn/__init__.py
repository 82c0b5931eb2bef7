"""FEEL and DMN 1.1 to 1.5, usable alone: needs neither Temporal nor a database.

    model = compile_dmn(parse_dmn(path.read_bytes()))
    result = model.evaluate("Discount", {"Customer": "gold", "Amount": 120}, trace=True)
    result.value, result.messages, result.trace

    evaluate("if a > 1 then a else 0", {"a": 2}).value

See docs/dmn.md and docs/feel.md. Camunda's result shapes are in dmn.results, the TCK's judge in dmn.tck.
"""

from __future__ import annotations

from dmn.boxed.environment import LanguageCompiler
from dmn.compiler import compile_dmn
from dmn.diagnostics import (
    Diagnostic,
    DmnCompileError,
    DmnError,
    DmnXmlError,
    EvaluationMessage,
    Severity,
    UnknownDecisionError,
)
from dmn.executable import DecisionModel, DecisionResult
from dmn.feel import (
    Compiled,
    DaysTimeDuration,
    FeelDate,
    FeelDateTime,
    FeelFunction,
    FeelLimitError,
    FeelSyntaxError,
    FeelTime,
    HostFunction,
    Limits,
    Param,
    Range,
    Result,
    Run,
    Warning,
    YearsMonthsDuration,
    compile_expression,
    compile_unary_tests,
    evaluate,
    evaluate_unary_tests,
    feel_equals,
    feel_string,
    from_json,
    names_used,
    parse_temporal,
    to_json,
    type_of,
)
from dmn.model import Definitions
from dmn.profile import CAMUNDA7, CAMUNDA8, PROFILES, SPEC, Profile
from dmn.results import DecisionResultError, map_result
from dmn.xml import parse_dmn

__all__ = [
    "CAMUNDA7",
    "CAMUNDA8",
    "PROFILES",
    "SPEC",
    "Compiled",
    "DaysTimeDuration",
    "DecisionModel",
    "DecisionResult",
    "DecisionResultError",
    "Definitions",
    "Diagnostic",
    "DmnCompileError",
    "DmnError",
    "DmnXmlError",
    "EvaluationMessage",
    "FeelDate",
    "FeelDateTime",
    "FeelFunction",
    "FeelLimitError",
    "FeelSyntaxError",
    "FeelTime",
    "HostFunction",
    "LanguageCompiler",
    "Limits",
    "Param",
    "Profile",
    "Range",
    "Result",
    "Run",
    "Severity",
    "UnknownDecisionError",
    "Warning",
    "YearsMonthsDuration",
    "compile_dmn",
    "compile_expression",
    "compile_unary_tests",
    "evaluate",
    "evaluate_unary_tests",
    "feel_equals",
    "feel_string",
    "from_json",
    "map_result",
    "names_used",
    "parse_dmn",
    "parse_temporal",
    "to_json",
    "type_of",
]
