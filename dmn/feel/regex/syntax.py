"""XPath patterns to trees: XML Schema's syntax plus anchors, groups, lazy quantifiers and back-references."""

from __future__ import annotations

from dataclasses import dataclass

from . import charsets
from .charsets import Intervals

MAX_PATTERN = 2_000
MAX_NESTING = 50
MAX_REPEAT = 1_000


class PatternError(ValueError):
    """The text is no XPath pattern."""


class Node:
    __slots__ = ()


@dataclass(slots=True)
class Chars(Node):
    """One character of a set. `text` is the set in RE2's brackets; `negated` turns it round.

    `folds`: whether flag i applies. It does to characters and ranges, not to escapes such as `\\p{Lu}`.
    """

    text: str
    negated: bool = False
    folds: bool = True


@dataclass(slots=True)
class Char(Node):
    code: int


@dataclass(slots=True)
class Dot(Node):
    pass


@dataclass(slots=True)
class Anchor(Node):
    at_start: bool


@dataclass(slots=True)
class BackReference(Node):
    group: int


@dataclass(slots=True)
class Group(Node):
    """`number` 0 does not capture."""

    number: int
    body: Node


@dataclass(slots=True)
class Repeat(Node):
    body: Node
    least: int
    most: int | None
    lazy: bool


@dataclass(slots=True)
class Sequence(Node):
    parts: list[Node]


@dataclass(slots=True)
class Choice(Node):
    branches: list[Node]


_ESCAPED = {"n": 10, "r": 13, "t": 9, **{c: ord(c) for c in "\\|.-^?*+{}()[]$"}}


@dataclass(slots=True)
class _Set:
    """A class while it is read: RE2 text as long as possible, intervals when subtraction needs them."""

    text: list[str]
    intervals: list[tuple[str, bool]]
    spans: list[tuple[int, int]]

    def resolved(self) -> Intervals:
        sets: list[Intervals] = [tuple(self.spans)]
        for name, negative in self.intervals:
            found = _named(name)
            sets.append(charsets.complement(found) if negative else found)
        return charsets.union(*sets)


def _named(name: str) -> Intervals:
    if name == "s":
        return charsets.SPACES
    if name == "i":
        return charsets.NAME_START
    if name == "c":
        return charsets.NAME_CHARS
    if name == "w":
        return charsets.union(*(charsets.category(part) for part in "LMNS"))
    if name.startswith("Is"):
        return (charsets.BLOCKS[name[2:]],)
    return charsets.category(name)


def _named_text(name: str, negative: bool) -> str:
    """A named set inside brackets, in RE2's syntax."""
    if name == "w":
        return r"\p{P}\p{Z}\p{C}" if negative else r"\p{L}\p{M}\p{N}\p{S}"
    if name in ("s", "i", "c") or name.startswith("Is") or name == "Cn":
        found = _named(name)
        return charsets.class_text(charsets.complement(found) if negative else found)
    return f"\\{'P' if negative else 'p'}{{{name}}}"


def strip_blanks(pattern: str) -> str:
    """The pattern without white space outside of character classes (flag x)."""
    kept: list[str] = []
    depth = 0
    skip = False
    for character in pattern:
        if skip:
            skip = False
        elif character == "\\":
            skip = True
        elif character == "[":
            depth += 1
        elif character == "]" and depth:
            depth -= 1
        if depth or character not in " \t\n\r":
            kept.append(character)
    return "".join(kept)


class Parser:
    def __init__(self, pattern: str, ignore_case: bool) -> None:
        if len(pattern) > MAX_PATTERN:
            raise PatternError(f"Expected a pattern of at most {MAX_PATTERN} characters but it has {len(pattern)}")
        self.pattern = pattern
        self.at = 0
        self.groups = 0
        self.closed: list[int] = []
        self.ignore_case = ignore_case
        self.nesting = 0
        self.has_back_reference = False

    def fail(self, problem: str) -> PatternError:
        return PatternError(f"Expected a pattern that XPath knows but {self.pattern!r} has {problem} at {self.at + 1}")

    def peek(self) -> str:
        return self.pattern[self.at] if self.at < len(self.pattern) else ""

    def parse(self) -> Node:
        node = self.choice()
        if self.at < len(self.pattern):
            raise self.fail("an unmatched ')'")
        return node

    def choice(self) -> Node:
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise self.fail("too many nested groups")
        branches = [self.sequence()]
        while self.peek() == "|":
            self.at += 1
            branches.append(self.sequence())
        self.nesting -= 1
        return branches[0] if len(branches) == 1 else Choice(branches)

    def sequence(self) -> Node:
        parts: list[Node] = []
        while (character := self.peek()) and character not in "|)":
            node = self.atom(character)
            parts.append(self.quantified(node))
        return Sequence(parts)

    def quantified(self, node: Node) -> Node:
        character = self.peek()
        if character == "" or character not in "?*+{":
            return node
        if isinstance(node, Anchor):
            raise self.fail("a quantified anchor")
        self.at += 1
        least, most = 0, None
        if character == "?":
            most = 1
        elif character == "+":
            least = 1
        elif character == "{":
            least, most = self.bounds()
        lazy = self.peek() == "?"
        if lazy:
            self.at += 1
        if self.peek() and self.peek() in "?*+{":
            raise self.fail("two quantifiers in a row")
        return Repeat(node, least, most, lazy)

    def bounds(self) -> tuple[int, int | None]:
        end = self.pattern.find("}", self.at)
        low, comma, high = self.pattern[self.at : max(end, self.at)].partition(",")
        if end < 0 or not _is_count(low) or (high and not _is_count(high)):
            raise self.fail("a malformed quantifier")
        self.at = end + 1
        least = int(low)
        most = (int(high) if high else None) if comma else least
        if most is not None and most < least:
            raise self.fail("a quantifier whose maximum is below its minimum")
        if max(least, most or 0) > MAX_REPEAT:
            raise self.fail(f"a quantifier beyond {MAX_REPEAT}")
        return least, most

    def atom(self, character: str) -> Node:
        self.at += 1
        if character == "(":
            return self.group()
        if character == "[":
            return self.bracket()
        if character == ".":
            return Dot()
        if character == "^":
            return Anchor(True)
        if character == "$":
            return Anchor(False)
        if character == "\\":
            return self.escape()
        if character in "?*+{}]":
            self.at -= 1
            raise self.fail(f"a stray {character!r}")
        return Char(ord(character))

    def group(self) -> Node:
        number = 0
        if self.pattern.startswith("?:", self.at):
            self.at += 2
        elif self.peek() == "?":
            raise self.fail("a '(?' group")
        else:
            self.groups += 1
            number = self.groups
        body = self.choice()
        if self.peek() != ")":
            raise self.fail("an unclosed '('")
        self.at += 1
        if number:
            self.closed.append(number)
        return Group(number, body)

    def escape(self) -> Node:
        character = self.peek()
        self.at += 1
        if character in _ESCAPED and character:
            return Char(_ESCAPED[character])
        if character and character in "123456789":
            return self.back_reference(int(character))
        name, negative = self.class_escape(character)
        if name in ("w", "i", "c", "s") or name.startswith("Is") or name == "Cn":
            return Chars(_named_text(name, False), negative, folds=False)
        return Chars(_named_text(name, negative), folds=False)

    def back_reference(self, number: int) -> Node:
        while self.peek() and self.peek() in "0123456789" and number * 10 + int(self.peek()) <= self.groups:
            number = number * 10 + int(self.peek())
            self.at += 1
        if number not in self.closed:
            raise self.fail("a reference to a group that is not closed before it")
        self.has_back_reference = True
        return BackReference(number)

    def class_escape(self, character: str) -> tuple[str, bool]:
        """Name and sign of `\\d`, `\\p{L}` and the like."""
        if character and character in "dDwWsSiIcC":
            name = character.lower()
            return ("Nd" if name == "d" else name), character.isupper()
        if character and character in "pP" and self.peek() == "{":
            end = self.pattern.find("}", self.at)
            name = self.pattern[self.at + 1 : max(end, self.at + 1)]
            if end > 0 and (name in charsets.CATEGORIES or (name.startswith("Is") and name[2:] in charsets.BLOCKS)):
                self.at = end + 1
                return name, character == "P"
        raise self.fail("an unknown escape")

    def bracket(self) -> Node:
        members, negated, subtracted = self.class_body(0)
        if subtracted is None and (not self.ignore_case or not members.intervals):
            return Chars("".join(members.text), negated)
        if self.ignore_case:
            members.spans = list(charsets.both_cases(charsets.union(members.spans)))
        if subtracted is None:
            named = "".join(_named_text(name, negative) for name, negative in members.intervals)
            return Chars(charsets.class_text(tuple(members.spans)) + named, negated, folds=False)
        base = members.resolved()
        left = charsets.difference(charsets.complement(base) if negated else base, subtracted)
        text = charsets.class_text(left)
        if not text:
            return Chars(charsets.class_text(((0, charsets.MAX_CODE),)), True, folds=False)
        return Chars(text, folds=False)

    def class_body(self, depth: int) -> tuple[_Set, bool, Intervals | None]:
        if depth > MAX_NESTING:
            raise self.fail("too many nested classes")
        negated = self.peek() == "^"
        if negated:
            self.at += 1
        members = _Set([], [], [])
        subtracted: Intervals | None = None
        first = True
        while True:
            character = self.peek()
            if character == "":
                raise self.fail("an unclosed '['")
            if character == "]":
                if first:
                    raise self.fail("an empty class")
                self.at += 1
                break
            if character == "-" and self.pattern.startswith("-[", self.at) and not first:
                self.at += 2
                inner, inner_negated, more = self.class_body(depth + 1)
                if self.ignore_case:
                    inner.spans = list(charsets.both_cases(charsets.union(inner.spans)))
                subtracted = inner.resolved()
                if inner_negated:
                    subtracted = charsets.complement(subtracted)
                if more is not None:
                    subtracted = charsets.difference(subtracted, more)
                if self.peek() != "]":
                    raise self.fail("something after a subtracted class")
                self.at += 1
                break
            self.member(members, first)
            first = False
        return members, negated, subtracted

    def member(self, members: _Set, first: bool) -> None:
        low = self.class_character(members, first)
        if low is None:
            return
        high = low
        if self.peek() == "-" and not self.pattern.startswith(("-]", "-["), self.at):
            self.at += 1
            found = self.class_character(members, False)
            if found is None or found < low:
                raise self.fail("a range that runs backwards")
            high = found
        members.spans.append((low, high))
        members.text.append(charsets.class_text(((low, high),)))

    def class_character(self, members: _Set, first: bool) -> int | None:
        """One code point, or None after a class escape has been added to the members."""
        character = self.peek()
        self.at += 1
        if character == "\\":
            escape = self.peek()
            self.at += 1
            if escape in _ESCAPED and escape:
                return _ESCAPED[escape]
            name, negative = self.class_escape(escape)
            members.intervals.append((name, negative))
            members.text.append(_named_text(name, negative))
            return None
        if character == "[" or character == "":
            raise self.fail("a stray '['")
        if character == "-" and not first and not (self.peek() == "]" or self.pattern.startswith("-[", self.at)):
            raise self.fail("a stray '-'")
        return ord(character)


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 6
