"""Paths for libraries that read a path as a URL.

Delta's libraries and the engine turn a local path into a URL and, on the way back, do not undo what
the URL had to escape: a table below `F1 mësh #1/` would be written below `F1%20m%C3%ABsh%20%231/`,
beside the folder that was meant. So they are given a way to the same folder whose name has nothing
to escape: a symbolic link in a private folder, named after what it points at.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from pathlib import Path

from f1mesh.errors import PermanentError

_PLAIN = re.compile(r"[A-Za-z0-9._/-]+")
_REFUSED = re.compile(r"[\x00-\x1f\x7f\\]|%[0-9A-Fa-f]{2}")  # delta-rs follows links and fails


def plain_path(path: str | Path) -> str:
    """The same place by a path that has only letters, digits, `.`, `_`, `-` and `/`.

    Raises PermanentError if the machine's folder for temporary files is not the user's to use.
    """
    said = str(path)
    if _PLAIN.fullmatch(said):
        return said
    *parents, _ = (Path(said), *Path(said).parents)
    odd = next(folder for folder in parents if not _PLAIN.fullmatch(folder.name))
    return str(_link(odd) / Path(said).relative_to(odd))


def refuse_unusable(path: Path, what: str) -> None:
    """Raises PermanentError for the few names with which tables below `path` could not be read."""
    said = str(path)
    try:
        said.encode()
    except UnicodeEncodeError as error:
        raise PermanentError(
            f"{what} is {said!r}, which is not text in UTF-8 (or the locale says otherwise: set "
            "PYTHONUTF8=1). Use a folder with another name."
        ) from error
    if found := _REFUSED.search(said):
        raise PermanentError(
            f"{what} is {said!r}: {found[0]!r} in a path breaks Delta's libraries (they read paths "
            "as URLs). Use a folder with another name; F1_HOME can name one."
        )


def _link(folder: Path) -> Path:
    """A link to `folder`, the same for every process of this user."""
    links = _own_folder()
    link = links / hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    fresh = links / f"{link.name}.{os.getpid()}"
    if not link.is_symlink() or os.readlink(link) != str(folder):
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(folder)
        fresh.replace(link)
    return link


def _own_folder() -> Path:
    temporary = tempfile.gettempdir()
    base = Path(temporary if _PLAIN.fullmatch(temporary) else "/tmp")
    folder = base / f"f1mesh-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if folder.is_symlink() or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise PermanentError(
            f"{folder} is not a private folder of this user: somebody else made it. Set TMPDIR to "
            "a folder of your own."
        )
    return folder
