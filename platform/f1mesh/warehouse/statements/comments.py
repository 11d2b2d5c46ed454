"""COMMENT ON."""

from __future__ import annotations

from dataclasses import replace

from f1mesh.warehouse.catalog.entries import Entry, View
from f1mesh.warehouse.results import Result, done
from f1mesh.warehouse.sql.tokens import Cursor
from f1mesh.warehouse.statements.clauses import find_field
from f1mesh.warehouse.statements.context import Context
from f1mesh.warehouse.storage.fields import fields_of, with_fields


def comment_on(ctx: Context, cursor: Cursor) -> Result:
    """COMMENT ON SCHEMA | TABLE | VIEW | COLUMN name IS 'text' | NULL."""
    cursor.expect("COMMENT", "ON")
    what = cursor.one_of("SCHEMA", "DATABASE", "TABLE", "VIEW", "COLUMN")
    parts = cursor.name()
    cursor.expect("IS")
    text = None if cursor.accept("NULL") else cursor.string()
    cursor.finish()
    if what in ("SCHEMA", "DATABASE"):
        name = ctx.schema(parts)
        _, properties = ctx.warehouse.catalog.schema(name)
        ctx.warehouse.catalog.put_schema(name, text, properties)
    elif what == "COLUMN":
        set_column_comment(ctx, parts[:-1], parts[-1], text)
    else:
        set_comment(ctx, parts, text)
    return done()


def set_comment(ctx: Context, parts: list[str], text: str | None) -> None:
    """The comment of a table or view."""
    with ctx.warehouse.locks.writing(ctx.name(parts)):
        entry = ctx.entry(parts)
        if isinstance(entry.what, View):
            _put_view(ctx, entry, replace(entry.what, comment=text))
            return
        base = ctx.snapshot(entry.what)
        metadata = {**base.metadata, "description": text}
        writer = ctx.writer()
        writer.change_metadata(entry.what.location, base, metadata, "SET TABLE COMMENT")
        ctx.warehouse.catalog.touch(entry)


def set_column_comment(ctx: Context, parts: list[str], column: str, text: str | None) -> None:
    """The comment of a column of a table or view."""
    with ctx.warehouse.locks.writing(ctx.name(parts)):
        entry = ctx.entry(parts)
        if isinstance(entry.what, View):
            _put_view(ctx, entry, _with_column_comment(entry.what, column, text))
            return
        base = ctx.snapshot(entry.what)
        fields = fields_of(base.metadata)
        field = find_field(fields, column)
        others = {k: v for k, v in (field.get("metadata") or {}).items() if k != "comment"}
        field["metadata"] = {**others, "comment": text} if text else others
        metadata = with_fields(base.metadata, fields)
        writer = ctx.writer()
        writer.change_metadata(entry.what.location, base, metadata, "CHANGE COLUMN")
        ctx.warehouse.catalog.touch(entry)


def _with_column_comment(view: View, column: str, text: str | None) -> View:
    find_field([{"name": c.name} for c in view.columns], column)
    columns = tuple(
        replace(c, comment=text) if c.name.lower() == column.lower() else c for c in view.columns
    )
    return replace(view, columns=columns)


def _put_view(ctx: Context, entry: Entry, view: View) -> None:
    ctx.warehouse.catalog.put(entry.name, view, replaces=entry)
