"""The parts of `./f1 status` that ask what runs: Airflow's runs, the warehouse's products."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from f1mesh.cli.output import print_table
from f1mesh.workspace import Workspace

if TYPE_CHECKING:
    from f1mesh.airflow_local.rest import Rest
    from f1mesh.registry import Mesh


def airflow_state(workspace: Workspace, mesh: Mesh) -> dict[str, Any] | None:
    """Airflow's address, the health of its parts, each domain's last run; None if it is down."""
    from f1mesh.airflow_local import components
    from f1mesh.airflow_local.installation import Installation
    from f1mesh.airflow_local.rest import Rest

    installation = Installation.find(workspace)
    if installation is None or not components.running(workspace):
        return None
    rest = Rest.of(installation)
    health = {name: (part or {}).get("status") for name, part in rest.health().items()}
    runs = {name: _last_run(rest, name) for name in mesh.domains} if health else {}
    return {"url": installation.url, "health": health, "runs": runs}


def product_states(workspace: Workspace, mesh: Mesh) -> list[dict[str, Any]] | None:
    """Version and freshness of each product; None if no warehouse runs."""
    from f1mesh.client import connect, find_target
    from f1mesh.errors import MeshError
    from f1mesh.publication.products import product_statuses
    from f1mesh.transformation import DbtProject

    try:
        target = find_target(workspace)
    except MeshError:
        return None

    def manifest(domain: str) -> dict[str, Any]:
        return DbtProject.of(mesh.domain(domain), workspace, target).manifest()

    with connect(target) as connection:
        found = product_statuses(connection, target.schemas, mesh, mesh.products, manifest)
    return [
        {
            "product": status.product,
            "version": status.version,
            "rows": status.rows,
            "published_at": status.published_at,
            "source_read_at": status.source_read_at,
            "fresh_for_hours": status.freshness_limit_hours,
        }
        for status in found
    ]


def print_airflow(state: dict[str, Any] | None) -> None:
    """Airflow's part on stdout."""
    if state is None:
        return
    health = ", ".join(f"{name} {status}" for name, status in state["health"].items() if status)
    rows = [
        [name, run["state"], run["run_type"], _ago(run["started_at"]), run["seconds"]]
        for name, run in state["runs"].items()
        if run
    ]
    title = f"Airflow at {state['url']}: {health or 'does not answer'}"
    print_table(title, ["domain", "last run", "started by", "when", "seconds"], rows)


def print_products(products: Sequence[dict[str, Any]] | None) -> None:
    """The products' part on stdout."""
    if products is None:
        return
    rows = [
        [
            found["product"],
            found["version"],
            found["rows"],
            _ago(found["published_at"]),
            _ago(found["source_read_at"]),
            f"{found['fresh_for_hours']:g} h",
        ]
        for found in products
    ]
    columns = ["product", "version", "rows", "published", "source read", "must be within"]
    print_table("Products", columns, rows)


def _last_run(rest: Rest, dag: str) -> dict[str, Any] | None:
    from f1mesh.airflow_local.follow import seconds_of
    from f1mesh.errors import TransientError

    try:
        newest = rest.runs(dag, limit=1)
    except TransientError:  # Airflow does not know the DAG yet
        return None
    if not newest:
        return None
    run = newest[0]
    return {
        "run_id": run["dag_run_id"],
        "state": run["state"],
        "run_type": run["run_type"],
        "started_at": run["start_date"],
        "seconds": round(seconds_of(run), 1) or None,
    }


def _ago(moment: datetime | str | None) -> str | None:
    """How long ago, in the largest unit that fits."""
    if moment is None:
        return None
    at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    seconds = (datetime.now(UTC) - at).total_seconds()
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit} ago"
    return f"{max(seconds, 0):.0f} s ago"
