"""A part that somebody needs is not stopped alone: who needs it is told."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from f1mesh.airflow_local import components
from f1mesh.cli.app import app
from f1mesh.orchestration.session import sole_run
from f1mesh.services import Service
from f1mesh.workspace import Workspace

PARTS = {"warehouse": ("warehouse",), "source": ("ergast_postgres", "drivers_api")}


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("F1_HOME", str(tmp_path))
    return Workspace.locate()


@contextmanager
def going(service: Service) -> Iterator[Service]:
    """A process in the place of a service."""
    service.start([sys.executable, "-c", "import time; time.sleep(600)"], {}, lambda: True)
    try:
        yield service
    finally:
        service.stop()


@contextmanager
def airflow(workspace: Workspace) -> Iterator[str]:
    with going(components.service(workspace, "scheduler")):
        yield "`./f1 down` stops everything"


@contextmanager
def keeper(workspace: Workspace) -> Iterator[str]:
    with going(components.service(workspace, components.KEEPER)):
        yield "`./f1 down` stops everything"


@contextmanager
def run(workspace: Workspace) -> Iterator[str]:
    with sole_run(workspace):
        yield "Another run (process"


@pytest.mark.parametrize("part", list(PARTS))
@pytest.mark.parametrize("need", [airflow, keeper, run])
def test_what_is_needed_is_not_stopped_and_the_reason_is_told(
    workspace: Workspace, part: str, need: object
) -> None:
    name = PARTS[part][0]
    with going(Service(name, workspace.run_dir, workspace.logs)) as service:
        with need(workspace) as reason:  # type: ignore[operator]
            refused = CliRunner().invoke(app, [part, "stop"])

            assert refused.exit_code == 1
            assert " ".join(reason.split()) in " ".join(refused.output.split())
            assert service.running()

        stopped = CliRunner().invoke(app, [part, "stop"])

        assert stopped.exit_code == 0
        assert not service.running()
