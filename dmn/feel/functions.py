"""Function values: built-ins, functions written in FEEL, and functions that the host offers (DMN: BKMs, services)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .errors import FeelLimitError
from .run import RUN, Run, Scope
from .types import FeelType, coerce, type_of
from .values import FeelFunction, Param


class CheckedFunction(FeelFunction):
    """A function whose arguments are counted and converted to the parameters' types before its body runs."""

    __slots__ = ()

    def invoke(self, run: Run, args: Sequence[Any]) -> Any:
        """The result for positional arguments."""
        if len(args) != len(self.params):
            run.warn(
                "INVALID_ARGUMENT",
                f"Expected {len(self.params)} argument(s) for {self.name!r} but found {len(args)}",
            )
            return None
        values = list(args)
        for index, param in enumerate(self.params):
            if param.type is not None:
                value, fits = coerce(values[index], param.type, run.types)
                if not fits:
                    run.warn(
                        "TYPE_MISMATCH",
                        f"Expected {param.type} for parameter {param.name!r} of {self.name!r} "
                        f"but found {type_of(value)}",
                    )
                    return None
                values[index] = value
        return self.apply(run, values)

    def invoke_named(self, run: Run, args: Mapping[str, Any]) -> Any:
        """The result for named arguments; every parameter must be named, and nothing else."""
        names = [param.name for param in self.params]
        if len(args) != len(names) or any(name not in args for name in names):
            run.warn(
                "INVALID_ARGUMENT",
                f"Expected the parameters {names} for {self.name!r} but found {list(args)}",
            )
            return None
        return self.invoke(run, [args[name] for name in names])

    def apply(self, run: Run, values: list[Any]) -> Any:
        """The body, for arguments that fit."""
        raise NotImplementedError


class UserFunction(CheckedFunction):
    """A function literal with the values it closed over.

    frames: the depth that one call costs, which is how deep its body lies where it calls on.
    plain: whether no parameter has a type.
    """

    __slots__ = ("body", "frames", "names", "plain", "result", "scope", "weight")

    def __init__(
        self,
        params: Sequence[Param],
        body: Callable[[Scope], Any],
        scope: Scope,
        frames: int,
        weight: int,
        result: FeelType | None = None,
    ) -> None:
        super().__init__("function", params)
        self.names = tuple(param.name for param in params)
        self.plain = all(param.type is None for param in params)
        self.body = body
        self.scope = scope
        self.frames = frames
        self.weight = weight
        self.result = result

    def apply(self, run: Run, values: list[Any]) -> Any:
        scope = self.scope.copy()
        scope.update(zip(self.names, values, strict=True))
        scope[RUN] = run
        return enter(run, self.frames + CHECK_FRAMES, self.weight, self.body, scope)


class HostFunction(CheckedFunction):
    """A function of the host program: `call(run, values)`; it must not raise for data that is merely wrong."""

    __slots__ = ("call", "frames")

    def __init__(
        self, name: str, params: Sequence[Param], call: Callable[[Run, list[Any]], Any], frames: int = 20
    ) -> None:
        super().__init__(name, params)
        self.call = call
        self.frames = frames

    def apply(self, run: Run, values: list[Any]) -> Any:
        return enter(run, self.frames, 1, lambda args: self.call(run, args), values)


CHECK_FRAMES = 3
"""Depth of an invocation that checks its arguments."""

CALL_COST = 8
"""Steps of an invocation besides those of its body."""


def enter(run: Run, frames: int, weight: int, body: Callable[[Any], Any], argument: Any) -> Any:
    """Calls `body` one level deeper, within the limits of depth and steps."""
    run.charge(weight + CALL_COST)
    run.depth -= frames
    if run.depth < 0:
        run.depth += frames
        raise FeelLimitError("depth", run.limits.depth)
    try:
        return body(argument)
    finally:
        run.depth += frames
