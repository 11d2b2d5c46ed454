"""Catalogs and schemas: CREATE, DROP, USE."""

from __future__ import annotations

from f1mesh.warehouse.catalog.entries import Namespace
from f1mesh.warehouse.errors import SqlError, catalog_not_found, quoted, schema_not_found
from f1mesh.warehouse.results import Result, done
from f1mesh.warehouse.sql.tokens import Cursor
from f1mesh.warehouse.statements.clauses import read_properties
from f1mesh.warehouse.statements.context import Context


def create_schema(ctx: Context, cursor: Cursor) -> Result:
    """CREATE SCHEMA [IF NOT EXISTS] name [COMMENT '...'] [WITH DBPROPERTIES (...)]."""
    cursor.expect("CREATE")
    cursor.one_of("SCHEMA", "DATABASE")
    if_not_exists = cursor.accept("IF", "NOT", "EXISTS")
    name = ctx.schema(cursor.name())
    comment, properties = None, {}
    while not cursor.done:
        if cursor.accept("COMMENT"):
            comment = cursor.string()
        elif cursor.accept("WITH", "DBPROPERTIES"):
            properties = read_properties(cursor)
        else:
            raise cursor.error("COMMENT or WITH DBPROPERTIES")
    if ctx.warehouse.catalog.has_schema(name):
        if if_not_exists:
            return done()
        raise SqlError(
            "SCHEMA_ALREADY_EXISTS",
            f"Cannot create schema {quoted(name)} because it already exists. Choose a different "
            "name, drop the existing schema, or add the IF NOT EXISTS clause.",
            "42P06",
        )
    ctx.warehouse.catalog.put_schema(name, comment, properties)
    return done()


def drop_schema(ctx: Context, cursor: Cursor) -> Result:
    """DROP SCHEMA [IF EXISTS] name [RESTRICT | CASCADE]."""
    cursor.expect("DROP")
    cursor.one_of("SCHEMA", "DATABASE")
    if_exists = cursor.accept("IF", "EXISTS")
    name = ctx.schema(cursor.name())
    cascade = cursor.accept("CASCADE")
    cursor.accept("RESTRICT")
    cursor.finish()
    catalog = ctx.warehouse.catalog
    if not catalog.has_schema(name):
        if if_exists:
            return done()
        raise schema_not_found(name)
    entries = catalog.entries(name)
    if entries and not cascade:
        raise SqlError(
            "SCHEMA_NOT_EMPTY",
            f"Cannot drop the schema {quoted(name)} because it contains objects. Use CASCADE to "
            "drop it with everything in it.",
            "2BP01",
        )
    with ctx.warehouse.locks.writing(*(e.name for e in entries)):
        for entry in catalog.drop_schema(name):
            ctx.warehouse.discard(entry)
    return done()


def create_catalog(ctx: Context, cursor: Cursor) -> Result:
    """CREATE CATALOG [IF NOT EXISTS] name."""
    cursor.expect("CREATE", "CATALOG")
    if_not_exists = cursor.accept("IF", "NOT", "EXISTS")
    name = cursor.identifier().lower()
    cursor.finish()
    if name in (*ctx.warehouse.catalog.catalogs(), "system") and not if_not_exists:
        raise SqlError("CATALOG_ALREADY_EXISTS", f"Catalog '{name}' already exists.", "42P06")
    ctx.warehouse.catalog.add_catalog(name)
    return done()


def use(ctx: Context, cursor: Cursor) -> Result:
    """USE CATALOG name; USE [SCHEMA | DATABASE] [catalog.]schema."""
    cursor.expect("USE")
    if cursor.accept("CATALOG"):
        name = cursor.string() if cursor.sees_string() else cursor.identifier()
        cursor.finish()
        return _use(ctx, Namespace(name.lower(), "default"))
    if not cursor.accept("SCHEMA"):
        cursor.accept("DATABASE")
    namespace = ctx.schema(cursor.name())
    cursor.finish()
    return _use(ctx, namespace)


def set_catalog(ctx: Context, cursor: Cursor) -> Result:
    """SET CATALOG name."""
    cursor.expect("SET", "CATALOG")
    name = cursor.identifier()
    cursor.finish()
    return _use(ctx, Namespace(name.lower(), "default"))


def _use(ctx: Context, namespace: Namespace) -> Result:
    if namespace.catalog not in ctx.warehouse.catalog.catalogs():
        raise catalog_not_found(namespace.catalog)
    if not ctx.warehouse.catalog.has_schema(namespace):
        raise schema_not_found(namespace)
    ctx.session.namespace = namespace
    return done()
