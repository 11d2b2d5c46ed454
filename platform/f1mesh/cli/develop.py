"""`./f1 test|bench`: what a contributor and CI run."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Annotated

import typer

from f1mesh.cli.options import All, AsJson
from f1mesh.cli.output import command, note
from f1mesh.errors import MeshError
from f1mesh.workspace import Workspace


@command
def test(
    fast: Annotated[bool, typer.Option("--fast", help="Leave the end-to-end runs out.")] = False,
    all_: All = False,
    workers: Annotated[
        int, typer.Option(min=1, help="Tests that run at once.", show_default="cores, at most 4")
    ] = min(os.cpu_count() or 1, 4),
    pytest_args: Annotated[
        list[str] | None, typer.Argument(help="Passed to pytest: paths, -k words, -x ...")
    ] = None,
) -> None:
    """Unit tests and one end-to-end run of each capability; with --all the long fault, conformance
    and parity suites, too. Makes Airflow's environment first."""
    if fast and all_:
        raise typer.BadParameter("--fast and --all exclude each other.")
    marks = "not e2e and not long" if fast else "" if all_ else "not long"
    chosen = ["-m", marks] if marks else []
    _prepare_airflow()
    if workers > 1:
        chosen += ["-n", str(workers), "--dist", "worksteal"]
    _finish([sys.executable, "-P", "-m", "pytest", *chosen, *(pytest_args or [])])


@command
def bench(
    parts: Annotated[
        list[str] | None, typer.Argument(help="Which benchmarks; default: all but growth.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure: wall time and peak memory of the run, part by part, and its growth with the data."""
    from f1mesh.cli.benchmark import measure

    measure(Workspace.locate(), parts or ["run"], as_json=as_json)


def _prepare_airflow() -> None:
    """Airflow's environment; without it its tests are skipped, and why is said here."""
    from f1mesh.airflow_local.environment import ensure

    try:
        ensure(Workspace.locate(), note)
    except MeshError as error:
        note(f"the tests with Airflow are skipped: {error}")


def _finish(arguments: list[str]) -> None:
    code = subprocess.run(arguments, cwd=Workspace.locate().root, check=False).returncode
    raise typer.Exit(code)
