"""kill -9 at any moment: what was committed is there, what was not has left no trace."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
from pathlib import Path

import pytest
from databricks.sql.exc import Error

from f1mesh.client import connect, embedded_service, find_target
from f1mesh.warehouse import launch
from f1mesh.workspace import Workspace
from tests.warehouse.client import Client

pytestmark = pytest.mark.long

ROUNDS = 10


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(root=Path(__file__).parents[2], home=tmp_path, dataset="crash")


def _kill(workspace: Workspace) -> None:
    running = embedded_service(workspace).running()
    assert running is not None
    os.kill(running.pid, signal.SIGKILL)
    while embedded_service(workspace).running():
        time.sleep(0.02)


def _write_until_killed(workspace: Workspace, done: list[int], start: int) -> None:
    """Round after round: one row more in `grow`, the same number in `whole` and in `merged`."""
    with contextlib.suppress(Exception), connect(find_target(workspace), "s") as connection:
        client = Client(connection, "s")
        n = start
        while True:
            client.run(
                f"insert into grow values ({n})",
                f"create or replace table whole as select {n} as n from range(100)",
                f"merge into merged using (select {n} as n) s on true "
                "when matched then update set n = s.n",
                f"create table t{n} as select {n} as n",
                f"create or replace view latest as select {n} as n from t{n}",
                f"drop table if exists t{n - 1}",
            )
            done.append(n)
            n += 1


def test_killed_in_mid_write_the_next_start_finds_everything_whole(workspace: Workspace) -> None:
    chance = random.Random(20)
    launch.start(workspace)
    with connect(find_target(workspace), "s") as connection:
        Client(connection, "s").run(
            "create schema s",
            "create table grow (n int)",
            "create table whole as select 0 as n from range(100)",
            "create table merged as select 0 as n from range(50)",
            "create or replace view latest as select 0 as n",
        )
    done: list[int] = [0]
    try:
        for _ in range(ROUNDS):
            last = max(done)
            writer = threading.Thread(
                target=_write_until_killed, args=(workspace, done, last + 1000)
            )
            writer.start()
            time.sleep(chance.uniform(0.3, 2.5))
            _kill(workspace)
            writer.join()
            launch.start(workspace)
            _check(workspace, done)
    finally:
        launch.stop(workspace)


def _check(workspace: Workspace, done: list[int]) -> None:
    with connect(find_target(workspace), "s") as connection:
        client = Client(connection, "s")
        grown = set(client.values("select n from grow"))
        assert set(done) - {0} <= grown  # what was answered is there

        for table, count in (("whole", 100), ("merged", 50)):
            rows, low, high = client.values(f"select count(*), min(n), max(n) from {table}")[0]
            assert (rows, low) == (count, high)  # one statement's content, all of it

        latest = client.value("select max(n) from latest") if _readable(client) else None
        assert latest is None or latest >= 0
        for name in client.values("show tables"):
            if str(name[1]).startswith("t"):
                assert client.value(f"select count(*) from {name[1]}") == 1
        client.run("insert into grow values (-1)", "delete from grow where n = -1")
    folder = workspace.data / "warehouse"
    assert not list((folder / "staging").iterdir())


def _readable(client: Client) -> bool:
    """`latest` may point to a table whose drop was answered before the kill."""
    try:
        client.rows("select * from latest")
    except Error as error:
        assert "TABLE_OR_VIEW_NOT_FOUND" in str(error)
        return False
    return True


def test_a_second_process_may_not_open_the_same_folder(workspace: Workspace) -> None:
    import subprocess
    import sys

    launch.start(workspace)
    try:
        second = subprocess.run(
            [sys.executable, "-m", "f1mesh.warehouse.server", "--port", "1",
             "--folder", str(workspace.data / "warehouse")],
            env={**os.environ, "F1_WAREHOUSE_TOKEN": "x" * 32},
            capture_output=True,
            text=True,
            timeout=60,
        )  # fmt: skip
        assert second.returncode != 0
        assert "Another warehouse process" in second.stderr
    finally:
        launch.stop(workspace)
