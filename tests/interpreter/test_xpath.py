"""The XPath of BPMN's default expression language, as far as models use it."""

from __future__ import annotations

import pytest

from interpreter.elements.xpath import as_feel, is_xpath


@pytest.mark.parametrize(
    ("text", "feel"),
    [
        ("bpmn:getDataObject('approved')", "approved"),
        ("not(bpmn:getDataObject('approved'))", "not(approved)"),
        ("getDataObject(\"clarified\") = 'yes'", 'clarified = "yes"'),
        ("bpmn20:getDataInput( 'a' ) > 3 and x:getDataOutput('b') != 'it''s'", None),
        ("getDataObject('a') = 'say \"hi\"'", 'a = "say \\"hi\\""'),
    ],
)
def test_it_is_translated_to_feel(text: str, feel: str | None) -> None:
    assert is_xpath(text)
    if feel is not None:
        assert as_feel(text) == feel


@pytest.mark.parametrize("text", ["approved", "= approved", "${approved}", "getDataObject(x)", "count(items) > 1"])
def test_other_texts_are_left_alone(text: str) -> None:
    assert not is_xpath(text)
