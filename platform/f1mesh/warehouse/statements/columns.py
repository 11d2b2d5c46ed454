"""ALTER TABLE on columns: add, drop, rename, change type.

Dropping, renaming and changing a type rewrite the table in one commit.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from f1mesh.warehouse.errors import SqlError, quoted, unsupported
from f1mesh.warehouse.sql.literals import quote_name
from f1mesh.warehouse.sql.tokens import Cursor
from f1mesh.warehouse.sql.types import read_type, sql_type, widens
from f1mesh.warehouse.statements.clauses import ColumnSpec, find_field, read_column
from f1mesh.warehouse.statements.context import Context
from f1mesh.warehouse.storage.constraints import PRIMARY_KEY, constraints_of
from f1mesh.warehouse.storage.fields import fields_of, with_fields
from f1mesh.warehouse.storage.log import Snapshot, delta_path

Fields = list[dict[str, Any]]


def add_columns(ctx: Context, parts: list[str], cursor: Cursor) -> None:
    """ADD COLUMN[S] [(] name type [COMMENT '...'] [FIRST | AFTER name], ... [)]."""
    specs = _read_added(cursor)
    with ctx.warehouse.locks.writing(ctx.name(parts)):
        entry, table = ctx.table(parts)
        base = ctx.snapshot(table)
        fields = fields_of(base.metadata)
        for spec, position in specs:
            _insert_field(fields, spec, position)
        writer = ctx.writer()
        metadata = with_fields(base.metadata, fields)
        writer.change_metadata(table.location, base, metadata, "ADD COLUMNS")
        ctx.warehouse.catalog.touch(entry)


def _read_added(cursor: Cursor) -> list[tuple[ColumnSpec, str | None]]:
    opened = cursor.accept("(")
    found = []
    while True:
        if cursor.accept("IF", "NOT", "EXISTS"):
            raise unsupported("ADD COLUMN IF NOT EXISTS", "Look in information_schema.columns.")
        spec = read_column(cursor, {})
        if not spec.nullable:
            raise SqlError(
                "DELTA_ADD_COLUMN_NOT_NULL",
                f"{quoted([spec.name])} cannot be added as NOT NULL: the rows that are there would "
                "have no value. Add it, fill it, then ALTER COLUMN SET NOT NULL.",
                "42000",
            )
        position = "" if cursor.accept("FIRST") else None
        if cursor.accept("AFTER"):
            position = cursor.identifier()
        found.append((spec, position))
        if not cursor.accept(","):
            break
    if opened:
        cursor.expect(")")
    cursor.finish()
    return found


def _insert_field(fields: Fields, spec: ColumnSpec, position: str | None) -> None:
    if any(f["name"].lower() == spec.name.lower() for f in fields):
        raise SqlError(
            "FIELD_ALREADY_EXISTS",
            f"Cannot add column, because {quoted([spec.name])} already exists.",
            "42710",
        )
    at = len(fields)
    if position == "":
        at = 0
    elif position is not None:
        at = fields.index(find_field(fields, position)) + 1
    fields.insert(at, spec.field())


def drop_columns(ctx: Context, parts: list[str], cursor: Cursor) -> None:
    """DROP COLUMN[S] [IF EXISTS] name | (names)."""
    if_exists = cursor.accept("IF", "EXISTS")
    names = cursor.names() if cursor.sees("(") else _bare_names(cursor)
    cursor.finish()

    def change(base: Snapshot, fields: Fields) -> tuple[Fields, dict[str, str]]:
        gone = _dropped(fields, names, if_exists)
        _refuse_used(base, gone, "drop")
        kept = [f for f in fields if f["name"] not in gone]
        return kept, {f["name"]: quote_name(f["name"]) for f in kept}

    _rewrite(ctx, parts, change, "DROP COLUMNS")


def _bare_names(cursor: Cursor) -> list[str]:
    names = [cursor.identifier()]
    while cursor.accept(","):
        names.append(cursor.identifier())
    return names


def _dropped(fields: Fields, names: list[str], if_exists: bool) -> set[str]:
    known = {f["name"].lower() for f in fields}
    wanted = [n for n in names if n.lower() in known or not if_exists]
    return {str(find_field(fields, n)["name"]) for n in wanted}


def rename_column(ctx: Context, parts: list[str], cursor: Cursor) -> None:
    """RENAME COLUMN old TO new."""
    old = cursor.identifier()
    cursor.expect("TO")
    new = cursor.identifier()
    cursor.finish()

    def change(base: Snapshot, fields: Fields) -> tuple[Fields, dict[str, str]]:
        field = find_field(fields, old)
        _refuse_used(base, {field["name"]}, "rename")
        if any(f["name"].lower() == new.lower() for f in fields if f is not field):
            raise SqlError(
                "FIELD_ALREADY_EXISTS", f"The column {quoted([new])} already exists.", "42710"
            )
        source = {f["name"]: quote_name(f["name"]) for f in fields if f is not field}
        source[new] = quote_name(field["name"])
        field["name"] = new
        return fields, source

    _rewrite(ctx, parts, change, "RENAME COLUMN")


def change_type(ctx: Context, parts: list[str], column: str, cursor: Cursor) -> None:
    """ALTER COLUMN name TYPE type: to a wider type only, as Databricks' type widening allows."""
    kind, length = read_type(cursor)
    cursor.finish()

    def change(base: Snapshot, fields: Fields) -> tuple[Fields, dict[str, str]]:
        field = find_field(fields, column)
        if not widens(field["type"], kind):
            raise SqlError(
                "DELTA_UNSUPPORTED_ALTER_TABLE_CHANGE_COL_OP",
                f"ALTER TABLE CHANGE COLUMN is not supported for changing column {quoted([column])}"
                f" from {sql_type(field['type'])} to {sql_type(kind)}: only a wider type is. "
                "Create the table again with a cast.",
                "0AKDC",
            )
        comment = (field.get("metadata") or {}).get("comment")
        spec = ColumnSpec(field["name"], kind, length, field["nullable"], comment)
        field.update(spec.field())
        return fields, {f["name"]: quote_name(f["name"]) for f in fields}

    _rewrite(ctx, parts, change, "CHANGE COLUMN")


def _refuse_used(base: Snapshot, names: set[str], verb: str) -> None:
    """Raise for columns that partitions, constraints or clustering refer to."""
    constraints = constraints_of(base.fields, base.configuration)
    used = {name.lower() for name in base.partition_columns}
    key = json.loads(base.configuration.get(PRIMARY_KEY, '{"columns": []}'))
    used |= {name.lower() for name in key["columns"]}
    for condition in constraints.checks.values():
        used |= {name.lower() for name in _names_in(condition)}
    for name in names:
        if name.lower() in used:
            raise SqlError(
                "DELTA_UNSUPPORTED_COLUMN_CHANGE",
                f"Cannot {verb} column {quoted([name])}: a partition or constraint of the table "
                "uses it. Drop the constraint first, or create the table again.",
                "42809",
            )


def _names_in(condition: str) -> list[str]:
    cursor = Cursor(condition)
    return [token.text for token in cursor.tokens]


def _rewrite(
    ctx: Context,
    parts: list[str],
    change: Callable[[Snapshot, Fields], tuple[Fields, dict[str, str]]],
    operation: str,
) -> None:
    """Write the table again with other columns, each from an expression over the old ones."""
    with ctx.warehouse.locks.writing(ctx.name(parts)):
        entry, table = ctx.table(parts)
        base = ctx.snapshot(table)
        fields, source = change(base, fields_of(base.metadata))
        items = ", ".join(
            f"cast({source[f['name']]} as {sql_type(f['type'])}) as {quote_name(f['name'])}"
            for f in fields
        )
        sql = f"select {items} from {delta_path(table.location)} version as of {base.version}"
        metadata = with_fields(base.metadata, fields)
        writer = ctx.writer()
        writer.replace(table.location, base, metadata, sql, operation)
        ctx.warehouse.catalog.touch(entry)
