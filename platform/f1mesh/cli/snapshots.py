"""`./f1 snapshots`: the versions that history is made of, and how a bad one ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from f1mesh.cli.options import AsJson, DomainName
from f1mesh.cli.output import command, emit_json, note, print_records
from f1mesh.errors import PermanentError
from f1mesh.workspace import Workspace

if TYPE_CHECKING:
    from databricks.sql.client import Connection

    from f1mesh.transformation.snapshots import Snapshot

app = typer.Typer(no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The snapshot, e.g. snap_customer.")]
Key = Annotated[str, typer.Argument(help="The key whose versions are meant, e.g. a customer_id.")]


@app.command()
@command
def show(
    domain: DomainName,
    snapshot: Name,
    key: Key,
    as_json: AsJson = False,
) -> None:
    """The versions of one key, oldest first."""
    with _opened(domain, snapshot) as (connection, found):
        versions = found.versions(connection, key)
    if as_json:
        emit_json(versions)
    else:
        print_records(f"{snapshot}: versions of {key}", versions)


@app.command()
@command
def drop(
    domain: DomainName,
    snapshot: Name,
    key: Key,
    valid_from: Annotated[
        str, typer.Option("--valid-from", help="When the version began, as `show` tells it.")
    ],
) -> None:
    """End a bad version for good: the one before it lasts until the next one begins, or is current
    again. Products follow with the next `./f1 run --full-refresh`."""
    from f1mesh.orchestration.session import sole_run

    try:
        begun = datetime.fromisoformat(valid_from)
    except ValueError as error:
        raise PermanentError(f"'{valid_from}' is no time, such as 2026-03-02T15:00:00.") from error
    with (
        sole_run(Workspace.locate()),
        _opened(domain, snapshot) as (connection, found),
    ):
        gone = found.drop(connection, key, begun)
    note(f"dropped from {snapshot}: {found.key} '{key}', {begun.isoformat()}")
    said = (f"{name} = {value}" for name, value in gone.items() if not name.startswith("dbt_"))
    note(f"it said: {', '.join(said)}")
    note("Run `./f1 run --full-refresh`: it builds and publishes what follows from it.")


@contextmanager
def _opened(domain: str, name: str) -> Iterator[tuple[Connection, Snapshot]]:
    from f1mesh.client import connect
    from f1mesh.orchestration.session import warehouse
    from f1mesh.registry import load_mesh
    from f1mesh.transformation import DbtProject
    from f1mesh.transformation.snapshots import Snapshot

    workspace = Workspace.locate()
    owner = load_mesh(workspace.root).domain(domain)
    with warehouse(workspace) as target, connect(target) as connection:
        project = DbtProject.of(owner, workspace, target)
        yield connection, Snapshot.of(project.manifest(), name)
