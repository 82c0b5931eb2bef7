"""Same model, same context, same result: under any hash seed, in any thread, with any order of the context's keys."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dmn import DmnError, compile_dmn, parse_dmn
from dmn.feel import Limits
from tests.dmn.documents import NOW, decision, document, input_data, literal, model, requirements, run, table

ROOT = Path(__file__).resolve().parents[2]

SCRIPT = """
import json
from tests.dmn.test_determinism import everything
print(json.dumps(everything()))
"""


def everything() -> dict[str, object]:
    """Values, messages, traces and findings of a model that has one of many things."""
    rows = [('"a","b"', "> 1", '"x"', "1"), ('not("c")', "[1..9]", '"y"', "2"), ("-", "-", '"x"', "3")]
    compiled = model(
        '<itemDefinition name="tS"><typeRef>string</typeRef><allowedValues><text>"a","b","c"</text></allowedValues>'
        "</itemDefinition>",
        input_data("s", "tS"),
        input_data("n", "number"),
        decision("t", table(["s", "n"], ["o", "p"], rows, "COLLECT"), requirements(inputs=["s", "n"])),
        decision(
            "c", literal("{z: 1, y: t.o, x: distinct values(t.o), w: union(t.p, [n])}"), requirements(["n"], ["t"])
        ),
        decision("bad", literal("nobody + c"), requirements(decisions=["c"])),
        decision("worse", literal("1 +"), type_ref="tNone"),
    )
    found: dict[str, object] = {"findings": [str(finding) for finding in compiled.diagnostics]}
    for name in ("t", "c", "bad", "worse"):
        found[name] = compiled.evaluate(name, {"s": "a", "n": 2}, now=NOW, trace=True).to_json()
    return found


def test_any_hash_seed() -> None:
    answers: set[str] = set()
    for seed in ("0", "1", "4242"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, env=environment, cwd=ROOT
        )
        answers.add(done.stdout)
    assert answers == {json.dumps(everything()) + "\n"}


def test_decisions_need_neither_temporal_nor_a_database() -> None:
    script = (
        "import sys, dmn, dmn.tck, dmn.results\n"
        "names = {'temporalio', 'sqlalchemy', 'psycopg', 'fastapi', 'interpreter', 'store'}\n"
        "print(sorted(names & {module.partition('.')[0] for module in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_one_model_serves_many_threads() -> None:
    rows = [[f"[{n}..{n + 1})", str(n)] for n in range(50)]
    compiled = model(input_data("x"), decision("d", table(["x"], ["y"], rows), requirements(inputs=["x"])))

    def work(start: int) -> bool:
        return all(compiled.evaluate("d", {"x": n % 50}).value == n % 50 for n in range(start, start + 300))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))


def test_the_context_is_not_changed() -> None:
    context = {"x": [1, {"a": 2}], "y": {"b": [3]}}
    before = json.dumps(context)
    run(literal("append(x, y)"), context)
    assert json.dumps(context) == before


@pytest.mark.parametrize(
    "expression",
    [
        "for a in 1..100000 return for b in 1..100000 return a",
        "count(for a in 1..1000, b in 1..1000, c in 1..1000 return a)",
    ],
)
def test_endless_work_ends_with_an_error_that_says_so(expression: str) -> None:
    result = run(literal(expression))
    assert result.value is None
    assert [error.code for error in result.errors] == ["LIMIT"]


def test_boxed_iterators_are_limited_too() -> None:
    inner = f'<for iteratorVariable="y"><in>{literal("1..2000")}</in><return>{literal("y")}</return></for>'
    outer = f'<for iteratorVariable="x"><in>{literal("[1..2000]")}</in><return>{inner}</return></for>'
    compiled = model(decision("d", outer.replace("1..2000<", "[1..2000]<")))
    result = compiled.evaluate("d", {}, limits=Limits(steps=100_000))
    assert result.value is None
    assert [error.code for error in result.errors] == ["LIMIT"]


def test_tables_cost_steps_too() -> None:
    rows = [[f"? > {n} and ? < {n}", str(n)] for n in range(500)]
    knowledge = (
        '<businessKnowledgeModel id="k" name="k"><variable name="k"/><encapsulatedLogic><formalParameter name="x"/>'
        f"{table(['x'], ['y'], rows)}</encapsulatedLogic></businessKnowledgeModel>"
    )
    loop = literal("for n in 1..10000 return k(n)")
    compiled = model(knowledge, decision("d", loop, requirements(knowledge=["k"])))
    result = compiled.evaluate("d", {}, limits=Limits(steps=100_000))
    assert [error.code for error in result.errors] == ["LIMIT"]


texts = st.one_of(
    st.text(max_size=30),
    st.lists(
        st.sampled_from(
            [
                "1",
                "a",
                "b c",
                '"s"',
                "?",
                "-",
                "(",
                ")",
                "[",
                "]",
                "..",
                ",",
                "<",
                ">=",
                "not",
                "and",
                "null",
                "+",
                "{",
                "}",
                ":",
            ]
        ),
        max_size=12,
    ).map(" ".join),
)


@given(st.lists(st.tuples(texts, texts), min_size=1, max_size=4), texts, texts, st.sampled_from(["UNIQUE", "COLLECT"]))
@settings(max_examples=200, deadline=None)
def test_random_texts_in_every_place_never_raise(
    rules: list[tuple[str, str]], source: str, free: str, policy: str
) -> None:
    plain = "".join(character for character in source if character.isprintable())
    cells = [tuple("".join(c for c in cell if c.isprintable()) for cell in rule) for rule in rules]
    free = "".join(character for character in free if character.isprintable())
    try:
        document_ = parse_dmn(
            document(
                input_data("a"),
                decision("d", table([plain], ["y"], cells, policy), requirements(inputs=["a"])),
                decision("e", literal(free), requirements(inputs=["a"], decisions=["d"])),
            )
        )
    except DmnError:
        return  # a character that XML does not allow
    for profile in ("spec", "camunda7"):
        compiled = compile_dmn(document_, profile=profile)
        result = compiled.evaluate("e", {"a": 1}, now=NOW, limits=Limits(steps=20_000), trace=True)
        json.dumps(result.to_json())
