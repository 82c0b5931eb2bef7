"""External tasks: the lists, fetching and locking for workers, and what they report."""

from store.external_tasks.fetching import LockedTask, Topic, fetch_and_lock
from store.external_tasks.locks import (
    check_lock,
    error_details,
    extend_lock,
    fail,
    lock,
    log_error_details,
    set_priority,
    set_retries,
    topic_names,
    unlock,
)
from store.external_tasks.queries import EXTERNAL_TASK_LOG, EXTERNAL_TASKS, ExternalTaskLogRow, ExternalTaskRow

__all__ = [
    "EXTERNAL_TASKS",
    "EXTERNAL_TASK_LOG",
    "ExternalTaskLogRow",
    "ExternalTaskRow",
    "LockedTask",
    "Topic",
    "check_lock",
    "error_details",
    "extend_lock",
    "fail",
    "fetch_and_lock",
    "lock",
    "log_error_details",
    "set_priority",
    "set_retries",
    "topic_names",
    "unlock",
]
