"""MERGE: every clause is made explicit, then the engine runs it on a copy of the table.

`*` is written out, and every value is cast to its column's type, so that what fits is decided here
(as Databricks' store assignment does) and not by what the engine happens to coerce.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from f1mesh.warehouse.errors import SqlError, quoted
from f1mesh.warehouse.results import Result, affected
from f1mesh.warehouse.sql.literals import quote_name
from f1mesh.warehouse.sql.tokens import Cursor
from f1mesh.warehouse.sql.types import nullable, sql_type
from f1mesh.warehouse.statements.clauses import find_field
from f1mesh.warehouse.statements.context import Context
from f1mesh.warehouse.statements.dml import Assignments, read_assignments
from f1mesh.warehouse.storage.fields import with_fields
from f1mesh.warehouse.storage.log import Snapshot
from f1mesh.warehouse.storage.writing import Merged

Fields = list[dict[str, Any]]


@dataclass
class Clause:
    """`WHEN ... [AND condition] THEN action`; assignments of None mean `*`."""

    kind: str
    condition: str | None
    action: str
    assignments: Assignments | None = None


@dataclass
class Merge:
    """A MERGE statement as read."""

    parts: list[str]
    evolve: bool = False
    alias: str = ""
    source: str = ""
    source_alias: str = ""
    condition: str = ""
    unaliased: list[list[str]] = field(default_factory=list)  # tables without an alias of their own
    clauses: list[Clause] = field(default_factory=list)


def merge(ctx: Context, cursor: Cursor) -> Result:
    """MERGE [WITH SCHEMA EVOLUTION] INTO name USING source ON condition WHEN ..."""
    spec = _read_merge(cursor)
    with ctx.warehouse.locks.writing(ctx.name(spec.parts)):
        entry, table = ctx.table(spec.parts)
        base = ctx.snapshot(table)
        ctx.resolver.pinned[table.location] = base.version
        merged = _run(ctx, spec, table.location, base)
        if merged.changed:
            ctx.warehouse.catalog.touch(entry)
    return affected(
        merged.changed,
        num_updated_rows=merged.updated,
        num_deleted_rows=merged.deleted,
        num_inserted_rows=merged.inserted,
    )


def _read_merge(cursor: Cursor) -> Merge:
    cursor.expect("MERGE")
    evolve = cursor.accept("WITH", "SCHEMA", "EVOLUTION")
    cursor.expect("INTO")
    spec = Merge(cursor.name(), evolve)
    spec.alias = spec.parts[-1]
    if not cursor.sees("USING"):
        cursor.accept("AS")
        spec.alias = cursor.identifier()
    else:
        spec.unaliased.append(spec.parts)
    cursor.expect("USING")
    _read_source(cursor, spec)
    spec.condition = cursor.until("WHEN")
    while not cursor.done:
        spec.clauses.append(_read_clause(cursor, spec.alias))
    if not spec.clauses:
        raise cursor.error("WHEN")
    return spec


def _read_source(cursor: Cursor, spec: Merge) -> None:
    begin = cursor.start
    name: list[str] = []
    if cursor.sees("("):
        cursor.parens()
        spec.source_alias = "__source"
    else:
        name = cursor.name()
        spec.source_alias = name[-1]
        if cursor.accept("VERSION", "AS", "OF") or cursor.accept("TIMESTAMP", "AS", "OF"):
            cursor.at += 1
    if not cursor.sees("ON"):
        cursor.accept("AS")
        spec.source_alias = cursor.identifier()
        if cursor.sees("("):
            cursor.names()
    elif name:
        spec.unaliased.append(name)
    spec.source = cursor.text[begin : cursor.start]
    cursor.expect("ON")


def _read_clause(cursor: Cursor, alias: str) -> Clause:
    cursor.expect("WHEN")
    kind = "matched"
    if cursor.accept("NOT"):
        cursor.expect("MATCHED")
        kind = "not matched"
        if cursor.accept("BY"):
            kind += " by source" if cursor.one_of("SOURCE", "TARGET") == "SOURCE" else ""
    else:
        cursor.expect("MATCHED")
    condition = cursor.until("THEN") if cursor.accept("AND") else None
    cursor.expect("THEN")
    action = cursor.one_of("UPDATE", "DELETE", "INSERT")
    if (action == "INSERT") != (kind == "not matched"):
        raise cursor.error(f"another action for WHEN {kind.upper()}")
    clause = Clause(kind, condition, action, [])
    if action == "UPDATE":
        cursor.expect("SET")
        clause.assignments = None if cursor.accept("*") else read_assignments(cursor, alias, "WHEN")
    elif action == "INSERT":
        clause.assignments = None if cursor.accept("*") else _read_values(cursor)
    return clause


def _read_values(cursor: Cursor) -> Assignments:
    cursor.expect("(")
    names = [cursor.name()[-1]]
    while cursor.accept(","):
        names.append(cursor.name()[-1])
    cursor.expect(")")
    cursor.expect("VALUES")
    cursor.expect("(")
    values = [cursor.until(",", ")")]
    while cursor.accept(","):
        values.append(cursor.until(",", ")"))
    cursor.expect(")")
    if len(names) != len(values):
        raise SqlError(
            "MERGE_INSERT_VALUE_COUNT_MISMATCH",
            f"INSERT names {len(names)} columns and gives {len(values)} values.",
            "21S01",
        )
    return list(zip(names, values, strict=True))


def _run(ctx: Context, spec: Merge, location: str, base: Snapshot) -> Merged:
    source = f"select * from {spec.source}"
    given = ctx.lease.fields(ctx.resolver.rewrite(source))
    fields = _evolved(spec, base.fields, given) if spec.evolve else base.fields
    clauses = [_clause_text(spec, c, fields, [str(f["name"]) for f in given]) for c in spec.clauses]
    target = ".".join(map(quote_name, spec.parts))
    head = f"merge into {target} as {quote_name(spec.alias)} using ("
    text = f"{head}{source}) as {quote_name(spec.source_alias)}\non {spec.condition}\n" + "\n".join(
        clauses
    )
    at = len("merge into ")

    def statement(relation: str) -> str:
        unaliased = [ctx.name(parts) for parts in spec.unaliased]
        return ctx.resolver.rewrite(text, targets={at: relation}, unaliased=unaliased)

    metadata = with_fields(base.metadata, fields) if spec.evolve else dict(base.metadata)
    writer = ctx.writer()
    actions = {clause.action for clause in spec.clauses}
    return writer.run_aside(location, base, metadata, statement, actions)


def _evolved(spec: Merge, fields: Fields, given: Fields) -> Fields:
    """The table's columns and those new ones of the source that a clause writes."""
    known = {f["name"].lower() for f in fields}
    everything = any(c.assignments is None for c in spec.clauses)
    written = {n.lower() for c in spec.clauses for n, _ in c.assignments or []}
    fresh = [
        {**f, "type": nullable(f["type"]), "nullable": True, "metadata": {}}
        for f in given
        if f["name"].lower() not in known and (everything or f["name"].lower() in written)
    ]
    return [*fields, *fresh]


def _clause_text(spec: Merge, clause: Clause, fields: Fields, given: Sequence[str]) -> str:
    condition = f" and ({clause.condition})" if clause.condition else ""
    when = f"when {clause.kind}{condition} then "
    if clause.action == "DELETE":
        return when + "delete"
    assignments = clause.assignments
    if assignments is None:
        assignments = _star(spec, fields, given)
    pairs = [_assignment(name, value, fields) for name, value in assignments]
    if clause.action == "UPDATE":
        return when + "update set " + ", ".join(f"{n} = {v}" for n, v in pairs)
    names = ", ".join(n for n, _ in pairs)
    return when + f"insert ({names}) values ({', '.join(v for _, v in pairs)})"


def _assignment(name: str, value: str, fields: Fields) -> tuple[str, str]:
    found = find_field(fields, name)
    return quote_name(found["name"]), f"cast(({value}) as {sql_type(found['type'])})"


def _star(spec: Merge, fields: Fields, given: Sequence[str]) -> Assignments:
    """What `*` means: every column of the table, from the source's column of that name. With
    schema evolution a column that the source lacks is left alone (or NULL)."""
    by_name = {g.lower(): g for g in given}
    missing = [f["name"] for f in fields if f["name"].lower() not in by_name]
    if missing and not spec.evolve:
        raise SqlError(
            "DELTA_MERGE_UNRESOLVED_EXPRESSION",
            f"Cannot resolve {quoted([missing[0]])} in the source of MERGE, which `*` needs. "
            f"The source has: {', '.join(given)}.",
            "42601",
        )
    alias = quote_name(spec.source_alias)
    return [
        (f["name"], f"{alias}.{quote_name(by_name[f['name'].lower()])}")
        for f in fields
        if f["name"].lower() in by_name
    ]
