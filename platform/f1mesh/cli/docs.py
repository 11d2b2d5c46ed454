"""`./f1 docs`: what the mesh is made of, as a page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from f1mesh.cli.options import AsJson
from f1mesh.cli.output import command, emit_json, note
from f1mesh.workspace import Workspace


@command
def docs(
    output: Annotated[
        Path | None,
        typer.Option(help="The file to write.", show_default="docs/index.html in .f1/"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Models, columns, tests and lineage of all domains as one page: open the file in a browser."""
    from f1mesh.portal import write_docs
    from f1mesh.registry import load_mesh

    workspace = Workspace.locate()
    mesh = load_mesh(workspace.root)
    folder = workspace.home / "docs"
    page = (output or folder / "index.html").absolute()
    manifest = write_docs(mesh, workspace.root, folder / "manifests", page)
    models = sum(1 for node in manifest["nodes"].values() if node["resource_type"] == "model")
    if as_json:
        emit_json({"path": str(page), "domains": list(mesh.domains), "models": models})
    else:
        note(f"{models} models of {len(mesh.domains)} domains: {page}")
