"""Commands that look at this machine and clean it, and how errors are told."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from f1mesh.cli.app import app
from f1mesh.orchestration.session import sole_run
from f1mesh.workspace import Workspace

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("F1_HOME", str(tmp_path / "home"))
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


@pytest.mark.parametrize(
    "command",
    [
        *("run", "answers", "sql", "products", "publish", "rollback", "status", "down", "clean"),
        *("doctor", "test", "lint", "bench", "contracts", "warehouse", "source", "sync"),
    ],
)
def test_every_command_has_help(run: Run, command: str) -> None:
    result = run(command, "--help")

    assert result.exit_code == 0
    assert "Usage" in result.stdout


def test_status_and_down_on_a_bare_machine(run: Run) -> None:
    assert json.loads(run("status", "--json").stdout) == []

    stopped = run("down")

    assert stopped.exit_code == 0
    assert "nothing was running" in stopped.stderr


def test_clean_asks_and_where_nobody_can_answer_refuses(run: Run, tmp_path: Path) -> None:
    data = tmp_path / "home" / "datasets" / "f1db" / "warehouse"
    data.mkdir(parents=True)

    refused = run("clean")

    assert refused.exit_code == 1
    assert "--yes" in refused.stderr
    assert data.exists()
    assert run("clean", "--yes").exit_code == 0
    assert not data.exists()


def test_clean_under_a_running_run_is_refused_and_touches_nothing(run: Run, tmp_path: Path) -> None:
    for name in ("a_resting", "worked_on"):
        (tmp_path / "home" / "datasets" / name / "warehouse").mkdir(parents=True)

    with sole_run(Workspace.locate("worked_on")):
        refused = run("clean", "--yes")

    assert refused.exit_code == 1
    assert "'worked_on'" in refused.stderr
    assert f"process {os.getpid()}" in refused.stderr
    left = tmp_path / "home" / "datasets"
    assert sorted(path.name for path in left.glob("*/warehouse/..")) == ["..", ".."]
    assert run("clean", "--yes").exit_code == 0
    assert not list((tmp_path / "home").iterdir())


def test_doctor_names_parts_with_their_state(run: Run) -> None:
    findings = json.loads(run("doctor", "--json").stdout)

    states = {finding["part"]: finding["state"] for finding in findings}
    assert states["dbt-databricks"] == "ok"
    assert states["warehouse"] == "ok"
    assert set(states.values()) <= {"ok", "missing", "absent"}


def test_history_that_does_not_exist_is_refused_with_what_can_be_named(run: Run) -> None:
    result = run("run", "--history", "no/such/file.zip")

    assert result.exit_code == 1
    assert "There is no 'no/such/file.zip'" in result.stderr
    assert "simulated" in result.stderr


def test_a_full_disk_is_told_as_such(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: Workspace) -> Workspace:
        raise OSError(errno.ENOSPC, "No space left on device", "file")

    monkeypatch.setattr(Workspace, "activate", full)

    result = run("run", "--history", "simulated")

    assert result.exit_code == 1
    assert "the disk is full (file)" in result.stderr


def test_questions_to_a_warehouse_that_has_nothing_name_the_remedy(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABRICKS_HOST", "example.org")

    result = run("sql", "select 1")

    assert result.exit_code == 1
    assert "DATABRICKS_HTTP_PATH is not" in result.stderr
