"""`./f1 source`: the dataset's source systems, whichever the mesh declares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from f1mesh.cli.declared import LoadingCommand, declared_options
from f1mesh.cli.options import AsJson, SourceName
from f1mesh.cli.output import command, emit_json, note, print_line, print_records, print_table
from f1mesh.workspace import Workspace

if TYPE_CHECKING:
    from f1mesh.sources.system import SourceSystem

app = typer.Typer(no_args_is_help=True)


@app.command()
@command
def start(as_json: AsJson = False) -> None:
    """Start the source systems, and leave them running."""
    workspace = Workspace.locate()
    for system in _systems(workspace):
        system.start(workspace)
    _tell(workspace, as_json)


@app.command()
@command
def stop() -> None:
    """Stop the source systems, what works with another one first; refused while a run or Airflow
    needs them."""
    from f1mesh.cli.state import unneeded

    workspace = Workspace.locate()
    with unneeded(workspace, "The source"):
        stopped = [s.connection for s in reversed(_systems(workspace)) if s.stop(workspace)]
    note(f"stopped: {', '.join(stopped) or 'nothing ran'}")


@app.command()
@command
def status(as_json: AsJson = False) -> None:
    """What runs, and what it holds."""
    _tell(Workspace.locate(), as_json)


@app.command()
@command
def url(
    source: Annotated[str | None, typer.Argument(help=SourceName)] = None,
) -> None:
    """Print the address of a source (a database's contains its password)."""
    workspace = Workspace.locate()
    print_line(_chosen(workspace, source).url(workspace))


@app.command(cls=LoadingCommand)
@command
def load(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Load an input into its dataset's source systems (started if need be, left as they were)."""
    from f1mesh.sources.loading import choose_input

    chosen = choose_input(declared_options(ctx), Workspace.locate())
    chosen.workspace.activate()
    for line in chosen.descriptions:
        note(line)
    reports = chosen.load_alone(note)
    if as_json:
        documents = [report.document() for report in reports]
        emit_json(documents[0] if len(documents) == 1 else documents)
    else:
        for report in reports:
            print_line(str(report))


@app.command()
@command
def sql(
    statement: Annotated[str, typer.Argument(help="One or more SQL statements (PostgreSQL).")],
    source: Annotated[str | None, typer.Option("--source", help=SourceName)] = None,
    as_json: AsJson = False,
) -> None:
    """Quick SQL on a source's PostgreSQL, to look at it or to try a correction (it is committed);
    `./f1 sql` asks the warehouse."""
    from f1mesh.sources.postgres_session import ask

    workspace = Workspace.locate()
    system = _chosen(workspace, source)
    rows = ask(system.url(workspace), statement, system.connection)
    if isinstance(rows, int):
        note(f"{rows} rows changed")
        if as_json:
            emit_json({"changed": rows})
    elif as_json:
        emit_json(rows)
    else:
        print_records("", rows)


def _systems(workspace: Workspace) -> tuple[SourceSystem, ...]:
    from f1mesh.sources.declared import source_systems

    return source_systems(workspace.root)


def _chosen(workspace: Workspace, name: str | None) -> SourceSystem:
    """The system of this name, else the first one. Raises PermanentError if there is none."""
    from f1mesh.sources.declared import source_system

    systems = _systems(workspace)
    return systems[0] if name is None and systems else source_system(workspace.root, name or "")


def _tell(workspace: Workspace, as_json: bool) -> None:
    from f1mesh.errors import TransientError

    addresses: dict[str, str | None] = {}
    facts: dict[str, str] = {}
    rows: dict[str, int] = {}
    for system in _systems(workspace):
        try:
            address = system.url(workspace)
        except TransientError:
            addresses[system.connection] = None
            continue
        addresses[system.connection] = address
        holds = system.contents(address)
        facts |= holds.facts
        rows |= holds.rows
    running = {name: address is not None for name, address in addresses.items()}
    if as_json:
        emit_json(
            {"dataset": workspace.dataset, "running": running, "provenance": facts, "rows": rows}
        )
        return
    print_table(
        f"sources of the dataset '{workspace.dataset}'",
        ["source", "state"],
        [[name, "runs" if up else "stopped"] for name, up in running.items()],
    )
    if rows:
        print_table("provenance", ["fact", "value"], sorted(facts.items()))
        print_table("tables", ["table", "rows"], list(rows.items()))
