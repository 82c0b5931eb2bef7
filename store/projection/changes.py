"""Folds events into changes of rows, pure: no database, no clock.

The net of a batch: what was created and ended in it is one new row, what was opened and closed in it and keeps no
history is nothing.

Fed with an instance's whole log it yields all its rows; the rebuild and the audit rest on that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from interpreter.ids import ROOT_KEY, child_instance_id
from store.batches import EventJson, StepRecord
from store.variable_types import columns

Row = dict[str, Any]
Nodes = Mapping[str, Mapping[str, tuple[str, str]]]
"""{definition hash: {flow node id: (name, activity type)}}"""

BODY_SUFFIX = "#multiInstanceBody"

_STATES = {"completed": "COMPLETED", "terminated": "INTERNALLY_TERMINATED", "cancelled": "EXTERNALLY_TERMINATED"}
_SUBSCRIPTIONS = {"MessageWait": "message", "SignalWait": "signal", "ConditionWait": "conditional", "OpenWait": "open"}


class Changes:
    """Changes of one instance's rows, collected event by event with `fold` and handed over by `to_json`.

    `meta` and `nodes` tell of the definition what the events do not. A migration cannot be expressed as changes of rows
    that are not at hand: `needs_rebuild` is then set, unless the fold began with the instance's first event.
    """

    def __init__(self, instance_id: str, definition_hash: str, meta: Mapping[str, Any], nodes: Nodes) -> None:
        self.instance_id = instance_id
        self.definition_hash = definition_hash
        self.needs_rebuild = False
        self.meta_used = False
        self._meta = meta
        self._all_nodes = nodes
        self._nodes = nodes.get(definition_hash, {})
        self._at = 0
        self._sequence = 0
        self._instance: Row | None = None
        self._instance_changes: Row = {}
        self._activities: dict[int, Row] = {}
        self._activity_changes: dict[int, Row] = {}
        self._variables: dict[tuple[int, str], Row] = {}
        self._variable_removals: dict[tuple[int, str], Row] = {}
        self._tasks: dict[int, Row] = {}
        self._task_changes: dict[int, Row] = {}
        self._external_tasks: dict[int, Row] = {}
        self._external_task_changes: dict[int, Row] = {}
        self._jobs: dict[int, Row] = {}
        self._job_changes: dict[int, Row] = {}
        self._subscriptions: dict[int, Row] = {}
        self._forgotten: set[int] = set()  # opened here, of a kind that has no row
        self._closed: dict[int, Row] = {}
        self._incidents: dict[int, Row] = {}
        self._incident_ends: dict[int, Row] = {}
        self._decisions: list[Row] = []
        self._terminated: set[int] = set()  # element instances, in the step at hand
        self._resolved: list[int] = []  # incidents, in the step at hand
        self._handlers: dict[str, Callable[[EventJson], None]] = {
            "InstanceStarted": self._instance_started,
            "InstanceEnded": self._instance_ended,
            "InstanceSuspended": lambda event: self._change_instance(state="SUSPENDED"),
            "InstanceResumed": lambda event: self._change_instance(state="ACTIVE"),
            "InstanceMigrated": self._instance_migrated,
            "ElementActivated": self._element_activated,
            "ElementCompleted": self._element_completed,
            "ElementTerminated": self._element_terminated,
            "VariableSet": self._variable_set,
            "VariableRemoved": self._variable_removed,
            "WaitOpened": self._wait_opened,
            "WaitChanged": self._wait_changed,
            "WaitClosed": self._wait_closed,
            "IncidentRaised": self._incident_raised,
            "IncidentResolved": self._incident_resolved,
            "DecisionEvaluated": self._decision_evaluated,
            "CompensationSubscribed": self._compensation_subscribed,
            "CompensationConsumed": lambda event: self._close(event["key"], "consumed"),
        }

    def fold(self, step: StepRecord) -> None:
        """Take the events of a step, in order. Events without rows (SequenceFlowTaken, EngineNoted) are passed over."""
        self._at = step.at
        self._terminated.clear()
        self._resolved.clear()
        handlers = self._handlers
        for number, event in enumerate(step.events, step.first):
            handler = handlers.get(event["t"])
            if handler is not None:
                self._sequence = number
                handler(event)
        # An incident that went with its activity was deleted, not resolved; the activity may end after it in the step.
        for key in self._resolved:
            row = self._incidents.get(key)
            if row is not None:
                row["deleted"] = row["element"] in self._terminated
            else:
                self._incident_ends[key]["terminated"] = sorted(self._terminated)

    def to_json(self) -> dict[str, Any]:
        """Only the parts that are not empty; the shapes are those of the SQL function `apply_changes`."""
        parts: dict[str, Any] = {
            "instance": self._instance,
            "instance_changes": self._instance_changes,
            "activities": list(self._activities.values()),
            "activity_changes": list(self._activity_changes.values()),
            "variables": list(self._variables.values()),
            "variable_removals": list(self._variable_removals.values()),
            "tasks": list(self._tasks.values()),
            "task_changes": list(self._task_changes.values()),
            "external_tasks": list(self._external_tasks.values()),
            "external_task_changes": list(self._external_task_changes.values()),
            "jobs": list(self._jobs.values()),
            "job_changes": list(self._job_changes.values()),
            "suspended_jobs": self._suspensions(),
            "subscriptions": list(self._subscriptions.values()),
            "closed": list(self._closed.values()),
            "incidents": list(self._incidents.values()),
            "incident_ends": list(self._incident_ends.values()),
            "decisions": self._decisions,
        }
        return {name: part for name, part in parts.items() if part}

    def _suspensions(self) -> list[Row]:
        """Jobs that are held back, and changed ones that may be so no longer."""
        opened = [{"key": key, "suspended": True} for key, row in self._jobs.items() if row["suspended"]]
        return opened + [{"key": key, "suspended": row["suspended"]} for key, row in self._job_changes.items()]

    # -- the instance

    def _instance_started(self, event: EventJson) -> None:
        meta = self._meta
        self.meta_used = True
        self._use(event["definition_hash"])
        self._instance = {
            "root_id": event.get("root_id") or event["instance_id"],
            "parent_id": event.get("parent_id"),
            "definition_id": meta.get("definition_id"),
            "definition_key": meta.get("definition_key") or event["process_id"],
            "definition_hash": self.definition_hash,
            "business_key": event.get("business_key"),
            "tenant_id": event.get("tenant") or meta.get("tenant"),
            "started_by": event.get("initiator"),
            "start_node": event.get("start_node"),
            "started_at": self._at,
            "ended_at": None,
            "state": "ACTIVE",
            "end_reason": None,
            "restarted_id": meta.get("restarted_id"),
        }

    def _instance_ended(self, event: EventJson) -> None:
        self._change_instance(
            state=_STATES.get(event["outcome"], "INTERNALLY_TERMINATED"),
            ended_at=self._at,
            end_reason=event.get("reason") or event.get("error_message") or None,
        )

    def _change_instance(self, **values: Any) -> None:
        target = self._instance if self._instance is not None else self._instance_changes
        target.update(values)

    def _instance_migrated(self, event: EventJson) -> None:
        self.meta_used = True
        self._use(event["definition_hash"])
        if self._instance is None:
            self.needs_rebuild = True
            return
        self._instance["definition_hash"] = self.definition_hash
        self._instance["definition_key"] = event["process_id"]
        self._instance["definition_id"] = self._meta.get("definition_id")
        moved: Mapping[str, str] = event.get("nodes") or {}
        for row in self._activities.values():
            if row["ended_at"] is None:
                node, separator, suffix = row["node"].partition("#")
                target = moved.get(node, node)
                row["node"] = target + separator + suffix
                row["name"] = self._node(target)[0] or None
        for table in (self._tasks, self._external_tasks, self._jobs, self._subscriptions, self._incidents):
            for row in table.values():
                if row.get("ended_at") is None:
                    row["node"] = moved.get(row["node"], row["node"])

    def use_meta(self, meta: Mapping[str, Any]) -> None:
        """From here on the definition is told by `meta` (a rebuild meets one per migration)."""
        self._meta = meta

    def _use(self, definition_hash: str) -> None:
        self.definition_hash = definition_hash
        self._nodes = self._all_nodes.get(definition_hash, {})

    def _node(self, node: str | None) -> tuple[str, str]:
        return self._nodes.get(node or "") or ("", "")

    def _begin_at(self, node: str) -> None:
        """Started at the none start event: the first node that becomes active, or waits to do so asynchronously (its
        activation may come in a later batch, when the instance's row is no longer at hand)."""
        if self._instance is not None and self._instance["start_node"] is None:
            self._instance["start_node"] = node

    # -- element instances

    def _element_activated(self, event: EventJson) -> None:
        key = event["key"]
        if key == ROOT_KEY:
            return
        node = event["node"]
        name, kind = self._node(node)
        multi = event.get("multi") or None
        body = multi == "body"
        self._begin_at(node)
        self._activities[key] = {
            "key": key,
            "scope": event["scope"],
            "sequence": self._sequence,
            "node": node + BODY_SUFFIX if body else node,
            "name": name or None,
            "type": "multiInstanceBody" if body else kind,
            "multi": multi,
            "called_id": None,
            "started_at": self._at,
            "ended_at": None,
            "canceled": False,
        }

    def _element_completed(self, event: EventJson) -> None:
        self._change_activity(event["key"], ended_at=self._at)

    def _element_terminated(self, event: EventJson) -> None:
        self._terminated.add(event["key"])
        self._change_activity(event["key"], ended_at=self._at, canceled=True)

    def _change_activity(self, key: int, **values: Any) -> None:
        if key == ROOT_KEY:
            return
        row = self._activities.get(key)
        if row is None:
            row = self._activity_changes.setdefault(
                key, {"key": key, "ended_at": None, "canceled": False, "called_id": None}
            )
        row.update(values)

    # -- variables

    def _variable_set(self, event: EventJson) -> None:
        scope, name = event["scope"], event["name"]
        kind, value, info = columns(event.get("value"))
        known = self._variables.get((scope, name))
        self._variables[scope, name] = {
            "scope": scope,
            "name": name,
            "type": kind,
            "value": value,
            "info": info,
            "revision": known["revision"] + 1 if known else 0,
            "created_at": known["created_at"] if known else self._at,
            "updated_at": self._at,
            "deleted_at": None,
        }
        self._variable_removals.pop((scope, name), None)

    def _variable_removed(self, event: EventJson) -> None:
        key = event["scope"], event["name"]
        known = self._variables.get(key)
        if known is not None:
            known["deleted_at"] = self._at
        else:
            self._variable_removals[key] = {"scope": key[0], "name": key[1], "deleted_at": self._at}

    # -- waits

    def _wait_opened(self, event: EventJson) -> None:
        wait: EventJson = event["wait"]
        key: int = wait["key"]
        base = {"key": key, "element": wait["element"], "node": wait["node"], "sequence": self._sequence}
        match wait["t"]:
            case "UserTaskWait":
                self._tasks[key] = base | _task(wait) | {"created_at": self._at, "ended_at": None, "end_reason": None}
            case "ExternalTaskWait":
                self._external_tasks[key] = base | {
                    "topic": wait["topic"],
                    "priority": wait.get("priority", 0),
                    "retries": wait.get("retries"),
                    "headers": wait.get("headers") or {},
                    "created_at": self._at,
                    "error_message": None,
                }
            case "JobWait" | "TimerWait":
                if wait.get("kind") == "async_before":
                    self._begin_at(wait["node"])
                self._jobs[key] = base | _job(wait) | {"created_at": self._at, "message": None}
            case "MessageWait" | "SignalWait" | "ConditionWait" | "OpenWait":
                self._subscriptions[key] = base | {
                    "kind": _SUBSCRIPTIONS[wait["t"]],
                    "name": wait.get("name") or wait.get("what"),
                    "correlation_key": wait.get("correlation_key"),
                    "created_at": self._at,
                }
            case "ChildWait":
                self._change_activity(wait["element"], called_id=child_instance_id(self.instance_id, key))
                self._forgotten.add(key)
            case _:
                self._forgotten.add(key)

    def _wait_changed(self, event: EventJson) -> None:
        wait: EventJson = event["wait"]
        key: int = wait["key"]
        message = event.get("message") or None
        match wait["t"]:
            case "UserTaskWait":
                _change(self._tasks, self._task_changes, key, _task(wait) | {"updated_at": self._at})
            case "ExternalTaskWait":
                values = {"priority": wait.get("priority", 0), "retries": wait.get("retries")}
                _change(self._external_tasks, self._external_task_changes, key, values | _message(message))
            case "JobWait" | "TimerWait":
                values = {name: value for name, value in _job(wait).items() if name not in ("kind", "type")}
                _change(self._jobs, self._job_changes, key, values | ({"message": message} if message else {}))
            case _:
                pass  # nothing of a subscription can change

    def _wait_closed(self, event: EventJson) -> None:
        self._close(event["key"], event.get("outcome", "completed"))

    def _close(self, key: int, outcome: str) -> None:
        task = self._tasks.get(key)
        if task is not None:
            task["ended_at"] = self._at
            task["end_reason"] = "completed" if outcome == "completed" else "deleted"
            return
        for table in (self._external_tasks, self._jobs, self._subscriptions):
            if table.pop(key, None) is not None:
                return
        if key in self._forgotten:
            self._forgotten.discard(key)
            return
        for table in (self._external_task_changes, self._job_changes):
            table.pop(key, None)
        reason = "completed" if outcome == "completed" else "deleted"
        self._closed[key] = {"key": key, "ended_at": self._at, "end_reason": reason}

    # -- incidents, decisions, compensation

    def _incident_raised(self, event: EventJson) -> None:
        self._incidents[event["key"]] = {
            "key": event["key"],
            "element": event["element"],
            "node": event["node"],
            "wait": event.get("wait"),
            "sequence": self._sequence,
            "type": event["type"],
            "message": event.get("message"),
            "details": event.get("details") or None,
            "created_at": self._at,
            "ended_at": None,
            "deleted": False,
        }

    def _incident_resolved(self, event: EventJson) -> None:
        key = event["key"]
        self._resolved.append(key)
        row = self._incidents.get(key)
        if row is None:
            self._incident_ends[key] = {"key": key, "ended_at": self._at, "terminated": []}
        else:
            row["ended_at"] = self._at

    def _decision_evaluated(self, event: EventJson) -> None:
        self._decisions.append(
            {
                "sequence": self._sequence,
                "element": event["element"],
                "node": event["node"],
                "decision": event["decision"],
                "evaluated_at": self._at,
                "trace": event.get("trace") or {},
            }
        )

    def _compensation_subscribed(self, event: EventJson) -> None:
        key = event["key"]
        self._subscriptions[key] = {
            "key": key,
            "element": event["scope"],
            "node": event["node"],
            "sequence": self._sequence,
            "kind": "compensate",
            "name": None,
            "correlation_key": None,
            "created_at": self._at,
        }


def _task(wait: EventJson) -> Row:
    return {
        "name": wait.get("name") or None,
        "description": wait.get("description"),
        "assignee": wait.get("assignee"),
        "owner": wait.get("owner"),
        "priority": wait.get("priority", 50),
        "due_at": wait.get("due"),
        "follow_up_at": wait.get("follow_up"),
        "candidate_users": wait.get("candidate_users") or [],
        "candidate_groups": wait.get("candidate_groups") or [],
        "form": wait.get("form") or {},
    }


def _job(wait: EventJson) -> Row:
    if wait["t"] == "TimerWait":
        return {
            "kind": "timer",
            "type": wait.get("purpose", "event"),
            "retries": 3,
            "priority": 0,
            "due_at": wait["due"],
            "suspended": wait.get("suspended", False),
        }
    return {
        "kind": wait["kind"],
        "type": wait["type"],
        "retries": wait.get("retries", 3),
        "priority": wait.get("priority", 0),
        "due_at": wait.get("due"),
        "suspended": wait.get("suspended", False),
    }


def _message(message: str | None) -> Row:
    return {"error_message": message} if message else {}


def _change(opened: dict[int, Row], changed: dict[int, Row], key: int, values: Row) -> None:
    row = opened.get(key)
    if row is None:
        changed.setdefault(key, {"key": key}).update(values)
    else:
        row.update(values)
