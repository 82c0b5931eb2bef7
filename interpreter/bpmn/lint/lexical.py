"""Lexical rules of the attribute types that BPMN uses (XML Schema part 2), as predicates on the written value."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from interpreter.bpmn.metamodel_tables import ENUMERATIONS, OPEN_ENUMERATIONS

_NAME_START: Final = (
    "A-Z_a-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d\u2070-\u218f"
    "\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_NAME_CHAR: Final = _NAME_START + "\\-.0-9\u00b7\u0300-\u036f\u203f-\u2040"
_NCNAME: Final = re.compile(f"[{_NAME_START}][{_NAME_CHAR}]*")
_INTEGER: Final = re.compile(r"[+-]?[0-9]+")
_DOUBLE: Final = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?|-?INF|NaN")
_BOOLEAN: Final = frozenset({"true", "false", "1", "0"})

# RFC 3986 with the characters that XML Schema lets an anyURI leave unescaped.
_PCHAR: Final = r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})"
_NO_COLON: Final = r"(?:[A-Za-z0-9\-._~!$&'()*+,;=@]|%[0-9A-Fa-f]{2})"
_AUTHORITY: Final = (
    r"//(?:(?:[A-Za-z0-9\-._~!$&'()*+,;=:]|%[0-9A-Fa-f]{2})*@)?"
    r"(?:\[[^\]]*\]|(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})*)(?::[0-9]*)?"
)
_TAIL: Final = rf"(?:\?(?:{_PCHAR}|[/?])*)?(?:#(?:{_PCHAR}|[/?\[\]])*)?"
_URI: Final = re.compile(
    rf"[A-Za-z][A-Za-z0-9+.\-]*:(?:{_AUTHORITY}(?:/{_PCHAR}*)*|/(?:{_PCHAR}+(?:/{_PCHAR}*)*)?|{_PCHAR}+(?:/{_PCHAR}*)*|)"
    + _TAIL
)
_RELATIVE: Final = re.compile(
    rf"(?:{_AUTHORITY}(?:/{_PCHAR}*)*|/(?:{_PCHAR}+(?:/{_PCHAR}*)*)?|{_NO_COLON}+(?:/{_PCHAR}*)*|)" + _TAIL
)
_UNESCAPED: Final = re.compile(r"[^\x21-\x7e]|[<>\"{}|\\^`]")


def collapse(value: str) -> str:
    """White space as most schema types treat it: trimmed and single."""
    return " ".join(value.split(None)) if value.strip(" \t\r\n") != value or "  " in value else value


def is_ncname(value: str) -> bool:
    return _NCNAME.fullmatch(value) is not None


def is_uri(value: str) -> bool:
    """An anyURI."""
    text = _UNESCAPED.sub("_", value)
    return _URI.fullmatch(text) is not None or _RELATIVE.fullmatch(text) is not None


def is_qname(value: str, nsmap: Mapping[str | None, str]) -> bool:
    """A qualified name whose prefix is declared."""
    prefix, colon, local = value.partition(":")
    if not colon:
        return is_ncname(value)
    return is_ncname(prefix) and is_ncname(local) and (prefix in nsmap or prefix == "xml")


def _is_int(value: str) -> bool:
    return _INTEGER.fullmatch(value) is not None and len(value) < 20 and -(2**31) <= int(value) < 2**31


_CHECKS: Final[dict[str, tuple[Callable[[str], bool], str]]] = {
    "boolean": (lambda value: value in _BOOLEAN, "true or false"),
    "integer": (lambda value: _INTEGER.fullmatch(value) is not None, "a whole number"),
    "int": (_is_int, "a whole number of 32 bits"),
    "double": (lambda value: _DOUBLE.fullmatch(value) is not None, "a number"),
    "anyURI": (is_uri, "a URI"),
    "ID": (is_ncname, "an XML name without colon"),
    "IDREF": (is_ncname, "an XML name without colon"),
}


def violation(type_name: str, value: str, nsmap: Mapping[str | None, str]) -> str | None:
    """What was expected instead of ``value``; None when it is right."""
    if type_name == "string":
        return None
    values = ENUMERATIONS.get(type_name)
    if values is not None:
        if value in values or (type_name in OPEN_ENUMERATIONS and is_uri(collapse(value))):
            return None
        uri = " or a URI" if type_name in OPEN_ENUMERATIONS else ""
        return "one of " + ", ".join(values) + uri
    collapsed = collapse(value)
    if type_name == "QName":
        return None if is_qname(collapsed, nsmap) else "a name whose prefix, if any, is declared"
    check, expected = _CHECKS[type_name]
    return None if check(collapsed) else expected
