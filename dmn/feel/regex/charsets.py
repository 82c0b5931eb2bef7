"""Sets of characters as sorted, disjoint intervals of code points."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

Intervals = tuple[tuple[int, int], ...]

MAX_CODE = 0x10FFFF

CATEGORIES = frozenset(
    [
        "L",
        "Lu",
        "Ll",
        "Lt",
        "Lm",
        "Lo",
        "M",
        "Mn",
        "Mc",
        "Me",
        "N",
        "Nd",
        "Nl",
        "No",
        "P",
        "Pc",
        "Pd",
        "Ps",
        "Pe",
        "Pi",
        "Pf",
        "Po",
        "Z",
        "Zs",
        "Zl",
        "Zp",
        "S",
        "Sm",
        "Sc",
        "Sk",
        "So",
        "C",
        "Cc",
        "Cf",
        "Co",
        "Cn",
    ]
)

BLOCKS: dict[str, tuple[int, int]] = {
    "BasicLatin": (0x0000, 0x007F),
    "Latin-1Supplement": (0x0080, 0x00FF),
    "LatinExtended-A": (0x0100, 0x017F),
    "LatinExtended-B": (0x0180, 0x024F),
    "IPAExtensions": (0x0250, 0x02AF),
    "SpacingModifierLetters": (0x02B0, 0x02FF),
    "CombiningDiacriticalMarks": (0x0300, 0x036F),
    "Greek": (0x0370, 0x03FF),
    "GreekandCoptic": (0x0370, 0x03FF),
    "Cyrillic": (0x0400, 0x04FF),
    "Armenian": (0x0530, 0x058F),
    "Hebrew": (0x0590, 0x05FF),
    "Arabic": (0x0600, 0x06FF),
    "Syriac": (0x0700, 0x074F),
    "Thaana": (0x0780, 0x07BF),
    "Devanagari": (0x0900, 0x097F),
    "Bengali": (0x0980, 0x09FF),
    "Gurmukhi": (0x0A00, 0x0A7F),
    "Gujarati": (0x0A80, 0x0AFF),
    "Oriya": (0x0B00, 0x0B7F),
    "Tamil": (0x0B80, 0x0BFF),
    "Telugu": (0x0C00, 0x0C7F),
    "Kannada": (0x0C80, 0x0CFF),
    "Malayalam": (0x0D00, 0x0D7F),
    "Sinhala": (0x0D80, 0x0DFF),
    "Thai": (0x0E00, 0x0E7F),
    "Lao": (0x0E80, 0x0EFF),
    "Tibetan": (0x0F00, 0x0FFF),
    "Myanmar": (0x1000, 0x109F),
    "Georgian": (0x10A0, 0x10FF),
    "HangulJamo": (0x1100, 0x11FF),
    "Ethiopic": (0x1200, 0x137F),
    "Cherokee": (0x13A0, 0x13FF),
    "UnifiedCanadianAboriginalSyllabics": (0x1400, 0x167F),
    "Ogham": (0x1680, 0x169F),
    "Runic": (0x16A0, 0x16FF),
    "Khmer": (0x1780, 0x17FF),
    "Mongolian": (0x1800, 0x18AF),
    "LatinExtendedAdditional": (0x1E00, 0x1EFF),
    "GreekExtended": (0x1F00, 0x1FFF),
    "GeneralPunctuation": (0x2000, 0x206F),
    "SuperscriptsandSubscripts": (0x2070, 0x209F),
    "CurrencySymbols": (0x20A0, 0x20CF),
    "CombiningMarksforSymbols": (0x20D0, 0x20FF),
    "LetterlikeSymbols": (0x2100, 0x214F),
    "NumberForms": (0x2150, 0x218F),
    "Arrows": (0x2190, 0x21FF),
    "MathematicalOperators": (0x2200, 0x22FF),
    "MiscellaneousTechnical": (0x2300, 0x23FF),
    "ControlPictures": (0x2400, 0x243F),
    "OpticalCharacterRecognition": (0x2440, 0x245F),
    "EnclosedAlphanumerics": (0x2460, 0x24FF),
    "BoxDrawing": (0x2500, 0x257F),
    "BlockElements": (0x2580, 0x259F),
    "GeometricShapes": (0x25A0, 0x25FF),
    "MiscellaneousSymbols": (0x2600, 0x26FF),
    "Dingbats": (0x2700, 0x27BF),
    "BraillePatterns": (0x2800, 0x28FF),
    "CJKRadicalsSupplement": (0x2E80, 0x2EFF),
    "KangxiRadicals": (0x2F00, 0x2FDF),
    "IdeographicDescriptionCharacters": (0x2FF0, 0x2FFF),
    "CJKSymbolsandPunctuation": (0x3000, 0x303F),
    "Hiragana": (0x3040, 0x309F),
    "Katakana": (0x30A0, 0x30FF),
    "Bopomofo": (0x3100, 0x312F),
    "HangulCompatibilityJamo": (0x3130, 0x318F),
    "Kanbun": (0x3190, 0x319F),
    "BopomofoExtended": (0x31A0, 0x31BF),
    "EnclosedCJKLettersandMonths": (0x3200, 0x32FF),
    "CJKCompatibility": (0x3300, 0x33FF),
    "CJKUnifiedIdeographsExtensionA": (0x3400, 0x4DBF),
    "CJKUnifiedIdeographs": (0x4E00, 0x9FFF),
    "YiSyllables": (0xA000, 0xA48F),
    "YiRadicals": (0xA490, 0xA4CF),
    "HangulSyllables": (0xAC00, 0xD7AF),
    "PrivateUse": (0xE000, 0xF8FF),
    "CJKCompatibilityIdeographs": (0xF900, 0xFAFF),
    "AlphabeticPresentationForms": (0xFB00, 0xFB4F),
    "ArabicPresentationForms-A": (0xFB50, 0xFDFF),
    "CombiningHalfMarks": (0xFE20, 0xFE2F),
    "CJKCompatibilityForms": (0xFE30, 0xFE4F),
    "SmallFormVariants": (0xFE50, 0xFE6F),
    "ArabicPresentationForms-B": (0xFE70, 0xFEFF),
    "HalfwidthandFullwidthForms": (0xFF00, 0xFFEF),
    "Specials": (0xFFF0, 0xFFFF),
    "Emoticons": (0x1F600, 0x1F64F),
    "MusicalSymbols": (0x1D100, 0x1D1FF),
    "MathematicalAlphanumericSymbols": (0x1D400, 0x1D7FF),
    "CJKUnifiedIdeographsExtensionB": (0x20000, 0x2A6DF),
    "CJKCompatibilityIdeographsSupplement": (0x2F800, 0x2FA1F),
    "Tags": (0xE0000, 0xE007F),
}

SPACES: Intervals = ((0x9, 0xA), (0xD, 0xD), (0x20, 0x20))
NAME_START: Intervals = (
    (0x3A, 0x3A), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A), (0xC0, 0xD6), (0xD8, 0xF6), (0xF8, 0x2FF), (0x370, 0x37D),
    (0x37F, 0x1FFF), (0x200C, 0x200D), (0x2070, 0x218F), (0x2C00, 0x2FEF), (0x3001, 0xD7FF), (0xF900, 0xFDCF),
    (0xFDF0, 0xFFFD), (0x10000, 0xEFFFF),
)  # fmt: skip


def union(*sets: Iterable[tuple[int, int]]) -> Intervals:
    """All characters of the sets."""
    merged: list[tuple[int, int]] = []
    for low, high in sorted(interval for one in sets for interval in one):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return tuple(merged)


def complement(intervals: Intervals) -> Intervals:
    """All other characters."""
    rest: list[tuple[int, int]] = []
    start = 0
    for low, high in intervals:
        if low > start:
            rest.append((start, low - 1))
        start = high + 1
    if start <= MAX_CODE:
        rest.append((start, MAX_CODE))
    return tuple(rest)


def difference(left: Intervals, right: Intervals) -> Intervals:
    """The characters of `left` that are not in `right`."""
    return complement(union(complement(left), right))


NAME_CHARS: Intervals = union(NAME_START, ((0x2D, 0x2E), (0x30, 0x39), (0xB7, 0xB7), (0x300, 0x36F), (0x203F, 0x2040)))


@lru_cache(maxsize=64)
def category(name: str) -> Intervals:
    """The characters of a general category such as `L` or `Nd`."""
    runs: list[tuple[int, int]] = []
    start = -1
    find = unicodedata.category
    for code in range(MAX_CODE + 1):
        if find(chr(code)).startswith(name):
            if start < 0:
                start = code
        elif start >= 0:
            runs.append((start, code - 1))
            start = -1
    if start >= 0:
        runs.append((start, MAX_CODE))
    return tuple(runs)


@lru_cache(maxsize=1)
def _cases() -> dict[int, tuple[int, ...]]:
    """The characters of the Basic Multilingual Plane that differ in case only, by each of them."""
    groups: dict[str, list[int]] = {}
    for code in range(0x10000):
        character = chr(code)
        folded = character.upper().lower()
        if len(folded) == 1 and (folded != character or character.upper() != character):
            groups.setdefault(folded, []).append(code)
    return {code: tuple(group) for group in groups.values() for code in group}


def both_cases(intervals: Intervals) -> Intervals:
    """The set with the other cases of its letters (sets of more than 3,000 characters stay as they are)."""
    if sum(high - low + 1 for low, high in intervals) > 3000:
        return intervals
    cases = _cases()
    more = [(other, other) for low, high in intervals for c in range(low, high + 1) for other in cases.get(c, ())]
    return union(intervals, more)


def escaped(code: int) -> str:
    """A character in RE2's syntax, safe everywhere."""
    character = chr(code)
    return character if character.isalnum() and code < 128 else f"\\x{{{code:X}}}"


def class_text(intervals: Intervals) -> str:
    """The inside of a bracket expression in RE2's syntax. Surrogates do not exist in UTF-8 text and are left out."""
    parts: list[str] = []
    for low, high in difference(intervals, ((0xD800, 0xDFFF),)):
        parts.append(escaped(low) if low == high else f"{escaped(low)}-{escaped(high)}")
    return "".join(parts)
