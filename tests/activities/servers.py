"""Real servers on this machine: HTTP with scripted answers, and SMTP."""

from __future__ import annotations

import asyncio
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP


@dataclass
class Request:
    """One request as the server saw it. Names of headers are in small letters."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Reply:
    """What to answer. `pause` in seconds comes before the status, `drip` between the bytes of the body."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict[str, str])
    pause: float = 0
    drip: float = 0


@dataclass
class HttpServer:
    """`answer` decides; `requests` is what came."""

    port: int
    requests: list[Request]
    answer: Callable[[Request], Reply]

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"


@contextmanager
def http_server(tls: ssl.SSLContext | None = None) -> Iterator[HttpServer]:
    """Serve until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def serve(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(self.command, self.path, headers, self.rfile.read(length))
            found.requests.append(request)
            reply = found.answer(request)
            time.sleep(reply.pause)
            try:
                self.send_response(reply.status)
                for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                if reply.drip:
                    for byte in reply.body:
                        self.wfile.write(bytes([byte]))
                        time.sleep(reply.drip)
                elif self.command != "HEAD":
                    self.wfile.write(reply.body)
            except OSError:
                self.close_connection = True  # the client has gone, which is what some tests are about

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = serve

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    found = HttpServer(server.server_address[1], [], lambda request: Reply())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


@dataclass
class Letter:
    """One message as the SMTP server got it."""

    sender: str
    recipients: list[str]
    message: Message


@dataclass
class MailBox:
    """`refuse` maps recipients to what the server says about them; `answer` is what it says to the message."""

    port: int = 0
    letters: list[Letter] = field(default_factory=list[Letter])
    refuse: dict[str, str] = field(default_factory=dict[str, str])
    answer: str = "250 taken"
    logins: list[tuple[bytes, bytes]] = field(default_factory=list[tuple[bytes, bytes]])

    async def handle_RCPT(self, server: SMTP, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:
        if self.answer.startswith("250"):
            self.letters.append(
                Letter(
                    envelope.mail_from, list(envelope.rcpt_tos), message_from_bytes(envelope.content, policy=default)
                )
            )
        return self.answer


class _Controller(Controller):
    def __init__(self, box: MailBox, **options: Any) -> None:
        super().__init__(box, hostname="127.0.0.1", port=0, **options)

    def _trigger_server(self) -> None:
        """The base class connects to port 0; the real one is known only now."""
        self.port = self.server.sockets[0].getsockname()[1]  # type: ignore[union-attr]  # it has been started
        super()._trigger_server()


@contextmanager
def mail_server(**options: Any) -> Iterator[MailBox]:
    """An SMTP server until the block ends."""
    box = MailBox()
    controller = _Controller(box, loop=asyncio.new_event_loop(), **options)
    controller.start()
    box.port = controller.port
    try:
        yield box
    finally:
        controller.stop()
        controller.loop.close()
