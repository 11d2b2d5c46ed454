"""`f1 sync run` and `f1 sync status`, on a domain with a database and a warehouse of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from f1mesh.cli.sync import app
from tests.ingestion.lab import Database, Lab

DOMAIN = """
name: {name}
title: Demo
description: A domain of the tests.
owner: {{team: demo, email: demo@f1mesh.example}}
tier: 3
products: [nothing]
"""
SYNC = """
name: lab
description: The laps.
source: {type: postgres, connection: lab}
streams:
  - {name: laps, sync_mode: incremental, destination_mode: upsert, cursor: updated_at,
     primary_key: [lapId]}
"""


@pytest.fixture
def domain(laps: Database, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> str:
    folder = lab.workspace.domains / lab.name / "ingestion"
    folder.mkdir(parents=True)
    (folder.parent / "domain.yaml").write_text(DOMAIN.format(name=lab.name))
    (folder / "lab.yaml").write_text(SYNC)
    monkeypatch.setenv("F1_ROOT", str(lab.workspace.root))
    monkeypatch.setenv("F1_HOME", str(lab.workspace.home))
    monkeypatch.setenv("F1_DATASET", lab.workspace.dataset)
    monkeypatch.setenv("F1_SOURCE_LAB", laps.url)
    return lab.name


def test_run_and_status_as_json(domain: str) -> None:
    ran = CliRunner().invoke(app, ["run", domain, "--json"])
    again = CliRunner().invoke(app, ["run", domain, "lab", "--json"])
    status = CliRunner().invoke(app, ["status", "--json"])

    first, second = json.loads(ran.stdout)[0], json.loads(again.stdout)[0]
    assert first["streams"][0]["records_written"] == 3
    assert second["streams"][0]["records_read"] == 1
    told = json.loads(status.stdout)[0]
    assert (told["table"], told["rows"]) == (f"f1_local.{domain}_raw.laps", 3)
    assert told["cursor"] == second["streams"][0]["cursor_after"]


def test_a_full_refresh_is_a_new_generation(domain: str) -> None:
    CliRunner().invoke(app, ["run", domain])
    ran = CliRunner().invoke(app, ["run", domain, "--full-refresh", "--json"])

    assert json.loads(ran.stdout)[0]["streams"][0]["generation_id"] == 2


def test_people_get_tables(domain: str) -> None:
    ran = CliRunner().invoke(app, ["run", domain])
    status = CliRunner().invoke(app, ["status", domain])

    assert f"{domain}/lab" in ran.stdout
    assert f"{domain}_raw.laps" in status.stdout


def test_status_before_the_first_sync(domain: str) -> None:
    status = CliRunner().invoke(app, ["status", "--json"])

    assert json.loads(status.stdout)[0]["last_sync_at"] is None


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nobody"], "There is no domain 'nobody'"),
        (["{domain}", "x"], "no sync 'x'. Its syncs: lab"),
    ],
)
def test_an_unknown_name_is_refused(domain: str, arguments: list[str], told: str) -> None:
    ran = CliRunner().invoke(app, ["run", *(a.format(domain=domain) for a in arguments)])

    assert ran.exit_code == 1
    assert told in ran.stderr


def test_a_bad_sync_file_is_named(domain: str, lab: Lab) -> None:
    file: Path = lab.workspace.domains / domain / "ingestion" / "lab.yaml"
    file.write_text(SYNC.replace("cursor:", "curser:"))

    ran = CliRunner().invoke(app, ["run", domain])

    assert ran.exit_code == 1
    assert str(file) in ran.stderr
