"""The table of boxed expressions: model class to compiler function."""

from __future__ import annotations

from typing import assert_never

from dmn.boxed.collections import compile_filter, compile_list, compile_relation
from dmn.boxed.context import compile_context
from dmn.boxed.control import compile_conditional, compile_for, compile_quantified
from dmn.boxed.environment import Environment
from dmn.boxed.functions import compile_function, compile_invocation
from dmn.model import (
    Conditional,
    Context,
    DecisionTable,
    Expression,
    Filter,
    For,
    FunctionDefinition,
    Invocation,
    ListExpression,
    LiteralExpression,
    Quantified,
    Relation,
)
from dmn.session import Node, Scope
from dmn.table.compiled import compile_table


def compile_boxed(expression: Expression | None, env: Environment) -> Node:
    """The expression as a function of a scope, its value conforming to the expression's own type. None gives null."""
    if expression is None:
        return nothing
    node = _compile(expression, env)
    kind = env.type_of(expression.type_ref, expression.id, expression.line)
    return env.conforming(node, kind, "the expression's result", expression.id)


def nothing(scope: Scope) -> None:
    return None


def _compile(expression: Expression, env: Environment) -> Node:
    match expression:
        case LiteralExpression():
            return compile_literal(expression, env)
        case DecisionTable():
            return compile_table(expression, env)
        case Context():
            return compile_context(expression, env, compile_boxed)
        case Invocation():
            return compile_invocation(expression, env, compile_boxed)
        case FunctionDefinition():
            return compile_function(expression, env, compile_boxed)
        case ListExpression():
            return compile_list(expression, env, compile_boxed)
        case Relation():
            return compile_relation(expression, env, compile_boxed)
        case Filter():
            return compile_filter(expression, env, compile_boxed)
        case Conditional():
            return compile_conditional(expression, env, compile_boxed)
        case For():
            return compile_for(expression, env, compile_boxed)
        case Quantified():
            return compile_quantified(expression, env, compile_boxed)
        case _:
            assert_never(expression)


def compile_literal(expression: LiteralExpression, env: Environment) -> Node:
    if expression.imported_from is not None:
        env.log.error(
            "imported-values",
            f"Expected the text of the expression but it is imported from '{expression.imported_from}'",
            expression.id or env.owner,
            expression.line,
        )
        return env.broken("IMPORTED_VALUES", expression.id)
    if not expression.text.strip():
        env.log.warning("empty-expression", "Expected an expression but it is empty", expression.id, expression.line)
        return nothing
    return env.expression(expression.text, expression.language, expression.id, expression.line)
