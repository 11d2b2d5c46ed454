"""kill -9 in the middle of a run under Airflow: it ends right, nothing doubled or stuck."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from f1mesh.airflow_local import components
from f1mesh.registry import load_mesh
from tests.airflow.flights import LIMIT_S, Reference, all_states, flight, seed_manifests
from tests.airflow.victims import VICTIMS
from tests.support.mesh import Mesh

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("airflow_python")]


@pytest.fixture(scope="module")
def reference(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Reference:
    return Reference.make(root, tmp_path_factory.mktemp("reference"))


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
