"""Zips of CSV files fetched from the web, kept with their checksum.

A server is not trusted: what it sends is bounded in size and in time, it may redirect to http and
https only, and what is not a readable zip of CSV files is not kept.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import re
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeVar
from urllib.parse import urlsplit

from f1mesh.errors import MeshError, PermanentError, TransientError
from f1mesh.sources.csv_folders import MAX_BYTES, csv_members

MAX_SECONDS = 600.0
"""The longest that a download may take, however steadily it drips."""
Progress = Callable[[str], None]

T = TypeVar("T")

_BLOCK = 1 << 18
_GONE = (400, 401, 404, 405, 410, 414, 451)


@dataclass(frozen=True)
class Release:
    """A file on the network, and its release tag where the address tells it."""

    url: str
    tag: str | None

    def kept_at(self, downloads: Path) -> Path:
        """Where the file is kept; one file per address."""
        name = Path(re.sub(r"[^\w.-]", "_", urlsplit(self.url).path.rpartition("/")[2])[-80:])
        mark = self.tag or hashlib.sha256(self.url.encode()).hexdigest()[:12]
        mark = re.sub(r"[^\w.-]", "_", mark)[:80]
        stem, suffix = (name.stem, name.suffix) if name.name else ("download", ".zip")
        return downloads / f"{stem}-{mark}{suffix}"

    def fetch(self, downloads: Path, progress: Progress | None = None) -> Path:
        """The file on disk: the kept one if it is whole, else fetched now.

        A file without a release tag is fetched each time: what its address holds may change. Raises
        TransientError if the network fails, PermanentError if there is no such file or if it is no
        zip of CSV files; then nothing is kept.
        """
        _refuse_odd(self.url)
        kept = self.kept_at(downloads)
        if self.tag and whole(kept):
            return kept
        downloads.mkdir(parents=True, exist_ok=True)
        _remove_parts(downloads)
        part = kept.with_suffix(f".{os.getpid()}.part")
        try:
            digest = within(MAX_SECONDS, self.url, lambda: _download(self.url, part, progress))
            _refuse_other_than_zip(part, self.url)
            _checksum(kept).write_text(digest + "\n")
            part.replace(kept)
        finally:
            part.unlink(missing_ok=True)
        return kept


class _WebOnly(urllib.request.HTTPRedirectHandler):
    """Follows redirects within http and https (urllib by itself refuses most others, not ftp), and
    none that gives encryption up."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        scheme = urlsplit(newurl).scheme
        if scheme not in ("http", "https") or (req.type == "https" and scheme != "https"):
            raise PermanentError(
                f"{req.full_url} leads to {newurl}: a redirect from {req.type} to {scheme} is not "
                "followed. Name the address of the file itself."
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _download(url: str, part: Path, progress: Progress | None) -> str:
    deadline = time.monotonic() + MAX_SECONDS
    with _open(url, timeout_s=30.0) as answer:
        if time.monotonic() > deadline:  # nobody waits for it any more
            raise _too_slow(url, MAX_SECONDS)
        with part.open("wb") as out:
            return _copy(answer, out, f"fetching {url}", deadline, progress)


def _open(url: str, timeout_s: float) -> http.client.HTTPResponse:
    try:
        opener = urllib.request.build_opener(_WebOnly)
        answer: http.client.HTTPResponse = opener.open(url, timeout=timeout_s)
        return answer
    except urllib.error.HTTPError as error:
        reason = " ".join(str(error.reason).split())
        if error.code in _GONE:
            raise PermanentError(f"There is no file at {url} ({error.code} {reason}).") from error
        if 300 <= error.code < 400:
            raise PermanentError(f"{url} leads to no file ({error.code} {reason}).") from error
        raise TransientError(f"{url} answered {error.code} {reason}.") from error
    except (ValueError, http.client.InvalidURL) as error:
        raise PermanentError(f"{url} is not an address: {error}.") from error
    except (OSError, http.client.HTTPException) as error:
        raise TransientError(f"{url} cannot be reached: {cause(error)}.") from error


def _copy(
    answer: http.client.HTTPResponse,
    out: IO[bytes],
    what: str,
    deadline: float,
    progress: Progress | None,
) -> str:
    announced = answer.headers.get("Content-Length") or ""
    expected = int(announced) if announced.isascii() and announced.isdigit() else 0
    digest, done = hashlib.sha256(), 0
    try:
        while block := answer.read1(_BLOCK):
            done += len(block)
            if max(done, expected) > MAX_BYTES:
                raise PermanentError(f"{what}: it is larger than {MAX_BYTES >> 20} MB.")
            if time.monotonic() > deadline:
                raise _too_slow(what, MAX_SECONDS)
            out.write(block)
            digest.update(block)
            if progress:
                share = f" of {expected / 1e6:.1f}" if expected else ""
                progress(f"{what}: {done / 1e6:.1f}{share} MB")
    except (OSError, http.client.HTTPException) as error:
        raise TransientError(f"{what} broke off after {done} bytes: {cause(error)}.") from error
    if expected and done != expected:
        raise TransientError(f"{what} broke off: {done} of {expected} bytes came.")
    return digest.hexdigest()


def within(seconds: float, what: str, work: Callable[[], T]) -> T:
    """What `work` returns or raises; TransientError if that takes longer. A socket's own timeout
    starts anew with each byte, so a server that drips its headers would never end."""
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, name="download", daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not results:
        raise _too_slow(what, seconds)
    return results[0]


def _too_slow(what: str, seconds: float) -> TransientError:
    return TransientError(f"{what} took more than {seconds:.0f} s and was given up.")


def _refuse_odd(url: str) -> None:
    """Raises PermanentError for what is no address of a file on the web."""
    try:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
            raise ValueError("it must be http(s)://host[:port]/file")
        if not url.isascii() or not url.isprintable() or " " in url:
            raise ValueError("write blanks and letters outside ASCII percent-encoded")
    except ValueError as error:
        raise PermanentError(f"{url!r} is not an address: {error}.") from error


def _refuse_other_than_zip(file: Path, url: str) -> None:
    """Raises PermanentError unless each CSV file of the zip can be unpacked."""
    try:
        names = [name for name, _ in csv_members(file)]
    except PermanentError as error:
        raise PermanentError(
            f"What {url} answered is not used: {str(error).replace(str(file), 'it')}"
        ) from error
    if not names:
        raise PermanentError(f"What {url} answered is not used: a zip without CSV files.")


def _remove_parts(downloads: Path) -> None:
    """What a killed download left behind."""
    for part in downloads.glob("*.part"):
        pid = part.stem.rpartition(".")[2]
        if not (pid.isdigit() and _runs(int(pid))):
            part.unlink(missing_ok=True)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    return True


def _checksum(file: Path) -> Path:
    return file.with_name(file.name + ".sha256")


def whole(file: Path) -> bool:
    """Whether a kept file is there, as it was fetched."""
    if not file.is_file() or not _checksum(file).is_file():
        return False
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    if digest != _checksum(file).read_text().strip():
        return False
    try:
        _refuse_other_than_zip(file, file.name)
    except MeshError:
        return False
    return True


def cause(error: Exception) -> str:
    """What a network error says, without what wraps it."""
    return str(getattr(error, "reason", None) or error) or type(error).__name__
