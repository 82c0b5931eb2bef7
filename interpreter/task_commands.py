"""What people may ask of an open user task besides completing it, and when it is refused."""

from __future__ import annotations

from typing import Any

from interpreter import task_listeners
from interpreter.commands import ChangeTask, CompleteWait, Rejection
from interpreter.machine import Machine
from interpreter.state import State
from interpreter.waits import UserTaskWait

ACTIONS = ("", "claim", "delegate", "resolve")


def check_place(state: State, command: CompleteWait) -> Rejection | None:
    """A wait of the same key at another node is not the one that the caller saw."""
    wait = state.waits[command.wait]
    if command.node in (None, wait.node):
        return None
    return Rejection("not_found", f"Expected wait {command.wait} at {command.node!r} but it is at {wait.node!r}.")


def check_rest(state: State, wait: int) -> Rejection | None:
    """Refused while a listener's job decides on what was asked before."""
    found = state.waits.get(wait)
    if isinstance(found, UserTaskWait) and task_listeners.is_busy(state, found):
        return Rejection("invalid", f"Expected a user task at rest but a listener of {found.node!r} is at work.")
    return None


def check_change(state: State, command: ChangeTask) -> Rejection | None:
    """The Rejection of a `ChangeTask` whose wait is that of a user task."""
    rejection = check_rest(state, command.wait)
    if rejection is not None:
        return rejection
    wait = state.waits[command.wait]
    assert isinstance(wait, UserTaskWait)
    if command.action not in ACTIONS:
        return Rejection("invalid", f"Expected claim, delegate or resolve but it was {command.action!r}.")
    if command.action == "claim" and wait.assignee not in (None, command.user):
        return Rejection("claimed", f"Expected a free task but {wait.node!r} is already claimed by someone else.")
    for name, value in command.changes.items():
        if not task_listeners.may_be(name, value):
            return Rejection(
                "invalid", f"Expected a property of a task with a value for it but {name!r} was {value!r:.80}."
            )
    return None


def change(m: Machine, command: ChangeTask) -> None:
    """Carry out a checked `ChangeTask`."""
    wait = m.state.waits[command.wait]
    assert isinstance(wait, UserTaskWait)
    changes: dict[str, Any] = dict(command.changes)
    if command.action == "claim":
        changes = {"assignee": command.user}
    elif command.action == "delegate":
        changes = {"owner": wait.owner or wait.assignee, "assignee": command.user, "delegation": "PENDING"}
    elif command.action == "resolve":
        changes = {"assignee": wait.owner, "delegation": "RESOLVED"}
    task_listeners.change(m, m.state.elements[wait.element], m.nodes[wait.node], wait, changes)
