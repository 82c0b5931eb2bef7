"""Closures of invocations and function literals (DMN 1.5, 10.3.2.13.5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .ast import Call, FunctionLiteral, Literal, Name
from .builtins.signature import BAD, Builtin, Signature, misfit
from .errors import FeelLimitError, InvalidOperation
from .functions import CALL_COST, UserFunction
from .json_values import ATOMS
from .kinds import kind_of
from .run import RUN, Run, Scope, run_of
from .types import NULL, SIMPLE_TYPES, FeelType, type_of
from .values import FeelFunction, Param

if TYPE_CHECKING:
    from .compiler import Compiler, Evaluate


BUILTIN_FRAMES = 6
"""How deep a built-in such as `sort` lies above the functions it calls."""


def call(compiler: Compiler, node: Call) -> Evaluate:
    if isinstance(node.function, Name) and node.function.name not in compiler.bound:
        builtin = compiler.dialect.builtins.get(node.function.name)
        if builtin is not None:
            return _builtin_call(compiler, node, builtin)
    compiler.needs_run = True
    compiler.calls_on()
    function = compiler.node(node.function)
    args = [compiler.node(arg) for arg in node.args]
    warn = compiler.warner("UNKNOWN_FUNCTION", node.token)
    names = node.names
    site = (compiler.source, node.token)
    what = node.function.name if isinstance(node.function, Name) else "the expression"
    if names is not None and len(set(names)) < len(names):
        return lambda scope: warn(scope, "Expected each parameter once but one is named twice")

    def invoke(scope: Scope) -> Any:
        target: Any = function(scope)
        if not isinstance(target, FeelFunction):
            return warn(scope, "Expected '{}' to be a function but it is not", what)
        values = [arg(scope) for arg in args]
        run: Run = scope[RUN]
        run.site = site
        if names is None:
            if isinstance(target, UserFunction) and target.plain and len(values) == len(target.names):
                inner = target.scope.copy()
                inner.update(zip(target.names, values, strict=True))
                inner[RUN] = run
                run.charge(target.weight + CALL_COST)
                run.depth -= target.frames
                try:
                    if run.depth < 0:
                        raise FeelLimitError("depth", run.limits.depth)
                    return target.body(inner)
                finally:
                    run.depth += target.frames
            return target.invoke(run, values)
        return target.invoke_named(run, dict(zip(names, values, strict=True)))

    return invoke


def _builtin_call(compiler: Compiler, node: Call, builtin: Builtin) -> Evaluate:
    """A built-in is called directly, unless the scope has a function of the same name."""
    name = builtin.name
    compiler.called[name] = None
    if builtin.calls:
        compiler.calls_on(BUILTIN_FRAMES)
    compiler.level += 1
    args = [compiler.node(arg) for arg in node.args]
    compiler.level -= 1
    direct = _named_call(compiler, node, builtin, args) if node.names is not None else None
    if direct is None:
        signature = builtin.signature_for(len(args)) if node.names is None else None
        if signature is None:
            direct = _general_call(compiler, node, builtin, args)
        else:
            direct = _direct_call(compiler, node, builtin, signature, args)
            direct = _folded(node, builtin, direct) or direct
    compiler.weight += builtin.cost
    if not builtin.pure or builtin.calls:
        compiler.needs_run = True
    names = node.names
    site = (compiler.source, node.token)

    def invoke(scope: Scope) -> Any:
        own = scope.get(name)
        if own is None or not isinstance(own, FeelFunction):
            return direct(scope)
        values = [arg(scope) for arg in args]
        run: Run = scope.get(RUN) or Run(keep_warnings=False)
        run.site = site
        if names is None:
            return own.invoke(run, values)
        return own.invoke_named(run, dict(zip(names, values, strict=True)))

    return invoke


def _folded(node: Call, builtin: Builtin, direct: Evaluate) -> Evaluate | None:
    """A pure function of constants is evaluated once, when compiling, if its result is a plain value."""
    if not builtin.pure or not node.args or not all(isinstance(arg, Literal) for arg in node.args):
        return None
    try:
        constant = direct({})
    except FeelLimitError:
        return None
    if constant is None or kind_of(constant) not in ATOMS:
        return None
    return lambda scope: constant


def _named_call(compiler: Compiler, node: Call, builtin: Builtin, args: list[Evaluate]) -> Evaluate | None:
    """Named arguments in the order and number of one signature are as good as positional ones."""
    names = node.names
    if names is None:
        return None
    for signature in builtin.signatures:
        in_order = names == [parameter.name for parameter in signature.parameters[: len(names)]]
        if in_order and len(names) >= signature.required:
            return _direct_call(compiler, node, builtin, signature, args, named=True)
    return _general_call(compiler, node, builtin, args)


def _general_call(compiler: Compiler, node: Call, builtin: Builtin, args: list[Evaluate]) -> Evaluate:
    warn = compiler.warner("INVALID_ARGUMENT", node.token)
    names = node.names

    def invoke(scope: Scope) -> Any:
        values = [arg(scope) for arg in args]
        try:
            if names is None:
                return builtin.positional(run_of(scope), values)
            if len(set(names)) < len(names):
                raise InvalidOperation("Expected each parameter once but one is named twice")
            return builtin.named(run_of(scope), dict(zip(names, values, strict=True)))
        except InvalidOperation as problem:
            return warn(scope, "{}", str(problem))

    return invoke


def _direct_call(
    compiler: Compiler,
    node: Call,
    builtin: Builtin,
    signature: Signature,
    args: list[Evaluate],
    named: bool = False,
) -> Evaluate:
    warn = compiler.warner("INVALID_ARGUMENT", node.token)
    function = signature.function
    spread = signature.variadic and not named and len(args) > 1
    if not signature.rest and not spread and 1 <= len(args) <= 2:
        return _short_call(builtin, signature, args, function, warn)

    def invoke(scope: Scope) -> Any:
        try:
            return builtin.apply(run_of(scope), signature, [arg(scope) for arg in args])
        except InvalidOperation as problem:
            return warn(scope, "{}", str(problem))

    return invoke


def _short_call(
    builtin: Builtin,
    signature: Signature,
    args: list[Evaluate],
    function: Callable[..., Any],
    warn: Callable[..., None],
) -> Evaluate:
    """One or two arguments: types are looked at in place."""
    needs_run = signature.needs_run
    first = signature.parameters[0]
    arg = args[0]
    types = first.types
    if len(args) == 1:

        def one(scope: Scope) -> Any:
            value = arg(scope)
            try:
                if types is None or kind_of(value) not in types:
                    fitted = first.fit(value)
                    if fitted is BAD:
                        raise misfit(builtin.name, first, value)
                    value = fitted
                return function(run_of(scope), value) if needs_run else function(value)
            except InvalidOperation as problem:
                return warn(scope, "{}", str(problem))

        return one
    second = signature.parameters[1]
    other = args[1]
    other_types = second.types

    def two(scope: Scope) -> Any:
        a = arg(scope)
        b = other(scope)
        try:
            if types is None or kind_of(a) not in types:
                fitted = first.fit(a)
                if fitted is BAD:
                    raise misfit(builtin.name, first, a)
                a = fitted
            if other_types is None or kind_of(b) not in other_types:
                fitted = second.fit(b)
                if fitted is BAD:
                    raise misfit(builtin.name, second, b)
                b = fitted
            return function(run_of(scope), a, b) if needs_run else function(a, b)
        except InvalidOperation as problem:
            return warn(scope, "{}", str(problem))

    return two


def _result_type(node: FunctionLiteral) -> FeelType | None:
    """The type of a constant body; any other body may give anything."""
    if isinstance(node.body, Literal):
        return NULL if node.body.value is None else SIMPLE_TYPES.get(type_of(node.body.value))
    return None


def function_literal(compiler: Compiler, node: FunctionLiteral) -> Evaluate:
    compiler.needs_run = True
    names = [name for name, _ in node.params]
    params = tuple(Param(name, kind) for name, kind in node.params)
    warn = compiler.warner("INVALID_ARGUMENT", node.token)
    if len(set(names)) < len(names):
        return lambda scope: warn(scope, "Expected different parameter names but one occurs twice")
    if node.external:
        body = compiler.node(node.body)

        def external(scope: Scope) -> Any:
            run: Run = scope[RUN]
            description = body(scope)
            found = None
            if run.externals is not None and kind_of(description) is dict:
                found = run.externals(description, params)
            return warn(scope, "Expected an external function that is allowed here") if found is None else found

        return external
    outer, level, deepest, weight = compiler.used, compiler.level, compiler.deepest_call, compiler.weight
    compiler.used, compiler.level, compiler.deepest_call = {}, 0, 0
    compiler.bind(names)
    body = compiler.node(node.body)
    compiler.unbind(names)
    frames = compiler.deepest_call + 1
    free = tuple(name for name in (*compiler.used, *compiler.called) if name not in names)
    for name in compiler.used:
        if name not in names:
            outer[name] = None
    compiler.used, compiler.level = outer, level
    compiler.deepest_call = deepest
    weight = compiler.weight - weight
    result = _result_type(node)

    def literal(scope: Scope) -> Any:
        closed = {name: scope[name] for name in free if name in scope}
        return UserFunction(params, body, closed, frames, weight, result)

    return literal
