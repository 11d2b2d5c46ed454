"""The dataset's own PostgreSQL: starting, stopping, surviving."""

from __future__ import annotations

import os
import pwd
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from f1mesh.errors import PermanentError, TransientError
from f1mesh.sources.postgres import PostgresServer
from f1mesh.sources.unprivileged import reachable
from f1mesh.workspace import Workspace

SERVER = PostgresServer("lab_postgres")


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    made = Workspace(root=tmp_path, home=tmp_path, dataset="test")
    yield made
    SERVER.stop(made)


def kill(workspace: Workspace) -> None:
    running = SERVER.service(workspace).running()
    assert running is not None
    os.kill(running.pid, signal.SIGKILL)


def test_it_starts_once_and_stops_for_sure(workspace: Workspace) -> None:
    url = SERVER.start(workspace)

    assert SERVER.start(workspace) == url == SERVER.url(workspace)
    running = SERVER.service(workspace).running()
    assert running is not None
    with psycopg.connect(url) as connection:
        assert connection.execute("show fsync").fetchone() == ("on",)
        assert connection.execute("show synchronous_commit").fetchone() == ("on",)

    assert SERVER.stop(workspace), "an open session does not hold it up"
    assert SERVER.service(workspace).running() is None
    assert not psutil.pid_exists(running.pid) or (
        psutil.Process(running.pid).status() == psutil.STATUS_ZOMBIE
    )
    assert not SERVER.stop(workspace)
    with pytest.raises(TransientError, match="source start"):
        SERVER.url(workspace)


def test_it_wants_its_password(workspace: Workspace) -> None:
    url = SERVER.start(workspace)
    password = url.split(":")[2].split("@")[0]

    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(url.replace(password, "wrong"))
    assert (workspace.data / "lab_postgres.password").stat().st_mode & 0o077 == 0


def test_what_was_committed_survives_kill_9(workspace: Workspace) -> None:
    url = SERVER.start(workspace)
    with psycopg.connect(url) as connection:
        connection.execute("create table t (x int)")
    session = psycopg.connect(url)
    session.execute("insert into t select generate_series(1, 10000)")
    session.commit()
    session.execute("insert into t select generate_series(1, 10000)")  # never committed

    kill(workspace)
    url = SERVER.start(workspace)

    with psycopg.connect(url) as connection:
        assert connection.execute("select count(*) from t").fetchone() == (10000,)
    session.close()


def test_a_stale_pid_file_with_a_living_pid_does_not_stop_it(workspace: Workspace) -> None:
    SERVER.start(workspace)
    kill(workspace)
    pid_file = workspace.data / "lab_postgres" / "postmaster.pid"
    lines = pid_file.read_text().splitlines() if pid_file.exists() else ["0"]
    pid_file.write_text("\n".join([str(os.getppid()), *lines[1:]]) + "\n")

    SERVER.start(workspace)

    assert SERVER.service(workspace).running() is not None


def test_a_killed_initialisation_is_done_again(workspace: Workspace) -> None:
    half = workspace.data / "lab_postgres.new"
    (half / "base").mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")

    url = SERVER.start(workspace)

    with psycopg.connect(url) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    assert not half.exists()


def test_a_named_database_is_used_and_none_is_started(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("F1_SOURCE_LAB_POSTGRES", "postgresql://elsewhere/laps")

    assert SERVER.start(workspace) == "postgresql://elsewhere/laps"
    assert SERVER.url(workspace) == "postgresql://elsewhere/laps"
    assert not (workspace.data / "lab_postgres").exists()


def test_a_taken_port_is_told_with_its_setting(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setenv("F1_LAB_POSTGRES_PORT", str(taken.getsockname()[1]))

        with pytest.raises(PermanentError, match="F1_LAB_POSTGRES_PORT"):
            SERVER.start(workspace)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root meets folders that others cannot enter")
def test_as_root_it_works_below_a_folder_of_roots_own(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    workspace = Workspace(root=closed, home=closed, dataset="test")
    try:
        url = SERVER.start(workspace)
        with psycopg.connect(url) as connection:
            assert connection.execute("select 1").fetchone() == (1,)
        running = SERVER.service(workspace).running()
        assert running is not None
        assert psutil.Process(running.pid).uids().effective != 0
    finally:
        SERVER.stop(workspace)
    assert closed.stat().st_mode & 0o777 == 0o700
    assert not reachable(str(closed / "x"), 65534, 65534)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's server runs as another user")
def test_as_root_it_runs_as_a_user_that_nobody_else_is(workspace: Workspace) -> None:
    SERVER.start(workspace)
    running = SERVER.service(workspace).running()
    assert running is not None

    user = psutil.Process(running.pid).uids().effective

    assert user not in {account.pw_uid for account in pwd.getpwall()}
    owners = {path.stat().st_uid for path in (workspace.data / "lab_postgres").rglob("*")}
    assert owners == {user}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's server runs as another user")
def test_data_that_belongs_to_nobody_is_taken_from_it(workspace: Workspace) -> None:
    SERVER.start(workspace)
    SERVER.stop(workspace)
    folder = workspace.data / "lab_postgres"
    for path in (folder, *folder.rglob("*"), workspace.data / "lab_postgres.password"):
        os.chown(path, 65534, 65534)

    with psycopg.connect(SERVER.start(workspace)) as connection:
        assert connection.execute("select 1").fetchone() == (1,)

    assert folder.stat().st_uid != 65534
    assert (workspace.data / "lab_postgres.password").stat().st_uid == 0
