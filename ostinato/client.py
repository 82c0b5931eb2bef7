"""The Python client: deploy, start and look at processes over the REST API.

    async with Client() as engine:
        await engine.deploy("order.bpmn")
        instance = await engine.start("order", {"amount": 120}, business_key="4711")
        for task in await engine.tasks(instance=instance.id):
            await engine.complete(task.id, {"approved": True})

Variables are plain Python values both ways; a `datetime` is a Date, `bytes` are Bytes, what else JSON can say keeps
its type. Everything goes through REST, so that what a call has changed is seen by the next one, by whoever makes it.

    EngineError             the API refused or failed: `status`, `type`, `code`
    ├── NotFound            no such instance, task, definition ...
    └── Unreachable         nobody answered
"""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

import httpx

from ostinato.errors import OstinatoError

DEFAULT_URL = "http://127.0.0.1:8080/engine-rest"
_PAGE = 1_000


class EngineError(OstinatoError):
    """The engine's API refused the request or failed. `status` is HTTP's, `type` and `code` are Camunda's."""

    def __init__(self, message: str, status: int = 0, type: str = "", code: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.type = type
        self.code = code


class NotFound(EngineError):
    """There is nothing with this id or key."""


class Unreachable(EngineError):
    """The API did not answer; the request may have been executed."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """`definitions` are the ids of the process definitions that the deployment made (none if nothing had changed)."""

    id: str
    name: str | None
    definitions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Definition:
    """A version of a deployed process."""

    id: str
    key: str
    name: str | None
    version: int
    version_tag: str | None = None
    tenant_id: str | None = None
    suspended: bool = False


@dataclass(frozen=True, slots=True)
class Instance:
    """A process instance. `ended` is true only right after a start that ran through."""

    id: str
    definition_id: str
    definition_key: str | None = None
    business_key: str | None = None
    ended: bool = False
    suspended: bool = False
    tenant_id: str | None = None


@dataclass(frozen=True, slots=True)
class PastInstance:
    """A process instance as history knows it. `state`: ACTIVE, SUSPENDED, COMPLETED, EXTERNALLY_TERMINATED,
    INTERNALLY_TERMINATED."""

    id: str
    process_definition_key: str
    process_definition_version: int | None
    business_key: str | None
    state: str
    start_time: datetime | None
    end_time: datetime | None
    start_activity_id: str | None = None
    duration_in_millis: int | None = None

    @property
    def ended(self) -> bool:
        """Whether the instance is over."""
        return self.end_time is not None


@dataclass(frozen=True, slots=True)
class PastActivity:
    """A flow node instance that was entered."""

    id: str
    activity_id: str
    activity_name: str | None
    activity_type: str
    start_time: datetime | None
    end_time: datetime | None
    canceled: bool = False
    assignee: str | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """An open user task."""

    id: str
    name: str | None
    task_definition_key: str | None
    process_instance_id: str | None
    process_definition_id: str | None = None
    assignee: str | None = None
    created: datetime | None = None
    due: datetime | None = None
    priority: int = 50
    form_key: str | None = None


@dataclass(frozen=True, slots=True)
class Incident:
    """Something went wrong and a person is asked to look."""

    id: str
    incident_type: str
    incident_message: str | None
    process_instance_id: str | None
    activity_id: str | None
    configuration: str | None = None
    incident_timestamp: datetime | None = None
    root_cause_incident_id: str | None = None
    """Of the incident that failed: another one, if this is of a call activity."""


@dataclass(frozen=True, slots=True)
class ActivityTree:
    """Where the tokens of an instance are: the tree of its open flow node instances."""

    id: str
    activity_id: str
    activity_name: str | None
    activity_type: str
    children: tuple[ActivityTree, ...] = ()
    incidents: tuple[str, ...] = field(default_factory=tuple)


class Client:
    """See the module. Use as an asynchronous context manager, or call `close`."""

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        auth: tuple[str, str] | None = None,
        timeout: float = 40.0,
        tenant: str | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self.tenant = tenant
        self._http = httpx.AsyncClient(auth=auth, timeout=timeout)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    # -- deployments and definitions

    async def deploy(
        self,
        *files: str | Path,
        contents: Mapping[str, bytes] | None = None,
        name: str | None = None,
        changed_only: bool = True,
    ) -> Deployment:
        """Deploy files by path, or `contents` by resource name. The same content again makes no new version unless
        `changed_only` is off."""
        resources = {Path(file).name: await asyncio.to_thread(Path(file).read_bytes) for file in files}
        resources |= dict(contents or {})
        if not resources:
            raise EngineError("Expected at least one file to deploy but there is none.")
        data = {
            "deployment-name": name or next(iter(resources)),
            "deployment-source": "ostinato client",
            "enable-duplicate-filtering": "true" if changed_only else "false",
        }
        if self.tenant:
            data["tenant-id"] = self.tenant
        answer = await self.request(
            "POST",
            "/deployment/create",
            data=data,
            files=[
                (resource, (resource, content, "application/octet-stream")) for resource, content in resources.items()
            ],
        )
        return Deployment(
            answer["id"], answer.get("name"), tuple((answer.get("deployedProcessDefinitions") or {}).keys())
        )

    async def definitions(self, *, latest: bool = True, **filters: Any) -> list[Definition]:
        """Deployed processes; `filters` are the REST parameters of GET /process-definition."""
        rows = await self._list("/process-definition", {"latestVersion": latest or None, **filters})
        return [_record(Definition, row) for row in rows]

    # -- instances

    async def start(
        self,
        key: str,
        variables: Mapping[str, Any] | None = None,
        *,
        business_key: str | None = None,
        definition_id: str | None = None,
        idempotency_key: str | None = None,
    ) -> Instance:
        """Start the latest version of `key` (or exactly `definition_id`); returns at its first wait state.

        A call that is repeated with the same `idempotency_key` (the answer was lost) gets the same instance.
        """
        if definition_id is not None:
            path = f"/process-definition/{definition_id}/start"
        elif self.tenant:
            path = f"/process-definition/key/{key}/tenant-id/{self.tenant}/start"
        else:
            path = f"/process-definition/key/{key}/start"
        headers = {} if idempotency_key is None else {"Idempotency-Key": idempotency_key}
        body = {"variables": encode(variables), "businessKey": business_key}
        return _record(Instance, await self.request("POST", path, json=body, headers=headers))

    async def instances(self, **filters: Any) -> list[Instance]:
        """Running instances; `filters` are the REST parameters of GET /process-instance."""
        return [_record(Instance, row) for row in await self._list("/process-instance", filters)]

    async def instance(self, instance_id: str) -> Instance:
        """A running instance. NotFound when it is over."""
        return _record(Instance, await self.request("GET", f"/process-instance/{instance_id}"))

    async def tree(self, instance_id: str) -> ActivityTree:
        """Where the tokens of a running instance are."""
        return _tree(await self.request("GET", f"/process-instance/{instance_id}/activity-instances"))

    async def variables(self, instance_id: str) -> dict[str, Any]:
        """Variables of a running instance."""
        path = f"/process-instance/{instance_id}/variables"
        rows: dict[str, Any] = await self.request("GET", path)
        return {name: await self._value(row, f"{path}/{quote(name, safe='')}/data") for name, row in rows.items()}

    async def set_variables(
        self, instance_id: str, variables: Mapping[str, Any], removals: tuple[str, ...] = ()
    ) -> None:
        """Set and remove variables of a running instance."""
        body = {"modifications": encode(variables), "deletions": list(removals)}
        await self.request("POST", f"/process-instance/{instance_id}/variables", json=body)

    async def cancel(self, instance_id: str) -> None:
        """End a running instance from outside."""
        await self.request("DELETE", f"/process-instance/{instance_id}")

    async def wait_ended(self, instance_id: str, timeout: float = 60.0) -> PastInstance:
        """Wait until the instance is over. TimeoutError after `timeout` seconds."""
        deadline, pause = time.monotonic() + timeout, 0.02
        while True:
            past = await self.past_instance(instance_id)
            if past.ended:
                return past
            if time.monotonic() > deadline:
                raise TimeoutError(f"Expected instance {instance_id} to end in {timeout:g} s but it is {past.state}.")
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, 0.5)

    # -- user tasks

    async def tasks(self, *, instance: str | None = None, **filters: Any) -> list[Task]:
        """Open user tasks; `filters` are the REST parameters of GET /task."""
        rows = await self._list("/task", {"processInstanceId": instance, **filters})
        return [_record(Task, row) for row in rows]

    async def claim(self, task_id: str, user: str) -> None:
        """Make `user` the assignee of a task that has none."""
        await self.request("POST", f"/task/{task_id}/claim", json={"userId": user})

    async def complete(self, task_id: str, variables: Mapping[str, Any] | None = None) -> None:
        """Complete a user task. The instance has gone on when this returns."""
        await self.request("POST", f"/task/{task_id}/complete", json={"variables": encode(variables)})

    # -- messages and signals

    async def correlate(
        self,
        message: str,
        variables: Mapping[str, Any] | None = None,
        *,
        business_key: str | None = None,
        instance: str | None = None,
        keys: Mapping[str, Any] | None = None,
        everywhere: bool = False,
    ) -> None:
        """Deliver a message to the one subscriber or start event that fits (to every one: `everywhere`)."""
        body: dict[str, Any] = {
            "messageName": message,
            "businessKey": business_key,
            "processInstanceId": instance,
            "correlationKeys": encode(keys) if keys else None,
            "processVariables": encode(variables),
            "all": everywhere,
        }
        await self.request("POST", "/message", json={k: v for k, v in body.items() if v is not None})

    async def publish(
        self,
        message: str,
        correlation_key: str | None = None,
        variables: Mapping[str, Any] | None = None,
        *,
        time_to_live: timedelta = timedelta(0),
        message_id: str | None = None,
        tenant: str | None = None,
    ) -> str | None:
        """Publish a message that may come before its receiver: it is delivered once, to the first subscription with its
        name and correlation key, now or within `time_to_live`, or it starts a process. With a `message_id` a repeated
        call does nothing more.

        Answers the id of the instance that has received it; None while it waits, or when nobody waits for it and it
        does not wait.
        """
        body: dict[str, Any] = {
            "messageName": message,
            "correlationKey": correlation_key,
            "messageId": message_id,
            "timeToLive": int(time_to_live / timedelta(milliseconds=1)),
            "variables": encode(variables),
            "tenantId": tenant,
        }
        found = await self.request("POST", "/api/messages", json={k: v for k, v in body.items() if v is not None})
        return found["processInstanceId"]

    async def signal(self, name: str, variables: Mapping[str, Any] | None = None) -> None:
        """Throw a signal to all who listen."""
        await self.request("POST", "/signal", json={"name": name, "variables": encode(variables)})

    # -- history and incidents

    async def past_instances(self, **filters: Any) -> list[PastInstance]:
        """Instances, running and ended; `filters` as in GET /history/process-instance."""
        return [_record(PastInstance, row) for row in await self._list("/history/process-instance", filters)]

    async def past_instance(self, instance_id: str) -> PastInstance:
        """One instance, running or ended."""
        return _record(PastInstance, await self.request("GET", f"/history/process-instance/{instance_id}"))

    async def past_activities(self, instance_id: str) -> list[PastActivity]:
        """What an instance has entered, in order of start."""
        rows = await self._list(
            "/history/activity-instance",
            {"processInstanceId": instance_id, "sortBy": "occurrence", "sortOrder": "asc"},
        )
        return [_record(PastActivity, row) for row in rows]

    async def past_variables(self, instance_id: str) -> dict[str, Any]:
        """The last values of an instance's variables, also after its end."""
        rows = await self._list("/history/variable-instance", {"processInstanceId": instance_id})
        return {row["name"]: await self._value(row, f"/history/variable-instance/{row['id']}/data") for row in rows}

    async def incidents(self, **filters: Any) -> list[Incident]:
        """Open incidents; `filters` as in GET /incident."""
        return [_record(Incident, row) for row in await self._list("/incident", filters)]

    async def retry(self, incident: Incident, retries: int = 1) -> None:
        """Give what failed new attempts; if it failed in a called instance, there."""
        if incident.root_cause_incident_id not in (None, incident.id):
            for cause in await self.incidents(incidentId=incident.root_cause_incident_id):
                await self.retry(cause, retries)
            return
        body = {"retries": retries}
        if incident.incident_type == "failedExternalTask":
            await self.request("PUT", f"/external-task/{incident.configuration}/retries", json=body)
        elif incident.configuration and incident.incident_type == "failedJob":
            await self.request("PUT", f"/job/{incident.configuration}/retries", json=body)
        else:
            await self.request("DELETE", f"/incident/{incident.id}")

    # -- the wire

    async def request(self, method: str, path: str, **options: Any) -> Any:
        """Call the REST API; the parsed answer, None for an empty one. Raises EngineError."""
        answer = await self._send(method, path, **options)
        return answer.json() if answer.content else None

    async def _value(self, variable: Mapping[str, Any], data_path: str) -> Any:
        """The value of a variable; Bytes are not in lists and come by a call of their own."""
        if str(variable.get("type")).lower() == "bytes" and variable.get("value") is None:
            try:
                return (await self._send("GET", data_path)).content
            except NotFound:  # Bytes without a value
                return None
        return _decode(variable)

    async def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        base = self.url.removesuffix("/engine-rest") if path.startswith("/api/") else self.url
        try:
            answer = await self._http.request(method, base + path, **options)
        except httpx.TransportError as error:
            raise Unreachable(f"Expected an engine at {self.url} but it did not answer: {error}") from error
        if answer.is_success:
            return answer
        try:
            problem = answer.json()
        except ValueError:
            problem = {}
        kind = NotFound if answer.status_code == 404 else EngineError
        raise kind(
            str(problem.get("message") or f"HTTP {answer.status_code} for {method} {path}"),
            answer.status_code,
            str(problem.get("type") or ""),
            problem.get("code"),
        )

    async def _list(self, path: str, filters: Mapping[str, Any]) -> list[dict[str, Any]]:
        parameters = {name: _parameter(value) for name, value in filters.items() if value is not None}
        found: list[dict[str, Any]] = []
        while True:
            page: list[dict[str, Any]] = await self.request(
                "GET", path, params={"maxResults": str(_PAGE), **parameters, "firstResult": str(len(found))}
            )
            found += page
            if len(page) < _PAGE or "maxResults" in parameters:
                return found


# -- values


def encode(variables: Mapping[str, Any] | None) -> dict[str, Any]:
    """Python values as Camunda's typed values."""
    return {name: _encode(value) for name, value in (variables or {}).items()}


def decode(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Camunda's typed values as Python values."""
    return {name: _decode(value) for name, value in variables.items()}


def _encode(value: Any) -> dict[str, Any]:
    if isinstance(value, datetime):
        aware = value if value.tzinfo is not None else value.astimezone()
        utc = aware.astimezone(UTC)
        return {"value": f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}+0000", "type": "Date"}
    if isinstance(value, bytes | bytearray):
        return {"value": base64.b64encode(value).decode(), "type": "Bytes"}
    return {"value": value}


def _decode(variable: Mapping[str, Any]) -> Any:
    value, kind = variable.get("value"), str(variable.get("type") or "").lower()
    if not isinstance(value, str):
        return value
    if kind == "date":
        return datetime.fromisoformat(value)
    if kind == "bytes":
        return base64.b64decode(value)
    serialized = (variable.get("valueInfo") or {}).get("serializationDataFormat", "")
    if kind == "json" or (kind == "object" and serialized == "application/json"):
        return json.loads(value)
    return value


def _parameter(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return str(_encode(value)["value"])
    if isinstance(value, list | tuple):
        return ",".join(str(item) for item in value)
    return str(value)


_Record = TypeVar("_Record")


def _record(kind: type[_Record], row: Mapping[str, Any]) -> _Record:
    """The fields of `kind` from their camel-case names; dates are parsed."""
    values: dict[str, Any] = {}
    for item in fields(kind):  # type: ignore[arg-type]  # every caller passes a dataclass
        head, *tail = item.name.split("_")
        name = head + "".join(word.capitalize() for word in tail)
        if name not in row:
            continue
        value = row[name]
        if isinstance(value, str) and "datetime" in str(item.type):
            value = datetime.fromisoformat(value)
        values[item.name] = value
    return kind(**values)


def _tree(row: Mapping[str, Any]) -> ActivityTree:
    return ActivityTree(
        id=row["id"],
        activity_id=row["activityId"],
        activity_name=row.get("activityName") or row.get("name"),
        activity_type=row["activityType"],
        children=tuple(_tree(child) for child in row.get("childActivityInstances") or ()),
        incidents=tuple(row.get("incidentIds") or ()),
    )
