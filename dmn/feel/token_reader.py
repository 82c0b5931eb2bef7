"""What every part of the parser needs: the tokens of a text, names out of several tokens, and types."""

from __future__ import annotations

from .errors import FeelSyntaxError
from .lexer import DIGITS, IS_NAME, KEYWORDS, is_name_start, normalized, offsets_of, special_names, tokens_of
from .types import SIMPLE_TYPES, ContextType, FeelType, FunctionType, ListType, NamedType, RangeType

MAX_NESTING = 60
_TYPE_WORDS = frozenset(("list", "context", "range", "function"))


class LearnedName(Exception):
    """A context key, parameter or iterator introduces a name that the lexer has to know."""

    def __init__(self, name: str) -> None:
        self.name = name


class Source:
    """A text with its tokens; finds the place of a token."""

    __slots__ = ("special", "text", "tokens")

    def __init__(self, text: str, special: tuple[str, ...]) -> None:
        self.text = text
        self.special = special
        self.tokens = tokens_of(text, special)

    def place(self, token: int) -> tuple[int, int]:
        """Line and column, from 1, of a token by its index."""
        spans = offsets_of(self.text, self.special)
        start = spans[min(token, len(spans) - 1)][0]
        before = self.text[:start]
        return before.count("\n") + 1, start - (before.rfind("\n") + 1) + 1


class TokenReader:
    """Walks over the tokens of a source."""

    __slots__ = ("at", "backticks", "known", "nesting", "range_end", "source", "token", "tokens")

    def __init__(self, source: Source, backticks: bool) -> None:
        self.source = source
        self.tokens = source.tokens
        self.known = source.special
        self.at = 0
        self.token = self.tokens[0]
        self.nesting = 0
        self.range_end = False
        self.backticks = backticks

    def advance(self) -> None:
        self.at += 1
        self.token = self.tokens[self.at]

    def has(self, token: str) -> bool:
        """Whether a token is next (a method, since what is known of `token` ends with the next `advance`)."""
        return self.token == token

    def peek(self) -> str:
        return self.tokens[self.at + 1] if self.token != "" else ""

    def fail(self, expected: str, at: int | None = None) -> None:
        at = self.at if at is None else at
        token = self.tokens[at]
        line, column = self.source.place(at)
        raise FeelSyntaxError(expected, repr(token) if token else "the end", line, column)

    def expect(self, token: str) -> None:
        if self.token != token:
            self.fail(f"{token!r}")
        self.at += 1
        self.token = self.tokens[self.at]

    def deeper(self) -> None:
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            self.fail(f"at most {MAX_NESTING} nested levels")

    def words(self, start: int, end: int) -> str:
        """The text of some tokens as a name."""
        if end == start + 1:
            return normalized(self.tokens[start])
        tokens = self.tokens[start:end]
        if all(is_name_start(token[0]) for token in tokens):
            return normalized(" ".join(tokens))
        spans = offsets_of(self.source.text, self.source.special)
        return normalized(self.source.text[spans[start][0] : spans[end - 1][1]])

    def learn(self, name: str) -> str:
        """Takes note of a name that the expression itself introduces."""
        special = special_names((name,), self.source.text)
        if special and special[0] not in self.known:
            raise LearnedName(name)
        return name

    def name(self) -> str:
        """A name: words side by side belong together, unless the next is a keyword."""
        start = self.at
        tokens = self.tokens
        at = start + 1
        token = tokens[at]
        if token and (token[0] in IS_NAME or token[0] in DIGITS or token[0] > "\x7f"):
            while self.goes_on(at):
                at += 1
            token = tokens[at]
            name = self.words(start, at)
        else:
            name = tokens[start]
            if not name.isidentifier():
                name = normalized(name)
        self.at = at
        self.token = token
        return name

    def goes_on(self, at: int) -> bool:
        """Whether the token there is a further word of a name. `instance` alone is no keyword."""
        token = self.tokens[at]
        if not token or not (is_name_start(token[0]) or token[0] in DIGITS):
            return False
        return token not in KEYWORDS or (token == "instance" and self.tokens[at + 1] != "of")

    def path_name(self) -> str:
        token = self.token
        if token and is_name_start(token[0]):
            if token in KEYWORDS:
                self.advance()
                return token
            return self.name()
        if token[:1] == "`" and self.backticks and len(token) > 1:
            self.advance()
            return token[1:-1]
        self.fail("a name after '.'")
        raise AssertionError

    # -- types ----------------------------------------------------------------------------------------------------

    def type(self) -> FeelType:
        self.deeper()
        kind = self.inner_type()
        self.nesting -= 1
        return kind

    def inner_type(self) -> FeelType:
        token = self.token
        if token in _TYPE_WORDS and self.peek() == "<":
            self.advance()
            self.advance()
            if token == "context":
                return self.context_type()
            if token == "function":
                return self.function_type()
            inner = self.type()
            self.expect(">")
            return ListType(inner) if token == "list" else RangeType(inner)
        if not token or not is_name_start(token[0]) or (token in KEYWORDS and token != "function"):
            self.fail("a type")
        name = self.name()
        while self.token == ".":
            self.advance()
            name += "." + self.path_name()
        return SIMPLE_TYPES.get(name) or NamedType(name)

    def context_type(self) -> FeelType:
        fields: list[tuple[str, FeelType]] = []
        while self.token != ">":
            if fields:
                self.expect(",")
            start = at = self.at
            while self.tokens[at] != ":":
                if self.tokens[at] in ("", ",", ">", "<"):
                    self.fail("':' after the name", at)
                at += 1
            name = self.words(start, at)
            self.at = at + 1
            self.token = self.tokens[self.at]
            fields.append((name, self.type()))
        self.advance()
        return ContextType(tuple(fields))

    def function_type(self) -> FeelType:
        params: list[FeelType] = []
        while self.token != ">":
            if params:
                self.expect(",")
            params.append(self.type())
        self.advance()
        self.expect("->")
        return FunctionType(tuple(params), self.type())
