"""`./f1 warehouse start | status | sql | stop`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from f1mesh.cli.warehouse import app


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("F1_HOME", str(tmp_path))
    return CliRunner()


def test_from_start_to_stop(run: CliRunner) -> None:
    assert run.invoke(app, ["status"]).exit_code == 3
    nothing = run.invoke(app, ["sql", "select 1"])
    assert nothing.exit_code == 75
    assert "warehouse start" in nothing.output

    try:
        assert run.invoke(app, ["start"]).exit_code == 0
        first = json.loads(run.invoke(app, ["status", "--json"]).output)
        assert run.invoke(app, ["start"]).exit_code == 0
        assert json.loads(run.invoke(app, ["status", "--json"]).output) == first
        assert "token" not in first

        found = run.invoke(app, ["sql", "select 1 as a, 'é' as b", "--json"])
        assert json.loads(found.output) == [{"a": 1, "b": "é"}]
        assert "é" in run.invoke(app, ["sql", "select 'é' as b"]).output
        wrong = run.invoke(app, ["sql", "select * from nothing"])
        assert wrong.exit_code == 1
        assert "[TABLE_OR_VIEW_NOT_FOUND]" in wrong.output
        run.invoke(app, ["sql", "create table default.kept as select 5 as a"])
    finally:
        assert run.invoke(app, ["stop"]).exit_code == 0
    assert run.invoke(app, ["status"]).exit_code == 3

    try:
        run.invoke(app, ["start"])
        kept = run.invoke(app, ["sql", "select a from kept", "--json"])
        assert json.loads(kept.output) == [{"a": 5}]
    finally:
        run.invoke(app, ["stop"])


def test_the_server_does_not_start_without_a_token(tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "F1_WAREHOUSE_TOKEN"}
    done = subprocess.run(
        [sys.executable, "-m", "f1mesh.warehouse.server", "--folder", str(tmp_path), "--port", "1"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode != 0
    assert "F1_WAREHOUSE_TOKEN" in done.stderr
