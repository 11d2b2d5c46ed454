"""dbt's catalog (tables and the types of their columns) from what the manifest says of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_TABLES = frozenset({"model", "seed", "snapshot", "source"})


def catalog_of(manifest: Mapping[str, Any], owners: Mapping[str, str]) -> dict[str, Any]:
    """The catalog of all tables and views that a manifest names, in the shape of dbt's
    `catalog.json`. `owners` is who owns a project, by its name."""
    return {
        "metadata": {},
        "errors": None,
        "nodes": _entries(manifest["nodes"], owners),
        "sources": _entries(manifest["sources"], owners),
    }


def _entries(nodes: Mapping[str, Any], owners: Mapping[str, str]) -> dict[str, Any]:
    return {
        key: _entry(key, node, owners.get(node["package_name"]))
        for key, node in nodes.items()
        if node["resource_type"] in _TABLES
    }


def _entry(key: str, node: Mapping[str, Any], owner: str | None) -> dict[str, Any]:
    return {
        "unique_id": key,
        "metadata": {
            "type": node["config"].get("materialized") or node["resource_type"],
            "database": node["database"],
            "schema": node["schema"],
            "name": node.get("alias") or node.get("identifier") or node["name"],
            "comment": node["description"],
            "owner": owner,
        },
        "columns": {
            name: {
                "type": column.get("data_type") or "",
                "index": index,
                "name": name,
                "comment": column["description"],
            }
            for index, (name, column) in enumerate(node["columns"].items(), 1)
        },
        "stats": {},
    }
