"""The Python side of FEEL: compiling, scopes, warnings, conversions, limits, functions of the host, threads."""

from __future__ import annotations

import json
import math
import threading
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal, getcontext, localcontext
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from dmn.feel import (
    NUMBER,
    RUN,
    STRING,
    ConstrainedType,
    ContextType,
    DaysTimeDuration,
    FeelDate,
    FeelDateTime,
    FeelLimitError,
    FeelSyntaxError,
    FeelTime,
    HostFunction,
    Limits,
    ListType,
    NamedType,
    Param,
    Range,
    Run,
    YearsMonthsDuration,
    cache_info,
    clear_cache,
    coerce,
    compile_expression,
    compile_unary_tests,
    evaluate,
    feel_equals,
    feel_string,
    from_json,
    names_used,
    parse_temporal,
    parse_type,
    to_json,
    type_of,
)


class TestCompiling:
    def test_equal_texts_are_compiled_once(self) -> None:
        clear_cache()
        first = compile_expression("a + 1", ["a"])
        assert compile_expression("a + 1", ["a", "b"]) is first, "plain names make no difference"
        assert compile_expression("a + 1", dialect="camunda") is not first
        assert cache_info().maxsize is not None

    @pytest.mark.parametrize(
        ("text", "line", "column", "expected"),
        [
            ("1 +", 1, 4, "an expression"),
            ("1 + \n  )", 2, 3, "an expression"),
            ("if a then b", 1, 12, "'else'"),
            ("[1, 2", 1, 6, "']'"),
            ("f(a b: 1, 2)", 1, 11, "a named argument"),
            ('"open', 1, 1, "an expression"),
            ("a b c 5 6)", 1, 10, "an operator or the end"),
            ("", 1, 1, "an expression"),
            ("1e99999", 1, 1, "a number that decimal128 can hold"),
            ("a.", 1, 3, "a name after '.'"),
        ],
    )
    def test_a_syntax_error_says_where_and_what(self, text: str, line: int, column: int, expected: str) -> None:
        with pytest.raises(FeelSyntaxError) as caught:
            compile_expression(text)
        assert (caught.value.line, caught.value.column) == (line, column)
        assert expected in caught.value.expected

    @pytest.mark.parametrize(
        ("text", "names"),
        [
            ("a + b * a", ("a", "b")),
            ("for x in xs return x + y", ("xs", "y")),
            ("{k: a, r: k + b}", ("a", "b")),
            ("function(p) p + q", ("q",)),
            ("xs[item.v > limit].w", ("xs", "limit")),
            ("xs[v > limit]", ("xs", "v", "limit")),
            ("some x in xs satisfies x = a.b.c", ("xs", "a")),
            ("sum(xs)", ("xs",)),
            ("now() > start", ("start",)),
            ("monthly salary > 1", ("monthly salary",)),
            ("1 + 2", ()),
            ("{f: function(n) f(n - a), r: f(1)}", ("a",)),
        ],
    )
    def test_names_used_are_what_the_result_depends_on(self, text: str, names: tuple[str, ...]) -> None:
        assert names_used(compile_expression(text)) == names

    def test_names_of_unary_tests_leave_out_the_input(self) -> None:
        assert names_used(compile_unary_tests("? > limit, < max value")) == ("limit", "max value")

    def test_known_names_win_over_operators(self) -> None:
        assert compile_expression("a-b", ["a-b"]).call({"a-b": 5}) == 5
        assert compile_expression("a-b").call({"a": 5, "b": 2}) == 3
        assert compile_expression("a-b-c", ["a-b", "a-b-c"]).call({"a-b-c": 1}) == 1
        assert compile_expression("f(x)", ["f(x)"]).call({"f(x)": 1}) is None, "no text can spell that name"
        assert evaluate("a + 1", {"a": 1, "1": 2, "+": 3, "a + 1 (old)": 4, '"': 5, "": 6}).value == 2
        assert compile_expression("cost in EUR + 1", ["cost in EUR"]).call({"cost in EUR": 1}) == 2

    def test_any_blank_is_a_blank(self) -> None:
        for blank in " \t\n\u00a0\u1680\u180e\u2003\u202f\u3000\ufeff":
            assert evaluate(f"{blank}a{blank}+{blank}1{blank}", {"a": 1}).value == 2
            assert evaluate(f"monthly{blank}salary", {"monthly salary": 1}).value == 1
            assert evaluate(f"profit{blank}and{blank}loss", {"profit and loss": 1}).value == 1

    def test_constant_tests_tell_tables_what_to_index(self) -> None:
        assert compile_unary_tests('1, "a", < 5, [1..2)').constant_tests() == (
            Decimal(1),
            "a",
            Range(None, Decimal(5), False, False, "<"),
            Range(Decimal(1), Decimal(2), True, False),
        )
        assert compile_unary_tests("-").constant_tests() == ()
        assert compile_unary_tests("-").is_any
        for text in ("not(1)", "a", "? > 1", "[1..a]", "1, b"):
            assert compile_unary_tests(text).constant_tests() is None
        assert compile_expression("5").constant() == (5,)
        assert compile_expression("a").constant() is None


class TestEvaluating:
    def test_the_three_ways_agree(self) -> None:
        compiled = compile_expression("sum(for i in xs return i * rate) > limit")
        scope = {"xs": [1, 2.5], "rate": 2, "limit": 6}
        values = {name: from_json(value) for name, value in scope.items()}
        run = Run()
        assert compiled.evaluate(scope).value is True
        assert compiled.call(values) is True
        assert compiled.run(values, run) is True
        assert compiled.body({**values, RUN: run}) is True
        assert run.steps < run.limits.steps

    def test_warnings_have_a_code_a_sentence_and_a_place(self) -> None:
        warning = evaluate("1 +\n  foo").warnings[0]
        assert (warning.code, warning.line, warning.column) == ("UNKNOWN_NAME", 2, 3)
        assert str(warning) == "UNKNOWN_NAME: Expected a variable 'foo' but there is none (line 2, column 3)"
        codes = {
            '"a" + 1': "ARITHMETIC",
            '1 = "a"': "TYPE_MISMATCH",
            "{a: 1}.b": "UNKNOWN_PROPERTY",
            "f()": "UNKNOWN_NAME",
            "[1][2]": "OUT_OF_BOUNDS",
            "{a: 1, a: 2}": "DUPLICATE_KEY",
            'date("x")': "INVALID_ARGUMENT",
        }
        for text, code in codes.items():
            assert evaluate(text).warnings[0].code == code

    def test_warnings_are_bounded(self) -> None:
        assert len(evaluate("for i in 1..1000 return i.x").warnings) == 100

    def test_the_clock_is_given(self) -> None:
        now = datetime(2024, 5, 17, 10, 30, tzinfo=ZoneInfo("Europe/Berlin"))
        assert feel_string(evaluate("now()", now=now).value) == "2024-05-17T10:30:00@Europe/Berlin"
        assert feel_string(evaluate("today()", now=now).value) == "2024-05-17"
        assert evaluate("now()").value is None

    def test_a_limit_is_raised_where_no_result_can_carry_it(self) -> None:
        compiled = compile_expression("for i in 1..1e9 return i")
        with pytest.raises(FeelLimitError) as caught:
            compiled.call({})
        assert caught.value.limit == "list_length"
        run = Run(limits=Limits(steps=1000))
        small = compile_expression("for i in 1..200 return i")
        small.run({}, run)
        twice = compile_expression("[for i in 1..200 return i, for i in 1..200 return i]")
        with pytest.raises(FeelLimitError):
            twice.run({}, run)

    def test_calls_without_a_run_never_wear_out(self) -> None:
        compiled = compile_expression("xs.v")
        scope = {"xs": from_json([{"v": 1}] * 1000)}
        for _ in range(3000):
            compiled.call(scope)
        assert len(compiled.call(scope)) == 1000

    def test_the_scope_is_never_changed(self) -> None:
        scope = {"a": from_json([{"x": 1}, {"y": 2}]), "x": from_json(5)}
        before = json.dumps(to_json(scope))
        compile_expression("[a[x = 1], for x in a return x, {x: 1, z: x}, (function(x) x)(2), x]").call(scope)
        assert json.dumps(to_json(scope)) == before

    def test_numbers_at_the_top_of_a_scope_may_be_ints_and_floats(self) -> None:
        assert compile_expression("a / b").call({"a": 1, "b": 0.5}) == 2

    def test_the_thread_s_decimal_context_does_not_matter(self) -> None:
        texts = [
            "1 / 3",
            "2 ** 0.5",
            "for i in 0.1..1.1 return i / 3",
            "sum([0.1, 1e30])",
            "-(1 / 3)",
            "modulo(1e33, 7)",
        ]
        expected = [feel_string(evaluate(text).value) for text in texts]
        with localcontext() as context:
            context.prec = 3
            assert [feel_string(evaluate(text).value) for text in texts] == expected
            assert getcontext().prec == 3

    def test_threads_share_compiled_expressions(self) -> None:
        compiled = compile_expression("{f: function(n) n * k, r: for i in 1..50 return f(i)}.r[-1]")
        wrong: list[Any] = []

        def work(k: int) -> None:
            for _ in range(50):
                value = compiled.call({"k": k})
                if value != 50 * k:
                    wrong.append(value)

        threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []


class TestFunctions:
    def test_a_function_of_the_host(self) -> None:
        double = HostFunction("double", [Param("x", NUMBER)], lambda run, values: values[0] * 2)
        assert evaluate("double(4)", {"double": double}).value == 8
        assert evaluate("double(x: 4)", {"double": double}).value == 8
        assert evaluate("double([4])", {"double": double}).value == 8
        refused = evaluate('double("a")', {"double": double})
        assert refused.value is None
        assert refused.warnings[0].line == 1
        assert evaluate("double(1, 2)", {"double": double}).value is None

    def test_external_functions_ask_the_host(self) -> None:
        asked: list[Any] = []

        def find(description: dict[str, Any], params: Any) -> HostFunction:
            asked.append((description, [param.name for param in params]))
            return HostFunction("max", params, lambda run, values: max(values))

        run = Run(externals=find)
        text = '(function(a, b) external {java: {class: "java.lang.Math", method signature: "max(int,int)"}})(1, 2)'
        assert compile_expression(text).run({}, run) == 2
        assert asked == [({"java": {"class": "java.lang.Math", "method signature": "max(int,int)"}}, ["a", "b"])]

    def test_chance_comes_from_the_host(self) -> None:
        run = Run(random=lambda: 0.5)
        assert compile_expression("random number()", dialect="camunda").run({}, run) == Decimal("0.5")
        made = compile_expression("uuid()", dialect="camunda").run({}, run)
        assert made == "80008000-8000-4000-8000-800080008000"


class TestTypes:
    @pytest.mark.parametrize(
        "text",
        [
            "number",
            "list<list<string>>",
            "context<a: number, b c: list<Any>>",
            "function<number, string> -> Any",
            "range<date>",
        ],
    )
    def test_a_type_prints_as_it_is_written(self, text: str) -> None:
        assert str(parse_type(text)) == text

    def test_named_types_are_looked_up_in_the_evaluation(self) -> None:
        adult = ConstrainedType("tAdult", NUMBER, lambda value: value >= 18)
        types = {"tAdult": adult, "tPerson": ContextType((("age", NamedType("tAdult")),))}
        assert evaluate("20 instance of tAdult", types=types).value is True
        assert evaluate("10 instance of tAdult", types=types).value is False
        assert evaluate("{age: 20} instance of tPerson", types=types).value is True
        assert evaluate("{age: 2} instance of tPerson", types=types).value is False
        assert evaluate("20 instance of a.b", types={"a.b": NUMBER}).value is True

    def test_implicit_conversions(self) -> None:
        one = Decimal(1)
        assert coerce([one], NUMBER) == (one, True)
        assert coerce(one, ListType(NUMBER)) == ([one], True)
        assert coerce(None, NUMBER) == (None, True)
        assert coerce("a", NUMBER) == ("a", False)
        assert coerce(["a"], NUMBER) == (["a"], False)
        assert coerce([one, one], NUMBER)[1] is False
        assert coerce(FeelDate(2024, 1, 1), parse_type("date and time")) == (FeelDateTime(2024, 1, 1, 0, 0), True)
        assert coerce([FeelDate(2024, 1, 1)], parse_type("date and time"))[1] is True
        assert coerce("a", ListType(STRING)) == (["a"], True)

    def test_type_names(self) -> None:
        values = {
            "number": "1", "string": '"a"', "boolean": "true", "null": "null", "date": '@"2024-01-01"',
            "time": '@"10:00:00"', "date and time": '@"2024-01-01T10:00:00"', "list": "[]", "context": "{}",
            "range": "[1..2]", "function": "sum", "years and months duration": '@"P1Y"',
            "days and time duration": '@"P1D"',
        }  # fmt: skip
        for name, text in values.items():
            assert type_of(evaluate(text).value) == name


class TestConversions:
    def test_from_python(self) -> None:
        assert from_json({"a": [1, 2.5, None, True, "x"]}) == {"a": [Decimal(1), Decimal("2.5"), None, True, "x"]}
        assert from_json(0.1) == Decimal("0.1")
        assert from_json(math.inf) is None
        assert from_json(math.nan) is None
        assert from_json(Decimal("NaN")) is None
        assert from_json(10**40) == Decimal("1e40")
        assert from_json(1 << 100_000) is None
        assert from_json((1, (2,))) == [1, [2]]
        assert from_json(object()) is None
        assert from_json(date(2024, 1, 2)) == FeelDate(2024, 1, 2)
        assert from_json(time(1, 2, 3)) == FeelTime(3723 * 10**9, None)
        assert from_json(datetime(2024, 1, 2, 3, tzinfo=UTC)) == FeelDateTime(2024, 1, 2, 3 * 3600 * 10**9, 0)
        berlin = datetime(2024, 1, 2, tzinfo=ZoneInfo("Europe/Berlin"))
        assert from_json(berlin) == FeelDateTime(2024, 1, 2, 0, "Europe/Berlin")
        offset = datetime(2024, 1, 2, tzinfo=timezone(timedelta(hours=-3)))
        assert from_json(offset) == FeelDateTime(2024, 1, 2, 0, -10_800)
        assert from_json(timedelta(days=1, seconds=1)) == DaysTimeDuration(86_401 * 10**9)

    def test_a_cycle_ends(self) -> None:
        cycle: list[Any] = []
        cycle.append(cycle)
        assert evaluate("count(c)", {"c": cycle}).value == 1
        cycle.append(cycle)
        assert evaluate("c", {"c": cycle}).value == [None, None]
        entry: dict[str, Any] = {}
        entry["self"] = entry
        assert evaluate("c.self", {"c": entry}).value is None

    def test_to_json(self) -> None:
        value = evaluate('{a: [1, 2.5, 1e3, null, true, "x"], d: @"2024-01-01", r: [1..2], t: @"PT1H", f: sum}').value
        assert to_json(value) == {
            "a": [1, 2.5, 1000, None, True, "x"], "d": "2024-01-01", "r": "[1..2]", "t": "PT1H", "f": "function sum",
        }  # fmt: skip
        assert isinstance(to_json(Decimal("1.0")), int)
        assert to_json(Decimal("1e6000")) == "1" + "0" * 6000
        json.dumps(to_json(value))

    @pytest.mark.parametrize(
        "text",
        ["2024-01-01", "10:00:00.5Z", "2024-01-01T10:00:00@Europe/Berlin", "P1Y2M", "-P1DT2H3M4.5S", "-0044-03-15"],
    )
    def test_temporal_texts_go_round(self, text: str) -> None:
        value = parse_temporal(text)
        assert str(value) == text
        assert parse_temporal(str(value)) == value

    @pytest.mark.parametrize(
        "text",
        [
            "", "P", "PT", "P1", "P1H", "PT1D", "P1YT1H", "1Y", "--P1Y", "24:00:01", "10:60:00", "10:00", "1:00:00",
            "10:00:00+19:00", "10:00:00+1:00", "10:00:00@No/Where", "10:00:00Z@Europe/Berlin",
            "2024-13-01", "2024-02-30",
            "02024-01-01", "9999999999-01-01", "2024-01-01T", "2024-01-01 10:00:00",
            "٢٠٢٤-01-01", "10:00:00@../etc/passwd",
        ],
    )  # fmt: skip
    def test_what_is_no_temporal_text(self, text: str) -> None:
        assert parse_temporal(text) is None

    def test_equality_from_python(self) -> None:
        assert feel_equals(Decimal(1), Decimal("1.0")) is True
        assert feel_equals(Decimal(1), "1") is None
        assert feel_equals(YearsMonthsDuration(12), evaluate('@"P1Y"').value) is True
