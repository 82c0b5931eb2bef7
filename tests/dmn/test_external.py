"""External functions: the Java table, Java's argument types, the Python allow-list."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from dmn.external import ExternalCallError, java_function
from tests.dmn.documents import decision, literal, model, run, value

D = Decimal


@pytest.mark.parametrize(
    ("name", "signature", "arguments", "expected"),
    [
        ("java.lang.Math", "max(int,int)", [D(1), D(2)], D(2)),
        ("java.lang.Math", "max(long, long)", [D(1), D(2)], D(2)),
        ("java.lang.Math", "max(double, double)", [D("1.5"), D("2.5")], D("2.5")),
        ("java.lang.Math", "max(float,float)", [D("123.46"), D("456.78")], D("456.78")),
        ("java.lang.Math", "cos(double)", [D(0)], D(1)),
        ("java.lang.Math", "pow(double,double)", [D(2), D(10)], D(1024)),
        ("java.lang.Math", "round(double)", [D("-2.5")], D(-2)),
        ("java.lang.Math", "abs(int)", [D(-3)], D(3)),
        ("java.lang.Short", "valueOf(short)", [D(123)], D(123)),
        ("java.lang.Byte", "valueOf(byte)", [D(3)], D(3)),
        ("java.lang.Integer", "valueOf(java.lang.String)", ["123"], D(123)),
        ("java.lang.Integer", "parseInt(java.lang.String)", ["-5"], D(-5)),
        ("java.lang.Float", "valueOf(java.lang.String)", ["1234.56"], D("1234.56")),
        ("java.lang.Double", "valueOf(java.lang.String)", ["1234.56"], D("1234.56")),
        ("java.lang.String", "valueOf(char)", ["a"], "a"),
        (
            "java.lang.String",
            "format(java.lang.String, [Ljava.lang.Object;)",
            ["foo %s %5.1f", "bar", D(2)],
            "foo bar   2.0",
        ),
        ("java.lang.Boolean", "valueOf(java.lang.String)", ["TRUE"], True),
    ],
)
def test_java(name: str, signature: str, arguments: list[Any], expected: Any) -> None:
    _, function = java_function(name, signature)
    assert function(arguments) == expected


@pytest.mark.parametrize(
    ("name", "signature", "arguments"),
    [
        ("java.lang.Math", "max(int,int)", ["1", D(2)]),
        ("java.lang.Math", "max(int,int)", [D(1)]),
        ("java.lang.Byte", "valueOf(byte)", [D(300)]),
        ("java.lang.String", "valueOf(char)", ["abc"]),
        ("java.lang.Integer", "valueOf(java.lang.String)", ["12x"]),
        ("java.lang.Integer", "valueOf(java.lang.String)", ["99999999999"]),
        ("java.lang.Math", "log(double)", [D(-1)]),
        ("java.lang.Math", "exp(double)", [D(100000)]),
        ("java.lang.String", "format(java.lang.String, [Ljava.lang.Object;)", ["%d", "x"]),
        ("java.lang.String", "format(java.lang.String, [Ljava.lang.Object;)", ["%99999999d", D(1)]),
    ],
)
def test_java_arguments_that_do_not_fit(name: str, signature: str, arguments: list[Any]) -> None:
    _, function = java_function(name, signature)
    with pytest.raises(ExternalCallError, match="Expected"):
        function(arguments)


@pytest.mark.parametrize(
    ("name", "signature"),
    [
        ("java.lang.Math", "foo(double)"),
        ("java.lang.Foo", "valueOf(double)"),
        ("java.lang.Math", "max(java.lang.String, java.lang.String)"),
        ("java.lang.Runtime", "exec(java.lang.String)"),
        ("java.lang.Math", "max"),
        (None, "max(int,int)"),
    ],
)
def test_java_outside_the_table_is_refused(name: Any, signature: str) -> None:
    with pytest.raises(ExternalCallError, match="Expected"):
        java_function(name, signature)


def boxed(kind: str, entries: dict[str, str], call: str) -> str:
    body = "".join(
        f'<contextEntry><variable name="{name}"/>{literal(text)}</contextEntry>' for name, text in entries.items()
    )
    return (
        f'<context><contextEntry><variable name="f"/><functionDefinition kind="{kind}"><formalParameter name="a"/>'
        f'<formalParameter name="b"/><context>{body}</context></functionDefinition></contextEntry>'
        f"<contextEntry>{literal(call)}</contextEntry></context>"
    )


def test_boxed_java_function() -> None:
    java = {"class": '"java.lang.Math"', "method signature": '"max(int,int)"'}
    assert value(boxed("Java", java, "f(3, 4)")) == 4
    result = run(boxed("Java", java, 'f("a", 4)'))
    assert result.value is None
    assert result.messages


def test_python_functions_need_the_allow_list() -> None:
    expression = boxed("Python", {"function": '"add"'}, "f(3, 4)")
    refused = run(expression)
    assert refused.value is None
    assert "allow-listed" in refused.messages[0].message
    allowed = model(decision("d", expression), python_functions={"add": lambda a, b: a + b})
    assert allowed.evaluate("d", {}).value == 7


def test_a_python_function_that_raises_gives_null_and_an_error() -> None:
    expression = boxed("Python", {"function": '"div"'}, "f(3, 0)")
    result = model(decision("d", expression), python_functions={"div": lambda a, b: a / b}).evaluate("d", {})
    assert result.value is None
    assert result.errors
