"""What people see: the graph of each domain's DAG and the mesh as Airflow's asset graph.

`F1_PICTURES=<folder>` keeps the pictures.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from f1mesh.airflow_local.installation import Installation
from f1mesh.airflow_local.rest import Rest
from f1mesh.registry import load_mesh
from tests.airflow.pictures import CHROMIUM, Camera, camera
from tests.support.histories import small_history
from tests.support.mesh import Mesh

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.usefixtures("airflow_python"),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium (Debian: apt install chromium)"),
]
PNG = b"\x89PNG"


@pytest.fixture(scope="module")
def mesh(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """The mesh under Airflow after one run, still up."""
    folder = tmp_path_factory.mktemp("pictures")
    history = str(small_history(folder / "history"))
    made = Mesh(root, folder / "home")
    try:
        made.run("up", "--history", history)
        made.run("up", "--once", "--history", history)
        yield made
    finally:
        made.run("down")


@pytest.fixture(scope="module")
def installation(mesh: Mesh) -> Installation:
    found = Installation.find(mesh.workspace)
    assert found
    return found


@pytest.fixture(scope="module")
def eye(installation: Installation, root: Path) -> Iterator[Camera]:
    groups = {
        name: ["ingest", "transform", "products", *(f"products.{p}" for p in domain.products)]
        for name, domain in load_mesh(root).domains.items()
    }
    with camera(installation, groups) as found:
        yield found


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    kept = os.environ.get("F1_PICTURES")
    folder = Path(kept) if kept else tmp_path_factory.mktemp("album")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def test_each_domains_dag_is_drawn_with_its_steps(
    eye: Camera, installation: Installation, mesh: Mesh, album: Path
) -> None:
    domains = load_mesh(mesh.root).domains
    assert domains

    for name, domain in domains.items():
        [run, *_] = Rest.of(installation).runs(name)
        path = f"/dags/{name}/runs/{quote(run['dag_run_id'])}"
        page = eye.page(path)
        eye.picture(path, album / f"{name}.png")

        assert domain.title in page
        assert page.count("react-flow__node") > 4 + 2 * len(domain.products)
        for product in domain.products:
            assert f"check contract of {product}" in page
        assert (album / f"{name}.png").read_bytes().startswith(PNG)


def test_the_asset_graph_shows_whose_runs_start_whom(
    eye: Camera, installation: Installation, mesh: Mesh, album: Path
) -> None:
    domains = load_mesh(mesh.root).domains
    [(consumer, ref), *_] = [(d, ref) for d in domains.values() for ref in d.inputs]
    assets = Rest.of(installation).get("/api/v2/assets", limit=100)["assets"]
    [asset] = [each for each in assets if each["uri"] == f"mesh://{ref.domain}/"]

    page = eye.page(f"/assets/{asset['id']}")
    eye.picture(f"/assets/{asset['id']}", album / "assets.png")

    assert page.count("react-flow__node") >= 3
    assert ref.domain in page
    assert domains[ref.domain].title in page
    assert consumer.title in page
    assert (album / "assets.png").read_bytes().startswith(PNG)
