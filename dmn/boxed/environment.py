"""What compiling an expression needs to know: names in scope, types, languages, where findings go."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from dmn.diagnostics import DiagnosticLog
from dmn.feel import Compiled, FeelSyntaxError, FeelType, compile_expression, compile_unary_tests
from dmn.feel.dialects import DIALECTS
from dmn.model import InformationItem
from dmn.profile import Profile
from dmn.session import SESSION, Node, Scope
from dmn.types import ModelTypes, class_of

_FILTER = re.compile(r"""[\w)\]}"'?]\s*\[""")

_BROKEN = {
    "NO_EXPRESSION": "Expected an expression but there is none",
    "LANGUAGE": "Expected an expression language that is supported but it is not",
    "IMPORTED_VALUES": "Expected the text of the expression but it is imported",
}

LanguageCompiler = Callable[[str, tuple[str, ...]], Callable[[Mapping[str, Any]], Any]]
"""Compiles a text of another expression language, given the names in scope, to a function of the variables.

Raises ValueError for a text that is not of the language; so may the function for data that it cannot handle.
"""


@dataclass(frozen=True)
class Environment:
    """Immutable: an inner expression with more names in scope gets its own (`with_names`)."""

    profile: Profile
    types: ModelTypes
    log: DiagnosticLog
    default_language: str
    languages: Mapping[str, LanguageCompiler]
    python_functions: Mapping[str, Callable[..., Any]]
    names: tuple[str, ...] = ()
    owner: str = ""
    """Id of the decision or knowledge model that is being compiled: where run-time messages point."""
    is_open: bool = False
    """Whether more names than `names` may be in scope (entries of the contexts that a filter goes over)."""

    def with_names(self, names: Iterable[str]) -> Environment:
        merged = dict.fromkeys(self.names)
        merged.update(dict.fromkeys(names))
        return replace(self, names=tuple(merged))

    # --- expressions -------------------------------------------------------------------------------------------

    def expression(self, text: str, language: str | None, element_id: str | None, line: int) -> Node:
        """A literal expression's text as a node. A text that cannot be compiled is a finding and evaluates to null."""
        wanted = language or self._language_of(text)
        if wanted == "feel":
            compiled = self._feel(text, compile_expression, element_id, line)
            self._check_names(text, compiled, element_id, line)
            return self.broken("SYNTAX", element_id) if compiled is None else compiled.body
        return self._foreign(text, wanted, element_id, line)

    def constant(self, text: str, language: str | None) -> tuple[Any] | None:
        """The value (in a tuple) of a text that is a FEEL literal, so that it need not be evaluated."""
        if (language or self._language_of(text)) != "feel":
            return None
        try:
            return compile_expression(text, self.names, dialect=self.profile.feel_dialect).constant()
        except FeelSyntaxError:
            return None

    def _language_of(self, text: str) -> str:
        """The language of a text that declares none."""
        if self.profile.juel_in_braces and text.lstrip().startswith(("${", "#{")):
            return "juel"
        return self.default_language

    def tests(self, text: str, language: str | None, element_id: str | None, line: int) -> tuple[Node, Compiled | None]:
        """Unary tests as a node over a scope with `?`, and their compiled form if they are FEEL."""
        wanted = language or self._language_of(text)
        if wanted == "feel":
            compiled = self._feel(text, compile_unary_tests, element_id, line)
            self._check_names(text, compiled, element_id, line)
            if compiled is None:
                return self.broken("SYNTAX", element_id), None
            return compiled.body, compiled
        return self._foreign(text, wanted, element_id, line), None

    def _feel(self, text: str, compiler: Callable[..., Compiled], element_id: str | None, line: int) -> Compiled | None:
        try:
            return compiler(text, self.names, dialect=self.profile.feel_dialect)
        except FeelSyntaxError as error:
            self.log.error("feel-syntax", f"{error} in '{_short(text)}'", element_id or self.owner, line)
            return None

    def _check_names(self, text: str, compiled: Compiled | None, element_id: str | None, line: int) -> None:
        """A finding for each name that nothing in scope has; not where the scope is only known at run time, as in a
        filter, whose items bring their entries."""
        if compiled is None or self.is_open or self.profile.whole_context or _FILTER.search(text):
            return
        builtins = DIALECTS[self.profile.feel_dialect].builtins
        for name in compiled.names:
            if name not in self.names and name not in builtins:
                self.log.warning(
                    "unknown-name",
                    f"Expected a name in scope but '{name}' is not, in '{_short(text)}'",
                    element_id or self.owner,
                    line,
                )

    def _foreign(self, text: str, language: str, element_id: str | None, line: int) -> Node:
        compiler = self.languages.get(language)
        if compiler is None:
            supported = ", ".join(["feel", *sorted(self.languages)])
            self.log.error(
                "unsupported-language",
                f"Expected an expression language of {supported} but it was '{language}'",
                element_id or self.owner,
                line,
            )
            return self.broken("LANGUAGE", element_id)
        try:
            function = compiler(text, self.names)
        except ValueError as error:
            self.log.error("foreign-syntax", f"{error} in '{_short(text)}'", element_id or self.owner, line)
            return self.broken("SYNTAX", element_id)
        owner = element_id or self.owner

        def call(scope: Scope) -> Any:
            try:
                return function({name: value for name, value in scope.items() if isinstance(name, str)})
            except ValueError as error:
                scope[SESSION].evaluation.error("EXPRESSION", str(error), owner)
                return None

        return call

    def broken(self, code: str, element_id: str | None) -> Node:
        """A node for something that could not be compiled: null, with an error each time it is evaluated."""
        owner = element_id or self.owner

        def fail(scope: Scope) -> Any:
            message = _BROKEN.get(code, "Expected an expression that compiles but it has findings")
            scope[SESSION].evaluation.error(code, message, owner)
            return None

        return fail

    # --- types -------------------------------------------------------------------------------------------------

    def type_of(self, type_ref: str | None, element_id: str | None, line: int) -> FeelType | None:
        """The type that values must conform to here; None where nothing is checked."""
        if not self.profile.checks_types:
            return None
        return self.types.named(type_ref, element_id or self.owner, line)

    def item_type(self, item: InformationItem) -> FeelType | None:
        return self.type_of(item.type_ref, item.id, item.line)

    def conforming(self, node: Node, kind: FeelType | None, what: str, element_id: str | None) -> Node:
        """The node with its value coerced to a type."""
        if kind is None:
            return node
        wanted, owner = kind, element_id or self.owner
        exact = class_of(kind)

        def coerced(scope: Scope) -> Any:
            value = node(scope)
            if value is None or value.__class__ is exact:
                return value
            return scope[SESSION].conform(value, wanted, what, owner)

        return coerced


def _short(text: str) -> str:
    squeezed = " ".join(text.split())
    return squeezed if len(squeezed) <= 80 else squeezed[:77] + "..."
