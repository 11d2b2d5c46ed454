"""SELECT and its like: rewritten, then the engine's."""

from __future__ import annotations

from f1mesh.warehouse.results import Result
from f1mesh.warehouse.sql.tokens import Cursor
from f1mesh.warehouse.statements.context import Context


def query(ctx: Context, cursor: Cursor) -> Result:
    """SELECT, WITH, VALUES, FROM and queries in parentheses."""
    cursor.at = 0
    return run(ctx, cursor.rest())


def table(ctx: Context, cursor: Cursor) -> Result:
    """TABLE name."""
    cursor.expect("TABLE")
    return run(ctx, f"select * from {cursor.rest()}")


def explain(ctx: Context, cursor: Cursor) -> Result:
    """EXPLAIN [EXTENDED | FORMATTED | ...] query."""
    cursor.expect("EXPLAIN")
    mode = next((w for w in ("EXTENDED", "FORMATTED", "CODEGEN", "COST") if cursor.accept(w)), "")
    found = ctx.lease.query(f"explain {mode} {ctx.resolver.rewrite(cursor.rest())}")
    return Result(found.schema, iter(found.to_batches()))


def run(ctx: Context, text: str) -> Result:
    """The rows of a query."""
    schema, batches = ctx.lease.batches(ctx.resolver.rewrite(text))
    return Result(schema, batches)
