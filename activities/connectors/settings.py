"""What connectors may do, and with what. Without settings they may do nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

DEFAULT_MAX_RESPONSE: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class MailServer:
    """An SMTP server. `encryption`: `starttls` (demanded, not merely tried), `tls` (from the first byte) or `none`.

    `sender` is the From of mails that name none. `recipients` are addresses that may be written to
    (`ann@example.org`, `*@example.org`, `*`); empty: nobody.
    """

    host: str
    port: int = 587
    encryption: str = "starttls"
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    sender: str | None = None
    recipients: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ConnectorSettings:
    """Settings of the connectors of one worker process.

    `hosts` may be called over HTTP (see `hosts.AllowList` for how they are written). `secrets` are what
    `{{secrets.NAME}}` stands for. `max_response` is the largest answer, in bytes.
    """

    hosts: tuple[str, ...] = ()
    secrets: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    mail: MailServer | None = None
    max_response: int = DEFAULT_MAX_RESPONSE
