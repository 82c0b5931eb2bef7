"""Text to tokens. One regular expression cuts the whole text; the parser works on plain strings.

A name that holds blanks only (`monthly salary`) needs no knowledge: two names side by side mean nothing else. A name
that holds operators or keywords (`profit and loss`, `a-b`) must be known, and then wins over the operators (DMN 1.5,
10.3.1.2).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

NAME_START = (
    "?A-Z_a-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u167f\u1681-\u180d\u180f-\u1fff\u200c-\u200d\u2070-\u218f\u2c00-\u2fef"
    "\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufefe\uff00-\ufffd\U00010000-\U000effff"
)
NAME_PART = NAME_START + "0-9\u00b7\u0300-\u036f\u203f-\u2040'"
SPACE = " \t\n\r\x0b\x0c\u0085\u00a0\u1680\u180e\u2000-\u200b\u2028\u2029\u202f\u205f\u3000\ufeff"
# The standard's ranges for names include some of its own white space; here a blank is always a blank.

KEYWORDS = frozenset(
    [
        "and",
        "or",
        "in",
        "between",
        "instance",
        "then",
        "else",
        "return",
        "satisfies",
        "for",
        "if",
        "some",
        "every",
        "function",
        "true",
        "false",
        "null",
    ]
)
NAMES_WITH_KEYWORDS = ("date and time", "years and months duration", "days and time duration", "get or else")

_PLAIN = re.compile(f"[{NAME_START}][{NAME_PART}]*(?: [{NAME_PART}]+)*\\Z")
_SPELLABLE = re.compile(f"[{SPACE}]*[{NAME_START}][{NAME_PART}./+*{SPACE}-]*\\Z")
_BLANKS = re.compile(f"[{SPACE}]+")

_SKIP = f"(?:[{SPACE}]+|//[^\n]*|/\\*[^*]*\\*+(?:[^/*][^*]*\\*+)*/)*"
_TOKENS = (
    r'"[^"\\]*(?:\\.[^"\\]*)*"'  # string
    r"|(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?"  # number
    "%s"  # known names
    f"|[{NAME_START}][{NAME_PART}]*"
    r"|`[^`]*`"  # a quoted name (Camunda's dialect)
    r"|\*\*|\.\.|->|<=|>=|!=|[^\s]"
    r"|\Z"
)

IS_NAME = frozenset(chr(c) for c in range(128) if re.match(f"[{NAME_START}]", chr(c)))
DIGITS = frozenset("0123456789")


def is_name_start(character: str) -> bool:
    """Whether a name can start with this character."""
    return character in IS_NAME or (character > "\x7f" and _START.match(character) is not None)


_START = re.compile(f"[{NAME_START}]")


def normalized(name: str) -> str:
    """A name with every run of blanks as one space."""
    return _BLANKS.sub(" ", name).strip()


def is_plain(name: str) -> bool:
    """Whether the parser recognises a name without being told: blanks between words, no operator and no keyword."""
    if name.isidentifier():
        return name not in KEYWORDS
    if not _PLAIN.match(name):
        return False
    return KEYWORDS.isdisjoint(name.split(" "))


def is_spellable(name: str) -> bool:
    """Whether an expression can name it: no brackets, quotes and the like."""
    return _SPELLABLE.match(name) is not None


def special_names(names: Iterable[str], text: str) -> tuple[str, ...]:
    """Of the names in scope, those that the lexer must know for this text, a longer one before a shorter one.

    A name that no text can spell (it has brackets, quotes or the like) is left out: `get value` finds its entry.
    """
    found: set[str] = set()
    for name in names:
        if is_plain(name) or not is_spellable(name):
            continue
        name = normalized(name)
        if not is_plain(name) and all(word in text for word in name.split(" ")):
            found.add(name)
    return tuple(sorted(found, key=lambda name: (-len(name), name)))


@lru_cache(maxsize=512)
def scanner(special: tuple[str, ...]) -> re.Pattern[str]:
    """The pattern that cuts texts in which these special names are known."""
    known = ""
    names = sorted({*special, *NAMES_WITH_KEYWORDS}, key=lambda name: (-len(name), name))
    for name in names:
        words = f"[{SPACE}]+".join(re.escape(word) for word in name.split(" "))
        known += "|" + words + (f"(?![{NAME_PART}])" if is_name_start(name[-1]) or name[-1] in DIGITS else "")
    return re.compile(f"{_SKIP}({_TOKENS % known.replace('%', '%%')})", re.DOTALL)


def tokens_of(text: str, special: tuple[str, ...] = ()) -> list[str]:
    """The tokens of a text, with "" at the end."""
    return scanner(special).findall(text)


def offsets_of(text: str, special: tuple[str, ...] = ()) -> list[tuple[int, int]]:
    """Start and end of each token of `tokens_of`, in characters."""
    return [match.span(1) for match in scanner(special).finditer(text)]


_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{6})|([nrt\"'\\]))")
_SURROGATES = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_SIMPLE = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "'": "'", "\\": "\\"}


def _unescape(match: re.Match[str]) -> str:
    if match[3] is not None:
        return _SIMPLE[match[3]]
    code = int(match[1] or match[2], 16)
    return chr(code) if code <= 0x10FFFF else match[0]


def _join_surrogates(match: re.Match[str]) -> str:
    high, low = match[0]
    return chr(0x10000 + ((ord(high) - 0xD800) << 10) + (ord(low) - 0xDC00))


def string_value(token: str) -> str:
    r"""The value of a string token. Unknown escapes such as `\d` stay as written, so that patterns stay readable."""
    text = token[1:-1]
    if "\\" not in text:
        return text
    text = _ESCAPE.sub(_unescape, text)
    text = _SURROGATES.sub(_join_surrogates, text)
    return re.sub("[\ud800-\udfff]", "\ufffd", text)
