"""F1DB releases fetched from GitHub, kept with their checksum."""

from __future__ import annotations

import hashlib
import os
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from f1mesh.errors import PermanentError, TransientError

LATEST = "https://github.com/f1db/f1db/releases/latest/download/f1db-csv.zip"
Progress = Callable[[str], None]

_TAG = re.compile(r"/releases/download/([^/]+)/")
_BLOCK = 1 << 18


@dataclass(frozen=True)
class Release:
    """A file on the network, and its release tag where the address tells it."""

    url: str
    tag: str | None

    def kept_at(self, downloads: Path) -> Path:
        """Where the file is kept; one file per address."""
        name = Path(urlsplit(self.url).path).name or "history.zip"
        mark = self.tag or hashlib.sha256(self.url.encode()).hexdigest()[:12]
        return downloads / f"{Path(name).stem}-{mark}{Path(name).suffix}"

    def fetch(self, downloads: Path, progress: Progress | None = None) -> Path:
        """The file on disk: the kept one if it is whole, else fetched now.

        A file without a release tag is fetched each time: what its address holds may change. Raises
        TransientError if the network fails, PermanentError if there is no such file.
        """
        kept = self.kept_at(downloads)
        if self.tag and _whole(kept):
            return kept
        downloads.mkdir(parents=True, exist_ok=True)
        part = kept.with_suffix(f".{os.getpid()}.part")
        try:
            with _open(self.url, timeout_s=30.0) as answer, part.open("wb") as out:
                digest = _copy(answer, out, f"fetching {self.url}", progress)
            _checksum(kept).write_text(digest + "\n")
            part.replace(kept)
        finally:
            part.unlink(missing_ok=True)
        return kept


def latest_release(timeout_s: float = 10.0) -> Release:
    """The newest F1DB release. Raises TransientError if GitHub does not answer in time."""

    class Stop(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_args: object, **_more: object) -> None:
            return None

    request = urllib.request.Request(LATEST, method="HEAD")
    try:
        with urllib.request.build_opener(Stop).open(request, timeout=timeout_s) as answer:
            location = answer.headers.get("Location", "")
    except urllib.error.HTTPError as error:
        location = error.headers.get("Location", "") if error.code in (301, 302, 307, 308) else ""
        if not location:
            raise TransientError(f"GitHub answered {error.code} for {LATEST}.") from error
    except OSError as error:
        raise TransientError(f"GitHub cannot be reached: {_cause(error)}.") from error
    tag = _TAG.search(location)
    return Release(location or LATEST, tag.group(1) if tag else None)


def newest_kept(downloads: Path) -> Release | None:
    """The F1DB release that was fetched last and is still whole."""
    kept = sorted(downloads.glob("f1db-csv-v*.zip"), key=lambda file: file.stat().st_mtime)
    for file in reversed(kept):
        if _whole(file):
            return Release(LATEST, file.stem.removeprefix("f1db-csv-"))
    return None


def _open(url: str, timeout_s: float) -> IO[bytes]:
    try:
        answer: IO[bytes] = urllib.request.urlopen(url, timeout=timeout_s)
        return answer
    except urllib.error.HTTPError as error:
        if error.code in (404, 410):
            raise PermanentError(f"There is no file at {url} ({error.code}).") from error
        raise TransientError(f"{url} answered {error.code} {error.reason}.") from error
    except ValueError as error:
        raise PermanentError(f"{url} is not an address: {error}.") from error
    except OSError as error:
        raise TransientError(f"{url} cannot be reached: {_cause(error)}.") from error


def _copy(answer: IO[bytes], out: IO[bytes], what: str, progress: Progress | None) -> str:
    expected = int(getattr(answer, "headers", {}).get("Content-Length") or 0)
    digest, done = hashlib.sha256(), 0
    try:
        while block := answer.read(_BLOCK):
            out.write(block)
            digest.update(block)
            done += len(block)
            if progress:
                share = f" of {expected / 1e6:.1f}" if expected else ""
                progress(f"{what}: {done / 1e6:.1f}{share} MB")
    except OSError as error:
        raise TransientError(f"{what} broke off after {done} bytes: {_cause(error)}.") from error
    if expected and done != expected:
        raise TransientError(f"{what} broke off: {done} of {expected} bytes came.")
    return digest.hexdigest()


def _checksum(file: Path) -> Path:
    return file.with_name(file.name + ".sha256")


def _whole(file: Path) -> bool:
    if not file.is_file() or not _checksum(file).is_file():
        return False
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return digest == _checksum(file).read_text().strip()


def _cause(error: OSError) -> str:
    return str(getattr(error, "reason", None) or error)
