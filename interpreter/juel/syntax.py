"""Tokens and parser of JUEL: text to closures over an `Environment`.

Precedence, strongest first:
. [] () | - ! not empty | * / div % mod | + - | < > <= >= lt gt le ge | == != eq ne | && and | || or | ? :
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, cast

from interpreter.failures import Failure
from interpreter.juel import methods
from interpreter.juel import operators as op
from interpreter.juel.objects import Environment, Execution

MAX_LENGTH = 100_000
MAX_DEPTH = 100

Evaluator = Callable[[Environment], Any]
Template = Evaluator

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<string>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
    r"|(?P<name>[A-Za-z_$][\w$]*(?::[A-Za-z_$][\w$]*(?=\())?)"
    r"|(?P<symbol>&&|\|\||==|!=|<=|>=|[-+*/%<>!?:.,()\[\]=])"
    r"|(?P<end>$))",
    re.DOTALL,
)
_ESCAPES = re.compile(r"\\(.)", re.DOTALL)
_WORDS = {
    "and": "&&",
    "or": "||",
    "not": "!",
    "eq": "==",
    "ne": "!=",
    "lt": "<",
    "gt": ">",
    "le": "<=",
    "ge": ">=",
    "div": "/",
    "mod": "%",
    "empty": "empty",
}


class JuelSyntaxError(ValueError):
    """The text is not in this subset of JUEL."""


def compile_template(text: str) -> Template:
    """Text with `${...}` parts. A single part gives its value; anything more gives text."""
    if len(text) > MAX_LENGTH:
        raise JuelSyntaxError(f"Expected an expression of at most {MAX_LENGTH} characters but it was {len(text)}.")
    parts: list[str | Evaluator] = []
    position = 0
    literal = ""
    while position < len(text):
        starts = [i for i in (text.find("${", position), text.find("#{", position)) if i >= 0]
        if not starts:
            literal += text[position:]
            break
        start = min(starts)
        if start > 0 and text[start - 1] == "\\":
            literal += text[position : start - 1] + text[start : start + 2]
            position = start + 2
            continue
        literal += text[position:start]
        if literal:
            parts.append(literal)
            literal = ""
        parser = _Parser(text, start + 2)
        parts.append(parser.whole())
        position = parser.position
    if literal:
        parts.append(literal)
    if len(parts) == 1:
        only = parts[0]
        if isinstance(only, str):
            return lambda env: only
        return only
    if not parts:
        return lambda env: ""

    def join(env: Environment) -> str:
        joined = "".join([p if isinstance(p, str) else op.text(p(env)) for p in parts])
        if len(joined) > op.MAX_TEXT:
            raise Failure(f"Expected text of at most {op.MAX_TEXT} characters but it was {len(joined)}.")
        return joined

    return join


def names_in(text: str) -> tuple[str, ...]:
    """The identifiers that an expression reads (without functions, methods and properties), in order."""
    parser_names: dict[str, None] = {}
    position = 0
    while True:
        starts = [i for i in (text.find("${", position), text.find("#{", position)) if i >= 0]
        if not starts:
            return tuple(parser_names)
        parser = _Parser(text, min(starts) + 2)
        parser.whole()
        parser_names.update(parser.names)
        position = parser.position


class _Parser:
    def __init__(self, text: str, position: int) -> None:
        self.text = text
        self.position = position
        self.kind = ""
        self.token: str = ""
        self.depth = 0
        self.names: dict[str, None] = {}

    # -- tokens

    def _advance(self) -> None:
        text = self.text
        position = self.position
        while position < len(text) and text[position].isspace():
            position += 1
        if position < len(text) and text[position] == "}":
            self.kind, self.token, self.position = "close", "}", position + 1
            return
        match = _TOKEN.match(text, position)
        if match is None:
            raise JuelSyntaxError(
                f"Expected JUEL but at character {position + 1} of {text!r:.120} "
                f"it was {text[position : position + 10]!r}."
            )
        self.position = match.end()
        self.kind = match.lastgroup or ""
        self.token = match[self.kind]
        if self.kind == "name" and self.token in _WORDS:
            self.kind, self.token = "symbol", _WORDS[self.token]

    def _expected(self, what: str) -> JuelSyntaxError:
        found = "its end" if self.kind == "end" else repr(self.token)
        return JuelSyntaxError(f"Expected {what} in the expression {self.text!r:.120} but it was {found}.")

    def _take(self, symbol: str) -> bool:
        if self.kind == "symbol" and self.token == symbol:
            self._advance()
            return True
        return False

    def _need(self, symbol: str) -> None:
        if not self._take(symbol):
            raise self._expected(repr(symbol))

    # -- grammar

    def whole(self) -> Evaluator:
        self._advance()
        value = self._ternary()
        if self.kind != "close":
            raise self._expected("'}'")
        return value

    def _ternary(self) -> Evaluator:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise JuelSyntaxError(
                f"Expected an expression of at most {MAX_DEPTH} levels but {self.text!r:.120} has more."
            )
        test = self._binary(0)
        if self._take("?"):
            yes = self._ternary()
            self._need(":")
            no = self._ternary()
            self.depth -= 1
            return lambda env: yes(env) if op.boolean(test(env)) else no(env)
        self.depth -= 1
        return test

    def _binary(self, level: int) -> Evaluator:
        if level == len(_LEVELS):
            return self._unary()
        left = self._binary(level + 1)
        operators = _LEVELS[level]
        while self.kind == "symbol" and self.token in operators:
            build = operators[self.token]
            self._advance()
            left = build(left, self._binary(level + 1))
        return left

    def _unary(self) -> Evaluator:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise JuelSyntaxError(
                f"Expected an expression of at most {MAX_DEPTH} levels but {self.text!r:.120} has more."
            )
        try:
            if self._take("-"):
                value = self._unary()
                return lambda env: op.negate(value(env))
            if self._take("!"):
                value = self._unary()
                return lambda env: not op.boolean(value(env))
            if self._take("empty"):
                value = self._unary()
                return lambda env: op.empty(_or_null(value, env))
            return self._postfix(self._primary())
        finally:
            self.depth -= 1

    def _postfix(self, value: Evaluator) -> Evaluator:
        while True:
            if self._take("."):
                if self.kind not in ("name", "symbol") or not (self.token[:1].isalpha() or self.token[:1] in "_$"):
                    raise self._expected("a name")
                name = self.token
                self._advance()
                is_call = self._take("(")
                value = _method(value, name, self._arguments(")")) if is_call else _property(value, name)
            elif self._take("["):
                index = self._ternary()
                self._need("]")
                value = _indexed(value, index)
            else:
                return value

    def _primary(self) -> Evaluator:
        kind, token = self.kind, self.token
        if kind == "number":
            self._advance()
            number: int | float = int(token) if token.isdigit() else float(token)
            return lambda env: number
        if kind == "string":
            self._advance()
            string = _ESCAPES.sub(r"\1", token[1:-1])
            return lambda env: string
        if kind == "name":
            self._advance()
            if token in _LITERALS:
                literal = _LITERALS[token]
                return lambda env: literal
            if self._take("("):
                arguments = self._arguments(")")
                return lambda env: env.function(token, [a(env) for a in arguments])
            self.names[token] = None
            return lambda env: env.name(token)
        if self._take("("):
            value = self._ternary()
            self._need(")")
            return value
        raise self._expected("a value")

    def _arguments(self, close: str) -> list[Evaluator]:
        found: list[Evaluator] = []
        if self._take(close):
            return found
        while True:
            found.append(self._ternary())
            if self._take(close):
                return found
            self._need(",")


_LITERALS: dict[str, Any] = {"true": True, "false": False, "null": None}


def _or_null(value: Evaluator, env: Environment) -> Any:
    """`empty x` may be asked of a variable that there is not."""
    try:
        return value(env)
    except Failure as failure:
        if failure.type == "unresolved":
            return None
        raise


def _method(value: Evaluator, name: str, arguments: list[Evaluator]) -> Evaluator:
    return lambda env: methods.call(value(env), name, [a(env) for a in arguments])


def _property(value: Evaluator, name: str) -> Evaluator:
    def get(env: Environment) -> Any:
        return _member(value(env), name)

    return get


def _indexed(value: Evaluator, index: Evaluator) -> Evaluator:
    def get(env: Environment) -> Any:
        base = value(env)
        at = index(env)
        if isinstance(base, list):
            items = cast("list[Any]", base)
            position = op.number(at)
            if not isinstance(position, int) or not 0 <= position < len(items):
                return None
            return items[position]
        return None if at is None else _member(base, op.text(at))

    return get


def _member(base: Any, name: str) -> Any:
    if isinstance(base, dict):
        entries = cast("dict[str, Any]", base)
        return entries.get(name)
    if isinstance(base, Execution):
        return base.property(name)
    if base is None:
        raise Failure(f"Expected a value to read {name!r} of but it was null.", "unresolved")
    if isinstance(base, list) and name.isdigit():
        items = cast("list[Any]", base)
        return items[int(name)] if int(name) < len(items) else None
    if name == "class":
        raise Failure("Expected a property of a value but 'class' is Java's.")
    getter = {"empty": "isEmpty", "time": "getTime", "length": "length", "size": "size"}.get(name)
    if getter is not None:
        return methods.call(base, getter, [])
    raise Failure(f"Expected a property that {base!r:.60} has but it was {name!r}.", "unresolved")


def _both(function: Callable[[Any, Any], Any]) -> Callable[[Evaluator, Evaluator], Evaluator]:
    return lambda left, right: lambda env: function(left(env), right(env))


def _swapped(function: Callable[[Any, Any], Any]) -> Callable[[Evaluator, Evaluator], Evaluator]:
    return lambda left, right: lambda env: function(right(env), left(env))


_LEVELS: list[dict[str, Callable[[Evaluator, Evaluator], Evaluator]]] = [
    {"||": lambda left, right: lambda env: op.boolean(left(env)) or op.boolean(right(env))},
    {"&&": lambda left, right: lambda env: op.boolean(left(env)) and op.boolean(right(env))},
    {"==": _both(op.equal), "!=": lambda left, right: lambda env: not op.equal(left(env), right(env))},
    {"<": _both(op.less), ">": _swapped(op.less), "<=": _both(op.less_or_equal), ">=": _swapped(op.less_or_equal)},
    {"+": _both(op.add), "-": _both(op.subtract)},
    {"*": _both(op.multiply), "/": _both(op.divide), "%": _both(op.modulo)},
]
