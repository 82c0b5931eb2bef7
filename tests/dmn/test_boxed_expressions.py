"""Every boxed expression (DMN 1.5 clause 10.2)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.dmn.documents import decision, input_data, literal, model, requirements, run, value


def context(*entries: tuple[str | None, str]) -> str:
    body = "".join(
        f"<contextEntry>{f'<variable name={chr(34)}{name}{chr(34)}/>' if name else ''}{expression}</contextEntry>"
        for name, expression in entries
    )
    return f"<context>{body}</context>"


def function(parameters: dict[str, str | None], body: str) -> str:
    formal = "".join(
        f'<formalParameter name="{name}"' + (f' typeRef="{kind}"' if kind else "") + "/>"
        for name, kind in parameters.items()
    )
    return f"<functionDefinition>{formal}{body}</functionDefinition>"


def iterator(tag: str, source: str, body: str) -> str:
    inner = {"for": "return"}.get(tag, "satisfies")
    return f'<{tag} iteratorVariable="x"><in>{literal(source)}</in><{inner}>{literal(body)}</{inner}></{tag}>'


def conditional(condition: str) -> str:
    branches = f"<then>{literal('1')}</then><else>{literal('2')}</else>"
    return f"<conditional><if>{literal(condition)}</if>{branches}</conditional>"


def filtered(source: str, match: str) -> str:
    return f"<filter><in>{literal(source)}</in><match>{literal(match)}</match></filter>"


def invocation(callee: str, **arguments: str) -> str:
    bindings = "".join(f'<binding><parameter name="{n}"/>{literal(t)}</binding>' for n, t in arguments.items())
    return f"<invocation>{literal(callee)}{bindings}</invocation>"


RELATION = (
    '<relation><column name="name"/><column name="full age" typeRef="number"/>'
    f"<row>{literal('string(1)')}{literal('1')}</row><row>{literal('string(2)')}{literal('1 + 1')}</row></relation>"
)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (literal("1 + 1"), 2),
        (context(("a", literal("1")), ("b c", literal("a + 1"))), {"a": 1, "b c": 2}),
        (context(("a", literal("1")), ("b c", literal("a + 1")), (None, literal("b c * 10"))), 20),
        (context(("outer", context(("a", literal("1")))), (None, literal("outer.a"))), 1),
        (f"<list>{literal('1')}{literal('[2]')}</list>", [1, [2]]),
        ("<list/>", []),
        (RELATION, [{"name": "1", "full age": 1}, {"name": "2", "full age": 2}]),
        (conditional("true"), 1),
        (conditional("false"), 2),
        (conditional("null"), 2),
        (iterator("for", "[1,2,3]", "x * 2"), [2, 4, 6]),
        (iterator("for", "[1..3]", "x"), [1, 2, 3]),
        (iterator("for", "[]", "x"), []),
        (iterator("for", "[1,2,3]", "x + (if count(partial) = 0 then 0 else sum(partial))"), [1, 3, 7]),
        (iterator("for", "[1,2,3]", "count(partial)"), [0, 1, 2]),
        (iterator("some", "[1,2,3]", "x > 2"), True),
        (iterator("some", "[1,2,3]", "x > 5"), False),
        (iterator("some", "[]", "true"), False),
        (iterator("every", "[1,2,3]", "x > 0"), True),
        (iterator("every", "[1,2,3]", "x > 1"), False),
        (iterator("every", "[]", "false"), True),
        (filtered("[1,2,3]", "item > 1"), [2, 3]),
        (filtered("[{a: 1}, {a: 2}]", "a = 2"), [{"a": 2}]),
        (filtered("[{a: 1}, {a: 2}]", "item.a = 2"), [{"a": 2}]),
        (filtered("[1,2,3]", "null"), []),
        (filtered("5", "item = 5"), [5]),
        (context(("f", function({"a": None, "b": None}, literal("a - b"))), (None, literal("f(5, 3)"))), 2),
        (context(("f", function({"a": None, "b": None}, literal("a - b"))), (None, literal("f(b: 5, a: 3)"))), -2),
        (context(("f", function({"a": None, "b": None}, literal("a - b"))), (None, invocation("f", b="1", a="9"))), 8),
        (
            context(
                ("fac", function({"n": "number"}, literal("if n = 0 then 1 else n * fac(n - 1)"))),
                (None, literal("fac(10)")),
            ),
            3628800,
        ),
        (context(("f", function({"a": "number"}, literal("a"))), (None, literal("f([7])"))), 7),
    ],
)
def test_value(expression: str, expected: Any) -> None:
    assert value(expression) == expected


@pytest.mark.parametrize(
    "expression",
    [
        conditional('"abc"'),
        iterator("for", "null", "x"),
        iterator("some", "[1,2]", '"no boolean"'),
        iterator("some", "[1,2]", 'if x = 2 then true else "no boolean"'),
        iterator("every", "[1,2]", "null"),
        filtered("[1,2]", '"no boolean"'),
        context(("f", function({"a": "number"}, literal("a"))), (None, literal('f("x")'))),
        context(("f", function({"a": "number"}, literal("a"))), (None, literal("f()"))),
        context(("f", function({"a": "number"}, literal("a"))), (None, invocation("f", b="1"))),
        invocation("5", b="1"),
        invocation("nobody", b="1"),
        literal("1 +"),
        literal("1", language="groovy"),
        literal('"a"', type_ref="number"),
    ],
)
def test_errors_are_null_with_a_message(expression: str) -> None:
    result = run(expression)
    assert result.value is None
    assert result.messages


def test_a_knowledge_model_calls_itself_and_another() -> None:
    def knowledge(name: str, parameter: str, body: str, needs: str = "") -> str:
        return (
            f'<businessKnowledgeModel id="{name}" name="{name}"><variable name="{name}"/><encapsulatedLogic>'
            f'<formalParameter name="{parameter}" typeRef="number"/>{literal(body)}</encapsulatedLogic>{needs}'
            "</businessKnowledgeModel>"
        )

    compiled = model(
        knowledge("is even", "n", "if n = 0 then true else is odd(n - 1)", requirements(knowledge=["is odd"])),
        knowledge("is odd", "n", "if n = 0 then false else is even(n - 1)", requirements(knowledge=["is even"])),
        input_data("n"),
        decision("d", literal("is even(n)"), requirements(inputs=["n"], knowledge=["is even"])),
    )
    assert compiled.evaluate("d", {"n": 10}).value is True
    assert compiled.evaluate("d", {"n": 11}).value is False
    assert compiled.invoke("is odd", {"n": 3}).value is True
    endless = compiled.evaluate("d", {"n": -1})
    assert endless.value is None
    assert [error.code for error in endless.errors] == ["LIMIT"]
