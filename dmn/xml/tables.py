"""The `decisionTable` element (DMN 1.5 clause 8.3)."""

from __future__ import annotations

from dmn.model import DecisionTable, InputClause, OutputClause, Rule
from dmn.xml.elements import Node
from dmn.xml.expressions import read_literal, read_unary_tests

HIT_POLICIES = ("UNIQUE", "FIRST", "PRIORITY", "ANY", "COLLECT", "RULE ORDER", "OUTPUT ORDER")
AGGREGATIONS = ("SUM", "COUNT", "MIN", "MAX")
# The letters that tables are drawn with (clause 8.2.8); some tools write them to the attribute too.
LETTERS: dict[str, tuple[str, str | None]] = {
    "U": ("UNIQUE", None),
    "F": ("FIRST", None),
    "P": ("PRIORITY", None),
    "A": ("ANY", None),
    "R": ("RULE ORDER", None),
    "O": ("OUTPUT ORDER", None),
    "C": ("COLLECT", None),
    "C+": ("COLLECT", "SUM"),
    "C#": ("COLLECT", "COUNT"),
    "C<": ("COLLECT", "MIN"),
    "C>": ("COLLECT", "MAX"),
}


def read_decision_table(node: Node) -> DecisionTable:
    inputs = tuple(_input(child) for child in node.children("input"))
    outputs = tuple(_output(child) for child in node.children("output"))
    if not outputs:
        node.error("missing-element", "Expected at least one output in the decision table but there was none")
    hit_policy, aggregation = _hit_policy(node)
    if aggregation is not None and len(outputs) > 1:
        node.warning(
            "aggregated-compound-output", f"Expected one output for {aggregation} but there are {len(outputs)}"
        )
    rules = tuple(_rule(child, len(inputs), len(outputs)) for child in node.children("rule"))
    return DecisionTable(
        hit_policy=hit_policy,
        aggregation=aggregation,
        inputs=inputs,
        outputs=outputs,
        rules=rules,
        output_label=node.get("outputLabel"),
        annotation_names=tuple(child.get("name") or "" for child in node.children("annotation")),
        id=node.id,
        line=node.line,
        type_ref=node.type_ref(),
    )


def _hit_policy(node: Node) -> tuple[str, str | None]:
    raw = (node.get("hitPolicy") or "UNIQUE").strip()
    if raw in LETTERS and not (node.get("aggregation") or "").strip():
        return LETTERS[raw]
    hit_policy = LETTERS.get(raw, (raw, None))[0]
    hit_policy = " ".join(hit_policy.upper().replace("_", " ").split())
    if hit_policy not in HIT_POLICIES:
        node.error("unknown-hit-policy", f"Expected a hit policy of {', '.join(HIT_POLICIES)} but it was '{raw}'")
        hit_policy = "UNIQUE"
    raw_aggregation = (node.get("aggregation") or "").strip()
    if not raw_aggregation:
        return hit_policy, None
    aggregation = raw_aggregation.upper()
    if aggregation not in AGGREGATIONS:
        node.error("unknown-aggregation", f"Expected one of {', '.join(AGGREGATIONS)} but it was '{raw_aggregation}'")
        return hit_policy, None
    if hit_policy != "COLLECT":
        node.warning("aggregation-ignored", f"Expected hit policy COLLECT for {aggregation} but it was {hit_policy}")
        return hit_policy, None
    return hit_policy, aggregation


def _input(node: Node) -> InputClause:
    expression = node.child("inputExpression")
    values = node.child("inputValues")
    return InputClause(
        expression=None if expression is None else read_literal(expression),
        values=None if values is None else read_unary_tests(values),
        label=node.get("label"),
        variable=node.camunda("inputVariable"),
        id=node.id,
        line=node.line,
    )


def _output(node: Node) -> OutputClause:
    values = node.child("outputValues")
    default = node.child("defaultOutputEntry")
    return OutputClause(
        name=node.name(),
        type_ref=node.type_ref(),
        values=None if values is None else read_unary_tests(values),
        default=None if default is None else read_literal(default),
        label=node.get("label"),
        id=node.id,
        line=node.line,
    )


def _rule(node: Node, inputs: int, outputs: int) -> Rule:
    input_entries = node.children("inputEntry")
    output_entries = node.children("outputEntry")
    for what, entries, wanted in (("input", input_entries, inputs), ("output", output_entries, outputs)):
        if len(entries) != wanted:
            node.error("wrong-cell-count", f"Expected {wanted} {what} entries in the rule but it has {len(entries)}")
    return Rule(
        inputs=tuple(read_unary_tests(entry) for entry in input_entries),
        outputs=tuple(read_literal(entry) for entry in output_entries),
        annotations=tuple((entry.child_text("text") or "").strip() for entry in node.children("annotationEntry")),
        id=node.id,
        line=node.line,
    )
