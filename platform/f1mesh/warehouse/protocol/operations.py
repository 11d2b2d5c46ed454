"""Running statements: each in a thread, with its state, its result in pages, and a way to stop it."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress

from f1mesh.warehouse.engine import Engine, Lease
from f1mesh.warehouse.errors import SqlError
from f1mesh.warehouse.events import event
from f1mesh.warehouse.protocol.arrow import Page, Pages
from f1mesh.warehouse.results import Result
from f1mesh.warehouse.sessions import Session

WORKERS = 32
Work = Callable[[Lease], Result]


class Operation:
    """One statement of a session."""

    def __init__(self, session: Session, text: str) -> None:
        self.id = uuid.uuid4().bytes
        self.session = session
        self.text = text
        self.pages: Pages | None = None
        self.canceled = False
        self.used = time.monotonic()
        self._future: Future[None] | None = None
        self._lease: Lease | None = None
        self._held = ExitStack()
        self._lock = threading.Lock()

    def start(self, pool: ThreadPoolExecutor, engine: Engine, work: Work, nested: bool) -> None:
        """Begin to work in another thread."""
        self._future = pool.submit(self._run, engine, work, nested)

    def _run(self, engine: Engine, work: Work, nested: bool) -> None:
        began, error = time.monotonic(), None
        self.session.running += 1
        try:
            self._lease = self._held.enter_context(engine.lease())
            self.pages = Pages(work(self._lease), nested)
        except SqlError as raised:
            error = str(raised)
            self.close()
            raise
        except BaseException as raised:
            error = repr(raised)
            self.close()
            raise
        finally:
            self.session.running -= 1
            event(
                "statement",
                session=self.session.id.hex()[:8],
                kind=" ".join(self.text.split(None, 2)[:2])[:40].lower(),
                ms=round((time.monotonic() - began) * 1000),
                **({"error": error[:2000]} if error else {}),
                **({"tags": t} if (t := self.session.settings.get("query_tags")) else {}),
            )

    def wait(self, seconds: float) -> bool:
        """Whether it is finished, waiting that long for it."""
        if self._future is None:
            return True
        with suppress(TimeoutError):
            self._future.exception(timeout=seconds)
            return True
        return False

    def error(self) -> SqlError | None:
        """What went wrong, once finished."""
        if self.canceled:
            return SqlError("OPERATION_CANCELED", "The statement was cancelled.", "HY008")
        raised = self._future.exception() if self._future else None
        if raised is None or isinstance(raised, SqlError):
            return raised
        return SqlError("INTERNAL_ERROR", f"{type(raised).__name__}: {raised}", "XX000")

    def page(self, max_rows: int | None) -> Page:
        """The next page; the engine's session is given back after the last."""
        self.used = time.monotonic()
        with self._lock:
            if self.pages is None:
                raise SqlError("INTERNAL_ERROR", "The operation has no result.", "XX000")
            page = self.pages.page(max_rows)
        if not page.more:
            self.close()
        return page

    def cancel(self) -> None:
        """Stop it as soon as the engine can. What it committed already stays."""
        self.canceled = True
        if self._future is None or self._future.cancel():
            return
        if self._lease is not None and not self._future.done():
            with suppress(Exception):
                self._lease.interrupt()

    def close(self) -> None:
        """Give back what it holds."""
        self._held.close()


class Operations:
    """All operations that a client may still ask about."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="statement")
        self._known: dict[bytes, Operation] = {}
        self._lock = threading.Lock()

    def start(self, session: Session, text: str, work: Work, nested: bool) -> Operation:
        operation = Operation(session, text)
        with self._lock:
            self._known[operation.id] = operation
        operation.start(self._pool, self._engine, work, nested)
        return operation

    def get(self, ident: bytes) -> Operation:
        """Raises INVALID_HANDLE.OPERATION_NOT_FOUND."""
        with self._lock:
            found = self._known.get(ident)
        if found is None:
            raise SqlError(
                "INVALID_HANDLE.OPERATION_NOT_FOUND", "Invalid OperationHandle.", "HY000"
            )
        return found

    def close(self, ident: bytes) -> None:
        with self._lock:
            found = self._known.pop(ident, None)
        if found:
            found.close()

    def close_session(self, session: Session) -> None:
        """End what a closed session left."""
        with self._lock:
            mine = [o for o in self._known.values() if o.session is session]
        for operation in mine:
            operation.cancel()
            self.close(operation.id)

    def stop(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
