"""`./f1 step`: one command for each step, with codes and documents for programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from f1mesh.cli.app import app
from f1mesh.errors import PermanentError, TransientError
from f1mesh.orchestration import mesh_graph
from f1mesh.orchestration.execution import execute
from f1mesh.orchestration.order import Order
from f1mesh.orchestration.steps import StepRunner
from f1mesh.registry import load_mesh

FIRST = "drivers.freshness"


@pytest.fixture(autouse=True)
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("F1_HOME", str(tmp_path))


@pytest.fixture
def warehouse(monkeypatch: pytest.MonkeyPatch) -> None:
    """An address where no warehouse is, so that a step comes to its work."""
    monkeypatch.setenv("DATABRICKS_HOST", "127.0.0.1")
    monkeypatch.setenv("DATABRICKS_HTTP_PATH", "/none")
    monkeypatch.setenv("DATABRICKS_TOKEN", "none")


def test_the_list_has_every_step_of_the_graph(root: Path) -> None:
    listed = CliRunner().invoke(app, ["step", "list", "--json"])

    steps = {
        step["id"]: step["needs"] for plan in json.loads(listed.stdout) for step in plan["steps"]
    }
    assert steps == {step.id: sorted(step.needs) for step in mesh_graph(load_mesh(root))}


def test_an_unknown_step_fails_for_good_and_is_told_of_those_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = execute(Order("drivers.unheard_of", as_json=True))

    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert code == 1
    assert not said["ok"]
    assert FIRST in said["told"]


def test_a_warehouse_that_is_not_up_is_worth_another_try(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = execute(Order(FIRST, as_json=True, run_id="r1"))

    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert code == 75
    assert (said["retry"], said["run_id"]) == (True, "r1")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (PermanentError("the contract is broken"), 1),
        (TransientError("throttled"), 75),
        (ConnectionResetError("reset by peer"), 75),
        (ValueError("a bug"), 1),
        (KeyboardInterrupt(), 75),
    ],
)
def test_the_exit_code_says_whether_to_try_again(
    warehouse: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
) -> None:
    def fail(*_: object) -> None:
        print("chatter of a library")
        raise error

    monkeypatch.setattr(StepRunner, "__call__", fail)

    assert execute(Order(FIRST, as_json=True)) == code

    spoken = capsys.readouterr()
    assert len(spoken.out.splitlines()) == 1  # the document alone
    assert "chatter of a library" in spoken.err
    assert json.loads(spoken.out)["told"]
