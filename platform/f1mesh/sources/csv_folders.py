"""Folders and zips of CSV files: regular files only, and no more of them than fits."""

from __future__ import annotations

import gzip
import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, cast

from f1mesh.errors import PermanentError

MAX_BYTES = 1 << 29
"""The most that the CSV files of one input may hold, unpacked."""
MAX_FILES = 1000

_SUFFIXES = (".csv", ".csv.gz")
_BLOCK = 1 << 20
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
# What the standard library raises for archives that are broken in one way or another.
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error),
    *(EOFError, OSError, RuntimeError, ValueError),
)


@dataclass(frozen=True)
class Entry:
    """One CSV file, of a folder or (`member`) of the zip at `path`."""

    name: str
    path: Path
    member: zipfile.ZipInfo | None = None

    @property
    def written(self) -> str:
        """The day that a zip tells; empty in a folder, whose dates tell when it was copied."""
        return "{:04}-{:02}-{:02}".format(*self.member.date_time) if self.member else ""

    @contextmanager
    def opened(self) -> Iterator[IO[bytes]]:
        """Its bytes, unpacked. Raises PermanentError for a zip member that needs another tool."""
        if self.member is None:
            with self.path.open("rb") as stream:
                yield self._unzipped(stream)
            return
        encrypted = self.member.flag_bits & 0x1
        if encrypted or self.member.compress_type not in _METHODS:
            what = "encrypted" if encrypted else "packed in a way that cannot be read here"
            raise PermanentError(
                f"{self.name} in {self.path} is {what}. Unpack it and name the folder."
            )
        with zipfile.ZipFile(self.path) as archive, archive.open(self.member) as stream:
            yield self._unzipped(stream)

    def _unzipped(self, stream: IO[bytes]) -> IO[bytes]:
        zipped = self.name.lower().endswith(".gz")
        return cast(IO[bytes], gzip.GzipFile(fileobj=stream)) if zipped else stream


def csv_entries(path: Path) -> list[Entry]:
    """The CSV files (`.csv`, `.csv.gz`) of a folder or a zip, by name.

    Raises PermanentError if the path is neither, if the archive is broken, or if a file is a pipe,
    a device or the like, which might never end.
    """
    with _telling(str(path)):
        entries = _folder(path) if path.is_dir() else _archive(path)
        bytes_packed = sum(file.stat().st_size for file in {entry.path for entry in entries})
    if len(entries) > MAX_FILES:
        raise PermanentError(f"{path} holds {len(entries)} CSV files, over {MAX_FILES}.")
    if bytes_packed > MAX_BYTES:
        raise _too_much(path)
    names = [entry.name for entry in entries]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise PermanentError(f"{path} holds several files {twice}. Keep the one that counts.")
    return entries


def csv_members(path: Path) -> Iterator[tuple[str, bytes]]:
    """Name and unpacked content of every CSV file of a folder or a zip, by name.

    Raises PermanentError as `csv_entries` does, and if a file is broken or all are more than
    MAX_BYTES.
    """
    left = MAX_BYTES
    for entry in csv_entries(path):
        content = io.BytesIO()
        with _telling(f"{entry.name} in {path}"), entry.opened() as stream:
            while block := stream.read(_BLOCK):
                left -= len(block)
                if left < 0:
                    raise _too_much(path)
                content.write(block)
        yield entry.name, content.getvalue()


def csv_names(path: Path) -> dict[str, str]:
    """The CSV files of a folder or zip, each with the day it was written, where that is known."""
    return {entry.name: entry.written for entry in csv_entries(path)}


def _folder(path: Path) -> list[Entry]:
    entries = []
    for file in sorted(path.iterdir()):
        if not _is_csv(file.name):
            continue
        if not file.is_file():
            raise PermanentError(
                f"{file} is no regular file (a folder, pipe, device or dead link). Remove it."
            )
        entries.append(Entry(file.name, file))
    return entries


def _archive(path: Path) -> list[Entry]:
    if not path.is_file():
        raise PermanentError(f"{path} is neither a folder nor a regular file.")
    path.open("rb").close()  # is_zipfile takes a file that may not be read for no zip
    if not zipfile.is_zipfile(path):
        raise PermanentError(
            f"{path} is neither a folder nor a zip file. Give a folder or zip of CSV files."
        )
    with zipfile.ZipFile(path) as archive:
        members = sorted(archive.infolist(), key=lambda member: member.filename)
    return [
        Entry(PurePosixPath(member.filename).name, path, member)
        for member in members
        if _is_csv(PurePosixPath(member.filename).name) and not member.is_dir()
    ]


def _is_csv(name: str) -> bool:
    """`._x.csv` is what macOS keeps beside a file, not the file."""
    return name.lower().endswith(_SUFFIXES) and not name.startswith("._")


@contextmanager
def _telling(what: str) -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        raise PermanentError(f"{what} cannot be read: {error}. Get the file again.") from error


def _too_much(path: Path) -> PermanentError:
    return PermanentError(
        f"The CSV files of {path} hold more than {MAX_BYTES >> 20} MB, which is more than is read. "
        "Name a smaller input."
    )
