"""INSERT in all its forms: what to read, what to keep of the table, one commit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from f1mesh.warehouse.catalog.entries import Table
from f1mesh.warehouse.errors import SqlError, quoted, unsupported
from f1mesh.warehouse.results import Result, affected
from f1mesh.warehouse.sql.exact import assigned
from f1mesh.warehouse.sql.literals import quote_name
from f1mesh.warehouse.sql.tokens import Cursor
from f1mesh.warehouse.statements.clauses import require_columns
from f1mesh.warehouse.statements.context import Context
from f1mesh.warehouse.storage.fields import casted
from f1mesh.warehouse.storage.log import Snapshot
from f1mesh.warehouse.storage.matching import ROW, matching, numbered

SOURCE = "__f1_source"  # stands for the query's rows until the text is rewritten
_QUERY_WORDS = ("SELECT", "WITH", "VALUES", "TABLE", "FROM", "(")


@dataclass
class Insert:
    """An INSERT statement as read."""

    parts: list[str]
    overwrite: bool = False
    by_name: bool = False
    columns: list[str] | None = None
    partition: dict[str, str | None] | None = None
    replace_where: str | None = None
    replace_on: str | None = None
    replace_using: list[str] | None = None
    alias: str | None = None
    source_alias: str | None = None
    query: str = ""

    @property
    def matches_rows(self) -> bool:
        """Whether the rows of the query decide which rows of the table they replace."""
        return self.replace_on is not None or self.replace_using is not None


def insert(ctx: Context, cursor: Cursor) -> Result:
    """INSERT INTO | OVERWRITE [TABLE] name ... query."""
    spec = _read_insert(cursor)
    name = ctx.name(spec.parts)
    with ctx.warehouse.locks.writing(name):
        entry, table = ctx.table(spec.parts)
        base = ctx.snapshot(table)
        with _evaluated(ctx, spec) as query:
            source = _source(ctx, spec, base.fields, query)
            rows = _write(ctx, spec, table, base, source, query)
        ctx.warehouse.catalog.touch(entry)
    return affected(rows, num_inserted_rows=rows)


def _read_insert(cursor: Cursor) -> Insert:
    cursor.expect("INSERT")
    overwrite = cursor.one_of("INTO", "OVERWRITE") == "OVERWRITE"
    if cursor.sees("DIRECTORY") or cursor.sees("LOCAL"):
        raise unsupported("INSERT OVERWRITE DIRECTORY", "Insert into a table.")
    cursor.accept("TABLE")
    spec = Insert(cursor.name(), overwrite)
    if cursor.accept("WITH", "SCHEMA", "EVOLUTION"):
        raise unsupported("INSERT WITH SCHEMA EVOLUTION", "Use ALTER TABLE ADD COLUMNS first.")
    if cursor.accept("AS"):
        spec.alias = cursor.identifier()
    _read_targets(cursor, spec)
    _read_replace(cursor, spec)
    _read_query(cursor, spec)
    return spec


def _read_targets(cursor: Cursor, spec: Insert) -> None:
    if cursor.accept("PARTITION"):
        spec.partition = _read_partition(cursor)
    if cursor.accept("BY", "NAME"):
        spec.by_name = True
    elif cursor.sees("(") and cursor.word(1) not in _QUERY_WORDS:
        spec.columns = cursor.names()


def _read_partition(cursor: Cursor) -> dict[str, str | None]:
    """`(a = 1, b)`: values as written, None for partitions that come from the query."""
    cursor.expect("(")
    found: dict[str, str | None] = {}
    while True:
        name = cursor.identifier()
        found[name] = cursor.until(",", ")") if cursor.accept("=") else None
        if not cursor.accept(","):
            break
    cursor.expect(")")
    return found


def _read_replace(cursor: Cursor, spec: Insert) -> None:
    if not cursor.accept("REPLACE"):
        return
    kind = cursor.one_of("WHERE", "ON", "USING")
    if kind == "USING":
        spec.replace_using = cursor.names()
        return
    at, depth = cursor.start, 0
    while not cursor.done:
        word = cursor.word()
        if depth == 0 and cursor.start > at and _query_begins(cursor):
            break
        depth += (word in ("(", "[")) - (word in (")", "]"))
        cursor.at += 1
    condition = cursor.text[at : cursor.start].strip()
    if kind == "WHERE":
        spec.replace_where = condition
    else:
        spec.replace_on = condition


def _query_begins(cursor: Cursor) -> bool:
    if cursor.word() == "(":
        return cursor.word(1) in ("SELECT", "WITH", "VALUES", "TABLE", "FROM")
    return cursor.word() in ("SELECT", "WITH", "VALUES", "TABLE", "FROM")


def _read_query(cursor: Cursor, spec: Insert) -> None:
    if cursor.done:
        raise cursor.error("a query")
    if cursor.accept("TABLE"):
        spec.query = f"select * from {cursor.rest()}"
    elif spec.replace_on is not None and cursor.sees("("):
        spec.query = cursor.parens()
        cursor.accept("AS")
        spec.source_alias = None if cursor.done else cursor.identifier()
        cursor.finish()
    else:
        spec.query = cursor.rest()


@contextmanager
def _evaluated(ctx: Context, spec: Insert) -> Iterator[str]:
    """The statement's query as the engine gets it. Where it decides also which rows are replaced,
    it is run once and aside: a second evaluation might replace other rows than it inserts."""
    query = ctx.resolver.rewrite(spec.query)
    if not spec.matches_rows:
        yield query
        return
    fields = ctx.lease.fields(query)
    columns = [f"c{i}" for i in range(len(fields))]
    # a column of nothing but NULL has no type that a table could store
    stored = ", ".join(
        f"cast({c} as string) as {c}" if f["type"] == "void" else c
        for c, f in zip(columns, fields, strict=True)
    )
    named = ", ".join(
        f"{c} as {quote_name(f['name'])}" for c, f in zip(columns, fields, strict=True)
    )
    aside = f"select {stored} from (\n{query}\n) as s({', '.join(columns)})"
    with ctx.writer().staged(aside, []) as rows:
        yield f"select {named} from {rows.relation}"


def _source(ctx: Context, spec: Insert, fields: list[dict[str, Any]], query: str) -> str:
    """The query's rows with the table's columns and types; columns not given are NULL."""
    read = ctx.lease.fields(query)
    given = [str(f["name"]) for f in read]
    fixed = {k.lower(): v for k, v in (spec.partition or {}).items() if v is not None}
    if spec.by_name:
        targets = _by_name(given, fields, spec)
    else:
        free = [str(f["name"]) for f in fields if f["name"].lower() not in fixed]
        targets = require_columns(fields, spec.columns) if spec.columns else free
        _same_count(spec, given, targets)
    aliases = [f"c{i}" for i in range(len(given))]
    kinds = {str(f["name"]).lower(): f["type"] for f in fields}
    by_target = {
        t.lower(): assigned(quote_name(a), f["type"], kinds[t.lower()])
        for t, a, f in zip(targets, aliases, read, strict=True)
    }
    items = ", ".join(
        by_target.get(f["name"].lower(), f"({fixed.get(f['name'].lower(), 'null')})")
        + f" as {quote_name(f['name'])}"
        for f in fields
    )
    source = f"(select {items} from (\n{query}\n) as s({', '.join(aliases)})) as t"
    return casted([f["name"] for f in fields], fields, source)


def _by_name(given: list[str], fields: list[dict[str, Any]], spec: Insert) -> list[str]:
    known = {f["name"].lower() for f in fields}
    extra = [name for name in given if name.lower() not in known]
    if extra:
        raise SqlError(
            "INSERT_COLUMN_ARITY_MISMATCH.TOO_MANY_DATA_COLUMNS",
            f"Cannot write to {quoted(spec.parts)}: it has no column {quoted([extra[0]])}. Add it "
            "with ALTER TABLE ADD COLUMNS, or leave it out of the query.",
            "21S01",
        )
    return given


def _same_count(spec: Insert, given: list[str], targets: list[str]) -> None:
    if len(given) == len(targets):
        return
    many = "TOO_MANY" if len(given) > len(targets) else "NOT_ENOUGH"
    raise SqlError(
        f"INSERT_COLUMN_ARITY_MISMATCH.{many}_DATA_COLUMNS",
        f"Cannot write to {quoted(spec.parts)}: the query gives {len(given)} columns "
        f"({', '.join(given)}) for {len(targets)} ({', '.join(targets)}).",
        "21S01",
    )


def _write(
    ctx: Context, spec: Insert, table: Table, base: Snapshot, source: str, query: str
) -> int:
    writer = ctx.writer()
    ctx.resolver.pinned[table.location] = base.version
    found = _replaced(spec, base)
    if found is None:
        if not spec.overwrite:
            return writer.append(table.location, source)
        return writer.overwrite(table.location, base, source).new
    guard = f"({spec.replace_where})" if spec.replace_where else None
    with numbered(writer, table.location, base) as rows:
        targets = {found.table: rows.relation}
        if found.source is not None:
            targets[found.source] = f"({query})"
        matches = ctx.resolver.rewrite(found.text, targets=targets)
        with matching(writer, rows, base, matches) as matched:
            return writer.overwrite(
                table.location,
                base,
                source,
                survivors=matched.others,
                matched=matched.count,
                guard=guard,
            ).new


@dataclass(frozen=True)
class Replacement:
    """A query for the rows of the table that a statement replaces, and the places at which it
    names the table and, where they decide, the rows of the statement's query."""

    text: str
    table: int
    source: int | None = None


def _replaced(spec: Insert, base: Snapshot) -> Replacement | None:
    """None where the statement replaces no rows, or all."""
    name = ".".join(map(quote_name, spec.parts))
    if spec.matches_rows:
        target, source = spec.alias or spec.parts[-1], spec.source_alias or "s"
        begin = f"select {quote_name(target)}.{ROW} from "
        joined = f"{begin}{name} as {quote_name(target)} left semi join "
        condition = _join_condition(spec, base, target, source)
        text = f"{joined}{SOURCE} as {quote_name(source)} on {condition}"
        return Replacement(text, len(begin), len(joined))
    if spec.replace_where is not None:
        condition = spec.replace_where
    elif spec.overwrite and spec.partition:
        condition = _partition_condition(spec)
    else:
        return None
    begin = f"select {ROW} from "
    return Replacement(f"{begin}{name} as t where ({condition})", len(begin))


def _join_condition(spec: Insert, base: Snapshot, target: str, source: str) -> str:
    if spec.replace_using is None:
        return str(spec.replace_on)
    names = require_columns(base.fields, spec.replace_using)
    return " and ".join(
        f"{quote_name(target)}.{quote_name(n)} = {quote_name(source)}.{quote_name(n)}"
        for n in names
    )


def _partition_condition(spec: Insert) -> str:
    pairs = (spec.partition or {}).items()
    free = [name for name, value in pairs if value is None]
    if free:
        raise unsupported(
            f"dynamic partition overwrite (PARTITION ({', '.join(free)}))",
            "Use INSERT INTO ... REPLACE USING (columns) or REPLACE ON.",
        )
    return " and ".join(f"{quote_name(name)} <=> {value}" for name, value in pairs)
