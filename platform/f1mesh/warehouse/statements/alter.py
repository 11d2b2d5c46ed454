"""ALTER TABLE, ALTER VIEW and ALTER SCHEMA."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from f1mesh.warehouse.catalog.entries import Entry, Table, View
from f1mesh.warehouse.errors import quoted, schema_not_found, table_exists, unsupported
from f1mesh.warehouse.relations import CLUSTER_BY, relation
from f1mesh.warehouse.results import Result, done
from f1mesh.warehouse.sql.tokens import Cursor
from f1mesh.warehouse.statements import columns, constraints
from f1mesh.warehouse.statements.clauses import (
    find_field,
    read_properties,
    require_columns,
)
from f1mesh.warehouse.statements.comments import set_column_comment, set_comment
from f1mesh.warehouse.statements.context import Context
from f1mesh.warehouse.statements.properties import checked_properties, refuse_reserved
from f1mesh.warehouse.statements.views import CreateView, stored_view

Action = Callable[[Context, list[str], Cursor], None]


def alter_table(ctx: Context, cursor: Cursor) -> Result:
    """ALTER TABLE name action."""
    cursor.expect("ALTER", "TABLE")
    parts = cursor.name()
    _act(ctx, parts, cursor, _TABLE_ACTIONS)
    return done()


def alter_view(ctx: Context, cursor: Cursor) -> Result:
    """ALTER VIEW name action."""
    cursor.expect("ALTER", "VIEW")
    parts = cursor.name()
    _act(ctx, parts, cursor, _VIEW_ACTIONS)
    return done()


def alter_schema(ctx: Context, cursor: Cursor) -> Result:
    """ALTER SCHEMA name SET DBPROPERTIES (...)."""
    cursor.expect("ALTER", "SCHEMA")
    name = ctx.schema(cursor.name())
    cursor.expect("SET", "DBPROPERTIES")
    properties = read_properties(cursor)
    cursor.finish()
    comment, known = ctx.warehouse.catalog.schema(name)
    ctx.warehouse.catalog.put_schema(name, comment, {**known, **properties})
    return done()


def _act(
    ctx: Context, parts: list[str], cursor: Cursor, actions: dict[tuple[str, ...], Action]
) -> None:
    for words, action in actions.items():
        if cursor.accept(*words):
            action(ctx, parts, cursor)
            return
    ctx.entry(parts)
    raise unsupported(
        f"ALTER ... {cursor.word()} {cursor.word(1)}", "Nothing was done. Recreate the object."
    )


def _set_properties(ctx: Context, parts: list[str], cursor: Cursor) -> None:
    properties = read_properties(cursor)
    cursor.finish()
    _change_properties(ctx, parts, fresh=properties)


def _unset_properties(ctx: Context, parts: list[str], cursor: Cursor) -> None:
    cursor.accept("IF", "EXISTS")
    keys = _keys(cursor)
    cursor.finish()
    _change_properties(ctx, parts, gone=keys)


def _keys(cursor: Cursor) -> list[str]:
    cursor.expect("(")
    keys = []
    while True:
        keys.append(cursor.string() if cursor.sees_string() else ".".join(cursor.name()))
        if not cursor.accept(","):
            break
    cursor.expect(")")
    return keys


def _change_properties(
    ctx: Context, parts: list[str], fresh: Mapping[str, str] | None = None, gone: Sequence[str] = ()
) -> None:
    with ctx.warehouse.locks.writing(ctx.name(parts)):
        entry = ctx.entry(parts)
        if isinstance(entry.what, View):
            properties = _changed(entry.what.properties, fresh or {}, gone)
            view = replace(entry.what, properties=properties)
            ctx.warehouse.catalog.put(entry.name, view, replaces=entry)
            return
        refuse_reserved(gone)
        checked = checked_properties(fresh or {})
        change = partial(_changed, fresh=checked, gone=gone)
        _reconfigure(ctx, entry, entry.what, change, "SET TBLPROPERTIES")


def _changed(
    known: Mapping[str, str], fresh: Mapping[str, str], gone: Sequence[str]
) -> dict[str, str]:
    return {key: value for key, value in {**known, **fresh}.items() if key not in gone}


def _reconfigure(
    ctx: Context,
    entry: Entry,
    table: Table,
    change: Callable[[dict[str, str]], dict[str, str]],
    operation: str,
) -> None:
    base = ctx.snapshot(table)
    metadata: dict[str, Any] = {**base.metadata, "configuration": change(base.configuration)}
    if metadata["configuration"] == base.configuration:
        return
    ctx.writer().change_metadata(table.location, base, metadata, operation)
    ctx.warehouse.catalog.touch(entry)


def _set_tags(ctx: Context, parts: list[str], cursor: Cursor) -> None:
    tags = read_properties(cursor)
    cursor.finish()
    ctx.warehouse.catalog.set_tags(ctx.entry(parts), None, tags)


def _unset_tags(ctx: Context, parts: list[str], cursor: Cursor) -> None:
    keys = _keys(cursor)
    cursor.finish()
    ctx.warehouse.catalog.unset_tags(ctx.entry(parts), None, keys)


def _cluster_by(ctx: Context, parts: list[str], cursor: Cursor) -> None:
    names = [] if cursor.accept("NONE") else cursor.names()
    cursor.finish()
    with ctx.warehouse.locks.writing(ctx.name(parts)):
        entry, table = ctx.table(parts)
        found = require_columns(ctx.snapshot(table).fields, names)

        def change(known: dict[str, str]) -> dict[str, str]:
            others = {k: v for k, v in known.items() if k != CLUSTER_BY}
            return {**others, CLUSTER_BY: ",".join(found)} if found else others

        _reconfigure(ctx, entry, table, change, "CLUSTER BY")


def _rename_to(ctx: Context, parts: list[str], cursor: Cursor) -> None:
    target = cursor.name()
    cursor.finish()
    old = ctx.name(parts)
    new = old._replace(table=target[0].lower()) if len(target) == 1 else ctx.name(target)
    with ctx.warehouse.locks.writing(old, new):
        entry = ctx.entry(parts)
        if ctx.warehouse.catalog.find(new):
            raise table_exists(new)
        if not ctx.warehouse.catalog.has_schema(ctx.schema([new.catalog, new.schema])):
            raise schema_not_found([new.catalog, new.schema])
        ctx.warehouse.catalog.rename(entry, new)


def _column_action(ctx: Context, parts: list[str], cursor: Cursor) -> None:
    """ALTER | CHANGE COLUMN name ..."""
    cursor.accept("COLUMN")
    column = cursor.identifier()
    if cursor.accept("COMMENT"):
        text = cursor.string()
        cursor.finish()
        set_column_comment(ctx, parts, column, text)
    elif cursor.accept("SET", "TAGS"):
        tags = read_properties(cursor)
        cursor.finish()
        ctx.warehouse.catalog.set_tags(ctx.entry(parts), _column(ctx, parts, column), tags)
    elif cursor.accept("UNSET", "TAGS"):
        keys = _keys(cursor)
        cursor.finish()
        ctx.warehouse.catalog.unset_tags(ctx.entry(parts), _column(ctx, parts, column), keys)
    elif cursor.accept("SET", "NOT", "NULL"):
        cursor.finish()
        constraints.set_not_null(ctx, parts, column)
    elif cursor.accept("DROP", "NOT", "NULL"):
        cursor.finish()
        constraints.drop_not_null(ctx, parts, column)
    elif cursor.accept("TYPE"):
        columns.change_type(ctx, parts, column, cursor)
    else:
        raise unsupported(
            f"ALTER COLUMN ... {cursor.word()} {cursor.word(1)}",
            "Supported: COMMENT, TYPE, SET/DROP NOT NULL, SET/UNSET TAGS.",
        )


def _column(ctx: Context, parts: list[str], name: str) -> str:
    what = relation(ctx.entry(parts), ctx.warehouse.logs)
    return str(find_field([{"name": c.name} for c in what.columns], name)["name"])


def _view_as(ctx: Context, parts: list[str], cursor: Cursor) -> None:
    name = ctx.name(parts)
    with ctx.warehouse.locks.writing(name):
        entry = ctx.entry(parts)
        if not isinstance(entry.what, View):
            raise unsupported(f"ALTER VIEW on the table {quoted(name)}", "Use ALTER TABLE.")
        old = entry.what
        spec = CreateView(parts, cursor.rest(), comment=old.comment)
        spec.properties = dict(old.properties)
        ctx.warehouse.catalog.put(name, stored_view(ctx, spec), replaces=entry)


def _comment(ctx: Context, parts: list[str], cursor: Cursor) -> None:
    text = cursor.string()
    cursor.finish()
    set_comment(ctx, parts, text)


_SHARED: dict[tuple[str, ...], Action] = {
    ("SET", "TBLPROPERTIES"): _set_properties,
    ("UNSET", "TBLPROPERTIES"): _unset_properties,
    ("SET", "TAGS"): _set_tags,
    ("UNSET", "TAGS"): _unset_tags,
    ("RENAME", "TO"): _rename_to,
    ("ALTER",): _column_action,
    ("CHANGE",): _column_action,
}
_TABLE_ACTIONS: dict[tuple[str, ...], Action] = {
    ("ADD", "COLUMN"): columns.add_columns,
    ("ADD", "COLUMNS"): columns.add_columns,
    ("DROP", "COLUMN"): columns.drop_columns,
    ("DROP", "COLUMNS"): columns.drop_columns,
    ("RENAME", "COLUMN"): columns.rename_column,
    ("ADD", "CONSTRAINT"): constraints.add_constraint,
    ("DROP", "CONSTRAINT"): constraints.drop_constraint,
    ("DROP", "PRIMARY", "KEY"): constraints.drop_primary_key,
    ("CLUSTER", "BY"): _cluster_by,
    ("COMMENT",): _comment,
    **_SHARED,
}
_VIEW_ACTIONS: dict[tuple[str, ...], Action] = {("AS",): _view_as, **_SHARED}
