"""An engine session that is lent to one statement, and its errors in Databricks' words."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from f1mesh.plain_path import plain_path
from f1mesh.warehouse.engine_process import EngineProcess
from f1mesh.warehouse.errors import SqlError
from f1mesh.warehouse.pyspark_ties import tables_as_they_come

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql.connect.session import SparkSession

UNKNOWN = "ENGINE_ERROR"
_MISSING_COLUMN = "is missing from the schema"
_OVERFLOW = re.compile(
    r"value of \S+ is out of range \w+|(?<=verflow happened on: ).*|\w+ overflow on .*?\)"
    r"|(?<=\[ARITHMETIC_OVERFLOW\] )[^.]*|Overflow in \w+"
)


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
            tables = tables_as_they_come(session, sql)
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
