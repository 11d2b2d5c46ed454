"""ALTER TABLE on constraints: checked on the rows that are there, then enforced on every write."""

from __future__ import annotations

import json

from f1mesh.warehouse.catalog.entries import Entry, Table
from f1mesh.warehouse.errors import SqlError
from f1mesh.warehouse.sql.tokens import Cursor
from f1mesh.warehouse.statements.clauses import find_field, read_constraint_body
from f1mesh.warehouse.statements.context import Context
from f1mesh.warehouse.storage.constraints import (
    CHECK_PREFIX,
    PRIMARY_KEY,
    Constraints,
    PrimaryKey,
    audit_key,
    audit_new,
    constraints_of,
)
from f1mesh.warehouse.storage.fields import fields_of, with_fields
from f1mesh.warehouse.storage.log import Snapshot, delta_path


def set_not_null(ctx: Context, parts: list[str], column: str) -> None:
    """ALTER COLUMN name SET NOT NULL."""
    with ctx.warehouse.locks.writing(ctx.name(parts)):
        entry, table = ctx.table(parts)
        base = ctx.snapshot(table)
        fields = fields_of(base.metadata)
        field = find_field(fields, column)
        if not field["nullable"]:
            return
        fresh = Constraints(not_null=(field["name"],))
        audit_new(ctx.lease, _at(table, base), str(entry.name), fresh)
        field["nullable"] = False
        _commit(ctx, entry, table, base, with_fields(base.metadata, fields), "CHANGE COLUMN")


def drop_not_null(ctx: Context, parts: list[str], column: str) -> None:
    """ALTER COLUMN name DROP NOT NULL."""
    with ctx.warehouse.locks.writing(ctx.name(parts)):
        entry, table = ctx.table(parts)
        base = ctx.snapshot(table)
        fields = fields_of(base.metadata)
        field = find_field(fields, column)
        if field["nullable"]:
            return
        key = constraints_of(fields, base.configuration).primary_key
        if key and column.lower() in [c.lower() for c in key.columns]:
            raise SqlError(
                "DELTA_PRIMARY_KEY_COLUMN",
                f"`{column}` belongs to the primary key `{key.name}`. Drop the key first.",
                "42809",
            )
        field["nullable"] = True
        _commit(ctx, entry, table, base, with_fields(base.metadata, fields), "CHANGE COLUMN")


def add_constraint(ctx: Context, parts: list[str], cursor: Cursor) -> None:
    """ADD CONSTRAINT name CHECK (...) | PRIMARY KEY (...)."""
    name = cursor.identifier()
    with ctx.warehouse.locks.writing(ctx.name(parts)):
        entry, table = ctx.table(parts)
        base = ctx.snapshot(table)
        configuration = base.configuration
        read_constraint_body(cursor, name, configuration)
        cursor.finish()
        fresh = {k: v for k, v in configuration.items() if k not in base.configuration}
        fields = fields_of(base.metadata)
        key = constraints_of(fields, fresh).primary_key
        for column in key.columns if key else ():
            find_field(fields, column)["nullable"] = False
        _audit_all(ctx, entry, _at(table, base), constraints_of([], fresh), key)
        metadata = {**with_fields(base.metadata, fields), "configuration": configuration}
        _commit(ctx, entry, table, base, metadata, "ADD CONSTRAINT")


def _audit_all(
    ctx: Context, entry: Entry, relation: str, fresh: Constraints, key: PrimaryKey | None
) -> None:
    columns = key.columns if key else ()
    added = Constraints(not_null=columns, checks=fresh.checks)
    audit_new(ctx.lease, relation, str(entry.name), added)
    if key:
        audit_key(ctx.lease, relation, key)


def drop_constraint(ctx: Context, parts: list[str], cursor: Cursor) -> None:
    """DROP CONSTRAINT [IF EXISTS] name [CASCADE | RESTRICT]."""
    if_exists = cursor.accept("IF", "EXISTS")
    name = cursor.identifier()
    if not cursor.accept("CASCADE"):
        cursor.accept("RESTRICT")
    cursor.finish()
    with ctx.warehouse.locks.writing(ctx.name(parts)):
        entry, table = ctx.table(parts)
        base = ctx.snapshot(table)
        gone = CHECK_PREFIX + name.lower()
        if _key_name(base) == name.lower():
            gone = PRIMARY_KEY
        if gone not in base.configuration:
            if if_exists:
                return
            raise SqlError(
                "DELTA_CONSTRAINT_DOES_NOT_EXIST",
                f"Cannot drop nonexistent constraint {name} from table {entry.name}. To avoid "
                "this error, use DROP CONSTRAINT IF EXISTS.",
                "42704",
            )
        _drop(ctx, entry, table, base, gone)


def drop_primary_key(ctx: Context, parts: list[str], cursor: Cursor) -> None:
    """DROP PRIMARY KEY [IF EXISTS] [CASCADE | RESTRICT]."""
    if_exists = cursor.accept("IF", "EXISTS")
    if not cursor.accept("CASCADE"):
        cursor.accept("RESTRICT")
    cursor.finish()
    with ctx.warehouse.locks.writing(ctx.name(parts)):
        entry, table = ctx.table(parts)
        base = ctx.snapshot(table)
        if PRIMARY_KEY in base.configuration:
            _drop(ctx, entry, table, base, PRIMARY_KEY)
        elif not if_exists:
            raise SqlError(
                "DELTA_CONSTRAINT_DOES_NOT_EXIST", "The table has no primary key.", "42704"
            )


def _key_name(base: Snapshot) -> str | None:
    stored = base.configuration.get(PRIMARY_KEY)
    return str(json.loads(stored)["name"]).lower() if stored else None


def _drop(ctx: Context, entry: Entry, table: Table, base: Snapshot, key: str) -> None:
    configuration = {k: v for k, v in base.configuration.items() if k != key}
    metadata = {**base.metadata, "configuration": configuration}
    _commit(ctx, entry, table, base, metadata, "DROP CONSTRAINT")


def _at(table: Table, base: Snapshot) -> str:
    return f"{delta_path(table.location)} version as of {base.version}"


def _commit(
    ctx: Context,
    entry: Entry,
    table: Table,
    base: Snapshot,
    metadata: dict[str, object],
    operation: str,
) -> None:
    writer = ctx.writer()
    writer.change_metadata(table.location, base, metadata, operation)
    ctx.warehouse.catalog.touch(entry)
