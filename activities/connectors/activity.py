"""The activity that does connector jobs: the table of connectors, and what happens around each of them."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from temporalio import activity

from activities.connectors import expressions, mail, requests
from activities.connectors.expressions import Outcome
from activities.connectors.failures import ConnectorFailure, final
from activities.connectors.hosts import AllowList
from activities.connectors.http import HttpAnswer, HttpCall, HttpCaller, named
from activities.connectors.secrets import Secrets
from activities.connectors.settings import ConnectorSettings, MailServer
from interpreter.workflow import contract

logger = logging.getLogger(__name__)

TOTAL: Final = 57.0
"""Seconds for a connector's work when the job has no time limit of its own; the engine's is a minute."""
_MARGIN: Final = 2.0


@dataclass(frozen=True, slots=True)
class Job:
    """A connector's job: `fields` are its inputs, `headers` what the model says beside them."""

    key: str
    fields: dict[str, Any]
    headers: Mapping[str, Any]
    secrets: Secrets
    total: float


class ConnectorActivities:
    """One per process. ValueError if the list of hosts cannot be read."""

    def __init__(self, settings: ConnectorSettings | None = None) -> None:
        self._settings = settings or ConnectorSettings()
        self._http = HttpCaller(AllowList(self._settings.hosts), self._settings.max_response)
        self._table: dict[str, Callable[[Job], Awaitable[Outcome]]] = {
            "http-connector": self._camunda7_http,
            "soap-http-connector": self._camunda7_soap,
            "mail-send": self._mail,
            "io.camunda:http-json:1": self._camunda8_http,
            "io.camunda:email:1": self._camunda8_mail,
        }

    @activity.defn(name=contract.ACTIVITY_CONNECTOR)
    async def run(self, job: dict[str, Any]) -> dict[str, Any]:
        """Do the work of `job`: {"result": what output mappings see, "variables": what is set}."""
        kind = str(job["type"])
        headers: dict[str, Any] = job.get("headers") or {}
        secrets = Secrets(self._settings.secrets, cast("list[str]", job.get("secrets") or []))
        try:
            work = self._table.get(kind)
            if work is None:
                raise final(f"Expected one of the connectors {', '.join(self._table)} but it was {kind!r}.")
            given = headers.get("fields") or {}
            called = Job(_key(job), secrets.fill(given), headers, secrets, _total())
            try:
                outcome = await work(called)
            except ConnectorFailure as failure:
                failure.details = secrets.conceal_all(failure.details)
                failure.message = secrets.conceal(failure.message)
                outcome = expressions.fail(failure, _rules(headers))
        except ConnectorFailure as failure:
            failure.message = secrets.conceal(failure.message)
            raise failure.raised() from None  # the cause may hold a secret
        return outcome.to_json()

    async def _camunda7_http(self, job: Job, soap: bool = False) -> Outcome:
        call = requests.identified(requests.camunda7_call(job.fields, job.total, soap=soap), job.key)
        answer = await self._http.send(call)
        result: dict[str, Any] = job.secrets.conceal_all(requests.camunda7_result(answer))
        if answer.status >= 400 and requests.throws_http_errors(job.fields):
            raise _status(call, answer, result)
        return expressions.succeed(result, _rules(job.headers))

    async def _camunda7_soap(self, job: Job) -> Outcome:
        return await self._camunda7_http(job, soap=True)

    async def _camunda8_http(self, job: Job) -> Outcome:
        call = requests.identified(requests.camunda8_call(job.fields, job.total), job.key)
        authentication = job.fields.get("authentication")
        if isinstance(authentication, dict):
            call = await self._authenticated(job, call, cast("dict[str, Any]", authentication))
        answer = await self._http.send(call)
        result: dict[str, Any] = job.secrets.conceal_all(requests.camunda8_result(answer))
        if answer.status >= 400:
            raise _status(call, answer, result)
        return expressions.succeed(result, job.headers)

    async def _authenticated(self, job: Job, call: HttpCall, authentication: dict[str, Any]) -> HttpCall:
        if authentication.get("type") == "oauth-client-credentials-flow":
            answer = await self._http.send(requests.token_call(authentication, job.total))
            authentication = {"type": "bearer", "token": requests.token_of(answer)}
        call = requests.authenticated(call, authentication)
        if made := call.headers.get("Authorization"):
            job.secrets.also_conceal(made.partition(" ")[2])
        return call

    async def _mail(self, job: Job) -> Outcome:
        return await self._send(job, job.fields)

    async def _camunda8_mail(self, job: Job) -> Outcome:
        return await self._send(job, mail.camunda8_fields(job.fields, self._mail_server()))

    def _mail_server(self) -> MailServer:
        if self._settings.mail is None:
            raise final("Expected a mail server in the worker's settings (OSTINATO_MAIL_SERVER) but there is none.")
        return self._settings.mail

    async def _send(self, job: Job, fields: Mapping[str, Any]) -> Outcome:
        server = self._mail_server()
        letter = mail.read_mail(fields, server, f"<{job.key}@{server.host}>")
        result = await mail.send(letter, server, job.total)
        if result["refused"]:
            logger.warning("some recipients of %s were refused: %d", result["messageId"], len(result["refused"]))
        return expressions.succeed(result, _rules(job.headers))


def _status(call: HttpCall, answer: HttpAnswer, result: dict[str, Any]) -> ConnectorFailure:
    """The failure that a status of 400 and above is."""
    start = " ".join(answer.text.split())[:200]
    said = f": {start}" if start else "."
    return ConnectorFailure(
        f"Expected {named(call)} to succeed but it was answered with {answer.status} {answer.reason}{said}",
        temporary=requests.is_temporary(answer.status),
        after=requests.retry_after(answer),
        code=str(answer.status),
        details=result,
    )


def _rules(headers: Mapping[str, Any]) -> Mapping[str, Any]:
    """Result and error expressions: task headers, or (Camunda 7) input parameters and properties."""
    fields: dict[str, Any] = headers.get("fields") or {}
    names = ("resultVariable", "resultExpression", "errorExpression", "retryBackoff")
    return {name: headers.get(name) or fields.get(name) for name in names}


def _key(job: Mapping[str, Any]) -> str:
    """The same for every attempt of a job, and for no other job."""
    return f"{job.get('instance_id')}.{job.get('key')}"


def _total() -> float:
    if not activity.in_activity():
        return TOTAL
    limit = activity.info().start_to_close_timeout
    return TOTAL if limit is None else max(limit.total_seconds() - _MARGIN, 1.0)
