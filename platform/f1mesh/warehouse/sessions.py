"""What one client has: a namespace, temporary views and settings."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from f1mesh.warehouse.catalog.entries import Namespace, ViewColumn
from f1mesh.warehouse.errors import SqlError

IDLE_SECONDS = 8 * 3600


@dataclass(frozen=True)
class TempView:
    """A view of one session. `around` holds the temporary views as they were when it was made: a
    later view of the same name changes nothing in this one."""

    text: str
    namespace: Namespace
    columns: tuple[ViewColumn, ...]
    around: Mapping[str, TempView]


@dataclass
class Session:
    """One client's state. Statements of one session may run at the same time."""

    namespace: Namespace
    user: str = "local"
    id: bytes = field(default_factory=lambda: uuid.uuid4().bytes)
    temp_views: dict[str, TempView] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    used: float = field(default_factory=time.monotonic)


class Sessions:
    """All open sessions."""

    def __init__(self) -> None:
        self._open: dict[bytes, Session] = {}
        self._lock = threading.Lock()

    def open(self, namespace: Namespace) -> Session:
        session = Session(namespace)
        with self._lock:
            self._open[session.id] = session
        return session

    def get(self, ident: bytes) -> Session:
        """Raises INVALID_HANDLE.SESSION_NOT_FOUND for a closed, expired or unknown session."""
        with self._lock:
            session = self._open.get(ident)
        if session is None:
            raise SqlError(
                "INVALID_HANDLE.SESSION_NOT_FOUND",
                "Invalid SessionHandle: the session was closed, was idle too long, or the "
                "warehouse was restarted. Connect again.",
                "HY000",
            )
        session.used = time.monotonic()
        return session

    def close(self, ident: bytes) -> None:
        with self._lock:
            self._open.pop(ident, None)

    def expire(self) -> list[Session]:
        """Forget the sessions that nobody used for a working day; which they were."""
        limit = time.monotonic() - IDLE_SECONDS
        with self._lock:
            gone = [s for s in self._open.values() if s.used < limit]
            for session in gone:
                del self._open[session.id]
        return gone
