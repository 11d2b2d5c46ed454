"""A new folder below domains/ is a new DAG under a real scheduler, and nothing else is touched."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from f1mesh.airflow_local.follow import ENDED
from f1mesh.airflow_local.installation import Installation
from f1mesh.airflow_local.rest import Rest
from tests.airflow.flights import CHECKOUT, LIMIT_S
from tests.support.histories import small_history
from tests.support.mesh import Mesh

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("airflow_python")]
MINUTES = 3


def files(mesh: Mesh) -> dict[Path, bytes]:
    """What the checkout holds, without what Python compiled and the environments."""
    return {
        path.relative_to(mesh.root): path.read_bytes()
        for name in CHECKOUT
        for path in (mesh.root / name).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.mark.timeout(2 * LIMIT_S)
def test_it_runs_after_what_it_reads_and_by_its_clock_and_never_twice_at_once(
    own_mesh: Mesh, tmp_path: Path, third_domain: Callable[[Path], str]
) -> None:
    mesh = own_mesh
    before = files(mesh)
    name = third_domain(mesh.root)
    history = str(small_history(tmp_path / "history"))
    mesh.run("up", "--history", history)
    document = mesh.json("up", "--once", "--history", history)
    installation = Installation.find(mesh.workspace)
    assert installation
    rest = Rest.of(installation)

    for _ in range(2):  # beside its clock, so that runs would overlap if they could
        rest.trigger(name)
    runs = wait_for_scheduled(rest, name, MINUTES)
    [producer, *_] = rest.runs("drivers")
    products = {row["product"]: row for row in mesh.json("products")}

    assert {domain["domain"]: domain["state"] for domain in document["domains"]}[name] == "success"
    by_asset = [run for run in runs if run["run_type"] == "asset_triggered"]
    by_clock = [run for run in runs if run["run_type"] == "scheduled"]
    assert by_asset
    assert moment(by_asset[0], "start_date") > moment(producer, "start_date")
    assert len(by_clock) >= MINUTES
    assert {run["state"] for run in (*by_asset, *by_clock[-MINUTES:])} == {"success"}
    assert len(runs) >= len(by_asset) + MINUTES + 2
    for earlier, later in pairwise(runs):
        assert moment(earlier, "end_date") <= moment(later, "start_date")
    assert products[f"{name}/radio_name"]["rows"] > 50
    own = Path("domains") / name
    changed = {path for path, content in files(mesh).items() if before.get(path) != content}
    assert {path for path in changed if own not in path.parents} == set()


def wait_for_scheduled(rest: Rest, name: str, wanted: int) -> list[dict[str, Any]]:
    """Every run of the domain that has ended, by start, once this many more by its clock have."""
    known = {run["dag_run_id"] for run in rest.runs(name)}
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        runs = rest.runs(name, limit=100)
        fresh = [run for run in runs if run["dag_run_id"] not in known]
        ended = [r for r in fresh if r["run_type"] == "scheduled" and r["state"] in ENDED]
        if len(ended) >= wanted:
            over = [run for run in runs if run["state"] in ENDED]
            return sorted(over, key=lambda run: moment(run, "start_date"))
        time.sleep(2)
    raise AssertionError(f"no {wanted} runs by the clock: {rest.runs(name)}")


def moment(run: dict[str, Any], key: str) -> datetime:
    return datetime.fromisoformat(run[key])
