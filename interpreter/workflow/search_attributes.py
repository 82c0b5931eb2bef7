"""The search attributes that make instances findable in Temporal's own UI and list queries.

Registered by the embedded server's start and by `ostinato migrate` for an external one. Names are prefixed because a
namespace may be shared. Temporal's SQL visibility stores allow ten attributes of one type in a namespace: keep few.
"""

from __future__ import annotations

from typing import Final

#: Name -> Temporal's indexed value type.
SEARCH_ATTRIBUTES: Final[dict[str, str]] = {
    "OstinatoDefinitionKey": "Keyword",
    "OstinatoDefinitionVersion": "Int",
    "OstinatoVersionTag": "Keyword",
    "OstinatoBusinessKey": "Keyword",
    "OstinatoTenantId": "Keyword",
    "OstinatoIncident": "Bool",
    "OstinatoSuspended": "Bool",
}
