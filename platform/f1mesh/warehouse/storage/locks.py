"""One writer per table at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from f1mesh.warehouse.catalog.entries import Name


class TableLocks:
    """A lock per table name, taken by every path that writes."""

    def __init__(self) -> None:
        self._locks: dict[Name, threading.RLock] = {}
        self._guard = threading.Lock()

    @contextmanager
    def writing(self, *names: Name) -> Iterator[None]:
        """Hold the locks of these tables (taken in one order, so that two never wait in a ring)."""
        with ExitStack() as held:
            for name in sorted(set(names)):
                with self._guard:
                    lock = self._locks.setdefault(name, threading.RLock())
                held.enter_context(lock)
            yield
