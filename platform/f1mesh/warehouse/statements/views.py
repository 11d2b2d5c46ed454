"""CREATE VIEW, CREATE TEMPORARY VIEW, ALTER VIEW ... AS and DROP VIEW."""

from __future__ import annotations

from dataclasses import dataclass, field

from f1mesh.warehouse.catalog.entries import View, ViewColumn
from f1mesh.warehouse.errors import SqlError, quoted, table_exists, table_not_found, unsupported
from f1mesh.warehouse.resolution import Resolver
from f1mesh.warehouse.results import Result, done
from f1mesh.warehouse.sessions import TempView
from f1mesh.warehouse.sql.tokens import Cursor
from f1mesh.warehouse.statements.clauses import read_properties, refuse_repeated
from f1mesh.warehouse.statements.context import Context


@dataclass
class CreateView:
    """A CREATE VIEW statement as read."""

    parts: list[str]
    query: str = ""
    replace: bool = False
    temporary: bool = False
    if_not_exists: bool = False
    columns: list[tuple[str, str | None]] = field(default_factory=list)
    comment: str | None = None
    properties: dict[str, str] = field(default_factory=dict)


def create_view(ctx: Context, cursor: Cursor) -> Result:
    """CREATE [OR REPLACE] [TEMPORARY] VIEW [IF NOT EXISTS] name [(columns)] [clauses] AS query."""
    spec = _read_create_view(cursor)
    if spec.temporary:
        return _create_temporary(ctx, spec)
    name = ctx.name(spec.parts)
    catalog = ctx.warehouse.catalog
    with ctx.warehouse.locks.writing(name):
        entry = catalog.find(name)
        if entry is not None and spec.if_not_exists:
            return done()
        if entry is not None and not (spec.replace and isinstance(entry.what, View)):
            raise table_exists(name)
        catalog.put(name, stored_view(ctx, spec), replaces=entry)
    return done()


def _read_create_view(cursor: Cursor) -> CreateView:
    cursor.expect("CREATE")
    replace = cursor.accept("OR", "REPLACE")
    if cursor.accept("GLOBAL"):
        raise unsupported("global temporary views", "Use CREATE TEMPORARY VIEW.")
    temporary = cursor.accept("TEMPORARY") or cursor.accept("TEMP")
    if cursor.sees("MATERIALIZED"):
        raise unsupported("materialized views", "Use a table, or a view.")
    cursor.expect("VIEW")
    if_not_exists = cursor.accept("IF", "NOT", "EXISTS")
    spec = CreateView(cursor.name(), "", replace, temporary, if_not_exists)
    if cursor.sees("("):
        spec.columns = _read_column_list(cursor)
    while not cursor.accept("AS"):
        if cursor.accept("COMMENT"):
            spec.comment = cursor.string()
        elif cursor.accept("TBLPROPERTIES"):
            spec.properties = read_properties(cursor)
        elif cursor.accept("WITH", "SCHEMA"):
            cursor.one_of("BINDING", "COMPENSATION")
        else:
            raise cursor.error("AS")
    spec.query = _query(cursor)
    return spec


def _query(cursor: Cursor) -> str:
    if cursor.done:
        raise cursor.error("a query")
    return cursor.rest()


def _read_column_list(cursor: Cursor) -> list[tuple[str, str | None]]:
    cursor.expect("(")
    columns = []
    while True:
        name = cursor.identifier()
        columns.append((name, cursor.string() if cursor.accept("COMMENT") else None))
        if not cursor.accept(","):
            break
    cursor.expect(")")
    return columns


def stored_view(ctx: Context, spec: CreateView) -> View:
    namespace = ctx.session.namespace
    plain = Resolver(
        session=type(ctx.session)(namespace, ctx.session.user),
        catalog=ctx.warehouse.catalog,
        logs=ctx.warehouse.logs,
        information_schema=ctx.resolver.information_schema,
    )  # a stored view sees no temporary ones
    columns = _columns(ctx, spec, plain)
    return View(spec.query, namespace, columns, spec.comment, spec.properties)


def _columns(ctx: Context, spec: CreateView, resolver: Resolver) -> tuple[ViewColumn, ...]:
    """The view's columns; analysing the query also proves that it works."""
    fields = ctx.lease.fields(resolver.rewrite(spec.query))
    listed = spec.columns or [(f["name"], None) for f in fields]
    if len(listed) != len(fields):
        raise SqlError(
            "CREATE_VIEW_COLUMN_ARITY_MISMATCH",
            f"Cannot create view {quoted(spec.parts)}: it names {len(listed)} columns and its "
            f"query has {len(fields)}.",
            "21S01",
        )
    refuse_repeated([name for name, _ in listed])
    return tuple(
        ViewColumn(name, f["name"], f["type"], comment)
        for (name, comment), f in zip(listed, fields, strict=True)
    )


def _create_temporary(ctx: Context, spec: CreateView) -> Result:
    session = ctx.session
    if len(spec.parts) != 1:
        raise SqlError(
            "TEMP_VIEW_NAME_TOO_MANY_NAME_PARTS",
            f"CREATE TEMPORARY VIEW: {quoted(spec.parts)} must have one part only.",
            "428EK",
        )
    key = spec.parts[0].lower()
    if key in session.temp_views and not spec.replace:
        if spec.if_not_exists:
            return done()
        raise SqlError(
            "TEMP_TABLE_OR_VIEW_ALREADY_EXISTS",
            f"Cannot create the temporary view {quoted(spec.parts)} because it already exists. "
            "Use CREATE OR REPLACE.",
            "42P07",
        )
    columns = _columns(ctx, spec, ctx.resolver)
    around = dict(session.temp_views)
    session.temp_views[key] = TempView(spec.query, session.namespace, columns, around)
    return done()


def drop_view(ctx: Context, cursor: Cursor) -> Result:
    """DROP VIEW [IF EXISTS] name; a temporary view of that name goes first."""
    cursor.expect("DROP")
    if cursor.accept("MATERIALIZED"):
        raise unsupported("materialized views", "There are none to drop.")
    cursor.expect("VIEW")
    if_exists = cursor.accept("IF", "EXISTS")
    parts = cursor.name()
    cursor.finish()
    if len(parts) == 1 and parts[0].lower() in ctx.session.temp_views:
        del ctx.session.temp_views[parts[0].lower()]
        return done()
    name = ctx.name(parts)
    with ctx.warehouse.locks.writing(name):
        entry = ctx.warehouse.catalog.find(name)
        if entry is None:
            if if_exists:
                return done()
            raise table_not_found(name)
        if not isinstance(entry.what, View):
            raise SqlError(
                "EXPECT_VIEW_NOT_TABLE.NO_ALTERNATIVE",
                f"{quoted(name)} is a table. Use DROP TABLE.",
                "42809",
            )
        ctx.warehouse.catalog.drop(entry)
    return done()
