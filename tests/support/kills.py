"""kill -9 in the middle of `f1 run`."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from tests.support.mesh import LIMIT_S, Mesh


@contextlib.contextmanager
def running(mesh: Mesh, history: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [str(mesh.root / "f1"), "run", "--history", str(history)],
        env={**os.environ, "F1_HOME": str(mesh.home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def victim_pid(mesh: Mesh, victim: str, runner: int) -> int | None:
    """The process of a service by (a pattern of) its name; None where it does not run."""
    if victim == "runner":
        return runner
    for file in mesh.home.glob(f"datasets/*/run/{victim}.json"):
        with contextlib.suppress(ValueError, OSError):
            return int(json.loads(file.read_text())["pid"])
    return None


def killed_in_mid_run(mesh: Mesh, history: Path, victim: str, delay: float) -> bool:
    """Start a run and kill -9 the victim so many seconds later; False if the run was over then."""
    with running(mesh, history) as process:
        time.sleep(delay)
        while (pid := victim_pid(mesh, victim, process.pid)) is None and process.poll() is None:
            time.sleep(0.02)
        if pid is None or process.poll() is not None:
            return False
        os.kill(pid, signal.SIGKILL)
        process.wait(timeout=LIMIT_S / 2)
    return True
