"""A backtracking matcher for patterns with back-references. It counts its steps against the evaluation's budget,
so that no pattern can hang it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import FeelLimitError
from .engine import compile_re2
from .syntax import Anchor, BackReference, Char, Chars, Choice, Dot, Group, Node, Repeat, Sequence

MAX_STEPS = 200_000
MAX_DEPTH = 120

Spans = list[tuple[int, int]]
Continue = Callable[[int], bool]
Charge = Callable[[int], None]
"""Told of every step; raises FeelLimitError when there were enough."""


class BackReferenceMatcher:
    """Finds the leftmost match, as a backtracking engine would."""

    def __init__(
        self, node: Node, groups: int, charge: Charge, ignore_case: bool, dot_all: bool, multi_line: bool
    ) -> None:
        self.node = node
        self.groups = groups
        self.charge = charge
        self.steps = MAX_STEPS
        self.ignore_case = ignore_case
        self.dot_all = dot_all
        self.multi_line = multi_line
        self.classes: dict[str, Any] = {}

    def find(self, text: str, start: int) -> Spans | None:
        """Spans of the whole match and of the groups ((-1, -1): not taken part), or None."""
        self.text = text
        for begin in range(start, len(text) + 1):
            self.spans: Spans = [(-1, -1)] * (self.groups + 1)
            self.depth = 0
            found: list[int] = []

            def accept(end: int, found: list[int] = found) -> bool:
                found.append(end)
                return True

            if self.walk(self.node, begin, accept):
                return [(begin, found[0]), *self.spans[1:]]
        return None

    def walk(self, node: Node, at: int, rest: Continue) -> bool:
        self.charge(5)
        self.steps -= 1
        if self.steps < 0:
            raise FeelLimitError("steps", MAX_STEPS)
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise FeelLimitError("depth", MAX_DEPTH)
        try:
            return self.match(node, at, rest)
        finally:
            self.depth -= 1

    def match(self, node: Node, at: int, rest: Continue) -> bool:
        text = self.text
        match node:
            case Char() | Chars() | Dot():
                return at < len(text) and self.accepts(node, text[at]) and rest(at + 1)
            case Anchor(at_start):
                if at_start:
                    fits = at == 0 or (self.multi_line and text[at - 1] == "\n")
                else:
                    fits = at == len(text) or (self.multi_line and text[at] == "\n")
                return fits and rest(at)
            case Sequence(parts):
                return self.sequence(parts, 0, at, rest)
            case Choice(branches):
                return any(self.walk(branch, at, rest) for branch in branches)
            case Group(number, body):
                return self.group(number, body, at, rest)
            case Repeat():
                return self.repeat(node, 0, at, rest)
            case BackReference(group):
                start, end = self.spans[group]
                wanted = text[start:end] if start >= 0 else ""
                actual = text[at : at + len(wanted)]
                same = actual.lower() == wanted.lower() if self.ignore_case else actual == wanted
                return same and rest(at + len(wanted))
            case _:
                raise AssertionError(node)

    def sequence(self, parts: list[Node], index: int, at: int, rest: Continue) -> bool:
        if index == len(parts):
            return rest(at)
        return self.walk(parts[index], at, lambda end: self.sequence(parts, index + 1, end, rest))

    def group(self, number: int, body: Node, at: int, rest: Continue) -> bool:
        saved = self.spans[number]

        def leave(end: int) -> bool:
            before = self.spans[number]
            if number:
                self.spans[number] = (at, end)
            if rest(end):
                return True
            self.spans[number] = before
            return False

        if self.walk(body, at, leave):
            return True
        self.spans[number] = saved
        return False

    def repeat(self, node: Repeat, count: int, at: int, rest: Continue) -> bool:
        if isinstance(node.body, (Char, Chars, Dot)):
            return self.run_of_characters(node, at, rest)

        def again(end: int) -> bool:
            return (end > at or count < node.least) and self.repeat(node, count + 1, end, rest)

        may = node.most is None or count < node.most
        if count < node.least:
            return self.walk(node.body, at, again)
        if node.lazy:
            return rest(at) or (may and self.walk(node.body, at, again))
        return (may and self.walk(node.body, at, again)) or rest(at)

    def run_of_characters(self, node: Repeat, at: int, rest: Continue) -> bool:
        """A repeated single character: all lengths in turn, without recursion."""
        most = len(self.text) - at if node.most is None else min(node.most, len(self.text) - at)
        longest = 0
        while longest < most and self.accepts(node.body, self.text[at + longest]):
            longest += 1
        self.charge(1 + longest)
        lengths = range(node.least, longest + 1)
        return any(rest(at + length) for length in (lengths if node.lazy else reversed(lengths)))

    def accepts(self, node: Node, character: str) -> bool:
        match node:
            case Char(code):
                wanted = chr(code)
                return character == wanted or (self.ignore_case and character.lower() == wanted.lower())
            case Dot():
                return self.dot_all or character not in "\n\r"
            case Chars(text, negated, folds):
                pattern = ("(?i)" if self.ignore_case and folds else "") + f"[{'^' if negated else ''}{text}]"
                if pattern not in self.classes:
                    self.classes[pattern] = compile_re2(pattern)
                return self.classes[pattern].fullmatch(character) is not None
            case _:
                raise AssertionError(node)
