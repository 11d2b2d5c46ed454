"""Tables of a PostgreSQL database, read into Arrow.

All streams of one opening see one snapshot of the database (REPEATABLE READ, shared by the
workers). An incremental stream is read from its cursor on, inclusive. Where the next reading
continues is held back to the start of the oldest transaction that was still writing before the
snapshot was taken: its rows become visible later with an older `updated_at`, and would be passed by
otherwise. See platform/decisions/0003-ingestion.md.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from adbc_driver_manager import Error, OperationalError
from adbc_driver_manager.dbapi import Connection
from adbc_driver_postgresql import dbapi

from f1mesh.errors import MeshError, PermanentError, TransientError
from f1mesh.ingestion.readers.postgres_types import PostgresColumn
from f1mesh.ingestion.readers.reader import Extract, Resume
from f1mesh.ingestion.sync import Stream
from f1mesh.standard_sql import quoted, text

# Asked before the snapshot is taken. A statement that runs may already have stamped a row although
# its transaction has no id yet, so it counts as writing.
_WRITERS = """
select least(clock_timestamp(), min(xact_start)) as bound,
       least(clock_timestamp(), min(xact_start))::timestamp as local_bound,
       pg_has_role(current_user, 'pg_read_all_stats', 'usage') as sees_all
  from pg_stat_activity
 where pid <> pg_backend_pid() and (backend_xid is not null or state = 'active')
"""
_SNAPSHOT = "set transaction isolation level repeatable read, read only"
_COLUMNS = """
select c.relname::text as relation, a.attname::text as name,
       format_type(case when t.typtype = 'd' then t.typbasetype else a.atttypid end,
                   case when t.typtype = 'd' then t.typtypmod else a.atttypmod end) as declared
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  join pg_catalog.pg_type t on t.oid = a.atttypid
 where n.nspname = {schema} and c.relkind in ('r', 'p', 'v', 'm', 'f')
 order by c.relname, a.attnum
"""
_TRANSIENT_STATES = ("08", "40", "53", "55", "57", "58")


class PostgresReader:
    """One snapshot of a PostgreSQL schema. Raises MeshError where it cannot be opened."""

    parallel = 3

    def __init__(self, url: str, schema: str) -> None:
        self._url = url
        self._schema = schema
        self._local = threading.local()
        self._opened: list[Connection] = []
        with _translated(schema):
            first = self._connect()
            self._writers = _rows(first, _WRITERS)[0]
            first.rollback()
            _execute(first, _SNAPSHOT)
            self._tables = self._discover(first)
            self._snapshot = str(_rows(first, "select pg_export_snapshot() as id")[0]["id"])
            self._exporter = first

    def read(self, stream: Stream, resume: Resume | None) -> Extract:
        """See `Reader.read`. `resume` holds the cursor's column and last value, as text."""
        columns = self._columns(stream)
        cursor = next((column for column in columns if column.name == stream.cursor), None)
        if stream.incremental:
            _check_cursor(stream, cursor)
        extracted_at = datetime.now(UTC)
        with _translated(f"{self._schema}.{stream.name}"):
            raw = _table(self._worker(), self._select(stream, columns, cursor, resume))
            keys = self._keys(stream, columns) if resume else None
        fitted = {c.name: c.fit(raw.column(c.name).combine_chunks()) for c in columns}
        records = pa.table({name: column.values for name, column in fitted.items()})
        return Extract(
            records=records,
            extracted_at=extracted_at,
            resume=self._resume(records, cursor, resume) if cursor and stream.incremental else {},
            misfits={name: column.misfits for name, column in fitted.items() if column.misfits},
            keys=keys,
        )

    def close(self) -> None:
        """End the snapshot."""
        for connection in self._opened:
            connection.close()
        self._opened.clear()

    def _connect(self) -> Connection:

        connection: Connection = dbapi.connect(self._url)
        self._opened.append(connection)
        return connection

    def _worker(self) -> Connection:
        """This thread's connection, which sees the snapshot that all share."""
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._connect()
            _execute(connection, _SNAPSHOT)
            _execute(connection, f"set transaction snapshot {text(self._snapshot)}")
            self._local.connection = connection
        return connection

    def _discover(self, connection: Connection) -> Mapping[str, list[PostgresColumn]]:
        tables: dict[str, list[PostgresColumn]] = {}
        for row in _rows(connection, _COLUMNS.format(schema=text(self._schema))):
            tables.setdefault(row["relation"], []).append(
                PostgresColumn.of(row["name"], row["declared"])
            )
        return tables

    def _columns(self, stream: Stream) -> list[PostgresColumn]:
        known = self._tables.get(stream.name)
        if known is None:
            raise PermanentError(
                f"The source has no table {self._schema}.{stream.name}. Its tables: "
                f"{', '.join(sorted(self._tables)) or 'none'}. Correct the stream's name."
            )
        names = {column.name for column in known}
        wanted = stream.columns if stream.columns is not None else tuple(c.name for c in known)
        needed = (*wanted, *stream.primary_key, *([stream.cursor] if stream.cursor else []))
        if missing := sorted(set(needed) - names):
            raise PermanentError(
                f"The source's table {self._schema}.{stream.name} has no column "
                f"{', '.join(missing)}. Its columns: {', '.join(sorted(names))}. "
                "Correct the sync file, or the source."
            )
        return [column for column in known if column.name in wanted]

    def _select(
        self,
        stream: Stream,
        columns: list[PostgresColumn],
        cursor: PostgresColumn | None,
        resume: Resume | None,
    ) -> str:
        items = ", ".join(column.expression for column in columns)
        statement = f"select {items} from {quoted(self._schema)}.{quoted(stream.name)}"
        if cursor is None or not resume or resume.get("cursor") is None:
            return statement
        start = f"{text(str(resume['cursor']))}::{cursor.declared}"
        if stream.lookback_seconds:
            start += f" - interval '{stream.lookback_seconds} seconds'"
        collation = ' collate "C"' if pa.types.is_string(cursor.kind) else ""
        return f"{statement} where {cursor.quoted}{collation} >= {start}"

    def _keys(self, stream: Stream, columns: list[PostgresColumn]) -> pa.Table | None:
        """The keys of all rows, in the snapshot in which the records were read."""
        if stream.deletions != "reconcile":
            return None
        parts = [column for column in columns if column.name in stream.primary_key]
        raw = _table(self._worker(), self._select(stream, parts, None, None))
        return pa.table({c.name: c.fit(raw.column(c.name).combine_chunks()).values for c in parts})

    def _resume(self, records: pa.Table, cursor: PostgresColumn, before: Resume | None) -> Resume:
        previous = (before or {}).get("cursor")
        last = pc.max(records.column(cursor.name)).as_py()
        if last is not None and (bound := self._bound(cursor)) is not None:
            last = min(last, bound)
        after = _as_text(last)
        if previous is not None and (last is None or not _later(last, str(previous), cursor)):
            after = str(previous)
        return {"cursor_field": cursor.name, "cursor": after}

    def _bound(self, cursor: PostgresColumn) -> Any:
        """The moment up to which nothing can appear any more, in the cursor's type."""
        if not pa.types.is_temporal(cursor.kind):
            return None
        if not self._writers["sees_all"]:
            raise PermanentError(
                "The source's user may not see other sessions, so a transaction that commits late "
                "could be missed. Run at the source: grant pg_read_all_stats to the sync's user."
            )
        if pa.types.is_timestamp(cursor.kind) and cursor.kind.tz is None:
            return self._writers["local_bound"]
        bound = self._writers["bound"].astimezone(UTC)
        return bound.date() if pa.types.is_date(cursor.kind) else bound


def _check_cursor(stream: Stream, cursor: PostgresColumn | None) -> None:
    kind = cursor.kind if cursor is not None else pa.null()
    if not (
        pa.types.is_temporal(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_string(kind)
    ):
        raise PermanentError(f"{stream.name}.{stream.cursor} cannot be a cursor: it has no order.")
    if stream.lookback_seconds and not pa.types.is_timestamp(kind):
        raise PermanentError(
            f"{stream.name}: lookback_seconds needs a timestamp as cursor, and {stream.cursor} is "
            f"{cursor.declared if cursor else 'none'}. Remove it, or take another cursor."
        )


def _as_text(value: Any) -> str | None:
    if value is None:
        return None
    return value.isoformat() if isinstance(value, date) else str(value)


def _later(value: Any, before: str, cursor: PostgresColumn) -> bool:
    return bool(value > pa.scalar(before).cast(cursor.kind).as_py())


def _execute(connection: Connection, statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _table(connection: Connection, statement: str) -> pa.Table:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetch_arrow_table()


def _rows(connection: Connection, statement: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = _table(connection, statement).to_pylist()
    return rows


@contextmanager
def _translated(place: str) -> Iterator[None]:
    """Turn the driver's errors into the platform's."""

    try:
        yield
    except MeshError:
        raise
    except Error as error:
        state = error.sqlstate or ""
        lost = isinstance(error, OperationalError) or state.startswith(_TRANSIENT_STATES)
        kind = TransientError if lost else PermanentError
        raise kind(f"PostgreSQL source, {place}: {error}") from error
