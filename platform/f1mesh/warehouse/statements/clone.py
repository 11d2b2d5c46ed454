"""CREATE TABLE ... CLONE: a new table over the same data files.

The files are linked, not copied, and both tables own them: a shallow clone here does not break when
its source is vacuumed or dropped, and a deep one costs nothing.
"""

from __future__ import annotations

import uuid
from pathlib import Path

from f1mesh.warehouse.catalog.entries import Name, Table
from f1mesh.warehouse.errors import schema_not_found, table_exists, unsupported
from f1mesh.warehouse.results import Result, rows_result
from f1mesh.warehouse.sql.tokens import Cursor
from f1mesh.warehouse.statements.context import Context
from f1mesh.warehouse.storage.commit import (
    commit_info,
    metadata_actions,
    needed_protocol,
    publish_or_raise,
    removals,
)
from f1mesh.warehouse.storage.log import Snapshot
from f1mesh.warehouse.storage.scratch import link_files


def is_clone(cursor: Cursor) -> bool:
    """Whether a CREATE TABLE statement, from its name on, is a clone."""
    return cursor.sees("SHALLOW", "CLONE") or cursor.sees("DEEP", "CLONE") or cursor.sees("CLONE")


def clone(
    ctx: Context, parts: list[str], cursor: Cursor, *, replace: bool, if_not_exists: bool
) -> Result:
    """... [SHALLOW | DEEP] CLONE source [VERSION | TIMESTAMP AS OF x]."""
    if not cursor.accept("SHALLOW"):
        cursor.accept("DEEP")
    cursor.expect("CLONE")
    source = cursor.name()
    travel = None
    if cursor.sees("VERSION") or cursor.sees("TIMESTAMP"):
        kind = cursor.one_of("VERSION", "TIMESTAMP")
        cursor.expect("AS", "OF")
        travel = (kind, cursor.until("TBLPROPERTIES", "LOCATION"))
    if not cursor.done:
        raise unsupported(f"CLONE ... {cursor.word()}", "Use ALTER TABLE afterwards.")
    name = ctx.name(parts)
    with ctx.warehouse.locks.writing(name):
        entry = ctx.warehouse.catalog.find(name)
        if entry is not None and not replace:
            if if_not_exists:
                return _result(0, 0)
            raise table_exists(name)
        if not ctx.warehouse.catalog.has_schema(ctx.schema([name.catalog, name.schema])):
            raise schema_not_found([name.catalog, name.schema])
        _, origin = ctx.table(source)
        logs = ctx.warehouse.logs
        version = ctx.resolver.version(origin, *travel) if travel else None
        snapshot = (
            logs.latest(origin.location) if version is None else logs.at(origin.location, version)
        )
        return _clone(ctx, name, origin, snapshot)


def _clone(ctx: Context, name: Name, origin: Table, snapshot: Snapshot) -> Result:
    catalog = ctx.warehouse.catalog
    entry = catalog.find(name)
    old = entry.what if entry is not None and isinstance(entry.what, Table) else None
    base = ctx.warehouse.logs.latest(old.location) if old else None
    location = old.location if old else ctx.warehouse.new_location()
    files = list(snapshot.files.values())
    Path(location).mkdir(parents=True, exist_ok=True)
    link_files(Path(origin.location), Path(location), files)
    ident = base.metadata["id"] if base else str(uuid.uuid4())
    metadata = {**snapshot.metadata, "id": ident}
    actions = [commit_info("CLONE", {"sourceVersion": str(snapshot.version)}, {})]
    if base is None:
        actions.append({"protocol": needed_protocol(metadata, snapshot.protocol)})
        actions.append({"metaData": metadata})
    else:
        actions += metadata_actions(base, metadata)
        actions += removals(f for path, f in base.files.items() if path not in snapshot.files)
    actions += [{"add": dict(add)} for add in files]
    publish_or_raise(location, base.version + 1 if base else 0, actions)
    catalog.put(name, Table(location, old.managed if old else True), replaces=entry)
    return _result(sum(int(f["size"]) for f in files), len(files))


def _result(size: int, count: int) -> Result:
    names = ["source_table_size", "source_num_of_files"]
    return rows_result(names, [[size, count]], ["bigint", "bigint"])
