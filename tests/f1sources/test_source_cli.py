"""`./f1 source`: one round through all its commands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner, Result

from f1mesh.cli.source import app

if TYPE_CHECKING:
    from tests.f1sources.conftest import ErgastFolder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    home = tmp_path / "home"
    monkeypatch.setenv("F1_HOME", str(home))
    monkeypatch.delenv("F1_POSTGRES_PORT", raising=False)
    yield home
    CliRunner().invoke(app, ["stop"])


def f1(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_load_look_correct_and_stop(home: Path, folder: ErgastFolder) -> None:
    loaded = f1("load", "--history", str(folder.path), "--json")
    assert loaded.exit_code == 0, loaded.output
    assert json.loads(loaded.stdout)["tables"]["results"]["inserted"] == 6
    assert (home / "active").read_text().strip() == "ergast"
    assert not any(json.loads(f1("status", "--json").stdout)["running"].values())

    assert f1("start").exit_code == 0
    status = json.loads(f1("status", "--json").stdout)
    assert status["running"] == {"ergast_postgres": True, "drivers_api": True}
    assert status["provenance"]["simulated"] == "false"
    assert status["rows"]["races"] == 3
    assert f1("url", "api").stdout.strip().endswith("/ergast/f1")

    changed = f1("sql", 'update results set points = 0 where "resultId" = 11', "--json")
    assert json.loads(changed.stdout) == {"changed": 1}
    rows = json.loads(f1("sql", "select sum(points) as points from results", "--json").stdout)
    assert rows == [{"points": 34}]

    assert "drivers_api, ergast_postgres" in f1("stop").stderr
    assert f1("url").exit_code == 75


def test_a_history_without_one_of_its_races_is_not_loaded(home: Path, folder: ErgastFolder) -> None:
    folder.replace("races.csv", "1950-05-13", "0000-00-00")

    refused = f1("load", "--history", str(folder.path), "--max-damage", "1")

    assert refused.exit_code == 1
    assert "races.csv, line 2, column date: not a date (YYYY-MM-DD)" in refused.stderr
    assert "with it would go 6 rows (driver_standings.csv: 3, results.csv: 3)" in refused.stderr
    (listed,) = home.glob("**/quarantine/*.jsonl")
    assert str(listed) in refused.stderr.replace("\n", "")
    assert f1("start").exit_code == 0
    assert json.loads(f1("status", "--json").stdout)["rows"] == {}

    folder.replace("races.csv", "0000-00-00", "1950-05-13")
    folder.replace("drivers.csv", "1906-10-30", "unknown")
    loaded = f1("load", "--history", str(folder.path), "--json")

    assert loaded.exit_code == 0, loaded.output
    report = json.loads(loaded.stdout)
    assert (report["emptied"], report["quarantined"]) == ({"drivers.csv": 1}, {})
    assert report["examples"][0]["value"] == "unknown"


def test_errors_are_told_without_a_traceback(home: Path) -> None:
    missing = f1("load", "--history", str(home / "nowhere"))
    assert missing.exit_code == 1
    assert missing.stderr.startswith("error: There is no ")

    wrong = f1("url", "kafka")
    assert (wrong.exit_code, wrong.stdout) == (1, "")
