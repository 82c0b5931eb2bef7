"""Connectors: tasks that the engine does itself, because they need no code: HTTP calls and e-mail.

    connectorId     inputs                                        results (for output parameters)
    http-connector  url, method, headers, payload, timeout        statusCode, response (text), body (its JSON), headers
    mail-send       to, cc, bcc, from, subject, text, html        messageId

Both are off until the settings name the hosts that may be called, or the mail server. `{{secrets.NAME}}` in an input is
replaced here, so that a secret is in no variable, history or log. A server's error (5xx, 429) or silence is tried
again as the model says; any other status is a result for the model to decide about.
"""

from __future__ import annotations

import asyncio
import json
import re
import smtplib
from collections.abc import Iterable, Mapping
from email.message import EmailMessage
from email.utils import make_msgid
from typing import Any, Final, cast
from urllib.parse import urlsplit

import httpx
from temporalio import activity
from temporalio.exceptions import ApplicationError

from interpreter.workflow import contract

METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
MAX_RESPONSE: Final = 1_000_000
"""Bytes of an answer; it becomes a process variable."""
TIMEOUT: Final = 30.0
LONGEST_TIMEOUT: Final = 55.0
_SECRET: Final = re.compile(r"\{\{\s*secrets\.([A-Za-z0-9_]+)\s*\}\}")


class ConnectorActivities:
    """See the module; one per process.

    `hosts` are names that may be called (`api.example.org`, `*.example.org`, with `:port` if it is not the scheme's
    own); `mail_server` is `host:port`.
    """

    def __init__(
        self,
        hosts: Iterable[str] = (),
        secrets: Mapping[str, str] | None = None,
        mail_server: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._hosts = tuple(host.strip().lower() for host in hosts if host.strip())
        self._secrets = dict(secrets or {})
        self._mail_server = mail_server
        self._transport = transport

    @activity.defn(name=contract.ACTIVITY_CONNECTOR)
    async def run(self, job: dict[str, Any]) -> dict[str, Any]:
        """Do what the connector of `job` is for."""
        fields: dict[str, Any] = (job.get("headers") or {}).get("fields") or {}
        match job["type"]:
            case "http-connector":
                return await self._http(fields)
            case "mail-send":
                return await self._mail(fields)
            case other:
                raise _final(f"Expected connector http-connector or mail-send but it was {other!r}.")

    async def _http(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        url, method = self._filled(str(fields.get("url") or "")), str(fields.get("method") or "GET").upper()
        if method not in METHODS:
            raise _final(f"Expected an HTTP method ({', '.join(METHODS)}) but it was {method!r}.")
        self._check(url)
        given = fields.get("headers") or {}
        if not isinstance(given, dict):
            raise _final("Expected the headers of an HTTP call to be a map but they were not.")
        items = cast("dict[str, Any]", given)
        headers = {str(name): self._filled(str(value)) for name, value in items.items()}
        payload = fields.get("payload")
        content = None
        if payload is not None and payload != "":
            text = payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False)
            content = self._filled(text).encode()
            if not isinstance(payload, str) and "content-type" not in {name.lower() for name in headers}:
                headers["Content-Type"] = "application/json"
        try:
            async with (
                httpx.AsyncClient(timeout=_timeout(fields), transport=self._transport) as client,
                client.stream(method, url, headers=headers, content=content) as answer,
            ):
                data = await _read(answer)
        except httpx.HTTPError as error:
            raise ApplicationError(f"Expected {_host(url)} to answer but: {error or type(error).__name__}") from error
        if answer.status_code >= 500 or answer.status_code == 429:
            raise ApplicationError(f"Expected an answer of {_host(url)} but its status was {answer.status_code}.")
        text = data.decode(answer.encoding or "utf-8", errors="replace")
        return {
            "statusCode": answer.status_code,
            "response": text,
            "body": _json(text),
            "headers": dict(answer.headers),
        }

    async def _mail(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        if not self._mail_server:
            raise _final("Expected a mail server in the engine's settings (OSTINATO_MAIL_SERVER) but there is none.")
        message = EmailMessage()
        message["Message-ID"] = make_msgid(domain="ostinato")
        for name in ("from", "to", "cc", "bcc", "subject"):
            if value := fields.get(name):
                message[name.capitalize()] = self._filled(_addresses(value))
        if message["To"] is None:
            raise _final("Expected somebody to send the e-mail to but 'to' is empty.")
        message.set_content(self._filled(str(fields.get("text") or "")))
        if html := fields.get("html"):
            message.add_alternative(self._filled(str(html)), subtype="html")
        host, _, port = self._mail_server.rpartition(":")

        def send() -> None:
            with smtplib.SMTP(host or self._mail_server or "", int(port) if host else 25, timeout=TIMEOUT) as server:
                server.send_message(message)

        try:
            await asyncio.to_thread(send)
        except smtplib.SMTPRecipientsRefused as error:
            raise _final(f"Expected the mail server to take the e-mail but it refused: {error}") from error
        except (smtplib.SMTPException, OSError) as error:
            raise ApplicationError(f"Expected the mail server to take the e-mail but: {error}") from error
        return {"messageId": message["Message-ID"]}

    def _check(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise _final(f"Expected a URL with http or https but it was {url[:100]!r}.")
        name = parts.hostname if parts.port is None else f"{parts.hostname}:{parts.port}"
        for host in self._hosts:
            if name == host or (host.startswith("*.") and name.endswith(host[1:])):
                return
        raise _final(
            f"Expected a host that may be called but it was {name!r}: "
            "name it in the engine's settings (OSTINATO_HTTP_HOSTS)."
        )

    def _filled(self, text: str) -> str:
        def secret(match: re.Match[str]) -> str:
            value = self._secrets.get(match[1])
            if value is None:
                raise _final(f"Expected a secret {match[1]!r} in the engine's settings but there is none.")
            return value

        return _SECRET.sub(secret, text)


async def _read(answer: httpx.Response) -> bytes:
    data = bytearray()
    async for part in answer.aiter_bytes():
        data += part
        if len(data) > MAX_RESPONSE:
            raise _final(f"Expected an answer of at most {MAX_RESPONSE // 1000} kB but it was longer.")
    return bytes(data)


def _timeout(fields: Mapping[str, Any]) -> float:
    try:
        return min(float(fields.get("timeout") or TIMEOUT), LONGEST_TIMEOUT)
    except (TypeError, ValueError):
        raise _final(f"Expected a timeout in seconds but it was {fields.get('timeout')!r}.") from None


def _addresses(value: Any) -> str:
    return ", ".join(str(item) for item in cast("list[Any]", value)) if isinstance(value, list) else str(value)


def _host(url: str) -> str:
    return urlsplit(url).hostname or "the host"


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _final(message: str) -> ApplicationError:
    return ApplicationError(message, type="Connector", non_retryable=True)
