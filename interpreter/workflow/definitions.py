"""The process-wide cache of executable definitions, by content hash.

A definition is immutable, so a cached one never goes stale. The worker hands in how to load a missing one:
`load_async` is used on the worker's event loop before an activation (see `payloads.DefinitionWarmer`), outside
Temporal's deadlock detector; `load` is the blocking way for what slipped through and must give up in well under two
seconds by raising, which fails the workflow task; the server tries it again.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from interpreter.definition import Definition, load_definition

Load = Callable[[str], Mapping[str, Any]]
"""Hash to the JSON form of the definition; raises LookupError when there is none."""
LoadAsync = Callable[[str], Awaitable[Mapping[str, Any]]]


class DefinitionCache:
    """At most `size` definitions, the least recently used leave first. Safe from several threads."""

    def __init__(self, load: Load | None = None, load_async: LoadAsync | None = None, size: int = 1000) -> None:
        self._load = load
        self._load_async = load_async
        self._size = size
        self._entries: OrderedDict[str, Definition] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, content_hash: str) -> Definition:
        """The definition; loads it, blocking, when it is not cached. LookupError if nobody has it."""
        cached = self._cached(content_hash)
        if cached is not None:
            return cached
        if self._load is None:
            raise LookupError(f"Expected a deployed definition with hash {content_hash!r} but there is none.")
        return self.put(load_definition(dict(self._load(content_hash))))

    async def warm(self, content_hash: str) -> None:
        """Load the definition without blocking, so that `get` finds it. Errors are left to `get`, which says them in
        the right place."""
        if self._load_async is None or self._cached(content_hash) is not None:
            return
        try:
            data = await self._load_async(content_hash)
        except LookupError:
            return
        self.put(load_definition(dict(data)))

    def put(self, definition: Definition) -> Definition:
        """Keep `definition`; returns the one that was there first, if any."""
        with self._lock:
            kept = self._entries.setdefault(definition.hash, definition)
            self._entries.move_to_end(definition.hash)
            while len(self._entries) > self._size:
                self._entries.popitem(last=False)
        return kept

    def _cached(self, content_hash: str) -> Definition | None:
        with self._lock:
            found = self._entries.get(content_hash)
            if found is not None:
                self._entries.move_to_end(content_hash)
            return found
