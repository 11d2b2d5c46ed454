"""Running statements: each in a thread, with its state, its result in pages, a way to stop it."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress

from f1mesh.settings import Settings
from f1mesh.warehouse.engine import Engine
from f1mesh.warehouse.errors import SqlError
from f1mesh.warehouse.events import event
from f1mesh.warehouse.lease import Lease
from f1mesh.warehouse.protocol.arrow import Page, Pages
from f1mesh.warehouse.results import Result
from f1mesh.warehouse.sessions import Session

WORKERS = 32
INTERRUPT_SECONDS = 0.2
ABANDONED_SECONDS = 60.0  # clients ask for the state of a statement every few seconds
UNREAD_SECONDS = 900.0
Note = Callable[[str], None]
Work = Callable[[Lease, Note], Result]


class Operation:
    """One statement of a session. Its engine session is held until the last page was read."""

    def __init__(self, session: Session) -> None:
        self.id = uuid.uuid4().bytes
        self.session = session
        self.pages: Pages | None = None
        self._asked = time.monotonic()  # when a client last asked about it
        self._asking = 0  # clients that wait for it now
        self.canceled = False
        self._kind = ""
        self._future: Future[None] | None = None
        self._lease: Lease | None = None
        self._held = ExitStack()
        self._lock = threading.RLock()
        self._working = False
        self._closed = False

    def start(self, pool: ThreadPoolExecutor, engine: Engine, work: Work, nested: bool) -> None:
        """Begin to work in another thread."""
        self._working = True
        self._future = pool.submit(self._run, engine, work, nested)

    def _run(self, engine: Engine, work: Work, nested: bool) -> None:
        began, error = time.monotonic(), None
        try:
            self._lease = self._held.enter_context(engine.lease())
            self._lease.interrupted = self.canceled
            self.pages = Pages(work(self._lease, self._note), nested)
        except BaseException as raised:
            error = raised
            with suppress(BaseException):
                self._held.__exit__(type(raised), raised, raised.__traceback__)
            raise
        finally:
            with self._lock:
                self._working = False
                if self._closed:
                    self._held.close()
            self._log(began, error)

    def _note(self, kind: str) -> None:
        self._kind = kind

    def _log(self, began: float, error: BaseException | None) -> None:
        keys: dict[str, str] = {}
        if error is not None:
            keys["error"] = (str(error) if isinstance(error, SqlError) else repr(error))[:2000]
        if tags := self.session.settings.get("query_tags"):
            keys["tags"] = tags
        event(
            "statement",
            session=self.session.id.hex()[:8],
            kind=self._kind,
            ms=round((time.monotonic() - began) * 1000),
            **keys,
        )

    def wait(self, seconds: float) -> bool:
        """Whether it is finished (or cancelled), waiting that long for it."""
        if self._future is None or self.canceled:
            return True
        self._asking += 1
        try:
            with suppress(TimeoutError):
                self._future.exception(timeout=seconds)
                return True
            return False
        finally:
            self._asking -= 1
            self.touch()

    def touch(self) -> None:
        """A client asks about it."""
        self._asked = time.monotonic()

    def unasked(self) -> float:
        """Seconds since a client last asked about it; 0 while one waits."""
        return 0.0 if self._asking else time.monotonic() - self._asked

    @property
    def working(self) -> bool:
        return self._working

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
        with self._lock:
            if self.pages is None or self._closed:
                raise SqlError("INTERNAL_ERROR", "The operation has no result.", "XX000")
            page = self.pages.page(max_rows)
            if not page.more:
                self._held.close()
        return page

    def cancel(self) -> None:
        """Stop it as soon as the engine can. What it committed already stays."""
        with self._lock:
            if not self._working:
                return
            self.canceled = True
            if self._future is not None and self._future.cancel():
                self._working = False
                return
        threading.Thread(target=self._interrupt, daemon=True).start()

    def _interrupt(self) -> None:
        """Interrupt the engine until the statement has ended: the first time may be too early."""
        while self._working:
            if self._lease is not None:
                with suppress(Exception):
                    self._lease.interrupt()
            time.sleep(INTERRUPT_SECONDS)

    def close(self) -> None:
        """Give back what it holds, at once or as soon as its thread is done with it."""
        with self._lock:
            self._closed = True
            if not self._working:
                self._held.close()


class Operations:
    """All operations that a client may still ask about."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="statement")
        self._known: dict[bytes, Operation] = {}
        self._lock = threading.Lock()
        self._patience = Settings.read().warehouse_abandoned_s or ABANDONED_SECONDS
        self._stopped = threading.Event()
        threading.Thread(target=self._watch, name="abandoned", daemon=True).start()

    def _watch(self) -> None:
        """End what nobody asks about any more: its client is gone."""
        while not self._stopped.wait(min(5.0, self._patience / 4)):
            with self._lock:
                known = list(self._known.values())
            for operation in known:
                limit = self._patience if operation.working else UNREAD_SECONDS
                if operation.unasked() > limit:
                    event("abandoned", session=operation.session.id.hex()[:8])
                    operation.cancel()
                    self.close(operation.id)

    def start(self, session: Session, work: Work, nested: bool) -> Operation:
        operation = Operation(session)
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
        found.touch()
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
        self._stopped.set()
        self._pool.shutdown(wait=False, cancel_futures=True)
