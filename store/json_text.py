"""JSON for PostgreSQL.

jsonb refuses two things that JSON allows: the character U+0000 and halves of surrogate pairs. They are replaced by
U+FFFD, so that an odd variable can never stop the projection. Numbers beyond 64 bits are kept.
"""

from __future__ import annotations

import json
import re
from typing import Any, cast

import orjson

_REPLACEMENT = "\ufffd"
_REFUSED = re.compile("[\x00\ud800-\udfff]")


def dumps(data: Any) -> str:
    """`data` as text that jsonb accepts."""
    try:
        text = orjson.dumps(data).decode()
    except TypeError:  # a lone surrogate, or an integer beyond 64 bits
        return json.dumps(_replaced(data), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    if "\\u0000" in text:  # or the same six characters as text: replacing what is not there changes nothing
        return orjson.dumps(_replaced(data)).decode()
    return text


def canonical(data: Any) -> bytes:
    """The same bytes for equal data, whatever the order of its keys. Only for digests."""
    try:
        return orjson.dumps(data, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        return json.dumps(data, sort_keys=True, separators=(",", ":")).encode()


def _replaced(data: Any) -> Any:
    if isinstance(data, str):
        return _REFUSED.sub(_REPLACEMENT, data)
    if isinstance(data, dict):
        fields = cast("dict[str, Any]", data)
        return {_REFUSED.sub(_REPLACEMENT, key): _replaced(value) for key, value in fields.items()}
    if isinstance(data, (list, tuple)):
        return [_replaced(item) for item in cast("list[Any]", data)]
    return data
