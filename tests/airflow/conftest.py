"""Airflow's own environment, and what it says of the DAG folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from f1mesh.registry import load_mesh
from f1mesh.transformation.manifests import write_manifests
from tests.airflow.flights import copy_checkout
from tests.support.mesh import Mesh

HERE = Path(__file__).parent
InAirflow = Callable[..., Any]


@pytest.fixture(scope="session")
def airflow_python(root: Path) -> Path:
    """Python of the environment that `./f1 up` makes for Airflow."""
    found = root / ".f1" / "envs" / "airflow" / "bin" / "python"
    if not found.exists():
        pytest.skip("no Airflow environment: `./f1 airflow install` makes it, or says why not")
    return found


@pytest.fixture(scope="session")
def manifests(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """dbt's manifests of the checkout's domains."""
    folder = tmp_path_factory.mktemp("manifests")
    write_manifests(load_mesh(root), folder, root)
    return folder


@pytest.fixture(scope="session")
def airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("airflow")


@pytest.fixture(scope="session")
def in_airflow(root: Path, airflow_python: Path, airflow_home: Path, manifests: Path) -> InAirflow:
    """Run a script of this folder in Airflow's Python: the JSON document of its last line."""

    def run(script: str, *arguments: str, **settings: str) -> Any:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(airflow_home),
            "AIRFLOW_HOME": str(airflow_home),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(root / "platform" / "airflow" / "plugins"),
            "PYTHONPATH": str(root / "platform"),
            "F1_ROOT": str(root),
            "F1_HOME": str(airflow_home / "f1home"),
            "F1_DATASET": "default",
            "F1_MESH_PYTHON": sys.executable,
            "F1_MANIFESTS": str(manifests),
            **settings,
        }
        done = subprocess.run(
            [str(airflow_python), str(HERE / script), *arguments],
            capture_output=True,
            text=True,
            env=environment,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
        return json.loads(done.stdout.splitlines()[-1])

    return run


@pytest.fixture(scope="session")
def dags(in_airflow: InAirflow) -> dict[str, Any]:
    """Every DAG of the checkout, as Airflow understands it."""
    found: dict[str, Any] = in_airflow("dump_dags.py")
    return found


@pytest.fixture(scope="session")
def third_domain() -> Callable[[Path], str]:
    """Writes a small domain into a checkout; gives its name."""
    from tests.airflow.third_domain import write_third_domain

    return write_third_domain


@pytest.fixture
def own_mesh(root: Path, tmp_path: Path) -> Iterator[Mesh]:
    """A mesh whose domains a test may change."""
    copy_checkout(root, tmp_path / "copy")
    made = Mesh(tmp_path / "copy", tmp_path / "home")
    yield made
    made.run("down")
