"""`./f1 warehouse start | stop | status`."""

from __future__ import annotations

from typing import Any

import typer

from f1mesh.cli.options import AsJson
from f1mesh.cli.output import command, emit_json, note, print_table
from f1mesh.workspace import Workspace

app = typer.Typer(no_args_is_help=True)


@app.command()
@command
def start() -> None:
    """Start the warehouse in the background (no effect if it runs)."""
    from f1mesh.warehouse import launch

    running = launch.start(Workspace.locate())
    note(f"The warehouse runs on 127.0.0.1:{running.endpoint['port']} (pid {running.pid}).")


@app.command()
@command
def stop() -> None:
    """Stop the warehouse; refused while a run or Airflow needs it."""
    from f1mesh.cli.state import unneeded
    from f1mesh.warehouse import launch

    workspace = Workspace.locate()
    with unneeded(workspace, "The warehouse"):
        stopped = launch.stop(workspace)
    note("The warehouse is stopped." if stopped else "The warehouse was not running.")


@app.command()
@command
def status(as_json: AsJson = False) -> None:
    """Say whether the warehouse runs, and where; exit code 3 if it does not."""
    from f1mesh.client import HTTP_PATH, embedded_service

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
        emit_json(facts)
    else:
        print_table("The warehouse", ["fact", "value"], facts.items())
    if found is None:
        raise typer.Exit(3)
