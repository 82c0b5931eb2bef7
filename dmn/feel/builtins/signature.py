"""How a built-in is declared: one line of its signature as the standard writes it, and a Python function.

    @builtin("substring(string: string, start position: number, length: number?)")

A parameter's type is followed by `?` when it may be left out, by `|null` when null is a value for it; `any` takes
anything. A built-in may be declared several times, with different numbers of parameters. `variadic`: instead of one
list, the items may be given as arguments. `rest`: the last parameter may be repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ..errors import InvalidOperation
from ..kinds import as_list, kind_of
from ..run import Run
from ..temporal import DaysTimeDuration, FeelDate, FeelDateTime, FeelTime, YearsMonthsDuration
from ..types import SIMPLE_TYPES, type_of
from ..values import FeelFunction, Param, Range

Function = Callable[..., Any]

_KINDS: Mapping[str, frozenset[type] | None] = {
    "any": None,
    "number": frozenset((Decimal,)),
    "string": frozenset((str,)),
    "boolean": frozenset((bool,)),
    "list": frozenset((list,)),
    "context": frozenset((dict,)),
    "range": frozenset((Range,)),
    "date": frozenset((FeelDate, FeelDateTime)),
    "time": frozenset((FeelTime,)),
    "days and time duration": frozenset((DaysTimeDuration,)),
    "duration": frozenset((DaysTimeDuration, YearsMonthsDuration)),
    "function": None,
}


class _Bad:
    """No value: the argument does not fit."""


BAD = _Bad()


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    kind: str
    optional: bool
    nullable: bool
    types: frozenset[type] | None

    def fit(self, value: Any) -> Any:
        """The argument, implicitly converted (10.3.2.9.4) if need be, or BAD."""
        types = self.types
        if types is None:
            return BAD if self.kind == "function" and not isinstance(value, FeelFunction) else value
        if kind_of(value) in types:
            return value
        if value is None:
            return None if self.nullable else BAD
        if self.kind == "list":
            return [value]
        if kind_of(value) is list:
            items = as_list(value)
            if len(items) == 1 and kind_of(items[0]) in types:
                return items[0]
        return BAD


@dataclass(frozen=True, slots=True)
class Signature:
    parameters: tuple[Parameter, ...]
    required: int
    variadic: bool
    rest: bool
    needs_run: bool
    function: Function


class Builtin(FeelFunction):
    """A built-in function with its signatures."""

    __slots__ = ("by_count", "calls", "cost", "open_ended", "pure", "signatures")

    def __init__(self, name: str) -> None:
        super().__init__(name, ())
        self.signatures: list[Signature] = []
        self.by_count: dict[int, Signature] = {}
        self.open_ended: Signature | None = None
        self.pure = True
        self.calls = False
        self.cost = 0

    def declare(self, signature: Signature, pure: bool, calls: bool, cost: int) -> None:
        self.signatures.append(signature)
        self.pure = self.pure and pure
        self.calls = self.calls or calls
        self.cost = max(self.cost, cost)
        for count in range(signature.required, len(signature.parameters) + 1):
            self.by_count.setdefault(count, signature)
        if signature.variadic or signature.rest:
            self.open_ended = signature
        longest = max(self.signatures, key=lambda s: len(s.parameters))
        self.params = tuple(
            Param(p.name, SIMPLE_TYPES.get(p.kind) if p.kind in ("number", "string", "boolean") else None)
            for p in longest.parameters
        )

    def signature_for(self, count: int) -> Signature | None:
        return self.by_count.get(count) or (self.open_ended if count else None)

    def invoke(self, run: Run, args: Sequence[Any]) -> Any:
        try:
            return self.positional(run, args)
        except InvalidOperation as problem:
            run.warn("INVALID_ARGUMENT", str(problem))
            return None

    def invoke_named(self, run: Run, args: Mapping[str, Any]) -> Any:
        try:
            return self.named(run, args)
        except InvalidOperation as problem:
            run.warn("INVALID_ARGUMENT", str(problem))
            return None

    def positional(self, run: Run, args: Sequence[Any]) -> Any:
        """The result; raises InvalidOperation when the arguments do not fit."""
        signature = self.signature_for(len(args))
        if signature is None:
            raise InvalidOperation(f"Expected {self.expected_counts()} for {self.name!r} but found {len(args)}")
        return self.apply(run, signature, args)

    def apply(self, run: Run, signature: Signature, args: Sequence[Any]) -> Any:
        parameters = signature.parameters
        if signature.variadic and len(args) > 1:
            values: list[Any] = [list(args)]
        else:
            values = []
            for index, value in enumerate(args):
                parameter = parameters[index] if index < len(parameters) else parameters[-1]
                fitted = parameter.fit(value)
                if fitted is BAD:
                    raise misfit(self.name, parameter, value)
                values.append(fitted)
        return signature.function(run, *values) if signature.needs_run else signature.function(*values)

    def named(self, run: Run, args: Mapping[str, Any]) -> Any:
        for signature in self.signatures:
            names = [parameter.name for parameter in signature.parameters]
            if len(args) > len(names) or any(name not in names for name in args):
                continue
            given = [name in args for name in names]
            if not all(given[: signature.required]):
                continue
            last = max((i for i, has in enumerate(given) if has), default=-1)
            if not all(given[: last + 1]) and not all(
                p.nullable or has for p, has in zip(signature.parameters[: last + 1], given, strict=False)
            ):
                continue
            return self.apply(run, signature, [args.get(name) for name in names[: last + 1]])
        raise InvalidOperation(f"Expected the parameters of {self.name!r} but found {list(args)}")

    def expected_counts(self) -> str:
        counts = sorted(self.by_count)
        text = " or ".join(map(str, counts)) if counts else "some"
        return f"{text} argument(s)" + (" or more" if self.open_ended else "")

    def signature(self) -> str:
        return f"function {self.name}"


def misfit(name: str, parameter: Parameter, value: Any) -> InvalidOperation:
    return InvalidOperation(
        f"Expected a {parameter.kind} for {parameter.name!r} of {name!r} but found {type_of(value)}"
    )


class Library:
    """The built-ins of one chapter."""

    def __init__(self) -> None:
        self.builtins: dict[str, Builtin] = {}

    def builtin(
        self,
        declaration: str,
        *,
        variadic: bool = False,
        rest: bool = False,
        needs_run: bool = False,
        pure: bool = True,
        calls: bool = False,
        cost: int = 10,
    ) -> Callable[[Function], Function]:
        """Declares a built-in, see the module's text.

        needs_run: the function takes the `Run` first. pure: False when equal arguments may give other results.
        calls: it calls functions that it is given. cost: steps that one call counts for, besides what it charges.
        """
        name, _, inner = declaration.rstrip(")").partition("(")
        parameters: list[Parameter] = []
        for part in inner.split(",") if inner else []:
            label, _, kind = part.partition(":")
            kind = kind.strip()
            optional = kind.endswith("?")
            kind = kind.removesuffix("?")
            nullable = kind.endswith("|null")
            kind = kind.removesuffix("|null")
            parameters.append(Parameter(label.strip(), kind, optional, nullable, _KINDS[kind]))
        required = sum(1 for parameter in parameters if not parameter.optional)

        def declare(function: Function) -> Function:
            signature = Signature(tuple(parameters), required, variadic, rest, needs_run, function)
            self.builtins.setdefault(name, Builtin(name)).declare(signature, pure, calls, cost)
            return function

        return declare
