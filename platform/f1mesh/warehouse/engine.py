"""The query engine: any Spark Connect server, by default Sail in processes of its own.

The engine is stateless for us: it never learns a table or view, only text in which every reference
is already a Delta path or a subquery. So its sessions are all alike, and one is lent to one
statement at a time from a pool. Of our own engines each session has a process to itself.
"""

from __future__ import annotations

import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from f1mesh.errors import PermanentError
from f1mesh.plain_path import plain_path
from f1mesh.warehouse.engine_process import EngineProcess
from f1mesh.warehouse.errors import SqlError

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql.connect.session import SparkSession

ENGINE_SETTING = "F1_ENGINE"
MEMORY_SETTING = "F1_WAREHOUSE_MEMORY"
UNKNOWN = "ENGINE_ERROR"
_MISSING_COLUMN = "is missing from the schema"
_OVERFLOW = re.compile(
    r"value of \S+ is out of range \w+|(?<=verflow happened on: ).*|\w+ overflow on .*?\)"
    r"|(?<=\[ARITHMETIC_OVERFLOW\] )[^.]*|Overflow in \w+"
)
_PROBED_AFTER_S = 1.0  # a session that rested longer is asked before it is lent
_KEPT_IDLE_S = 600.0  # an engine that rested longer is ended
_KEPT_BYTES = 1 << 30  # one that holds more memory after a statement is ended
_LOOKED_AT_S = 0.1  # how often the memory of working engines is looked at
_MAX_LENT = 32
_PORT = 15002  # Spark Connect's own
_PATIENCE_S = 60.0
_BROKEN = ("ENGINE_ERROR", "TEMPORARILY_UNAVAILABLE", "INSUFFICIENT_MEMORY")


class Lease:
    """An engine session lent to one statement."""

    def __init__(self, session: SparkSession, process: EngineProcess | None = None) -> None:
        self.session: Any = session
        self.process = process
        self.interrupted = False
        self._returned = False
        self._lock = threading.Lock()

    def query(self, sql: str) -> pa.Table:
        """The whole result of a query or command."""
        return self._run(lambda session: session.sql(sql).toArrow())

    def batches(self, sql: str) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
        """The schema of a query's result, and its batches as the engine makes them."""
        import pyarrow as pa

        def begin(session: Any) -> tuple[pa.Table | None, Iterator[pa.Table]]:
            plan = session.sql(sql)._plan.to_proto(session.client)
            chunks = session.client.to_table_as_iterator(plan, {})
            tables = (chunk for chunk in chunks if isinstance(chunk, pa.Table))
            return next(tables, None), tables

        first, tables = self._run(begin)
        if first is None:
            return pa.schema([]), iter(())
        return first.schema, self._flatten(first, tables)

    def fields(self, sql: str) -> list[dict[str, Any]]:
        """The columns of a query, in Delta's schema JSON; the query is analysed, not run."""
        fields: list[dict[str, Any]] = self._run(
            lambda session: session.sql(sql).schema.jsonValue()["fields"]
        )
        return fields

    def write(self, sql: str, path: Path, partition_columns: list[str]) -> None:
        """Write a query's result as a new Delta table at `path`."""

        def save(session: Any) -> None:
            writer = session.sql(sql).write.format("delta").mode("overwrite")
            if partition_columns:
                writer = writer.partitionBy(*partition_columns)
            writer.save(plain_path(path))

        self._run(save)

    def _run(self, work: Callable[[Any], Any]) -> Any:
        """Do something in the engine, unless the statement was cancelled before or meanwhile:
        what a cancelled statement staged is never committed."""
        self._check()
        with self._translated():
            done = work(self.session)
        self._check()
        return done

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Raise the engine's errors as SqlError; of an engine that is gone, why it went."""
        try:
            with translated():
                yield
        except Exception as error:
            if self.process is None or not self.process.is_lost(str(error)):
                raise
            self._check()
            raise self.process.lost() from error

    def _check(self) -> None:
        if self.interrupted:
            raise SqlError("OPERATION_CANCELED", "The statement was cancelled.", "HY008")

    def interrupt(self) -> None:
        """Stop what this session runs; it is not used again. An engine of our own is ended: one
        that works does not listen, and it only ever writes aside."""
        with self._lock:
            if self._returned:
                return  # it may be another statement's by now
            self.interrupted = True
            if self.process is not None:
                self.process.end()
                return
        self.session.interruptAll()

    def give_up(self) -> bool:
        """Let go of the session, which is no longer this statement's to interrupt; whether another
        one may have it."""
        with self._lock:
            self._returned = True
            return not self.interrupted

    def _flatten(self, first: pa.Table, rest: Iterator[pa.Table]) -> Iterator[pa.RecordBatch]:
        yield from first.to_batches()
        while True:
            with self._translated():
                table = next(rest, None)
            if table is None:
                return
            yield from table.to_batches()


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
        engine = cls(os.environ.get(ENGINE_SETTING) or None)
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
                f"together may hold {self._limit / 1e9:.1f} GB. Split it, or set {MEMORY_SETTING} "
                "(GB)."
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
    if not (url := os.environ.get(ENGINE_SETTING)):
        return None
    try:
        found = urlsplit(url)
        if found.scheme != "sc" or not found.hostname:
            return f"{ENGINE_SETTING} is '{url}', and not sc://<host>[:<port>]."
        socket.create_connection((found.hostname, found.port or _PORT), timeout=10).close()
    except (OSError, ValueError) as error:
        return f"The engine {url} (from {ENGINE_SETTING}) does not answer: {error}."
    return None


def memory_limit() -> int:
    """Bytes that all engines together may hold: F1_WAREHOUSE_MEMORY (GB), else six tenths of what
    the machine (or the container) has. Raises PermanentError for a setting that is no number."""
    import psutil

    if given := os.environ.get(MEMORY_SETTING):
        try:
            return int(float(given) * 1e9)
        except ValueError as error:
            raise PermanentError(
                f"{MEMORY_SETTING} is '{given}', and not a number of GB."
            ) from error
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


@contextmanager
def translated() -> Iterator[None]:
    """Raise the engine's errors as SqlError, with a Databricks condition where one is known."""
    from pyspark.errors import PySparkException

    try:
        yield
    except PySparkException as error:
        raise _translate(error) from error


def _translate(error: Any) -> SqlError:
    from pyspark.errors import (
        AnalysisException,
        ArithmeticException,
        NumberFormatException,
        ParseException,
    )

    text = str(error).strip()
    overflow = _OVERFLOW.search(text)
    if overflow:
        return SqlError("ARITHMETIC_OVERFLOW", f"Overflow: {overflow.group().strip()}.", "22003")
    known = error.getCondition() if hasattr(error, "getCondition") else None
    if known and text.startswith("["):
        body = text.split("]", 1)[1].strip().split(" SQLSTATE:")[0]
        return SqlError(known, body, error.getSqlState() or "XX000")
    if _MISSING_COLUMN in text:
        return SqlError("UNRESOLVED_COLUMN", text, "42703")
    if text.startswith("[") and "]" in text:
        condition, body = text[1:].split("]", 1)
        return SqlError(condition, body.strip(), "23001" if "VIOLATE" in condition else "XX000")
    if isinstance(error, ArithmeticException):
        zero = "divide by zero" in text.lower()
        return SqlError("DIVIDE_BY_ZERO" if zero else "ARITHMETIC_OVERFLOW", text, "22012")
    if isinstance(error, NumberFormatException):
        return SqlError("CAST_INVALID_INPUT", text, "22018")
    if isinstance(error, ParseException) or text.startswith("invalid argument: found"):
        return SqlError("PARSE_SYNTAX_ERROR", text, "42601")
    if isinstance(error, AnalysisException):
        return SqlError("ENGINE_ANALYSIS_ERROR", text, "42000")
    return SqlError(UNKNOWN, text or type(error).__name__, "XX000")
