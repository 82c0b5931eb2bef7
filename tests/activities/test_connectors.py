"""Connectors: what is sent, what comes back, what is refused."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from temporalio.exceptions import ApplicationError

from activities.connectors import ConnectorActivities


def _connector(answer: httpx.Response | Exception, seen: list[httpx.Request] | None = None) -> ConnectorActivities:
    def serve(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return ConnectorActivities(
        ["api.example.org", "*.inside.example", "local.example:8080"],
        {"TOKEN": "s3cret"},
        transport=httpx.MockTransport(serve),
    )


def _job(type: str = "http-connector", **fields: Any) -> dict[str, Any]:
    return {"type": type, "headers": {"fields": fields}}


async def test_a_call_with_payload_and_secret() -> None:
    seen: list[httpx.Request] = []
    connector = _connector(httpx.Response(201, json={"id": 7}, headers={"X-Trace": "t"}), seen)
    result = await connector.run(
        _job(
            url="https://api.example.org/orders",
            method="post",
            headers={"Authorization": "Bearer {{secrets.TOKEN}}"},
            payload={"amount": 1, "name": "Zoë"},
        )
    )
    assert (result["statusCode"], result["body"], result["headers"]["x-trace"]) == (201, {"id": 7}, "t")
    assert json.loads(result["response"]) == {"id": 7}
    assert seen[0].headers["authorization"] == "Bearer s3cret"
    assert seen[0].headers["content-type"] == "application/json"
    assert json.loads(seen[0].content) == {"amount": 1, "name": "Zoë"}


@pytest.mark.parametrize("status", [200, 204, 301, 404, 422])
async def test_a_status_is_a_result(status: int) -> None:
    result = await _connector(httpx.Response(status, text="x")).run(_job(url="https://a.inside.example/x"))
    assert result["statusCode"] == status
    assert result["body"] is None


@pytest.mark.parametrize("answer", [httpx.Response(503), httpx.Response(429), httpx.ConnectError("refused")])
async def test_what_may_pass_is_tried_again(answer: httpx.Response | Exception) -> None:
    with pytest.raises(ApplicationError) as failure:
        await _connector(answer).run(_job(url="http://local.example:8080/"))
    assert not failure.value.non_retryable


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"url": "https://evil.example/"}, "OSTINATO_HTTP_HOSTS"),
        ({"url": "https://api.example.org.evil.example/"}, "may be called"),
        ({"url": "https://api.example.org:8443/"}, "may be called"),
        ({"url": "https://inside.example/"}, "may be called"),
        ({"url": "https://api.example.org@evil.example/"}, "may be called"),
        ({"url": "file:///etc/passwd"}, "http or https"),
        ({"url": "http://169.254.169.254/latest"}, "may be called"),
        ({"url": ""}, "http or https"),
        ({"url": "https://api.example.org/", "method": "TRACE"}, "TRACE"),
        ({"url": "https://api.example.org/", "headers": "x"}, "map"),
        ({"url": "https://api.example.org/", "timeout": "soon"}, "seconds"),
        ({"url": "https://api.example.org/{{secrets.OTHER}}"}, "OTHER"),
    ],
)
async def test_what_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ApplicationError, match=message) as refusal:
        await _connector(httpx.Response(200)).run(_job(**fields))
    assert refusal.value.non_retryable


async def test_a_long_answer_is_refused() -> None:
    with pytest.raises(ApplicationError, match="1000 kB"):
        await _connector(httpx.Response(200, content=b"x" * 1_000_001)).run(_job(url="https://api.example.org/"))


async def test_mail_and_unknown_connectors() -> None:
    with pytest.raises(ApplicationError, match="OSTINATO_MAIL_SERVER"):
        await _connector(httpx.Response(200)).run(_job("mail-send", to="a@example.org"))
    with pytest.raises(ApplicationError, match="soap"):
        await _connector(httpx.Response(200)).run(_job("soap-http-connector"))
