"""UPDATE, DELETE, MERGE and TRUNCATE."""

from __future__ import annotations

from f1mesh.warehouse.catalog.entries import Table
from f1mesh.warehouse.resolution import delta_path
from f1mesh.warehouse.results import Result, affected
from f1mesh.warehouse.sql.tokens import Cursor
from f1mesh.warehouse.statements.context import Context
from f1mesh.warehouse.storage.commit import commit_info, removals
from f1mesh.warehouse.storage.log import Snapshot, read_commit
from f1mesh.warehouse.storage.writing import publish_or_raise, refuse_append_only


def update(ctx: Context, cursor: Cursor) -> Result:
    """UPDATE name [alias] SET ... [WHERE ...]."""
    cursor.expect("UPDATE")
    metrics = _run(ctx, cursor)
    return affected(_count(metrics, "numUpdatedRows"))


def delete(ctx: Context, cursor: Cursor) -> Result:
    """DELETE FROM name [alias] [WHERE ...]."""
    cursor.expect("DELETE", "FROM")
    at = cursor.at
    parts = cursor.name()
    if cursor.done:
        return _clear(ctx, parts, "DELETE")
    cursor.at = at
    metrics = _run(ctx, cursor)
    return affected(_count(metrics, "numDeletedRows"))


def truncate(ctx: Context, cursor: Cursor) -> Result:
    """TRUNCATE TABLE name."""
    cursor.expect("TRUNCATE", "TABLE")
    parts = cursor.name()
    cursor.finish()
    return _clear(ctx, parts, "TRUNCATE")


def merge(ctx: Context, cursor: Cursor) -> Result:
    """MERGE INTO name [alias] USING source ON ... WHEN ... THEN ..."""
    cursor.expect("MERGE", "INTO")
    metrics = _run(ctx, cursor)
    updated = _count(metrics, "numTargetRowsUpdated")
    deleted = _count(metrics, "numTargetRowsDeleted")
    inserted = _count(metrics, "numTargetRowsInserted")
    return affected(
        updated + deleted + inserted,
        num_updated_rows=updated,
        num_deleted_rows=deleted,
        num_inserted_rows=inserted,
    )


def _run(ctx: Context, cursor: Cursor) -> dict[str, str]:
    """Run the statement in the engine on the target's path; the metrics of its commit."""
    start = cursor.start
    parts = cursor.name()
    with ctx.warehouse.locks.writing(ctx.name(parts)):
        entry, table = ctx.table(parts)
        base = ctx.snapshot(table)
        refuse_append_only(base)
        ctx.resolver.pinned[table.location] = base.version
        ctx.lease.query(ctx.resolver.rewrite(cursor.text, targets={start: delta_path(table.location)}))
        after = ctx.warehouse.logs.latest(table.location)
        if after.version == base.version:
            return {}
        ctx.warehouse.catalog.touch(entry)
        return _metrics(table, after)


def _metrics(table: Table, after: Snapshot) -> dict[str, str]:
    for action in read_commit(table.location, after.version):
        if "commitInfo" in action:
            return dict(action["commitInfo"].get("operationMetrics") or {})
    return {}


def _count(metrics: dict[str, str], key: str) -> int:
    return int(metrics.get(key, 0))


def _clear(ctx: Context, parts: list[str], operation: str) -> Result:
    """Remove all rows: no data is read for it."""
    with ctx.warehouse.locks.writing(ctx.name(parts)):
        entry, table = ctx.table(parts)
        base = ctx.snapshot(table)
        refuse_append_only(base)
        rows = _rows(ctx, base, table)
        if base.files:
            info = commit_info(operation, {"predicate": "[]"}, {"numDeletedRows": rows})
            actions = [info, *removals(base.files.values())]
            publish_or_raise(table.location, base.version + 1, actions)
            ctx.warehouse.catalog.touch(entry)
    return affected(rows)


def _rows(ctx: Context, base: Snapshot, table: Table) -> int:
    path = ctx.resolver.table_path(table)
    return int(ctx.lease.query(f"select count(*) as n from {path}").to_pylist()[0]["n"])


