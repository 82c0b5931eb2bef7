"""/api/messages: messages that wait for their receiver.

Camunda's `POST /message` needs somebody who waits already. Here a message may come first: it is kept for its time to
live and delivered once, to the first subscription with its name and correlation key, or it starts a process. With an
id it may be sent again without being delivered again. docs/messages.md is the manual.
"""

from __future__ import annotations

from typing import Final, Literal, TypedDict
from uuid import uuid4

from pydantic import Field

from api.beside import Route
from api.bodies import Variables
from api.dates import format_date
from api.errors import rest_exception
from api.operations import Body, Call
from api.variables import read_variables
from store import messages
from store.messages import MessageRow

MESSAGES: Final = "/api/messages"
LONGEST: Final = 30 * 86_400_000


class PublishBody(Body):
    """`timeToLive` in ms; `variables` as everywhere in Camunda's API."""

    messageName: str = Field(min_length=1, max_length=500)
    correlationKey: str | None = Field(default=None, max_length=500)
    messageId: str | None = Field(default=None, min_length=1, max_length=500)
    timeToLive: int = Field(default=0, ge=0, le=LONGEST)
    variables: Variables = None
    tenantId: str | None = None


class PublishedDto(TypedDict):
    """`state`: `received` (by `processInstanceId`), `waiting` (until `expires`, or while its receiver does not answer),
    or `gone` (nobody waits for it, and it does not wait)."""

    messageId: str
    state: Literal["received", "waiting", "gone"]
    processInstanceId: str | None
    expires: str | None


async def publish(call: Call) -> PublishedDto:
    """Publish a message that waits for its receiver."""
    body = await call.body(PublishBody)
    message_id = body.messageId or str(uuid4())
    await call.services.engine.publish(
        call.services.database,
        body.messageName,
        body.correlationKey,
        read_variables(body.variables, "variables"),
        ttl=body.timeToLive,
        id=message_id,
        tenant=body.tenantId,
    )
    return _dto(await _find(call, body.messageName, body.correlationKey, message_id))


async def look(call: Call) -> PublishedDto:
    """What has become of a message; `messageName`, `messageId` and `correlationKey` as it was published."""
    name, key, message_id = call.query.get("messageName"), call.query.get("correlationKey"), call.query.get("messageId")
    return _dto(await _find(call, name or "", key, message_id or ""))


async def _find(call: Call, name: str, key: str | None, message_id: str) -> MessageRow:
    found = await messages.find(call.services.database, name, key, message_id)
    if found is None:
        raise rest_exception(
            f"Expected a message {name!r} with id {message_id!r} but there is none; it is forgotten some time after it "
            "was received or has expired.",
            404,
        )
    return found


def _dto(row: MessageRow) -> PublishedDto:
    state = "received" if row.delivered and row.receiver else "gone" if row.is_over else "waiting"
    return {
        "messageId": row.id,
        "state": state,
        "processInstanceId": row.receiver.partition(":")[0] if state == "received" and row.receiver else None,
        "expires": format_date(row.expires_at) if state == "waiting" else None,
    }


ROUTES: Final[tuple[Route, ...]] = (("POST", MESSAGES, publish), ("GET", MESSAGES, look))
