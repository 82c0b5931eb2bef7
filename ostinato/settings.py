"""The settings of every part, read from the environment: here and nowhere else.

Each room defines the small frozen dataclass that it needs; this module fills them. Every variable starts with
OSTINATO_; an empty value counts as absent. A value that cannot be read is a `UserError` that names its variable.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from ostinato.errors import UserError

if TYPE_CHECKING:
    from activities.connectors.settings import ConnectorSettings, MailServer
    from api.settings import ApiSettings
    from interpreter.workflow.connection import TemporalConnection
    from worker.settings import WorkerSettings

PREFIX: Final = "OSTINATO_"
_MAIL_SCHEMES = {"smtp": ("starttls", 587), "smtps": ("tls", 465), "smtp+plain": ("none", 25)}
_PROFILES = ("c7", "spec")
_LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment says. None means: not set, so `ostinato dev` starts a server of its own."""

    home: Path = Path(".ostinato")
    database_url: str | None = None
    temporal_address: str | None = None
    temporal_namespace: str = "default"
    temporal_api_key: str | None = None
    temporal_tls: bool = False
    temporal_tls_server_name: str | None = None
    temporal_tls_ca: Path | None = None
    temporal_tls_certificate: Path | None = None
    temporal_tls_key: Path | None = None
    temporal_port: int = 7233
    temporal_ui_port: int = 8233
    postgres_port: int = 5432
    task_queue: str = "ostinato"
    profile: str = "c7"
    max_cached_workflows: int = 1000
    api_host: str = "127.0.0.1"
    api_port: int = 8080
    api_users: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    cors_origins: tuple[str, ...] = ()
    cleanup_window: tuple[time, time] | None = None
    batch_history_days: int | None = None
    url: str = "http://127.0.0.1:8080/engine-rest"
    web_directory: Path | None = None
    log_level: str = "INFO"
    ready_file: Path | None = None
    build_id: str | None = None
    scripts: tuple[str, ...] = ()
    http_hosts: tuple[str, ...] = ()
    http_max_response: int = 1_000_000
    mail_server: str | None = field(default=None, repr=False)
    mail_from: str | None = None
    mail_recipients: tuple[str, ...] = ()
    secrets: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    debug: bool = False

    def temporal(self) -> TemporalConnection:
        """How to reach Temporal."""
        from interpreter.workflow.connection import TemporalConnection

        return TemporalConnection(
            address=self.temporal_address or f"127.0.0.1:{self.temporal_port}",
            namespace=self.temporal_namespace,
            api_key=self.temporal_api_key,
            tls=self.temporal_tls,
            tls_server_name=self.temporal_tls_server_name,
            tls_ca=self.temporal_tls_ca,
            tls_certificate=self.temporal_tls_certificate,
            tls_key=self.temporal_tls_key,
        )

    def required_database_url(self) -> str:
        """The database's URL; raises UserError if it is not set."""
        if self.database_url is None:
            raise UserError(
                "Expected OSTINATO_DATABASE_URL to name a PostgreSQL database "
                "(postgresql://user:password@host:5432/name) but it is not set; `ostinato dev` brings a database along"
            )
        return self.database_url

    def worker(self) -> WorkerSettings:
        """What `worker.main.run` is told."""
        from worker.settings import WorkerSettings

        return WorkerSettings(
            temporal=self.temporal(),
            database_url=self.required_database_url(),
            task_queue=self.task_queue,
            profile=self.profile,
            max_cached_workflows=self.max_cached_workflows,
            log_level=self.log_level,
            ready_file=self.ready_file,
            build_id=self.build_id,
            scripts=self.scripts,
            connectors=self.connectors(),
        )

    def connectors(self) -> ConnectorSettings:
        """What connectors may do. UserError if a host or the mail server cannot be read."""
        from activities.connectors.hosts import AllowList
        from activities.connectors.settings import ConnectorSettings

        try:
            AllowList(self.http_hosts)
        except ValueError as error:
            raise UserError(str(error)) from error
        return ConnectorSettings(self.http_hosts, self.secrets, self._mail_server(), self.http_max_response)

    def _mail_server(self) -> MailServer | None:
        from activities.connectors.settings import MailServer

        if self.mail_server is None:
            return None
        try:
            url = urlsplit(self.mail_server)
            encryption, port = _MAIL_SCHEMES[url.scheme]
            if not url.hostname:
                raise ValueError("no host")
            return MailServer(
                host=url.hostname,
                port=url.port or port,
                encryption=encryption,
                user=None if url.username is None else unquote(url.username),
                password=None if url.password is None else unquote(url.password),
                sender=self.mail_from,
                recipients=self.mail_recipients,
            )
        except (KeyError, ValueError):
            raise UserError(
                "Expected OSTINATO_MAIL_SERVER to be like smtp://user:password@host:587 (STARTTLS), smtps://... (TLS) "
                "or smtp+plain://... (not encrypted) but it is not"
            ) from None

    def api(self) -> ApiSettings:
        """What `api.main.run` is told."""
        from api.settings import ApiSettings, CleanupSettings

        return ApiSettings(
            temporal=self.temporal(),
            database_url=self.required_database_url(),
            task_queue=self.task_queue,
            host=self.api_host,
            port=self.api_port,
            profile=self.profile,
            log_level=self.log_level,
            web_directory=self.web_directory,
            ready_file=self.ready_file,
            users=self.api_users,
            cors_origins=self.cors_origins,
            cleanup=CleanupSettings(*(self.cleanup_window or (None, None)), self.batch_history_days),
        )


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from the environment (or from the mapping given, for tests)."""
    read = _Reader(os.environ if environment is None else environment)
    default = Settings()
    return Settings(
        home=read.path("HOME") or default.home,
        database_url=read.database_url("DATABASE_URL"),
        temporal_address=read.text("TEMPORAL_ADDRESS"),
        temporal_namespace=read.text("TEMPORAL_NAMESPACE") or default.temporal_namespace,
        temporal_api_key=read.text("TEMPORAL_API_KEY"),
        temporal_tls=read.flag("TEMPORAL_TLS"),
        temporal_tls_server_name=read.text("TEMPORAL_TLS_SERVER_NAME"),
        temporal_tls_ca=read.path("TEMPORAL_TLS_CA"),
        temporal_tls_certificate=read.path("TEMPORAL_TLS_CERTIFICATE"),
        temporal_tls_key=read.path("TEMPORAL_TLS_KEY"),
        temporal_port=read.port("TEMPORAL_PORT", default.temporal_port),
        temporal_ui_port=read.port("TEMPORAL_UI_PORT", default.temporal_ui_port),
        postgres_port=read.port("POSTGRES_PORT", default.postgres_port),
        task_queue=read.text("TASK_QUEUE") or default.task_queue,
        profile=read.choice("PROFILE", _PROFILES, default.profile),
        max_cached_workflows=read.number("MAX_CACHED_WORKFLOWS", default.max_cached_workflows, 0, 1_000_000),
        api_host=read.text("API_HOST") or default.api_host,
        api_port=read.port("API_PORT", default.api_port),
        api_users=read.users("API_USERS"),
        cors_origins=read.words("CORS_ORIGINS"),
        cleanup_window=read.window("HISTORY_CLEANUP_WINDOW"),
        batch_history_days=read.number("BATCH_HISTORY_DAYS", -1, 0, 100_000)
        if read.text("BATCH_HISTORY_DAYS")
        else None,
        url=read.text("URL") or default.url,
        web_directory=read.path("WEB_DIRECTORY"),
        log_level=read.choice("LOG_LEVEL", _LOG_LEVELS, default.log_level),
        ready_file=read.path("READY_FILE"),
        build_id=read.text("BUILD_ID"),
        scripts=read.words("SCRIPTS"),
        http_hosts=read.words("HTTP_HOSTS"),
        http_max_response=read.number("HTTP_MAX_RESPONSE", default.http_max_response, 1_000, 50_000_000),
        mail_server=read.text("MAIL_SERVER"),
        mail_from=read.text("MAIL_FROM"),
        mail_recipients=read.words("MAIL_RECIPIENTS"),
        secrets=read.secrets("SECRETS_DIRECTORY") | read.group("SECRET_"),
        debug=read.flag("DEBUG"),
    )


def debug() -> bool:
    """True if OSTINATO_DEBUG asks for tracebacks; unlike `load`, it never fails."""
    return os.environ.get(PREFIX + "DEBUG", "").lower() in ("1", "true", "yes", "on")


def is_completing() -> bool:
    """True if the shell asks for completions rather than for a command to be run."""
    return "_OSTINATO_COMPLETE" in os.environ


def child_environment(changes: Mapping[str, str]) -> dict[str, str]:
    """The environment of a child process: this one's, with `changes`."""
    return {**os.environ, **changes}


class _Reader:
    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def text(self, name: str) -> str | None:
        return self._environment.get(PREFIX + name, "").strip() or None

    def path(self, name: str) -> Path | None:
        text = self.text(name)
        return None if text is None else Path(text).expanduser()

    def flag(self, name: str) -> bool:
        text = (self.text(name) or "false").lower()
        if text in ("1", "true", "yes", "on"):
            return True
        if text in ("0", "false", "no", "off"):
            return False
        raise UserError(f"Expected {PREFIX}{name} to be true or false but it is {text!r}")

    def number(self, name: str, default: int, least: int, most: int) -> int:
        text = self.text(name)
        if text is None:
            return default
        if not text.isascii() or not text.isdigit() or len(text) > 9 or not least <= int(text) <= most:
            raise UserError(f"Expected {PREFIX}{name} to be a number from {least} to {most} but it is {text!r}")
        return int(text)

    def optional_number(self, name: str, least: int, most: int) -> int | None:
        return None if self.text(name) is None else self.number(name, least, least, most)

    def window(self, name: str) -> tuple[time, time] | None:
        text = self.text(name)
        if text is None:
            return None
        begins, separator, ends = text.partition("-")
        try:
            if not separator:
                raise ValueError
            return time.fromisoformat(begins.strip()), time.fromisoformat(ends.strip())
        except ValueError:
            raise UserError(
                f"Expected {PREFIX}{name} to be two times of day like 22:00-06:00 (UTC) but it is {text!r}"
            ) from None

    def port(self, name: str, default: int) -> int:
        return self.number(name, default, 0, 65535)

    def choice(self, name: str, choices: tuple[str, ...], default: str) -> str:
        text = self.text(name)
        if text is None:
            return default
        for choice in choices:
            if text.lower() == choice.lower():
                return choice
        raise UserError(f"Expected {PREFIX}{name} to be one of {', '.join(choices)} but it is {text!r}")

    def words(self, name: str) -> tuple[str, ...]:
        return tuple(word.strip() for word in (self.text(name) or "").split(",") if word.strip())

    def group(self, start: str) -> dict[str, str]:
        beginning = PREFIX + start
        return {
            name[len(beginning) :]: value for name, value in self._environment.items() if name.startswith(beginning)
        }

    def secrets(self, name: str) -> dict[str, str]:
        """The files of a folder, by name; a last line break is not part of a secret."""
        folder = self.path(name)
        if folder is None:
            return {}
        try:
            files = [file for file in sorted(folder.iterdir()) if file.is_file() and not file.name.startswith(".")]
            return {file.name: file.read_text(encoding="utf-8").removesuffix("\n") for file in files}
        except (OSError, UnicodeError) as error:
            raise UserError(f"Expected {PREFIX}{name} to be a folder of readable files but: {error}") from error

    def users(self, name: str) -> dict[str, str]:
        pairs = [word.partition(":") for word in self.words(name)]
        for user, separator, password in pairs:
            if not (user and separator and password):
                raise UserError(f"Expected {PREFIX}{name} to be name:password,name:password but {user!r} has none")
        return {user: password for user, _, password in pairs}

    def database_url(self, name: str) -> str | None:
        text = self.text(name)
        if text is not None and not text.startswith(("postgresql://", "postgres://")):
            raise UserError(
                f"Expected {PREFIX}{name} to start with postgresql:// but it starts with {text.split(':')[0]!r}"
            )
        return text
