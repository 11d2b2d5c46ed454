"""SHOW ..."""

from __future__ import annotations

import re
from collections.abc import Callable

from f1mesh.warehouse.catalog.entries import Entry, Namespace, View
from f1mesh.warehouse.errors import quoted, schema_not_found, unsupported
from f1mesh.warehouse.relations import Relation, existing, relation
from f1mesh.warehouse.results import Result, rows_result
from f1mesh.warehouse.sql.literals import encode_string, quote_name
from f1mesh.warehouse.sql.tokens import Cursor
from f1mesh.warehouse.statements.context import Context
from f1mesh.warehouse.statements.describe import moment


def show(ctx: Context, cursor: Cursor) -> Result:
    """SHOW SCHEMAS | TABLES | VIEWS | TABLE EXTENDED | COLUMNS | TBLPROPERTIES | ..."""
    cursor.expect("SHOW")
    for words, handler in _HANDLERS.items():
        if cursor.accept(*words):
            return handler(ctx, cursor)
    raise unsupported(f"SHOW {cursor.word()}", "Query information_schema.")


def like(pattern: str) -> re.Pattern[str]:
    """A SHOW pattern: `*` for any characters, `|` between alternatives."""
    parts = (re.escape(p).replace(r"\*", ".*") for p in pattern.split("|"))
    return re.compile("|".join(f"(?:{part})" for part in parts), re.IGNORECASE)


def _pattern(cursor: Cursor) -> re.Pattern[str]:
    if cursor.accept("LIKE") or cursor.sees_string():
        return like(cursor.string())
    return like("*")


def _in(ctx: Context, cursor: Cursor) -> Namespace:
    """`IN schema`, or the session's own. Raises SCHEMA_NOT_FOUND."""
    found = ctx.session.namespace
    if cursor.accept("IN") or cursor.accept("FROM"):
        found = ctx.schema(cursor.name())
    if not ctx.warehouse.catalog.has_schema(found):
        raise schema_not_found(found)
    return found


def _schemas(ctx: Context, cursor: Cursor) -> Result:
    catalog = ctx.session.namespace.catalog
    if cursor.accept("IN") or cursor.accept("FROM"):
        catalog = cursor.identifier().lower()
    pattern = _pattern(cursor)
    cursor.finish()
    found = [s for s in ctx.warehouse.catalog.schemas(catalog) if pattern.fullmatch(s)]
    return rows_result(["databaseName"], [(s,) for s in found])


def _catalogs(ctx: Context, cursor: Cursor) -> Result:
    pattern = _pattern(cursor)
    cursor.finish()
    found = [*ctx.warehouse.catalog.catalogs(), "system"]
    return rows_result(["catalog"], [(c,) for c in found if pattern.fullmatch(c)])


def _tables(ctx: Context, cursor: Cursor) -> Result:
    return _list(ctx, cursor, ["database", "tableName", "isTemporary"], lambda e: True)


def _views(ctx: Context, cursor: Cursor) -> Result:
    columns = ["namespace", "viewName", "isTemporary"]
    return _list(ctx, cursor, columns, lambda e: isinstance(e.what, View))


def _list(
    ctx: Context, cursor: Cursor, columns: list[str], wanted: Callable[[Entry], bool]
) -> Result:
    namespace = _in(ctx, cursor)
    pattern = _pattern(cursor)
    cursor.finish()
    rows: list[tuple[str, str, bool]] = [
        (namespace.schema, e.name.table, False)
        for e in ctx.warehouse.catalog.entries(namespace)
        if wanted(e) and pattern.fullmatch(e.name.table)
    ]
    rows += [("", name, True) for name in ctx.session.temp_views if pattern.fullmatch(name)]
    return rows_result(columns, rows, ["string", "string", "boolean"])


def _table_extended(ctx: Context, cursor: Cursor) -> Result:
    namespace = _in(ctx, cursor)
    cursor.expect("LIKE")
    pattern = like(cursor.string())
    if cursor.sees("PARTITION"):
        raise unsupported("SHOW TABLE EXTENDED ... PARTITION", "Leave the partition out.")
    cursor.finish()
    entries = [
        e for e in ctx.warehouse.catalog.entries(namespace) if pattern.fullmatch(e.name.table)
    ]
    rows = [
        (namespace.schema, e.name.table, False, _information(ctx, e, what))
        for e, what in existing(entries, ctx.warehouse.logs)
    ]
    columns = ["database", "tableName", "isTemporary", "information"]
    return rows_result(columns, rows, ["string", "string", "boolean", "string"])


def _information(ctx: Context, entry: Entry, what: Relation) -> str:
    facts = {
        "Catalog": entry.name.catalog,
        "Database": entry.name.schema,
        "Table": entry.name.table,
        "Owner": ctx.session.user,
        "Created Time": moment(entry.created),
        "Last Access": "UNKNOWN",
        "Created By": "Spark",
        "Type": entry.table_type,
        "Provider": "delta" if what.location else None,
        "View Text": what.text.replace("\n", " ") if what.text else None,
        "Location": what.location,
        "Partition Columns": f"[{', '.join(quote_name(p) for p in what.partitions)}]"
        if what.partitions
        else None,
        "Comment": what.comment,  # the last fact: dbt reads it up to the last line with a title
    }
    lines = [f"{key}: {value}" for key, value in facts.items() if value]
    lines.append("Schema: root")
    lines += [
        f" |-- {c.name}: {c.sql_type} (nullable = {str(c.nullable).lower()})" for c in what.columns
    ]
    return "\n".join(lines) + "\n"


def _columns(ctx: Context, cursor: Cursor) -> Result:
    if not cursor.accept("IN"):
        cursor.expect("FROM")
    parts = cursor.name()
    if cursor.accept("IN") or cursor.accept("FROM"):
        parts = [*cursor.name(), *parts]
    cursor.finish()
    what = relation(ctx.entry(parts), ctx.warehouse.logs)
    return rows_result(["col_name"], [(c.name,) for c in what.columns])


def _tblproperties(ctx: Context, cursor: Cursor) -> Result:
    parts = cursor.name()
    what = relation(ctx.entry(parts), ctx.warehouse.logs)
    if cursor.accept("("):
        key = cursor.string() if cursor.sees_string() else ".".join(cursor.name())
        cursor.expect(")")
        missing = f"Table {quoted(parts)} does not have property: {key}"
        return rows_result(["key", "value"], [(key, what.properties.get(key, missing))])
    cursor.finish()
    return rows_result(["key", "value"], sorted(what.properties.items()))


def _create_table(ctx: Context, cursor: Cursor) -> Result:
    entry = ctx.entry(cursor.name())
    cursor.finish()
    what = relation(entry, ctx.warehouse.logs)
    text = _create_view_text(entry, what) if what.text else _create_table_text(entry, what)
    return rows_result(["createtab_stmt"], [(text,)])


def _create_view_text(entry: Entry, what: Relation) -> str:
    columns = ", ".join(quote_name(c.name) + _comment(c.comment) for c in what.columns)
    clauses = _comment(what.comment) + _properties(what)
    return f"CREATE VIEW {quoted(entry.name)} ({columns}){clauses} AS {what.text}"


def _create_table_text(entry: Entry, what: Relation) -> str:
    items = [
        f"  {quote_name(c.name)} {c.ddl_type}{'' if c.nullable else ' NOT NULL'}"
        f"{_comment(c.comment)}"
        for c in what.columns
    ]
    key = what.constraints.primary_key
    if key:
        columns = ", ".join(map(quote_name, key.columns))
        items.append(f"  CONSTRAINT {quote_name(key.name)} PRIMARY KEY ({columns})")
    clauses = "\nUSING delta"
    if what.partitions:
        clauses += f"\nPARTITIONED BY ({', '.join(map(quote_name, what.partitions))})"
    if what.clustering:
        clauses += f"\nCLUSTER BY ({', '.join(map(quote_name, what.clustering))})"
    clauses += _comment(what.comment, "\n") + _properties(what)
    return f"CREATE TABLE {quoted(entry.name)} (\n" + ",\n".join(items) + ")" + clauses


def _comment(text: str | None, before: str = " ") -> str:
    return f"{before}COMMENT {encode_string(text)}" if text else ""


def _properties(what: Relation) -> str:
    if not what.properties:
        return ""
    pairs = ", ".join(
        f"{encode_string(k)} = {encode_string(v)}" for k, v in sorted(what.properties.items())
    )
    return f"\nTBLPROPERTIES ({pairs})"


def _grants(ctx: Context, cursor: Cursor) -> Result:
    """There is one user, who owns everything: nothing was ever granted."""
    cursor.accept("ON")
    cursor.accept("TABLE") or cursor.accept("VIEW") or cursor.accept("SCHEMA")
    cursor.rest()
    return rows_result(["Principal", "ActionType", "ObjectType", "ObjectKey"], [])


_HANDLERS: dict[tuple[str, ...], Callable[[Context, Cursor], Result]] = {
    ("SCHEMAS",): _schemas,
    ("DATABASES",): _schemas,
    ("CATALOGS",): _catalogs,
    ("TABLES",): _tables,
    ("VIEWS",): _views,
    ("TABLE", "EXTENDED"): _table_extended,
    ("COLUMNS",): _columns,
    ("TBLPROPERTIES",): _tblproperties,
    ("CREATE", "TABLE"): _create_table,
    ("GRANTS",): _grants,
}
