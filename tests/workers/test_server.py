"""Calls in a forked process: the same as in a fresh one, and safe whoever is killed when."""

from __future__ import annotations

import os
import signal
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from f1mesh.workers.client import Call, Ended, Site, call, connect_to, socket_name

# A library of its own for these tests: a function that does what it is told.
ACTING = """
import json, os, signal, sys, time

def act(what, rest):
    print(f"doing {what}", file=sys.stderr, flush=True)
    if what == "permanent":
        return 1
    if what == "transient":
        return 75
    if what == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "sleep":
        open(rest[0], "w").write(str(os.getpid()))
        time.sleep(60)
    if what == "setting":
        print(os.environ.get(rest[0], "unset"))
        return 0
    print('{"ok": true, "pid": %d, "told": "%s"}' % (os.getpid(), what))
    return 0
"""


@pytest.fixture
def site(root: Path, tmp_path: Path) -> Iterator[Site]:
    """The real server and client beside a library that is quick."""
    code = tmp_path / "code"
    package = code / "f1mesh"
    modules = ("__init__", "errors", "plain_path", "services", "settings", "workspace")
    server = ("__init__", "calling", "client", "server")
    for name in (*modules, *(f"workers/{module}" for module in server)):
        (package / f"{name}.py").parent.mkdir(parents=True, exist_ok=True)
        text = (root / "platform" / "f1mesh" / f"{name}.py").read_text()
        (package / f"{name}.py").write_text(text)
    (package / "acting.py").write_text(ACTING)
    run_dir = tmp_path / ("a_dataset_with_a_long_name" * 5) / "run"
    loaded = ("f1mesh.acting", "one_that.is_missing")
    found = Site(Path(sys.executable), code, run_dir, "acts", loaded, {"F1_HOME": str(tmp_path)})
    yield found
    for server_process in servers(found):
        server_process.kill()


def servers(site: Site) -> list[psutil.Process]:
    """The servers of the dataset (a forked call has its server's command line, too)."""
    found = {
        process.pid: process
        for process in psutil.process_iter(["cmdline"])
        if str(site.run_dir) in (process.info["cmdline"] or [])
        and process.status() != psutil.STATUS_ZOMBIE
    }
    return [process for process in found.values() if process.ppid() not in found]


def run(site: Site, what: str, *rest: str) -> tuple[Ended, list[str]]:
    lines: list[str] = []
    act = Call("f1mesh.acting:act", {"what": what, "rest": rest})
    return call(site, act, lines.append), lines


def aside(site: Site, what: str, *rest: str) -> Callable[[], Ended]:
    """A call at work in another thread; its end, when it is asked for."""
    ended: list[Ended] = []
    worker = threading.Thread(target=lambda: ended.append(run(site, what, *rest)[0]), daemon=True)
    worker.start()

    def end() -> Ended:
        worker.join(timeout=20)
        assert ended, "the caller still waits"
        return ended[0]

    return end


def pid_in(file: Path) -> int:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if file.exists() and file.read_text():
            return int(file.read_text())
        time.sleep(0.02)
    raise AssertionError("the call did not begin")


def gone(pid: int) -> bool:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize(("what", "code"), [("done", 0), ("permanent", 1), ("transient", 75)])
@pytest.mark.parametrize("server", [True, False])
def test_a_call_says_the_same_forked_or_not(site: Site, what: str, code: int, server: bool) -> None:
    own = replace(site, server=server)

    ended, lines = run(own, what)

    assert ended.code == code
    assert f"doing {what}" in lines
    assert bool(ended.document()) == (code == 0)
    assert bool(servers(site)) == server


def test_one_server_serves_many_callers_each_in_a_process_of_its_own(site: Site) -> None:
    calls = [aside(site, "done") for _ in range(6)]

    pids = {call().document()["pid"] for call in calls}

    assert len(pids) == 6
    assert len(servers(site)) == 1


def test_the_socket_is_the_users_alone(site: Site) -> None:
    run(site, "done")

    mode = (site.run_dir / f"{socket_name(site)}.sock").stat().st_mode

    assert stat.S_IMODE(mode) == 0o600


def test_a_call_that_is_killed_may_be_tried_again(site: Site) -> None:
    assert run(site, "die")[0].code == 75
    assert run(site, "done")[0].code == 0


def test_a_killed_server_takes_its_calls_with_it_and_the_next_caller_starts_another(
    site: Site, tmp_path: Path
) -> None:
    end = aside(site, "sleep", str(tmp_path / "pid"))
    child = pid_in(tmp_path / "pid")
    (first,) = servers(site)

    first.kill()

    assert end().code == 75
    assert gone(child)
    assert run(site, "done")[0].code == 0
    assert [s.pid for s in servers(site)] != [first.pid]


def test_a_caller_that_dies_ends_its_call(site: Site, tmp_path: Path) -> None:
    run(site, "done")
    caller = os.fork()
    if caller == 0:
        run(site, "sleep", str(tmp_path / "pid"))
        os._exit(0)
    child = pid_in(tmp_path / "pid")

    os.kill(caller, signal.SIGKILL)
    os.waitpid(caller, 0)

    assert gone(child)
    assert run(site, "done")[0].code == 0


def test_a_stopped_server_leaves_nothing(site: Site, tmp_path: Path) -> None:
    end = aside(site, "sleep", str(tmp_path / "pid"))
    child = pid_in(tmp_path / "pid")
    (server,) = servers(site)

    server.terminate()

    assert end().code == 75
    assert gone(child)
    assert gone(server.pid)
    assert connect_to(site.run_dir, socket_name(site)) is None
    assert not list(site.run_dir.glob("acts-*.json"))


def test_a_socket_that_nobody_listens_on_is_taken_over(site: Site) -> None:
    run(site, "done")
    (server,) = servers(site)
    server.kill()
    assert gone(server.pid)
    assert (site.run_dir / f"{socket_name(site)}.sock").exists()

    assert run(site, "done")[0].code == 0


def test_a_server_whose_dataset_is_deleted_ends(site: Site) -> None:
    run(site, "done")
    (server,) = servers(site)

    (site.run_dir / f"{socket_name(site)}.sock").unlink()

    assert gone(server.pid)


def test_a_call_sees_its_callers_settings_and_not_those_of_whoever_started_the_server(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("F1_OF_THE_FIRST", "1")
    run(site, "done")
    monkeypatch.delenv("F1_OF_THE_FIRST")
    monkeypatch.setenv("F1_OF_THE_SECOND", "2")

    assert run(site, "setting", "F1_OF_THE_FIRST")[0].last_line == "unset"
    assert run(site, "setting", "F1_OF_THE_SECOND")[0].last_line == "2"


def test_other_code_is_served_by_another_server(site: Site) -> None:
    run(site, "done")
    app = site.code / "f1mesh" / "acting.py"
    app.write_text(app.read_text().replace("doing", "now doing"))

    _, lines = run(site, "done")

    assert "now doing done" in lines
    assert len(servers(site)) == 2


@pytest.mark.parametrize("server", [True, False])
def test_what_is_called_with_is_on_no_command_line(
    site: Site, tmp_path: Path, server: bool
) -> None:
    own = replace(site, server=server)
    caller = threading.Thread(
        target=run, args=[own, "sleep", str(tmp_path / "pid"), "a-token"], daemon=True
    )
    caller.start()
    child = psutil.Process(pid_in(tmp_path / "pid"))

    assert "a-token" not in " ".join(child.cmdline())
    child.kill()
    caller.join(timeout=20)


def test_without_a_server_a_plain_process_does_it(site: Site) -> None:
    (site.code / "f1mesh" / "workers" / "server.py").write_text("raise SystemExit(3)")

    assert run(site, "done")[0].code == 0
