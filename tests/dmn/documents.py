"""Small DMN documents for tests, written as their elements."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from dmn import DecisionModel, DecisionResult, compile_dmn, parse_dmn, to_json

DMN15 = "https://www.omg.org/spec/DMN/20230324/MODEL/"
NOW = datetime(2024, 2, 29, 12, 0, tzinfo=UTC)


def document(*elements: str, namespace: str = "urn:test", attributes: str = "") -> bytes:
    return (
        f'<definitions xmlns="{DMN15}" xmlns:camunda="http://camunda.org/schema/1.0/dmn" namespace="{namespace}" '
        f'name="test" id="test" {attributes}>{"".join(elements)}</definitions>'
    ).encode()


def literal(text: str, type_ref: str | None = None, language: str | None = None) -> str:
    attributes = (f' typeRef="{type_ref}"' if type_ref else "") + (
        f' expressionLanguage="{language}"' if language else ""
    )
    return f"<literalExpression{attributes}><text>{escape(text)}</text></literalExpression>"


def input_data(name: str, type_ref: str | None = None) -> str:
    kind = f' typeRef="{type_ref}"' if type_ref else ""
    variable = f"<variable name={quoteattr(name)}{kind}/>"
    return f"<inputData id={quoteattr('i-' + name)} name={quoteattr(name)}>{variable}</inputData>"


def requirements(inputs: Iterable[str] = (), decisions: Iterable[str] = (), knowledge: Iterable[str] = ()) -> str:
    found = [f'<informationRequirement><requiredInput href="#i-{name}"/></informationRequirement>' for name in inputs]
    found += [
        f'<informationRequirement><requiredDecision href="#{name}"/></informationRequirement>' for name in decisions
    ]
    found += [f'<knowledgeRequirement><requiredKnowledge href="#{name}"/></knowledgeRequirement>' for name in knowledge]
    return "".join(found)


def decision(name: str, expression: str, needs: str = "", type_ref: str | None = None) -> str:
    kind = f' typeRef="{type_ref}"' if type_ref else ""
    return (
        f"<decision id={quoteattr(name)} name={quoteattr(name)}><variable name={quoteattr(name)}{kind}/>"
        f"{needs}{expression}</decision>"
    )


def table(
    inputs: Sequence[str],
    outputs: Sequence[str],
    rules: Sequence[Sequence[str]],
    policy: str = "UNIQUE",
    aggregation: str | None = None,
    defaults: Sequence[str] | None = None,
    output_values: Sequence[str] | None = None,
    input_values: Sequence[str] | None = None,
    input_types: Sequence[str] | None = None,
    output_types: Sequence[str] | None = None,
) -> str:
    parts = [
        f'<decisionTable id="table" hitPolicy="{policy}"'
        + (f' aggregation="{aggregation}"' if aggregation else "")
        + ">"
    ]
    for index, name in enumerate(inputs):
        kind = f' typeRef="{input_types[index]}"' if input_types else ""
        allowed = f"<inputValues><text>{escape(input_values[index])}</text></inputValues>" if input_values else ""
        parts.append(
            f'<input id="in{index}" label={quoteattr(name)}><inputExpression{kind}><text>{escape(name)}</text>'
            f"</inputExpression>{allowed}</input>"
        )
    for index, name in enumerate(outputs):
        kind = f' typeRef="{output_types[index]}"' if output_types else ""
        values = f"<outputValues><text>{escape(output_values[index])}</text></outputValues>" if output_values else ""
        default = f"<defaultOutputEntry><text>{escape(defaults[index])}</text></defaultOutputEntry>" if defaults else ""
        parts.append(f'<output id="out{index}" name={quoteattr(name)}{kind}>{values}{default}</output>')
    for number, rule in enumerate(rules):
        cells = "".join(
            f"<{tag}><text>{escape(cell)}</text></{tag}>"
            for position, cell in enumerate(rule)
            for tag in ["inputEntry" if position < len(inputs) else "outputEntry"]
        )
        parts.append(f'<rule id="rule{number + 1}">{cells}</rule>')
    return "".join(parts) + "</decisionTable>"


def model(*elements: str, profile: str = "spec", **options: Any) -> DecisionModel:
    return compile_dmn(parse_dmn(document(*elements)), profile=profile, **options)


def run(
    expression: str, context: dict[str, Any] | None = None, profile: str = "spec", **options: Any
) -> DecisionResult:
    """Evaluate one decision named `d` with this expression; every key of the context is a required input."""
    given = context or {}
    elements = [input_data(name) for name in given]
    compiled = model(*elements, decision("d", expression, requirements(inputs=given)), profile=profile, **options)
    return compiled.evaluate("d", given, now=NOW)


def value(expression: str, context: dict[str, Any] | None = None, profile: str = "spec") -> Any:
    return to_json(run(expression, context, profile).value)
