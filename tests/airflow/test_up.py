"""`f1 up`, `f1 up --once` and `f1 down` with a real Airflow."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import psutil
import pytest

from f1mesh.airflow_local import components
from f1mesh.registry import load_mesh
from f1mesh.services import listens
from tests.airflow.flights import (
    LIMIT_S,
    Reference,
    all_states,
    flight,
    listening,
    seed_manifests,
    service_pids,
)
from tests.support.mesh import Mesh
from tests.support.tables import dump

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("airflow_python")]


@pytest.fixture(scope="module")
def reference(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Reference:
    return Reference.make(root, tmp_path_factory.mktemp("reference"))


@pytest.fixture
def mesh(root: Path, reference: Reference, manifests: Path, tmp_path: Path) -> Iterator[Mesh]:
    made = Mesh(root, tmp_path / "home")
    seed_manifests(reference, made, manifests)
    yield made
    made.run("down")


def test_once_runs_every_domain_and_publishes_what_a_plain_run_does(
    mesh: Mesh, reference: Reference
) -> None:
    document = mesh.json("up", "--once", "--history", str(reference.history))

    assert document["ok"]
    assert [domain["state"] for domain in document["domains"]] == ["success"] * len(
        load_mesh(mesh.root).domains
    )
    assert all_states(document) == {"success"}
    assert document["answers"]["best_drivers"]
    assert all(not dataset["running"] for dataset in mesh.json("status"))
    assert list(components.processes(mesh.workspace)) == []
    reference.assert_same(mesh)


@pytest.mark.long
@pytest.mark.timeout(2 * LIMIT_S)
def test_once_on_a_genuine_release_publishes_what_a_plain_run_does(
    root: Path, f1db_zip: Path, tmp_path: Path
) -> None:
    plain = Mesh(root, tmp_path / "plain")
    under_airflow = Mesh(root, tmp_path / "airflow")

    expected = plain.json("run", "--history", str(f1db_zip))
    document = under_airflow.json("up", "--once", "--history", str(f1db_zip))

    assert document["ok"]
    assert all_states(document) == {"success"}
    for question, rows in expected["answers"].items():
        if question != "provenance":  # says when it was loaded
            assert document["answers"][question] == rows
    Reference(f1db_zip, plain, dump(plain)).assert_same(under_airflow)


def test_up_listens_here_only_asks_for_the_password_and_down_leaves_nothing(
    mesh: Mesh, reference: Reference
) -> None:
    told = mesh.json("up", "--history", str(reference.history))["airflow"]

    assert {told["health"][part] for part in ("scheduler", "dag_processor", "triggerer")} == {
        "healthy"
    }
    with pytest.raises(HTTPError, match="401"):
        urlopen(f"{told['url']}/api/v2/dags", timeout=10)
    ports = listening(mesh)
    assert len(ports) >= 4  # Airflow, the warehouse, the database, the registry
    assert {address for address, _ in ports} == {"127.0.0.1"}
    before = service_pids(mesh)

    again = mesh.json("up", "--history", str(reference.history))["airflow"]
    [state] = mesh.json("status")
    mesh.run("down")

    assert again == told
    assert len(before) >= 7
    assert state["airflow"]["url"] == told["url"]
    assert {"airflow_api", "airflow_scheduler", "warehouse"} <= set(state["running"])
    assert not [port for _, port in ports if listens(port)]
    assert not [pid for pid in before if psutil.pid_exists(pid)]
    assert list(components.processes(mesh.workspace)) == []


@pytest.mark.long
def test_after_a_killed_up_down_still_finds_everything(mesh: Mesh, reference: Reference) -> None:
    with flight(mesh, reference.history) as running:
        running.wait_for("✓")
        parents = list(components.processes(mesh.workspace))
        os.kill(running.process.pid, signal.SIGKILL)
        for name in ("airflow_scheduler", "airflow_triggerer"):  # their children are orphans now
            state = json.loads((mesh.workspace.run_dir / f"{name}.json").read_text())
            os.kill(state["pid"], signal.SIGKILL)
        ports = listening(mesh)

        mesh.run("down")

    assert len(parents) > 5
    assert list(components.processes(mesh.workspace)) == []
    assert not [port for _, port in ports if listens(port)]
    assert all(not dataset["running"] for dataset in mesh.json("status"))
