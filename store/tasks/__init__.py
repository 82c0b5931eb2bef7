"""User tasks: the lists, what people do with them, and who is linked to them."""

from store.tasks.actions import (
    assign,
    claim,
    complete_standalone,
    create,
    delegate,
    delete,
    note_change,
    resolve,
    set_owner,
    state_of,
    unclaim,
    update,
)
from store.tasks.links import (
    IdentityLinkRow,
    add_link,
    candidate_group_counts,
    identity_links,
    log_link,
    remove_link,
)
from store.tasks.queries import HISTORIC_TASKS, TASKS, HistoricTaskRow, TaskRow

__all__ = [
    "HISTORIC_TASKS",
    "TASKS",
    "HistoricTaskRow",
    "IdentityLinkRow",
    "TaskRow",
    "add_link",
    "assign",
    "candidate_group_counts",
    "claim",
    "complete_standalone",
    "create",
    "delegate",
    "delete",
    "identity_links",
    "log_link",
    "note_change",
    "remove_link",
    "resolve",
    "set_owner",
    "state_of",
    "unclaim",
    "update",
]
