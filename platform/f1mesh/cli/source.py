"""`./f1 source`: the dataset's source systems, the Ergast database and the drivers registry."""

from __future__ import annotations

from typing import Annotated

import typer

from f1mesh.cli.output import command, emit_json, note, print_records, print_table
from f1mesh.workspace import Workspace

app = typer.Typer(no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
@command
def start(as_json: AsJson = False) -> None:
    """Start the database and the drivers registry, and leave them running."""
    from f1mesh.sources import postgres, registry_api

    workspace = Workspace.locate()
    postgres.start(workspace)
    registry_api.start(workspace)
    _tell(workspace, as_json)


@app.command()
@command
def stop() -> None:
    """Stop the registry and the database."""
    from f1mesh.sources import postgres, registry_api

    workspace = Workspace.locate()
    stopped = [m.SERVICE for m in (registry_api, postgres) if m.stop(workspace)]
    note(f"stopped: {', '.join(stopped) or 'nothing ran'}")


@app.command()
@command
def status(as_json: AsJson = False) -> None:
    """What runs, and what the database holds."""
    _tell(Workspace.locate(), as_json)


@app.command()
@command
def url(
    what: Annotated[str, typer.Argument(help="`postgres` or `api`.")] = "postgres",
) -> None:
    """Print the address of a source (the database's contains its password)."""
    from f1mesh.errors import PermanentError
    from f1mesh.sources import postgres, registry_api

    modules = {"postgres": postgres, "api": registry_api}
    if what not in modules:
        raise PermanentError(f"'{what}' is no source: say `postgres` or `api`.")
    print(modules[what].url(Workspace.locate()))


@app.command()
@command
def load(
    history: Annotated[
        str | None,
        typer.Option(
            help="F1DB release or Ergast CSV (path or URL), `latest`, `simulated[:seed[:scale]]`; "
            "default: the latest F1DB release, without a network `simulated`."
        ),
    ] = None,
    max_damage: Annotated[
        float,
        typer.Option(
            min=0,
            max=1,
            help="Share of a file's rows that may be set aside; never a season, race or driver.",
        ),
    ] = 0.05,
    prune: Annotated[
        bool | None,
        typer.Option(
            help="Delete rows that the input no longer has (default: not for Ergast CSV)."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Load a history into its dataset's database (started if need be, left as it was)."""
    from dataclasses import asdict

    from f1mesh.sources import load as loading
    from f1mesh.sources import postgres
    from f1mesh.sources.history import DEFAULT_SCALE, DEFAULT_SEED, choose_history

    choice = choose_history(
        history, seed=DEFAULT_SEED, scale=DEFAULT_SCALE, workspace=Workspace.locate()
    )
    workspace = Workspace.locate(choice.dataset).activate()
    note(f"history: {choice.description}")
    ran = postgres.service(workspace).running() is not None
    try:
        database = postgres.start(workspace)
        report = loading.load(database, choice, max_damage=max_damage, progress=note, prune=prune)
    finally:
        if not ran:
            postgres.stop(workspace)
    if as_json:
        emit_json(asdict(report))
    else:
        print(report)


@app.command()
@command
def sql(
    statement: Annotated[str, typer.Argument(help="One or more SQL statements (PostgreSQL).")],
    as_json: AsJson = False,
) -> None:
    """Quick SQL on the source database, to look at it or to try a correction (it is committed)."""
    from f1mesh.sources import postgres
    from f1mesh.sources.database import ask

    rows = ask(postgres.url(Workspace.locate()), statement)
    if isinstance(rows, int):
        note(f"{rows} rows changed")
        if as_json:
            emit_json({"changed": rows})
    elif as_json:
        emit_json(rows)
    else:
        print_records("", rows)


def _tell(workspace: Workspace, as_json: bool) -> None:
    from f1mesh.errors import TransientError
    from f1mesh.sources import postgres, registry_api
    from f1mesh.sources.database import contents

    addresses: dict[str, str | None] = {}
    for module in (postgres, registry_api):
        try:
            addresses[module.SERVICE] = module.url(workspace)
        except TransientError:
            addresses[module.SERVICE] = None
    database = addresses[postgres.SERVICE]
    holds, rows = contents(database) if database else ({}, {})
    running = {name: address is not None for name, address in addresses.items()}
    if as_json:
        emit_json(
            {"dataset": workspace.dataset, "running": running, "provenance": holds, "rows": rows}
        )
        return
    print_table(
        f"sources of the dataset '{workspace.dataset}'",
        ["source", "state"],
        [[name, "runs" if up else "stopped"] for name, up in running.items()],
    )
    if rows:
        print_table("provenance", ["fact", "value"], sorted(holds.items()))
        print_table("tables", ["table", "rows"], list(rows.items()))
