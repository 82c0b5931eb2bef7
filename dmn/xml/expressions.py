"""Boxed expressions of a DMN document (DMN 1.5 clauses 7.3 and 10.2), one reader function per element."""

from __future__ import annotations

from collections.abc import Callable

from dmn.model import (
    Binding,
    Conditional,
    Context,
    ContextEntry,
    Expression,
    Filter,
    For,
    FunctionDefinition,
    Invocation,
    ListExpression,
    LiteralExpression,
    Quantified,
    Relation,
    UnaryTests,
)
from dmn.xml.elements import Node
from dmn.xml.namespaces import language_name


def read_expression_child(node: Node) -> Expression | None:
    """The one expression among the children of `node`, None if there is none."""
    found = node.children(*READERS)
    if len(found) > 1:
        found[1].error("two-expressions", f"Expected one expression in '{node.tag}' but there were {len(found)}")
    return READERS[found[0].tag](found[0]) if found else None


def read_wrapped(node: Node, tag: str) -> Expression | None:
    """The expression inside a wrapper element such as `in`, `then` or `satisfies`."""
    wrapper = node.child(tag)
    if wrapper is None:
        node.error("missing-element", f"Expected an element '{tag}' in '{node.tag}' but there was none")
        return None
    expression = read_expression_child(wrapper)
    if expression is None:
        wrapper.error("missing-expression", f"Expected an expression in '{tag}' but there was none")
    return expression


def read_literal(node: Node) -> LiteralExpression:
    imported = node.child("importedValues")
    return LiteralExpression(
        text=node.child_text("text") or "",
        language=language_name(node.get("expressionLanguage")),
        imported_from=None if imported is None else (imported.get("locationURI") or imported.get("namespace") or ""),
        id=node.id,
        line=node.line,
        type_ref=node.type_ref(),
        label=node.get("label"),
    )


def read_unary_tests(node: Node) -> UnaryTests:
    return UnaryTests(
        text=node.child_text("text") or "",
        language=language_name(node.get("expressionLanguage")),
        id=node.id,
        line=node.line,
    )


def _invocation(node: Node) -> Invocation:
    bindings: list[Binding] = []
    for binding in node.children("binding"):
        parameter = binding.child("parameter")
        if parameter is None:
            binding.error("missing-element", "Expected an element 'parameter' in 'binding' but there was none")
            continue
        bindings.append(Binding(parameter.item(), read_expression_child(binding)))
    callee = read_expression_child(node)
    if callee is None:
        node.error("missing-expression", "Expected the called function in 'invocation' but there was no expression")
    return Invocation(callee, tuple(bindings), id=node.id, line=node.line, type_ref=node.type_ref())


def _context(node: Node) -> Context:
    entries: list[ContextEntry] = []
    for entry in node.children("contextEntry"):
        variable = entry.child("variable")
        entries.append(
            ContextEntry(
                None if variable is None else variable.item(),
                read_expression_child(entry),
                entry.line,
            )
        )
    return Context(tuple(entries), id=node.id, line=node.line, type_ref=node.type_ref())


def _list(node: Node) -> ListExpression:
    items = tuple(READERS[child.tag](child) for child in node.children(*READERS))
    return ListExpression(items, id=node.id, line=node.line, type_ref=node.type_ref())


def _relation(node: Node) -> Relation:
    columns = tuple(column.item() for column in node.children("column"))
    rows: list[tuple[Expression, ...]] = []
    for row in node.children("row"):
        cells = tuple(READERS[child.tag](child) for child in row.children(*READERS))
        if len(cells) != len(columns):
            row.error(
                "wrong-cell-count", f"Expected {len(columns)} cells in the relation's row but it has {len(cells)}"
            )
        rows.append(cells)
    return Relation(columns, tuple(rows), id=node.id, line=node.line, type_ref=node.type_ref())


FUNCTION_KINDS = {
    "feel": "FEEL",
    "java": "Java",
    "pmml": "PMML",
    "python": "Python",
    "f": "FEEL",
    "j": "Java",
    "p": "PMML",
}


def read_function(node: Node) -> FunctionDefinition:
    raw = (node.get("kind") or "FEEL").strip()
    kind = FUNCTION_KINDS.get(raw.lower())
    if kind is None:
        node.error("unknown-function-kind", f"Expected a function kind FEEL, Java, PMML or Python but it was '{raw}'")
        kind = "FEEL"
    body = read_expression_child(node)
    if body is None:
        node.warning("missing-expression", f"Expected an expression as the body of '{node.tag}' but there was none")
    return FunctionDefinition(
        kind,
        tuple(parameter.item() for parameter in node.children("formalParameter")),
        body,
        id=node.id,
        line=node.line,
        type_ref=node.type_ref(),
    )


def _conditional(node: Node) -> Conditional:
    return Conditional(
        read_wrapped(node, "if"),
        read_wrapped(node, "then"),
        read_wrapped(node, "else"),
        id=node.id,
        line=node.line,
        type_ref=node.type_ref(),
    )


def _filter(node: Node) -> Filter:
    return Filter(
        read_wrapped(node, "in"), read_wrapped(node, "match"), id=node.id, line=node.line, type_ref=node.type_ref()
    )


def _iterator_variable(node: Node) -> str:
    name = " ".join((node.get("iteratorVariable") or "").split())
    if not name:
        node.error("missing-name", f"Expected an attribute 'iteratorVariable' on '{node.tag}' but there was none")
    return name


def _for(node: Node) -> For:
    return For(
        _iterator_variable(node),
        read_wrapped(node, "in"),
        read_wrapped(node, "return"),
        id=node.id,
        line=node.line,
        type_ref=node.type_ref(),
    )


def _quantified(node: Node) -> Quantified:
    return Quantified(
        node.tag,
        _iterator_variable(node),
        read_wrapped(node, "in"),
        read_wrapped(node, "satisfies"),
        id=node.id,
        line=node.line,
        type_ref=node.type_ref(),
    )


def _table(node: Node) -> Expression:
    from dmn.xml.tables import read_decision_table  # tables read literal expressions: the import goes both ways

    return read_decision_table(node)


READERS: dict[str, Callable[[Node], Expression]] = {
    "literalExpression": read_literal,
    "invocation": _invocation,
    "context": _context,
    "list": _list,
    "relation": _relation,
    "functionDefinition": read_function,
    "decisionTable": _table,
    "conditional": _conditional,
    "filter": _filter,
    "for": _for,
    "some": _quantified,
    "every": _quantified,
}
