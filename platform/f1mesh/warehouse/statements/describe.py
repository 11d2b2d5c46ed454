"""DESCRIBE: of tables, views, queries, schemas; DETAIL and HISTORY of Delta tables."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from f1mesh.warehouse.catalog.entries import Entry, Name
from f1mesh.warehouse.errors import unsupported
from f1mesh.warehouse.relations import (
    Column,
    Relation,
    relation,
    table_columns,
    view_columns,
)
from f1mesh.warehouse.results import Result, rows_result
from f1mesh.warehouse.sql.literals import quote_name
from f1mesh.warehouse.sql.tokens import Cursor
from f1mesh.warehouse.sql.types import json_type
from f1mesh.warehouse.statements.clauses import find_field
from f1mesh.warehouse.statements.context import Context
from f1mesh.warehouse.storage.log import earliest_version, read_commit

_QUERY = ("SELECT", "WITH", "VALUES", "(", "FROM")


def describe(ctx: Context, cursor: Cursor) -> Result:
    """DESCRIBE | DESC ..."""
    cursor.one_of("DESCRIBE", "DESC")
    if cursor.word() in ("SCHEMA", "DATABASE") and cursor.word(1) not in ("", "."):
        return _schema(ctx, cursor)
    if cursor.accept("DETAIL"):
        return _detail(ctx, cursor)
    if cursor.accept("HISTORY"):
        return _history(ctx, cursor)
    if cursor.word() in ("FUNCTION", "CATALOG") and cursor.word(1) not in ("", "."):
        raise unsupported(f"DESCRIBE {cursor.word()}", "Describe tables, views and schemas.")
    if cursor.accept("QUERY") or cursor.word() in _QUERY:
        fields = ctx.lease.fields(ctx.resolver.rewrite(cursor.rest()))
        return _columns_result(table_columns(fields))
    return _table(ctx, cursor)


def _table(ctx: Context, cursor: Cursor) -> Result:
    if cursor.sees("TABLE") and cursor.word(1) != ".":
        cursor.expect("TABLE")
    extended = cursor.accept("EXTENDED") or cursor.accept("FORMATTED")
    parts = cursor.name()
    as_json = cursor.accept("AS", "JSON")
    column = None if cursor.done else cursor.identifier()
    cursor.finish()
    entry, what = _find(ctx, parts)
    if as_json:
        return rows_result(["json_metadata"], [[_json(ctx, parts, entry, what)]])
    if column:
        return _one_column(what, column)
    rows = [(c.name, c.sql_type, c.comment) for c in what.columns]
    rows += _partition_rows(what)
    if extended:
        rows += _extended_rows(ctx, parts, entry, what)
    return rows_result(["col_name", "data_type", "comment"], rows)


def _find(ctx: Context, parts: list[str]) -> tuple[Entry | None, Relation]:
    """A temporary view (without entry), a table or a view."""
    temp = ctx.session.temp_views.get(parts[0].lower()) if len(parts) == 1 else None
    if temp is not None:
        return None, Relation(view_columns(temp.columns), text=temp.text)
    entry = ctx.entry(parts)
    return entry, relation(entry, ctx.warehouse.logs)


def _columns_result(columns: Sequence[Column]) -> Result:
    rows = [(c.name, c.sql_type, c.comment) for c in columns]
    return rows_result(["col_name", "data_type", "comment"], rows)


def _one_column(what: Relation, name: str) -> Result:
    fields = [{"name": c.name, "column": c} for c in what.columns]
    column: Column = find_field(fields, name)["column"]
    rows = [
        ("col_name", column.name),
        ("data_type", column.sql_type),
        ("comment", column.comment or "NULL"),
    ]
    return rows_result(["info_name", "info_value"], rows)


def _partition_rows(what: Relation) -> list[tuple[str, str, str | None]]:
    types = {c.name: c for c in what.columns}
    rows: list[tuple[str, str, str | None]] = []
    for title, names in (
        ("# Partition Information", what.partitions),
        ("# Clustering Information", what.clustering),
    ):
        if names:
            rows += [(title, "", ""), ("# col_name", "data_type", "comment")]
            rows += [(n, types[n].sql_type, types[n].comment) for n in names]
    return rows


def _extended_rows(
    ctx: Context, parts: list[str], entry: Entry | None, what: Relation
) -> list[tuple[str, str, str | None]]:
    name = entry.name if entry else Name("", "", parts[-1])
    facts = {
        "Catalog": name.catalog,
        "Database": name.schema,
        "Table": name.table,
        "Owner": ctx.session.user,
        "Created Time": moment(entry.created) if entry else None,
        "Last Access": "UNKNOWN",
        "Type": entry.table_type if entry else "VIEW",
        "Comment": what.comment,
        "View Text": what.text,
        "Location": what.location,
        "Provider": "delta" if what.location else None,
        "Table Properties": _properties_text(what),
    }
    rows: list[tuple[str, str, str | None]] = [("", "", "")]
    rows.append(("# Detailed Table Information", "", ""))
    rows += [(key, value, "") for key, value in facts.items() if value]
    constraints = _constraint_rows(what)
    return [*rows, ("", "", ""), ("# Constraints", "", ""), *constraints] if constraints else rows


def _constraint_rows(what: Relation) -> list[tuple[str, str, str | None]]:
    key = what.constraints.primary_key
    rows: list[tuple[str, str, str | None]] = []
    if key:
        columns = ", ".join(map(quote_name, key.columns))
        rows.append((key.name, f"PRIMARY KEY ({columns})", ""))
    rows += [(n, f"CHECK ({c})", "") for n, c in what.constraints.checks.items()]
    return rows


def _properties_text(what: Relation) -> str:
    return "[" + ",".join(f"{k}={v}" for k, v in sorted(what.properties.items())) + "]"


def moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%a %b %d %H:%M:%S UTC %Y")


def _json(ctx: Context, parts: list[str], entry: Entry | None, what: Relation) -> str:
    name = entry.name if entry else Name("", "", parts[-1])
    document = {
        "table_name": name.table,
        "catalog_name": name.catalog,
        "namespace": [name.schema] if entry else [],
        "schema_name": name.schema,
        "columns": [_json_column(c) for c in what.columns],
        "partition_columns": list(what.partitions),
        "clustering_columns": list(what.clustering),
        "location": what.location,
        "provider": "delta" if what.location else None,
        "type": entry.table_type if entry else "VIEW",
        "comment": what.comment,
        "view_text": what.text,
        "owner": ctx.session.user,
        "table_properties": what.properties,
        "created_time": _iso(entry.created) if entry else None,
    }
    return json.dumps({k: v for k, v in document.items() if v is not None})


def _json_column(column: Column) -> dict[str, object]:
    document: dict[str, object] = {
        "name": column.name,
        "type": json_type(column.type),
        "nullable": column.nullable,
    }
    if column.length:
        document["type"] = {"name": "varchar", "length": column.length}
    if column.comment:
        document["comment"] = column.comment
    return document


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _schema(ctx: Context, cursor: Cursor) -> Result:
    cursor.one_of("SCHEMA", "DATABASE")
    extended = cursor.accept("EXTENDED")
    name = ctx.schema(cursor.name())
    cursor.finish()
    comment, properties = ctx.warehouse.catalog.schema(name)
    rows = [
        ("Catalog Name", name.catalog),
        ("Namespace Name", name.schema),
        ("Comment", comment or ""),
        ("Owner", ctx.session.user),
    ]
    if extended:
        pairs = ",".join(f"({k},{v})" for k, v in sorted(properties.items()))
        rows.append(("Properties", f"({pairs})"))
    return rows_result(["database_description_item", "database_description_value"], rows)


def _detail(ctx: Context, cursor: Cursor) -> Result:
    cursor.accept("TABLE")
    entry, table = ctx.table(cursor.name())
    cursor.finish()
    snapshot = ctx.snapshot(table)
    what = relation(entry, ctx.warehouse.logs)
    columns = [
        "format", "id", "name", "description", "location", "createdAt", "lastModified",
        "partitionColumns", "clusteringColumns", "numFiles", "sizeInBytes", "properties",
        "minReaderVersion", "minWriterVersion",
    ]  # fmt: skip
    types = ["string"] * 14
    types[5] = types[6] = "timestamp"
    types[7] = types[8] = "array<string>"
    types[9] = types[10] = types[12] = types[13] = "bigint"
    row = [
        "delta", snapshot.metadata["id"], str(entry.name), what.comment, table.location,
        datetime.fromtimestamp(entry.created, UTC),
        datetime.fromtimestamp(snapshot.timestamp / 1000, UTC),
        list(what.partitions), list(what.clustering),
        len(snapshot.files), sum(int(f["size"]) for f in snapshot.files.values()),
        json.dumps(what.properties), int(snapshot.protocol["minReaderVersion"]),
        int(snapshot.protocol["minWriterVersion"]),
    ]  # fmt: skip
    return rows_result(columns, [row], types)


def _history(ctx: Context, cursor: Cursor) -> Result:
    cursor.accept("TABLE")
    _, table = ctx.table(cursor.name())
    limit = int(cursor.number()) if cursor.accept("LIMIT") else None
    cursor.finish()
    latest, earliest = ctx.snapshot(table).version, earliest_version(table.location)
    rows: list[list[object]] = []
    for version in range(latest, earliest - 1, -1):
        if limit is not None and len(rows) >= limit:
            break
        try:
            actions = read_commit(table.location, version)
        except FileNotFoundError:
            break
        rows.append(_history_row(version, actions))
    names = ["version", "timestamp", "operation", "operationParameters", "operationMetrics",
             "userMetadata", "engineInfo"]  # fmt: skip
    types = ["bigint", "timestamp", "string", "string", "string", "string", "string"]
    return rows_result(names, rows, types)


def _history_row(version: int, actions: list[dict[str, object]]) -> list[object]:
    found = next((a["commitInfo"] for a in actions if "commitInfo" in a), {})
    info = found if isinstance(found, dict) else {}
    at = datetime.fromtimestamp(int(info.get("timestamp", 0)) / 1000, UTC)
    return [
        version, at, info.get("operation"), json.dumps(info.get("operationParameters") or {}),
        json.dumps(info.get("operationMetrics") or {}), info.get("userMetadata"),
        info.get("engineInfo"),
    ]  # fmt: skip
