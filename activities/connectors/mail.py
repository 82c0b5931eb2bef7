"""E-mail: `mail-send` as Camunda 7's community connector has it, and Camunda 8's `io.camunda:email:1` (sending only).

    mail-send           from, fromAlias, to, cc, bcc, subject, text, html, attachments
    io.camunda:email:1  data.smtpAction.{from, to, cc, bcc, subject, contentType, body, htmlBody}

The server, its account and who may be written to come from the settings, never from the model. A mail keeps its
Message-ID over all attempts of a job, so that what was sent twice by a crash can be told by the receiver.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, getaddresses
from typing import Any, Final, cast

import aiosmtplib

from activities.connectors.failures import final, temporary
from activities.connectors.settings import MailServer

MAX_MESSAGE: Final = 10_000_000
MAX_RECIPIENTS: Final = 500
_ADDRESS: Final = re.compile(r"[^@\s<>,;\"]{1,64}@[^@\s<>,;\"]{1,253}")
_MEDIA_TYPE: Final = re.compile(r"[\w.+-]+/[\w.+-]+")


@dataclass(frozen=True, slots=True)
class Mail:
    """A message and who gets it."""

    message: EmailMessage
    sender: str
    recipients: tuple[str, ...]


def read_mail(fields: Mapping[str, Any], server: MailServer, message_id: str) -> Mail:
    """The mail that a `mail-send` connector describes. ConnectorFailure if it may not or cannot be sent."""
    sender = _addresses(fields.get("from") or server.sender, "from")
    if len(sender) != 1:
        raise final("Expected one sender ('from', or OSTINATO_MAIL_FROM in the settings) but there is none or several.")
    to, cc, bcc = (_addresses(fields.get(name), name) for name in ("to", "cc", "bcc"))
    recipients = tuple(dict.fromkeys(address for _, address in (*to, *cc, *bcc)))
    if not recipients:
        raise final("Expected somebody to send the e-mail to but 'to', 'cc' and 'bcc' are empty.")
    if len(recipients) > MAX_RECIPIENTS:
        raise final(f"Expected at most {MAX_RECIPIENTS} recipients but there are {len(recipients)}.")
    for address in recipients:
        if not _is_allowed(address, server.recipients):
            raise final(
                f"Expected an address that may be written to but it was {address!r}: list it, or '*@its.domain', in "
                "OSTINATO_MAIL_RECIPIENTS."
            )
    message = EmailMessage(policy=SMTP)
    try:
        alias = fields.get("fromAlias")
        message["From"] = _header([(str(alias) if alias else sender[0][0], sender[0][1])])
        for name, addresses in (("To", to), ("Cc", cc)):
            if addresses:
                message[name] = _header(addresses)
        message["Subject"] = str(fields.get("subject") or "")
        message["Date"] = formatdate(usegmt=True)
        message["Message-ID"] = message_id
        _write_body(message, fields)
        _attach(message, fields.get("attachments"))
        size = len(bytes(message))
    except (ValueError, MessageError, UnicodeError, LookupError) as error:
        raise final(f"Expected an e-mail that can be written but: {error}") from error
    if size > MAX_MESSAGE:
        raise final(f"Expected an e-mail of at most {MAX_MESSAGE} bytes but it has {size}.")
    return Mail(message, sender[0][1], recipients)


def camunda8_fields(fields: Mapping[str, Any], server: MailServer) -> dict[str, Any]:
    """The fields of Camunda 8's e-mail connector as those of `mail-send`. ConnectorFailure for what it does not do."""
    data = _map(fields.get("data"))
    action, config = _map(data.get("smtpAction")), _map(data.get("smtpConfig"))
    protocol = str(fields.get("protocol") or "smtp")
    kind = str(data.get("smtpActionDiscriminator") or action.get("smtpActionDiscriminator") or "sendEmailSmtp")
    if protocol != "smtp" or kind != "sendEmailSmtp":
        raise final(f"Expected an e-mail to be sent (smtp, sendEmailSmtp) but it was {protocol}, {kind}.")
    host = config.get("smtpHost")
    if host and str(host).strip().lower() != server.host.lower():
        raise final(
            f"Expected the mail server of the settings ({server.host!r}) but the model names {str(host)!r}: leave it "
            "out of the model, or change OSTINATO_MAIL_SERVER."
        )
    if _map(action.get("headers")):
        raise final("Expected an e-mail without headers of its own but the model names some.")
    found = {name: action.get(name) for name in ("from", "to", "cc", "bcc", "subject", "attachments")}
    content = str(action.get("contentType") or "PLAIN").upper()
    if content != "HTML":
        found["text"] = action.get("body")
    if content != "PLAIN":
        found["html"] = action.get("htmlBody")
    return found


async def send(mail: Mail, server: MailServer, timeout: float) -> dict[str, Any]:
    """Hand the mail over; `messageId`, and `refused`: what the server said about recipients it did not take.

    ConnectorFailure: temporary unless the server refuses for good (5xx).
    """
    try:
        async with asyncio.timeout(timeout):
            refused, _ = await aiosmtplib.send(
                mail.message,
                sender=mail.sender,
                recipients=list(mail.recipients),
                hostname=server.host,
                port=server.port,
                username=server.user,
                password=server.password,
                use_tls=server.encryption == "tls",
                start_tls=server.encryption == "starttls",
                timeout=min(timeout, 30.0),
            )
    except TimeoutError:  # aiosmtplib's own are among them
        raise temporary(f"Expected mail server {server.host!r} to answer in time but it did not.") from None
    except aiosmtplib.SMTPRecipientsRefused as error:
        sentences = "; ".join(f"{one.recipient}: {one.code} {one.message}" for one in error.recipients)[:1000]
        text = f"Expected mail server {server.host!r} to take the recipients but: {sentences}"
        raise (final(text) if all(one.code >= 500 for one in error.recipients) else temporary(text)) from error
    except aiosmtplib.SMTPResponseException as error:
        text = f"Expected mail server {server.host!r} to take the e-mail but: {error.code} {error.message}"[:1000]
        raise (final(text) if error.code >= 500 else temporary(text)) from error
    except (aiosmtplib.SMTPException, OSError) as error:
        reason = str(error) or type(error).__name__
        raise temporary(f"Expected mail server {server.host!r} to take the e-mail but: {reason}"[:1000]) from error
    return {
        "messageId": str(mail.message["Message-ID"]),
        "refused": {address: f"{said.code} {said.message}" for address, said in refused.items()},
    }


def _write_body(message: EmailMessage, fields: Mapping[str, Any]) -> None:
    text, html = fields.get("text"), fields.get("html")
    if html and not text:
        message.set_content(str(html), subtype="html")
        return
    message.set_content(str(text or ""))
    if html:
        message.add_alternative(str(html), subtype="html")


def _attach(message: EmailMessage, value: Any) -> None:
    if value is None or value == "":
        return
    if not isinstance(value, list):
        raise final("Expected the attachments of an e-mail to be a list of {fileName, contentType, content}.")
    for item in cast("list[Any]", value):
        fields = _map(item)
        name, content = str(fields.get("fileName") or ""), fields.get("content")
        kind = str(fields.get("contentType") or "application/octet-stream")
        if not name or not isinstance(content, str) or _MEDIA_TYPE.fullmatch(kind) is None:
            raise final("Expected an attachment with fileName, contentType and content (base64) but it was another.")
        try:
            data = base64.b64decode(content, validate=True)
        except binascii.Error:
            raise final(f"Expected the content of attachment {name!r} in base64 but it was not.") from None
        main, _, sub = kind.partition("/")
        message.add_attachment(data, maintype=main, subtype=sub, filename=name)


def _addresses(value: Any, name: str) -> list[tuple[str, str]]:
    """(name, address) pairs of a list or a text with commas."""
    if value is None or value == "":
        return []
    texts = [str(item) for item in cast("list[Any]", value)] if isinstance(value, list) else [str(value)]
    if any("\n" in text or "\r" in text or len(text) > 100_000 for text in texts):
        raise final(f"Expected addresses in '{name}' but there was more than one line.")
    found = [pair for pair in getaddresses(texts) if pair != ("", "")]
    for _, address in found:
        if _ADDRESS.fullmatch(address) is None:
            raise final(f"Expected an e-mail address in '{name}' but it was {address[:200]!r}.")
    if not found and any(text.strip() for text in texts):
        raise final(f"Expected e-mail addresses in '{name}' but there was something else.")
    return found


def _header(addresses: list[tuple[str, str]]) -> tuple[Address, ...]:
    return tuple(Address(display_name=name, addr_spec=address) for name, address in addresses)


def _is_allowed(address: str, patterns: tuple[str, ...]) -> bool:
    address = address.lower()
    domain = address.rpartition("@")[2]
    return any(pattern.lower() in ("*", address, f"*@{domain}") for pattern in patterns)


def _map(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
