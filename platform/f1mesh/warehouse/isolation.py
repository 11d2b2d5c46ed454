"""The engine's port is reached by the warehouse's own process and by nobody else.

Sail's Spark Connect server listens on TCP and knows no authentication: whoever reached its port
would read and write all that the warehouse's owner may. So the process leaves the machine's network
for an empty one of its own before the engine starts there. A socket stays in the network in which
it was made: clients reach the HTTP port, which was bound before, as ever.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
import subprocess
import sys
from pathlib import Path

CLONE_NEWUSER = 0x10000000  # linux/sched.h
CLONE_NEWNET = 0x40000000
SIOCGIFFLAGS = 0x8913  # linux/sockios.h
SIOCSIFFLAGS = 0x8914
IFF_UP = 0x1


def leave_network() -> str | None:
    """Move this process into a network of its own that has nothing but 127.0.0.1.

    Called before any thread exists (the kernel demands it of a new user namespace). The result is
    None, or, where the machine does not allow it, the reason; then nothing has changed.
    """
    if not sys.platform.startswith("linux"):
        return f"{sys.platform} has no network namespaces"
    if (child := os.fork()) == 0:
        os._exit(_tried())
    number = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if number:
        reason = os.strerror(number) if number > 0 else f"signal {-number}"
        return f"the kernel refuses a network namespace ({reason})"
    _enter()
    return None


def _tried() -> int:
    """The error number of entering, for a child that ends with it; 0 where it works."""
    try:
        _enter()
    except OSError as error:
        return error.errno or 1
    return 0


def _enter() -> None:
    _unshare()
    _bring_up("lo")


def possible() -> str | None:
    """None if `leave_network` works on this machine, else the reason; tried in a new process."""
    command = [sys.executable, "-P", "-m", "f1mesh.warehouse.isolation"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or done.stderr.strip()[-200:] or None


def _unshare() -> None:
    """Root needs no user namespace, and keeps its rights to the files of others."""
    user, group = os.geteuid(), os.getegid()
    if user == 0:
        try:
            return _call_unshare(CLONE_NEWNET)
        except PermissionError:
            pass  # root of a container that may not do this; as any user, perhaps
    _call_unshare(CLONE_NEWUSER | CLONE_NEWNET)
    own = Path("/proc/self")
    (own / "setgroups").write_text("deny")
    (own / "uid_map").write_text(f"{user} {user} 1")
    (own / "gid_map").write_text(f"{group} {group} 1")


def _call_unshare(flags: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(flags) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _bring_up(interface: str) -> None:
    name = interface.encode()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        answer = fcntl.ioctl(control, SIOCGIFFLAGS, struct.pack("16sH14x", name, 0))
        (flags,) = struct.unpack_from("H", answer, 16)
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH14x", name, flags | IFF_UP))


if __name__ == "__main__":
    print(leave_network() or "")
