"""What is served beside Camunda's API: below /api, in plain words of our own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from api.operations import Call, answer
from api.services import Services

Route = tuple[str, str, Callable[[Call], Any]]
"""Method, path, handler."""


def mount_beside(app: FastAPI, tag: str, routes: Sequence[Route], services: Callable[[], Services]) -> None:
    """Serve `routes`, each described by the first line of its handler's docstring."""
    for method, path, handler in routes:
        app.add_api_route(
            path,
            _endpoint(handler, services),
            methods=[method],
            name=handler.__name__,
            summary=(handler.__doc__ or "").splitlines()[0].rstrip("."),
            tags=[tag],
            response_model=None,
            response_class=Response,
        )


def _endpoint(handler: Callable[[Call], Any], services: Callable[[], Services]) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        return answer(await handler(Call(request, services())))

    endpoint.__annotations__ = {"request": Request, "return": Response}
    return endpoint
