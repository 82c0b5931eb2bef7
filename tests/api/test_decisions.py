"""Decisions: deploy, list, evaluate."""

from __future__ import annotations

from collections.abc import Callable

from tests.api.server import Rest

Unique = Callable[[str], str]

DMN = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="{graph}" name="Prices" namespace="urn:prices">
  <decision id="{key}" name="Discount">
    <decisionTable id="table" hitPolicy="COLLECT">
      <input id="i1"><inputExpression id="e1" typeRef="string"><text>customer</text></inputExpression></input>
      <input id="i2"><inputExpression id="e2" typeRef="number"><text>amount</text></inputExpression></input>
      <output id="o1" name="percent" typeRef="number"/>
      <output id="o2" name="reason" typeRef="string"/>
      <rule id="r1">
        <inputEntry id="r1a"><text>"gold"</text></inputEntry><inputEntry id="r1b"><text>-</text></inputEntry>
        <outputEntry id="r1c"><text>10</text></outputEntry><outputEntry id="r1d"><text>"loyal"</text></outputEntry>
      </rule>
      <rule id="r2">
        <inputEntry id="r2a"><text>-</text></inputEntry><inputEntry id="r2b"><text>&gt; 100</text></inputEntry>
        <outputEntry id="r2c"><text>2.5</text></outputEntry><outputEntry id="r2d"><text>"much"</text></outputEntry>
      </rule>
    </decisionTable>
  </decision>
</definitions>
"""


def _dmn(key: str) -> tuple[str, bytes]:
    return ("prices.dmn", DMN.format(key=key, graph=f"{key}-graph").encode())


def test_deploy_and_evaluate(rest: Rest, unique: Unique) -> None:
    key = unique("discount")
    deployed = rest.deploy(_dmn(key))
    (decision,) = deployed["deployedDecisionDefinitions"].values()
    assert (decision["key"], decision["version"], decision["name"]) == (key, 1, "Discount")
    assert len(deployed["deployedDecisionRequirementsDefinitions"]) == 1
    assert rest.get(f"/decision-definition/key/{key}") == decision
    assert rest.get("/decision-definition", key=key, latestVersion="true") == [decision]
    assert rest.get("/decision-definition/count", key=key) == {"count": 1}
    assert rest.get(f"/decision-definition/{decision['id']}/xml")["dmnXml"] == _dmn(key)[1].decode()
    graph = decision["decisionRequirementsDefinitionId"]
    assert rest.get(f"/decision-requirements-definition/{graph}")["id"] == graph
    assert rest.get(f"/decision-requirements-definition/{graph}/xml")["id"] == graph
    assert rest.post(
        f"/decision-definition/key/{key}/evaluate",
        {"variables": {"customer": {"value": "gold"}, "amount": {"value": 120, "type": "Long"}}},
    ) == [
        {
            "percent": {"type": "Integer", "value": 10, "valueInfo": {}},
            "reason": {"type": "String", "value": "loyal", "valueInfo": {}},
        },
        {
            "percent": {"type": "Double", "value": 2.5, "valueInfo": {}},
            "reason": {"type": "String", "value": "much", "valueInfo": {}},
        },
    ]
    assert rest.post(f"/decision-definition/{decision['id']}/evaluate", {"variables": {}}) == []
    rows = rest.get("/history/decision-instance", decisionDefinitionKey=key, sortBy="evaluationTime", sortOrder="asc")
    assert [(row["inputs"], row["outputs"]) for row in rows] == [(None, None), (None, None)]
    full = rest.get(f"/history/decision-instance/{rows[0]['id']}", includeInputs="true", includeOutputs="true")
    assert {item["clauseId"]: (item["type"], item["value"]) for item in full["inputs"]} == {
        "i1": ("String", "gold"),
        "i2": ("Integer", 120),
    }
    assert [(item["variableName"], item["value"], item["ruleId"], item["ruleOrder"]) for item in full["outputs"]] == [
        ("percent", 10, "r1", 1),
        ("reason", "loyal", "r1", 1),
        ("percent", 2.5, "r2", 2),
        ("reason", "much", "r2", 2),
    ]


def test_wrong_decisions(rest: Rest, unique: Unique) -> None:
    rest.post("/decision-definition/key/nobody/evaluate", {}, 404)
    rest.get("/decision-definition/nobody", 404)
    assert "broken.dmn" in rest.deploy(("broken.dmn", b"<a"), expect=500)["message"]
    key = unique("discount")
    rest.deploy(_dmn(key))
    rest.post(
        f"/decision-definition/key/{key}/evaluate", {"variables": {"amount": {"value": "x", "type": "Long"}}}, 400
    )
