"""Trees to RE2's syntax. Flags are written out, so that the result needs no options but `(?i)` and `(?m)`."""

from __future__ import annotations

from .charsets import escaped
from .syntax import Anchor, BackReference, Char, Chars, Choice, Dot, Group, Node, Repeat, Sequence


def emit(node: Node, dot_all: bool) -> str:
    """The node in RE2's syntax; a tree with back-references has none."""
    match node:
        case Char(code):
            return escaped(code)
        case Chars(text, negated, folds):
            return f"[{'^' if negated else ''}{text}]" if folds else f"(?-i:[{'^' if negated else ''}{text}])"
        case Dot():
            return r"(?s:.)" if dot_all else r"[^\n\r]"
        case Anchor(at_start):
            return "^" if at_start else "$"
        case Group(number, body):
            return ("(" if number else "(?:") + emit(body, dot_all) + ")"
        case Repeat(body, least, most, lazy):
            count = f"{{{least}}}" if most == least else f"{{{least},{'' if most is None else most}}}"
            count = {"{0,}": "*", "{1,}": "+", "{0,1}": "?"}.get(count, count)
            inner = emit(body, dot_all)
            if isinstance(body, Sequence):
                inner = f"(?:{inner})"
            return inner + count + ("?" if lazy else "")
        case Sequence(parts):
            return "".join(
                f"(?:{emit(part, dot_all)})" if isinstance(part, Choice) else emit(part, dot_all) for part in parts
            )
        case Choice(branches):
            return "|".join(emit(branch, dot_all) for branch in branches)
        case BackReference(group):
            raise ValueError(f"a back-reference to group {group} has no RE2 form")
        case _:
            raise AssertionError(node)
