"""What feeds a model, from dbt's manifest."""

from __future__ import annotations

from typing import Any

from f1mesh.errors import PermanentError

RAW = "_raw"


def raw_tables_upstream(manifest: dict[str, Any], model: str) -> list[str]:
    """The raw tables (`schema.table`, sorted) from which a model is built.

    Only a domain's own raw schema can appear: other domains are read through published views.
    Raises PermanentError if the manifest has no such model.
    """
    start = next(
        (
            key
            for key, node in manifest["nodes"].items()
            if node["resource_type"] == "model" and node["name"] == model
        ),
        None,
    )
    if start is None:
        raise PermanentError(f"dbt's manifest has no model '{model}': build the domain first.")
    sources = manifest["sources"]
    found = {
        f"{sources[key]['schema']}.{sources[key].get('identifier') or sources[key]['name']}"
        for key in _ancestors(manifest["parent_map"], start)
        if key in sources and sources[key]["schema"].endswith(RAW)
    }
    return sorted(found)


def _ancestors(parents: dict[str, list[str]], start: str) -> set[str]:
    seen: set[str] = set()
    open_ends = [start]
    while open_ends:
        for parent in parents.get(open_ends.pop(), ()):
            if parent not in seen:
                seen.add(parent)
                open_ends.append(parent)
    return seen
