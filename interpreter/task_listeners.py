"""The life of a user task with listeners: what happens to it between a command (or its creation) and the new state.

A *transition* of the task (it is created, changed, completed, or a timeout is due) runs the listeners of its events in
order. Expressions are evaluated at once; a job holds the transition until it is done, and meanwhile the task takes no
other command. `data["task"]` is the task as it will be, `data["doing"]` the transition; both are gone when it is over.

    created    create, then assignment if there is an assignee             then the task opens
    changed    update, then assignment if the assignee is another          then the task has its new properties
    completed  complete                                                     then the element instance leaves
    timed out  timeout                                                      the task stays as it is
    cancelled  delete: see `listeners.run_on_cancel`; nobody waits

Camunda 7 runs update at every change, Zeebe its `updating` unless nothing but the assignee changed. What a job answers
sets variables, unless it is Zeebe's result for a user task: {"type": "userTask", "denied": true, "deniedReason": ...,
"corrections": {assignee, dueDate, followUpDate, candidateUsers, candidateGroups, priority}}. A denied transition has
never happened; a correction changes the task as it will be. The variables of a completion are seen by the listeners of
Zeebe, and set when all of them have agreed; Camunda's listeners find them set.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, cast

from interpreter import calendar, jobs, listeners, variables
from interpreter import events as ev
from interpreter.codec import decode_value, encode_value
from interpreter.definition import FlowNode, Listener
from interpreter.failures import Failure
from interpreter.features import LISTENER_JOBS
from interpreter.machine import Machine
from interpreter.state import Element, State
from interpreter.values import JsonValue, VariableValue
from interpreter.waits import JobWait, UserTaskWait

if TYPE_CHECKING:
    from interpreter.elements.user_task import UserTask

PROPERTIES: Final = (
    "name",
    "description",
    "assignee",
    "owner",
    "candidate_users",
    "candidate_groups",
    "due",
    "follow_up",
    "priority",
    "delegation",
)
"""What of a task may change while it lives."""

CORRECTIONS: Final = {
    "assignee": "assignee",
    "dueDate": "due",
    "followUpDate": "follow_up",
    "candidateUsers": "candidate_users",
    "candidateUsersList": "candidate_users",
    "candidateGroups": "candidate_groups",
    "candidateGroupsList": "candidate_groups",
    "priority": "priority",
}
"""Zeebe's names of what a listener may correct, as our own."""

ALL: Final = "all"
"""The event of a listener for every event but timeouts (Activiti's, which Camunda 7 took over)."""

RESULT: Final = "userTask"
"""`type` of an answer that is about the task and no variables."""


def listens(m: Machine, node: FlowNode) -> bool:
    """Whether the transitions of this user task are run here."""
    return bool(_spec(node).listeners) and m.state.has(LISTENER_JOBS)


def is_busy(state: State, wait: UserTaskWait) -> bool:
    """Whether a transition of the task is under way, so that it takes no other command."""
    data = state.elements[wait.element].data
    return data is not None and data.get("doing") is not None


def task_of(wait: UserTaskWait) -> dict[str, JsonValue]:
    """The properties of a task as JSON."""
    return {name: _as_json(getattr(wait, name)) for name in PROPERTIES}


def _as_json(value: Any) -> JsonValue:
    return list(cast("tuple[str, ...]", value)) if isinstance(value, tuple) else value


def with_task(wait: UserTaskWait, task: Mapping[str, Any]) -> UserTaskWait:
    """The wait with these properties."""
    values: dict[str, Any] = {}
    for name, value in task.items():
        values[name] = tuple(cast("list[str]", value)) if isinstance(value, list) else value
    return replace(wait, **values)


def may_be(name: str, value: object) -> bool:
    """Whether a property of this name may have this value."""
    if name in ("due", "follow_up"):
        return value is None or (isinstance(value, int) and not isinstance(value, bool))
    if name == "priority":
        return isinstance(value, int) and not isinstance(value, bool)
    if name in ("candidate_users", "candidate_groups"):
        return isinstance(value, list | tuple) and all(isinstance(x, str) for x in cast("list[object]", value))
    if name == "delegation":
        return value in (None, "PENDING", "RESOLVED")
    return name in PROPERTIES and (value is None or isinstance(value, str))


# -- beginning a transition


def create(m: Machine, element: Element, node: FlowNode, wait: UserTaskWait) -> None:
    """A task is about to be there; `wait` says with which properties."""
    m.note(element.key, task=task_of(wait), doing={"what": "create", "form": wait.form})
    run(m, element.key)


def change(m: Machine, element: Element, node: FlowNode, wait: UserTaskWait, changes: Mapping[str, Any]) -> None:
    """Properties of an open task change."""
    before = task_of(wait)
    after = {**before, **{name: _as_json(value) for name, value in changes.items()}}
    changed = [name for name in PROPERTIES if before[name] != after[name]]
    if not changed:
        return
    if not listens(m, node):
        m.emit(ev.WaitChanged(with_task(wait, after)))
        return
    m.note(element.key, task=after, doing={"what": "change", "changed": cast("JsonValue", changed)})
    m.push("task", element.key)


def variables_changed(m: Machine, element: Element) -> None:
    """Somebody set variables in the task's own scope: that is an update too."""
    node = m.nodes[element.node]
    wait = _open(m, element)
    if wait is None or not listens(m, node) or is_busy(m.state, wait):
        return
    m.note(element.key, task=task_of(wait), doing={"what": "change", "changed": ["variables"]})
    m.push("task", element.key)


def complete(m: Machine, element: Element, node: FlowNode, wait: UserTaskWait, command: Any) -> None:
    """Somebody completes the task."""
    doing: dict[str, JsonValue] = {"what": "complete"}
    if any(x.dialect == listeners.ZEEBE and x.event == "complete" for x in _spec(node).listeners):
        doing["variables"] = {n: encode_value(v) for n, v in command.variables.items()}
        doing["local"] = {n: encode_value(v) for n, v in command.local_variables.items()}
    else:
        jobs.accept(m, element, node, command.variables, command.local_variables)
    m.note(element.key, task=task_of(wait), doing=doing)
    m.push("task", element.key)


def time_out(m: Machine, element: Element, listener: int) -> None:
    """The timer of a timeout listener is due. One that is due while a job holds the task waits for its turn."""
    wait = _open(m, element)
    assert wait is not None, "timeouts are open while the task is"
    if is_busy(m.state, wait):
        queue = cast("list[JsonValue]", (element.data or {}).get("timeouts") or [])
        m.note(element.key, timeouts=[*queue, listener])
        return
    m.note(element.key, task=task_of(wait), doing={"what": "timeout", "listener": listener})
    m.push("task", element.key)


# -- running it


def run(m: Machine, key: int, position: int = 0) -> None:
    """Run the listeners of the transition from `position` in its plan on, as a transition of the machine."""
    while True:
        element = m.state.elements.get(key)
        if element is None or element.data is None or element.data.get("doing") is None:
            return
        node = m.nodes[element.node]
        m.at = ("task", key, position)
        plan = _plan(node, cast("dict[str, Any]", element.data["doing"]), cast("dict[str, Any]", element.data["task"]))
        if position >= len(plan):
            _finish(m, element, node)
            return
        event, index = plan[position]
        listener = _spec(node).listeners[index]
        if listener.job_type is not None:
            listeners.open_job(m, key, node.id, listener, _headers(m, element, listener, event, index, position))
            return
        if listener.expression is not None:
            listeners.run_expressions(m, (listener,), listener.event, key)
        position += 1


def _plan(node: FlowNode, doing: Mapping[str, Any], task: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Which listeners run, in order: (event, index)."""
    found = _spec(node).listeners
    what = doing["what"]
    if what == "timeout":
        return [("timeout", doing["listener"])]
    events: list[str]
    if what == "create":
        events = ["create", "assignment"] if task["assignee"] else ["create"]
    elif what == "change":
        events = ["update", "assignment"] if "assignee" in doing["changed"] else ["update"]
    else:
        events = ["complete"]
    only_assigned = doing.get("changed") == ["assignee"]
    return [
        (event, index)
        for event in events
        for index, listener in enumerate(found)
        if listener.event in (event, ALL)
        and not (event == "update" and only_assigned and listener.dialect == listeners.ZEEBE)
    ]


def _finish(m: Machine, element: Element, node: FlowNode) -> None:
    """All have run: the task is what it was to become."""
    assert element.data is not None
    doing = cast("dict[str, Any]", element.data["doing"])
    task = cast("dict[str, Any]", element.data["task"])
    what = doing["what"]
    if what == "create":
        from interpreter.elements import user_task

        wait = with_task(UserTaskWait(0, element.key, node.id, form=doing["form"]), task)
        user_task.open_task(m, element, node, wait)
        m.note(element.key, task=None, doing=None)
        return
    wait = _open(m, element)
    assert wait is not None
    if what == "complete" and "variables" in doing:
        values = {n: decode_value(v) for n, v in doing["variables"].items()}
        local = {n: decode_value(v) for n, v in doing["local"].items()}
        jobs.accept(m, element, node, values, local)
    m.note(element.key, task=None, doing=None)
    if with_task(wait, task) != wait:
        m.emit(ev.WaitChanged(with_task(wait, task)))
    if what == "complete":
        m.push("complete", element.key)
        m.close_wait(wait.key)
        return
    _next_timeout(m, element)


def _next_timeout(m: Machine, element: Element) -> None:
    queue = cast("list[JsonValue]", (element.data or {}).get("timeouts") or [])
    if queue:
        m.note(element.key, timeouts=queue[1:])
        time_out(m, element, cast(int, queue[0]))


# -- jobs


def _headers(
    m: Machine, element: Element, listener: Listener, event: str, index: int, position: int
) -> dict[str, JsonValue]:
    """What the worker is told about the task, beside the listener's own headers."""
    assert element.data is not None
    task = cast("dict[str, JsonValue]", element.data["task"])
    doing = cast("dict[str, JsonValue]", element.data["doing"])
    headers: dict[str, JsonValue] = {"phase": event, "index": index, "position": position, "task": dict(task)}
    if "changed" in doing:
        headers["changed"] = doing["changed"]
    wait = _open(m, element)
    if wait is not None:
        headers["taskKey"] = wait.key
    return headers


def job_done(m: Machine, wait: JobWait, command: Any) -> None:
    """A listener's job is done: take what it says, and go on. Its wait is open still and is closed here."""
    element = m.state.elements[wait.element]
    result = command.result
    about_task = isinstance(result, dict) and cast("dict[str, Any]", result).get("type") == RESULT
    if element.data is None or element.data.get("doing") is None:
        m.close_wait(wait.key)
        return
    if not about_task:
        variables.set_all(m, element.key, command.variables)
        m.close_wait(wait.key)
        m.push("task", element.key, wait.headers["position"] + 1)
        return
    answer = cast("dict[str, Any]", result)
    doing = cast("dict[str, Any]", element.data["doing"])
    if answer.get("denied") is True and doing["what"] in ("change", "complete"):
        m.close_wait(wait.key, "denied")
        m.note(element.key, task=None, doing=None)
        _next_timeout(m, element)
        return
    task = {**cast("dict[str, Any]", element.data["task"]), **_corrections(answer.get("corrections"))}
    m.close_wait(wait.key)
    m.note(element.key, task=task)
    m.push("task", element.key, wait.headers["position"] + 1)


def _corrections(given: object) -> dict[str, JsonValue]:
    """What a listener corrects: null leaves a property as it is, an empty text takes it away (Zeebe)."""
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise Failure(f"Expected the corrections of a task to be an object but it was {given!r:.80}.", "taskListener")
    found: dict[str, JsonValue] = {}
    for name, value in cast("dict[str, Any]", given).items():
        target = CORRECTIONS.get(name)
        if target is None:
            raise Failure(f"Expected something of a task that can be corrected but it was {name!r}.", "taskListener")
        if value is not None:
            found[target] = _corrected(name, target, value)
    return found


def _corrected(name: str, target: str, value: Any) -> JsonValue:
    if target == "priority":
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    elif target in ("candidate_users", "candidate_groups"):
        if isinstance(value, list) and all(isinstance(item, str) for item in cast("list[Any]", value)):
            return cast("JsonValue", value)
    elif isinstance(value, str):
        if target == "assignee":
            return value or None
        try:
            return calendar.parse_instant(value) if value else None
        except ValueError as error:
            raise Failure(f"Expected a date as {name!r} but: {error}", "taskListener") from None
    raise Failure(f"Expected another kind of value as {name!r} but it was {value!r:.80}.", "taskListener")


def seen_by(state: State, wait: JobWait) -> dict[str, VariableValue]:
    """Variables that a listener's job is given beside those that its element instance sees: those of a completion that
    is not agreed yet."""
    element = state.elements.get(wait.element)
    doing = None if element is None or element.data is None else element.data.get("doing")
    if not isinstance(doing, dict) or "variables" not in doing:
        return {}
    held = {**cast("dict[str, Any]", doing["variables"]), **cast("dict[str, Any]", doing["local"])}
    return {name: decode_value(value) for name, value in held.items()}


# -- private


def _spec(node: FlowNode) -> UserTask:
    return cast("UserTask", node.spec)


def _open(m: Machine, element: Element) -> UserTaskWait | None:
    for key in element.waits:
        wait = m.state.waits[key]
        if isinstance(wait, UserTaskWait):
            return wait
    return None
