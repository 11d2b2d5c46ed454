"""Run a program as another user: `python -m f1mesh.sources.unprivileged UID GID PROGRAM ARGS...`.

PostgreSQL refuses to run as root, and containers mostly are root. The process gives up everything
but, where the other user could not reach `PROGRAM` or the folders behind `-D` (a checkout below
`/root`), the right to read past folder permissions; no folder's permissions are changed.
"""

from __future__ import annotations

import ctypes
import os
import sys
from itertools import pairwise

_PR_SET_KEEPCAPS = 8
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAPABILITY_VERSION_3 = 0x20080522
_CAP_DAC_OVERRIDE = 1
_CAP_DAC_READ_SEARCH = 2


def reachable(path: str, uid: int, gid: int) -> bool:
    """Whether a user without further groups may pass every folder above `path`."""
    folder = os.path.dirname(os.path.abspath(path))
    while True:
        facts = os.stat(folder)
        mine = facts.st_uid == uid
        bit = 0o100 if mine else 0o010 if facts.st_gid == gid else 0o001
        if not facts.st_mode & bit:
            return False
        if folder == "/":
            return True
        folder = os.path.dirname(folder)


def become(uid: int, gid: int, *, keep_search: bool) -> None:
    """Turn this process into the user `uid`. Raises OSError where the kernel refuses."""
    libc = ctypes.CDLL(None, use_errno=True)
    if keep_search:
        _call(libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0), "keep capabilities")
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    if not keep_search:
        return
    for capability in (_CAP_DAC_READ_SEARCH, _CAP_DAC_OVERRIDE):
        if _grant(libc, capability):
            return
    raise PermissionError("the capability CAP_DAC_READ_SEARCH is not available")


def _grant(libc: ctypes.CDLL, capability: int) -> bool:
    mask = 1 << capability
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    # Two blocks of effective, permitted, inheritable; capabilities below 32 are in the first.
    data = (ctypes.c_uint32 * 6)(mask, mask, mask, 0, 0, 0)
    if libc.capset(header, data) != 0:
        return False
    ambient = libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability, 0, 0)
    return bool(ambient == 0)


def _call(result: int, what: str) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), f"cannot {what}")


def main(arguments: list[str]) -> None:
    """Become the user and turn into the program."""
    uid, gid, program = int(arguments[0]), int(arguments[1]), arguments[2]
    folders = [after for flag, after in pairwise(arguments) if flag == "-D"]
    search = not all(reachable(path, uid, gid) for path in (program, *folders))
    try:
        become(uid, gid, keep_search=search)
    except OSError as error:
        sys.exit(
            f"PostgreSQL does not run as root, and the user with id {uid} cannot reach "
            f"{program if not folders else folders[0]} ({error}). Run as an ordinary user, or put "
            "the checkout or F1_HOME where everybody may pass (chmod o+x on the folders above)."
        )
    os.chdir("/")
    os.execv(program, arguments[2:])


if __name__ == "__main__":
    main(sys.argv[1:])
