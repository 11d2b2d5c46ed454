"""`./f1 sync`: run a domain's syncs, see their state."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from f1mesh.cli.options import AsJson, DomainName, FullRefresh
from f1mesh.cli.output import command, emit_json, note, print_table
from f1mesh.errors import PermanentError

if TYPE_CHECKING:
    from f1mesh.ingestion.run import SyncResult
    from f1mesh.ingestion.sync import Sync
    from f1mesh.registry import Domain

app = typer.Typer(no_args_is_help=True)


@app.command()
@command
def run(
    domain: DomainName,
    sync: Annotated[str | None, typer.Argument(help="One sync of it; all without.")] = None,
    full_refresh: FullRefresh = False,
    as_json: AsJson = False,
) -> None:
    """Move what is new at a domain's sources into its raw tables."""
    from f1mesh.client import find_target
    from f1mesh.ingestion.run import run_sync
    from f1mesh.registry import load_mesh
    from f1mesh.workspace import Workspace

    workspace = Workspace.locate()
    target = find_target(workspace)
    owner = load_mesh(workspace.root).domain(domain)
    results = [
        run_sync(one, owner, workspace, target, full_refresh=full_refresh, progress=note)
        for one in _syncs(owner, sync)
    ]
    if as_json:
        emit_json([asdict(result) for result in results])
    else:
        for result in results:
            _show(result)


@app.command()
@command
def status(
    domain: Annotated[str | None, typer.Argument(help="One domain; all without.")] = None,
    as_json: AsJson = False,
) -> None:
    """What was landed last, stream by stream: when, how much, up to where."""
    from f1mesh.client import find_target
    from f1mesh.ingestion.run import sync_status
    from f1mesh.registry import load_mesh
    from f1mesh.workspace import Workspace

    workspace = Workspace.locate()
    target = find_target(workspace)
    mesh = load_mesh(workspace.root)
    owners = [mesh.domain(domain)] if domain else list(mesh.domains.values())
    found = [
        status
        for owner in owners
        for sync in _syncs(owner)
        for status in sync_status(sync, owner, target)
    ]
    if as_json:
        emit_json([asdict(status) for status in found])
        return
    print_table(
        "Streams",
        ["raw table", "sync", "last sync (UTC)", "rows", "up to", "generation", "version"],
        (
            [
                s.table.partition(".")[2],
                s.sync,
                _moment(s.last_sync_at),
                s.rows,
                _moment(s.cursor),
                s.generation_id,
                s.version,
            ]
            for s in found
        ),
    )


def _syncs(domain: Domain, name: str | None = None) -> list[Sync]:
    """The domain's syncs, or the one of that name; raises PermanentError if there is none."""
    from f1mesh.ingestion.sync import load_sync

    syncs = [load_sync(file) for file in domain.sync_files]
    if name is None:
        return syncs
    chosen = [sync for sync in syncs if sync.name == name]
    if not chosen:
        known = ", ".join(sync.name for sync in syncs) or "none"
        raise PermanentError(f"{domain.name} has no sync '{name}'. Its syncs: {known}.")
    return chosen


def _show(result: SyncResult) -> None:
    print_table(
        f"{result.domain}/{result.sync}, {result.seconds:.1f} s",
        ["stream", "mode", "read", "written", "deleted", "up to", "generation", "seconds"],
        (
            [
                stream.stream,
                stream.mode,
                stream.records_read,
                stream.records_written,
                stream.deleted,
                _moment(stream.cursor_after),
                stream.generation_id,
                round(stream.seconds, 2),
            ]
            for stream in result.streams
        ),
    )
    for stream in result.streams:
        for drift in stream.drift:
            column = f".{drift.column}" if drift.column else ""
            note(f"{stream.stream}{column}: {drift.kind.replace('_', ' ')}: {drift.detail}")


def _moment(value: Any) -> str | None:
    """A moment to the second, in UTC; whatever else a cursor may be, as text."""
    from datetime import UTC, datetime

    try:
        return datetime.fromisoformat(value).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (TypeError, ValueError):
        return None if value is None else str(value)
