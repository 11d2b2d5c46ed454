"""The query engine: any Spark Connect server, by default Sail in this process.

The engine is stateless for us: it never learns a table or view, only text in which every reference
is already a Delta path or a subquery. So its sessions are all alike and are lent to one statement
at a time from a pool, which also makes cancelling one statement precise.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from f1mesh.plain_path import plain_path
from f1mesh.warehouse.errors import SqlError
from f1mesh.warehouse.sql.limits import ENGINE_STACK_BYTES

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql.connect.session import SparkSession

ENGINE_SETTING = "F1_ENGINE"
UNKNOWN = "ENGINE_ERROR"
_MISSING_COLUMN = "is missing from the schema"
_PROBED_AFTER_S = 1.0  # a session that rested longer is asked before it is lent


class Lease:
    """An engine session lent to one statement."""

    def __init__(self, session: SparkSession) -> None:
        self.session: Any = session
        self.interrupted = False

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
        return first.schema, _flatten(first, tables)

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
        with translated():
            done = work(self.session)
        self._check()
        return done

    def _check(self) -> None:
        if self.interrupted:
            raise SqlError("OPERATION_CANCELED", "The statement was cancelled.", "HY008")

    def interrupt(self) -> None:
        """Ask the engine to stop what this session runs; the session is not used again."""
        self.interrupted = True
        self.session.interruptAll()


def _flatten(first: pa.Table, rest: Iterator[pa.Table]) -> Iterator[pa.RecordBatch]:
    yield from first.to_batches()
    while True:
        with translated():
            table = next(rest, None)
        if table is None:
            return
        yield from table.to_batches()


class Engine:
    """A pool of sessions of one Spark Connect server."""

    def __init__(self, url: str, close: Callable[[], None] = lambda: None) -> None:
        self._url = url
        self._close = close
        self._idle: list[tuple[SparkSession, float]] = []  # with the moment it was given back
        self._lock = threading.Lock()

    @classmethod
    def start(cls) -> Engine:
        """The engine that `F1_ENGINE` names (`sc://host:port`), else Sail in this process."""
        url = os.environ.get(ENGINE_SETTING)
        if url:
            return cls(url)
        os.environ.setdefault("RUST_LOG", "error")
        os.environ.setdefault("SAIL_RUNTIME__STACK_SIZE", str(ENGINE_STACK_BYTES))
        from pysail.spark import SparkConnectServer

        server = SparkConnectServer("127.0.0.1", 0)
        server.start(background=True)
        host, port = server.listening_address
        return cls(f"sc://{host}:{port}", server.stop)

    @contextmanager
    def lease(self) -> Iterator[Lease]:
        """A session for one statement; one that broke is not used again."""
        lease = Lease(self._rested() or self._connect())
        try:
            yield lease
        except SqlError as error:
            if error.condition != UNKNOWN:
                self._give_back(lease)
            raise
        self._give_back(lease)

    def _give_back(self, lease: Lease) -> None:
        if lease.interrupted:
            return
        with self._lock:
            self._idle.append((lease.session, time.monotonic()))

    def _rested(self) -> SparkSession | None:
        """A session of the pool that answers, or None. The engine ends sessions that idle: one is
        asked before a statement is given to it, for a statement may not be repeated."""
        while True:
            with self._lock:
                if not self._idle:
                    return None
                session, since = self._idle.pop()
            if time.monotonic() - since < _PROBED_AFTER_S or _answers(session):
                return session

    def _connect(self) -> SparkSession:
        from pyspark.sql.connect.session import SparkSession

        session = SparkSession.builder.remote(self._url).create()
        session.conf.set("spark.sql.session.timeZone", "UTC")
        session.conf.set("spark.sql.ansi.enabled", "true")
        return session

    def stop(self) -> None:
        """Close the sessions and, if it is ours, the server."""
        with self._lock:
            sessions, self._idle = self._idle, []
        for session, _ in sessions:
            session.client.close()
        self._close()


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
