"""kill -9 in the middle of a run under Airflow: it ends right, nothing doubled or stuck."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from f1mesh.airflow_local import components
from f1mesh.registry import load_mesh

from ..e2e.conftest import Mesh
from .flights import LIMIT_S, Flight, Reference, all_states, flight, seed_manifests

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("airflow_python")]


@pytest.fixture(scope="module")
def reference(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Reference:
    return Reference.make(root, tmp_path_factory.mktemp("reference"))


def kill_service(name: str) -> Callable[[Flight], None]:
    def kill(running: Flight) -> None:
        state = json.loads((running.mesh.workspace.run_dir / f"{name}.json").read_text())
        os.kill(state["pid"], signal.SIGKILL)

    return kill


def kill_task(running: Flight) -> None:
    """Kill the process of a task, below a worker of the scheduler, with whatever it started."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for process in components.processes(running.mesh.workspace):
            parent = process.parent()
            if parent and " ".join(parent.cmdline()).startswith(components.WORKER_TITLE):
                for each in (process, *process.children(recursive=True)):
                    each.kill()
                return
        time.sleep(0.05)
    raise AssertionError("no task was seen")


def kill_steps(running: Flight) -> None:
    """Kill the server from which steps are forked, and the steps."""
    for file in running.mesh.workspace.run_dir.glob("steps-*.json"):
        server = psutil.Process(json.loads(file.read_text())["pid"])
        for each in (server, *server.children(recursive=True)):
            each.kill()


VICTIMS = {
    "scheduler": kill_service("airflow_scheduler"),
    "dag processor": kill_service("airflow_processor"),
    "triggerer": kill_service("airflow_triggerer"),
    "api server": kill_service("airflow_api"),
    "warehouse": kill_service("warehouse"),
    "task": kill_task,
    "steps": kill_steps,
}


@pytest.mark.parametrize("victim", list(VICTIMS))
@pytest.mark.timeout(2 * LIMIT_S)
def test_after_a_kill_the_run_ends_as_if_nothing_had_happened(
    victim: str, reference: Reference, root: Path, manifests: Path, tmp_path: Path
) -> None:
    mesh = Mesh(root, tmp_path / "home")
    seed_manifests(reference, mesh, manifests)
    domains = list(load_mesh(root).domains)

    with flight(mesh, reference.history) as running:
        running.wait_for(f"✓ {domains[-1]} freshness")  # its dbt build comes now
        VICTIMS[victim](running)
        code = running.land()

    assert code == 0, "\n".join(running.lines)
    document = json.loads(running.output)
    assert [domain["state"] for domain in document["domains"]] == ["success"] * len(domains)
    assert all_states(document) == {"success"}
    assert list(components.processes(mesh.workspace)) == []
    reference.assert_same(mesh)
