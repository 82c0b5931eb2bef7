"""One line per fact about expressions: `text => result`, both FEEL; the result `!` is null with a warning."""

from __future__ import annotations

from typing import Any

import pytest

from dmn.feel import evaluate, evaluate_unary_tests, feel_string

SCOPE: dict[str, Any] = {
    "a": 1,
    "b": 2,
    "n": None,
    "monthly salary": 100,
    "profit and loss": 7,
    "a-b": 42,
    "days in weekend": ["saturday", "sunday"],
    "x.y": 5,
    "instance": 5,
    "process instance id": 8,
    "Mike's daughter": {"first name": "Lisa", "in-law": 3},
    "count": 3,
    "list": [{"name": "x", "v": 1}, {"name": "y", "v": 2}],
}

FACTS = """
# precedence
1 + 2 * 3 => 7
(1 + 2) * 3 => 9
2 ** 3 ** 2 => 64
-3 ** 2 => 9
-(3 ** 2) => -9
2 * -3 => -6
10 - 2 - 3 => 5
100 / 10 / 5 => 2
1 < 2 and 2 < 3 or false => true
false and true or true => true
true or false and false => true
not(false) and true => true
1 + 1 = 2 => true
5 between 1 + 1 and 2 * 3 and true => true
1 in [1..3] and 2 in (2, 3) => true
-1 instance of number => true
-.5 instance of number => true
-a instance of number => !
if true then 1 else 2 + 3 => 1
(if false then 1 else 2) + 3 => 5
for x in [1, 2] return x + 1 = 2 => [true, false]
# numbers
0.1 + 0.2 => 0.3
1 / 3 => 0.3333333333333333333333333333333333
2 / 3 => 0.6666666666666666666666666666666667
1e3 => 1000
1.5E-3 => 0.0015
.5 => 0.5
9999999999999999999999999999999999 + 1 => 10000000000000000000000000000000000
1 / 0 => !
0 / 0 => !
9e6144 * 10 => !
0 ** 0 => 1
0 ** -1 => !
(-8) ** 0.5 => !
2 ** 0.5 => 1.414213562373095048801688724209698
-0 => 0
# strings
"a" + "b" => "ab"
"a" + 1 => !
"a" * 2 => !
"\\u00e9\\t\\"" => "é	\\""
"\\d" => "\\\\d"
"\\uD83D\\uDC0E" = "🐎" => true
"a" < "b" => true
"Z" < "a" => true
# names
monthly salary * 2 => 200
monthly   salary => 100
profit and loss + 1 => 8
a-b => 42
a - b => -1
x.y => 5
count("days in weekend") => 1
"sunday" in days in weekend => true
for d in days in weekend return d => ["saturday", "sunday"]
Mike's daughter.first name => "Lisa"
Mike's daughter.in-law => 3
count(list) => 2
count + 1 => 4
instance + 1 => 6
process instance id + 1 => 9
instance instance of number => true
unknown => !
unknown thing + 1 => !
{a-b: 1, c: a-b + 1}.c => 2
{"x+y": 1, c: x+y + 1}.c => 2
{foo bar: 1, c: foo bar + 1}.c => 2
for first-item in [1] return first-item + 1 => [2]
(function(p+q) p+q * 2)(3) => 6
{if: 1}.if => 1
# logic
true and null => null
false and null => false
true or null => true
false or null => null
true and 1 => !
false and 1 => false
false or "x" => !
null and null => null
# equality
1 = 1.0 => true
1 = "1" => !
null = null => true
n = null => true
1 = null => false
1 != null => true
[1, 2] = [1, 2] => true
[1, "2"] = [1, 2] => !
[1, "2"] = [2, 2] => false
{a: 1, b: 2} = {b: 2, a: 1} => true
{a: 1} = {a: 1, b: 2} => false
[1..2] = [1..2] => true
(< 5) = (< 5) => true
# order
1 < "a" => !
null < 1 => !
true < false => !
[1] < [2] => !
2 between 1 and 3 => true
null between 1 and 3 => !
2 between null and 3 => !
# in
1 in (1, 2) => true
3 in (1, 2) => false
1 in [1, 2] => true
3 in (< 2, > 2) => true
2 in (< 2, > 2) => false
2 in [[1..1], [2..3]] => true
"a" in ("a", "b") => true
"a" in 1 => !
null in (null) => true
null in [null] => true
null in [1..2] => !
5 in > 4 => true
5 in (list[1].v, 5) => true
1 in (list)[1].v => true
5 in != 4 => true
5 in = 5 => true
2 in (? > 1) => true
[1, 2] in [[1, 2], [3]] => true
[1, 2] in ([1, 2], [3]) => true
# if
if null then 1 else 2 => 2
if 1 then 1 else 2 => 2
if "true" then 1 else 2 => 2
# lists
[1, 2, 3][1] => 1
[1, 2, 3][-1] => 3
[1, 2, 3][0] => !
[1, 2, 3][4] => !
[1, 2, 3][-4] => !
[1, 2, 3][a + 1] => 2
[][1] => !
[][item > 1] => []
[1, 2, 3][item > 1] => [2, 3]
[1, null, 3][item > 1] => [3]
[1, "x", 3][item > 1] => [3]
5[1] => 5
5[item = 5] => [5]
null[1] => null
[{x: 1}, {y: 2}][x = 1] => [{x: 1}]
[{x: 1}, {x: 2}][item.x = 2].x => [2]
[{item: 1}, {item: 2}][item = 2] => [{item: 2}]
[{a: 5}, {b: 6}][a = 1] => [{b: 6}]
list[v > 1].name => ["y"]
list[name = "x"][1].v => 1
list.v => [1, 2]
list.v[2] => 2
[[{k: 1}], [{k: 2}]].k => [[1], [2]]
[1, 2, 3, 4][even(item)] => [2, 4]
for x in [1, 2] return [10, 20][x] => [10, 20]
[1..5][item > 3] => [4, 5]
# contexts
{a: 1, b: a + 1} => {a: 1, b: 2}
{a: 1}.a => 1
{a: 1}.b => !
{a: {b: {c: 3}}}.a.b.c => 3
{"quoted key!": 1} => {"quoted key!": 1}
string({"quoted key!": 1, "a b": 2, "c-d": 3}) => "{\\"quoted key!\\": 1, a b: 2, c-d: 3}"
{a: 1, a: 2} => !
{b: a, a: 5, c: a} => {b: 1, a: 5, c: 5}
null.x => !
1.5.x => !
# loops
for i in 1..3 return i => [1, 2, 3]
for i in 3..1 return i => [3, 2, 1]
for i in [1..3] return i => [1, 2, 3]
for i in (1..3) return i => [2]
for i in [3..1] return i => !
for i in 0.5..2.5 return i => [0.5, 1.5, 2.5]
for i in [1, 2], j in [i, 10] return i * j => [1, 10, 4, 20]
for i in 5 return i => [5]
for i in null return i => !
for i in 1..null return i => !
for i in @"2024-02-28"..@"2024-03-01" return day of week(i) => ["Wednesday", "Thursday", "Friday"]
for i in 1..5 return if i = 1 then 1 else i * partial[-1] => [1, 2, 6, 24, 120]
for i in 1..3 return count(partial) => [0, 1, 2]
for i in 1..2 return function(x) x + i => [function(x), function(x)]
(for i in 1..2 return function(x) x + i)[1](10) => 11
some x in [1, 2] satisfies x > 1 => true
some x in [] satisfies x > 1 => false
some x in [null, 2] satisfies x > 1 => true
some x in [null, 1] satisfies x > 1 => null
every x in [1, 2] satisfies x > 0 => true
every x in [] satisfies x > 0 => true
every x in [null, -1] satisfies x > 0 => false
every x in [null, 1] satisfies x > 0 => null
every x in 1..3 satisfies x < 4 => true
some x in [1, 2], y in [3, 4] satisfies x + y = 6 => true
some x in null satisfies x => !
# functions
(function(x, y) x - y)(5, 3) => 2
(function(x, y) x - y)(y: 5, x: 3) => -2
(function(x, y) x - y)(5) => !
(function(x, y) x - y)(x: 5, z: 3) => !
(function(x: number) x)("a") => !
(function(x: number) x)([5]) => 5
(function(x: list<number>) count(x))(5) => 1
(function(x: date and time) x)(@"2024-01-01") => @"2024-01-01T00:00:00Z"
{f: function(x) x * a, a: 10, r: f(2)}.r => 2
{f: function(g, x) g(g, x), r: f(function(g, x) if x = 0 then 0 else x + g(g, x - 1), 4)}.r => 10
(function(f) f(4))(sqrt) => 2
{fact: function(n) if n = 0 then 1 else n * fact(n - 1), r: fact(20)}.r => 2432902008176640000
{fib: function(n) if n < 2 then n else fib(n - 1) + fib(n - 2), r: for i in 1..10 return fib(i)}.r[-1] => 55
{sum to: function(n) if n = 0 then 0 else n + sum to(n - 1), r: sum to(140)}.r => 9870
{sum: function(x) x, r: sum(5)}.r => 5
5(1) => !
unknown(1) => !
substring("abc") => !
substring(string: "abc", start position: 2) => "bc"
substring(start position: 2, string: "abc") => "bc"
substring(string: "abc", start: 2) => !
substring(string: "abc", string: "abc", start position: 2) => !
function(x) external {java: {class: "java.lang.Math", method signature: "cos(double)"}} => !
# ranges
[1..5].start => 1
(1..5].start included => false
(> 5).end => null
[1..10[.end included => false
]1..10].start included => false
[1.."a"] => !
[true..false] => !
5 in [1..10) => true
(< 5).end included => false
[1..2] instance of range<number> => true
[1..2] instance of range<string> => false
# types
1 instance of number => true
null instance of number => false
null instance of Any => false
[1, 2] instance of list<number> => true
[1, "a"] instance of list<number> => false
[] instance of list<string> => true
{a: 1} instance of context<a: number> => true
{a: 1} instance of context<b: number> => false
@"P1Y" instance of years and months duration => true
@"P1D" instance of years and months duration => false
(function(x: number) x) instance of function<number> -> Any => true
(function(x: number) x) instance of function<string> -> Any => false
(function() 1) instance of function<number> -> Any => false
1 instance of unknownType => false
# comments
1 + /* two */ 2 // three => 3
/* * / ** */ 1 => 1
"/* no comment */" => "/* no comment */"
# dates
@"2024-01-31" + @"P1M" => @"2024-02-29"
@"2024-03-31" - @"P1M" => @"2024-02-29"
@"2024-02-29" + @"P1Y" => @"2025-02-28"
@"2024-01-01" + @"PT36H" => @"2024-01-02"
@"2024-01-02" - @"2024-01-01" => @"P1D"
@"2024-01-02" - @"2024-01-01T12:00:00Z" => @"PT12H"
@"2024-01-02T00:00:00" - @"2024-01-01T12:00:00Z" => !
@"2024-03-30T12:00:00@Europe/Berlin" + @"P1D" => @"2024-03-31T13:00:00@Europe/Berlin"
@"2024-03-30T12:00:00@Europe/Berlin" + @"P1M" => @"2024-04-30T12:00:00@Europe/Berlin"
@"2024-03-31T04:00:00@Europe/Berlin" - @"2024-03-31T00:00:00@Europe/Berlin" => @"PT3H"
@"23:00:00" + @"PT2H" => @"01:00:00"
@"10:00:00Z" - @"10:00:00+01:00" => @"PT1H"
@"2024-01-01" < @"2024-01-02" => true
@"2024-01-01" = @"2024-01-01T00:00:00" => !
@"2024-01-01T12:00:00Z" = @"2024-01-01T13:00:00+01:00" => true
@"2024-01-01T12:00:00" = @"2024-01-01T12:00:00Z" => false
@"10:00:00@Europe/Paris" = @"10:00:00@Europe/Paris" => true
@"2023-12-31T24:00:00" => @"2024-01-01T00:00:00"
@"not a date" => !
date("2024-1-1") => !
@"999999999-12-31" + @"P1D" => !
@"-0001-01-01" < @"0001-01-01" => true
@"2024-02-29".weekday => 4
@"2024-02-29T10:20:30.5Z".second => 30
@"2024-02-29T10:20:30@Europe/Berlin".time offset => @"PT1H"
@"2024-02-29T10:20:30@Europe/Berlin".timezone => "Europe/Berlin"
@"2024-02-29".hour => !
# durations
@"P1Y" + @"P2M" => @"P1Y2M"
@"P1D" + @"PT1H" => @"P1DT1H"
@"P1Y" + @"P1D" => !
@"P1Y" * 1.5 => @"P1Y6M"
2 * @"P1D" => @"P2D"
@"P1D" / 2 => @"PT12H"
@"P1D" / @"PT6H" => 4
@"P1Y" / @"P1M" => 12
@"P1D" / 0 => !
-@"P1D" => @"-P1D"
@"P1DT2H3M4.5S".hours => 2
@"-P1DT2H".hours => -2
@"P14M".years => 1
@"P14M".months => 2
@"P1D".years => !
string(@"PT90M") => "PT1H30M"
string(@"P13M") => "P1Y1M"
string(@"P0D") => "PT0S"
"""

TESTS = """
# tests | input => result
- | 5 => true
 | 5 => true
5 | 5 => true
5 | 6 => false
< 5 | 4 => true
< 5, > 10 | 11 => true
[1..5] | 5 => true
[1..5) | 5 => false
(1..5] | 1 => false
]1..5[ | 1 => false
not(5) | 5 => false
not(5) | 6 => true
not(< 5, 7) | 6 => true
not(< 5, 7) | 7 => false
"a", "b" | "b" => true
null | null => true
null | 1 => false
not(null) | null => false
not(null) | 1 => true
< 5 | null => null
[1..5] | null => null
- | null => true
? > 3 | 4 => true
? > 3 | 3 => false
? > 3 and ? < 5 | 4 => true
a + 1 | 2 => true
a + 1 | 3 => false
[1, 2, 3] | 2 => true
[1, 2, 3] | [1, 2, 3] => true
list.v | 2 => true
list contains(?, 2) | [1, 2] => true
contains(?, "b") | "abc" => true
true | true => true
true | false => false
false | false => true
a = 1 | 7 => true
a = 2 | 7 => false
a = 2 | false => true
-5 | -5 => true
<= -5 | -6 => true
@"2024-01-01" | "x" => null
not(true) | false => true
5, null | null => true
{a: 1} | {a: 1} => true
"""


def lines(text: str) -> list[str]:
    return [line for line in text.strip("\n").splitlines() if line and not line.startswith("#")]


@pytest.mark.parametrize("line", lines(FACTS))
def test_expression(line: str) -> None:
    text, _, expected = line.rpartition(" => ")
    result = evaluate(text, SCOPE)
    if expected == "!":
        assert result.value is None
        assert result.warnings, "an error leaves a warning"
        assert all(w.line >= 1 and w.message.startswith("Expected") for w in result.warnings)
    elif expected.startswith(("[function", "{function")):
        assert feel_string(result.value) == expected
    else:
        assert feel_string([result.value]) == feel_string([evaluate(expected).value])


@pytest.mark.parametrize("line", lines(TESTS))
def test_unary_tests(line: str) -> None:
    text, _, expected = line.rpartition(" => ")
    tests, _, value = text.rpartition("| ")
    result = evaluate_unary_tests(tests.strip(), evaluate(value).value, SCOPE)
    assert feel_string([result.value]) == f"[{expected}]"
