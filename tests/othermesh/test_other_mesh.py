"""A mesh that is not about Formula 1: the library, the dbt package and the DAG file as they are,
with domains, a source system and a partition of its own. It runs, publishes, answers, and is
rendered by Airflow."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Template

from f1mesh.airflow_local import environment
from f1mesh.registry import load_mesh
from f1mesh.transformation.manifests import write_manifests
from f1mesh.workspace import Workspace
from tests.support.mesh import Mesh

HERE = Path(__file__).parent
SHARED = ("platform/f1mesh", "platform/dbt", "platform/airflow", "dags")

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def copy(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is shared, and beside it the other mesh; nothing else of this checkout."""
    made = tmp_path_factory.mktemp("bikes") / "checkout"
    for folder in SHARED:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(root / folder, made / folder, ignore=ignored)
    shutil.copytree(HERE / "mesh", made, dirs_exist_ok=True)
    launcher = made / "f1"
    launcher.write_text(
        f"#!/bin/sh\nexport F1_ROOT={shlex.quote(str(made))} "
        f"PYTHONPATH={shlex.quote(str(made / 'platform'))}\n"
        f'exec {shlex.quote(sys.executable)} -P -m f1mesh.cli.app "$@"\n'
    )
    launcher.chmod(0o755)
    return made


@pytest.fixture(scope="module")
def bikes(copy: Path) -> Iterator[tuple[Mesh, Any]]:
    """The other mesh after its first run, with its services still there."""
    mesh = Mesh(copy, copy.parent / "home")
    try:
        yield mesh, mesh.json("run", "--days", "2", "--keep")
    finally:
        mesh.run("down")


def test_it_runs_publishes_and_answers(bikes: tuple[Mesh, Any]) -> None:
    mesh, document = bikes

    assert document["ok"], document["failed"]
    assert {domain["domain"] for domain in document["domains"]} == {"stations", "rides"}
    assert document["answers"]["minutes_by_station"] == [
        {"station_name": "Castle", "rides": 4, "minutes": 48},
        {"station_name": "Harbour", "rides": 2, "minutes": 24},
    ]
    products = {row["product"]: row for row in mesh.json("products")}
    assert {name: row["rows"] for name, row in products.items()} == {
        "stations/dim_station": 2,
        "rides/fct_ride": 6,
    }
    assert (mesh.home / "active").read_text().strip() == "rides-2"


def test_its_source_system_is_the_one_that_it_declares_and_no_other(
    bikes: tuple[Mesh, Any],
) -> None:
    mesh, _ = bikes

    status = mesh.json("source", "status")

    assert status["running"] == {"rental_postgres": True}
    assert status["rows"] == {"rides": 6}
    assert "--days" in mesh.run("run", "--help")
    assert "--history" not in mesh.run("run", "--help")
    mesh.run("run", "--history", "simulated", code=2)


@pytest.mark.long
def test_one_day_is_computed_again_and_no_other(bikes: tuple[Mesh, Any]) -> None:
    mesh, _ = bikes
    spoil = "update rides_marts.fct_ride set minutes = -1"
    wrong = "select distinct ride_date from rides_marts.fct_ride where minutes < 0"

    mesh.run("sql", spoil)
    mesh.run("step", "run", "rides.transform", "--ride-date", "2024-03-01")
    left = mesh.json("sql", wrong)
    mesh.run("step", "run", "rides.transform", "--partition", "ride_date=2024-03-02")

    assert [row["ride_date"] for row in left] == ["2024-03-02"]
    assert mesh.json("sql", wrong) == []
    assert mesh.run("step", "run", "rides.transform", "--ride-date", "2023-12-31", code=1) == ""
    mesh.run("step", "run", "stations.transform", "--ride-date", "2024-03-01", code=1)


def test_airflow_renders_it(root: Path, copy: Path, tmp_path: Path) -> None:
    found = Workspace(root=root, home=root / ".f1", dataset="test")
    if not environment.is_ready(found):
        pytest.skip("Airflow's environment is not made: ./f1 airflow install")
    write_manifests(load_mesh(copy), tmp_path / "manifests", copy)

    done = subprocess.run(
        [str(environment.python(found)), str(HERE / "render.py"), str(copy / "dags")],
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "AIRFLOW_HOME": str(tmp_path),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(copy / "platform" / "airflow" / "plugins"),
            "PYTHONPATH": str(copy / "platform"),
            "F1_ROOT": str(copy),
            "F1_HOME": str(tmp_path / "home"),
            "F1_DATASET": "default",
            "F1_MESH_PYTHON": sys.executable,
            "F1_MANIFESTS": str(tmp_path / "manifests"),
        },
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    rendered = json.loads(done.stdout.splitlines()[-1])
    assert rendered["errors"] == {}
    assert {"stations", "rides", "rides_backfill"} <= rendered["dags"].keys()
    rides = rendered["dags"]["rides"]
    assert rides["params"] == ["full_refresh", "ride_date"]
    assert rides["schedule"] == "AssetTriggeredTimetable"
    assert {"ingest.rental", "transform.build", "products.fct_ride.publish"} <= set(rides["tasks"])
    part = Template(rides["options"]["transform.build"]["partition"])
    assert part.render(params={"ride_date": "2024-03-01"}) == "ride_date=2024-03-01"
    assert part.render(params={"ride_date": None}) == ""
    assert rendered["dags"]["stations"]["params"] == ["full_refresh"]
    assert rendered["dags"]["stations"]["options"]["transform.build"] == {}
    assert "ride_date" in rendered["dags"]["rides_backfill"]["tasks"]
    assert "2024-03-01 to 2024-03-02" in rendered["dags"]["rides_backfill"]["doc"]
