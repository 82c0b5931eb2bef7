"""Compiled patterns: one interface over RE2 and the matcher for back-references."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from .emit import emit
from .engine import PatternSyntaxError, compile_re2
from .matcher import BackReferenceMatcher, Charge, Spans
from .syntax import Node, Parser, PatternError, strip_blanks

FLAGS = frozenset("smix")


class Pattern:
    """A compiled pattern. `groups` counts its capturing groups."""

    __slots__ = ("_compiled", "_tree", "groups")

    def __init__(self, text: str, flags: str) -> None:
        unknown = sorted(set(flags) - FLAGS)
        if unknown:
            raise PatternError(f"Expected flags out of 's', 'm', 'i' and 'x' but found {unknown[0]!r}")
        if "x" in flags:
            text = strip_blanks(text)
        parser = Parser(text, "i" in flags)
        tree = parser.parse()
        self.groups = parser.groups
        self._tree: tuple[Node, bool, bool, bool] | None = None
        self._compiled: Any = None
        if parser.has_back_reference:
            self._tree = (tree, "i" in flags, "s" in flags, "m" in flags)
            return
        prefix = "".join(flag for flag in "im" if flag in flags)
        try:
            self._compiled = compile_re2((f"(?{prefix})" if prefix else "") + emit(tree, "s" in flags))
        except PatternSyntaxError as problem:
            raise PatternError(f"Expected a pattern of a workable size but {text!r} is not: {problem}") from problem

    def _matcher(self, charge: Charge) -> BackReferenceMatcher:
        """A matcher of its own for each search, since it keeps its state in itself."""
        assert self._tree is not None
        tree, *flags = self._tree
        return BackReferenceMatcher(tree, self.groups, charge, *flags)

    def search(self, text: str, charge: Charge) -> bool:
        """Whether the pattern matches anywhere in the text. `charge` is told of steps that a back-reference costs."""
        if self._tree is not None:
            return self._matcher(charge).find(text, 0) is not None
        return self._compiled.search(text) is not None

    def finditer(self, text: str, charge: Charge) -> Iterator[Spans]:
        """All matches from left to right: the spans of the whole and of every group ((-1, -1): not taken part)."""
        if self._tree is None:
            for match in self._compiled.finditer(text):
                yield [match.span(group) for group in range(self.groups + 1)]
            return
        at = 0
        matcher = self._matcher(charge)
        while at <= len(text):
            spans = matcher.find(text, at)
            if spans is None:
                return
            yield spans
            start, end = spans[0]
            at = end if end > start else end + 1


@lru_cache(maxsize=512)
def compile_pattern(text: str, flags: str = "") -> Pattern:
    """The compiled pattern; PatternError when XPath does not know it."""
    return Pattern(text, flags)
