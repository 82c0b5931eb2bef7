"""Operations: how a resource file declares what it serves, and what a handler gets to work with.

    task = Resource("task", "Task")

    @task.get("/{id}", answer=TaskDto, errors=(404,))
    async def get_task(call: Call) -> TaskDto:
        "Get a task."
        ...

A handler answers None (204), a `Response`, or JSON data (200). Its docstring, body model, query and answer type
describe the operation at /docs. Answers are written by orjson once and never validated again: the type checker sees
that every field of an answer's TypedDict is there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

import orjson
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from api.errors import RestError, invalid_request
from api.params import PAGING, Query

if TYPE_CHECKING:
    from api.services import Services

ENGINE_REST: Final = "/engine-rest"
_NO_CONTENT: Final = 204

Handler = Callable[["Call"], Awaitable[Any]]
Model = TypeVar("Model", bound="Body")


class Body(BaseModel):
    """Base of request bodies: unknown properties are ignored and numbers are texts where a text is expected."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True, populate_by_name=True)


class JsonResponse(Response):
    """`application/json`, exactly: official clients compare the header literally."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return orjson.dumps(content, default=_default, option=orjson.OPT_NON_STR_KEYS)


@dataclass(slots=True)
class Call:
    """One request as handlers see it."""

    request: Request
    services: Services

    @property
    def query(self) -> QueryParams:
        """Parameters of the URL."""
        return self.request.query_params

    @property
    def user(self) -> str | None:
        """The authenticated user, if authentication is on."""
        return self.request.scope.get("ostinato.user")

    def __getitem__(self, name: str) -> str:
        """A parameter of the path."""
        return self.request.path_params[name]

    def accepts(self, media_type: str) -> bool:
        """True if the client names this media type before or instead of plain JSON."""
        for part in self.request.headers.get("accept", "").split(","):
            kind = part.partition(";")[0].strip().lower()
            if kind == media_type:
                return True
            if kind == "application/json":
                return False
        return False

    async def json(self) -> Any:
        """The body as JSON data; None when there is none. RestError 400 or 415."""
        raw = await self.request.body()
        if not raw or raw.isspace():
            return None
        media_type = self.request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
        if media_type != "application/json" and not media_type.endswith("+json"):
            raise RestError(
                415, "NotSupportedException", f"Expected a body of application/json but it is {media_type}."
            )
        try:
            return orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            raise invalid_request(
                f"Expected a body of JSON but it cannot be parsed: {error.msg} "
                f"at line {error.lineno}, column {error.colno}."
            ) from error

    async def body(self, model: type[Model]) -> Model:
        """The body as `model`; an absent body is an empty one. RestError 400 names the field that is wrong."""
        data = await self.json()
        try:
            return model.model_validate({} if data is None else data)
        except ValidationError as error:
            raise invalid_request(_explain(error)) from error

    async def criteria(self, query: Query) -> Any:
        """The criteria of a query: from the URL for GET, from the body otherwise."""
        if self.request.method == "POST":
            return query.from_body(await self.json(), self.query)
        return query.from_get(self.query)


@dataclass(frozen=True, slots=True)
class Operation:
    """One method on one path, with all that its description needs. Paths are relative to `ENGINE_REST`."""

    method: str
    path: str
    handler: Handler
    tag: str
    answer: Any = None
    body: Any = None
    query: Query | None = None
    params: tuple[dict[str, Any], ...] = ()
    errors: tuple[int, ...] = ()
    media: str = "application/json"
    also: tuple[str, ...] = ()  # other media types that the handler can answer with
    paging: bool = False
    hidden: bool = False


@dataclass(slots=True)
class Resource:
    """The operations of one of Camunda's resources, in the order in which they are declared."""

    path: str
    tag: str
    operations: list[Operation] = field(default_factory=list[Operation])

    def operation(self, method: str, path: str = "", **description: Any) -> Callable[[Handler], Handler]:
        """Declare `handler` for `method` on `path` below this resource; see `Operation` for the description."""

        def declare(handler: Handler) -> Handler:
            self.operations.append(Operation(method, f"/{self.path}{path}", handler, self.tag, **description))
            return handler

        return declare

    def get(self, path: str = "", **description: Any) -> Callable[[Handler], Handler]:
        return self.operation("GET", path, **description)

    def post(self, path: str = "", **description: Any) -> Callable[[Handler], Handler]:
        return self.operation("POST", path, **description)

    def put(self, path: str = "", **description: Any) -> Callable[[Handler], Handler]:
        return self.operation("PUT", path, **description)

    def delete(self, path: str = "", **description: Any) -> Callable[[Handler], Handler]:
        return self.operation("DELETE", path, **description)


def boolean_param(name: str) -> dict[str, Any]:
    """OpenAPI description of a boolean in the URL."""
    return {"name": name, "in": "query", "schema": {"type": "boolean"}}


def text_param(name: str) -> dict[str, Any]:
    """OpenAPI description of a text in the URL."""
    return {"name": name, "in": "query", "schema": {"type": "string"}}


class Watch(Protocol):
    """Sees the operations that authenticated users carry out."""

    async def before(self, call: Call) -> Any:
        """Called before the handler; what it returns is given to `after`."""
        ...

    async def after(self, call: Call, subject: Any, result: Any) -> None:
        """Called when the handler has succeeded, before its answer is sent."""
        ...


def mount(
    app: FastAPI,
    operations: Sequence[Operation],
    services: Callable[[], Services],
    watches: Mapping[tuple[str, str], Watch],
) -> None:
    """Serve `operations` below `ENGINE_REST`, described at /docs. Literal paths win over those with parameters.

    `watches` are told of operations by method and path.
    """
    for operation in _matching_order(operations):
        app.add_api_route(
            ENGINE_REST + operation.path,
            _endpoint(operation, services, watches.get((operation.method, operation.path))),
            methods=[operation.method],
            name=operation.handler.__name__,
            operation_id=_operation_id(operation),
            summary=_summary(operation.handler),
            tags=[operation.tag],
            response_model=None,
            response_class=Response,
            status_code=200 if operation.answer is not None else _NO_CONTENT,
            include_in_schema=not operation.hidden,
            openapi_extra=_describe(operation),
        )
    app.openapi = _OpenApi(app, operations)


def _matching_order(operations: Sequence[Operation]) -> list[Operation]:
    """Resources stay in their order, which puts the busy ones first; inside one, literal segments before parameters."""
    rank: dict[str, int] = {}
    for operation in operations:
        rank.setdefault(operation.path.split("/")[1], len(rank))

    def key(operation: Operation) -> tuple[int, list[bool]]:
        parts = operation.path.split("/")
        return rank[parts[1]], [part.startswith("{") for part in parts]

    return sorted(operations, key=key)


def answer(result: Any) -> Response:
    """The HTTP answer for what a handler returned."""
    if result is None:
        return Response(status_code=_NO_CONTENT)
    return result if isinstance(result, Response) else JsonResponse(result)


def _endpoint(
    operation: Operation, services: Callable[[], Services], watch: Watch | None
) -> Callable[[Request], Awaitable[Response]]:
    handler = operation.handler
    answers_json = operation.answer is not None and operation.media == "application/json"

    async def endpoint(request: Request) -> Response:
        if answers_json:
            _check_accept(request.headers.get("accept"), operation.also)
        call = Call(request, services())
        if watch is None or call.user is None:
            return answer(await handler(call))
        subject = await watch.before(call)
        result = await handler(call)
        await watch.after(call, subject, result)
        return answer(result)

    endpoint.__annotations__ = {"request": Request, "return": Response}
    return endpoint


def _check_accept(accept: str | None, also: tuple[str, ...]) -> None:
    """Refuse a client that takes no JSON before anything is done for it."""
    if accept and not any(kind in accept for kind in ("application/json", "*/*", "application/*", "+json", *also)):
        raise RestError(406, "NotAcceptableException", f"Expected a client that accepts JSON but it accepts {accept}.")


def _default(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, tuple | set | frozenset):
        return list(value)
    raise TypeError(f"Expected an answer of JSON data but it holds {type(value).__name__}.")


def _explain(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "the body"
    reason = first["msg"][:1].lower() + first["msg"][1:]
    return f'Cannot read "{where}" of the request body: {reason}.'


# --- description ----------------------------------------------------------------------------------------------------

_REFERENCE: Final = "#/components/schemas/{model}"
ERROR_SCHEMA: Final = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "message": {"type": "string", "nullable": True},
        "code": {"type": "integer", "nullable": True},
    },
}


class _OpenApi:
    """`app.openapi`: FastAPI's description with the schemas of our bodies and answers, made once."""

    def __init__(self, app: FastAPI, operations: Sequence[Operation]) -> None:
        self._app = app
        self._operations = operations
        self._description: dict[str, Any] | None = None

    def __call__(self) -> dict[str, Any]:
        if self._description is None:
            self._description = self._build()
        return self._description

    def _build(self) -> dict[str, Any]:
        description = get_openapi(
            title=self._app.title,
            version=self._app.version,
            description=self._app.description,
            routes=self._app.routes,
        )
        adapters = [
            (index, mode, TypeAdapter(kind))
            for index, operation in enumerate(self._operations)
            for kind, mode in ((operation.answer, "serialization"), (operation.body, "validation"))
            if kind is not None
        ]
        found, definitions = TypeAdapter.json_schemas(adapters, ref_template=_REFERENCE)  # pyright: ignore[reportArgumentType]  # modes are literals
        schemas = description.setdefault("components", {}).setdefault("schemas", {})
        schemas.update(definitions.get("$defs", {}))
        schemas["ExceptionDto"] = ERROR_SCHEMA
        paths = description["paths"]
        for index, operation in enumerate(self._operations):
            if operation.hidden:
                continue
            entry = paths[ENGINE_REST + operation.path][operation.method.lower()]
            if operation.answer is not None:
                content = entry["responses"].setdefault("200", {"description": "Success"}).setdefault("content", {})
                content[operation.media] = {"schema": found[(index, "serialization")]}
            if operation.body is not None:
                entry["requestBody"]["content"]["application/json"]["schema"] = found[(index, "validation")]
        return description


def _describe(operation: Operation) -> dict[str, Any]:
    """What FastAPI cannot see: parameters, body and errors."""
    path_params = [
        {"name": part[1:-1], "in": "path", "required": True, "schema": {"type": "string"}}
        for part in operation.path.split("/")
        if part.startswith("{")
    ]
    params: list[dict[str, Any]] = [*path_params, *operation.params]
    extra: dict[str, Any] = {}
    if operation.query is not None:
        if operation.method == "GET":
            params += operation.query.parameters(operation.paging, operation.paging)
        else:
            params += PAGING if operation.paging else []
            extra["requestBody"] = {"content": {"application/json": {"schema": operation.query.schema()}}}
    if operation.body is not None:
        extra["requestBody"] = {"content": {"application/json": {"schema": {}}}}
    if params:
        extra["parameters"] = params
    error = {"content": {"application/json": {"schema": {"$ref": _REFERENCE.format(model="ExceptionDto")}}}}
    extra["responses"] = {str(status): {"description": "Error", **error} for status in (*operation.errors, 500)}
    return extra


def _operation_id(operation: Operation) -> str:
    return f"{operation.method.lower()}{operation.path}".replace("/", "_").replace("{", "").replace("}", "")


def _summary(handler: Handler) -> str:
    return (handler.__doc__ or handler.__name__).strip().splitlines()[0].rstrip(".")
