"""The requirements graph: scopes, memoising, services, imports, cycles."""

from __future__ import annotations

from typing import Any

import pytest

from dmn import DmnCompileError, UnknownDecisionError, compile_dmn, parse_dmn, to_json
from tests.dmn.documents import decision, document, input_data, literal, model, requirements, table


def service(name: str, outputs: list[str], decisions: list[str] = [], inputs: list[str] = []) -> str:  # noqa: B006
    parts = [f'<outputDecision href="#{item}"/>' for item in outputs]
    parts += [f'<inputDecision href="#{item}"/>' for item in decisions]
    parts += [f'<inputData href="#i-{item}"/>' for item in inputs]
    return f'<decisionService id="{name}" name="{name}"><variable name="{name}"/>{"".join(parts)}</decisionService>'


def test_only_requirements_are_in_scope() -> None:
    compiled = model(
        input_data("a"),
        input_data("b"),
        decision("sees", literal("a"), requirements(inputs=["a"])),
        decision("misses", literal("b"), requirements(inputs=["a"])),
    )
    assert compiled.evaluate("sees", {"a": 1, "b": 2}).value == 1
    assert compiled.evaluate("misses", {"a": 1, "b": 2}).value is None


def test_elements_and_their_variables_may_have_different_names() -> None:
    compiled = model(
        '<inputData id="i" name="Applicant age"><variable name="age" typeRef="number"/></inputData>',
        '<decision id="d" name="Is adult"><variable name="adult"/>'
        f'<informationRequirement><requiredInput href="#i"/></informationRequirement>{literal("age >= 18")}</decision>',
    )
    for decision_name in ("d", "Is adult", "adult"):
        for input_name in ("age", "Applicant age"):
            assert compiled.evaluate(decision_name, {input_name: 20}).value is True


def test_names_out_of_scope_are_findings() -> None:
    compiled = model(
        input_data("a b"),
        decision("d", literal("a b + c + sum([1])"), requirements(inputs=["a b"])),
        decision("filter", literal("[{x: 1}][x = 1]")),
    )
    (finding,) = compiled.diagnostics
    assert (finding.code, finding.element_id) == ("unknown-name", "d")
    assert "'c'" in finding.message
    camunda = model(decision("d", literal("c + 1")), profile="camunda7")
    assert not camunda.diagnostics


def test_required_decisions_are_evaluated_once_and_first() -> None:
    compiled = model(
        input_data("n"),
        decision("base", literal("n * 2"), requirements(inputs=["n"])),
        decision("left", literal("base + 1"), requirements(decisions=["base"])),
        decision("right", literal("base + 2"), requirements(decisions=["base"])),
        decision("top", literal("left * right"), requirements(decisions=["left", "right"])),
    )
    result = compiled.evaluate("top", {"n": 5}, trace=True)
    assert result.value == 132
    assert [record.decision_id for record in result.trace] == ["base", "left", "right", "top"]


def test_a_long_chain_of_decisions() -> None:
    chain = [decision("d0", literal("1"))]
    chain += [
        decision(f"d{n}", literal(f"d{n - 1} + 1"), requirements(decisions=[f"d{n - 1}"])) for n in range(1, 3000)
    ]
    assert model(*chain).evaluate("d2999", {}).value == 3000


def test_cycles_are_found_and_do_not_hang() -> None:
    compiled = model(
        decision("a", literal("b"), requirements(decisions=["b"])),
        decision("b", literal("a"), requirements(decisions=["a"])),
    )
    assert "requirement-cycle" in [finding.code for finding in compiled.diagnostics]
    assert compiled.evaluate("a", {}).value is None


def test_missing_requirements_are_findings() -> None:
    source = document(decision("a", literal("1"), requirements(decisions=["nobody"])))
    with pytest.raises(DmnCompileError, match="nobody") as caught:
        compile_dmn(parse_dmn(source), strict=True)
    assert caught.value.diagnostics[0].element_id == "a"
    assert compile_dmn(parse_dmn(source)).evaluate("a", {}).value == 1


def test_names_with_blanks_and_signs() -> None:
    compiled = model(
        input_data("profit and loss"),
        input_data("a-b"),
        decision("d", literal("profit and loss + a-b"), requirements(inputs=["profit and loss", "a-b"])),
    )
    assert compiled.evaluate("d", {"profit and loss": 1, "a-b": 2}).value == 3


def test_names_with_signs_inside_of_results() -> None:
    boxed = (
        f'<context><contextEntry><variable name="net-price"/>{literal("10")}</contextEntry>'
        f'<contextEntry><variable name="in and out"/><relation><column name="x/y"/><row>{literal("7")}</row></relation>'
        f'</contextEntry><contextEntry><variable name="twice"/>{literal("net-price * 2")}</contextEntry></context>'
    )
    compiled = model(
        decision("p", boxed),
        decision("d", literal("p.net-price + p.twice + p.in and out[1].x/y"), requirements(decisions=["p"])),
    )
    assert compiled.evaluate("d", {}).value == 37


def test_unknown_decisions() -> None:
    with pytest.raises(UnknownDecisionError, match="'d'"):
        model(decision("d", literal("1"))).evaluate("other", {})


def services() -> tuple[str, ...]:
    return (
        input_data("i", "string"),
        decision("given", literal('"own"'), type_ref="string"),
        decision("out", literal('i + " " + given'), requirements(inputs=["i"], decisions=["given"])),
        decision("second", literal("1")),
        service("one", ["out"], ["given"], ["i"]),
        service("two", ["out", "second"], ["given"], ["i"]),
        decision("positional", literal('one("A", "B")'), requirements(knowledge=["one"])),
        decision("named", literal('one(given: "B", i: "A")'), requirements(knowledge=["one"])),
        decision("both", literal('two("A", "B")'), requirements(knowledge=["two"])),
        decision("few", literal('one("A")'), requirements(knowledge=["one"])),
        decision("typed", literal('one(1, "B")'), requirements(knowledge=["one"])),
        decision(
            "scoped",
            literal('one("A", "B") + " " + given + " " + i'),
            requirements(inputs=["i"], decisions=["given"], knowledge=["one"]),
        ),
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("positional", "A B"),
        ("named", "A B"),
        ("both", {"out": "A B", "second": 1}),
        ("few", None),
        ("typed", None),
        ("scoped", "A B own C"),
    ],
)
def test_decision_services_as_functions(name: str, expected: Any) -> None:
    result = model(*services()).evaluate(name, {"i": "C"})
    assert to_json(result.value) == expected
    assert bool(result.messages) == (expected is None)


def test_decision_services_called_directly() -> None:
    compiled = model(*services())
    assert compiled.evaluate("one", {"i": "A", "given": "B"}).value == "A B"
    assert to_json(compiled.evaluate("two", {"i": "A", "given": "B"}).value) == {"out": "A B", "second": 1}
    assert compiled.evaluate("one", {"i": 1, "given": "B"}).value is None


LEAF = document(
    input_data("who"),
    decision("greeting", literal('"Hello, " + who'), requirements(inputs=["who"])),
    '<businessKnowledgeModel id="shout" name="shout it"><variable name="shout it"/><encapsulatedLogic>'
    f'<formalParameter name="t" typeRef="tText"/>{literal("upper case(t)")}</encapsulatedLogic>'
    "</businessKnowledgeModel>",
    '<itemDefinition name="tText"><typeRef>string</typeRef></itemDefinition>',
    namespace="urn:leaf",
)


def middle(namespace: str, prefix: str) -> bytes:
    needs = '<informationRequirement><requiredDecision href="urn:leaf#greeting"/></informationRequirement>'
    return document(
        '<import namespace="urn:leaf" name="leaf" importType="https://www.omg.org/spec/DMN/20230324/MODEL/"/>',
        decision("said", literal(f'"{prefix}: " + leaf.greeting'), needs),
        namespace=namespace,
    )


def test_nested_imports_have_inputs_of_their_own() -> None:
    kind = 'importType="https://www.omg.org/spec/DMN/20230324/MODEL/"'
    needs = "".join(
        f'<informationRequirement><requiredDecision href="urn:{name}#said"/></informationRequirement>' for name in "ab"
    )
    top = document(
        f'<import namespace="urn:a" name="Model A" {kind}/><import namespace="urn:b" name="Model B" {kind}/>',
        decision("all", literal('Model A.said + "; " + Model B.said'), needs),
    )
    others = [parse_dmn(source) for source in (LEAF, middle("urn:a", "A"), middle("urn:b", "B"))]
    compiled = compile_dmn(parse_dmn(top), imports=others, strict=True)
    context = {"Model A": {"leaf": {"who": "Ann"}}, "Model B": {"leaf": {"who": "Bob"}}}
    assert compiled.evaluate("all", context).value == "A: Hello, Ann; B: Hello, Bob"


def test_imported_knowledge_and_types() -> None:
    kind = 'importType="https://www.omg.org/spec/DMN/20230324/MODEL/"'
    needs = '<knowledgeRequirement><requiredKnowledge href="urn:leaf#shout"/></knowledgeRequirement>'
    top = document(
        f'<import namespace="urn:leaf" name="my leaf" {kind}/>',
        decision("d", literal('my leaf.shout it("hey")'), needs, "my leaf.tText"),
        decision("wrong", literal("my leaf.shout it(1)"), needs),
        decision("is", literal('"a" instance of my leaf.tText')),
    )
    compiled = compile_dmn(parse_dmn(top), imports=[parse_dmn(LEAF)], strict=True)
    assert compiled.evaluate("d", {}).value == "HEY"
    assert compiled.evaluate("wrong", {}).value is None
    assert compiled.evaluate("is", {}).value is True


def test_missing_and_circular_imports_are_findings() -> None:
    kind = 'importType="https://www.omg.org/spec/DMN/20230324/MODEL/"'
    source = parse_dmn(document(f'<import namespace="urn:none" name="x" {kind}/>'))
    assert [d.code for d in compile_dmn(source).diagnostics] == ["import-missing"]
    first = parse_dmn(document(f'<import namespace="urn:b" name="b" {kind}/>', namespace="urn:a"))
    second = parse_dmn(document(f'<import namespace="urn:a" name="a" {kind}/>', namespace="urn:b"))
    assert [d.code for d in compile_dmn(first, imports=[first, second]).diagnostics] == ["import-cycle"]


def test_the_trace_tells_why() -> None:
    compiled = model(
        input_data("x"),
        decision(
            "base", table(["x"], ["y"], [("> 1", "10"), ("> 2", "20")], "COLLECT", "SUM"), requirements(inputs=["x"])
        ),
        decision("d", literal("base + 1"), requirements(decisions=["base"])),
    )
    records = [record.to_json() for record in compiled.evaluate("d", {"x": 5}, trace=True).trace]
    assert [record["decisionId"] for record in records] == ["base", "d"]
    inner = records[0]["tables"][0]
    assert inner["hitPolicy"] == "COLLECT"
    assert inner["inputs"] == [{"clauseId": "in0", "clauseName": "x", "value": 5}]
    assert [(rule["ruleId"], rule["ruleIndex"]) for rule in inner["rules"]] == [("rule1", 1), ("rule2", 2)]
    assert inner["rules"][1]["outputs"][0]["value"] == 20
    assert inner["collectValue"] == 30
    assert records[1]["requirements"] == [{"clauseId": None, "clauseName": "base", "value": 30}]
    assert records[1]["value"] == 31
