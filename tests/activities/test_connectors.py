"""The HTTP connector: what is sent, what comes back, what is refused. Real HTTP on this machine."""

from __future__ import annotations

import ipaddress
import json
import ssl
from collections.abc import Iterator
from typing import Any

import pytest
import trustme
from temporalio.exceptions import ApplicationError

from activities.connectors import ConnectorActivities, ConnectorSettings, http
from activities.connectors.failures import ConnectorFailure
from activities.connectors.hosts import AllowList, is_public
from interpreter.workflow import contract
from tests.activities.servers import HttpServer, Reply, Request, http_server

HOME = ("127.0.0.1", "::1")


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with http_server() as found:
        yield found


def _connectors(server: HttpServer, *hosts: str, **settings: Any) -> ConnectorActivities:
    return ConnectorActivities(ConnectorSettings(hosts=(f"localhost:{server.port}", *HOME, *hosts), **settings))


def _job(
    type: str = "http-connector", /, secrets: tuple[str, ...] = (), task: dict[str, str] | None = None, **fields: Any
) -> dict[str, Any]:
    headers = {"fields": fields, **(task or {})}
    return {"type": type, "headers": headers, "secrets": list(secrets), "instance_id": "i-1", "key": 7}


def _rest(task: dict[str, str] | None = None, /, secrets: tuple[str, ...] = (), **fields: Any) -> dict[str, Any]:
    return _job("io.camunda:http-json:1", secrets=secrets, task=task, **fields)


async def _refusal(connectors: ConnectorActivities, job: dict[str, Any]) -> ApplicationError:
    with pytest.raises(ApplicationError) as refusal:
        await connectors.run(job)
    return refusal.value


# -- Camunda 7's http-connector


async def test_a_post_and_its_result(server: HttpServer) -> None:
    server.answer = lambda request: Reply(201, b'{"id": 7, "name": "Zo\xc3\xab"}', {"X-Trace": "t"})
    answer = await _connectors(server).run(
        _job(
            url=f"{server.url}/orders?x=1",
            method="post",
            headers={"Content-Type": "application/json", "X-None": None, "X-Number": 5},
            payload='{"amount": 1}',
        )
    )
    assert answer["variables"] == {}
    result = answer["result"]
    assert (result["statusCode"], json.loads(result["response"])["name"], result["headers"]["x-trace"]) == (
        201,
        "Zoë",
        "t",
    )
    (request,) = server.requests
    assert (request.method, request.path, request.body) == ("POST", "/orders?x=1", b'{"amount": 1}')
    assert request.headers["host"] == f"localhost:{server.port}", "the name, although the address was connected to"
    assert (request.headers["content-type"], request.headers["x-number"]) == ("application/json", "5")
    assert "x-none" not in request.headers
    assert request.headers["idempotency-key"] == "i-1.7"


@pytest.mark.parametrize("status", [204, 304, 404, 500, 503])
async def test_every_status_is_a_result_as_in_camunda_7(server: HttpServer, status: int) -> None:
    server.answer = lambda request: Reply(status)
    answer = await _connectors(server).run(_job(url=server.url, method="GET"))
    assert answer["result"]["statusCode"] == status


@pytest.mark.parametrize(("status", "again"), [(400, False), (404, False), (429, True), (500, True), (503, True)])
async def test_throw_http_error(server: HttpServer, status: int, again: bool) -> None:
    server.answer = lambda request: Reply(status, b"no such order")
    error = await _refusal(
        _connectors(server), _job(url=server.url, method="GET", configOptions={"throw-http-error": "TRUE"})
    )
    assert error.non_retryable is not again
    assert f"{status}" in error.message
    assert "no such order" in error.message


async def test_a_payload_goes_with_post_put_and_patch_only(server: HttpServer) -> None:
    connectors = _connectors(server)
    for method in ("GET", "DELETE", "PUT", "PATCH"):
        await connectors.run(_job(url=server.url, method=method, payload={"a": 1}))
    assert [request.body for request in server.requests] == [b"", b"", b'{"a":1}', b'{"a":1}']
    assert server.requests[2].headers["content-type"] == "application/json"


async def test_a_soap_call_is_a_post_of_xml(server: HttpServer) -> None:
    connectors = _connectors(server)
    await connectors.run(_job("soap-http-connector", url=server.url, payload="<Envelope/>"))
    assert (server.requests[0].method, server.requests[0].body) == ("POST", b"<Envelope/>")
    assert server.requests[0].headers["content-type"].startswith("text/xml")
    assert "payload" in (await _refusal(connectors, _job("soap-http-connector", url=server.url))).message


# -- Camunda 8's REST connector


async def test_rest_connector_with_everything(server: HttpServer) -> None:
    server.answer = lambda request: Reply(200, b'{"order": {"id": 7}}')
    answer = await _connectors(server).run(
        _rest(
            {
                "resultVariable": "answer",
                "resultExpression": "={orderId: response.body.order.id, code: status}",
            },
            url=f"{server.url}/orders",
            method="POST",
            body={"amount": 1},
            queryParameters={"q": "a b&c", "n": 1, "flag": True, "list": [1, 2], "none": None},
            authentication={"type": "basic", "username": "ann", "password": "pw"},
        )
    )
    assert answer["variables"]["orderId"] == 7
    assert answer["variables"]["code"] == 200
    assert answer["variables"]["answer"]["body"] == {"order": {"id": 7}}
    (request,) = server.requests
    assert request.path == "/orders?q=a+b%26c&n=1&flag=true&list=1&list=2"
    assert request.headers["authorization"] == "Basic YW5uOnB3"
    assert json.loads(request.body) == {"amount": 1}


async def test_form_body_and_api_keys(server: HttpServer) -> None:
    connectors = _connectors(server)
    key = {"type": "apiKey", "name": "X-Key", "value": "k1"}
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    await connectors.run(_rest(url=server.url, method="POST", headers=form, body={"a": "1 2"}, authentication=key))
    await connectors.run(_rest(url=f"{server.url}/?a=1", authentication={**key, "apiKeyLocation": "query"}))
    assert (server.requests[0].body, server.requests[0].headers["x-key"]) == (b"a=1+2", "k1")
    assert (server.requests[1].method, server.requests[1].path) == ("GET", "/?a=1&X-Key=k1")


@pytest.mark.parametrize("where", ["credentialsBody", "basicAuthHeader"])
async def test_client_credentials(server: HttpServer, where: str) -> None:
    def answer(request: Request) -> Reply:
        return Reply(200, b'{"access_token": "token-1"}' if request.path == "/token" else b"{}")

    server.answer = answer
    authentication = {
        "type": "oauth-client-credentials-flow",
        "oauthTokenEndpoint": f"{server.url}/token",
        "clientId": "id",
        "clientSecret": "very secret",
        "scopes": "read",
        "clientAuthentication": where,
    }
    await _connectors(server).run(_rest(url=server.url, authentication=authentication))
    token, call = server.requests
    assert b"grant_type=client_credentials" in token.body
    assert (b"client_secret=very+secret" in token.body) is (where == "credentialsBody")
    assert ("authorization" in token.headers) is (where != "credentialsBody")
    assert call.headers["authorization"] == "Bearer token-1"


@pytest.mark.parametrize(("status", "again"), [(400, False), (404, False), (408, True), (429, True), (502, True)])
async def test_an_error_status_fails(server: HttpServer, status: int, again: bool) -> None:
    server.answer = lambda request: Reply(status, b"why", {"Retry-After": "12"})
    error = await _refusal(_connectors(server), _rest(url=f"{server.url}/a?token=x"))
    assert error.non_retryable is not again
    assert "token" not in error.message, "queries hold secrets"
    pause = error.next_retry_delay
    assert (pause is not None and pause.total_seconds() == 12) is (status in (429, 503))


@pytest.mark.parametrize(
    ("expression", "kind", "final"),
    [
        ('if error.code = "404" then bpmnError("NOT_FOUND", "gone", {a: 1}) else null', "BpmnError", True),
        ('bpmnError(code: "NOT_FOUND", message: "gone", variables: {a: response.body.a})', "BpmnError", True),
        ('jobError("later")', "Connector", True),
        ('jobError("later", {}, 2, @"PT5S")', "Connector", False),
        ('jobError("later", {}, 0)', "Connector", True),
        ('if error.code = "500" then bpmnError("X") else null', "Connector", True),
        ("error.code", "Connector", True),
        ("(((", "Connector", True),
    ],
)
async def test_error_expressions(server: HttpServer, expression: str, kind: str, final: bool) -> None:
    server.answer = lambda request: Reply(404, b'{"a": 1}')
    error = await _refusal(_connectors(server), _rest({"errorExpression": f"={expression}"}, url=server.url))
    assert (error.type, error.non_retryable) == (kind, final)
    if kind == contract.BPMN_ERROR:
        assert tuple(error.details) == ("NOT_FOUND", "gone", {"a": 1})
    if "PT5S" in expression:
        assert error.next_retry_delay is not None
        assert error.next_retry_delay.total_seconds() == 5


async def test_an_error_may_be_ignored_and_a_success_may_be_an_error(server: HttpServer) -> None:
    server.answer = lambda request: Reply(404 if request.path == "/gone" else 200, b'{"ok": false}')
    connectors = _connectors(server)
    ignore = {"errorExpression": "=ignoreError({known: false})"}
    assert (await connectors.run(_rest(ignore, url=f"{server.url}/gone")))["variables"] == {"known": False}
    judge = {"errorExpression": '=if response.body.ok then null else bpmnError("REFUSED", "no")'}
    assert (await _refusal(connectors, _rest(judge, url=server.url))).type == contract.BPMN_ERROR


async def test_camunda_7_may_ask_for_an_error_too(server: HttpServer) -> None:
    server.answer = lambda request: Reply(404)
    job = _job(url=server.url, method="GET", errorExpression='if statusCode = 404 then bpmnError("GONE") else null')
    error = await _refusal(_connectors(server), job)
    assert (error.type, error.details[0]) == (contract.BPMN_ERROR, "GONE")


# -- secrets


async def test_secrets_that_the_model_names_are_filled_in_and_come_back_concealed(server: HttpServer) -> None:
    server.answer = lambda request: Reply(200, b"you said " + request.headers["authorization"].encode())
    connectors = _connectors(server, secrets={"TOKEN": "s3cret-value", "OTHER": "another"})
    job = _job(
        secrets=("TOKEN",),
        url=server.url,
        method="POST",
        headers={"Authorization": "Bearer {{ secrets.TOKEN }}"},
        payload="customer wrote {{secrets.OTHER}}",
    )
    answer = await connectors.run(job)
    assert server.requests[0].headers["authorization"] == "Bearer s3cret-value"
    assert server.requests[0].body == b"customer wrote {{secrets.OTHER}}", "no variable can ask for a secret"
    assert answer["result"]["response"] == "you said Bearer {{secrets.TOKEN}}"


async def test_a_secret_is_in_no_failure(server: HttpServer) -> None:
    server.answer = lambda request: Reply(400, request.path.encode())
    connectors = _connectors(server, secrets={"KEY": "s3cret-value"})
    error = await _refusal(connectors, _rest(secrets=("KEY",), url=f"{server.url}/{{{{secrets.KEY}}}}"))
    assert "s3cret" not in error.message
    assert "{{secrets.KEY}}" in error.message
    assert error.__cause__ is None
    missing = await _refusal(connectors, _rest(secrets=("NONE",), url="http://localhost/{{secrets.NONE}}"))
    assert "OSTINATO_SECRET_NONE" in missing.message


# -- hosts


@pytest.mark.parametrize(
    ("hosts", "url"),
    [
        ((), "http://localhost:{port}/"),
        (("localhost",), "http://localhost:{port}/"),
        (("localhost:{port}",), "http://localhost:{port}/"),
        (("*",), "http://localhost/"),
        (("*",), "http://127.0.0.1/"),
        (("*",), "http://169.254.169.254/latest/meta-data"),
        (("*",), "http://[::ffff:127.0.0.1]/"),
        (("*",), "http://2130706433/"),
        (("*",), "http://0x7f.1/"),
        (("*",), "http://[::1]/"),
        (("api.example.org",), "http://api.example.org.evil.example/"),
        (("*.example.org",), "http://example.org/"),
        (("*.example.org",), "http://evilexample.org/"),
        (("api.example.org",), "https://api.example.org:8443/"),
        (("10.0.0.0/8",), "http://11.0.0.1/"),
    ],
)
async def test_hosts_that_are_refused(server: HttpServer, hosts: tuple[str, ...], url: str) -> None:
    settings = ConnectorSettings(tuple(host.format(port=server.port) for host in hosts))
    error = await _refusal(ConnectorActivities(settings), _job(url=url.format(port=server.port), method="GET"))
    assert error.non_retryable
    assert "OSTINATO_HTTP_HOSTS" in error.message
    assert server.requests == []


@pytest.mark.parametrize("hosts", [("127.0.0.1",), ("127.0.0.0/8",)])
async def test_a_listed_address_may_be_called_at_any_port(server: HttpServer, hosts: tuple[str, ...]) -> None:
    answer = await ConnectorActivities(ConnectorSettings(hosts)).run(
        _job(url=f"http://127.0.0.1:{server.port}/", method="GET")
    )
    assert answer["result"]["statusCode"] == 200


@pytest.mark.parametrize(
    "entry", ["http://x", "a:b", "a:0", "a:70000", "*x.org", "a*", "10.0.0.1/8", "host/8", ":80", "**", "*.*.org"]
)
def test_a_list_that_cannot_be_read(entry: str) -> None:
    with pytest.raises(ValueError, match="Expected"):
        AllowList([entry])


async def test_names_match_with_their_ports() -> None:
    hosts = AllowList(["93.184.216.34", "*", "192.0.2.7", "Example.ORG.:8443"])
    assert await hosts.addresses("https", "93.184.216.34", 5000) == ["93.184.216.34"]
    assert await hosts.addresses("http", "8.8.8.8", None) == ["8.8.8.8"], "public, and * is for every host"
    with pytest.raises(ConnectorFailure, match="port 8080"):
        await hosts.addresses("http", "8.8.8.8", 8080)
    assert await hosts.addresses("http", "192.0.2.7", 8080) == ["192.0.2.7"]


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("64:ff9b::808:808", True),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("::ffff:10.0.0.1", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("0.0.0.0", False),
        ("fe80::1", False),
        ("fd00::1", False),
    ],
)
def test_what_is_public(address: str, public: bool) -> None:
    assert is_public(ipaddress.ip_address(address)) is public


# -- redirects


async def test_a_redirect_is_followed_and_tells_another_origin_nothing(server: HttpServer) -> None:
    with http_server() as other:
        server.answer = lambda request: Reply(
            302, headers={"Location": "/b" if request.path == "/a" else f"{other.url}/c"}
        )
        connectors = _connectors(server, f"localhost:{other.port}")
        answer = await connectors.run(_job(url=f"{server.url}/a", method="GET", headers={"X-Key": "k", "Accept": "x"}))
        assert answer["result"]["statusCode"] == 200
        assert [request.headers.get("x-key") for request in server.requests] == ["k", "k"]
        assert "x-key" not in other.requests[0].headers
        assert other.requests[0].headers["accept"] == "x"


async def test_a_redirect_to_a_host_that_is_not_listed_is_refused(server: HttpServer) -> None:
    server.answer = lambda request: Reply(307, headers={"Location": "http://169.254.169.254/latest"})
    connectors = ConnectorActivities(ConnectorSettings((f"localhost:{server.port}", "127.0.0.1", "::1", "*")))
    error = await _refusal(connectors, _job(url=server.url, method="GET"))
    assert "169.254.169.254" in error.message
    assert error.non_retryable


async def test_redirects_have_an_end_and_a_post_is_not_repeated(server: HttpServer) -> None:
    server.answer = lambda request: Reply(302, headers={"Location": "/again"})
    connectors = _connectors(server)
    assert "redirects" in (await _refusal(connectors, _job(url=server.url, method="GET"))).message
    assert len(server.requests) == http.MAX_REDIRECTS + 1
    answer = await connectors.run(_job(url=server.url, method="POST", payload="x"))
    assert answer["result"]["statusCode"] == 302


# -- limits


async def test_an_answer_that_is_too_large(server: HttpServer) -> None:
    server.answer = lambda request: Reply(200, b"x" * 5001)
    connectors = _connectors(server, max_response=5000)
    error = await _refusal(connectors, _job(url=server.url, method="GET"))
    assert error.non_retryable
    assert "5000 bytes" in error.message
    server.answer = lambda request: Reply(200, b"x" * 5000)
    assert len((await connectors.run(_job(url=server.url, method="GET")))["result"]["response"]) == 5000


async def test_silence_and_dripping_end_in_time(server: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    connectors = _connectors(server)
    server.answer = lambda request: Reply(200, pause=2)
    error = await _refusal(connectors, _rest(url=server.url, readTimeoutInSeconds=0.2))
    assert not error.non_retryable
    assert "within 0.2 s" in error.message
    monkeypatch.setattr("activities.connectors.activity.TOTAL", 0.5)
    server.answer = lambda request: Reply(200, b"x" * 100, drip=0.1)
    error = await _refusal(connectors, _rest(url=server.url, readTimeoutInSeconds=20))
    assert not error.non_retryable
    assert "within 0.5 s" in error.message


async def test_nobody_there_is_tried_again(server: HttpServer) -> None:
    connectors = ConnectorActivities(ConnectorSettings(("127.0.0.1",)))
    error = await _refusal(connectors, _job(url="http://127.0.0.1:1/", method="GET"))
    assert not error.non_retryable
    assert "connection" in error.message


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"url": "file:///etc/passwd", "method": "GET"}, "http or https"),
        ({"url": "", "method": "GET"}, "url"),
        ({"url": "http://user:pw@localhost/", "method": "GET"}, "without user"),
        ({"url": "http://localhost/" + "x" * 9000, "method": "GET"}, "8000"),
        ({"url": "http://localhost/"}, "method"),
        ({"url": "http://localhost/", "method": "BREW"}, "BREW"),
        ({"url": "http://localhost/", "method": "GET", "headers": "x"}, "map"),
        ({"url": "http://localhost/", "method": "GET", "headers": {"a": "b\r\nc: d"}}, "one line"),
        ({"url": "http://localhost/", "method": "GET", "headers": {"a": []}}, "text"),
        ({"url": "http://localhost/", "method": "GET", "configOptions": {"socket-timeout": "x"}}, "number"),
    ],
)
async def test_calls_that_cannot_be_made(server: HttpServer, fields: dict[str, Any], message: str) -> None:
    error = await _refusal(_connectors(server, "localhost"), _job(**fields))
    assert error.non_retryable
    assert message in error.message


async def test_a_connector_that_is_not_there(server: HttpServer) -> None:
    assert "'twitter'" in (await _refusal(_connectors(server), _job("twitter"))).message


# -- TLS


async def test_the_certificate_must_be_for_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    monkeypatch.setattr(http, "_tls", lambda: trusting)
    for name, fits in (("localhost", True), ("other.example", False)):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(context)
        with http_server(context) as server:
            url = f"https://localhost:{server.port}/"
            if fits:
                answer = await _connectors(server).run(_job(url=url, method="GET"))
                assert answer["result"]["statusCode"] == 200
            else:
                error = await _refusal(_connectors(server), _job(url=url, method="GET"))
                assert "certificate" in error.message.lower()
