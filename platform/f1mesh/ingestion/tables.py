"""Raw tables as the SQL warehouse knows them: made and found by name, one Delta table each."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from f1mesh.client import query
from f1mesh.errors import PermanentError, TransientError
from f1mesh.schemas import Schemas
from f1mesh.sql_text import dotted, quoted, text
from f1mesh.sql_types import from_arrow

if TYPE_CHECKING:
    from databricks.sql.client import Connection


class RawTables:
    """The raw tables of one domain, through one connection."""

    def __init__(self, connection: Connection, schemas: Schemas, domain: str) -> None:
        self._connection = connection
        self._lock = threading.Lock()  # a connection serves one thread at a time
        self._catalog = schemas.catalog
        self._schema = schemas.raw(domain)
        self._names: set[str] | None = None

    def full_name(self, stream: str) -> str:
        return f"{self._catalog}.{self._schema}.{stream}"

    def locate(self, stream: str) -> str | None:
        """Where a stream's table lies; None if there is no such table."""
        with self._lock:
            return self._location(stream) if stream.lower() in self._known() else None

    def create(self, stream: str, columns: pa.Schema) -> str:
        """Make the table unless somebody did meanwhile; where it lies."""
        listed = ", ".join(f"{quoted(column.name)} {from_arrow(column.type)}" for column in columns)
        with self._lock:
            self._ask(f"create schema if not exists {dotted(self._catalog, self._schema)}")
            self._ask(f"create table if not exists {self._named(stream)} ({listed}) using delta")
            self._known().add(stream.lower())
            return self._location(stream)

    def _known(self) -> set[str]:
        if self._names is None:
            found = self._ask(
                f"select table_name from {quoted(self._catalog)}.information_schema.tables "
                f"where table_schema = {text(self._schema)}"
            )
            self._names = {str(name).lower() for name in found.column(0).to_pylist()}
        return self._names

    def _location(self, stream: str) -> str:
        detail: dict[str, Any] = self._ask(f"describe detail {self._named(stream)}").to_pylist()[0]
        location = str(detail["location"])
        if "://" in location and not location.startswith("file://"):
            raise PermanentError(
                f"{self.full_name(stream)} lies in {location}. Local syncs write to the embedded "
                "warehouse only; on Databricks these streams are landed by Airbyte."
            )
        return location

    def _ask(self, statement: str) -> pa.Table:
        from databricks.sql.exc import Error, OperationalError

        try:
            return query(self._connection, statement)
        except Error as error:
            kind = TransientError if isinstance(error, OperationalError) else PermanentError
            raise kind(f"The warehouse refused `{statement}`: {error}") from error

    def _named(self, stream: str) -> str:
        return dotted(self._catalog, self._schema, stream)
