"""JUEL in decisions: Camunda 7's tables may write inputs, cells and outputs in it (`expressionLanguage="juel"`).

`compile_decision_text` is a language compiler for `dmn.compile_dmn(..., languages={"juel": compile_decision_text})`.
A text without braces is one expression, as in Camunda. Only variables (and `cellInput`) can be named: there is no
execution here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dmn import FeelDateTime, feel_string, from_json, parse_temporal, to_json
from interpreter import calendar
from interpreter.failures import Failure
from interpreter.juel.objects import Environment
from interpreter.juel.syntax import compile_template
from interpreter.juel.values import Moment, from_juel_plain


class _Variables(Environment):
    """The variables of a decision, as FEEL values."""

    __slots__ = ("variables",)

    def __init__(self, variables: Mapping[str, Any]) -> None:
        self.variables = variables

    def name(self, name: str) -> Any:
        if name not in self.variables:
            raise Failure(f"Expected a variable {name!r} but there is none here.", "unresolved")
        value = self.variables[name]
        if isinstance(value, FeelDateTime):
            return Moment(calendar.parse_instant(feel_string(value) or ""))
        return to_json(value)

    def function(self, name: str, arguments: list[Any]) -> Any:
        raise Failure(f"Expected a method or an operator but {name}() is no function that decisions have.")


def compile_decision_text(text: str, names: tuple[str, ...]) -> Callable[[Mapping[str, Any]], Any]:
    """The text as a function of FEEL values to a FEEL value; both raise ValueError for what JUEL refuses."""
    stripped = text.strip()
    template = compile_template(stripped if "${" in stripped or "#{" in stripped else "${" + stripped + "}")

    def evaluate(variables: Mapping[str, Any]) -> Any:
        try:
            value = template(_Variables(variables))
        except Failure as failure:
            raise ValueError(str(failure)) from failure
        if isinstance(value, Moment):
            return parse_temporal(calendar.to_text(value.millis))
        return from_json(from_juel_plain(value))

    return evaluate
