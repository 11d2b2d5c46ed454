"""UPDATE, DELETE and TRUNCATE: the rows that stay and the rows that change, in one commit."""

from __future__ import annotations

from dataclasses import dataclass, field

from f1mesh.warehouse.errors import unsupported
from f1mesh.warehouse.results import Result, affected
from f1mesh.warehouse.sql.literals import quote_name
from f1mesh.warehouse.sql.tokens import Cursor
from f1mesh.warehouse.sql.types import sql_type
from f1mesh.warehouse.statements.clauses import find_field
from f1mesh.warehouse.statements.context import Context
from f1mesh.warehouse.storage.log import Snapshot
from f1mesh.warehouse.storage.matching import ROW, matching, numbered
from f1mesh.warehouse.storage.writing import Replaced

Assignments = list[tuple[str, str]]


@dataclass
class Change:
    """An UPDATE or DELETE as read. A condition of None means every row."""

    parts: list[str]
    alias: str | None = None
    assignments: Assignments = field(default_factory=list)
    condition: str | None = None

    def select(self, items: str) -> tuple[str, int]:
        """A query for the rows that the statement means, under the names that it uses, and the
        place at which the table is named."""
        alias = f" as {quote_name(self.alias)}" if self.alias else ""
        where = f" where {self.condition}" if self.condition else ""
        begin = f"select {items} from "
        return f"{begin}{'.'.join(map(quote_name, self.parts))}{alias}{where}", len(begin)


def update(ctx: Context, cursor: Cursor) -> Result:
    """UPDATE name [alias] SET column = value, ... [WHERE condition]."""
    cursor.expect("UPDATE")
    change = Change(cursor.name(), _alias(cursor, "SET"))
    cursor.expect("SET")
    change.assignments = read_assignments(cursor, change.alias or change.parts[-1], "WHERE")
    change.condition = _condition(cursor)
    return affected(_run(ctx, change, "UPDATE").new)


def delete(ctx: Context, cursor: Cursor) -> Result:
    """DELETE FROM name [alias] [WHERE condition]."""
    cursor.expect("DELETE", "FROM")
    change = Change(cursor.name(), _alias(cursor, "WHERE"))
    change.condition = _condition(cursor)
    return affected(_run(ctx, change, "DELETE").removed)


def truncate(ctx: Context, cursor: Cursor) -> Result:
    """TRUNCATE TABLE name."""
    cursor.expect("TRUNCATE", "TABLE")
    change = Change(cursor.name())
    if cursor.sees("PARTITION"):
        raise unsupported("TRUNCATE TABLE ... PARTITION", "Use DELETE ... WHERE.")
    cursor.finish()
    return affected(_run(ctx, change, "TRUNCATE").removed)


def _alias(cursor: Cursor, before: str) -> str | None:
    if cursor.accept("AS"):
        return cursor.identifier()
    return None if cursor.done or cursor.sees(before) else cursor.identifier()


def _condition(cursor: Cursor) -> str | None:
    if cursor.done:
        return None
    cursor.expect("WHERE")
    return f"({cursor.rest()})"


def read_assignments(cursor: Cursor, alias: str, end: str) -> Assignments:
    """Read `column = value, ...` up to the word `end`; columns may be qualified by `alias`."""
    found = []
    while True:
        name = _target(cursor, alias)
        cursor.expect("=")
        value = cursor.until(",", end)
        if not value:
            raise cursor.error("a value")
        if value.upper() == "DEFAULT":
            raise unsupported("DEFAULT as a value", "Columns have no defaults here: write NULL.")
        found.append((name, value))
        if not cursor.accept(","):
            return found


def _target(cursor: Cursor, alias: str) -> str:
    """A column to write, without its table. Raises for fields of structs."""
    name = cursor.name()
    if len(name) > 1 and name[-2].lower() != alias.lower():
        raise unsupported(
            f"writing the field {'.'.join(name)} of a struct", "Write the whole column."
        )
    return name[-1]


def _run(ctx: Context, change: Change, operation: str) -> Replaced:
    with ctx.warehouse.locks.writing(ctx.name(change.parts)):
        entry, table = ctx.table(change.parts)
        base = ctx.snapshot(table)
        ctx.resolver.pinned[table.location] = base.version
        done = _write(ctx, change, table.location, base, operation)
        if done.new or done.removed:
            ctx.warehouse.catalog.touch(entry)
        return done


def _write(ctx: Context, change: Change, location: str, base: Snapshot, operation: str) -> Replaced:
    """The rows that the condition is true for, changed or gone; all others as they are."""
    writer = ctx.writer()
    values = _values(change, base)
    names = [str(f["name"]) for f in base.fields]
    if change.condition is None and not values:
        return writer.overwrite(location, base, None, operation=operation)
    items = ", ".join([*values, ROW]) if values else ROW
    text, place = change.select(items)
    with numbered(writer, location, base) as rows:
        query = ctx.resolver.rewrite(text, targets={place: rows.relation})
        with matching(writer, rows, base, query) as matched:
            return writer.overwrite(
                location,
                base,
                matched.columns(names) if values else None,
                survivors=matched.others,
                matched=matched.count,
                operation=operation,
            )


def _values(change: Change, base: Snapshot) -> list[str]:
    """All columns as an UPDATE writes them; none for DELETE."""
    given: dict[str, str] = {}
    for name, value in change.assignments:
        spelled = str(find_field(base.fields, name)["name"])
        if spelled in given:
            raise unsupported(f"setting {quote_name(spelled)} twice", "Set it once.")
        given[spelled] = value
    if not given:
        return []
    return [
        f"cast(({given[f['name']]}) as {sql_type(f['type'])}) as {quote_name(f['name'])}"
        if f["name"] in given
        else quote_name(f["name"])
        for f in base.fields
    ]
