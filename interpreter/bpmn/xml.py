"""The one door to lxml: a typed view of the few calls that are used, and a hardened parser.

Nothing is fetched, no entity is expanded, no document type declaration is accepted, and size, depth, number of elements
and lengths are bounded before the model is looked at. Everything else in this package sees ``XmlElement`` only.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, cast

import lxml.etree  # pyright: ignore[reportUnusedImport] -- loads the submodule that the next lines name

from interpreter.bpmn.problems import BpmnParseError, Problem

etree: Any = getattr(lxml, "etree")  # noqa: B009 -- a compiled module without stubs: typed here, once, as Any


class XmlElement(Protocol):
    """The part of lxml's element interface that is used here. ``tag`` is not a string for comments and PIs."""

    tag: Any
    text: str | None
    tail: str | None
    prefix: str | None

    @property
    def attrib(self) -> MutableMapping[str, str]: ...
    @property
    def nsmap(self) -> dict[str | None, str]: ...
    @property
    def sourceline(self) -> int | None: ...
    def get(self, key: str, default: str | None = None) -> str | None: ...
    def set(self, key: str, value: str) -> None: ...
    def getparent(self) -> XmlElement | None: ...
    def getnext(self) -> XmlElement | None: ...
    def getprevious(self) -> XmlElement | None: ...
    def getroottree(self) -> Any: ...
    def iterchildren(self, *tags: Any) -> Iterator[XmlElement]: ...
    def iterancestors(self) -> Iterator[XmlElement]: ...
    def iter(self, *tags: Any) -> Iterator[XmlElement]: ...
    def append(self, child: XmlElement) -> None: ...
    def insert(self, index: int, child: XmlElement) -> None: ...
    def remove(self, child: XmlElement) -> None: ...
    def index(self, child: XmlElement) -> int: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[XmlElement]: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of what is read. ``size`` in bytes, lengths in characters, depth in nested elements."""

    size: int = 10 * 1024 * 1024
    depth: int = 200
    elements: int = 500_000
    attributes: int = 20_000
    attribute_length: int = 256 * 1024
    text_length: int = 4 * 1024 * 1024


DEFAULT_LIMITS: Final = Limits()

# libxml2 calls a namespace name that is not a URI an error; XML and its namespaces recommendation only deprecate it.
_TOLERATED_ERRORS: Final = frozenset({"WAR_NS_URI", "WAR_NS_URI_RELATIVE"})

_PROLOG: Final = re.compile(r"(?:\s++|<\?.*?\?>|<!--.*?-->)*+", re.DOTALL)
_BOMS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"<\x00", "utf-16-le"),
    (b"\x00<", "utf-16-be"),
)


def parse_tree(data: bytes, *, name: str = "", limits: Limits = DEFAULT_LIMITS) -> Any:
    """``data`` as an lxml element tree, or :class:`BpmnParseError` with the position of what is wrong."""
    if len(data) > limits.size:
        raise _refused(name, "xml-too-large", f"Expected at most {limits.size} bytes but the file has {len(data)}.")
    if not data.strip():
        raise _refused(name, "xml-not-well-formed", "Expected an XML document but the file is empty.", 1, 1)
    _refuse_doctype(data, name)
    tree = _parse(data, name)
    if tree.docinfo.internalDTD is not None or tree.docinfo.doctype:
        raise _refused(name, "xml-doctype", "Expected no document type declaration but there is one.", 1, 1)
    _check_bounds(cast(XmlElement, tree.getroot()), name, limits)
    return tree


def serialize(tree: Any, prolog: bytes | None = None) -> bytes:
    """The tree as bytes in its own encoding.

    ``prolog``: what stood before the root element (declaration, comments, white space), kept byte for byte; without
    one, or in encodings of several bytes a character, a declaration is written.
    """
    encoding = str(tree.docinfo.encoding or "UTF-8")
    if encoding.upper().startswith(("UTF-16", "UTF-32", "UCS")):
        return cast(bytes, etree.tostring(tree, xml_declaration=True, encoding=encoding))
    root = tree.getroot()
    if prolog is None:
        prolog = f'<?xml version="1.0" encoding="{encoding}"?>\n'.encode("ascii")
        before = list(root.itersiblings(preceding=True))[::-1]
        prolog += b"".join(
            cast(bytes, etree.tostring(node, encoding=encoding, with_tail=False)) + b"\n" for node in before
        )
    after = b"".join(
        b"\n" + cast(bytes, etree.tostring(node, encoding=encoding, xml_declaration=False, with_tail=False))
        for node in root.itersiblings()
    )
    body = cast(bytes, etree.tostring(root, encoding=encoding, xml_declaration=False, with_tail=False))
    return prolog + body + after + b"\n"


def prolog_of(data: bytes) -> bytes | None:
    """What stands before the root element; None in encodings of several bytes a character."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, b"<\x00", b"\x00")):
        return None
    text = data.removeprefix(codecs.BOM_UTF8).decode("latin-1")
    return data[: len(data) - len(text) + _prolog_end(text)]


def _prolog_end(text: str) -> int:
    match = _PROLOG.match(text)
    return match.end() if match is not None else 0


def canonical(tree: Any) -> bytes:
    """Canonical XML with comments: equal for two documents when nothing but notation differs.

    C14N 1.0, which is not defined for namespaces whose name is a relative reference (some tools write those): for such
    a file it is C14N 2.0.
    """
    try:
        return cast(bytes, etree.tostring(tree, method="c14n", with_comments=True))
    except etree.C14NError:
        return cast(bytes, etree.tostring(tree, method="c14n2", with_comments=True))


def sub_element(parent: XmlElement, tag: str, nsmap: dict[str | None, str] | None = None) -> XmlElement:
    """A new last child of ``parent``."""
    return cast(XmlElement, etree.SubElement(parent, tag, nsmap=nsmap))


def new_element(tag: str, nsmap: dict[str | None, str] | None = None) -> XmlElement:
    """A new element without parent."""
    return cast(XmlElement, etree.Element(tag, nsmap=nsmap))


def element_tree(root: XmlElement) -> Any:
    """A tree with this root element."""
    return etree.ElementTree(root)


def indent(tree: Any) -> None:
    """Breaks lines and indents by two spaces where an element has no text of its own."""
    etree.indent(tree, space="  ")


def declare_prefix(root: XmlElement, prefix: str, namespace: str) -> None:
    """Declares a prefix at the root and uses it there below; prefixes that are declared stay, used or not."""
    kept = {name for element in root.iter("*") for name in element.nsmap if name}
    etree.cleanup_namespaces(root.getroottree(), top_nsmap={prefix: namespace}, keep_ns_prefixes=sorted(kept))


def own_text(element: XmlElement) -> str:
    """The element's character data, CDATA included, without that of its child elements."""
    first = element.text or ""
    if len(element) == 0:
        return first
    return first + "".join(child.tail or "" for child in element)


def _parser(*, recover: bool) -> Any:
    return etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        no_network=True,
        huge_tree=False,
        strip_cdata=False,
        remove_comments=False,
        remove_pis=False,
        remove_blank_text=False,
        recover=recover,
    )


def _parse(data: bytes, name: str) -> Any:
    parser = _parser(recover=False)
    try:
        return etree.ElementTree(etree.fromstring(data, parser))
    except etree.XMLSyntaxError as error:
        entries = [entry for entry in parser.error_log if entry.type_name not in _TOLERATED_ERRORS]
        if not entries and len(parser.error_log) > 0:
            return etree.ElementTree(etree.fromstring(data, _parser(recover=True)))
        problems = [
            Problem(
                rule="xml-not-well-formed",
                severity="error",
                message=f"The file is not well-formed XML: {str(entry.message).strip()}.",
                line=int(entry.line),
                column=int(entry.column),
                hint="Repair the markup at this place, or export the model again.",
            )
            for entry in entries[:20]
        ]
        if not problems:
            line, column = cast("tuple[int, int]", error.position)
            problems = [
                Problem(
                    "xml-not-well-formed", "error", f"The file is not well-formed XML: {error.msg}.", None, line, column
                )
            ]
        raise BpmnParseError(problems, name=name) from None
    except (ValueError, LookupError) as error:  # an encoding that does not exist
        raise _refused(name, "xml-not-well-formed", f"The file is not well-formed XML: {error}.", 1, 1) from None


def _refuse_doctype(data: bytes, name: str) -> None:
    """Finds ``<!DOCTYPE`` where alone it may stand, before the root element, without parsing it."""
    encoding, skip = "latin-1", 0  # any superset of ASCII: only markup characters are looked at
    for mark, candidate in _BOMS:
        if data.startswith(mark):
            encoding = "latin-1" if candidate == "utf-8" else candidate
            skip = len(mark) if mark[:1] not in (b"<", b"\x00") or candidate.startswith("utf-32") else 0
            break
    text = data[skip:].decode(encoding, errors="replace")
    position = _prolog_end(text)
    if text[position : position + 9].upper() == "<!DOCTYPE":
        line = text.count("\n", 0, position) + 1
        column = position - text.rfind("\n", 0, position)
        raise _refused(
            name,
            "xml-doctype",
            "Expected no document type declaration but there is one.",
            line,
            column,
            "Remove the <!DOCTYPE ...> with its entities; BPMN needs none.",
        )


def _check_bounds(root: XmlElement, name: str, limits: Limits) -> None:
    depth, count = 0, 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if event == "end":
            depth -= 1
            continue
        depth += 1
        count += 1
        if depth > limits.depth:
            raise _bound(name, element, "xml-too-deep", f"at most {limits.depth} nested elements", "there are more")
        if count > limits.elements:
            raise _bound(name, element, "xml-too-large", f"at most {limits.elements} elements", "there are more")
        attributes = element.attrib
        if attributes:
            if len(attributes) > limits.attributes:
                told = f"there are {len(attributes)}"
                raise _bound(name, element, "xml-too-large", f"at most {limits.attributes} attributes", told)
            for key, value in attributes.items():
                if len(value) > limits.attribute_length or len(key) > limits.attribute_length:
                    told = f"attribute {key[:80]!r} has {len(value)}"
                    raise _bound(name, element, "xml-too-large", f"at most {limits.attribute_length} characters", told)
        text = element.text
        if text is not None and len(text) > limits.text_length:
            told = f"the text has {len(text)}"
            raise _bound(name, element, "xml-too-large", f"at most {limits.text_length} characters", told)


def _bound(name: str, element: Any, rule: str, expected: str, told: str) -> BpmnParseError:
    problem = Problem(
        rule=rule,
        severity="error",
        message=f"Expected {expected} but {told}.",
        element_id=element.get("id"),
        line=element.sourceline or 0,
        column=1,
        hint="The bounds keep one file from using up the server; split the model.",
    )
    return BpmnParseError([problem], name=name)


def _refused(name: str, rule: str, message: str, line: int = 1, column: int = 1, hint: str = "") -> BpmnParseError:
    return BpmnParseError([Problem(rule, "error", message, None, line, column, hint)], name=name)
