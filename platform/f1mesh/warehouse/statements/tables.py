"""CREATE TABLE, with columns or from a query, and DROP TABLE."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from f1mesh.settings import Settings
from f1mesh.warehouse.catalog.entries import Entry, Name, Table, View
from f1mesh.warehouse.errors import SqlError, quoted, schema_not_found, table_exists, unsupported
from f1mesh.warehouse.relations import CLUSTER_BY
from f1mesh.warehouse.results import Result, affected, done
from f1mesh.warehouse.sql.tokens import Cursor
from f1mesh.warehouse.sql.types import atoms, nullable
from f1mesh.warehouse.statements.clauses import (
    Declared,
    find_field,
    read_columns,
    read_properties,
    refuse_repeated,
    require_columns,
)
from f1mesh.warehouse.statements.clone import clone, is_clone
from f1mesh.warehouse.statements.context import Context
from f1mesh.warehouse.statements.properties import checked_properties
from f1mesh.warehouse.storage.commit import new_metadata
from f1mesh.warehouse.storage.constraints import PRIMARY_KEY
from f1mesh.warehouse.storage.log import Snapshot, commit_path


@dataclass
class CreateTable:
    """A CREATE TABLE statement as read."""

    parts: list[str]
    replace: bool = False
    if_not_exists: bool = False
    declared: Declared = field(default_factory=Declared)
    partitions: list[str] = field(default_factory=list)
    cluster: list[str] = field(default_factory=list)
    properties: dict[str, str] = field(default_factory=dict)
    comment: str | None = None
    location: str | None = None
    query: str | None = None


def create_table(ctx: Context, cursor: Cursor) -> Result:
    """CREATE [OR REPLACE] TABLE [IF NOT EXISTS] name [(columns)] [clauses] [AS query]."""
    spec = _read_head(cursor)
    if is_clone(cursor):
        return clone(
            ctx, spec.parts, cursor, replace=spec.replace, if_not_exists=spec.if_not_exists
        )
    _read_body(cursor, spec)
    name = ctx.name(spec.parts)
    with ctx.warehouse.locks.writing(name):
        entry = ctx.warehouse.catalog.find(name)
        if entry is not None and spec.if_not_exists:
            return done()
        if entry is not None and not spec.replace:
            raise table_exists(name)
        if entry is not None and isinstance(entry.what, View):
            raise _is_view(name)
        if not ctx.warehouse.catalog.has_schema(ctx.schema([name.catalog, name.schema])):
            raise schema_not_found([name.catalog, name.schema])
        rows = _write(ctx, name, entry, spec)
    return affected(rows, num_inserted_rows=rows) if spec.query else done()


def _is_view(name: Name) -> SqlError:
    return SqlError(
        "EXPECT_TABLE_NOT_VIEW.NO_ALTERNATIVE",
        f"CREATE OR REPLACE TABLE expects a table but {quoted(name)} is a view. Drop the view.",
        "42809",
    )


def _read_head(cursor: Cursor) -> CreateTable:
    cursor.expect("CREATE")
    replace = cursor.accept("OR", "REPLACE")
    if cursor.accept("EXTERNAL") or cursor.sees("TEMPORARY") or cursor.sees("TEMP"):
        raise unsupported("external and temporary tables by keyword", "Give a LOCATION, or a view.")
    cursor.expect("TABLE")
    if_not_exists = cursor.accept("IF", "NOT", "EXISTS")
    return CreateTable(cursor.name(), replace, if_not_exists)


def _read_body(cursor: Cursor, spec: CreateTable) -> None:
    if cursor.sees("("):
        spec.declared = read_columns(cursor)
    while not cursor.done and not cursor.sees("AS") and not _starts_query(cursor):
        _read_clause(cursor, spec)
    cursor.accept("AS")
    spec.query = None if cursor.done else cursor.rest()


def _starts_query(cursor: Cursor) -> bool:
    return cursor.word() in ("SELECT", "WITH", "VALUES", "(", "FROM", "TABLE")


def _read_clause(cursor: Cursor, spec: CreateTable) -> None:
    if cursor.accept("USING"):
        provider = cursor.identifier()
        if provider.lower() != "delta":
            raise unsupported(f"tables in the format {provider}", "Use DELTA.")
    elif cursor.accept("PARTITIONED", "BY"):
        spec.partitions = cursor.names()
    elif cursor.accept("CLUSTER", "BY"):
        spec.cluster = [] if cursor.accept("NONE") else _cluster_columns(cursor)
    elif cursor.accept("COMMENT"):
        cursor.accept("=")
        spec.comment = cursor.string()
    elif cursor.accept("TBLPROPERTIES"):
        spec.properties = checked_properties(read_properties(cursor))
    elif cursor.accept("LOCATION"):
        spec.location = local_path(cursor.string())
    elif cursor.word() in ("LIKE", "OPTIONS", "CLUSTERED", "WITH"):
        raise unsupported(f"CREATE TABLE ... {cursor.word()}", "Use CREATE TABLE ... AS SELECT.")
    else:
        raise cursor.error("a clause of CREATE TABLE")


def _cluster_columns(cursor: Cursor) -> list[str]:
    if cursor.accept("AUTO"):
        raise unsupported("CLUSTER BY AUTO", "Name the columns.")
    return cursor.names()


def local_path(location: str) -> str:
    """A LOCATION as an absolute path. Raises for object stores."""
    path = location.removeprefix("file://")
    if "://" in path or path.startswith("dbfs:") or not path.startswith("/"):
        raise unsupported(f"the location '{location}'", "Give an absolute path of this machine.")
    return str(Path(path))


def _write(ctx: Context, name: Name, entry: Entry | None, spec: CreateTable) -> int:
    """Data first, then the catalog: a crash between leaves files that no name points to, or (when
    a table is replaced) the finished new version of a table that the catalog has already."""
    catalog, writer = ctx.warehouse.catalog, ctx.writer()
    old = entry.what if entry is not None and isinstance(entry.what, Table) else None
    moved = spec.location is not None and (old is None or old.location != spec.location)
    location = spec.location or (old.location if old else ctx.warehouse.new_location())
    if moved and not ctx.warehouse.admits(location):
        raise SqlError(
            "UNAUTHORIZED_ACCESS",
            f"Tables may not lie at '{location}'. Leave LOCATION out, or start the warehouse with "
            f"{Settings.warehouse_paths.name} naming a folder above it.",
            "42501",
        )
    if moved and commit_path(location, 0).exists():
        return _adopt(ctx, name, entry, spec, location)
    base = ctx.warehouse.logs.latest(location) if old and not moved else None
    query, fields = _content(ctx, spec)
    metadata = _metadata(spec, fields, base)
    operation = _operation(spec, entry)
    rows = writer.replace(location, base, metadata, query, operation)
    managed = old.managed if old and not moved else spec.location is None
    catalog.put(name, Table(location, managed), replaces=entry)
    if entry is not None and old and moved:
        ctx.warehouse.discard(entry)
    return rows


def _adopt(ctx: Context, name: Name, entry: Entry | None, spec: CreateTable, location: str) -> int:
    """A name for a Delta table that is there already."""
    if spec.query or spec.declared.columns or spec.partitions or spec.properties or spec.comment:
        raise SqlError(
            "DELTA_CREATE_TABLE_WITH_NON_EMPTY_LOCATION",
            f"Cannot create table {quoted(name)}: there is a Delta table at '{location}'. Leave "
            "columns and clauses out to use it as it is, or choose an empty location.",
            "42601",
        )
    ctx.warehouse.logs.latest(location)
    ctx.warehouse.catalog.put(name, Table(location, managed=False), replaces=entry)
    return 0


def _operation(spec: CreateTable, entry: Entry | None) -> str:
    verb = "CREATE OR REPLACE TABLE" if spec.replace else "CREATE TABLE"
    return f"{verb} AS SELECT" if spec.query else verb


def _content(ctx: Context, spec: CreateTable) -> tuple[str | None, list[dict[str, Any]]]:
    """The query to write and the columns of the new table."""
    declared = [c.field() for c in spec.declared.columns]
    if spec.query is None:
        if not declared:
            raise unsupported("tables without columns", "Declare the columns, or use AS SELECT.")
        return None, declared
    if declared:
        raise SqlError(
            "INVALID_STATEMENT_OR_CLAUSE",
            "Columns cannot be declared in CREATE TABLE AS SELECT. Cast them in the query.",
            "42601",
        )
    query = ctx.resolver.rewrite(spec.query)
    fields = [
        {**f, "type": nullable(f["type"]), "nullable": True, "metadata": {}}
        for f in ctx.lease.fields(query)
    ]
    refuse_repeated([f["name"] for f in fields])
    refuse_unstorable(fields)
    return query, fields


def refuse_unstorable(fields: Sequence[Mapping[str, Any]]) -> None:
    """Raise where a column has no type, as `select null as a` gives, or one that Delta lacks."""
    for each in fields:
        if each["type"] == "void":
            raise unsupported(
                f"the untyped NULL column {quoted([each['name']])} in a table",
                "Cast it: cast(null as string).",
            )
        if "interval" in atoms(each["type"]):
            raise unsupported(
                f"the interval column {quoted([each['name']])} in a table",
                "Cast it to a string, or store the two moments or the number of units.",
            )


def _metadata(
    spec: CreateTable, fields: list[dict[str, Any]], base: Snapshot | None
) -> dict[str, Any]:
    configuration = {**spec.properties, **spec.declared.configuration}
    partitions = require_columns(fields, spec.partitions)
    if spec.cluster:
        if partitions:
            raise SqlError(
                "SPECIFY_CLUSTER_BY_WITH_PARTITIONED_BY_IS_NOT_ALLOWED",
                "Cannot specify both CLUSTER BY and PARTITIONED BY. Choose one.",
                "42908",
            )
        configuration[CLUSTER_BY] = ",".join(require_columns(fields, spec.cluster))
    _check_key(fields, configuration)
    ident = base.metadata.get("id") if base else None
    return new_metadata(fields, partitions, configuration, spec.comment, ident)


def _check_key(fields: list[dict[str, Any]], configuration: dict[str, str]) -> None:
    """Columns of a primary key exist and are NOT NULL."""
    if PRIMARY_KEY not in configuration:
        return
    for column in json.loads(configuration[PRIMARY_KEY])["columns"]:
        find_field(fields, column)["nullable"] = False


def drop_table(ctx: Context, cursor: Cursor) -> Result:
    """DROP TABLE [IF EXISTS] name."""
    cursor.expect("DROP", "TABLE")
    if_exists = cursor.accept("IF", "EXISTS")
    parts = cursor.name()
    cursor.finish()
    name = ctx.name(parts)
    with ctx.warehouse.locks.writing(name):
        if if_exists and ctx.warehouse.catalog.find(name) is None:
            return done()
        entry, _ = ctx.table(parts)
        ctx.warehouse.catalog.drop(entry)
        ctx.warehouse.discard(entry)
    return done()
