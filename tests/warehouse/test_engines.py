"""One statement has one engine: what breaks, starves or leaves it touches no other statement."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from databricks.sql.exc import ServerOperationError

from f1mesh.client import Target, connect, embedded_service, find_target, query
from f1mesh.errors import MeshError
from f1mesh.warehouse import launch
from f1mesh.warehouse.engine import Engine
from f1mesh.workspace import Workspace

HEAVY = "select sum(a.id * b.id % 7) as n from range(300000) a cross join range(300000) b"
GREEDY = "select sum(size(sequence(1, 300000000))) as n"
LIMIT_GB = 1


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    home = tmp_path_factory.mktemp("f1home")
    workspace = Workspace(root=Path(__file__).parents[2], home=home, dataset="engines")
    with pytest.MonkeyPatch.context() as settings:
        settings.setenv("F1_WAREHOUSE_MEMORY", str(LIMIT_GB))
        settings.setenv("F1_WAREHOUSE_ABANDONED_S", "4")
        launch.start(workspace)
    try:
        yield workspace
    finally:
        launch.stop(workspace)


@pytest.fixture
def target(workspace: Workspace) -> Target:
    return find_target(workspace)


@pytest.fixture
def engines(workspace: Workspace) -> Callable[[], set[int]]:
    """The pids of the engines."""
    running = embedded_service(workspace).running()
    assert running is not None
    server = psutil.Process(running.pid)
    return lambda: {child.pid for child in server.children() if _lives(child)}


class Aside(threading.Thread):
    """A statement that runs beside the test."""

    def __init__(self, target: Target, statement: str) -> None:
        super().__init__(daemon=True)
        self.target, self.statement = target, statement
        self.error: Exception | None = None
        self.start()

    def run(self) -> None:
        try:
            with connect(self.target) as connection, connection.cursor() as self.cursor:
                self.cursor.execute(self.statement)
        except Exception as error:
            self.error = error

    def stop(self) -> None:
        def ended() -> bool:
            self.cursor.cancel()  # does nothing until the statement has its handle
            self.join(0.5)
            return not self.is_alive()

        _until(ended)


def _until(holds: Callable[[], object], seconds: float = 60) -> None:
    limit = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < limit, "it never came to be"
        time.sleep(0.05)


def _lives(child: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return "f1mesh.warehouse.engine_process" in child.cmdline()
    return False


def _busiest(pids: set[int]) -> int:
    """The engine that used the processor most in the last half second."""

    def used(pid: int) -> float:
        with suppress(psutil.Error):
            return float(sum(psutil.Process(pid).cpu_times()[:2]))
        return 0.0

    before = {pid: used(pid) for pid in pids}
    time.sleep(0.5)
    return max(pids, key=lambda pid: used(pid) - before[pid])


def test_a_statement_whose_engine_dies_fails_alone(
    target: Target, engines: Callable[[], set[int]]
) -> None:
    with connect(target) as connection:
        query(connection, "select 1")
        heavy = Aside(target, HEAVY)
        time.sleep(2)
        doomed = _busiest(engines())
        other = Aside(target, "select count(*) from range(100000000) where id % 3 = 0")
        time.sleep(0.5)

        os.kill(doomed, signal.SIGKILL)
        heavy.join(60)
        other.join(60)

        assert not heavy.is_alive()
        assert not other.is_alive()
        assert isinstance(heavy.error, ServerOperationError)
        assert "no other statement is touched" in str(heavy.error)
        assert other.error is None
        assert query(connection, "select 42 as n").to_pylist() == [{"n": 42}]


def test_others_are_answered_while_a_heavy_statement_works(target: Target) -> None:
    heavy = Aside(target, HEAVY)
    with connect(target) as connection:
        for _ in range(5):
            assert query(connection, "select 42 as n").to_pylist() == [{"n": 42}]

    assert heavy.is_alive(), "the answers came while it worked"
    heavy.stop()


def test_what_a_vanished_client_left_is_ended(
    target: Target, engines: Callable[[], set[int]], tmp_path: Path
) -> None:
    program = tmp_path / "client.py"
    program.write_text(
        "import sys\n"
        "from f1mesh.client import Target, connect, query\n"
        "from f1mesh.schemas import Schemas\n"
        f"with connect({target!r}) as connection:\n"
        "    print('asked', flush=True)\n"
        f"    query(connection, {HEAVY!r})\n"
    )
    with subprocess.Popen([sys.executable, "-P", program], stdout=subprocess.PIPE) as client:
        assert client.stdout is not None
        client.stdout.readline()
        time.sleep(2)
        working = _busiest(engines())
        client.kill()

        _until(lambda: working not in engines())


def test_a_statement_that_takes_too_much_memory_is_ended_and_its_memory_is_back(
    target: Target, engines: Callable[[], set[int]]
) -> None:
    with connect(target) as connection:
        with pytest.raises(ServerOperationError, match="INSUFFICIENT_MEMORY") as told:
            query(connection, GREEDY)

        assert "F1_WAREHOUSE_MEMORY" in str(told.value)
        assert query(connection, "select 42 as n").to_pylist() == [{"n": 42}]
    held = sum(psutil.Process(pid).memory_info().rss for pid in engines())
    assert held < LIMIT_GB * 1e9


def test_a_cancelled_statement_ends_and_gives_its_engine_back(
    target: Target, engines: Callable[[], set[int]]
) -> None:
    with connect(target) as connection, connection.cursor() as cursor:
        cursor.execute_async(HEAVY)
        time.sleep(1)
        working = _busiest(engines())
        cursor.cancel()

        _until(lambda: working not in engines(), 20)
        assert query(connection, "select 42 as n").to_pylist() == [{"n": 42}]


def test_engines_end_with_their_server_however_it_ends(tmp_path: Path) -> None:
    workspace = Workspace(root=Path(__file__).parents[2], home=tmp_path, dataset="killed")
    running = launch.start(workspace)
    try:
        with connect(find_target(workspace)) as connection:
            query(connection, "select 1")
        left = psutil.Process(running.pid).children()
        assert left

        os.kill(running.pid, signal.SIGKILL)

        _until(lambda: not any(child.is_running() for child in left), 20)
    finally:
        launch.stop(workspace)


@pytest.mark.parametrize(
    "url", ["sc://127.0.0.1:9", "sc://no.such.host.invalid", "http://x", "sc:"]
)
def test_an_engine_that_does_not_answer_is_told_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("F1_ENGINE", url)
    workspace = Workspace(root=Path(__file__).parents[2], home=tmp_path, dataset="dead")

    with pytest.raises(MeshError, match="F1_ENGINE"):
        launch.start(workspace)


def test_a_late_interrupt_ends_nobody_elses_statement() -> None:
    engine = Engine.start()
    try:
        with engine.lease() as first:
            first.query("select 1")
        with engine.lease() as second:
            assert second.process is first.process, "it was lent again"

            first.interrupt()

            assert second.query("select 42 as n").to_pylist() == [{"n": 42}]
    finally:
        engine.stop()


def test_engines_at_rest_count_and_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("F1_WAREHOUSE_MEMORY", "0.001")
    engine = Engine.start()
    try:
        with engine.lease() as lease:
            process = lease.process
        assert process is not None

        _until(lambda: not process.alive, 20)
    finally:
        engine.stop()
