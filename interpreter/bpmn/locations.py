"""Where each element of a file begins: line and column of its ``<``, both from 1.

lxml keeps one line per element, that of the end of its start tag, and no column. A second, cheap pass with expat gives
exact positions; it is made only when somebody asks for one.
"""

from __future__ import annotations

from typing import Final
from xml.parsers import expat

Position = tuple[int, int]

UNKNOWN: Final[Position] = (0, 0)


def element_positions(data: bytes) -> list[Position]:
    """Positions of all start tags in document order; empty when expat does not know the file's encoding."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    positions: list[Position] = []
    append = positions.append

    def start(_tag: str, _attributes: object) -> None:
        append((parser.CurrentLineNumber, parser.CurrentColumnNumber + 1))

    parser.StartElementHandler = start
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError):
        # Only reached for files that lxml has read, in an encoding expat lacks: lxml's line is then all we have.
        return []
    return positions
