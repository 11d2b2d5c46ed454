"""The `f1` command. Imports stay light here: a command pays for what it uses when it runs."""

from __future__ import annotations

import logging
import os
import sys
from typing import Annotated

import typer

from f1mesh.cli import (
    airflow,
    answers,
    build,
    develop,
    docs,
    lint,
    products,
    run,
    snapshots,
    source,
    state,
    step,
    sync,
    up,
    warehouse,
)
from f1mesh.cli.declared import LoadingCommand
from f1mesh.telling import show_tracebacks

app = typer.Typer(
    name="f1",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for group, function in (
    ("Use", run.run),
    ("Use", up.up),
    ("Use", state.down),
    ("Use", answers.answers),
    ("Use", answers.sql),
    ("Products", products.products),
    ("Products", products.publish),
    ("Products", products.rollback),
    ("Products", docs.docs),
    ("This machine", state.status),
    ("This machine", state.clean),
    ("This machine", state.doctor),
    ("Develop", build.build),
    ("Develop", lint.lint),
    ("Develop", develop.bench),
):
    cls = LoadingCommand if function in (run.run, up.up) else None
    app.command(rich_help_panel=group, cls=cls)(function)

app.command(rich_help_panel="Develop", context_settings={"ignore_unknown_options": True})(
    develop.test
)

for name, part, about in (
    ("contracts", products.contracts, "Check contracts, generate what follows from them."),
    ("warehouse", warehouse.app, "The embedded SQL warehouse of the dataset in use."),
    ("source", source.app, "The source systems."),
    ("airflow", airflow.app, "Airflow: what it installs, what MWAA gets."),
    ("sync", sync.app, "Run a domain's syncs, see their state."),
    ("snapshots", snapshots.app, "Versions that history is made of; ends a bad one."),
    ("step", step.app, "Single steps of the graph, as an orchestrator runs them."),
):
    app.add_typer(part, name=name, help=about, rich_help_panel="Parts")


@app.callback()
def options(
    debug: Annotated[
        bool,
        typer.Option("--debug", help="Show an error's traceback, too (also: F1_DEBUG=1)."),
    ] = False,
) -> None:
    """The F1 data mesh: `f1 run` builds it from real history, `f1 answers` asks it."""
    show_tracebacks(debug)


def main() -> None:
    """Entry point of the launcher and of the console script."""
    os.umask(0o077)  # what is written is the user's alone; services inherit it
    # It warns at each import of Thrift, of nothing that anybody could do.
    logging.getLogger("thrift.transport.sslcompat").setLevel(logging.ERROR)
    app(_debug_first(sys.argv[1:]), prog_name="f1")


def _debug_first(arguments: list[str]) -> list[str]:
    """`--debug` may stand anywhere; what is behind `--` is somebody else's."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    own = [argument for argument in arguments[:end] if argument != "--debug"]
    return ["--debug"] * (len(own) < end) + own + arguments[end:]


if __name__ == "__main__":
    main()
