"""`./f1 warehouse start | stop | status | sql`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from f1mesh.cli.output import command

if TYPE_CHECKING:
    import pyarrow as pa

app = typer.Typer(help="The embedded SQL warehouse of the dataset in use.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
@command
def start() -> None:
    """Start the warehouse in the background (no effect if it runs)."""
    from f1mesh.warehouse import launch
    from f1mesh.workspace import Workspace

    running = launch.start(Workspace.locate())
    typer.echo(f"The warehouse runs on 127.0.0.1:{running.endpoint['port']} (pid {running.pid}).")


@app.command()
@command
def stop() -> None:
    """Stop the warehouse; refused while a run or Airflow needs it."""
    from f1mesh.cli.state import unneeded
    from f1mesh.warehouse import launch
    from f1mesh.workspace import Workspace

    workspace = Workspace.locate()
    with unneeded(workspace, "The warehouse"):
        stopped = launch.stop(workspace)
    typer.echo("The warehouse is stopped." if stopped else "The warehouse was not running.")


@app.command()
@command
def status(as_json: Json = False) -> None:
    """Say whether the warehouse runs, and where; exit code 3 if it does not."""
    from f1mesh.client import HTTP_PATH, embedded_service
    from f1mesh.workspace import Workspace

    workspace = Workspace.locate()
    service = embedded_service(workspace)
    found = service.running()
    facts: dict[str, Any] = {
        "dataset": workspace.dataset,
        "running": found is not None,
        "folder": str(workspace.data / "warehouse"),
        "log": str(service.log_file),
    }
    if found is not None:
        facts |= {
            "pid": found.pid,
            "uri": f"http://127.0.0.1:{found.endpoint['port']}{HTTP_PATH}",
            "token_file": str(service.state_file),
        }
    if as_json:
        typer.echo(json.dumps(facts))
    else:
        for key, value in facts.items():
            typer.echo(f"{key:<12}{value}")
    if found is None:
        raise typer.Exit(3)


@app.command()
@command
def sql(
    statement: Annotated[str, typer.Argument(help="One SQL statement.")],
    schema: Annotated[str, typer.Option(help="Schema of unqualified names.")] = "default",
    limit: Annotated[int, typer.Option(help="Rows to show in the table.")] = 100,
    as_json: Json = False,
) -> None:
    """Run one statement and print its rows."""
    from f1mesh.client import connect, find_target, query
    from f1mesh.workspace import Workspace

    with connect(find_target(Workspace.locate()), schema) as connection:
        result = query(connection, statement)
    if as_json:
        typer.echo(json.dumps(result.to_pylist(), default=str, ensure_ascii=False))
    else:
        _print_table(result, limit)


def _print_table(result: pa.Table, limit: int) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from f1mesh.cli.output import visible

    table = Table()
    for name in result.column_names:
        table.add_column(Text(visible(name)))
    for row in result.slice(0, limit).to_pylist():
        table.add_row(*(Text("NULL" if v is None else visible(str(v))) for v in row.values()))
    console = Console()
    if result.num_columns:
        console.print(table)
    more = f" ({limit} shown)" if result.num_rows > limit else ""
    console.print(f"{result.num_rows} rows{more}")


if __name__ == "__main__":
    app()
