"""The subset of JUEL (Java Unified Expression Language) that Camunda 7 models use: `${...}`, `#{...}` and text mixed
with them.

Values are process variables as they are (JSON), date-times (`values.Moment`) and the objects `execution` and `task`.
Arithmetic and coercion follow the specification of EL 2.2, 1.8. Methods and functions are an explicit table
(`methods`, `objects`): no Java is reached. Expressions compile to closures and are cached; text, nesting and results
are bounded.

    syntax.py    tokens and parser: text -> closures
    operators.py arithmetic, comparison, coercion
    methods.py   methods of strings, lists, maps, numbers, date-times
    objects.py   execution, task, now(), dateTime() ...
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from interpreter.failures import Failure
from interpreter.juel.objects import Environment
from interpreter.juel.syntax import JuelSyntaxError, Template, compile_template, names_in
from interpreter.juel.values import from_juel

if TYPE_CHECKING:
    from interpreter.machine import Machine

__all__ = ["JuelSyntaxError", "compile_template", "evaluate", "names_in"]

_cache: dict[str, Template | JuelSyntaxError] = {}
_CACHE_LIMIT = 20_000


def evaluate(m: Machine, text: str, element: int, extra: Mapping[str, Any] | None = None) -> Any:
    """The value of `text` as seen from an element instance; Failure says what is wrong with it."""
    template = _cache.get(text)
    if template is None:
        if len(_cache) >= _CACHE_LIMIT:
            _cache.clear()
        try:
            template = compile_template(text)
        except JuelSyntaxError as error:
            template = error
        _cache[text] = template
    if isinstance(template, JuelSyntaxError):
        raise Failure(str(template))
    try:
        return from_juel(template(Environment(m, element, extra)))
    except RecursionError:
        raise Failure(f"Expected the expression {text!r:.120} to be less deep but it was too deep.") from None
