"""What happens before an operation: engine names, body sizes, authentication. Against a small application."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from api import front
from api.errors import RestError
from api.front import Front
from api.operations import JsonResponse


def _application(users: dict[str, str]) -> FastAPI:
    app = FastAPI()

    async def echo(request: Request) -> Response:
        body = await request.body()
        return Response(f"{request.url.path} {request.scope.get('ostinato.user')} {len(body)}")

    app.add_api_route("/{path:path}", echo, methods=["GET", "POST"])

    async def refuse(request: Request, error: Exception) -> Response:
        assert isinstance(error, RestError)
        return JsonResponse(error.body(), status_code=error.status)

    app.add_exception_handler(RestError, refuse)
    app.add_middleware(Front, users=users)
    return app


def _client(users: dict[str, str] | None = None) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(_application(users or {})), base_url="http://test")


async def test_the_name_of_the_engine_is_left_out() -> None:
    async with _client() as http:
        assert (await http.get("/engine-rest/engine/default/task/1")).text.split()[0] == "/engine-rest/task/1"
        assert (await http.get("/engine-rest/engine")).text.split()[0] == "/engine-rest/engine"
        assert (await http.get("/engine-rest/task/")).text.split()[0] == "/engine-rest/task"
        assert (await http.get("/docs/")).text.split()[0] == "/docs/"
        refused = await http.get("/engine-rest/engine/other/task")
    assert refused.status_code == 400
    assert refused.json()["type"] == "InvalidRequestException"
    assert refused.headers["content-type"] == "application/json"


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_has_a_largest_size(monkeypatch: pytest.MonkeyPatch, chunked: bool) -> None:
    monkeypatch.setattr(front, "MAX_BODY_BYTES", 1000)

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"x" * 500

    async with _client() as http:
        assert (await http.post("/a", content=b"x" * 1000)).text.endswith("1000")
        refused = await http.post("/a", content=chunks() if chunked else b"x" * 1001)
    assert refused.status_code == 413
    assert "1000 bytes" in refused.json()["message"]


def _basic(text: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}


async def test_users_log_in_when_there_are_users() -> None:
    async with _client({"demo": "s3cret:ü"}) as http:
        assert (await http.get("/a", headers=_basic("demo:s3cret:ü"))).text.split()[1] == "demo"
        assert (await http.get("/health")).status_code == 200
        for headers in (
            {},
            _basic("demo:wrong"),
            _basic("nobody:x"),
            {"Authorization": "Basic ***"},
            {"Authorization": "Bearer x"},
        ):
            refused = await http.get("/a", headers=headers)
            assert refused.status_code == 401
            assert refused.headers["www-authenticate"].startswith("Basic")
            assert set(refused.json()) == {"type", "message", "code"}
