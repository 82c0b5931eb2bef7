"""The e-mail connector, with a real SMTP server on this machine."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import trustme
from aiosmtpd.smtp import AuthResult, LoginPassword
from temporalio.exceptions import ApplicationError

from activities.connectors import ConnectorActivities, ConnectorSettings, MailServer
from tests.activities.servers import MailBox, mail_server


@pytest.fixture
def box() -> Iterator[MailBox]:
    with mail_server() as found:
        yield found


def _server(box: MailBox, **changes: Any) -> MailServer:
    server = MailServer("127.0.0.1", box.port, "none", sender="engine@example.org", recipients=("*@example.org",))
    return replace(server, **changes)


def _connectors(box: MailBox, **changes: Any) -> ConnectorActivities:
    return ConnectorActivities(ConnectorSettings(mail=_server(box, **changes), secrets={"SIGN": "s3cret"}))


def _job(type: str = "mail-send", /, **fields: Any) -> dict[str, Any]:
    return {"type": type, "headers": {"fields": fields}, "secrets": ["SIGN"], "instance_id": "i-1", "key": 7}


async def _refusal(connectors: ConnectorActivities, job: dict[str, Any]) -> ApplicationError:
    with pytest.raises(ApplicationError) as refusal:
        await connectors.run(job)
    return refusal.value


async def test_a_letter_with_everything(box: MailBox) -> None:
    answer = await _connectors(box).run(
        _job(
            **{"from": "ann@example.org"},
            fromAlias="Ann Zoë",
            to="Bob <bob@example.org>, carl@example.org",
            cc=["dora@example.org"],
            bcc="eve@example.org",
            subject="Größe",
            text="Hello, {{secrets.SIGN}}",
            html="<p>Hello</p>",
            attachments=[
                {"fileName": "a.txt", "contentType": "text/plain", "content": base64.b64encode(b"data").decode()}
            ],
        )
    )
    (letter,) = box.letters
    message: Any = letter.message
    assert letter.sender == "ann@example.org"
    assert letter.recipients == ["bob@example.org", "carl@example.org", "dora@example.org", "eve@example.org"]
    assert message["From"].addresses[0].display_name == "Ann Zoë"
    assert str(message["To"]) == "Bob <bob@example.org>, carl@example.org"
    assert str(message["Subject"]) == "Größe"
    assert message["Bcc"] is None
    assert message["Date"] is not None
    assert message.get_body(("plain",)).get_content().strip() == "Hello, s3cret"
    assert message.get_body(("html",)).get_content().strip() == "<p>Hello</p>"
    assert [part.get_content() for part in message.iter_attachments()] == ["data"]
    assert answer == {"result": {"messageId": str(message["Message-ID"]), "refused": {}}, "variables": {}}


async def test_every_attempt_has_the_same_message_id(box: MailBox) -> None:
    connectors = _connectors(box)
    first = await connectors.run(_job(to="a@example.org"))
    second = await connectors.run(_job(to="a@example.org"))
    assert first == second
    assert box.letters[0].sender == "engine@example.org", "the settings' sender"


async def test_camunda_8_template(box: MailBox) -> None:
    action = {
        "from": "ann@example.org",
        "to": "bob@example.org",
        "subject": "s",
        "contentType": "MULTIPART",
        "body": "plain",
        "htmlBody": "<b>rich</b>",
    }
    data = {
        "smtpAction": action,
        "smtpConfig": {"smtpHost": "127.0.0.1", "smtpPort": 25},
        "smtpActionDiscriminator": "sendEmailSmtp",
    }
    job = _job("io.camunda:email:1", protocol="smtp", data=data, authentication={"type": "simple"})
    job["headers"]["resultVariable"] = "mail"
    answer = await _connectors(box).run(job)
    message: Any = box.letters[0].message
    assert message.get_body(("html",)).get_content().strip() == "<b>rich</b>"
    assert answer["variables"]["mail"]["messageId"] == str(message["Message-ID"])
    data["smtpConfig"] = {"smtpHost": "elsewhere.example"}
    assert "OSTINATO_MAIL_SERVER" in (await _refusal(_connectors(box), job)).message
    assert "sendEmailSmtp" in (await _refusal(_connectors(box), _job("io.camunda:email:1", protocol="imap"))).message


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"to": "ann@evil.example"}, "OSTINATO_MAIL_RECIPIENTS"),
        ({"to": "ann@example.org", "bcc": "ann@evil.example"}, "OSTINATO_MAIL_RECIPIENTS"),
        ({"to": "ann@sub.example.org"}, "OSTINATO_MAIL_RECIPIENTS"),
        ({}, "somebody"),
        ({"to": "nobody"}, "address"),
        ({"to": "a@example.org\nBcc: b@evil.example"}, "one line"),
        ({"to": "a@example.org", "subject": "x\r\nBcc: b@evil.example"}, "can be written"),
        ({"to": "a@example.org", "fromAlias": "x\r\nBcc: b@evil.example"}, "can be written"),
        ({"to": "a@example.org", "attachments": "x"}, "list"),
        ({"to": "a@example.org", "attachments": [{"fileName": "a", "content": "!"}]}, "base64"),
        ({"to": "a@example.org", "attachments": [{"fileName": "a", "content": "", "contentType": "a/b\r\nx"}]}, "type"),
        ({"to": "a@example.org", "text": "x" * 10_000_001}, "10000000 bytes"),
        ({"to": [f"a{n}@example.org" for n in range(501)]}, "500"),
    ],
)
async def test_letters_that_are_refused(box: MailBox, fields: dict[str, Any], message: str) -> None:
    error = await _refusal(_connectors(box), _job(**fields))
    assert error.non_retryable
    assert message.lower() in error.message.lower()
    assert box.letters == []


async def test_without_settings_nothing_is_sent(box: MailBox) -> None:
    assert "OSTINATO_MAIL_SERVER" in (await _refusal(ConnectorActivities(), _job(to="a@example.org"))).message
    error = await _refusal(_connectors(box, recipients=()), _job(to="a@example.org"))
    assert "OSTINATO_MAIL_RECIPIENTS" in error.message
    error = await _refusal(_connectors(box, sender=None), _job(to="a@example.org"))
    assert "OSTINATO_MAIL_FROM" in error.message


@pytest.mark.parametrize(("said", "again"), [("550 no", False), ("451 later", True)])
async def test_what_the_server_refuses(box: MailBox, said: str, again: bool) -> None:
    box.answer = said
    error = await _refusal(_connectors(box), _job(to="a@example.org"))
    assert error.non_retryable is not again
    assert said in error.message
    box.answer, box.refuse = "250 taken", {"a@example.org": said}
    error = await _refusal(_connectors(box), _job(to="a@example.org"))
    assert error.non_retryable is not again


async def test_recipients_refused_one_by_one_are_in_the_result(box: MailBox) -> None:
    box.refuse = {"a@example.org": "550 no such user"}
    answer = await _connectors(box).run(_job(to="a@example.org, b@example.org"))
    assert answer["result"]["refused"] == {"a@example.org": "550 no such user"}
    assert box.letters[0].recipients == ["b@example.org"]


async def test_nobody_there_is_tried_again(box: MailBox) -> None:
    error = await _refusal(_connectors(box, port=1), _job(to="a@example.org"))
    assert not error.non_retryable


async def test_starttls_is_demanded_and_the_password_is_said_under_it_only(
    box: MailBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = await _refusal(_connectors(box, encryption="starttls"), _job(to="a@example.org"))
    assert "STARTTLS" in error.message
    assert box.letters == []
    authority = trustme.CA()
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    monkeypatch.setattr(ssl, "create_default_context", lambda *args, **options: trusting)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    logins: list[LoginPassword] = []

    def authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: LoginPassword) -> AuthResult:
        logins.append(data)
        return AuthResult(success=data.password == b"right", handled=False)

    with mail_server(require_starttls=True, tls_context=context, authenticator=authenticate) as safe:
        changes: dict[str, Any] = {"host": "localhost", "encryption": "starttls", "user": "u"}
        await _connectors(safe, password="right", **changes).run(_job(to="a@example.org"))
        assert (len(safe.letters), logins[0].login) == (1, b"u")
        error = await _refusal(_connectors(safe, password="wrong", **changes), _job(to="a@example.org"))
        assert error.non_retryable
        assert "wrong" not in error.message
