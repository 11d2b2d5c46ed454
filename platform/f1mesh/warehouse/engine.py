"""The query engine: any Spark Connect server, by default Sail in processes of its own.

The engine is stateless for us: it never learns a table or view, only text in which every reference
is already a Delta path or a subquery. So its sessions are all alike, and one is lent to one
statement at a time from a pool. Of our own engines each session has a process to itself.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from f1mesh.settings import Settings
from f1mesh.warehouse.engine_process import EngineProcess
from f1mesh.warehouse.errors import SqlError
from f1mesh.warehouse.lease import Lease, translated

if TYPE_CHECKING:
    from pyspark.sql.connect.session import SparkSession


_PROBED_AFTER_S = 1.0  # a session that rested longer is asked before it is lent
_KEPT_IDLE_S = 600.0  # an engine that rested longer is ended
_KEPT_BYTES = 1 << 30  # one that holds more memory after a statement is ended
_LOOKED_AT_S = 0.1  # how often the memory of working engines is looked at
_MAX_LENT = 32
_PORT = 15002  # Spark Connect's own
_PATIENCE_S = 60.0
_BROKEN = ("ENGINE_ERROR", "TEMPORARILY_UNAVAILABLE", "INSUFFICIENT_MEMORY")


@dataclass(frozen=True)
class _Seat:
    """A session that can be lent, and the process that it has to itself, if it is ours."""

    session: SparkSession
    process: EngineProcess | None

    @property
    def alive(self) -> bool:
        return self.process is None or self.process.alive

    def memory(self) -> int:
        return self.process.memory() if self.process else 0

    def end(self, why: str | None = None) -> None:
        if self.process is None:
            self.session.client.close()
        else:
            self.process.end(why)


class Engine:
    """A pool of engine sessions."""

    def __init__(self, url: str | None = None) -> None:
        """Sessions of the Spark Connect server at `url`; without one, engines of our own."""
        self._url = url
        self._idle: list[tuple[_Seat, float]] = []  # with the moment it was given back
        self._lent: set[_Seat] = set()
        self._lock = threading.Lock()
        self._free = threading.BoundedSemaphore(_MAX_LENT)
        self._limit = memory_limit()
        self._stopped = threading.Event()

    @classmethod
    def start(cls) -> Engine:
        """The engine that `F1_ENGINE` names (`sc://host:port`), else Sail."""
        engine = cls(Settings.read().engine)
        if engine._url is None:
            threading.Thread(target=engine._watch, name="engines", daemon=True).start()
        return engine

    @contextmanager
    def lease(self) -> Iterator[Lease]:
        """A session for one statement; one that broke is not used again.

        Raises SqlError (TEMPORARILY_UNAVAILABLE) where too many are lent for a minute.
        """
        if not self._free.acquire(timeout=_PATIENCE_S):
            raise SqlError(
                "TEMPORARILY_UNAVAILABLE",
                f"{_MAX_LENT} statements run or have results that nobody has read; try again.",
                "57P03",
            )
        try:
            seat = self._rested() or self._connect()
            with self._lock:
                self._lent.add(seat)
            lease = Lease(seat.session, seat.process)
            sound = False
            try:
                yield lease
                sound = True
            except SqlError as error:
                sound = error.condition not in _BROKEN
                raise
            finally:
                self._give_back(seat, lease.give_up() and sound)
        finally:
            self._free.release()

    def _give_back(self, seat: _Seat, sound: bool) -> None:
        keep = sound and seat.alive and seat.memory() <= _KEPT_BYTES
        with self._lock:
            self._lent.discard(seat)
            if keep and not self._stopped.is_set():
                self._idle.append((seat, time.monotonic()))
                return
        if seat.process is not None:
            seat.end()

    def _rested(self) -> _Seat | None:
        """A session of the pool that answers, or None. An engine ends sessions that idle: one is
        asked before a statement is given to it, for a statement may not be repeated."""
        while True:
            with self._lock:
                if not self._idle:
                    return None
                seat, since = self._idle.pop()
            if not seat.alive:
                continue
            if time.monotonic() - since < _PROBED_AFTER_S or _answers(seat.session):
                return seat
            seat.end()

    def _connect(self) -> _Seat:
        from pyspark.sql.connect.session import SparkSession

        process = None if self._url else EngineProcess()
        url = process.url if process else str(self._url)
        try:
            with translated():
                session = SparkSession.builder.remote(url).create()
                if process:
                    session.client.set_retry_policies([])  # what is gone does not come back
                session.conf.set("spark.sql.session.timeZone", "UTC")
                session.conf.set("spark.sql.ansi.enabled", "true")
                # Spark's own choice (INT96) is no type of Parquet's any more; Sail cannot read it.
                session.conf.set("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
        except BaseException:
            if process:
                process.end()
            raise
        return _Seat(session, process)

    def _watch(self) -> None:
        """Hold the engines' memory below the limit, and end those that nobody needs."""
        while not self._stopped.wait(_LOOKED_AT_S if self._lent else 1.0):
            with self._lock:  # nobody is lent an engine that is about to be ended
                self._look()

    def _look(self) -> None:
        old = time.monotonic() - _KEPT_IDLE_S
        used = {seat: seat.memory() for seat in self._lent}
        resting = sum(seat.memory() for seat, _ in self._idle)
        if sum(used.values()) + resting > self._limit:
            old = float("inf")
        for seat, _ in (rest for rest in self._idle if rest[1] < old):
            seat.end()
        self._idle = [rest for rest in self._idle if rest[1] >= old]
        if used and sum(used.values()) > self._limit:
            largest = max(used, key=lambda seat: used[seat])
            largest.end(
                f"The statement was ended: it held {used[largest] / 1e9:.1f} GB, and all engines "
                f"together may hold {self._limit / 1e9:.1f} GB. Split it, or set "
                f"{Settings.warehouse_memory.name} (GB)."
            )

    def stop(self) -> None:
        """Close the sessions and end our engines."""
        self._stopped.set()
        with self._lock:
            seats = [*self._lent, *(seat for seat, _ in self._idle)]
            self._idle = []
        for seat in seats:
            seat.end()


def unreachable() -> str | None:
    """In words, why the engine that F1_ENGINE names does not answer; None if it does, or none is
    named."""
    if not (url := Settings.read().engine):
        return None
    name = Settings.engine.name
    try:
        found = urlsplit(url)
        if found.scheme != "sc" or not found.hostname:
            return f"{name} is '{url}', and not sc://<host>[:<port>]."
        socket.create_connection((found.hostname, found.port or _PORT), timeout=10).close()
    except (OSError, ValueError) as error:
        return f"The engine {url} (from {name}) does not answer: {error}."
    return None


def memory_limit() -> int:
    """Bytes that all engines together may hold: F1_WAREHOUSE_MEMORY (GB), else six tenths of what
    the machine (or the container) has. Raises PermanentError for a setting that is no number."""
    import psutil

    if given := Settings.read().warehouse_memory:
        return int(given * 1e9)
    total = int(psutil.virtual_memory().total)
    with suppress(OSError, ValueError):  # no container, or one without a limit ("max")
        total = min(total, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return total * 6 // 10


def _answers(session: SparkSession) -> bool:
    from pyspark.errors import PySparkException

    try:
        session.sql("select 1").toArrow()
    except PySparkException:
        return False
    return True
