"""A domain's partition in Airflow: what a run may be asked for, and what its build is told."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param

from f1mesh.registry.partition import Partition


def partition_param(partition: Partition) -> dict[str, Param]:
    """The parameter by which a person asks for one part of the domain."""
    kinds: dict[str, dict[str, Any]] = {
        "integer": {"type": ["null", "integer"]},
        "date": {"type": ["null", "string"], "format": "date"},
        "hour": {"type": ["null", "string"], "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}"},
    }
    title = partition.name.replace("_", " ").capitalize()
    about = f"Compute this {partition.name.replace('_', ' ')} again, changed or not."
    return {partition.name: Param(None, title=title, description=about, **kinds[partition.type])}


def partition_option(partition: Partition | None) -> dict[str, str]:
    """The build's options, from the run's parameters (a template)."""
    if partition is None:
        return {}
    name, value = partition.name, f"params.{partition.name}"
    return {"partition": f"{{% if {value} is not none %}}{name}={{{{ {value} }}}}{{% endif %}}"}
