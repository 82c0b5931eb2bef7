"""The loan example of the DMN standard's chapter 11, as a peer ships it; its import is written here."""

from __future__ import annotations

from typing import Any

import pytest

from dmn import DecisionModel, compile_dmn, parse_dmn, to_json
from tests.suites import suite

MODEL = (
    "flowable-models/modules/flowable-dmn-engine/src/test/resources/org/flowable/dmn/engine/test/deployment/"
    "chapter11_dmn13.dmn"
)
FINANCIAL = b"""<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="f" name="Financial"
    namespace="http://www.trisotech.com/definitions/_5e8e877a-af87-434b-9c36-ed51c8d6b514">
  <businessKnowledgeModel id="_a30c75ec-7d81-4606-802c-b31ea308392d" name="PMT"><variable name="PMT" typeRef="number"/>
    <encapsulatedLogic><formalParameter name="rate" typeRef="number"/><formalParameter name="term" typeRef="number"/>
      <formalParameter name="amount" typeRef="number"/>
      <literalExpression><text>(amount * rate / 12) / (1 - (1 + rate / 12) ** -term)</text></literalExpression>
    </encapsulatedLogic></businessKnowledgeModel></definitions>"""

LOAN: dict[str, Any] = {
    "Applicant data": {
        "Age": 51,
        "MartitalStatus": "M",
        "EmploymentStatus": "EMPLOYED",
        "ExistingCustomer": False,
        "Monthly": {"Income": 100_000, "Repayments": 2_500, "Expenses": 10_000},
    },
    "Requested product": {"ProductType": "STANDARD LOAN", "Rate": 0.08, "Term": 36, "Amount": 100_000},
    "Bureau data": {"Bankrupt": False, "CreditScore": 600},
}


@pytest.fixture(scope="module")
def model() -> DecisionModel:
    return compile_dmn(parse_dmn(suite(MODEL).read_bytes()), imports=[parse_dmn(FINANCIAL)], strict=True)


@pytest.mark.parametrize(
    ("decision", "expected"),
    [
        ("Application risk score", 138),
        ("Pre-bureau risk category", "VERY LOW"),
        ("Pre-bureau affordability", True),
        ("Eligibility", "ELIGIBLE"),
        ("Bureau call type", "NONE"),
        ("Strategy", "THROUGH"),
        ("Routing", "ACCEPT"),
        ("Routing Decision Service", "ACCEPT"),
        ("Bureau Strategy Decision Service", {"Strategy": "THROUGH", "Bureau call type": "NONE"}),
    ],
)
def test_decision(model: DecisionModel, decision: str, expected: Any) -> None:
    result = model.evaluate(decision, LOAN)
    assert to_json(result.value) == expected
    assert not result.messages


def test_installment(model: DecisionModel) -> None:
    """An annuity of 100,000 at 8 % a year over 36 months costs 3,133.64 a month; the model adds a fee of 20."""
    assert round(to_json(model.evaluate("Required monthly installment", LOAN).value), 2) == 3153.64
