"""What feeds a model, from dbt's manifest."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from f1mesh.errors import PermanentError
from f1mesh.schemas import is_raw


def raw_tables_upstream(manifest: dict[str, Any], model: str) -> list[str]:
    """The raw tables (`schema.table`, sorted) from which a model is built.

    Only a domain's own raw schema can appear: other domains are read through published views.
    Raises PermanentError if the manifest has no such model.
    """
    start = model_id(manifest, model)
    sources = manifest["sources"]
    found = {
        f"{sources[key]['schema']}.{sources[key].get('identifier') or sources[key]['name']}"
        for key in _ancestors(manifest["parent_map"], start)
        if key in sources and is_raw(sources[key]["schema"])
    }
    return sorted(found)


def model_id(manifest: dict[str, Any], model: str) -> str:
    """dbt's id of a model; raises PermanentError if the manifest has none of that name."""
    for key, node in manifest["nodes"].items():
        if node["resource_type"] == "model" and node["name"] == model:
            return str(key)
    raise PermanentError(f"dbt's manifest has no model '{model}': build the domain first.")


def stands_on(manifest: dict[str, Any], model: str, nodes: Collection[str]) -> bool:
    """Whether a model or what it is built from is among `nodes`, or is what a test of them is
    about. A test that reads nothing may be about any model."""
    start = model_id(manifest, model)
    own = _ancestors(manifest["parent_map"], start) | {start}
    return any(node in own or _concerns(manifest, node, own) for node in nodes)


def _concerns(manifest: dict[str, Any], node: str, models: Collection[str]) -> bool:
    about = _subjects(manifest, node)
    return not about.isdisjoint(models) or (node.startswith("test.") and not about)


def snapshots_upstream(manifest: dict[str, Any], node: str) -> set[str]:
    """The names of the snapshots that a node is or is built from; of a test, what it is about."""
    own = _subjects(manifest, node) | {node}
    upstream = {a for start in own for a in _ancestors(manifest["parent_map"], start)} | own
    nodes = manifest["nodes"]
    return {nodes[key]["name"] for key in upstream if key.startswith("snapshot.")}


def _subjects(manifest: dict[str, Any], node: str) -> set[str]:
    """The models that a test is about: the one that it is attached to, else all that it reads."""
    if not node.startswith("test."):
        return set()
    attached = manifest["nodes"].get(node, {}).get("attached_node")
    return {attached} if attached else set(manifest["parent_map"].get(node, ()))


def _ancestors(parents: dict[str, list[str]], start: str) -> set[str]:
    seen: set[str] = set()
    open_ends = [start]
    while open_ends:
        for parent in parents.get(open_ends.pop(), ()):
            if parent not in seen:
                seen.add(parent)
                open_ends.append(parent)
    return seen
