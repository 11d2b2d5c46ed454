"""F1DB's releases on GitHub: the newest one, and the one that was fetched last."""

from __future__ import annotations

import http.client
import re
import urllib.error
import urllib.request
from pathlib import Path

from f1mesh.errors import TransientError
from f1mesh.sources.download import Release, cause, whole, within

LATEST = "https://github.com/f1db/f1db/releases/latest/download/f1db-csv.zip"

_TAG = re.compile(r"/releases/download/([^/]+)/")


def latest_release(timeout_s: float = 10.0) -> Release:
    """The newest F1DB release. Raises TransientError if GitHub does not answer in time."""
    return within(2 * timeout_s, LATEST, lambda: _latest_release(timeout_s))


def newest_kept(downloads: Path) -> Release | None:
    """The F1DB release that was fetched last and is still whole."""
    kept = sorted(downloads.glob("f1db-csv-v*.zip"), key=lambda file: file.stat().st_mtime)
    for file in reversed(kept):
        if whole(file):
            return Release(LATEST, file.stem.removeprefix("f1db-csv-"))
    return None


def _latest_release(timeout_s: float) -> Release:
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
    except (OSError, http.client.HTTPException) as error:
        raise TransientError(f"GitHub cannot be reached: {cause(error)}.") from error
    tag = _TAG.search(location)
    return Release(location or LATEST, tag.group(1) if tag else None)
