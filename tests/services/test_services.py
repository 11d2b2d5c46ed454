"""Background services: found again, never confused with others, stopped with all their children."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from pathlib import Path
from threading import Timer

import psutil
import pytest

from f1mesh.errors import PermanentError, TransientError
from f1mesh.services import Service, choose_port, free_port, listens

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
PARENT = [
    sys.executable,
    "-c",
    "import subprocess, sys, time;"
    "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
    "print(p.pid, flush=True); time.sleep(60)",
]


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return Service("part", tmp_path / "run", tmp_path / "logs")


def test_a_started_service_is_found_again_with_its_endpoint(service: Service) -> None:
    started = service.start(SLEEP, {"port": 1}, ready=lambda: True)
    try:
        assert service.running() == started
        assert service.start(SLEEP, {"port": 2}, ready=lambda: True) == started
        assert (service.state_file.stat().st_mode & 0o077) == 0
    finally:
        assert service.stop()
    assert service.running() is None
    assert not service.stop()


def test_stopping_ends_the_children_too(service: Service) -> None:
    service.start(PARENT, {}, ready=lambda: service.log_tail() != "")
    child = psutil.Process(int(service.log_tail()))

    service.stop()

    deadline = time.monotonic() + 5
    while child.is_running() and child.status() != "zombie" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not child.is_running() or child.status() == "zombie"


def test_a_pid_file_of_a_foreign_process_counts_as_stale(service: Service) -> None:
    service.run_dir.mkdir(parents=True)
    state = {"pid": os.getpid(), "started": 1.0, "endpoint": {}}
    service.state_file.write_text(json.dumps(state))

    assert service.running() is None
    assert not service.state_file.exists()


@pytest.mark.parametrize("content", ["", "not json", '{"pid": "x"}', '{"pid": 999999999}'])
def test_a_broken_pid_file_counts_as_stale(service: Service, content: str) -> None:
    service.run_dir.mkdir(parents=True)
    service.state_file.write_text(content)

    assert service.running() is None


def test_a_service_that_dies_while_it_starts_shows_its_last_words(service: Service) -> None:
    words = [sys.executable, "-c", "import sys; print('no such table'); sys.exit(3)"]

    with pytest.raises(TransientError, match=r"code 3(.|\n)*no such table"):
        service.start(words, {}, ready=lambda: False)

    assert service.running() is None


def test_a_service_that_never_gets_ready_is_stopped(service: Service) -> None:
    with pytest.raises(TransientError, match="not ready"):
        service.start(SLEEP, {}, ready=lambda: False, timeout_s=0.3)

    assert service.running() is None


def test_a_taken_port_is_named_with_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setenv("F1_PORT_OF_TEST", str(port))

        with pytest.raises(PermanentError, match=f"127.0.0.1:{port} .from F1_PORT_OF_TEST"):
            choose_port("F1_PORT_OF_TEST", "the part")

        assert listens(port)
    assert not listens(free_port())


def test_a_port_that_a_killed_server_still_holds_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.socket() as dying:
        dying.bind(("127.0.0.1", 0))
        dying.listen()
        port = dying.getsockname()[1]
        monkeypatch.setenv("F1_PORT_OF_TEST", str(port))
        Timer(0.5, dying.close).start()

        assert choose_port("F1_PORT_OF_TEST", "the part") == port


@pytest.mark.parametrize("wanted", ["0", "70000", "-1", "http", "\uff18\uff10"])
def test_what_is_no_port_is_refused(monkeypatch: pytest.MonkeyPatch, wanted: str) -> None:
    monkeypatch.setenv("F1_PORT_OF_TEST", wanted)

    with pytest.raises(PermanentError, match="not a port from 1 to 65535"):
        choose_port("F1_PORT_OF_TEST", "the part")
