"""What a statement works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from f1mesh.warehouse.catalog.entries import Entry, Name, Namespace, Table
from f1mesh.warehouse.errors import SqlError, quoted
from f1mesh.warehouse.lease import Lease
from f1mesh.warehouse.resolution import Resolver
from f1mesh.warehouse.results import Result
from f1mesh.warehouse.sessions import Session
from f1mesh.warehouse.sql.names import full_name, schema_name
from f1mesh.warehouse.sql.tokens import Cursor
from f1mesh.warehouse.storage.log import Snapshot, delta_path
from f1mesh.warehouse.storage.writing import Writer
from f1mesh.warehouse.warehouse import Warehouse


@dataclass
class Context:
    """One statement: who asks, of which warehouse, with which engine session."""

    warehouse: Warehouse
    session: Session
    lease: Lease
    resolver: Resolver

    def writer(self) -> Writer:
        """Writes tables for this statement."""
        return Writer(self.warehouse.logs, self.warehouse.staging, self.lease)

    def name(self, parts: list[str]) -> Name:
        """A table's full name."""
        return full_name(parts, self.session.namespace)

    def schema(self, parts: list[str]) -> Namespace:
        """A schema's full name."""
        return schema_name(parts, self.session.namespace)

    def entry(self, parts: list[str]) -> Entry:
        """The table or view of this name. Raises TABLE_OR_VIEW_NOT_FOUND."""
        return self.warehouse.catalog.get(self.name(parts))

    def table(self, parts: list[str]) -> tuple[Entry, Table]:
        """The table of this name. Raises if there is none, or if it is a view."""
        entry = self.entry(parts)
        if not isinstance(entry.what, Table):
            raise SqlError(
                "EXPECT_TABLE_NOT_VIEW.NO_ALTERNATIVE",
                f"This operation expects a table but {quoted(entry.name)} is a view.",
                "42809",
            )
        return entry, entry.what

    def snapshot(self, table: Table) -> Snapshot:
        """The table as this statement sees it."""
        return self.warehouse.logs.latest(table.location)


Handler = Callable[[Context, Cursor], Result]

__all__ = ["Context", "Handler", "delta_path"]
