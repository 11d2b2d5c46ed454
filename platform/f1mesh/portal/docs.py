"""dbt's documentation of all domains as one page, made from their manifests without a warehouse."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from f1mesh.portal.catalog import catalog_of
from f1mesh.portal.dbt_page import page
from f1mesh.portal.lineage import joined
from f1mesh.registry import Domain, Mesh
from f1mesh.schemas import Schemas
from f1mesh.transformation.manifests import write_manifests


def write_docs(mesh: Mesh, root: Path, manifests: Path, output: Path) -> dict[str, Any]:
    """Write the page to `output`; the manifest of the whole mesh that it shows. The domains' own
    are kept below `manifests`, and parsed again only where a project has changed.

    Raises PermanentError for a project that dbt cannot parse.
    """
    files = write_manifests(mesh, manifests, root)
    parsed = {name: json.loads(f.read_text()) for name, f in zip(mesh.domains, files, strict=True)}
    manifest = joined(mesh, parsed, Schemas.of_environment())
    manifest["docs"]["doc.mesh.__overview__"] = _overview(mesh)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(page(manifest, catalog_of(manifest, _owners(mesh))), encoding="utf-8")
    return manifest


def _owners(mesh: Mesh) -> Mapping[str, str]:
    return {domain.name: domain.owner.team for domain in mesh.domains.values()}


def _overview(mesh: Mesh) -> dict[str, Any]:
    """The first thing that a reader of the page sees: the domains, each after those it reads."""
    return {
        "name": "__overview__",
        "package_name": "mesh",
        "resource_type": "doc",
        "unique_id": "doc.mesh.__overview__",
        "path": "",
        "original_file_path": "",
        "block_contents": "\n\n".join(map(_about, mesh.domains.values())),
    }


def _about(domain: Domain) -> str:
    products = (f"- [{p}](#!/model/model.{domain.name}.{p})" for p in domain.products)
    lines = [f"## {domain.title}", domain.description, "", f"Owner: {domain.owner.team}.", ""]
    return "\n".join([*lines, *products])
