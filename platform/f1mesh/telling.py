"""How an error is told to people: one line of what and where; the traceback is for `--debug`."""

from __future__ import annotations

import errno
import sys
import traceback
from pathlib import Path

from f1mesh.errors import MeshError
from f1mesh.settings import Settings

MAX_TOLD = 500  # characters of a library's message
_PACKAGE = Path(__file__).parent
_asked: list[bool] = []


def told(error: BaseException) -> str:
    """The platform's own errors in their words (and those of the warehouse, which name place and
    remedy too), others on one line with their kind and the place in our code."""
    if isinstance(error, MeshError) or _of_the_warehouse(error):
        return str(error).strip() or type(error).__name__
    if isinstance(error, OSError) and error.errno is not None:
        return _of_the_system(error)
    what = ": ".join(filter(None, [type(error).__name__, " ".join(str(error).split())[:MAX_TOLD]]))
    remedy = f" Run again with --debug (or {Settings.debug.name}=1) for the traceback."
    return f"{what} ({_place(error)}).{'' if debugging() else remedy}"


def show_tracebacks(wanted: bool) -> None:
    """What the command line of this process says."""
    _asked[:] = [wanted]


def debugging() -> bool:
    """Whether tracebacks are wanted: by the command line, or by the environment."""
    return any(_asked) or bool(Settings.read().debug)


def trace(error: BaseException) -> str:
    """The traceback, with that of each cause."""
    return "".join(traceback.format_exception(error)).rstrip()


def _of_the_warehouse(error: BaseException) -> bool:
    """Whether the warehouse's client raised it (not imported: then it was never asked)."""
    client = sys.modules.get("databricks.sql.exc")
    return client is not None and isinstance(error, client.Error)


def _of_the_system(error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return f"the disk is full ({error.filename or 'while writing'}). Free space and run again."
    return str(error)


def _place(error: BaseException) -> str:
    """Where in the platform's code an error came up; elsewhere, if it never was there."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if _PACKAGE in Path(frame.filename).parents]
    for frame in (ours or list(frames))[-1:]:
        return f"in {frame.name}, {Path(frame.filename).name}:{frame.lineno}"
    return "nowhere in the code"
