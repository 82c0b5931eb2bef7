"""The settings: defaults, every kind of value, and errors that name the variable."""

from __future__ import annotations

import re
from datetime import time
from pathlib import Path

import pytest

from ostinato.errors import UserError
from ostinato.settings import Settings, load


def test_an_empty_environment_gives_the_defaults() -> None:
    assert load({}) == Settings()
    assert load({"OSTINATO_TEMPORAL_ADDRESS": "  ", "OSTINATO_API_PORT": ""}) == Settings()


def test_values_arrive_in_the_rooms_settings() -> None:
    settings = load(
        {
            "OSTINATO_DATABASE_URL": "postgresql://u:p@db:5432/x",
            "OSTINATO_TEMPORAL_ADDRESS": "cloud:7233",
            "OSTINATO_TEMPORAL_NAMESPACE": "prod",
            "OSTINATO_TEMPORAL_API_KEY": "secret",
            "OSTINATO_TEMPORAL_TLS": "yes",
            "OSTINATO_TEMPORAL_TLS_CA": "/ca.pem",
            "OSTINATO_PROFILE": "SPEC",
            "OSTINATO_API_PORT": "9000",
            "OSTINATO_TASK_QUEUE": "q",
            "OSTINATO_API_USERS": "ann:secret, bob:pass:word",
            "OSTINATO_CORS_ORIGINS": "*",
            "OSTINATO_HISTORY_CLEANUP_WINDOW": "22:00 - 06:30",
            "OSTINATO_BATCH_HISTORY_DAYS": "0",
        }
    )
    worker, api = settings.worker(), settings.api()
    assert worker.temporal == api.temporal
    assert (worker.temporal.address, worker.temporal.namespace, worker.temporal.uses_tls) == (
        "cloud:7233",
        "prod",
        True,
    )
    assert worker.temporal.tls_ca == Path("/ca.pem")
    assert (worker.task_queue, worker.profile, api.port) == ("q", "spec", 9000)
    assert (api.users, api.cors_origins) == ({"ann": "secret", "bob": "pass:word"}, ("*",))
    assert (api.cleanup.begins, api.cleanup.ends, api.cleanup.batch_days) == (time(22), time(6, 30), 0)
    assert worker.database_url == api.database_url == "postgresql://u:p@db:5432/x"


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("OSTINATO_API_PORT", "80a", "a number from 0 to 65535"),
        ("OSTINATO_API_PORT", "65536", "a number from 0 to 65535"),
        ("OSTINATO_API_PORT", "9" * 5000, "a number from 0 to 65535"),
        ("OSTINATO_TEMPORAL_TLS", "maybe", "true or false"),
        ("OSTINATO_API_USERS", "ann", "'ann' has none"),
        ("OSTINATO_PROFILE", "c8", "one of c7, spec"),
        ("OSTINATO_HISTORY_CLEANUP_WINDOW", "22:00", "two times of day"),
        ("OSTINATO_HISTORY_CLEANUP_WINDOW", "22:00-25:00", "two times of day"),
        ("OSTINATO_BATCH_HISTORY_DAYS", "-1", "a number from 0"),
        ("OSTINATO_DATABASE_URL", "mysql://x", "start with postgresql://"),
    ],
)
def test_a_bad_value_is_an_error_that_names_its_variable(name: str, value: str, sentence: str) -> None:
    with pytest.raises(UserError, match=f"Expected {name} to .*{sentence}"):
        load({name: value})


def test_a_missing_database_says_what_to_do() -> None:
    with pytest.raises(UserError, match="OSTINATO_DATABASE_URL.*ostinato dev"):
        load({}).worker()


def test_every_variable_is_documented() -> None:
    root = Path(__file__).resolve().parents[2]
    read = re.findall(r'read\.\w+\("(\w+)"', (root / "ostinato" / "settings.py").read_text())
    manual = (root / "docs" / "operations.md").read_text()
    assert len(read) > 20
    assert [name for name in read if f"`OSTINATO_{name}" not in manual] == []


def test_connectors_are_set_up_from_the_environment(tmp_path: Path) -> None:
    (tmp_path / "KEY").write_text("from a file\n")
    (tmp_path / ".hidden").write_text("x")
    settings = load(
        {
            "OSTINATO_DATABASE_URL": "postgresql://db/x",
            "OSTINATO_HTTP_HOSTS": "api.example.org, *.inside.example,10.0.0.0/8",
            "OSTINATO_HTTP_MAX_RESPONSE": "5000",
            "OSTINATO_MAIL_SERVER": "smtps://ann:p%40ss@mail.example.org",
            "OSTINATO_MAIL_FROM": "ann@example.org",
            "OSTINATO_MAIL_RECIPIENTS": "*@example.org,*",
            "OSTINATO_SECRETS_DIRECTORY": str(tmp_path),
            "OSTINATO_SECRET_TOKEN": "t0ken",
        }
    )
    connectors = settings.worker().connectors
    assert connectors.hosts == ("api.example.org", "*.inside.example", "10.0.0.0/8")
    assert dict(connectors.secrets) == {"KEY": "from a file", "TOKEN": "t0ken"}
    assert connectors.max_response == 5000
    mail = connectors.mail
    assert mail is not None
    assert (mail.host, mail.port, mail.encryption) == ("mail.example.org", 465, "tls")
    assert (mail.user, mail.password, mail.sender) == ("ann", "p@ss", "ann@example.org")
    assert mail.recipients == ("*@example.org", "*")
    for secret in ("t0ken", "p@ss", "p%40ss", "from a file"):
        assert secret not in repr(settings) + repr(connectors)


def test_without_settings_connectors_may_nothing() -> None:
    connectors = load({"OSTINATO_DATABASE_URL": "postgresql://db/x"}).worker().connectors
    assert (connectors.hosts, dict(connectors.secrets), connectors.mail) == ((), {}, None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OSTINATO_HTTP_HOSTS", "https://api.example.org"),
        ("OSTINATO_MAIL_SERVER", "mail.example.org:25"),
        ("OSTINATO_MAIL_SERVER", "smtp://:25"),
        ("OSTINATO_MAIL_SERVER", "smtp://host:port"),
        ("OSTINATO_SECRETS_DIRECTORY", "/no/such/folder"),
        ("OSTINATO_HTTP_MAX_RESPONSE", "1"),
    ],
)
def test_connector_settings_that_cannot_be_read(name: str, value: str) -> None:
    with pytest.raises(UserError, match=name):
        load({"OSTINATO_DATABASE_URL": "postgresql://db/x", name: value}).worker()
