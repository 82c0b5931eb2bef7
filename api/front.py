"""What happens to every request before it finds its operation, as one ASGI middleware.

* ``/engine-rest/engine/{name}/...`` is ``/engine-rest/...``: there is one engine, called ``default``.
* A slash at the end of a path means nothing.
* A body has a largest size; what is larger is refused without being read.
* HTTP Basic authentication, when users are configured: those of the settings and those of the read model may in.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import RestError, invalid_request

Verify = Callable[[str, str], Awaitable[bool]]

ENGINE_NAME: Final = "default"
MAX_BODY_BYTES: Final = 16_000_000
MAX_DEPLOYMENT_BYTES: Final = 64_000_000
MAX_HOOK_BYTES: Final = 1_000_000

#: Digests of stored passwords are slow to compute on purpose, so who has logged in is remembered for a while.
_REMEMBER_SECONDS: Final = 30.0
_MAX_REMEMBERED: Final = 1000
_ENGINE_REST: Final = "/engine-rest/"
_NAMED_ENGINE: Final = "/engine-rest/engine/"
_OPEN_PATHS: Final = ("/health",)
_HOOKS: Final = "/api/hooks/"  # each has an authentication of its own


class Front:
    """The middleware. `users` maps names to passwords; empty: nobody has to log in. `verify` knows more users."""

    def __init__(self, app: ASGIApp, users: Mapping[str, str], verify: Verify | None = None) -> None:
        self._app = app
        self._users = users
        self._verify = verify
        self._known: dict[bytes, tuple[str, float]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            path: str = scope["path"]
            if path.startswith(_NAMED_ENGINE):
                scope = _without_engine_name(scope, path)
            if scope["path"].endswith("/") and scope["path"].startswith(_ENGINE_REST):
                scope = _moved(scope, scope["path"].rstrip("/"))
            if self._users and path not in _OPEN_PATHS and not path.startswith(_HOOKS):
                scope["ostinato.user"] = await self._authenticate(scope)
            receive = _bounded(scope, receive, _largest(scope["path"]))
        except RestError as error:
            await _send_error(error, send)
            return
        await self._app(scope, receive, send)

    async def _authenticate(self, scope: Scope) -> str:
        header: bytes = dict(scope["headers"]).get(b"authorization", b"")
        known = self._known.get(header)
        if known is not None and known[1] > time.monotonic():
            return known[0]
        scheme, _, token = header.partition(b" ")
        if scheme.lower() == b"basic":
            try:
                name, _, password = base64.b64decode(token.strip(), validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                name, password = "", ""
            if await self._fits(name, password):
                if len(self._known) >= _MAX_REMEMBERED:
                    self._known.clear()
                self._known[header] = (name, time.monotonic() + _REMEMBER_SECONDS)
                return name
        raise RestError(
            401, "NotAuthorizedException", "Expected the credentials of a known user but they are not there."
        )

    async def _fits(self, name: str, password: str) -> bool:
        expected = self._users.get(name)
        if expected is not None:
            return hmac.compare_digest(expected.encode(), password.encode())
        return self._verify is not None and await self._verify(name, password)


def _without_engine_name(scope: Scope, path: str) -> Scope:
    name, separator, rest = path[len(_NAMED_ENGINE) :].partition("/")
    if name != ENGINE_NAME:
        raise invalid_request(f"Process engine with name {name} does not exist; the only one is {ENGINE_NAME}.")
    if not separator:
        return scope
    return _moved(scope, f"{_ENGINE_REST}{rest}")


def _largest(path: str) -> int:
    if path.endswith("/deployment/create"):
        return MAX_DEPLOYMENT_BYTES
    return MAX_HOOK_BYTES if path.startswith(_HOOKS) else MAX_BODY_BYTES


def _moved(scope: Scope, path: str) -> Scope:
    return {**scope, "path": path, "raw_path": path.encode()}


def _bounded(scope: Scope, receive: Receive, limit: int) -> Receive:
    for name, value in scope["headers"]:
        if name == b"content-length":
            if not value.isdigit():
                raise invalid_request("Expected the header Content-Length to be a number but it is not.")
            if int(value) > limit:
                raise _too_large(limit)
            return receive  # the server itself reads no more than it was told
    received = 0

    async def bounded() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > limit:
            raise _too_large(limit)
        return message

    return bounded


def _too_large(limit: int) -> RestError:
    return RestError(
        413, "InvalidRequestException", f"Expected a request body of at most {limit} bytes but it is larger."
    )


async def _send_error(error: RestError, send: Send) -> None:
    headers = [(b"content-type", b"application/json")]
    if error.status == 401:
        headers.append((b"www-authenticate", b'Basic realm="default"'))
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": orjson.dumps(error.body())})
