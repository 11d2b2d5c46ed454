"""`./f1 airflow ...`: what Airflow installs, and what MWAA gets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from f1mesh.cli.options import CheckOnly
from f1mesh.cli.output import command, note
from f1mesh.workspace import Workspace

app = typer.Typer(no_args_is_help=True)


@app.command("install")
@command
def install() -> None:
    """Make Airflow's Python environment from its lock (`./f1 up` does it when it is missing)."""
    from f1mesh.airflow_local import environment

    note(f"Airflow's Python: {environment.ensure(Workspace.locate(), note)}")


@app.command("lock")
@command
def lock(
    constraints: Annotated[
        str | None,
        typer.Option(
            "--constraints", help="Airflow's constraints, a file or URL; default: the official URL."
        ),
    ] = None,
    check: CheckOnly = False,
) -> None:
    """Resolve what Airflow installs: requirements.lock, and requirements.txt for MWAA."""
    from f1mesh.airflow_local.requirements import Requirements

    requirements = Requirements.of(Workspace.locate())
    drifted = requirements.drift(constraints)
    for file, text in drifted.items():
        note(f"{file} " + ("would change" if check else "written"))
        if not check:
            file.write_text(text)
    if not drifted:
        note("nothing changes")
    elif check:
        raise typer.Exit(1)


@app.command("bundle")
@command
def bundle(
    target: Annotated[Path, typer.Argument(help="A folder, or a file that ends with .zip.")],
) -> None:
    """Write what MWAA needs (DAGs, domains, library, manifests, requirements, startup script)."""
    import tempfile

    from f1mesh.airflow_local.bundle import build
    from f1mesh.registry import load_mesh
    from f1mesh.transformation.manifests import write_manifests

    workspace = Workspace.locate()
    mesh = load_mesh(workspace.root)
    with tempfile.TemporaryDirectory(prefix="f1-bundle-") as scratch:
        made = build(
            workspace,
            mesh,
            lambda folder: write_manifests(mesh, folder, workspace.root),
            Path(scratch),
        )
    made.write(target)
    note(f"{target}: {len(made.files)} files, sha256 {made.digest}")


@app.command("manifests")
@command
def manifests() -> None:
    """Parse the domains' dbt projects again for Airflow (`./f1 up` does it when it starts)."""
    from f1mesh.airflow_local.installation import airflow_home
    from f1mesh.registry import load_mesh
    from f1mesh.transformation.manifests import write_manifests

    workspace = Workspace.locate()
    folder = airflow_home(workspace) / "manifests"
    for file in write_manifests(load_mesh(workspace.root), folder, workspace.root):
        note(f"{file}")
