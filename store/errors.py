"""What can go wrong in the store.

StoreError
├── NotFound            no such row
├── Conflict            the row is there, but not as the caller expected it
│   ├── AlreadyClaimed  the task is someone else's
│   ├── LockedByOther   the external task is locked by another worker, or not locked at all
│   └── Suspended       the instance is suspended
├── InvalidQuery        an unknown filter, sorting or operator, or a value of the wrong shape
├── LogGap              events are missing between what is stored and what should be written
└── Unavailable         the database cannot be reached, or did not answer in time
"""

from __future__ import annotations


class StoreError(Exception):
    """Base of all errors of this room; the message is one sentence for a person."""


class NotFound(StoreError):
    """No such row."""


class Conflict(StoreError):
    """The row is there, but not as the caller expected it."""


class AlreadyClaimed(Conflict):
    """The task is claimed by someone else."""


class LockedByOther(Conflict):
    """The external task is not locked by this worker."""


class Suspended(Conflict):
    """The instance is suspended."""


class InvalidQuery(StoreError):
    """A filter, sorting or operator that does not exist, or a value of the wrong shape."""


class LogGap(StoreError):
    """Events are missing: the batch starts after the end of what is stored."""


class Unavailable(StoreError):
    """The database cannot be reached or did not answer in time."""
