"""One HTTP call: to listed hosts only, with an end in sight, and with an answer of bounded size.

A redirect is followed for GET and HEAD; each hop is checked like the first, and what was meant for one origin is not
told to another. The environment's proxies are not used: they would choose the address.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Final

import httpx

from activities.connectors.failures import ConnectorFailure, final, temporary
from activities.connectors.hosts import AllowList

METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE")
WITH_BODY: Final = ("POST", "PUT", "PATCH")
MAX_REDIRECTS: Final = 5
CONNECT_TIMEOUT: Final = 10.0
READ_TIMEOUT: Final = 30.0
MAX_URL: Final = 8_000
MAX_HEADERS: Final = 64_000

_REDIRECTS: Final = (301, 302, 303, 307, 308)
_HARMLESS: Final = ("accept", "accept-language", "user-agent")
"""Headers that may follow a redirect to another origin."""


@dataclass(frozen=True, slots=True)
class HttpCall:
    """What to ask. Times are in seconds; `total` is for everything, redirects included."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    content: bytes | None = field(default=None, repr=False)
    connect_timeout: float = CONNECT_TIMEOUT
    read_timeout: float = READ_TIMEOUT
    total: float = 55.0


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What came back. Names of headers are in small letters."""

    status: int
    reason: str
    headers: dict[str, str]
    text: str


class HttpCaller:
    """Makes calls that `hosts` allows."""

    def __init__(self, hosts: AllowList, max_response: int) -> None:
        self._hosts = hosts
        self._max_response = max_response

    async def send(self, call: HttpCall) -> HttpAnswer:
        """The answer, whatever its status. ConnectorFailure if the call is refused here or nobody answers in time."""
        try:
            async with asyncio.timeout(call.total):
                for _ in range(MAX_REDIRECTS + 1):
                    url = _url(call.url)
                    answer = await self._send(call, url)
                    target = answer.headers.get("location")
                    if answer.status not in _REDIRECTS or not target or call.method not in ("GET", "HEAD"):
                        return answer
                    call = _redirected(call, url, target)
        except TimeoutError:
            raise temporary(f"Expected {named(call)} to be answered within {call.total:g} s but it was not.") from None
        raise final(f"Expected at most {MAX_REDIRECTS} redirects of {named(call)} but there were more.")

    async def _send(self, call: HttpCall, url: httpx.URL) -> HttpAnswer:
        addresses = await self._hosts.addresses(url.scheme, url.raw_host.decode(), url.port)
        problem: ConnectorFailure | None = None
        for address in addresses:
            try:
                return await self._send_to(call, url, address)
            except httpx.ConnectError as error:
                problem = temporary(f"Expected a connection for {named(call)} but: {_reason(error)}")
            except httpx.ConnectTimeout:
                problem = temporary(
                    f"Expected a connection for {named(call)} within {call.connect_timeout:g} s but there was none."
                )
        assert problem is not None, "there is at least one address"
        raise problem

    async def _send_to(self, call: HttpCall, url: httpx.URL, address: str) -> HttpAnswer:
        """Ask the host at `address`, which has been checked; TLS and the Host header still mean the name."""
        host = url.raw_host.decode()
        headers = {"Host": url.netloc.decode(), "Accept-Encoding": "identity", **_without_host(call.headers)}
        timeout = httpx.Timeout(call.read_timeout, connect=call.connect_timeout)
        try:
            async with (
                httpx.AsyncClient(verify=_tls(), trust_env=False, timeout=timeout) as client,
                client.stream(
                    call.method,
                    url.copy_with(host=address, userinfo=b""),
                    headers=headers,
                    content=call.content,
                    extensions={"sni_hostname": host},
                ) as response,
            ):
                data = await self._read(call, response)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            raise
        except httpx.TimeoutException:
            raise temporary(
                f"Expected {named(call)} to be answered within {call.read_timeout:g} s but it was not."
            ) from None
        except httpx.LocalProtocolError as error:
            raise final(f"Expected {named(call)} to be a request that HTTP can say but: {error}") from error
        except (httpx.HTTPError, httpx.StreamError) as error:
            raise temporary(f"Expected an answer to {named(call)} but: {_reason(error)}") from error
        found = {name.lower(): value for name, value in response.headers.items()}
        return HttpAnswer(response.status_code, response.reason_phrase, found, _text(response, data))

    async def _read(self, call: HttpCall, response: httpx.Response) -> bytes:
        size = sum(len(name) + len(value) for name, value in response.headers.raw)
        if size > MAX_HEADERS:
            raise final(f"Expected at most {MAX_HEADERS} bytes of headers from {named(call)} but there were {size}.")
        data = bytearray()
        async for part in response.aiter_bytes():
            data += part
            if len(data) > self._max_response:
                raise final(
                    f"Expected an answer of at most {self._max_response} bytes to {named(call)} but it is larger: "
                    "ask for less, or raise OSTINATO_HTTP_MAX_RESPONSE."
                )
        return bytes(data)


def named(call: HttpCall) -> str:
    """The call in a message: without query, fragment and user, where secrets are wont to be."""
    try:
        url = httpx.URL(call.url)
    except (httpx.InvalidURL, UnicodeError, ValueError):
        return call.method
    return f"{call.method} {url.copy_with(userinfo=b'', query=None, fragment=None)}"[:500]


def _url(text: str) -> httpx.URL:
    if len(text) > MAX_URL:
        raise final(f"Expected a URL of at most {MAX_URL} characters but it has {len(text)}.")
    try:
        url = httpx.URL(text)
        port = url.port
    except (httpx.InvalidURL, UnicodeError, ValueError) as error:
        raise final(f"Expected the URL of an HTTP call but it cannot be read: {error}") from None
    if url.scheme not in ("http", "https") or not url.host or port == 0:
        raise final(f"Expected a URL with http or https and a host but its scheme was {url.scheme!r}.")
    if url.userinfo:
        raise final("Expected a URL without user and password: hand them over as a header or by authentication.")
    return url


def _redirected(call: HttpCall, url: httpx.URL, location: str) -> HttpCall:
    try:
        target = url.join(location)
    except (httpx.InvalidURL, UnicodeError, ValueError) as error:
        raise final(f"Expected {named(call)} to redirect to a URL but: {error}") from None
    headers = call.headers
    if (target.scheme, target.raw_host, target.port) != (url.scheme, url.raw_host, url.port):
        headers = {name: value for name, value in headers.items() if name.lower() in _HARMLESS}
    return replace(call, url=str(target), headers=headers)


def _without_host(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in ("host", "content-length")}


def _text(response: httpx.Response, data: bytes) -> str:
    try:
        return data.decode(response.charset_encoding or "utf-8", errors="replace")
    except LookupError:  # a charset that nobody knows
        return data.decode("utf-8", errors="replace")


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


@cache
def _tls() -> ssl.SSLContext:
    """Certificates are checked against the well-known authorities; made once, since that is slow."""
    return ssl.create_default_context() if ssl.get_default_verify_paths().cafile else httpx.create_ssl_context()
