"""The user operation log: what an authenticated user did, one entry per property, written when it has succeeded.

Which operations are logged, and as what, is the table of `api.logged_operations`. Without an authenticated user nothing
is looked up and nothing written, as in Camunda. What people do with tasks (claim, assign, delegate, change) is logged
by the store, with the old values, in the same transaction.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import orjson

from api.definitions import decision_definition, process_definition
from api.errors import RestError
from api.operations import Call
from store.bulk import HISTORIC_BULKS
from store.errors import StoreError
from store.external_tasks import EXTERNAL_TASKS
from store.incidents import HISTORIC_INCIDENTS
from store.instances import EXECUTIONS, HISTORIC_PROCESS_INSTANCES
from store.jobs import JOBS
from store.operations import Entry, log_all
from store.tasks import TASKS
from store.variables import HISTORIC_VARIABLES

_MAX_TEXT: Final = 4_000


@dataclass(frozen=True, slots=True)
class Property:
    """One changed property. A name of None: the operation is logged, but nothing of it changed a property."""

    name: str | None = None
    new: Any = None
    old: Any = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an operation that succeeded: its request, what it was about, and what it answered.

    `subject` is the row that the path names as it was before, if there is one.
    """

    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Mapping[str, Any]
    subject: Any
    result: Any

    @property
    def is_batch(self) -> bool:
        """Whether the answer is a batch, which does it later."""
        return isinstance(self.result, dict) and "totalJobs" in self.result


Context = dict[str, Any]
"""Columns of an entry that tell what it is about."""


def _of_instance(row: Any) -> Context:
    return {
        "instance_id": row.id,
        "definition_id": row.process_definition_id,
        "definition_key": row.process_definition_key,
        "tenant_id": row.tenant_id,
    }


def _inside_instance(row: Any) -> Context:
    key = getattr(row, "process_definition_key", None)
    definition_id = getattr(row, "process_definition_id", None)
    return {
        "instance_id": row.process_instance_id,
        "execution_id": getattr(row, "execution_id", None),
        "definition_id": definition_id,
        "definition_key": key or (definition_id.partition(":")[0] if definition_id else None),
        "tenant_id": row.tenant_id,
    }


def _of_definition(row: Any) -> Context:
    return {
        "definition_id": row.id,
        "definition_key": row.key,
        "deployment_id": row.deployment_id,
        "tenant_id": row.tenant_id,
    }


@dataclass(frozen=True, slots=True)
class Subject:
    """How the thing that a path names is looked up, and what an entry says of it."""

    find: Callable[[Call], Awaitable[Any]]
    context: Callable[[Any], Context]


def _by_id(collection: Any) -> Callable[[Call], Awaitable[Any]]:
    async def find(call: Call) -> Any:
        return await collection.get(call.services.database, call["id"])

    return find


SUBJECTS: Final[dict[str, Subject]] = {
    "instance": Subject(_by_id(HISTORIC_PROCESS_INSTANCES), _of_instance),
    "execution": Subject(
        _by_id(EXECUTIONS), lambda row: {"instance_id": row.process_instance_id, "execution_id": row.id}
    ),
    "task": Subject(_by_id(TASKS), lambda row: _inside_instance(row) | {"task_id": row.id}),
    "job": Subject(
        _by_id(JOBS),
        lambda row: (
            _inside_instance(row)
            | {"job_id": row.id, "job_definition_id": row.job_definition_id, "batch_id": row.batch_id}
        ),
    ),
    "external task": Subject(_by_id(EXTERNAL_TASKS), lambda row: _inside_instance(row) | {"external_task_id": row.id}),
    "incident": Subject(_by_id(HISTORIC_INCIDENTS), _inside_instance),
    "variable": Subject(_by_id(HISTORIC_VARIABLES), lambda row: _inside_instance(row) | {"task_id": row.task_id}),
    "definition": Subject(process_definition, _of_definition),
    "decision": Subject(decision_definition, lambda row: {"tenant_id": row.tenant_id}),
    "batch": Subject(_by_id(HISTORIC_BULKS), lambda row: {"batch_id": row.id}),
}


def _nothing(facts: Facts) -> Sequence[Property]:
    return (Property(),)


@dataclass(frozen=True, slots=True)
class Logged:
    """How an operation is logged. `type` and `entity` are Camunda's; a type that is computed may be None: not logged.

    `about` adds columns that only the facts tell.
    """

    type: str | Callable[[Facts], str | None]
    entity: str
    properties: Callable[[Facts], Sequence[Property]] = _nothing
    subject: str | None = None
    about: Callable[[Facts], Context] = field(default=lambda facts: {})

    async def before(self, call: Call) -> Any:
        """What the path names, before the operation changes or removes it."""
        if self.subject is None:
            return None
        try:
            return await SUBJECTS[self.subject].find(call)
        except (RestError, StoreError):  # the operation itself is about to say what is wrong
            return None

    async def after(self, call: Call, subject: Any, result: Any) -> None:
        """Write the entries of an operation that succeeded."""
        facts = Facts(call.request.path_params, call.query, await _body(call), subject, result)
        kind = self.type if isinstance(self.type, str) else self.type(facts)
        if kind is None:
            return
        context: Context = {}
        if self.subject is not None and subject is not None:
            context |= SUBJECTS[self.subject].context(subject)
        if facts.is_batch:
            context["batch_id"] = result["id"]
        context |= self.about(facts)
        annotation = facts.body.get("annotation")
        base = Entry(
            kind,
            self.entity,
            user_id=call.user,
            operation_id=str(uuid.uuid4()),
            annotation=annotation if isinstance(annotation, str) else None,
            **context,
        )
        entries = [
            replace(base, property=item.name, old_value=_text(item.old), new_value=_text(item.new))
            for item in self.properties(facts)
        ]
        await log_all(call.services.database, entries)


async def _body(call: Call) -> Mapping[str, Any]:
    """The request's JSON object, which the handler has read and found good; empty for anything else."""
    if not call.request.headers.get("content-type", "application/json").startswith("application/json"):
        return {}
    raw = await call.request.body()
    if not raw or raw.isspace():
        return {}
    data: Any = orjson.loads(raw)
    return data if isinstance(data, dict) else {}


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)[:_MAX_TEXT]
