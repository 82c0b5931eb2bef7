"""Names and activity types of flow nodes, by definition hash: what rows say of a node and events do not.

Definitions are immutable, so what was read stays; when there are too many, the least recently used goes.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from store.database import Connection
from store.projection.changes import Nodes

_CAPACITY = 1000


class NodeCatalog:
    """Looks up flow nodes; one per process."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, dict[str, tuple[str, str]]] = OrderedDict()

    async def load(self, connection: Connection, hashes: Iterable[str]) -> Nodes:
        """The nodes of these definitions. One that is not in the database (deployed elsewhere) has none."""
        wanted = dict.fromkeys(hashes)
        missing = [name for name in wanted if name not in self._known]
        if missing:
            cursor = await connection.execute(
                "SELECT hash, nodes FROM compiled_definition WHERE hash = ANY(%s)", (missing,)
            )
            for row in await cursor.fetchall():
                self._known[row["hash"]] = {node: (name, kind) for node, (name, kind) in row["nodes"].items()}
            while len(self._known) > _CAPACITY:
                self._known.popitem(last=False)
        found: dict[str, dict[str, tuple[str, str]]] = {}
        for name in wanted:
            nodes = self._known.get(name)
            if nodes is not None:
                self._known.move_to_end(name)
                found[name] = nodes
        return found
