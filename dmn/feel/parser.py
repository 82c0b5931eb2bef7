"""Tokens to syntax tree: recursive descent with one loop per precedence level (DMN 1.5, 10.3.1.2).

for if some every function  <  or  <  and  <  = != < <= > >= between in  <  + -  <  * /  <  **  <  unary -
                            <  instance of  <  path, filter, invocation
"""

from __future__ import annotations

from decimal import Decimal

from .ast import (
    Arithmetic,
    Between,
    Call,
    Comparison,
    ContextLiteral,
    Filter,
    For,
    FunctionLiteral,
    If,
    In,
    InstanceOf,
    InvalidLiteral,
    Iterator,
    ListLiteral,
    Literal,
    Logic,
    Name,
    Negation,
    Node,
    Path,
    Quantified,
    RangeLiteral,
    UnaryRange,
    UnaryTests,
)
from .decimals import parse_number
from .errors import FeelSyntaxError
from .lexer import (
    DIGITS,
    IS_NAME,
    KEYWORDS,
    is_name_start,
    special_names,
    string_value,
)
from .temporal_text import parse_temporal
from .token_reader import MAX_NESTING, LearnedName, Source, TokenReader
from .types import FeelType

MAX_TEXT = 100_000

MAX_LEARNED = 64

_COMPARISONS = frozenset(("=", "!=", "<", "<=", ">", ">="))
_CONTINUES = frozenset(("[", ".", "(", "+", "-", "*", "/", "**", "instance"))


def parse_expression(text: str, special: tuple[str, ...] = (), backticks: bool = False) -> tuple[Node, Source]:
    """The tree of an expression. `special`: see `lexer.special_names`. FeelSyntaxError when it is none."""
    return _parse(text, special, backticks, False)


def parse_unary_tests(text: str, special: tuple[str, ...] = (), backticks: bool = False) -> tuple[Node, Source]:
    """The tree of the unary tests of an input entry; FeelSyntaxError when it is none."""
    return _parse(text, special, backticks, True)


def parse_type_text(text: str) -> FeelType:
    """The type that a text names; FeelSyntaxError when it names none."""
    if len(text) > MAX_TEXT:
        raise FeelSyntaxError(f"at most {MAX_TEXT} characters", f"{len(text)}", 1, 1)
    parser = _Parser(Source(text, ()), False)
    kind = parser.type()
    if parser.token != "":
        parser.fail("the end of the type")
    return kind


def _parse(text: str, special: tuple[str, ...], backticks: bool, unary: bool) -> tuple[Node, Source]:
    if len(text) > MAX_TEXT:
        raise FeelSyntaxError(f"at most {MAX_TEXT} characters", f"{len(text)}", 1, 1)
    for _ in range(MAX_LEARNED):
        source = Source(text, special)
        parser = _Parser(source, backticks)
        try:
            node = parser.unary_tests() if unary else parser.expression()
        except LearnedName as learned:
            special = special_names((*special, learned.name), text)
            continue
        if parser.token != "":
            parser.fail("an operator or the end")
        return node, source
    raise FeelSyntaxError(f"at most {MAX_LEARNED} new names with operators inside", "more", 1, 1)


class _Parser(TokenReader):
    __slots__ = ()

    # -- operators, loosest first ---------------------------------------------------------------------------------

    def expression(self) -> Node:
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            self.fail(f"at most {MAX_NESTING} nested levels")
        saved, self.range_end = self.range_end, False
        node = self.conjunction()
        if self.token == "or":
            at = self.at
            operands = [node]
            while self.token == "or":
                self.advance()
                operands.append(self.conjunction())
            node = Logic("or", operands, at)
        self.range_end = saved
        self.nesting -= 1
        return node

    def conjunction(self) -> Node:
        node = self.comparison()
        if self.token == "and":
            at = self.at
            operands = [node]
            while self.token == "and":
                self.advance()
                operands.append(self.comparison())
            return Logic("and", operands, at)
        return node

    def comparison(self) -> Node:
        node = self.sum()
        levels = 0
        while True:
            token = self.token
            at = self.at
            if token in _COMPARISONS:
                self.advance()
                node = Comparison(token, node, self.sum(), at)
            elif token == "in":
                self.advance()
                node = In(node, self.in_tests(), at)
            elif token == "between":
                self.advance()
                low = self.sum()
                self.expect("and")
                node = Between(node, low, self.sum(), at)
            else:
                self.nesting -= levels
                return node
            levels += 1
            self.deeper()

    def sum(self) -> Node:
        node = self.product()
        if self.token == "+" or self.token == "-":
            rest: list[tuple[str, Node, int]] = []
            while self.token == "+" or self.token == "-":
                operator, at = self.token, self.at
                self.advance()
                rest.append((operator, self.product(), at))
            return Arithmetic(node, rest)
        return node

    def product(self) -> Node:
        node = self.power()
        if self.token == "*" or self.token == "/":
            rest: list[tuple[str, Node, int]] = []
            while self.token == "*" or self.token == "/":
                operator, at = self.token, self.at
                self.advance()
                rest.append((operator, self.power(), at))
            return Arithmetic(node, rest)
        return node

    def power(self) -> Node:
        node = self.unary()
        if self.token == "**":
            rest: list[tuple[str, Node, int]] = []
            while self.token == "**":
                at = self.at
                self.advance()
                rest.append(("**", self.unary(), at))
            return Arithmetic(node, rest)
        return node

    def unary(self) -> Node:
        if self.token != "-":
            return self.postfix()
        at = self.at
        self.advance()
        if self.token[:1] in DIGITS or (self.token[:1] == "." and self.token[1:2] in DIGITS):
            number = self.number()
            return self.continued(Literal(number.copy_negate() if number else number))
        self.deeper()
        operand = self.unary()
        self.nesting -= 1
        return Negation(operand, at)

    def number(self) -> Decimal:
        value = parse_number(self.token)
        if value is None:
            self.fail("a number that decimal128 can hold")
            raise AssertionError
        self.advance()
        return value

    def postfix(self) -> Node:
        return self.continued(self.primary())

    def continued(self, node: Node) -> Node:
        """A node with the paths, filters and invocations behind it."""
        token = self.token
        if token != "." and token != "[" and token != "(" and token != "instance":
            return node
        levels = 0
        while True:
            token = self.token
            at = self.at
            if token == ".":
                self.advance()
                node = Path(node, self.path_name(), at)
            elif token == "[":
                if self.range_end and not self.starts_expression(self.peek()):
                    break
                self.advance()
                condition = self.expression_or_test()
                self.expect("]")
                node = Filter(node, condition, at)
            elif token == "(":
                node = self.arguments(node)
            elif token == "instance" and self.peek() == "of":
                self.advance()
                self.advance()
                node = InstanceOf(node, self.type(), at)
            else:
                break
            levels += 1
            self.deeper()
        self.nesting -= levels
        return node

    def starts_expression(self, token: str) -> bool:
        if token == "":
            return False
        first = token[0]
        if first in '"([{@-`<>]' or first in DIGITS or (first == "." and token[1:2] in DIGITS):
            return token != "->" and token != "]"
        return is_name_start(first) and token not in (
            "and",
            "or",
            "in",
            "between",
            "instance",
            "then",
            "else",
            "return",
            "satisfies",
        )

    def arguments(self, function: Node) -> Node:
        at = self.at
        self.advance()
        args: list[Node] = []
        names: list[str] | None = None
        while self.token != ")":
            if args:
                self.expect(",")
            named = self.argument_name()
            if named is not None:
                if names is None:
                    if args:
                        self.fail("positional arguments only, or named ones only")
                    names = []
                names.append(named)
            elif names is not None:
                self.fail("a named argument")
            args.append(self.expression_or_test())
        self.advance()
        return Call(function, args, names, at)

    def argument_name(self) -> str | None:
        """The name before a colon, if the argument is a named one."""
        at = self.at
        tokens = self.tokens
        if not tokens[at] or not is_name_start(tokens[at][0]):
            return None
        while True:
            token = tokens[at]
            if token == ":":
                name = self.words(self.at, at)
                self.at = at + 1
                self.token = tokens[self.at]
                return name
            if not token or not (
                is_name_start(token[0]) or token[0] in DIGITS or token in ("'", "-", "+", "*", "/", ".")
            ):
                return None
            at += 1

    # -- primaries ------------------------------------------------------------------------------------------------

    def primary(self) -> Node:
        token = self.token
        first = token[:1]
        if first in DIGITS or (first == "." and token[1:2] in DIGITS):
            return Literal(self.number())
        if first in IS_NAME or (first > "\x7f" and is_name_start(first)):
            return self.name_or_keyword(token)
        if first == '"' and len(token) > 1:
            self.advance()
            return Literal(string_value(token))
        if token == "(":
            return self.parenthesis()
        if token == "[":
            return self.brackets()
        if token == "{":
            return self.context()
        if token == "@":
            return self.at_literal()
        if token == "]":
            at = self.at
            self.advance()
            start = self.sum()
            return self.range(start, False, at)
        if first == "`" and self.backticks and len(token) > 1:
            at = self.at
            self.advance()
            return Name(token[1:-1], at)
        self.fail("an expression")
        raise AssertionError

    def name_or_keyword(self, token: str) -> Node:
        if token in KEYWORDS:
            if token == "true" or token == "false":
                self.advance()
                return Literal(token == "true")
            if token == "null":
                self.advance()
                return Literal(None)
            if token == "if":
                return self.conditional()
            if token == "for":
                return self.loop()
            if token == "some" or token == "every":
                return self.quantified(token)
            if token == "function":
                return self.function()
            if self.backticks and token in ("and", "or") and self.peek() == "(":
                at = self.at
                self.advance()
                return Name(token, at)
            if token != "instance" or self.peek() == "of":
                self.fail("an expression")
        at = self.at
        return Name(self.name(), at)

    def parenthesis(self) -> Node:
        at = self.at
        self.advance()
        if self.token in _COMPARISONS:
            node = self.unary_range()
        else:
            node = self.expression()
            if self.token == "..":
                return self.range(node, False, at)
        self.expect(")")
        return node

    def expression_or_test(self) -> Node:
        """An expression, or a unary test standing as a value (`x in`-lists, filters and arguments may hold them)."""
        return self.unary_range() if self.token in _COMPARISONS else self.expression()

    def unary_range(self) -> Node:
        operator, at = self.token, self.at
        self.advance()
        return UnaryRange(operator, self.sum(), at)

    def brackets(self) -> Node:
        at = self.at
        self.advance()
        if self.token == "]":
            self.advance()
            return ListLiteral([])
        node = self.expression_or_test()
        if self.token == "..":
            return self.range(node, True, at)
        items = [node]
        while self.token == ",":
            self.advance()
            items.append(self.expression_or_test())
        self.expect("]")
        return ListLiteral(items)

    def range(self, start: Node, included: bool, at: int) -> Node:
        self.expect("..")
        self.nesting += 1
        saved, self.range_end = self.range_end, True
        end = self.sum()
        self.range_end = saved
        self.nesting -= 1
        if self.token not in ("]", ")", "["):
            self.fail("']', ')' or '[' after the end of the range")
        closed = self.token == "]"
        self.advance()
        return RangeLiteral(start, end, included, closed, at)

    def at_literal(self) -> Node:
        at = self.at
        self.advance()
        if self.token[:1] != '"' or len(self.token) < 2:
            self.fail("a string after '@'")
        text = string_value(self.token)
        self.advance()
        value = parse_temporal(text)
        return Literal(value) if value is not None else InvalidLiteral(text, at)

    def context(self) -> Node:
        at = self.at
        self.advance()
        entries: list[tuple[str, Node]] = []
        while self.token != "}":
            if entries:
                self.expect(",")
            key = self.key()
            entries.append((key, self.expression_or_test()))
        self.advance()
        return ContextLiteral(entries, at)

    def key(self) -> str:
        token = self.token
        if token[:1] == '"' and len(token) > 1 and self.peek() == ":":
            self.advance()
            self.advance()
            key = string_value(token)
            return self.learn(key)
        if token[:1] == "`" and self.backticks and len(token) > 1:
            self.advance()
            self.expect(":")
            return token[1:-1]
        start = at = self.at
        if not token or not is_name_start(token[0]):
            self.fail("a key")
        while self.tokens[at] != ":":
            if self.tokens[at] in ("", ",", "{", "}", "[", "]", "(", ")") or self.tokens[at][0] == '"':
                self.fail("':' after the key", at)
            at += 1
        name = self.words(start, at)
        self.at = at + 1
        self.token = self.tokens[self.at]
        return self.learn(name)

    # -- keywords -------------------------------------------------------------------------------------------------

    def conditional(self) -> Node:
        self.advance()
        condition = self.expression()
        self.expect("then")
        then = self.expression()
        self.expect("else")
        return If(condition, then, self.expression())

    def iterators(self, end: str) -> list[Iterator]:
        found: list[Iterator] = []
        while True:
            start = at = self.at
            if self.token[:1] == "`" and self.backticks and len(self.token) > 1:
                name = self.token[1:-1]
                at += 1
            else:
                if not self.token or not is_name_start(self.token[0]):
                    self.fail("a name")
                while self.tokens[at] != "in" or at == start:
                    if self.tokens[at] in ("", ",", "(", ")", "[", "]", "{", "}", ":", "return", "satisfies"):
                        self.fail("'in' after the name", at)
                    at += 1
                name = self.learn(self.words(start, at))
            self.at = at
            self.token = self.tokens[at]
            self.expect("in")
            source = self.expression()
            stop = None
            if self.token == "..":
                self.advance()
                stop = self.expression()
            found.append(Iterator(name, source, stop, start))
            if self.token != ",":
                break
            self.advance()
        self.expect(end)
        return found

    def loop(self) -> Node:
        self.advance()
        iterators = self.iterators("return")
        return For(iterators, self.expression())

    def quantified(self, kind: str) -> Node:
        self.advance()
        iterators = self.iterators("satisfies")
        return Quantified(kind, iterators, self.expression())

    def function(self) -> Node:
        start = self.at
        self.advance()
        self.expect("(")
        params: list[tuple[str, FeelType | None]] = []
        while self.token != ")":
            if params:
                self.expect(",")
            first = at = self.at
            if not self.token or not is_name_start(self.token[0]):
                self.fail("a parameter's name")
            while self.tokens[at] not in (",", ")", ":"):
                if self.tokens[at] in ("", "(", "[", "]", "{", "}") or self.tokens[at][0] == '"':
                    self.fail("',' or ')' after the parameter", at)
                at += 1
            name = self.learn(self.words(first, at))
            self.at = at
            self.token = self.tokens[at]
            kind = None
            if self.token == ":":
                self.advance()
                kind = self.type()
            params.append((name, kind))
        self.advance()
        external = self.has("external")
        if external:
            self.advance()
        return FunctionLiteral(params, self.expression(), external, start)

    # -- tests ----------------------------------------------------------------------------------------------------

    def in_tests(self) -> list[Node]:
        if self.token in _COMPARISONS:
            return [self.unary_range()]
        if self.token != "(":
            return [self.sum()]
        at = self.at
        self.advance()
        first = self.expression_or_test()
        if self.has(".."):
            return [self.range(first, False, at)]
        tests = [first]
        while self.has(","):
            self.advance()
            tests.append(self.expression_or_test())
        self.expect(")")
        if len(tests) == 1 and self.token in _CONTINUES:
            self.at, self.token = at, "("
            return [self.sum()]
        return tests

    def unary_tests(self) -> Node:
        if self.token == "" or (self.token == "-" and self.peek() == ""):
            if self.token:
                self.advance()
            return UnaryTests([], False)
        if self.token == "not" and self.peek() == "(":
            start = self.at
            self.advance()
            self.advance()
            tests = [self.expression_or_test()]
            while self.has(","):
                self.advance()
                tests.append(self.expression_or_test())
            if self.has(".."):
                self.at, self.token = start, "not"
            else:
                self.expect(")")
                if self.has(""):
                    return UnaryTests(tests, True)
                self.at, self.token = start, "not"
        tests = [self.expression_or_test()]
        while self.has(","):
            self.advance()
            tests.append(self.expression_or_test())
        return UnaryTests(tests, False)
