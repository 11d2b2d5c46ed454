"""A server that forks a process for each call, with the costly libraries loaded already.

A fresh process pays 3 to 5 s of CPU for imports before it does anything; a run has dozens of steps.
The server imports once, starts no thread (a fork copies only the thread that forks), and forks for
each connection a child that makes the call.

Protocol (unix socket, private to the user): the caller sends the length of its letter (8 bytes)
with two file descriptors, the child's stdout and stderr, then the letter as JSON: the call and the
settings that it is to see; the answer is the exit code in digits, negative for a signal. A caller
that closes its connection ends its child; the server's end ends them all. The server ends itself
after ten idle minutes, or when its socket goes.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import gc
import json
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from f1mesh.workers.calling import make
from f1mesh.workers.client import SETTINGS

IDLE_S = 600.0
GRACE_S = 10.0
_LOOK_S = 2.0
_PR_SET_PDEATHSIG = 1

# Libraries start these threads when they are loaded.
_NO_THREADS = {
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_CONF": "background_thread:false",
    "_RJEM_MALLOC_CONF": "background_thread:false",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}


@dataclass
class Child:
    """A call at work and the connection of whoever made it."""

    pid: int
    peer: socket.socket
    ends_at: float | None = None  # when it is killed, once it was told to end


@dataclass
class Server:
    """The loop: connections become children, ended children become answers."""

    run_dir: Path
    name: str
    listener: socket.socket
    selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    children: dict[int, Child] = field(default_factory=dict)
    idle_since: float = field(default_factory=time.monotonic)

    def serve(self) -> None:
        """Until idle for long, told to end, or bereft of the socket."""
        wake_read, wake_write = os.pipe()
        os.set_blocking(wake_write, False)
        os.set_blocking(wake_read, False)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self.selector.register(self.listener, selectors.EVENT_READ, self._accept)
        self.selector.register(wake_read, selectors.EVENT_READ, lambda: _drain(wake_read))
        while not self._done():
            for key, _ in self.selector.select(_LOOK_S):
                key.data()
            self._reap()
            self._kill_overdue()

    def end(self) -> None:
        """End all children; the socket is removed if it is still this server's."""
        for child in self.children.values():
            _signal(child.pid, signal.SIGKILL)
        with contextlib.suppress(OSError):
            if self._socket_is_ours():
                self.path.unlink()

    @property
    def path(self) -> Path:
        return self.run_dir / f"{self.name}.sock"

    def _done(self) -> bool:
        if not self.children and time.monotonic() - self.idle_since > IDLE_S:
            return True
        return not self._socket_is_ours()

    def _socket_is_ours(self) -> bool:
        try:
            there = os.stat(self.path)
        except OSError:
            return False
        return there.st_ino == self.inode

    def __post_init__(self) -> None:
        self.inode = os.stat(self.path).st_ino

    def _accept(self) -> None:
        peer, _ = self.listener.accept()
        peer.settimeout(5.0)
        try:
            head, streams, _, _ = socket.recv_fds(peer, 8, 2)
            letter = _receive(peer, int.from_bytes(head, "big")) if len(streams) == 2 else None
        except (OSError, ValueError):
            letter, streams = None, []
        if letter is None:
            for stream in streams:
                os.close(stream)
            peer.close()
            return
        pid = os.fork()
        if pid == 0:
            self._become_child(letter, streams)
        for stream in streams:
            os.close(stream)
        child = Child(pid, peer)
        self.children[pid] = child
        self.selector.register(peer, selectors.EVENT_READ, lambda: self._hung_up(child))

    def _become_child(self, letter: bytes, streams: list[int]) -> None:
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            for sig in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
                signal.signal(sig, signal.SIG_DFL)
            os.setsid()
            _die_with_parent(os.getppid())
            self.listener.close()
            for other in self.children.values():
                other.peer.close()
            os.dup2(streams[0], 1)
            os.dup2(streams[1], 2)
            code = _make(json.loads(letter))
        finally:
            with contextlib.suppress(Exception):
                atexit._run_exitfuncs()  # what its libraries want tidied
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)

    def _hung_up(self, child: Child) -> None:
        """The caller is gone (it says nothing after its letter): its call ends."""
        self.selector.unregister(child.peer)
        child.peer.close()
        child.ends_at = time.monotonic() + GRACE_S
        _signal(child.pid, signal.SIGTERM)

    def _reap(self) -> None:
        while self.children:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self.idle_since = time.monotonic()
            child = self.children.pop(pid, None)
            if child is None or child.ends_at is not None:
                continue
            self.selector.unregister(child.peer)
            with contextlib.suppress(OSError):
                child.peer.sendall(str(os.waitstatus_to_exitcode(status)).encode())
            child.peer.close()

    def _kill_overdue(self) -> None:
        now = time.monotonic()
        for child in self.children.values():
            if child.ends_at is not None and now > child.ends_at:
                _signal(child.pid, signal.SIGKILL)


def main(run_dir: Path, name: str, loaded: Sequence[str]) -> None:
    """Record the service, load the libraries, listen, serve."""
    from f1mesh.services import Service

    service = Service(name, run_dir, run_dir)
    service.record(os.getpid(), {"socket": f"{name}.sock"})
    signal.signal(signal.SIGTERM, _leave)
    try:
        preload(loaded)
        server = Server(run_dir, name, _listen(run_dir, name))
        try:
            server.serve()
        finally:
            server.end()
    finally:
        found = service.running()
        if found is not None and found.pid == os.getpid():
            service.state_file.unlink(missing_ok=True)


def preload(modules: Sequence[str]) -> None:
    """Import what calls need; objects that live from here on are shared by all children."""
    os.environ.update(_NO_THREADS)
    for module in modules:
        with contextlib.suppress(ImportError):  # the call that needs it will say so
            __import__(module)
    gc.collect()
    gc.freeze()


def _listen(run_dir: Path, name: str) -> socket.socket:
    os.chdir(run_dir)  # a socket's path may not be long
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    fresh = f"{name}.{os.getpid()}"
    before = os.umask(0o177)
    try:
        listener.bind(fresh)
    finally:
        os.umask(before)
    listener.listen(64)
    os.replace(fresh, f"{name}.sock")
    return listener


def _make(letter: dict[str, Any]) -> int:
    for setting in [key for key in os.environ if key.startswith(SETTINGS)]:
        del os.environ[setting]  # the first caller's, who started the server
    os.environ.update(letter["environment"])
    os.chdir("/")
    return make(**letter["call"])


def _receive(peer: socket.socket, length: int) -> bytes:
    found = b""
    while len(found) < length:
        chunk = peer.recv(length - len(found))
        if not chunk:
            raise ValueError("the caller hung up within its letter")
        found += chunk
    return found


def _drain(stream: int) -> None:
    with contextlib.suppress(BlockingIOError):
        while os.read(stream, 4096):
            pass


def _signal(pid: int, sig: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, sig)


def _die_with_parent(parent: int) -> None:
    """On Linux the kernel kills the child when the server goes, however it goes."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(75)


def _leave(_signal: int, _frame: object) -> None:
    sys.exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
