"""The projection: events of the engine become rows that people and workers read (architecture, section 3).

`changes` folds events into changes of rows (pure); `writer` carries a batch out in one round trip and compares with the
log when attempts differ; `rebuild` computes an instance's rows again from its log.
"""

from store.projection.writer import Projector, RecentRow, recent, written_of

__all__ = ["Projector", "RecentRow", "recent", "written_of"]
