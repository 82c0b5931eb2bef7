"""BPMN's default expression language is XPath 1.0 with functions for data (BPMN 2.0.2, 10.4.3). What models write of it
is `getDataObject('name')`, comparisons, `not()`, `and` and `or`, which FEEL has with the same meaning."""

from __future__ import annotations

import re

_DATA = re.compile(r"""(?:[\w.-]+:)?getData(?:Object|Input|Output)\(\s*(?:'([^']+)'|"([^"]+)")\s*\)""")
_TEXT = re.compile(r"'([^']*)'")


def is_xpath(text: str) -> bool:
    """Whether bare text reads data as only BPMN's XPath functions do."""
    return _DATA.search(text) is not None


def as_feel(text: str) -> str:
    """The FEEL expression that means the same; what FEEL does not have is left for its parser to refuse."""
    parts = _DATA.split(text)
    # split() yields text, name in single quotes or None, name in double quotes or None, text ...
    found = [_plain(parts[0])]
    for position in range(1, len(parts), 3):
        found += [parts[position] or parts[position + 1] or "", _plain(parts[position + 2] or "")]
    return "".join(found)


def _plain(text: str | None) -> str:
    return _TEXT.sub(lambda match: '"' + match.group(1).replace("\\", "\\\\").replace('"', '\\"') + '"', text or "")
