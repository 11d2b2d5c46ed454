"""What keeps a mesh going: maintenance, digest, backfills and one season again, under Airflow."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from f1mesh.airflow_local.follow import ENDED
from f1mesh.airflow_local.installation import Installation
from f1mesh.airflow_local.rest import Rest
from f1mesh.client import connect, find_target, query
from f1mesh.registry import load_mesh
from tests.airflow.flights import LIMIT_S
from tests.support.histories import small_history
from tests.support.mesh import Mesh
from tests.support.tables import dump

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("airflow_python")]
DOMAIN = "race_history"
BACKFILL = """
name: fifties
reason: Grid positions of two seasons were corrected at the source.
owner: race-history@f1mesh.example
partitions: {first: 1955, last: 1956}
"""


@pytest.mark.timeout(2 * LIMIT_S)
def test_daily_work_and_backfills_succeed_and_change_no_product(
    own_mesh: Mesh, tmp_path: Path
) -> None:
    file = own_mesh.root / "domains" / DOMAIN / "backfills" / "fifties.yaml"
    file.parent.mkdir()
    file.write_text(BACKFILL.lstrip())
    history = str(small_history(tmp_path / "history"))
    own_mesh.run("run", "--history", history)
    before = dump(own_mesh)
    own_mesh.run("up", "--history", history)
    installation = Installation.find(own_mesh.workspace)
    assert installation
    rest = Rest.of(installation)

    for dag, conf in (
        ("mesh_maintenance", {}),
        ("mesh_digest", {}),
        (f"{DOMAIN}_backfill", {"backfill": "fifties"}),
        (DOMAIN, {"season": 1955}),
    ):
        states = states_of(rest, dag, rest.trigger(dag, conf))
        assert set(states.values()) == {"success"}, (dag, states)
        if dag.endswith("_backfill"):
            assert {key for key in states if key[0] == "season"} == {("season", 0), ("season", 1)}
    with connect(find_target(own_mesh.workspace)) as connection:
        counts = query(connection, "select product, row_count from mesh.row_counts").to_pylist()
    own_mesh.run("down")

    products = load_mesh(own_mesh.root).products
    assert {row["product"]: row["row_count"] for row in counts} == {
        str(ref): len(before[f"{ref.domain}.{ref.product}"]) for ref in products
    }
    assert dump(own_mesh) == before


def states_of(rest: Rest, dag: str, run_id: str) -> dict[tuple[str, int], str]:
    """The states of a run's tasks, once it has ended; tasks without instances are left out."""
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        [run] = [each for each in rest.runs(dag) if each["dag_run_id"] == run_id]
        if run["state"] in ENDED:
            found: list[dict[str, Any]] = rest.tasks(dag, run_id)
            assert run["state"] == "success", {t["task_id"]: t["state"] for t in found}
            return {
                (task["task_id"], task["map_index"]): task["state"]
                for task in found
                if task["state"] != "skipped"  # mapped over nothing, as no schema of a PR is old
            }
        time.sleep(1)
    raise AssertionError(f"{dag} did not end")
