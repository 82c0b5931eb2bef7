"""The benchmark's decision table and inputs: customer segment and amount band to price list and discount.

Cells use only what FEEL, SpiffWorkflow's Python cells and pySFeel share: a quoted text, `>= n`, `< n`.
"""

from __future__ import annotations

import random
from typing import Any

SEGMENTS = [f"segment {n}" for n in range(10)]


def rules(count: int) -> list[tuple[str, str, str, str, str]]:
    """(segment, lower bound, upper bound, price list, discount) as cell texts; count must be a multiple of 10."""
    bands = count // len(SEGMENTS)
    return [
        (
            f'"{segment}"',
            f">= {band * 100}",
            f"< {(band + 1) * 100}",
            f'"list {number}-{band}"',
            str(number * 10 + band),
        )
        for number, segment in enumerate(SEGMENTS)
        for band in range(bands)
    ]


def contexts(count: int, rule_count: int) -> list[dict[str, Any]]:
    """Inputs that each match exactly one rule; the same every time."""
    source = random.Random(7)
    top = rule_count // len(SEGMENTS) * 100
    return [{"segment": source.choice(SEGMENTS), "amount": source.randrange(top)} for _ in range(count)]


def document(count: int) -> bytes:
    """The table as DMN 1.1, which every peer reads."""
    rows = "\n".join(
        f'<rule id="r{index}">'
        + "".join(
            f'<{tag} id="r{index}c{column}"><text><![CDATA[{cell}]]></text></{tag}>'
            for column, cell in enumerate(row)
            for tag in ["inputEntry" if column < 3 else "outputEntry"]
        )
        + "</rule>"
        for index, row in enumerate(rules(count))
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/DMN/20151101/dmn.xsd" id="pricing" name="pricing" namespace="urn:benchmark">
  <inputData id="segment" name="segment"><variable id="v1" name="segment" typeRef="string"/></inputData>
  <inputData id="amount" name="amount"><variable id="v2" name="amount" typeRef="number"/></inputData>
  <decision id="price" name="price">
    <variable id="v3" name="price"/>
    <informationRequirement><requiredInput href="#segment"/></informationRequirement>
    <informationRequirement><requiredInput href="#amount"/></informationRequirement>
    <decisionTable id="table" hitPolicy="UNIQUE">
      <input id="i1" label="segment"><inputExpression typeRef="string"><text>segment</text></inputExpression></input>
      <input id="i2" label="amount"><inputExpression typeRef="number"><text>amount</text></inputExpression></input>
      <input id="i3" label="amount"><inputExpression typeRef="number"><text>amount</text></inputExpression></input>
      <output id="o1" name="list" label="list" typeRef="string"/>
      <output id="o2" name="discount" label="discount" typeRef="number"/>
      {rows}
    </decisionTable>
  </decision>
</definitions>
""".encode()
