"""Tables and views seen alike: their columns, comment and properties."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from f1mesh.warehouse.catalog.entries import Entry, Table, View, ViewColumn
from f1mesh.warehouse.errors import SqlError
from f1mesh.warehouse.sql.types import ddl_type, sql_type
from f1mesh.warehouse.storage.constraints import VARCHAR, Constraints, constraints_of
from f1mesh.warehouse.storage.log import DeltaLogs

INTERNAL_PREFIX = "f1mesh."
CLUSTER_BY = "f1mesh.clusterBy"


@dataclass(frozen=True)
class Column:
    """A column of a table or view."""

    name: str
    type: Any
    nullable: bool = True
    comment: str | None = None
    length: int | None = None

    @property
    def sql_type(self) -> str:
        """The type as SQL writes it."""
        return f"varchar({self.length})" if self.length else sql_type(self.type)

    @property
    def ddl_type(self) -> str:
        """The type as SHOW CREATE TABLE and clients' metadata have it."""
        return f"VARCHAR({self.length})" if self.length else ddl_type(self.type)


@dataclass(frozen=True)
class Relation:
    """What DESCRIBE, SHOW and information_schema tell of a table or view."""

    columns: tuple[Column, ...]
    comment: str | None = None
    properties: dict[str, str] = field(default_factory=dict)
    partitions: tuple[str, ...] = ()
    clustering: tuple[str, ...] = ()
    constraints: Constraints = field(default_factory=Constraints)
    text: str | None = None
    location: str | None = None


def relation(entry: Entry, logs: DeltaLogs) -> Relation:
    """What is known of a table or view. Raises if a table's files are gone."""
    if isinstance(entry.what, View):
        view = entry.what
        return Relation(
            view_columns(view.columns), view.comment, dict(view.properties), text=view.text
        )
    snapshot = logs.latest(entry.what.location)
    configuration = snapshot.configuration
    constraints = constraints_of(snapshot.fields, configuration)
    clustering = configuration.get(CLUSTER_BY, "")
    return Relation(
        columns=table_columns(snapshot.fields),
        comment=snapshot.comment,
        properties={k: v for k, v in configuration.items() if not k.startswith(INTERNAL_PREFIX)},
        partitions=tuple(snapshot.partition_columns),
        clustering=tuple(clustering.split(",")) if clustering else (),
        constraints=constraints,
        location=entry.what.location,
    )


def existing(entries: Iterable[Entry], logs: DeltaLogs) -> Iterable[tuple[Entry, Relation]]:
    """Entries with their relations, without those whose files are gone."""
    for entry in entries:
        try:
            yield entry, relation(entry, logs)
        except SqlError:
            continue


def table_columns(fields: list[dict[str, Any]]) -> tuple[Column, ...]:
    """Columns from Delta's schema JSON."""
    return tuple(
        Column(
            f["name"],
            f["type"],
            f["nullable"],
            (f.get("metadata") or {}).get("comment"),
            int(f["metadata"][VARCHAR][8:-1]) if VARCHAR in (f.get("metadata") or {}) else None,
        )
        for f in fields
    )


def view_columns(columns: Iterable[ViewColumn]) -> tuple[Column, ...]:
    return tuple(Column(c.name, c.type, True, c.comment) for c in columns)


def location_of(entry: Entry) -> str | None:
    return entry.what.location if isinstance(entry.what, Table) else None
