"""OPTIMIZE, VACUUM and RESTORE."""

from __future__ import annotations

import json
from typing import Any

from f1mesh.warehouse.catalog.entries import Table
from f1mesh.warehouse.errors import SqlError, unsupported
from f1mesh.warehouse.results import Result, rows_result
from f1mesh.warehouse.sql.tokens import Cursor
from f1mesh.warehouse.statements.clauses import require_columns
from f1mesh.warehouse.statements.context import Context

RETENTION_HOURS = 168


def optimize(ctx: Context, cursor: Cursor) -> Result:
    """OPTIMIZE name [WHERE ...] [ZORDER BY (columns)]."""
    cursor.expect("OPTIMIZE")
    parts = cursor.name()
    cursor.accept("FULL")
    if cursor.sees("WHERE"):
        raise unsupported("OPTIMIZE ... WHERE", "Optimize the whole table.")
    names = []
    if cursor.accept("ZORDER", "BY"):
        names = cursor.names() if cursor.sees("(") else [cursor.identifier()]
    cursor.finish()
    with ctx.warehouse.locks.writing(ctx.name(parts)):
        _, table = ctx.table(parts)
        columns = require_columns(ctx.snapshot(table).fields, names)
        delta = _delta(table)
        metrics: dict[str, Any] = (
            delta.optimize.z_order(columns) if columns else delta.optimize.compact()
        )
    return rows_result(["path", "metrics"], [(table.location, json.dumps(metrics, default=str))])


def vacuum(ctx: Context, cursor: Cursor) -> Result:
    """VACUUM name [RETAIN n HOURS] [DRY RUN]."""
    cursor.expect("VACUUM")
    parts = cursor.name()
    if not cursor.accept("FULL"):
        cursor.accept("LITE")
    hours = RETENTION_HOURS
    if cursor.accept("RETAIN"):
        hours = int(cursor.number())
        cursor.expect("HOURS")
    dry = cursor.accept("DRY", "RUN")
    cursor.finish()
    if hours < RETENTION_HOURS:
        raise SqlError(
            "DELTA_VACUUM_RETENTION_PERIOD_TOO_SHORT",
            f"Cannot retain only {hours} hours: published versions and running queries may need "
            f"older files. Use at least {RETENTION_HOURS}.",
            "22003",
        )
    with ctx.warehouse.locks.writing(ctx.name(parts)):
        _, table = ctx.table(parts)
        gone = _delta(table).vacuum(hours, dry_run=dry)
    return rows_result(["path"], [(path,) for path in gone] if dry else [(table.location,)])


def restore(ctx: Context, cursor: Cursor) -> Result:
    """RESTORE [TABLE] name TO VERSION AS OF n | TIMESTAMP AS OF '...'."""
    cursor.expect("RESTORE")
    cursor.accept("TABLE")
    parts = cursor.name()
    cursor.expect("TO")
    kind = cursor.one_of("VERSION", "TIMESTAMP")
    cursor.expect("AS", "OF")
    operand = cursor.rest()
    with ctx.warehouse.locks.writing(ctx.name(parts)):
        entry, table = ctx.table(parts)
        version = ctx.resolver.version(table, kind, operand)
        metrics = _delta(table).restore(version)
        ctx.warehouse.catalog.touch(entry)
    names = [
        "table_size_after_restore", "num_of_files_after_restore", "num_removed_files",
        "num_restored_files",
    ]  # fmt: skip
    snapshot = ctx.snapshot(table)
    size = sum(int(f["size"]) for f in snapshot.files.values())
    row = [
        size, len(snapshot.files), int(metrics.get("numRemovedFile", 0)),
        int(metrics.get("numRestoredFile", 0)),
    ]  # fmt: skip
    return rows_result(names, [row], ["bigint"] * 4)


def _delta(table: Table) -> Any:
    from deltalake import DeltaTable

    return DeltaTable(table.location)
