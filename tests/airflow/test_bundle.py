"""The bundle: the same bytes each time, whole, and a bare Airflow elsewhere reads its DAGs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from f1mesh.airflow_local import environment
from f1mesh.airflow_local.bundle import Bundle, build, zipped
from f1mesh.errors import PermanentError
from f1mesh.registry import Mesh, load_mesh
from f1mesh.transformation.manifests import write_manifests
from f1mesh.workspace import Workspace

LIST_DAGS = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(sys.argv[1])
print(json.dumps({"dags": {d: len(dag.tasks) for d, dag in bag.dags.items()},
                  "errors": bag.import_errors}))
"""


@pytest.fixture(scope="module")
def workspace(root: Path) -> Workspace:
    found = Workspace(root=root, home=root / ".f1", dataset="test")
    if not environment.is_ready(found):
        pytest.skip("Airflow's environment is not made: ./f1 airflow install")
    return found


@pytest.fixture(scope="module")
def mesh(root: Path) -> Mesh:
    return load_mesh(root)


@pytest.fixture(scope="module")
def manifests(mesh: Mesh, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("manifests")
    write_manifests(mesh, folder, root)
    return folder


@pytest.fixture(scope="module")
def bundle(
    workspace: Workspace, mesh: Mesh, manifests: Path, tmp_path_factory: pytest.TempPathFactory
) -> Bundle:
    def copy(folder: Path) -> None:
        shutil.copytree(manifests, folder)

    return build(workspace, mesh, copy, tmp_path_factory.mktemp("scratch"))


@pytest.fixture
def elsewhere(bundle: Bundle, tmp_path: Path) -> Iterator[Path]:
    """The bundle as MWAA unpacks it: dags/ and plugins/ in Airflow's home, away from the
    checkout."""
    bundle.write(tmp_path / "airflow")
    with zipfile.ZipFile(tmp_path / "airflow" / "plugins.zip") as plugins:
        plugins.extractall(tmp_path / "airflow" / "plugins")
    yield tmp_path / "airflow"


@pytest.mark.e2e
def test_dbt_parses_to_the_same_manifest_again(mesh: Mesh, manifests: Path, tmp_path: Path) -> None:
    name = next(iter(mesh.domains))
    write_manifests(Mesh({name: mesh.domains[name]}), tmp_path, mesh.domains[name].path.parents[1])

    again = (tmp_path / name / "manifest.json").read_bytes()
    assert again == (manifests / name / "manifest.json").read_bytes()


@pytest.mark.e2e
@pytest.mark.long
def test_two_builds_under_different_hash_seeds_are_byte_for_byte_the_same(
    root: Path, tmp_path: Path
) -> None:
    built = []
    for seed in ("1", "2"):
        file = tmp_path / f"{seed}.zip"
        subprocess.run(
            [str(root / "f1"), "airflow", "bundle", str(file)],
            env={**os.environ, "F1_HOME": str(tmp_path / "home"), "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
        )
        built.append(file.read_bytes())

    assert len(built[0]) > 100_000
    assert built[0] == built[1]


def test_the_bundle_holds_what_mwaa_asks_for_and_nothing_of_this_machine(
    bundle: Bundle, mesh: Mesh, root: Path
) -> None:
    paths = set(bundle.files)

    assert {"startup.sh", "requirements.txt", "plugins.zip", "dags/mesh.py"} <= paths
    assert "dags/f1/platform/f1mesh/cli/step.py" in paths
    assert "dags/f1/platform/dbt/dbt_project.yml" in paths
    for name in mesh.domains:
        assert f"dags/f1/domains/{name}/domain.yaml" in paths
        assert f"dags/f1/domains/{name}/dbt/dbt_project.yml" in paths
        assert f"dags/f1/manifests/{name}/manifest.json" in paths
    assert not [path for path in paths if "/tests/" in path and "/dbt/" not in path]
    assert not [path for path in paths if path.endswith(".pyc") or "/target/" in path]
    assert [path for path, text in bundle.files.items() if str(root).encode() in text] == []


def test_the_same_content_gives_the_same_zip(bundle: Bundle, tmp_path: Path) -> None:
    backwards = dict(reversed(list(bundle.files.items())))
    assert zipped(backwards) == zipped(bundle.files)

    bundle.write(tmp_path / "bundle.zip")
    with zipfile.ZipFile(tmp_path / "bundle.zip") as archive:
        assert archive.namelist() == sorted(bundle.files)
        assert {entry.date_time[0] for entry in archive.infolist()} == {1980}


def test_a_folder_that_is_no_bundle_is_not_replaced(bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")

    with pytest.raises(PermanentError, match="holds something that is no bundle"):
        bundle.write(tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_a_bare_airflow_elsewhere_reads_every_dag(
    elsewhere: Path, workspace: Workspace, mesh: Mesh
) -> None:
    mwaa = f"""
        set -e
        python3() {{ return 1; }}  # what startup.sh would install is not needed to read DAGs
        . {elsewhere}/startup.sh
        exec {environment.python(workspace)} -c '{LIST_DAGS}' {elsewhere}/dags
    """
    done = subprocess.run(
        ["bash", "-c", mwaa],
        cwd=elsewhere,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(elsewhere),
            "AIRFLOW_HOME": str(elsewhere),
            "MWAA_AIRFLOW_COMPONENT": "webserver",
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])

    assert found["errors"] == {}
    assert set(mesh.domains) <= set(found["dags"])
    for name in mesh.domains:
        manifest = json.loads((elsewhere / f"dags/f1/manifests/{name}/manifest.json").read_text())
        models = [n for n in manifest["nodes"].values() if n["resource_type"] == "model"]
        assert found["dags"][name] > len(models) + len(mesh.domains[name].products)


@pytest.mark.long
def test_the_startup_script_makes_the_environment_of_steps_in_time(
    elsewhere: Path, mesh: Mesh
) -> None:
    mwaa = f"""
        set -e
        exit() {{ echo "exit is not available on MWAA" >&2; return 1; }}
        . {elsewhere}/startup.sh
        "$F1_MESH_PYTHON" -P -m f1mesh.cli.app step list --json
        "$F1_MESH_ENVIRONMENT/bin/dbt" --version >&2
    """
    python = Path(environment.find_python()).resolve().parent
    begin = time.monotonic()
    done = subprocess.run(
        ["bash", "-c", mwaa],
        cwd=elsewhere,
        env={
            **{k: v for k, v in os.environ.items() if not k.startswith(("F1_", "PYTHON"))},
            "PATH": f"{python}:{os.environ['PATH']}",
            "AIRFLOW_HOME": str(elsewhere),
            "MWAA_AIRFLOW_COMPONENT": "worker",
        },
        capture_output=True,
        text=True,
    )
    seconds = time.monotonic() - begin

    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    head, _, listed = done.stdout.partition("\n")
    assert "the mesh's environment is ready" in head
    assert seconds < 295  # MWAA's limit
    steps = {step["domain"] for step in json.loads(listed)}
    assert steps == set(mesh.domains)
