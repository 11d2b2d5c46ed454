"""The server's log: one JSON object per line on standard output, bounded in size."""

from __future__ import annotations

import json
import os
import sys
import threading
from datetime import UTC, datetime
from typing import Any

MAX_BYTES = 16 * 1024 * 1024
_lock = threading.Lock()


def event(name: str, **keys: Any) -> None:
    """Write one event. A log file that grew too large begins anew."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    line = json.dumps({"at": now, "event": name, **keys}, ensure_ascii=False)
    with _lock:
        _bound()
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


def _bound() -> None:
    try:
        out = sys.stdout.fileno()
        if os.fstat(out).st_size > MAX_BYTES:
            os.ftruncate(out, 0)
    except (OSError, ValueError):
        return  # not a file: a terminal or a pipe
