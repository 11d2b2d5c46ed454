"""The manifests of all domains as one: a product that a domain reads is the model that makes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from f1mesh.registry import Domain, Mesh
from f1mesh.schemas import Schemas

Manifest = dict[str, Any]


def joined(mesh: Mesh, manifests: Mapping[str, Manifest], schemas: Schemas) -> Manifest:
    """One manifest with the nodes of all domains. In its lineage a product stands once, as its
    model: the sources by which other domains read it are gone."""
    whole = _united(manifests)
    models = {
        source: model
        for domain in mesh.domains.values()
        for source, model in _read_products(domain, manifests[domain.name], schemas).items()
    }
    for source in models:
        del whole["sources"][source]
    for node in (*whole["nodes"].values(), *whole["exposures"].values()):
        on = node.get("depends_on", {})
        on["nodes"] = _renamed(on.get("nodes", []), models)
    for name in ("parent_map", "child_map"):
        whole[name] = _rewired(whole[name], models)
    return whole


def _united(manifests: Mapping[str, Manifest]) -> Manifest:
    """What the manifests hold, side by side; the names of nodes begin with their project's."""
    whole: Manifest = {}
    for manifest in manifests.values():
        for key, part in manifest.items():
            if key != "metadata" and isinstance(part, dict):
                whole.setdefault(key, {}).update(part)
    first = next(iter(manifests.values()))
    return {"metadata": {**first["metadata"], "project_name": "mesh"}, **whole}


def _read_products(domain: Domain, manifest: Manifest, schemas: Schemas) -> dict[str, str]:
    """The model that makes it, by the source of each product that the domain reads."""
    views = {
        (schemas.published(ref.domain), ref.product): f"model.{ref.domain}.{ref.product}"
        for ref in domain.inputs
    }
    named = {
        key: (source["schema"], source.get("identifier") or source["name"])
        for key, source in manifest["sources"].items()
    }
    return {key: views[name] for key, name in named.items() if name in views}


def _rewired(edges: Mapping[str, list[str]], models: Mapping[str, str]) -> dict[str, list[str]]:
    """The edges with each source's at its model."""
    rewired: dict[str, list[str]] = {}
    for node, others in edges.items():
        rewired.setdefault(models.get(node, node), []).extend(_renamed(others, models))
    return rewired


def _renamed(nodes: list[str], models: Mapping[str, str]) -> list[str]:
    return [models.get(node, node) for node in nodes]
