"""`./f1 status|down|clean|doctor`: what is on this machine, and how it goes away."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Annotated

import typer

from f1mesh.cli.options import All, AsJson
from f1mesh.cli.output import command, emit_json, note, print_table
from f1mesh.errors import PermanentError
from f1mesh.workspace import Workspace


@command
def status(as_json: AsJson = False) -> None:
    """Which datasets exist, which services run; of the active one Airflow's runs and the products,
    where Airflow and the warehouse are up."""
    from f1mesh.cli import mesh_status
    from f1mesh.orchestration.session import running
    from f1mesh.registry import load_mesh

    workspace = Workspace.locate()
    active, mesh = workspace.dataset, load_mesh(workspace.root)
    airflow = mesh_status.airflow_state(workspace, mesh)
    products = mesh_status.product_states(workspace, mesh)
    found = {w.dataset: [service.name for service in running(w)] for w in datasets()}
    if as_json:
        emit_json(
            [
                {
                    "dataset": name,
                    "active": name == active,
                    "running": services,
                    "airflow": airflow if name == active else None,
                    "products": products if name == active else None,
                }
                for name, services in found.items()
            ]
        )
        return
    print_table(
        "Datasets",
        ["dataset", "active", "running"],
        (
            [name, "yes" if name == active else "", ", ".join(services) or "nothing"]
            for name, services in found.items()
        ),
    )
    mesh_status.print_airflow(airflow)
    mesh_status.print_products(products)


@command
def down() -> None:
    """Stop Airflow, the warehouse and the sources of every dataset; nothing is left running."""
    stopped = [f"{w.dataset}: {name}" for w in datasets() for name in stop_dataset(w)]
    for line in stopped:
        note(f"stopped {line}")
    if not stopped:
        note("nothing was running")


@command
def clean(
    everything: All = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Stop everything and delete all datasets: warehouses, source databases, dbt state; with --all
    downloads and the Python environments, too. Refused, with nothing stopped or deleted, while a
    run works on a dataset."""
    from f1mesh.orchestration.session import sole_run

    home = Workspace.locate().home
    what = f"everything below {home}" if everything else f"all datasets below {home / 'datasets'}"
    if not yes and sys.stdin.isatty():
        typer.confirm(f"Delete {what}?", abort=True)
    elif not yes:
        raise PermanentError(f"This deletes {what}. Say --yes where nobody can be asked.")
    with ExitStack() as locks:
        found = datasets()
        for workspace in found:
            locks.enter_context(sole_run(workspace))
        for workspace in found:
            stop_dataset(workspace)
        doomed = home / f"deleted.{os.getpid()}"  # a run that starts now makes its own folder
        if found:
            (home / "datasets").rename(doomed)
        (home / "active").unlink(missing_ok=True)
    for folder in home.glob("deleted.*"):  # also what a killed `clean` left
        shutil.rmtree(folder, ignore_errors=True)
    if everything:
        shutil.rmtree(home, ignore_errors=True)
    note(f"deleted {what}")


@command
def doctor(as_json: AsJson = False) -> None:
    """What is installed, what is reachable, what runs; exit code 1 if the main job cannot."""
    from f1mesh.cli.diagnosis import diagnose

    findings = diagnose(Workspace.locate(), datasets())
    if as_json:
        emit_json([vars(finding) for finding in findings])
    else:
        print_table(
            "Diagnosis",
            ["part", "state", "detail"],
            ([f.part, f.state, f.detail] for f in findings),
        )
    if any(finding.state == "missing" for finding in findings):
        raise typer.Exit(1)


@contextmanager
def unneeded(workspace: Workspace, what: str) -> Iterator[None]:
    """While nobody needs a part of the dataset, so that it may be stopped alone.

    Raises PermanentError while `./f1 up` has Airflow running, which would start the part again, or
    a run works on the dataset.
    """
    from f1mesh.airflow_local import components
    from f1mesh.orchestration.session import sole_run

    if components.running(workspace) or components.service(workspace, components.KEEPER).running():
        raise PermanentError(
            f"{what} is needed by Airflow, which `./f1 up` started and keeps running with all that "
            "it needs: what is stopped alone would be started again. `./f1 down` stops everything."
        )
    with sole_run(workspace):
        yield


def stop_dataset(workspace: Workspace) -> tuple[str, ...]:
    """Stop whatever runs for a dataset, what depends on others first: the names of what ran."""
    from f1mesh.airflow_local import components
    from f1mesh.orchestration.session import stop_all

    airflow = tuple(f"airflow_{name}" for name in components.stop(workspace))
    return (*airflow, *stop_all(workspace))


def datasets() -> list[Workspace]:
    """A workspace for each dataset on disk."""
    home = Workspace.locate().home
    return [Workspace.locate(folder.name) for folder in sorted((home / "datasets").glob("*/"))]
