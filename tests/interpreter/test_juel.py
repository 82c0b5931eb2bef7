"""JUEL: one line per fact. What is not in the subset is refused with a sentence, never by an exception of Python."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interpreter import commands as c
from interpreter import juel
from interpreter.bpmn.builder import bpmn
from interpreter.failures import BpmnError, Failure
from interpreter.juel.syntax import JuelSyntaxError, compile_template, names_in
from interpreter.machine import Machine
from interpreter.values import Typed
from ostinato.testing.world import run

VARIABLES: dict[str, Any] = {
    "n": 3,
    "f": 1.5,
    "s": "abc",
    "t": True,
    "nothing": None,
    "list": [1, 2, 3],
    "map": {"a": {"b": [10, 20]}, "empty": ""},
    "date": Typed("Date", "2030-01-01T00:00:00.000+0000"),
    "number": "42",
}


@pytest.fixture(scope="module")
def machine() -> Machine:
    instance = run(bpmn("p").start().user_task("u", name="Task").end(), VARIABLES, business_key="key")
    return Machine(instance.definition, instance.state, instance.world.now)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${1 + 2}", 3),
        ("${1 + 2.5}", 3.5),
        ("${'4' + 1}", 5),
        ("${7 / 2}", 3.5),
        ("${7 div 2}", 3.5),
        ("${7 % 4}", 3),
        ("${-7 mod 4}", -3),
        ("${-n}", -3),
        ("${2 + 3 * 4}", 14),
        ("${(2 + 3) * 4}", 20),
        ("${nothing + 1}", 1),
        ("${n > 2 && n < 4}", True),
        ("${n gt 2 and n lt 4}", True),
        ("${n >= 3 || false}", True),
        ("${!t}", False),
        ("${not t}", False),
        ("${s == 'abc'}", True),
        ('${s eq "abc"}', True),
        ("${n == '3'}", True),
        ("${n != 3}", False),
        ("${nothing == null}", True),
        ("${nothing < 1}", False),
        ("${'a' < 'b'}", True),
        ("${t ? 'yes' : 'no'}", "yes"),
        ("${empty map.empty}", True),
        ("${empty unknown}", True),
        ("${not empty list}", True),
        ("${list[0]}", 1),
        ("${list[9]}", None),
        ("${map.a.b[1]}", 20),
        ("${map['a']['b'][0]}", 10),
        ("${map.zzz}", None),
        ("${list.size()}", 3),
        ("${list.contains(2)}", True),
        ("${s.length()}", 3),
        ("${s.substring(1, 2)}", "b"),
        ("${s.toUpperCase()}", "ABC"),
        ("${s.equals('abc')}", True),
        ("${map.containsKey('a')}", True),
        ("${execution.getVariable('n')}", 3),
        ("${execution.hasVariable('zzz')}", False),
        ("${execution.processBusinessKey}", "key"),
        ("${execution.processInstanceId}", "p-1"),
        ("${execution.currentActivityId}", "u"),
        ("${task.name}", "Task"),
        ("${date.getTime()}", 1_893_456_000_000),
        ("${dateTime().plusDays(1).isAfter(date)}", True),
        ("Hi ${s}, ${n}!", "Hi abc, 3!"),
        ("#{n}", 3),
        ("${n}${n}", "33"),
        ("${f}", 1.5),
        ("x ${f} ${t} ${nothing}", "x 1.5 true "),
        ("\\${n}", "${n}"),
        ("${'it\\'s'}", "it's"),
        ("plain", "plain"),
    ],
)
def test_values(machine: Machine, text: str, value: Any) -> None:
    assert juel.evaluate(machine, text, machine.state.elements[1].key + _task(machine)) == value


def _task(machine: Machine) -> int:
    return next(e.key for e in machine.state.elements.values() if e.node == "u") - 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("${unknown}", "Expected a variable 'unknown'"),
        ("${s.zzz()}", "Expected a method of text"),
        ("${s + 1}", "Expected a number"),
        ("${n +}", "Expected a value"),
        ("${n", "Expected '}'"),
        ("${zzz(1)}", "Expected a function"),
        ("${nothing.x}", "Expected a value to read 'x'"),
        ("${s.class}", "class"),
        ("${execution.engineServices}", "Expected a property of execution"),
        ("${1 % 0}", "Expected a divisor"),
        ("${s.substring(9)}", "Expected a range"),
        ("${" + "(" * 500 + "1" + ")" * 500 + "}", "levels"),
        ("${1 @ 2}", "Expected JUEL"),
    ],
)
def test_what_is_wrong_is_said(machine: Machine, text: str, sentence: str) -> None:
    with pytest.raises(Failure) as caught:
        juel.evaluate(machine, text, 1)
    assert caught.value.message.startswith("Expected")
    assert sentence in caught.value.message


def test_names_that_an_expression_reads() -> None:
    assert names_in("${a.b + c[d] > 0 && f(e)} and ${g}") == ("a", "c", "d", "e", "g")


def test_execution_sets_variables_and_throws_errors() -> None:
    model = bpmn("p").start().script_task("s", "${execution.setVariable('x', 5)}", format="juel").user_task("u").end()
    assert run(model).variables["x"] == 5
    model = bpmn("p").start().script_task("s", "${execution.throwBpmnError('E')}", format="juel")
    model = model.boundary("b", error="E").end("caught").at("s").end()
    assert run(model).trace("+").endswith("+b +caught")


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="${}#()[].,'\"ab1 +-*/%<>=!&|?:\\empty", max_size=40))
def test_any_text_gives_a_value_or_a_failure(text: str) -> None:
    try:
        compile_template(text)
    except JuelSyntaxError:
        return
    instance = run(bpmn("p").start().user_task("u").end(), {"a": 1, "b": "x"}, laws=False)
    machine = Machine(instance.definition, instance.state, 0)
    with contextlib.suppress(Failure, BpmnError):
        juel.evaluate(machine, text, 1)


def test_conditions_must_be_true_or_false() -> None:
    model = bpmn("p").start().exclusive("g").when("${n}").end("a").otherwise(at="g").end("b")
    stuck = run(model, n=5)
    assert "to be true or false but '${n}' was '5'" in stuck.incidents[0]
    stuck.do(c.SetVariables(0, {"n": True}))
    assert stuck.resolve().ended
