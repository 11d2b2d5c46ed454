"""Background services of a dataset: start once, find again, stop for sure.

A service is a process in a session of its own. Its state file `<run_dir>/<name>.json` holds the
pid, the process's start time (so that a recycled pid is never taken for ours) and an `endpoint`
that clients need (port, token, URL). The file is private to the user.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from f1mesh.errors import PermanentError, TransientError
from f1mesh.settings import Settings
from f1mesh.workspace import private_folder

PORT_PATIENCE_S = 3.0


@dataclass(frozen=True)
class Running:
    """A service that runs: its process id and what clients need to reach it."""

    pid: int
    endpoint: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Service:
    """One background process of a dataset."""

    name: str
    run_dir: Path
    log_dir: Path

    @property
    def state_file(self) -> Path:
        return self.run_dir / f"{self.name}.json"

    @property
    def log_file(self) -> Path:
        return self.log_dir / f"{self.name}.log"

    def running(self) -> Running | None:
        """The live process behind the state file, or None (a stale file is removed; the file of a
        foreign process, whose start time differs, counts as stale)."""
        try:
            state = json.loads(self.state_file.read_text())
            process = psutil.Process(int(state["pid"]))
            alive = (
                process.status() != psutil.STATUS_ZOMBIE
                and abs(process.create_time() - state["started"]) < 1.0
            )
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError, psutil.Error):
            alive = False
        if not alive:
            self.state_file.unlink(missing_ok=True)
            return None
        return Running(pid=int(state["pid"]), endpoint=state["endpoint"])

    def start(
        self,
        command: Sequence[str],
        endpoint: Mapping[str, Any],
        ready: Callable[[], bool],
        *,
        env: Mapping[str, str] | None = None,
        timeout_s: float = 60.0,
    ) -> Running:
        """Start `command` detached and wait until `ready()`; an already running one is returned.

        Raises TransientError, with the end of the log, if it dies or is not ready in `timeout_s`.
        """
        if found := self.running():
            return found
        private_folder(self.run_dir)
        private_folder(self.log_dir)
        with self.log_file.open("ab") as log:
            os.fchmod(log.fileno(), 0o600)
            process = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(env or {})},
                start_new_session=True,
                umask=0o077,
            )
        self.record(process.pid, endpoint)
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if process.poll() is not None:
                self.state_file.unlink(missing_ok=True)
                raise TransientError(
                    f"{self.name} ended with code {process.returncode} while it started.\n"
                    f"{self.log_tail()}\nThe whole log: {self.log_file}"
                )
            if ready():
                return Running(pid=process.pid, endpoint=endpoint)
            time.sleep(0.05)
        self.stop()
        raise TransientError(
            f"{self.name} was not ready after {timeout_s:.0f} s.\n{self.log_tail()}\n"
            f"The whole log: {self.log_file}"
        )

    def record(self, pid: int, endpoint: Mapping[str, Any]) -> None:
        """Write the state file of a process (also of one that was started by somebody else)."""
        private_folder(self.run_dir)
        state = {
            "pid": pid,
            "started": psutil.Process(pid).create_time(),
            "endpoint": dict(endpoint),
        }
        fresh = self.state_file.with_suffix(f".{os.getpid()}.tmp")
        fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(fd, "w") as out:
            json.dump(state, out)
        fresh.replace(self.state_file)

    def stop(self, *, grace_s: float = 10.0) -> bool:
        """End the service's whole process group; True if one was running."""
        found = self.running()
        if found is None:
            return False
        self._signal(found.pid, signal.SIGTERM)
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(found.pid)
            try:
                process.wait(timeout=grace_s)
            except psutil.TimeoutExpired:
                self._signal(found.pid, signal.SIGKILL)
                process.wait(timeout=grace_s)
        self.state_file.unlink(missing_ok=True)
        return True

    def log_tail(self, lines: int = 15) -> str:
        """The last lines of the service's log."""
        if not self.log_file.is_file():
            return ""
        return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-lines:])

    @staticmethod
    def _signal(pid: int, sig: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(os.getpgid(pid), sig)


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def choose_port(setting: str, owner: str) -> int:
    """The port that the environment variable `setting` asks for, else a free one; raises as
    `claim_port` does."""
    wanted = Settings.read().port(setting, owner)
    if wanted is None:
        return free_port()
    remedy = f"Free the port, or unset {setting} to let a free one be chosen."
    return claim_port(
        wanted, f"{owner} cannot listen on 127.0.0.1:{wanted} (from {setting})", remedy
    )


def claim_port(wanted: int, failure: str, remedy: str) -> int:
    """This port, once nothing holds it.

    A server that was just killed may hold its port a moment longer, so a taken one is tried for
    some seconds. Raises PermanentError where it stays taken.
    """
    deadline = time.monotonic() + PORT_PATIENCE_S
    while True:
        try:
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", wanted))
            return wanted
        except OSError as error:
            if error.errno == errno.EADDRINUSE and time.monotonic() < deadline:
                time.sleep(0.1)
                continue
            raise PermanentError(f"{failure}: {error}. {remedy}") from error


def listens(port: int) -> bool:
    """Whether something accepts connections on 127.0.0.1:`port`."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0
