"""Webhooks: an HTTP request from outside starts a process or correlates a message.

    /api/webhooks       declare, list, switch, remove them: for people, behind the API's own authentication
    /api/hooks/{id}     the request from outside: proves itself by the webhook's token or by a signature of its body

Expressions (FEEL) say what to make of a request. They see `body` (JSON data, a form's fields, or text), `headers`
(names in small letters), `query` and `method`. docs/connectors.md is the manual.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets as random
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypedDict, cast
from urllib.parse import parse_qs
from uuid import NAMESPACE_URL, uuid4, uuid5

import orjson
from pydantic import Field
from starlette.requests import Request

from api.beside import Route
from api.correlation import Correlation, Receiver, starting_definitions, waiting_executions
from api.dates import format_date
from api.engine import CommandRejected, InstanceExists, InstanceNotFound, new_instance_id
from api.errors import RestError, invalid_request, rest_exception
from api.operations import Body, Call
from dmn import feel
from interpreter.commands import StartInstance, TriggerEvent, Variables
from store import definitions, webhooks
from store.errors import NotFound
from store.instances import HISTORIC_PROCESS_INSTANCES
from store.webhooks import WebhookRow

WEBHOOKS: Final = "/api/webhooks"
HOOKS: Final = "/api/hooks"
MAX_EXPRESSION: Final = 10_000

_RULES: Final = ("condition", "variables", "businessKey", "correlationKey", "deliveryId")
_SIGNATURE: Final = "x-hub-signature-256"
_TOKEN: Final = "x-webhook-token"
#: What proves a request is nothing for variables.
_HIDDEN_HEADERS: Final = ("authorization", "cookie", "proxy-authorization", _TOKEN, _SIGNATURE)


class WebhookBody(Body):
    """A new webhook. Exactly one of `processDefinitionKey` and `messageName`; the rest is optional.

    `condition`, `variables`, `businessKey`, `correlationKey` and `deliveryId` are FEEL. `authentication` is `token` or
    `signature`. `timeToLive` is for messages, in ms.
    """

    name: str | None = None
    processDefinitionKey: str | None = None
    messageName: str | None = None
    tenantId: str | None = None
    authentication: str = "token"
    condition: str | None = None
    variables: str | None = None
    businessKey: str | None = None
    correlationKey: str | None = None
    deliveryId: str | None = None
    timeToLive: int = Field(default=0, ge=0, le=30 * 86_400_000)
    enabled: bool = True


class EnabledBody(Body):
    enabled: bool


class WebhookDto(TypedDict):
    id: str
    url: str
    name: str | None
    processDefinitionKey: str | None
    messageName: str | None
    tenantId: str | None
    authentication: str
    condition: str | None
    variables: str | None
    businessKey: str | None
    correlationKey: str | None
    deliveryId: str | None
    timeToLive: int
    enabled: bool
    created: str | None
    createdBy: str | None


# --- declaring ------------------------------------------------------------------------------------------------------


async def create_webhook(call: Call) -> Any:
    """Declare a webhook; its secret is in this answer only."""
    body = await call.body(WebhookBody)
    if bool(body.processDefinitionKey) == bool(body.messageName):
        raise invalid_request("Expected one of processDefinitionKey and messageName but there are both or none.")
    if body.authentication not in ("token", "signature"):
        raise invalid_request(f"Expected authentication token or signature but it was {body.authentication!r}.")
    if body.correlationKey and not body.messageName:
        raise invalid_request("Expected a messageName with the correlationKey but there is none.")
    if body.timeToLive and not body.correlationKey:
        raise invalid_request("Expected a correlationKey with the timeToLive but there is none.")
    if body.correlationKey and body.businessKey:
        raise invalid_request("Expected a correlationKey or a businessKey for the message but there are both.")
    rules = {name: text for name in _RULES if (text := getattr(body, name))}
    for name, text in rules.items():
        _compiled(text, name)
    secret = random.token_urlsafe(32)
    row = await webhooks.create(
        call.services.database,
        id=str(uuid4()),
        name=body.name,
        kind="process" if body.processDefinitionKey else "message",
        target=body.processDefinitionKey or body.messageName or "",
        tenant_id=body.tenantId,
        authentication=body.authentication,
        secret=_kept(body.authentication, secret),
        rules=rules,
        time_to_live=body.timeToLive,
        enabled=body.enabled,
        created_by=call.user,
    )
    return {**_dto(row), "secret": secret}


async def list_webhooks(call: Call) -> Any:
    """The webhooks, the oldest first; `firstResult` and `maxResults` (100) page."""
    first, limit = _number(call, "firstResult", 0), min(_number(call, "maxResults", 100), 1000)
    return [_dto(row) for row in await webhooks.listed(call.services.database, first, limit)]


async def get_webhook(call: Call) -> Any:
    """One webhook, without its secret."""
    return _dto(await webhooks.get(call.services.database, call["id"]))


async def enable_webhook(call: Call) -> None:
    """Switch a webhook on or off."""
    await webhooks.enable(call.services.database, call["id"], (await call.body(EnabledBody)).enabled)


async def renew_secret(call: Call) -> Any:
    """A new secret; the old one does not count any more."""
    row = await webhooks.get(call.services.database, call["id"])
    secret = random.token_urlsafe(32)
    await webhooks.change_secret(call.services.database, row.id, _kept(row.authentication, secret))
    return {**_dto(row), "secret": secret}


async def delete_webhook(call: Call) -> None:
    """Remove a webhook."""
    await webhooks.delete(call.services.database, call["id"])


# --- the request from outside ---------------------------------------------------------------------------------------


async def receive(call: Call) -> Any:
    """Start the process or correlate the message that the webhook is for."""
    try:
        row = await webhooks.get(call.services.database, call["id"])
    except NotFound:
        raise _unknown() from None
    raw = await call.request.body()
    if not _is_proven(row, call.request.headers, raw):
        raise RestError(401, "NotAuthorizedException", "Expected the webhook's token or signature but it is not there.")
    if not row.enabled:
        raise _unknown()
    scope = {
        "body": _content(call.request, raw),
        "headers": {name: value for name, value in call.request.headers.items() if name not in _HIDDEN_HEADERS},
        "query": dict(call.query),
        "method": call.request.method,
    }
    if "condition" in row.rules and _evaluate(row, "condition", scope) is not True:
        return {"skipped": True}
    variables = _variables(row, scope)
    delivery = _text(row, "deliveryId", scope)
    if row.kind == "process":
        return await _start(call, row, variables, _text(row, "businessKey", scope), delivery)
    if "correlationKey" in row.rules:
        receiver = await call.services.engine.publish(
            call.services.database,
            row.target,
            _text(row, "correlationKey", scope),
            variables,
            ttl=row.time_to_live,
            id=None if delivery is None else f"webhook:{row.id}:{delivery}",
            tenant=row.tenant_id,
        )
        return {"receiver": receiver, "accepted": receiver is not None or row.time_to_live > 0}
    return await _correlate(call, row, variables, _text(row, "businessKey", scope), delivery)


async def _start(
    call: Call, row: WebhookRow, variables: Variables, business_key: str | None, delivery: str | None
) -> dict[str, Any]:
    definition = await definitions.latest(call.services.database, row.target, row.tenant_id)
    if definition is None:
        raise rest_exception(f"Expected a process definition with key '{row.target}' but there is none.", 409)
    return await _start_definition(call, row, definition, None, variables, business_key, delivery)


async def _start_definition(
    call: Call,
    row: WebhookRow,
    definition: Any,
    node: str | None,
    variables: Variables,
    business_key: str | None,
    delivery: str | None,
) -> dict[str, Any]:
    """Start an instance, or find the one that the same delivery has started before."""
    if definition.suspended:
        raise rest_exception(f"Expected process definition '{definition.id}' to be active but it is suspended.", 409)
    instance_id = new_instance_id()
    if delivery is not None:
        instance_id = str(uuid5(NAMESPACE_URL, f"webhook:{row.id}:{delivery}"))
        if await HISTORIC_PROCESS_INSTANCES.get(call.services.database, instance_id) is not None:
            return {"processInstanceId": instance_id, "duplicate": True}
    command = StartInstance(
        now=0,
        instance_id=instance_id,
        variables=variables,
        business_key=business_key,
        start_node=node,
        tenant=definition.tenant_id,
    )
    try:
        await call.services.engine.start(definition, command)
    except InstanceExists:
        return {"processInstanceId": instance_id, "duplicate": True}
    return {"processInstanceId": instance_id, "duplicate": False}


async def _correlate(
    call: Call, row: WebhookRow, variables: Variables, business_key: str | None, delivery: str | None
) -> dict[str, Any]:
    """Camunda 7's correlation: exactly one execution that waits, else one definition that starts with the message."""
    wanted = Correlation(row.target, business_key, tenant=row.tenant_id, any_tenant=row.tenant_id is None)
    receivers = await waiting_executions(call, wanted)
    if not receivers:
        starts = await starting_definitions(call, "message", row.target, wanted.tenant, wanted.any_tenant)
        if len(starts) == 1:
            definition, node = starts[0]
            return await _start_definition(call, row, definition, node, variables, business_key, delivery)
        raise _mismatch(row, len(starts))
    if len(receivers) > 1:
        raise _mismatch(row, len(receivers))
    return await _deliver(call, row, receivers[0], variables, delivery)


async def _deliver(
    call: Call, row: WebhookRow, receiver: Receiver, variables: Variables, delivery: str | None
) -> dict[str, Any]:
    update = None if delivery is None else f"webhook:{row.id}:{delivery}"
    try:
        await call.services.engine.execute(
            receiver.instance_id, TriggerEvent(now=0, wait=receiver.wait, variables=variables), update
        )
    except (CommandRejected, InstanceNotFound) as error:
        raise rest_exception(f"Expected the execution to wait for '{row.target}' but: {error}", 409) from error
    return {"receiver": f"{receiver.instance_id}:{receiver.wait}", "accepted": True}


def _mismatch(row: WebhookRow, number: int) -> RestError:
    return rest_exception(f"Expected exactly one receiver of message '{row.target}' but there are {number}.", 409)


def _unknown() -> RestError:
    return invalid_request("Expected the address of a webhook but there is none here.", 404)


def _kept(authentication: str, secret: str) -> str:
    """What is stored: of a token its digest (it is random, so a fast one is enough), of a signature the key itself."""
    return hashlib.sha256(secret.encode()).hexdigest() if authentication == "token" else secret


def _is_proven(row: WebhookRow, headers: Mapping[str, str], raw: bytes) -> bool:
    if row.authentication == "signature":
        expected = "sha256=" + hmac.new(row.secret.encode(), raw, hashlib.sha256).hexdigest()
        return hmac.compare_digest(expected.encode(), headers.get(_SIGNATURE, "").strip().lower().encode())
    scheme, _, token = headers.get("authorization", "").partition(" ")
    given = token.strip() if scheme.lower() == "bearer" else headers.get(_TOKEN, "")
    return hmac.compare_digest(row.secret.encode(), hashlib.sha256(given.encode()).hexdigest().encode())


def _content(request: Request, raw: bytes) -> Any:
    if not raw or raw.isspace():
        return None
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json") or not kind:
        try:
            return orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            raise invalid_request(f"Expected a body of JSON but it cannot be parsed: {error.msg}.") from error
    text = raw.decode("utf-8", errors="replace")
    if kind == "application/x-www-form-urlencoded":
        try:
            fields = parse_qs(text, keep_blank_values=True, max_num_fields=1000)
        except ValueError as error:
            raise invalid_request("Expected a form of at most 1000 fields but there are more.") from error
        return {name: values[0] if len(values) == 1 else values for name, values in fields.items()}
    return text


# --- expressions ----------------------------------------------------------------------------------------------------


def _compiled(text: str, name: str) -> feel.Compiled:
    if len(text) > MAX_EXPRESSION:
        raise invalid_request(f"Expected '{name}' to have at most {MAX_EXPRESSION} characters but it has {len(text)}.")
    try:
        return feel.compile_expression(text.strip().removeprefix("="), dialect="camunda")
    except feel.FeelSyntaxError as error:
        raise invalid_request(f"Expected '{name}' to be FEEL but: {error}") from error


def _evaluate(row: WebhookRow, name: str, scope: Mapping[str, Any]) -> Any:
    result = _compiled(row.rules[name], name).evaluate(scope, now=datetime.now(UTC))
    if any(warning.code == "LIMIT" for warning in result.warnings):
        raise invalid_request(f"Expected '{name}' of the webhook to stay within FEEL's limits but it did not.")
    return feel.to_json(result.value)


def _variables(row: WebhookRow, scope: Mapping[str, Any]) -> Variables:
    """What the expression yields; without one the members of the body, or the body as variable `body`."""
    value = _evaluate(row, "variables", scope) if "variables" in row.rules else scope["body"]
    if isinstance(value, dict):
        return cast("dict[str, Any]", value)
    if "variables" in row.rules:
        raise invalid_request("Expected 'variables' of the webhook to yield a context but it was something else.")
    return {} if value is None else {"body": value}


def _text(row: WebhookRow, name: str, scope: Mapping[str, Any]) -> str | None:
    if name not in row.rules:
        return None
    value = _evaluate(row, name, scope)
    if isinstance(value, bool) or not isinstance(value, str | int | float) or value == "" or len(str(value)) > 255:
        raise invalid_request(f"Expected '{name}' of the webhook to yield text of 1 to 255 characters but it did not.")
    return str(value)


def _number(call: Call, name: str, default: int) -> int:
    text = call.query.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise invalid_request(f"Expected the parameter '{name}' to be a number but it was {text!r}.")
    return int(text)


def _dto(row: WebhookRow) -> WebhookDto:
    return {
        "id": row.id,
        "url": f"{HOOKS}/{row.id}",
        "name": row.name,
        "processDefinitionKey": row.target if row.kind == "process" else None,
        "messageName": row.target if row.kind == "message" else None,
        "tenantId": row.tenant_id,
        "authentication": row.authentication,
        "condition": row.rules.get("condition"),
        "variables": row.rules.get("variables"),
        "businessKey": row.rules.get("businessKey"),
        "correlationKey": row.rules.get("correlationKey"),
        "deliveryId": row.rules.get("deliveryId"),
        "timeToLive": row.time_to_live,
        "enabled": row.enabled,
        "created": format_date(row.created_at),
        "createdBy": row.created_by,
    }


# --- routes ---------------------------------------------------------------------------------------------------------

ROUTES: Final[tuple[Route, ...]] = (
    ("POST", WEBHOOKS, create_webhook),
    ("GET", WEBHOOKS, list_webhooks),
    ("GET", WEBHOOKS + "/{id}", get_webhook),
    ("PUT", WEBHOOKS + "/{id}/enabled", enable_webhook),
    ("POST", WEBHOOKS + "/{id}/secret", renew_secret),
    ("DELETE", WEBHOOKS + "/{id}", delete_webhook),
    ("POST", HOOKS + "/{id}", receive),
)
