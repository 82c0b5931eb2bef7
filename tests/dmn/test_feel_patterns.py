"""Patterns as XPath has them: what they match, what is refused, and what flags and replacements do."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dmn.feel import evaluate
from dmn.feel.regex import PatternError, compile_pattern

MATCHES = r"""
# pattern | text | flags => matches
a | banana | => true
^a | banana | => false
an$ | banana | => false
^b.*a$ | banana | => true
B.N | banana | i => true
a.c | a{NL}c | => false
a.c | a{NL}c | s => true
^c$ | a{NL}c | => false
^c$ | a{NL}c | m => true
a$ | a{NL} | => false
h e l l o | hello | x => true
hello\ sworld | hello world | x => true
[ ] | a b | x => true
\p{ IsBasicLatin}+ | hello | x => true
[a-z]{3} | ab | => false
[a-z]{2,} | ab | => true
a{0} | b | => true
\d+ | x٣ | => true
\w+ | é | => true
\W | é | => false
\W | - | => true
\s | {TAB} | => true
\S | {TAB} | => false
\i\c* | x-1 | => true
^\c+$ | a b | => false
\p{L} | 1é | => true
\P{L} | é | => false
\p{Lu} | a | => false
\p{IsGreek} | α | => true
\P{IsGreek} | α | => false
[\p{L}\d]+$ | a1 | => true
[^\d] | 1 | => false
[^\s\w]+ | a b | => false
[a-z-[aeiou]] | aei | => false
[a-z-[aeiou]] | aeix | => true
[A-Z-[OI]] | o | i => false
[A-Z-[OI]] | x | i => true
[\w-[\d]] | 5 | => false
[^a-z-[0-9]] | 5 | => false
[^a-z-[0-9]] | % | => true
[^Q] | q | i => false
[a\-z] | - | => true
[-a] | - | => true
[a-] | - | => true
[.] | a | => false
[\^a] | ^ | => true
K | K | i => true
k | {KELVIN} | i => true
[A-Z] | {KELVIN} | i => true
[^A-Z] | {KELVIN} | i => false
\p{Lu} | q | i => false
\p{Lu} | Q | i => true
[\p{Lu}] | q | i => false
[\p{Lu}q] | Q | i => true
[\p{Lu}x] | q | i => false
[^\p{Lu}x] | X | i => false
[^\p{Lu}x] | q | i => true
[\p{L}-[q]] | Q | i => false
(a)(b)\2\1 | abba | => true
(a)(b)\2\1 | abab | => false
(A)\1 | Aa | i => true
(a*)b\1c | aabaac | => true
(a|b)+?\1c | abbc | => true
(?:ab)+ | abab | => true
((a)|(b))* | ab | => true
\. | a | => false
\{\}\(\)\[\]\|\?\*\+\$\^\\ | {}()[]|?*+$^\ | => true
🐎+ | 🐎🐎 | => true
a??b | ab | => true
() | x | => true
| | x | => true
"""

REFUSED = r"""
(
)
(a
[
[a
[]
[^]
a**
a{2,1}
a{x}
a{
a{,3}
{2}
*a
+
?
^*
\
\q
\1
(a\1)
(a)\2
[\1]
[z-a]
[a-z-[aeiou]
[a-z-[aeiou]b]
\p{Foo}
\p{IsFoo}
\pL
(?=a)
(?!a)
(?i)a
(?P<n>a)
a]
a}
[a[b]
a{1001}
"""

REPLACES = r"""
# text | pattern | replacement | flags => result
abracadabra | bra | * | => a*cada*
abracadabra | a.*a | * | => *
abracadabra | a.*?a | * | => *c*bra
abracadabra | a(.) | a$1$1 | => abbraccaddabbra
darted | ^(.*?)d(.*)$ | $1c$2 | => carted
facetiously | [iouy] | [$0] | => facet[i][o][u]sl[y]
abcd | (ab)|(a) | [1=$1][2=$2] | => [1=ab][2=]cd
a.b | \. | \$ | => a$b
a.b | \. | \\ | => a\b
abc | (a) | $12 | => a2bc
aab | (a)\1 | x$1 | => xab
ABC | b | x | i => AxC
"""


def rows(text: str) -> list[str]:
    return [line for line in text.strip("\n").splitlines() if line and not line.startswith("#")]


def filled(text: str) -> str:
    return text.replace("{NL}", "\n").replace("{TAB}", "\t").replace("{KELVIN}", "\u212a")


@pytest.mark.parametrize("row", rows(MATCHES))
def test_matches(row: str) -> None:
    case, _, expected = row.rpartition("=>")
    pattern, text, flags = case.rsplit(" | ", 2)
    scope = {"p": pattern, "t": filled(text), "f": flags.strip()}
    result = evaluate("matches(t, p, f)", scope)
    assert result.value is (expected.strip() == "true"), result.warnings


@pytest.mark.parametrize("pattern", rows(REFUSED))
def test_refused(pattern: str) -> None:
    result = evaluate('matches("a", p)', {"p": pattern})
    assert result.value is None
    assert result.warnings[0].code == "INVALID_ARGUMENT"


@pytest.mark.parametrize("row", rows(REPLACES))
def test_replace(row: str) -> None:
    case, _, expected = row.rpartition("=> ")
    text, pattern, replacement, flags = case.rsplit(" | ", 3)
    result = evaluate("replace(t, p, r, f)", {"t": text, "p": pattern, "r": replacement, "f": flags.strip()})
    assert result.value == expected, result.warnings


@pytest.mark.parametrize("replacement", ["$", "$x", "\\", "\\n", "a\\"])
def test_replacements_that_mean_nothing(replacement: str) -> None:
    assert evaluate('replace("a", "a", r)', {"r": replacement}).value is None


@pytest.mark.parametrize("flags", ["q", "g", "I", " "])
def test_unknown_flags(flags: str) -> None:
    assert evaluate('matches("a", "a", f)', {"f": flags}).value is None


def test_split_keeps_empty_parts() -> None:
    assert evaluate('split(";a;;b;", ";")').value == ["", "a", "", "b", ""]
    assert evaluate('split("a1b22c", "[0-9]+")').value == ["a", "b", "c"]
    assert evaluate('split("abc", "")').value == ["a", "b", "c"]
    assert evaluate('split("", ",")').value == [""]


atoms = st.sampled_from(["a", "b", "c", ".", "[ab]", "[^a]", "[a-c]", r"\.", r"\d", "(?:ab)", "(a|b)", "(c)", "^", "$"])
pieces = st.tuples(atoms, st.sampled_from(["", "", "", "*", "+", "?", "*?", "+?", "{2}", "{1,2}", "{0,1}?"])).map(
    "".join
)
patterns = st.lists(st.lists(pieces, max_size=5).map("".join), min_size=1, max_size=3).map("|".join)


@settings(max_examples=500, deadline=None)
@given(patterns, st.text("abc.1", max_size=8))
def test_common_patterns_match_as_python_s_do(pattern: str, text: str) -> None:
    try:
        ours = compile_pattern(pattern)
    except PatternError:
        assert re.search(r"[$^][*+?{]", pattern), "only a quantified anchor is refused"
        return
    theirs = [match.span() for match in re.finditer(pattern, text)]
    found = [spans[0] for spans in ours.finditer(text, lambda steps: None)]
    assert ours.search(text, lambda steps: None) is bool(theirs)
    assert found[:1] == theirs[:1]


@settings(max_examples=500, deadline=None)
@given(patterns, st.text("abc", max_size=8))
def test_the_matcher_for_references_agrees_with_re2(pattern: str, text: str) -> None:
    try:
        plain = compile_pattern(f"(?:{pattern})")
        stepped = compile_pattern(f"()(?:{pattern})\\1")
    except PatternError:
        return
    left = [spans[0] for spans in plain.finditer(text, lambda steps: None)]
    right = [spans[0] for spans in stepped.finditer(text, lambda steps: None)]
    assert left[:1] == right[:1]
