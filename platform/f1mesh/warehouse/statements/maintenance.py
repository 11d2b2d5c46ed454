"""OPTIMIZE, VACUUM and RESTORE."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from f1mesh.plain_path import plain_path
from f1mesh.warehouse.catalog.entries import Name, Table, View
from f1mesh.warehouse.errors import SqlError, unsupported
from f1mesh.warehouse.results import Result, rows_result
from f1mesh.warehouse.sql.names import full_name
from f1mesh.warehouse.sql.references import parse_query
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
        with _delta(table) as (delta, hooks):
            optimizer = delta.optimize
            metrics = (
                optimizer.z_order(columns, post_commithook_properties=hooks)
                if columns
                else optimizer.compact(post_commithook_properties=hooks)
            )
    return rows_result(["path", "metrics"], [(table.location, json.dumps(metrics, default=str))])


def vacuum(ctx: Context, cursor: Cursor) -> Result:
    """VACUUM name [RETAIN n HOURS] [DRY RUN]."""
    cursor.expect("VACUUM")
    parts = cursor.name()
    lite = cursor.accept("LITE")
    cursor.accept("FULL")
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
        entry, table = ctx.table(parts)
        keep = _pinned_by_views(ctx, entry.name, table)
        with _delta(table) as (delta, hooks):
            gone = delta.vacuum(
                hours,
                dry_run=dry,
                full=not lite,
                keep_versions=keep,
                post_commithook_properties=hooks,
            )
    return rows_result(["path"], [(path,) for path in gone] if dry else [(table.location,)])


def _pinned_by_views(ctx: Context, name: Name, table: Table) -> list[int]:
    """Versions of a table that stored views read: their files stay, however old they are."""
    latest = ctx.snapshot(table).version
    found = set()
    for entry in ctx.warehouse.catalog.entries():
        if not isinstance(entry.what, View):
            continue
        for reference in parse_query(entry.what.text).references:
            travel = reference.travel
            if travel and full_name(reference.parts, entry.what.namespace) == name:
                found.add(ctx.resolver.version(table, travel.kind, travel.operand))
    return sorted(v for v in found if v <= latest)


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
        with _delta(table) as (delta, hooks):
            metrics = delta.restore(version, post_commithook_properties=hooks)
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


@contextmanager
def _delta(table: Table) -> Iterator[tuple[Any, Any]]:
    """A table as delta-rs has it, and properties that keep it from cleaning up the log, which
    pinned versions need. Its errors become SqlError."""
    from deltalake import DeltaTable, PostCommitHookProperties
    from deltalake.exceptions import DeltaError

    hooks = PostCommitHookProperties(create_checkpoint=False, cleanup_expired_logs=False)
    try:
        yield DeltaTable(plain_path(table.location)), hooks
    except DeltaError as error:
        raise SqlError("DELTA_OPERATION_FAILED", f"{error}", "XX000") from error
