"""Make a call in a process of its own and listen to it. Needs Python's standard library only.

A fork server of the dataset (`server.py`) does it where it can, since it has the libraries loaded
that cost a fresh process seconds; it is started by the first caller who finds none. Where no server
can be had, a plain process does the same. Either way a call that dies without a word, or whose
server does, has failed for a transient reason; and a call ends when its caller does.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import selectors
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

TRY_AGAIN = 75
START_S = 90.0  # a cold disk and a busy machine; a warm start takes 3 to 6 s
SETTINGS = ("F1_", "DATABRICKS_", "AWS_", "OPENLINEAGE_", "PG", "PATH", "TZ", "LANG", "DO_NOT_")

Line = Callable[[str], None]


@dataclass(frozen=True)
class Site:
    """Where calls are made: the Python that has the library, its code, the dataset, and what is
    loaded there beforehand."""

    python: Path
    code: Path  # the folder that holds the f1mesh package
    run_dir: Path
    name: str  # of the server: what it is for
    loaded: tuple[str, ...]  # modules; one that is missing is left to the call that needs it
    environment: Mapping[str, str] = field(default_factory=dict)
    server: bool = True


@dataclass(frozen=True)
class Call:
    """A function of the library and what it is given, in plain JSON values. It tells its result as
    a line of JSON on stdout, what happens meanwhile on stderr, and returns its exit code: 0, 1 (it
    would fail again) or 75 (trying again may help)."""

    function: str  # <module>:<function>
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Ended:
    """How a call ended: its exit code and its last line on stdout."""

    code: int
    last_line: str

    def document(self) -> dict[str, object]:
        """The JSON document that it told; empty if it told none."""
        with contextlib.suppress(ValueError):
            found = json.loads(self.last_line)
            if isinstance(found, dict):
                return found
        return {}


def call(site: Site, what: Call, on_line: Line) -> Ended:
    """Make the call there; `on_line` gets each line of its stderr."""
    connection = _connect(site) if site.server else None
    if connection is None:
        return _run_process(site, what, on_line)
    with connection:
        return _run_forked(connection, site, what, on_line)


def start(site: Site) -> None:
    """Have a server there for the calls that come: what it loads takes seconds."""
    if site.server and (connection := _connect(site)):
        connection.close()


def socket_name(site: Site) -> str:
    """Code of another date is served by another server: the name tells them apart."""
    newest = hashlib.sha256(f"{site.python}:{site.loaded}".encode())
    for file in sorted((site.code / "f1mesh").rglob("*.py")):
        status = file.stat()
        newest.update(f"{file}:{status.st_mtime_ns}:{status.st_size};".encode())
    return f"{site.name}-{newest.hexdigest()[:8]}"


def connect_to(run_dir: Path, name: str) -> socket.socket | None:
    """A connection to the server of that name; None where none listens.

    The address goes by a file descriptor of the folder, since a socket's path may not be longer
    than about 100 characters.
    """
    folder = os.open(run_dir, os.O_RDONLY | os.O_DIRECTORY)
    peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    short = Path(f"/proc/self/fd/{folder}")
    try:
        peer.connect(str((short if short.exists() else run_dir) / f"{name}.sock"))
    except OSError:
        peer.close()
        return None
    finally:
        os.close(folder)
    return peer


def _connect(site: Site) -> socket.socket | None:
    name = socket_name(site)
    site.run_dir.mkdir(parents=True, exist_ok=True)
    if found := connect_to(site.run_dir, name):
        return found
    with (site.run_dir / f"{site.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the kernel's: it ends with its holder
        return connect_to(site.run_dir, name) or _start(site, name)


def _start(site: Site, name: str) -> socket.socket | None:
    command = _python(site, "f1mesh.workers.server", str(site.run_dir), name, *site.loaded)
    with (site.run_dir / f"{name}.log").open("ab") as log:
        server = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=_environment(site),
            start_new_session=True,
        )
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and server.poll() is None:
        if found := connect_to(site.run_dir, name):
            return found
        time.sleep(0.05)
    if server.poll() is None:
        server.kill()
        server.wait()
    return None


def _run_forked(connection: socket.socket, site: Site, what: Call, on_line: Line) -> Ended:
    settings = {key: value for key, value in _environment(site).items() if key.startswith(SETTINGS)}
    letter = json.dumps({"call": asdict(what), "environment": settings}).encode()
    with _pipes() as ((out, child_out), (err, child_err)):
        try:
            socket.send_fds(connection, [len(letter).to_bytes(8, "big")], [child_out, child_err])
            connection.sendall(letter)
        except OSError:
            return Ended(TRY_AGAIN, "")
        finally:
            os.close(child_out)
            os.close(child_err)
        last = _listen(out, err, on_line)
    answer = b""
    with contextlib.suppress(OSError):
        answer = connection.recv(16)
    code = int(answer) if answer else TRY_AGAIN  # nothing: the server is gone
    return Ended(code if code >= 0 else TRY_AGAIN, last)


def _run_process(site: Site, what: Call, on_line: Line) -> Ended:
    process = subprocess.Popen(
        _python(site, "f1mesh.workers.calling"),
        stdin=subprocess.PIPE,  # other users read command lines, and a call may hold a token
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_environment(site),
        start_new_session=True,
    )
    assert process.stdin and process.stdout and process.stderr
    try:
        with contextlib.suppress(BrokenPipeError), process.stdin as letter:
            letter.write(json.dumps(asdict(what)).encode())
        last = _listen(process.stdout.fileno(), process.stderr.fileno(), on_line)
        code = process.wait()
    finally:
        _end(process)
    return Ended(code if code >= 0 else TRY_AGAIN, last)


def _listen(out: int, err: int, on_line: Line) -> str:
    """Hear both streams to their ends; the last line of the first one."""
    buffers = {out: b"", err: b""}
    last = b""
    with selectors.DefaultSelector() as streams:
        for stream in buffers:
            streams.register(stream, selectors.EVENT_READ)
        while streams.get_map():
            for key, _ in streams.select():
                chunk = os.read(key.fd, 65536)
                *lines, buffers[key.fd] = (buffers[key.fd] + chunk).split(b"\n")
                if not chunk:
                    streams.unregister(key.fd)
                    lines = [buffers[key.fd]] if buffers[key.fd] else []
                if key.fd == out:
                    last = lines[-1] if lines else last
                else:
                    for line in lines:
                        on_line(line.decode(errors="replace"))
    return last.decode(errors="replace")


@contextlib.contextmanager
def _pipes() -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    first, second = os.pipe(), os.pipe()
    try:
        yield first, second
    finally:
        os.close(first[0])
        os.close(second[0])


def _end(process: subprocess.Popen[bytes]) -> None:
    for sig, patience in ((signal.SIGTERM, 10.0), (signal.SIGKILL, 10.0)):
        if process.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, sig)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=patience)


def _python(site: Site, module: str, *arguments: str) -> list[str]:
    return [str(site.python), "-P", "-m", module, *arguments]


def _environment(site: Site) -> dict[str, str]:
    """The caller's settings without what its own Python needs (an orchestrator's differs)."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    return {**kept, "PYTHONPATH": str(site.code), **site.environment}
